#include "gateway/document/document_routes.h"

#include "gateway/access.h"
#include "gateway/document/document.h"
#include "gateway/document/document_verify.h"

#define FILE_MAX 4194304 /* from anybody: ours have some 200 kB */

const struct api_route document_routes[] = {
    {ACCESS_ROUTE(opinion_document), API_BODY_NONE, 0, document_get, document_get_blob,
     API_BLOB_FILES, document_get_finish},
    {ACCESS_ROUTE(verify_code), API_BODY_JSON, 1024, document_verify_code, NULL, API_BLOB_FILES,
     NULL},
    {ACCESS_ROUTE(verify_document), API_BODY_OCTETS, FILE_MAX, document_verify_file,
     document_verify_file_blob, API_BLOB_FILES, document_verify_file_finish},
    {NULL, NULL, 0, API_BODY_NONE, 0, NULL, NULL, API_BLOB_FILES, NULL},
};
