/* What a complete request head means as a whole: Host, body framing, persistence, expectation (RFC
 * 9112 §3.2, §6, §9.3; RFC 9110 §5.3, §10.1.1). The second half of http_request.h, which calls it
 * at the empty line. Pure function, any thread. */
#ifndef PROTO_HTTP_HTTP_HEAD_H
#define PROTO_HTTP_HTTP_HEAD_H

#include "proto/http/http_request.h"

/* Reads method, minor, host and fields of *r; writes host (if empty), body, content_length,
 * keep_alive, expect_continue. */
enum http_reason http_head_decide(struct http_request *r);

#endif
