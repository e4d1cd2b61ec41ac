/* From an HTTP exchange under /api/v1 to a transaction script and back: app_request, app_body_limit, app_call (gateway/app.h),
 * and the pieces they are made of, which tests use alone.
 *
 * The way of a call:
 *   T0     route, method, body format, size          404, 405 + Allow, 415, 413, 400
 *   store  actor from the cookie, CSRF token, role, Idempotency-Key, then run() in a savepoint of the group commit
 *   pool   blob(), without SQL
 *   store  finish() in a savepoint of its own
 *   T0     after the commit: the reply, then the effects
 * A full queue at any of these answers 503 with Retry-After. Nobody is told anything before the commit is durable. */
#ifndef GATEWAY_DISPATCH_H
#define GATEWAY_DISPATCH_H

#include "gateway/app.h"

#define DISPATCH_PATH_MAX 512      /* octets of a path or query under /api/v1; longer: 414 */
#define DISPATCH_JSON_DEPTH 16     /* nesting of a JSON body; a consultation needs 4 */
#define DISPATCH_JSON_MAX 262144   /* octets of a JSON body, whatever the route says */

struct dispatch_match {
    const struct api_route *route;      /* NULL: none */
    char allow[64];                     /* when the path is known but not the method: "GET, POST" */
    char text[DISPATCH_PATH_MAX];       /* holds the parameters */
    const char *params[API_PARAMS_MAX];
};

/* Finds the route of a decoded path. HEAD is answered by the GET route. True when a route was found. */
bool dispatch_find(const struct api_route *const *tables, const char *method, const char *path,
                   struct dispatch_match *out_match);
/* Splits and decodes a query string into pairs that point into buffer. False: bad escape, a NUL, no UTF-8, too many pairs. */
bool dispatch_query(const char *raw, char *buffer, size_t buffer_len, struct api_query_pair pairs[API_QUERY_MAX]);
/* Strict JSON: an object, no duplicate members, depth at most DISPATCH_JSON_DEPTH, UTF-8, nothing after it. NULL = refused. */
json_t *dispatch_json(const void *text, size_t len);

#endif
