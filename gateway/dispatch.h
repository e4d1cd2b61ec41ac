/* From an HTTP exchange under /api/v1 to a transaction script and back: app_request, app_body_limit
 * and app_call (gateway/app.h) are implemented here, on T0. The pure parts are in dispatch_parse.h,
 * the store's side in dispatch_call.h.
 *
 * The way of a call:
 *   T0     route, method, body format, size          404, 405 + Allow, 413, 414, 415, 400
 *   store  actor from the cookie, CSRF token, role, Idempotency-Key, then run() in a savepoint of
 * the group commit pool   blob(), without SQL store  finish() in a savepoint of its own T0 after
 * the commit: effects, then the reply A full queue at any of these answers 503 with Retry-After.
 * Nobody is told anything before the commit is durable. */
#ifndef GATEWAY_DISPATCH_H
#define GATEWAY_DISPATCH_H

#include "gateway/app.h"

#define DISPATCH_PREFIX "/api/v1/"

/* All tables of routes; NULL ends. */
const struct api_route *const *dispatch_tables(void);

/* For db_batch_observe() with the metrics as context: consult_store_commit_seconds. Store thread.
 */
void dispatch_commit_observed(void *metrics, int64_t duration_us, unsigned jobs,
                              enum status status);

#endif
