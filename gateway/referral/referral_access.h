/* Who may see a referral: who wrote it; the role referrals of the receiving institution and the
 * coordinators of both, once it is sent; who wrote the referral that it answers. Everybody else is
 * told that it does not exist (404), never 403. Store thread, inside call's transaction. */
#ifndef GATEWAY_REFERRAL_REFERRAL_ACCESS_H
#define GATEWAY_REFERRAL_REFERRAL_ACCESS_H

#include "gateway/api.h"
#include "gateway/referral/referral_row.h"

#define REFERRAL_WRITERS ((unsigned)(ROLE_CLINICIAN | ROLE_SPECIALIST | ROLE_REFERRALS))

/* Relation of call->actor: enum referral_actor bits, 0 = none. STATUS_IO. */
MUST_USE enum status referral_relation(struct api_call *call, const struct referral_row *row,
                                       unsigned *out_relation);
/* "sender", "receiver", "coordinator", "involved", "none". */
const char *referral_role_name(unsigned relation);
/* Loads it if call->actor has any relation to it. True: *row is the caller's to clear. False:
 * answered (404 referral.unknown, 503), nothing to clear. */
bool referral_load(struct api_call *call, const char *id, struct referral_row *out_row,
                   unsigned *out_relation);
/* 404; returns false. */
bool referral_unknown(struct api_call *call);
/* If-Match absent or the present version: true. Else 412 referral.stale. */
bool referral_if_match(struct api_call *call, const struct referral_row *row);
/* Notes in the audit trail that call->actor reads it; once in 15 minutes. True, or answered. */
bool referral_note_reading(struct api_call *call, const struct referral_row *row);
/* Is this attachment shared with call->actor's institution by a referral that it has received? For
 * attachment.c: the receiving department sees what was done, so that nothing is repeated. Never
 * after the patient has refused the sharing of images. */
MUST_USE enum status referral_shares_attachment(struct api_call *call, const char *consultation_id,
                                                const char *attachment_id, bool *out_shares);

#endif
