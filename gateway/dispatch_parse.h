/* The pure part of dispatching: which route, which parameters, and strict JSON. No store, no
 * exchange; any thread. */
#ifndef GATEWAY_DISPATCH_PARSE_H
#define GATEWAY_DISPATCH_PARSE_H

#include "gateway/api.h"

#define DISPATCH_PATH_MAX 512    /* octets of a path or a query under /api/v1 */
#define DISPATCH_JSON_DEPTH 16   /* nesting of a JSON body; a consultation needs 4 */
#define DISPATCH_JSON_MAX 262144 /* octets of a JSON body, whatever the route says */

struct dispatch_match {
    const struct api_route *route; /* NULL: none */
    char allow[64];                /* methods of the path, "GET, HEAD, POST"; "" = no such path */
    char text[DISPATCH_PATH_MAX];  /* holds the parameters */
    const char *params[API_PARAMS_MAX];
};

/* Finds the route of a decoded path. HEAD is answered by the GET route. True when a route was
 * found; a path that is too long is found nowhere. tables: NULL ends. */
bool dispatch_find(const struct api_route *const *tables, const char *method, const char *path,
                   struct dispatch_match *out_match);
/* Splits and decodes a query string into pairs that point into buffer
 * (application/x-www-form-urlencoded). False: too long, bad escape, control character, no UTF-8, a
 * name given twice, more than API_QUERY_MAX pairs. */
bool dispatch_query(const char *raw, char *buffer, size_t buffer_len,
                    struct api_query_pair pairs[API_QUERY_MAX]);
/* RFC 8259, strict: an object, no duplicate members, depth at most DISPATCH_JSON_DEPTH, UTF-8
 * without U+0000, nothing after it. NULL = refused. New reference. */
json_t *dispatch_json(const void *text, size_t len);

#endif
