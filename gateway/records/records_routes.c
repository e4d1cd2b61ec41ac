#include "gateway/records/records_routes.h"

#include "gateway/access.h"
#include "gateway/records/audit_view.h"
#include "gateway/records/consent.h"
#include "gateway/records/diagnosis_code.h"
#include "gateway/records/opinion.h"
#include "gateway/records/recordings.h"

#define PERSONS (ROLE_CLINICIAN | ROLE_SPECIALIST | ROLE_COORDINATOR)
#define OPINION_BYTES_MAX 524288 /* ten members of 10,000 code points, escaped */

const struct api_route records_routes[] = {
    {"PUT", "/api/v1/consultations/{id}/consents/{scope}", ROLE_CLINICIAN | ROLE_SPECIALIST,
     API_BODY_JSON, 4096, consent_put, NULL, API_BLOB_FILES, NULL},
    {"PUT", "/api/v1/consultations/{id}/opinion", ROLE_SPECIALIST, API_BODY_JSON, OPINION_BYTES_MAX,
     opinion_put, NULL, API_BLOB_FILES, NULL},
    {"GET", "/api/v1/consultations/{id}/opinions", PERSONS, API_BODY_NONE, 0, opinion_list, NULL,
     API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(diagnosis_codes), API_BODY_NONE, 0, diagnosis_code_list, NULL, API_BLOB_FILES,
     NULL},
    {"GET", "/api/v1/consultations/{id}/audit", PERSONS, API_BODY_NONE, 0, audit_view, NULL,
     API_BLOB_FILES, NULL},
    {"GET", "/api/v1/consultations/{id}/recordings", PERSONS, API_BODY_NONE, 0, recordings_list,
     NULL, API_BLOB_FILES, NULL},
    {"GET", "/api/v1/recordings/{id}/content", PERSONS, API_BODY_NONE, 0, recordings_content, NULL,
     API_BLOB_FILES, NULL},
    {"GET", "/api/v1/recordings/{id}/poster", PERSONS, API_BODY_NONE, 0, recordings_poster,
     recordings_poster_blob, API_BLOB_FILES, NULL},
    {NULL, NULL, 0, API_BODY_NONE, 0, NULL, NULL, API_BLOB_FILES, NULL},
};
