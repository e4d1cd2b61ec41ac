/* What stands in field values: tokens, lists, cookies, quality values, media types (RFC 9110 §5.6,
 * §8.3, §12.4-12.5; RFC 6265 §4.2). Ranges and conditions: http_condition.h, which comes along.
 * Pure functions over borrowed spans, any thread, no allocation. */
#ifndef PROTO_HTTP_HTTP_FIELD_H
#define PROTO_HTTP_HTTP_FIELD_H

#include "proto/base/span.h"
#include "proto/base/status.h"
#include "proto/http/http_condition.h"

bool http_is_token(struct span text); /* RFC 9110 §5.6.2; not empty */
bool http_is_field_value(
    struct span text); /* no controls but HTAB, no white space at the ends (§5.5) */
struct span http_trim(struct span text); /* SP and HTAB off both ends */

/* Takes the next element off a comma list, trimmed; empty elements are passed over; commas in
 * quoted strings do not count (§5.6.1). False at the end. */
bool http_list_next(struct span *rest, struct span *out_item);

/* Value of a cookie in a Cookie field (RFC 6265 §4.2.1), quotes taken off. Names are
 * case-sensitive. STATUS_NONE: absent. STATUS_CONFLICT: twice with different values, so somebody
 * may have planted one. STATUS_MALFORMED: its value holds octets that no cookie may. Other cookies
 * may be anything. */
MUST_USE enum status http_cookie_find(struct span field, const char *name, struct span *out_value);

/* Weight in thousandths, 0 = not acceptable, of a content coding by Accept-Encoding (§12.5.3).
 * Malformed elements are passed over. "identity" is acceptable unless excluded. Absent field: the
 * caller sends identity. */
unsigned http_accept_encoding(struct span field, const char *coding);
/* Weight in thousandths of a media type "type/subtype" by Accept (§12.5.1); the most specific range
 * counts. */
unsigned http_accept(struct span field, const char *media_type);

/* Content-Type is this type, whatever its parameters (§8.3.1); false when malformed. */
bool http_media_type_is(struct span field, const char *media_type);
/* Value of a parameter (name without case), quotes taken off, escapes left; false when absent or
 * malformed. */
bool http_media_type_parameter(struct span field, const char *name, struct span *out_value);

#endif
