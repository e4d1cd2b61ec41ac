/* Paths and queries of a request target: percent-decoding and refusal of what could name a file
 * elsewhere (RFC 3986 §2.1, §3.3-3.4, §6.2; WHATWG URL application/x-www-form-urlencoded for
 * queries). Pure functions, any thread, no allocation. */
#ifndef PROTO_HTTP_HTTP_PATH_H
#define PROTO_HTTP_HTTP_PATH_H

#include "proto/base/span.h"
#include "proto/base/status.h"

/* Decodes a raw path into buffer, with a NUL. The result begins with '/', is valid UTF-8, and is
 * the only spelling of itself: STATUS_MALFORMED for a bad escape, %00 and other controls, %2F, %5C
 * or a raw backslash, invalid or overlong UTF-8, a segment "." or ".." in any spelling, and an
 * empty segment ("//"; one '/' at the end is kept). Browsers resolve dots before they send.
 * STATUS_TOO_LARGE when it does not fit. */
MUST_USE enum status http_path_decode(struct span raw, char *buffer, size_t buffer_len);

/* Takes the next name=value off *rest (raw); false when nothing is left. Without '=' the value is
 * empty; empty pairs ("&&") are passed over. */
bool http_query_next(struct span *rest, struct span *out_name, struct span *out_value);
/* Decodes a raw name or value ('+' is a space) into buffer, with a NUL. STATUS_MALFORMED: bad
 * escape, %00, invalid UTF-8. STATUS_TOO_LARGE: does not fit. */
MUST_USE enum status http_query_decode(struct span raw, char *buffer, size_t buffer_len);
/* Finds a parameter by its decoded name and decodes its value. STATUS_NONE: absent.
 * STATUS_CONFLICT: given twice. STATUS_MALFORMED, STATUS_TOO_LARGE as above. buffer is changed only
 * on STATUS_OK or these last two. */
MUST_USE enum status http_query_find(struct span query, const char *name, char *buffer,
                                     size_t buffer_len);

#endif
