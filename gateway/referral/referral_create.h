/* Making and changing a draft. Store thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_CREATE_H
#define GATEWAY_REFERRAL_REFERRAL_CREATE_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"
#include "gateway/referral/referral_row.h"

void referral_create(struct api_call *call); /* POST /referrals */
void referral_patch(struct api_call *call);  /* PATCH /referrals/{id} */
/* A draft of call->actor's from this consultation (NULL: of no one) is stored; *out_row is the
 * caller's to clear. True, or the call has been answered and nothing is to be cleared. */
bool referral_draft_from(struct api_call *call, const struct consult_row *consultation,
                         const json_t *body, struct referral_row *out_row);

#endif
