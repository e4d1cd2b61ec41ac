/* GET /api/v1/openapi.json: proto/openapi.json as it was when this program was built (made into
 * openapi_data.c by embed_openapi.cmake). */
#ifndef GATEWAY_OPENAPI_H
#define GATEWAY_OPENAPI_H

#include "gateway/api.h"

extern const struct api_route openapi_routes[];

struct openapi_document {
    const unsigned char *text; /* JSON; len octets */
    size_t len;
    const char *etag; /* 32 hex digits of its SHA-256 */
};
extern const struct openapi_document openapi_document;

#endif
