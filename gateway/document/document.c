#include "gateway/document/document.h"

#include "gateway/access.h"
#include "gateway/config/config.h"
#include "gateway/consult/consult_load.h"
#include "gateway/document/document_order.h"
#include "gateway/imaging/blob_path.h"
#include "gateway/records/audit.h"
#include "gateway/records/audit_read.h"
#include "media/rt/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void order_free(void *data)
{
    document_order_clear(data);
    free(data);
}

static bool unavailable(struct api_call *call, const struct document_order *order,
                        enum status status)
{
    log_error("document_failed", "consultation=%s version=%lld reason=%s", order->consultation_id,
              (long long)order->version, status_name(status));
    return api_problem(call, 503, "document.unavailable", "报告文件暂时无法生成，请联系管理员。",
                       "The document cannot be made at the moment: ask the operator.", NULL);
}

static bool unknown(struct api_call *call)
{
    return api_problem(call, 404, "opinion.unknown", "没有这一版已签署的意见。",
                       "There is no signed opinion of that version.", NULL);
}

static bool version_of(const char *text, int64_t *out_version)
{
    char *end = NULL;
    *out_version = text[0] >= '1' && text[0] <= '9' ? strtoll(text, &end, 10) : 0;
    return *out_version > 0 && *out_version < 10000 && *end == '\0';
}

static bool fill(struct api_call *call, const struct consult_row *row, int64_t version,
                 struct document_order *order)
{
    enum status status = document_order_read(call, row, version, order);
    if (status == STATUS_NONE) {
        return unknown(call);
    }
    if (status == STATUS_UNAUTHENTIC || status == STATUS_UNKNOWN) {
        return unavailable(call, order, status);
    }
    return (status == STATUS_OK || api_store_failed(call, status)) &&
           audit_reading(call, row->id, "document.read", "opinion", order->opinion_id, NULL);
}

void document_get(struct api_call *call)
{
    struct consult_row row;
    unsigned relation;
    int64_t version = 0;
    if (!consult_load_for(call, call->params[0], ACCESS_ID_opinion_document, &row, &relation)) {
        return;
    }
    if (!version_of(call->params[1], &version)) {
        (void)unknown(call);
    } else {
        struct document_order *order = calloc(1, sizeof *order);
        call->data = order;
        call->data_free = order_free;
        if (order == NULL) {
            (void)api_store_failed(call, STATUS_NO_MEMORY);
        } else {
            (void)fill(call, &row, version, order);
        }
    }
    consult_row_clear(&row);
}

static bool is_there(const struct api_call *call, const struct document_order *order)
{
    struct blob_path path;
    struct stat about;
    return order->sha256[0] != '\0' &&
           blob_path_blob(call->services->data_folder, order->sha256, &path) == STATUS_OK &&
           stat(path.text, &about) == 0 && about.st_size == order->bytes;
}

void document_get_blob(struct api_call *call)
{
    struct document_order *order = call->data;
    struct octets file = {.data = NULL};
    if (is_there(call, order)) {
        return;
    }
    enum status status = document_make(call->services, order, &file);
    if (status == STATUS_OK) {
        status = document_write(call->services, order, &file);
    }
    free(file.data);
    if (status != STATUS_OK) {
        (void)unavailable(call, order, status);
    } else if (order->unknown > 0) {
        log_warn("document_glyphs", "consultation=%s unknown=%u hint=\"install a larger font\"",
                 order->consultation_id, order->unknown);
    }
}

/* A blob that was lost is made again: the same octets, unless program or fonts are others now. */
static enum status note_made(struct api_call *call, const struct document_order *order)
{
    char id[33];
    api_new_id(id);
    enum status status =
        db_run(call->db,
               "INSERT INTO document (id, consultation_id, opinion_version, edition, "
               "verification_code, sha256, bytes, made_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
               "ON CONFLICT (consultation_id, opinion_version, edition) DO UPDATE SET sha256 = "
               "excluded.sha256, bytes = excluded.bytes, made_ms = excluded.made_ms",
               "ssiissii", id, order->consultation_id, order->version, order->edition, order->code,
               order->sha256, order->bytes, call->now_ms);
    if (status != STATUS_OK) {
        return status;
    }
    json_t *detail = json_pack("{s:I, s:I, s:s}", "opinion_version", (json_int_t)order->version,
                               "edition", (json_int_t)order->edition, "sha256", order->sha256);
    status = audit_append(call->db, &(struct audit_entry){.at_ms = call->now_ms,
                                                          .consultation_id = order->consultation_id,
                                                          .actor_id = call->actor->account_id,
                                                          .action = "document.make",
                                                          .detail = detail});
    json_decref(detail);
    return status;
}

void document_get_finish(struct api_call *call)
{
    struct document_order *order = call->data;
    struct blob_path path;
    enum status status = order->made ? note_made(call, order) : STATUS_OK;
    if (status == STATUS_OK) {
        status = blob_path_blob(call->services->data_folder, order->sha256, &path);
    }
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    (void)snprintf(call->file, sizeof call->file, "%s", path.text);
    (void)snprintf(call->content_type, sizeof call->content_type, "application/pdf");
}
