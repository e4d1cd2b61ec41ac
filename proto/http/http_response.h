/* Response heads and chunks (RFC 9112 §4, §6, §7.1; RFC 9110 §6.6.1, §8.6, §15). The caller gives
 * the Date, since this layer has no clock. Writes into a struct writer; on overrun the writer has
 * failed and STATUS_FULL is returned. Allocates nothing. Any thread.
 *
 *     http_response_start(&w, &head);               status line, Date, Connection, framing
 *     http_response_field(&w, "Content-Type", SPAN_LITERAL("text/html"));
 *     http_response_end(&w);
 *     then content_length octets or chunks, if http_response_sends_body(&head) */
#ifndef PROTO_HTTP_HTTP_RESPONSE_H
#define PROTO_HTTP_HTTP_RESPONSE_H

#include "proto/base/writer.h"
#include "proto/http/http_request.h"

struct http_response_head {
    unsigned
        status; /* 200 ... 599; 101 is written by ws_handshake, 100 by http_response_continue() */
    enum http_method method; /* of the request */
    unsigned request_minor; /* of the request: to 1.0 nothing is sent chunked, the end of connection
                               ends the body */
    bool keep_alive;        /* false writes Connection: close */
    struct span date;       /* IMF-fixdate, see http_date.h */
    enum http_body_kind body; /* NONE writes Content-Length: 0 */
    uint64_t content_length;  /* of HTTP_BODY_LENGTH */
};

/* CHECKs that the status is 200 to 599 (a final one). */
MUST_USE enum status http_response_start(struct writer *w, const struct http_response_head *head);
/* STATUS_MALFORMED (nothing written): the name is no token, or the value holds CR, LF, NUL or
 * another control octet, or begins or ends with white space. STATUS_REFUSED (nothing written): a
 * field that http_response_start() owns (Date, Connection, Content-Length, Transfer-Encoding). */
MUST_USE enum status http_response_field(struct writer *w, const char *name, struct span value);
MUST_USE enum status http_response_end(struct writer *w);
/* Octets follow the head: not for HEAD, 204, 304. */
bool http_response_sends_body(const struct http_response_head *head);
/* The body goes in chunks: HTTP_BODY_CHUNKED, to an HTTP/1.1 peer, and http_response_sends_body().
 */
bool http_response_in_chunks(const struct http_response_head *head);
/* Must the connection be closed after this answer, whether wished or because only that ends the
 * body? */
bool http_response_closes(const struct http_response_head *head);
/* "HTTP/1.1 100 Continue" and the empty line. */
struct span http_response_continue(void);

/* Size line of a chunk of len > 0 octets; then the octets, then http_chunk_end(). */
MUST_USE enum status http_chunk_start(struct writer *w, uint64_t len);
MUST_USE enum status http_chunk_end(struct writer *w);
/* The last chunk and an empty trailer section. */
MUST_USE enum status http_chunk_last(struct writer *w);

/* "Not Found"; "" for a status without a registered phrase (RFC 9112 §4: the phrase may be empty).
 */
const char *http_status_phrase(unsigned status);

#endif
