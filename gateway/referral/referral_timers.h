/* Timers of the states as rows (referral_timer), so that they survive a restart. How long: the
 * terms of the agreement (gateway/partnership/terms.h), else gateway/config. Store thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_TIMERS_H
#define GATEWAY_REFERRAL_REFERRAL_TIMERS_H

#include "gateway/api.h"
#include "gateway/referral/referral_row.h"

/* row->deadline_ms: when the present state is overdue; 0 = it has no timer. */
MUST_USE enum status referral_timers_deadline(struct api_call *call, struct referral_row *row);
/* The state was entered: the timers of the former one go, those of this one are set. */
MUST_USE enum status referral_timers_enter(struct api_call *call, const struct referral_row *row);
/* Nothing is waited for any more. */
MUST_USE enum status referral_timers_drop(struct api_call *call, const struct referral_row *row);
/* Carries out what is due, at most 64; reply {ran, next_due_ms}, as consult_timers_run(). */
void referral_timers_run(struct api_call *call);

#endif
