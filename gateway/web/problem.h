/* problem+json (RFC 9457) in both languages without a JSON library, for answers that have no store
 * behind them. Pure functions. */
#ifndef GATEWAY_WEB_PROBLEM_H
#define GATEWAY_WEB_PROBLEM_H

#include "proto/base/span.h"
#include "proto/base/writer.h"

struct web_problem {
    int status;
    const char *code; /* "request.malformed" */
    const char *zh, *en;
};

/* The usual one for a status: never NULL. */
const struct web_problem *web_problem_of(int status);
/* accept_language: field value, may be NULL: Chinese when it comes first. */
void web_problem_write(struct writer *w, const struct web_problem *problem,
                       const char *accept_language);

#endif
