#include "gateway/imaging/imaging_api.h"

#include "gateway/imaging/attachment.h"
#include "gateway/imaging/upload.h"

/* Who runs the machine sees nothing of a patient, whatever else the account may be. */
#define PERSONS (ROLE_CLINICIAN | ROLE_SPECIALIST | ROLE_COORDINATOR)
#define LOOKERS (PERSONS | ROLE_REFERRALS) /* a referral shares what was done */
#define UPLOAD_JSON_MAX 4096

const struct api_route imaging_routes[] = {
    {"POST", "/api/v1/consultations/{id}/uploads", ROLE_CLINICIAN | ROLE_SPECIALIST, API_BODY_JSON,
     UPLOAD_JSON_MAX, upload_create, NULL, API_BLOB_FILES, NULL},
    {"GET", "/api/v1/uploads/{id}", PERSONS, API_BODY_NONE, 0, upload_get, NULL, API_BLOB_FILES,
     NULL},
    {"PUT", "/api/v1/uploads/{id}", ROLE_CLINICIAN | ROLE_SPECIALIST, API_BODY_OCTETS,
     UPLOAD_CHUNK_MAX, upload_put, upload_put_blob, API_BLOB_FILES, upload_put_finish},
    {"GET", "/api/v1/consultations/{id}/attachments", PERSONS, API_BODY_NONE, 0, attachment_list,
     NULL, API_BLOB_FILES, NULL},
    {"GET", "/api/v1/attachments/{id}/thumbnail", LOOKERS, API_BODY_NONE, 0, attachment_thumbnail,
     attachment_thumbnail_blob, API_BLOB_IMAGES, NULL},
    {"GET", "/api/v1/attachments/{id}/rendered", LOOKERS, API_BODY_NONE, 0, attachment_rendered,
     attachment_rendered_blob, API_BLOB_IMAGES, NULL},
    {"GET", "/api/v1/attachments/{id}/content", LOOKERS, API_BODY_NONE, 0, attachment_content, NULL,
     API_BLOB_FILES, NULL},
    {"DELETE", "/api/v1/attachments/{id}", ROLE_CLINICIAN, API_BODY_NONE, 0, attachment_remove,
     NULL, API_BLOB_FILES, NULL},
    {NULL, NULL, 0, API_BODY_NONE, 0, NULL, NULL, API_BLOB_FILES, NULL},
};
