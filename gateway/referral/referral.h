/* Two-way referral as the other modules see it. Store thread, inside call's transaction. */
#ifndef GATEWAY_REFERRAL_REFERRAL_H
#define GATEWAY_REFERRAL_REFERRAL_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

extern const struct api_route referral_routes[];

/* The consultation's action `refer`: sends a referral of its patient. `body` either names a draft
 * that was made from this consultation, {referral: id}, or says everything itself {direction,
 * to_organisation, department, place?, urgency, reason_code, summary?, diagnosis?, done?,
 * treatment?, wishes?, consent}; what it leaves out is taken from the consultation. row is borrowed
 * and not changed. True: sent, out_referral_id is filled. False: the call has been answered. */
bool referral_open_for(struct api_call *call, const struct consult_row *row, const json_t *body,
                       char out_referral_id[33]);
/* The consultation has another requester: what `from` sent of it, or has drafted, and is not done
 * with is `to`'s from now on; a step and an audit row each. True, or answered. */
bool referral_change_sender(struct api_call *call, const char *consultation_id, const char *from,
                            const char *to, const char *reason_code);

#endif
