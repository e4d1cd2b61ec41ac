#include "gateway/records/audit_read.h"

#include "gateway/records/audit.h"
#include "proto/base/check.h"

#define VIEWING_MS 900000 /* an image is looked at for minutes, and each window is a request */

bool audit_reading(struct api_call *call, const char *consultation_id, const char *action,
                   const char *member, const char *id, const char *sha256)
{
    int64_t seen = 0;
    CHECK(call->actor != NULL && (member == NULL) == (id == NULL));
    enum status status = db_one_int(
        call->db, &seen,
        "SELECT COUNT(*) FROM audit WHERE consultation_id=$1 AND actor_id=$2 AND action=$3 AND "
        "at_ms>$4 AND detail LIKE '%' || $5 || '%'",
        "sssis", consultation_id, call->actor->account_id, action, call->now_ms - VIEWING_MS,
        id == NULL ? "" : id);
    if (status == STATUS_OK && seen == 0) {
        json_t *detail = json_object();
        if (member != NULL) {
            (void)json_object_set_new(detail, member, json_string(id));
        }
        if (sha256 != NULL) {
            (void)json_object_set_new(detail, "sha256", json_string(sha256));
        }
        status = audit_append(call->db, &(struct audit_entry){.at_ms = call->now_ms,
                                                              .consultation_id = consultation_id,
                                                              .actor_id = call->actor->account_id,
                                                              .action = action,
                                                              .detail = detail});
        json_decref(detail);
    }
    return status == STATUS_OK || api_store_failed(call, status);
}
