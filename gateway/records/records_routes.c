#include "gateway/records/records_routes.h"

#include "gateway/access.h"
#include "gateway/records/audit_view.h"
#include "gateway/records/consent.h"
#include "gateway/records/diagnosis_code.h"
#include "gateway/records/opinion.h"
#include "gateway/records/recordings.h"

#define OPINION_BYTES_MAX 524288 /* ten members of 10,000 code points, escaped */

const struct api_route records_routes[] = {
    {ACCESS_ROUTE(consent_put), API_BODY_JSON, 4096, consent_put, NULL, API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(opinion_save), API_BODY_JSON, OPINION_BYTES_MAX, opinion_put, NULL,
     API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(diagnosis_codes), API_BODY_NONE, 0, diagnosis_code_list, NULL, API_BLOB_FILES,
     NULL},
    {ACCESS_ROUTE(opinion_list), API_BODY_NONE, 0, opinion_list, NULL, API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(audit_list), API_BODY_NONE, 0, audit_view, NULL, API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(recording_list), API_BODY_NONE, 0, recordings_list, NULL, API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(recording_content), API_BODY_NONE, 0, recordings_content, NULL, API_BLOB_FILES,
     NULL},
    {ACCESS_ROUTE(recording_poster), API_BODY_NONE, 0, recordings_poster, recordings_poster_blob,
     API_BLOB_FILES, NULL},
    {NULL, NULL, 0, API_BODY_NONE, 0, NULL, NULL, API_BLOB_FILES, NULL},
};
