/* JSON over HTTP or HTTPS for the load generator: one request, one answer, blocking (libcurl,
 * jansson). Verifies no certificate: it talks to servers that the bench started. One thread. */
#ifndef TESTS_LOAD_REST_H
#define TESTS_LOAD_REST_H

#include <jansson.h>
#include <stdbool.h>

struct rest; /* one keep-alive client: a person, or a session */

/* base: "https://10.1.2.3:8443" or "http://..."; copied. NULL: no memory. */
struct rest *rest_create(const char *base);
void rest_destroy(struct rest *rest); /* NULL is fine */
/* Sent with each request from now on; NULL: none. Copied. */
void rest_set_csrf(struct rest *rest, const char *token); /* X-CSRF-Token, not with GET */
void rest_set_timeout_ms(struct rest *rest, long timeout_ms); /* default 30000 */
/* The value of a cookie that the server has set; NULL: none. Valid until the next call. */
const char *rest_cookie(struct rest *rest, const char *name);
/* body: borrowed; NULL: no body. The status (0: no answer). *out_answer: owned by the caller
 * (json_decref), NULL when there was no JSON; out_answer may be NULL. */
long rest_call(struct rest *rest, const char *method, const char *path, const json_t *body,
               json_t **out_answer);

#endif
