#include "gateway/imaging/attachment.h"

#include "gateway/app.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_parts.h"
#include "gateway/imaging/digest.h"
#include "gateway/imaging/partial.h"
#include "gateway/records/audit_read.h"
#include "gateway/referral/referral_access.h"

#include "proto/base/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MIN 16
#define SIZE_MAX_PIXELS 8192 /* longest side that a screen shows */

struct attachment_row {
    char id[33], consultation_id[33], kind[8], media_type[32], sha256[65];
};

static bool unknown(struct api_call *call)
{
    return api_problem(call, 404, "attachment.unknown", "没有该附件，或您无权查看。",
                       "There is no such attachment, or it is not yours to see.", NULL);
}

static bool load(struct api_call *call, struct attachment_row *out_row)
{
    struct db_query q;
    struct attachment_row row = {0};
    const char *id = call->params[0];
    if (id == NULL || !api_id(id)) {
        return unknown(call);
    }
    db_begin_query(
        &q, call->db,
        "SELECT id, consultation_id, kind, media_type, sha256 FROM attachment WHERE id=$1");
    db_bind_text(&q, id);
    bool found = db_next(&q);
    if (found) {
        (void)snprintf(row.id, sizeof row.id, "%s", db_text(&q, 0));
        (void)snprintf(row.consultation_id, sizeof row.consultation_id, "%s", db_text(&q, 1));
        (void)snprintf(row.kind, sizeof row.kind, "%s", db_text(&q, 2));
        (void)snprintf(row.media_type, sizeof row.media_type, "%s", db_text(&q, 3));
        (void)snprintf(row.sha256, sizeof row.sha256, "%s", db_text(&q, 4));
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (!found) {
        return unknown(call);
    }
    *out_row = row;
    return true;
}

void attachment_list(struct api_call *call)
{
    json_t *list = NULL;
    struct consult_row row;
    unsigned relation;
    if (!consult_load_for(call, call->params[0], ACCESS_ID_attachment_list, &row, &relation)) {
        return;
    }
    consult_row_clear(&row);
    if (!audit_reading(call, call->params[0], "case.read", NULL, NULL, NULL)) {
        return;
    }
    enum status status = consult_part_attachments(call->db, call->params[0], &list);
    if (status != STATUS_OK) {
        json_decref(list);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply = json_pack("{s:o}", "attachments", list);
}

static json_t *text_or_null(struct db_query *q, int column)
{
    return db_is_null(q, column) ? json_null() : json_string(db_text(q, column));
}

static json_t *number_or_null(struct db_query *q, int column)
{
    return db_is_null(q, column) ? json_null() : json_integer(db_int(q, column));
}

static json_t *real_or_null(struct db_query *q, int column)
{
    return db_is_null(q, column) ? json_null() : json_real(db_real(q, column));
}

enum status attachment_json(struct db *db, const char *id, json_t **out_json)
{
    static const char *const texts[] = {"id",         "kind",     "name",        "media_type",
                                        "sha256",     "modality", "description", "study_uid",
                                        "series_uid", "added_by"};
    static const char *const numbers[] = {"bytes", "rows", "columns", "frames", "at_ms"};
    struct db_query q;
    json_t *json = NULL;
    db_begin_query(&q, db,
                   "SELECT id, kind, name, media_type, sha256, modality, description, study_uid, "
                   "series_uid, added_by, "
                   "bytes, rows, columns, frames, at_ms, window_center, window_width, lossy FROM "
                   "attachment WHERE id=$1");
    db_bind_text(&q, id);
    if (db_next(&q)) {
        int column = 0;
        json = json_object();
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            (void)json_object_set_new(json, texts[i], text_or_null(&q, column++));
        }
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            (void)json_object_set_new(json, numbers[i], number_or_null(&q, column++));
        }
        (void)json_object_set_new(json, "window_center", real_or_null(&q, column));
        (void)json_object_set_new(json, "window_width", real_or_null(&q, column + 1));
        (void)json_object_set_new(json, "lossy", json_boolean(db_int(&q, column + 2) != 0));
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK || json == NULL) {
        json_decref(json);
        return status == STATUS_OK ? STATUS_NONE : status;
    }
    *out_json = json;
    return STATUS_OK;
}

void attachment_remove(struct api_call *call)
{
    struct attachment_row row;
    if (!load(call, &row) || !consult_may_detach(call, row.consultation_id)) {
        return;
    }
    enum status status = db_run(call->db, "DELETE FROM upload WHERE attachment_id=$1", "s", row.id);
    if (status == STATUS_OK) {
        status = db_run(call->db, "DELETE FROM attachment WHERE id=$1", "s", row.id);
    }
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    /* The blob stays until the next start's sweep: another consultation may name it, or be about
     * to. */
    if (consult_attachment_changed(call, row.consultation_id, "attachment.remove", row.id,
                                   row.sha256)) {
        call->status = 204;
    }
}

/* Whoever may see the images of the consultation, and the department that has received the patient
 * by a referral that shares this file. True, or answered. */
static bool may_look(struct api_call *call, const struct attachment_row *row)
{
    bool shared = false;
    enum status status = referral_shares_attachment(call, row->consultation_id, row->id, &shared);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return shared || consult_may_view_images(call, row->consultation_id);
}

/* True, or answered. */
static bool note_reading(struct api_call *call, const struct attachment_row *row,
                         const char *action)
{
    return audit_reading(call, row->consultation_id, action, "attachment", row->id, row->sha256);
}

void attachment_content(struct api_call *call)
{
    struct attachment_row row;
    struct blob_path path;
    if (!load(call, &row) || !may_look(call, &row) || !note_reading(call, &row, "file.read")) {
        return;
    }
    if (blob_path_blob(call->services->data_folder, row.sha256, &path) != STATUS_OK) {
        (void)api_store_failed(call, STATUS_IO);
        return;
    }
    memcpy(call->file, path.text, sizeof path.text);
    (void)snprintf(call->content_type, sizeof call->content_type, "%s", row.media_type);
    (void)snprintf(call->etag, sizeof call->etag, "%.32s", row.sha256);
}

static bool no_picture(struct api_call *call)
{
    return api_problem(call, 404, "attachment.no-picture", "该附件没有可显示的图像。",
                       "This attachment has no picture to show.", NULL);
}

/* A picture that is wanted, from run to blob. */
struct view {
    struct attachment_row row;
    struct imaging_request request;
};

static bool take_view(struct api_call *call, struct view **out_view)
{
    struct view *view = calloc(1, sizeof *view);
    if (view == NULL) {
        return api_store_failed(call, STATUS_NO_MEMORY);
    }
    call->data = view;
    call->data_free = free;
    if (!load(call, &view->row) || !may_look(call, &view->row)) {
        return false;
    }
    if (strcmp(view->row.kind, "pdf") == 0) {
        return no_picture(call);
    }
    *out_view = view;
    return true;
}

void attachment_thumbnail(struct api_call *call)
{
    struct view *view = NULL;
    if (take_view(call, &view)) {
        (void)note_reading(call, &view->row, "image.thumbnail"); /* answered when false */
    }
}

static void answer_failure(struct api_call *call, enum status status)
{
    if (status == STATUS_FULL) {
        (void)api_problem(call, 507, "upload.no-space", "服务器存储空间不足。",
                          "The server is short of storage.", NULL);
    } else {
        (void)api_problem(call, 503, "imaging.unavailable", "图像解码服务暂不可用，请稍后再试。",
                          "The image decoder is not available at the moment: try again shortly.",
                          NULL);
        call->retry_after_s = 2;
    }
}

void attachment_thumbnail_blob(struct api_call *call)
{
    struct view *view = call->data;
    struct blob_path path;
    enum status status =
        partial_thumbnail(call->services->data_folder, view->row.sha256, call->services->imaging);
    if (status == STATUS_OK) {
        status = blob_path_thumbnail(call->services->data_folder, view->row.sha256, &path);
    }
    if (status == STATUS_UNSUPPORTED) {
        (void)no_picture(call);
        return;
    }
    if (status != STATUS_OK) {
        answer_failure(call, status);
        return;
    }
    memcpy(call->file, path.text, sizeof path.text);
    (void)snprintf(call->content_type, sizeof call->content_type, "image/jpeg");
    (void)snprintf(call->etag, sizeof call->etag, "t%.32s", view->row.sha256);
    call->reusable = true;
}

static bool bad_query(struct api_call *call, const char *name)
{
    char field[16];
    (void)snprintf(field, sizeof field, "/%s", name);
    return api_problem(call, 422, "field.invalid", "查询参数不正确。",
                       "A query parameter is wrong.", field);
}

/* Absent leaves *out_value alone. */
static bool read_number(struct api_call *call, const char *name, uint64_t min, uint64_t max,
                        uint64_t *out_value)
{
    const char *text = api_query(call, name);
    uint64_t value = 0;
    if (text == NULL || text[0] == 0) {
        return true;
    }
    if (!span_decimal(span_text(text), &value) || value < min || value > max) {
        return bad_query(call, name);
    }
    *out_value = value;
    return true;
}

static bool read_real(struct api_call *call, const char *name, double *out_value, bool *out_given)
{
    const char *text = api_query(call, name);
    char *end = NULL;
    if (text == NULL || text[0] == 0) {
        return true;
    }
    if (strlen(text) > 32 || strspn(text, "0123456789+-.eE") != strlen(text)) {
        return bad_query(call, name);
    }
    double value = strtod(text, &end);
    if (*end != 0 || !isfinite(value) || fabs(value) > 1e12) {
        return bad_query(call, name);
    }
    *out_value = value;
    *out_given = true;
    return true;
}

static bool read_request(struct api_call *call, struct imaging_request *request)
{
    uint64_t frame = 0;
    uint64_t size = 0;
    bool has_center = false;
    bool has_width = false;
    if (!read_number(call, "frame", 0, UINT32_MAX, &frame) ||
        !read_number(call, "size", SIZE_MIN, SIZE_MAX_PIXELS, &size) ||
        !read_real(call, "center", &request->center, &has_center) ||
        !read_real(call, "width", &request->width, &has_width)) {
        return false;
    }
    if (has_center != has_width || (has_width && request->width <= 0)) {
        return bad_query(call, has_center ? "width" : "center");
    }
    request->frame = (uint32_t)frame;
    request->size = (unsigned)size;
    request->has_window = has_width;
    request->format = IMAGING_FORMAT_PNG;
    return true;
}

void attachment_rendered(struct api_call *call)
{
    struct view *view = NULL;
    if (take_view(call, &view) && read_request(call, &view->request)) {
        (void)note_reading(call, &view->row, "image.view"); /* answered when false */
    }
}

/* Of the file and of all that was asked of it. */
static void view_etag(const struct view *view, char out_etag[40])
{
    const struct imaging_request *r = &view->request;
    char text[256], hash[DIGEST_HEX_LEN];
    int len = snprintf(text, sizeof text, "%s %u %u %d %.9g %.9g", view->row.sha256, r->frame,
                       r->size, (int)r->has_window, r->center, r->width);
    CHECK(len > 0 && (size_t)len < sizeof text);
    if (digest_octets(text, (size_t)len, hash) == STATUS_OK) {
        (void)snprintf(out_etag, 40, "r%.32s", hash);
    }
}

void attachment_rendered_blob(struct api_call *call)
{
    struct view *view = call->data;
    struct blob_path path;
    struct imaging_reply reply = {0};
    enum status status = blob_path_blob(call->services->data_folder, view->row.sha256, &path);
    if (status == STATUS_OK) {
        status = imaging_render(call->services->imaging, path.text, &view->request, &reply);
    }
    if (status != STATUS_OK) {
        answer_failure(call, status);
        return;
    }
    if (reply.frame_missing) {
        (void)api_problem(call, 404, "attachment.no-frame", "没有该帧。", "There is no such frame.",
                          "/frame");
        return;
    }
    if (reply.refusal != IMAGING_REFUSAL_NONE) {
        (void)api_problem(call, 406, imaging_refusal_code(reply.refusal),
                          imaging_refusal_zh(reply.refusal), imaging_refusal_en(reply.refusal),
                          NULL);
        return;
    }
    call->bytes = reply.bytes;
    call->bytes_len = reply.len;
    (void)snprintf(call->content_type, sizeof call->content_type, "image/png");
    call->reusable = true;
    view_etag(view, call->etag);
}
