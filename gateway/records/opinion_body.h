/* The structure of an opinion's body: texts, answers to the questions that were asked, coded
 * diagnoses, a critical value, key images (proto/signal/README.md, `opinion_body`). Tables in
 * opinion_body.c say what each member is. Store thread. */
#ifndef GATEWAY_RECORDS_OPINION_BODY_H
#define GATEWAY_RECORDS_OPINION_BODY_H

#include "gateway/api.h"

/* Members, kinds and lengths. True, or the call has been answered: 422 with the pointer. */
bool opinion_body_check(struct api_call *call, json_t *body);
/* What it names is there: codes in diagnosis_code (when any were imported), images among the
 * consultation's attachments, with that frame. True, or the call has been answered. */
bool opinion_body_refers(struct api_call *call, const char *consultation_id, const json_t *body);
/* Is there a word of findings, of a diagnosis, or of an answer? */
bool opinion_body_says_something(const json_t *body);

#endif
