/* Incremental UTF-8 check (RFC 3629 §3-4: no overlong forms, no surrogates, nothing above
 * U+10FFFF). Fails at the first octet that cannot be part of valid text. Plain value, one thread
 * each. */
#ifndef PROTO_HTTP_HTTP_UTF8_H
#define PROTO_HTTP_HTTP_UTF8_H

#include "proto/base/span.h"

/* Zero-initialised = at the start of a text. */
struct http_utf8 {
    uint8_t pending;   /* continuation octets still due */
    uint8_t low, high; /* range of the next one when pending > 0 */
    bool failed;
};

/* False once the text cannot be valid any more. */
bool http_utf8_feed(struct http_utf8 *u, struct span text);
/* No failure and no character cut off. */
bool http_utf8_done(const struct http_utf8 *u);
/* The whole text at once. */
bool http_utf8_valid(struct span text);

#endif
