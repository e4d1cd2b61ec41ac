/* The opinion: a draft that its author alone overwrites, then a signed version that nobody may; a
 * later change is the next version, and so is what another consultant saves. Signed
 * (opinion_sign.h) is the canonical JSON of the whole record (opinion_record.h), by the specialist
 * and by the institution. Store thread. */
#ifndef GATEWAY_RECORDS_OPINION_H
#define GATEWAY_RECORDS_OPINION_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"
#include "gateway/records/opinion_sign.h"

/* Is a draft saved that says something (findings, a diagnosis or an answer), and is it the present
 * consultant's own? */
MUST_USE enum status opinion_draft_ready(struct db *db, const struct consult_row *row,
                                         bool *out_ready, bool *out_own);
/* Opens version n+1 as a draft with the text of version n. */
bool opinion_amend(struct api_call *call, const struct consult_row *row, const char *reason);
/* The latest version: drafts only when with_draft. NULL in *out_opinion: none. Object as in
 * proto/signal/README.md. */
MUST_USE enum status opinion_latest(struct db *db, const char *consultation_id, bool with_draft,
                                    json_t **out_opinion);

/* PUT /consultations/{id}/opinion, GET /consultations/{id}/opinions */
void opinion_put(struct api_call *call);
void opinion_list(struct api_call *call);

#endif
