/* Body framing of a request: Content-Length and chunked (RFC 9112 §6.3, §7.1). Sans-I/O, no buffer
 * of its own: gives spans into the input. Chunk extensions and trailers are checked, bounded and
 * dropped. Allocates nothing. One thread a body.
 *
 *     http_body_init(&body, request.body, request.content_length, limit);
 *     do {
 *         status = http_body_feed(&body, input, &used, &data);
 *         ... use data (may be empty); input = rest from `used` on
 *     } while (status == STATUS_NEED_MORE && input.len > 0);
 * STATUS_OK: the body is complete; what is left of the input is the next request. */
#ifndef PROTO_HTTP_HTTP_BODY_H
#define PROTO_HTTP_HTTP_BODY_H

#include "proto/base/span.h"
#include "proto/base/status.h"
#include "proto/http/http_reason.h"

#define HTTP_CHUNK_DIGITS_MAX 16 /* 64 bits, RFC 9112 §7.1 asks for care with large ones */
#define HTTP_CHUNK_EXTENSIONS_MAX                                                                  \
    4096 /* octets in one body: nobody uses them but attackers (RFC 9112 §7.1.1) */
#define HTTP_TRAILERS_MAX 4096 /* octets in one body */

enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED };

struct http_body {
    enum http_reason reason; /* valid after a refusal, else NONE */
    uint64_t total;          /* octets of content given so far */
    /* private from here */
    uint64_t limit;
    uint64_t left;               /* of the body or of the chunk */
    size_t extensions, trailers; /* octets seen */
    unsigned digits;
    int state;
};

/* limit: largest content in octets. A Content-Length above it is refused by the first feed, also of
 * an empty span, before any octet is taken: call feed with an empty span at once, so that 413 can
 * be answered instead of 100. */
void http_body_init(struct http_body *b, enum http_body_kind kind, uint64_t content_length,
                    uint64_t limit);
/* Takes *out_used octets and gives at most one run of content. STATUS_OK: complete.
 * STATUS_NEED_MORE: call again with what is left, or with more. STATUS_MALFORMED, _TOO_LARGE: see
 * b->reason, now and on every further call. The outputs are always written. */
MUST_USE enum status http_body_feed(struct http_body *b, struct span input, size_t *out_used,
                                    struct span *out_data);
bool http_body_complete(const struct http_body *b);

#endif
