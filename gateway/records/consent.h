/* Consents as enforced objects: each answer is a row, the last one of scope and party counts, a
 * withdrawal acts at once. Scopes: consultation, imaging, recording, teaching; parties: patient
 * (recorded by the requester), consultant (the own one). Store thread. */
#ifndef GATEWAY_RECORDS_CONSENT_H
#define GATEWAY_RECORDS_CONSENT_H

#include "gateway/api.h"

enum consent_answer { CONSENT_NONE, CONSENT_GIVEN, CONSENT_REFUSED }; /* refused or withdrawn */

/* recorded_by: only answers of this account count (the consultant's own); NULL: anybody's. */
MUST_USE enum status consent_answer(struct db *db, const char *consultation_id, const char *scope,
                                    const char *party, const char *recorded_by,
                                    enum consent_answer *out_answer);
/* The answers that count: [{scope, party, given, at_ms, who, text_version}]; consultant_id: whose
 * `consultant` ones (NULL: none). */
MUST_USE enum status consent_list(struct db *db, const char *consultation_id,
                                  const char *consultant_id, json_t **out_list);
/* PUT /consultations/{id}/consents/{scope} */
void consent_put(struct api_call *call);

#endif
