/* The question to the rule engine as a query asks it: specialty, kind, urgency, act. Store thread.
 */
#ifndef GATEWAY_PARTNERSHIP_PARTNERSHIP_QUESTION_H
#define GATEWAY_PARTNERSHIP_PARTNERSHIP_QUESTION_H

#include "gateway/api.h"
#include "gateway/partnership/rules.h"

/* Value of the query parameter, or `otherwise` when it is absent or empty. */
const char *partnership_query(const struct api_call *call, const char *name, const char *otherwise);
/* Fills specialty, kind, stat and act; true, or answered with 422. Texts are borrowed from the
 * call. Requester, consultant and date are the caller's. */
bool partnership_question(struct api_call *call, struct rules_question *question);

#endif
