/* Request head of HTTP/1.1 and 1.0: RFC 9112 §2-3, §5-6, §9; RFC 9110 §4-7. Strict: whatever RFC
 * 9112 lets a server refuse is refused.
 *
 * Fed with octets as they come, cut anywhere; they are copied into the caller's buffer, whose
 * length is the limit of the head. The result depends on the octets only, never on how they were
 * cut. Allocates nothing. One thread a parser.
 *
 *     http_request_init(&parser, buffer, sizeof(buffer));
 *     switch (http_request_feed(&parser, input, &used)) {
 *     case STATUS_NEED_MORE: all was taken, wait for more
 *     case STATUS_OK:        parser.request is the head; input from `used` on is the body or the
 * next request default:               answer http_reason_http_status(parser.reason) and close
 *     } */
#ifndef PROTO_HTTP_HTTP_REQUEST_H
#define PROTO_HTTP_HTTP_REQUEST_H

#include "proto/base/span.h"
#include "proto/base/status.h"
#include "proto/http/http_body.h"
#include "proto/http/http_reason.h"

#define HTTP_FIELDS_MAX                                                                            \
    64 /* browsers send about 20; each costs 32 octets in struct http_request                      \
        */
#define HTTP_METHOD_LEN_MAX 32   /* the longest registered method (UPDATEREDIRECTREF) has 17 */
#define HTTP_TARGET_LEN_MAX 8000 /* RFC 9112 §3: lines of 8000 octets SHOULD be supported */
#define HTTP_HEAD_LEN_MIN 256    /* smallest useful buffer */
#define HTTP_HEAD_LEN_USUAL                                                                        \
    16384 /* what the gateway gives: nginx's 4 x 8k is more than any browser needs */
#define HTTP_CONTENT_LENGTH_MAX                                                                    \
    (((uint64_t)1 << 53) - 1) /* what JavaScript and JSON can name exactly */

enum http_method {
    HTTP_METHOD_OTHER, /* a token that is none of these: the caller answers 501 */
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_TRACE
};

struct http_field {
    struct span name;  /* as sent; compare with span_equal_nocase */
    struct span value; /* without white space around it; may hold obs-text (octets >= 0x80), never
                          controls but HTAB */
};

/* All spans point into the parser's buffer (path: perhaps to constant storage) and live until
 * http_request_init() is called again. Behind each field value lies one octet of the buffer that
 * belongs to no span, so that the buffer's owner may put a NUL there. */
struct http_request {
    enum http_method method;
    struct span method_text;
    struct span target; /* as sent */
    struct span path;   /* raw (not decoded), begins with '/'; "*" for OPTIONS * */
    struct span query;  /* raw, without '?'; empty when absent */
    struct span
        host; /* host[:port] of the target in absolute form, else of Host; empty only in HTTP/1.0 */
    unsigned minor; /* HTTP/1.minor: 0 or 1 */
    size_t field_count;
    struct http_field fields[HTTP_FIELDS_MAX];
    enum http_body_kind body;
    uint64_t content_length; /* of HTTP_BODY_LENGTH, else 0 */
    bool keep_alive; /* the peer wants the connection to stay open after the answer (RFC 9112 §9.3)
                      */
    bool expect_continue; /* the peer waits for 100 before it sends the body (RFC 9110 §10.1.1) */
};

struct http_request_parser {
    struct http_request request; /* valid after STATUS_OK */
    enum http_reason reason;     /* valid after a refusal, else NONE */
    /* private from here */
    uint8_t *buffer;
    size_t buffer_len;
    size_t at;         /* octets in the buffer */
    size_t line_start; /* first octet of the line being read */
    size_t method_len; /* 0 until the space behind the method came */
    unsigned empty_lines;
    enum { HTTP_HEAD_REQUEST_LINE, HTTP_HEAD_FIELDS, HTTP_HEAD_DONE, HTTP_HEAD_FAILED } state;
    bool after_cr;
};

/* Borrows the buffer (at least HTTP_HEAD_LEN_MIN octets) until the parser is dropped. Also begins
 * the next request. */
void http_request_init(struct http_request_parser *p, uint8_t *buffer, size_t buffer_len);
/* True until the first octet of a request has come: an idle connection may be closed without an
 * answer. */
bool http_request_idle(const struct http_request_parser *p);
/* STATUS_NEED_MORE: all of input taken. STATUS_OK: *out_used octets taken, the head is complete
 * (call once). STATUS_MALFORMED, _UNSUPPORTED, _TOO_LARGE: see p->reason, and so on every further
 * call. *out_used is always written. */
MUST_USE enum status http_request_feed(struct http_request_parser *p, struct span input,
                                       size_t *out_used);

/* Value of the first field of that name (case ignored); false when there is none. */
bool http_request_field(const struct http_request *r, const char *name, struct span *out_value);
/* The next field of that name from *index on, which is moved behind it; start with 0. */
bool http_request_field_next(const struct http_request *r, const char *name, size_t *index,
                             struct span *out_value);
size_t http_request_field_count(const struct http_request *r, const char *name);
/* Whether a list field (Connection, Upgrade ...), over all its lines, holds this token; case
 * ignored. */
bool http_request_has_token(const struct http_request *r, const char *name, const char *token);

#endif
