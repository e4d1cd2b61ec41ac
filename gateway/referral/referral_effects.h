/* What others learn of a referral: the notice referral.changed and the counters, as effects of the
 * call (delivered after the commit). Store thread. Out of memory only loses the notice. */
#ifndef GATEWAY_REFERRAL_REFERRAL_EFFECTS_H
#define GATEWAY_REFERRAL_REFERRAL_EFFECTS_H

#include "gateway/api.h"
#include "gateway/referral/referral_row.h"

/* To the sender, the receiving department, the coordinators of both institutions and whoever wrote
 * the referral that this one answers; a draft: to the sender. notice: NULL, or the name of the
 * timer that is due. */
MUST_USE enum status referral_effect_changed(struct api_call *call, const struct referral_row *row,
                                             const char *notice);
/* consult_referrals_total by direction and the state that was entered. */
void referral_effect_count(struct api_call *call, const struct referral_row *row);

#endif
