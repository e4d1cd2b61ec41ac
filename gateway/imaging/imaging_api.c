#include "gateway/imaging/imaging_api.h"

#include "gateway/access.h"
#include "gateway/imaging/attachment.h"
#include "gateway/imaging/upload.h"

#define UPLOAD_JSON_MAX 4096

const struct api_route imaging_routes[] = {
    {ACCESS_ROUTE(upload_new), API_BODY_JSON, UPLOAD_JSON_MAX, upload_create, NULL, API_BLOB_FILES,
     NULL},
    {ACCESS_ROUTE(upload_get), API_BODY_NONE, 0, upload_get, NULL, API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(upload_put), API_BODY_OCTETS, UPLOAD_CHUNK_MAX, upload_put, upload_put_blob,
     API_BLOB_FILES, upload_put_finish},
    {ACCESS_ROUTE(attachment_list), API_BODY_NONE, 0, attachment_list, NULL, API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(attachment_thumbnail), API_BODY_NONE, 0, attachment_thumbnail,
     attachment_thumbnail_blob, API_BLOB_IMAGES, NULL},
    {ACCESS_ROUTE(attachment_rendered), API_BODY_NONE, 0, attachment_rendered,
     attachment_rendered_blob, API_BLOB_IMAGES, NULL},
    {ACCESS_ROUTE(attachment_content), API_BODY_NONE, 0, attachment_content, NULL, API_BLOB_FILES,
     NULL},
    {ACCESS_ROUTE(attachment_remove), API_BODY_NONE, 0, attachment_remove, NULL, API_BLOB_FILES,
     NULL},
    {NULL, NULL, 0, API_BODY_NONE, 0, NULL, NULL, API_BLOB_FILES, NULL},
};
