/* Whom requester and consultant may call on stage now, and who may be asked for an opinion:
 * clinicians and specialists of their two institutions, and specialists on duty at institutions
 * that the rule engine lets the requester's institution ask in one of their specialties. Never the
 * two themselves. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_INVITEES_H
#define GATEWAY_CONSULT_CONSULT_INVITEES_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

#define CONSULT_INVITEES_MAX 100 /* in one answer; `search` narrows it */

/* GET /consultations/{id}/invitees?as=guest&search=; as=observer: consult_learners.h */
void consult_invitees(struct api_call *call);
/* GET /consultations/{id}/people?for=&search=: whom `enlist` or `take-over` may name. */
void consult_people(struct api_call *call);
/* {account, name_zh, ..., specialties, on_duty}, new reference. */
json_t *consult_invitee_json(struct db *db, const char *account_id, const char *practitioner_id,
                             bool on_duty);
/* One account; one that is a guest already may be asked again. */
MUST_USE enum status consult_invitable(struct api_call *call, const struct consult_row *row,
                                       const char *account_id, bool *out_may);

#endif
