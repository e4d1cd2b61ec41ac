/* What stands in field values: tokens, lists, cookies, ranges, entity tags, quality values, media types (RFC 9110 §5.6, §8.3, §8.8.3,
 * §12.4-12.5, §13.1, §14; RFC 6265 §4.2). Pure functions over borrowed spans, any thread, no allocation. */
#ifndef PROTO_HTTP_HTTP_FIELD_H
#define PROTO_HTTP_HTTP_FIELD_H

#include "proto/base/span.h"
#include "proto/base/status.h"
#include "proto/base/writer.h"

bool http_is_token(struct span text);        /* RFC 9110 §5.6.2; not empty */
bool http_is_field_value(struct span text);  /* no controls but HTAB, no white space at the ends (§5.5) */
struct span http_trim(struct span text);     /* SP and HTAB off both ends */

/* Takes the next element off a comma list, trimmed; empty elements are passed over; commas in quoted strings do not
 * count (§5.6.1). False at the end. */
bool http_list_next(struct span *rest, struct span *out_item);

/* Value of a cookie in a Cookie field (RFC 6265 §4.2.1), quotes taken off. Names are case-sensitive. STATUS_NONE: absent. STATUS_CONFLICT: twice with
 * different values, so somebody may have planted one. STATUS_MALFORMED: its value holds octets that no cookie may. Other cookies may be anything. */
MUST_USE enum status http_cookie_find(struct span field, const char *name, struct span *out_value);

/* Range (§14.2) of a representation of `length` octets. */
struct http_range {
    uint64_t first, last; /* inclusive, last < length */
};
enum http_range_result {
    HTTP_RANGE_ALL,          /* answer 200 with everything: other unit, malformed, or several parts (which a server may ignore) */
    HTTP_RANGE_PART,         /* answer 206 with *out_range */
    HTTP_RANGE_UNSATISFIABLE /* answer 416 with Content-Range: bytes * /length; also a list of more than HTTP_RANGES_MAX */
};
#define HTTP_RANGES_MAX 4 /* RFC 9110 §17.15: many ranges are an attack */
enum http_range_result http_range_parse(struct span field, uint64_t length, struct http_range *out_range);
/* Value of Content-Range: "bytes 0-9/100"; range NULL writes "bytes * /100" without the space (416). */
void http_content_range_write(struct writer *w, const struct http_range *range, uint64_t length);

/* `"..."` or `W/"..."` (§8.8.3). */
bool http_is_etag(struct span text);
/* current: the entity tag with quotes, as sent; empty = there is no representation, which matches nothing, not even "*".
 * True: answer 304 to GET and HEAD, 412 to others (§13.1.2, weak comparison). */
bool http_if_none_match(struct span field, struct span current);
/* False: answer 412 (§13.1.1, strong comparison). */
bool http_if_match(struct span field, struct span current);
/* False: ignore Range (§13.1.5). last_modified_s: 0 = unknown, then dates never match. */
bool http_if_range(struct span field, struct span current, int64_t last_modified_s);

/* Weight in thousandths, 0 = not acceptable, of a content coding by Accept-Encoding (§12.5.3). Malformed elements are passed over. "identity" is
 * acceptable unless excluded. Absent field: the caller sends identity. */
unsigned http_accept_encoding(struct span field, const char *coding);
/* Weight in thousandths of a media type "type/subtype" by Accept (§12.5.1); the most specific range counts. */
unsigned http_accept(struct span field, const char *media_type);

/* Content-Type is this type, whatever its parameters (§8.3.1); false when malformed. */
bool http_media_type_is(struct span field, const char *media_type);
/* Value of a parameter (name without case), quotes taken off, escapes left; false when absent or malformed. */
bool http_media_type_parameter(struct span field, const char *name, struct span *out_value);

#endif
