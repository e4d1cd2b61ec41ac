/* Ranges and conditional requests: Range, Content-Range, entity tags, If-Match, If-None-Match,
 * If-Range (RFC 9110 §8.8.3, §13.1, §14). Pure functions over borrowed spans, any thread, no
 * allocation. */
#ifndef PROTO_HTTP_HTTP_CONDITION_H
#define PROTO_HTTP_HTTP_CONDITION_H

#include "proto/base/span.h"
#include "proto/base/writer.h"

/* Range (§14.2) of a representation of `length` octets. */
struct http_range {
    uint64_t first, last; /* inclusive, last < length */
};
enum http_range_result {
    HTTP_RANGE_ALL,  /* answer 200 with everything: other unit, malformed, or several parts (which a
                        server may ignore) */
    HTTP_RANGE_PART, /* answer 206 with *out_range */
    HTTP_RANGE_UNSATISFIABLE /* answer 416 with Content-Range: bytes * /length; also a list of more
                                than HTTP_RANGES_MAX */
};
#define HTTP_RANGES_MAX 4 /* RFC 9110 §17.15: many ranges are an attack */
enum http_range_result http_range_parse(struct span field, uint64_t length,
                                        struct http_range *out_range);
/* Value of Content-Range: "bytes 0-9/100"; range NULL writes "bytes * /100" without the space
 * (416). */
void http_content_range_write(struct writer *w, const struct http_range *range, uint64_t length);

/* `"..."` or `W/"..."` (§8.8.3). */
bool http_is_etag(struct span text);
/* current: the entity tag with quotes, as sent; empty = there is no representation, which matches
 * nothing, not even "*". True: answer 304 to GET and HEAD, 412 to others (§13.1.2, weak
 * comparison). */
bool http_if_none_match(struct span field, struct span current);
/* False: answer 412 (§13.1.1, strong comparison). */
bool http_if_match(struct span field, struct span current);
/* False: ignore Range (§13.1.5). last_modified_s: 0 = unknown, then dates never match. */
bool http_if_range(struct span field, struct span current, int64_t last_modified_s);

#endif
