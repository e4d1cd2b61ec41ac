/* The body of an error answer: RFC 9457 problem details with a machine code and the sentence in
 * both languages (proto/signal/README.md, "REST in general"). Any thread. */
#ifndef GATEWAY_PROBLEM_H
#define GATEWAY_PROBLEM_H

#include <jansson.h>

#define PROBLEM_MEDIA_TYPE "application/problem+json"

/* New reference, NULL when out of memory. field: JSON pointer of what is wrong, or NULL. language:
 * "en" gives the English sentence as `detail`, anything else the Chinese one. */
json_t *problem_json(int status, const char *code, const char *zh, const char *en,
                     const char *field, const char *language);

#endif
