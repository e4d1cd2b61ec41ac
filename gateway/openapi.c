#include "gateway/openapi.h"

#include "gateway/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void get_document(struct api_call *call)
{
    call->bytes = malloc(openapi_document.len);
    if (call->bytes == NULL) {
        (void)api_store_failed(call, STATUS_NO_MEMORY);
        return;
    }
    memcpy(call->bytes, openapi_document.text, openapi_document.len);
    call->bytes_len = openapi_document.len;
    (void)snprintf(call->content_type, sizeof call->content_type, "application/json");
    (void)snprintf(call->etag, sizeof call->etag, "%s", openapi_document.etag);
    call->reusable = true;
}

const struct api_route openapi_routes[] = {
    {ACCESS_ROUTE(openapi), API_BODY_NONE, 0, get_document, NULL, API_BLOB_FILES, NULL},
    {.method = NULL},
};
