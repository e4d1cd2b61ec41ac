/* Grammar of the request target and of Host (RFC 9112 §3.2, RFC 3986 §3). Pure functions over
 * borrowed spans, any thread. */
#ifndef PROTO_HTTP_HTTP_TARGET_H
#define PROTO_HTTP_HTTP_TARGET_H

#include "proto/base/span.h"
#include "proto/http/http_request.h"

#define HTTP_HOST_LEN_MAX 262 /* a DNS name of 255, a colon, a port of 5, and one to spare */

struct http_target {
    struct span path;  /* raw; "*" only for OPTIONS; points to constant storage where the absolute
                          form has none */
    struct span query; /* raw, without '?' */
    struct span authority; /* of the absolute form, else empty */
};

/* Origin form; "*" for OPTIONS; absolute form of http and https without userinfo. Every octet must
 * be one that RFC 3986 allows there, every '%' be followed by two hexadecimal digits. False leaves
 * *out_target alone. */
bool http_target_parse(enum http_method method, struct span target, struct http_target *out_target);
/* uri-host [":" port], not empty: name, IPv4, or IPv6 in brackets; port at most 65535 (RFC 9110
 * §7.2). */
bool http_is_host(struct span text);

#endif
