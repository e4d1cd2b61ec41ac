/* What is written in a referral: which members there are, how long they may be, which are needed to
 * send it. A wrong one is answered with 422 and a JSON pointer. Store thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_FIELDS_H
#define GATEWAY_REFERRAL_REFERRAL_FIELDS_H

#include "gateway/api.h"
#include "gateway/referral/referral_row.h"

#define REFERRAL_DONE_MAX 100u

/* Members direction, urgency, to_organisation, department, place, patient, and those of the body
 * (reason_code, summary, diagnosis, diagnosis_codes, treatment, wishes, done, consent) onto *row:
 * absent ones stay, null removes. `body` is borrowed. True, or the call has been answered. */
bool referral_fields_merge(struct api_call *call, struct referral_row *row, const json_t *body);
/* Everything that sending needs. True, or answered: 422 field.required. */
bool referral_fields_complete(struct api_call *call, const struct referral_row *row);
/* The patient agrees to being referred and to the sharing of the record. True, or answered. */
bool referral_fields_consented(struct api_call *call, const struct referral_row *row);
/* Members of the return message: outcome, diagnosis, treatment, medication, advice, follow_up. New
 * reference; NULL: answered. */
json_t *referral_fields_answer(struct api_call *call, const json_t *body);
/* SHA-256 over the identity: number of the document, or name and date of birth. STATUS_NO_MEMORY.
 */
MUST_USE enum status referral_patient_key(const json_t *patient, char out_key[65]);
/* 422 field.invalid with the pointer "PREFIX/NAME". Returns false. */
bool referral_field_wrong(struct api_call *call, const char *prefix, const char *name,
                          const char *zh, const char *en);

#endif
