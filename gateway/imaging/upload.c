#include "gateway/imaging/upload.h"

#include "gateway/app.h"
#include "gateway/config/config.h"
#include "gateway/consult/consult_access.h"
#include "gateway/imaging/digest.h"
#include "gateway/imaging/partial.h"
#include "gateway/imaging/upload_row.h"
#include "gateway/ops/metrics.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define NAME_MAX_CHARS 255

static const char *const metric_uploads = "consult_uploads_total";

static void count(struct api_call *call, const char *result)
{
    api_effect_push(call, EFFECT_COUNT_METRIC, NULL, NULL,
                    json_pack("{s:s, s:s}", "metric", metric_uploads, "labels", result));
}

static bool unknown(struct api_call *call)
{
    return api_problem(call, 404, "upload.unknown", "没有该上传任务，或您无权访问。",
                       "There is no such upload, or it is not yours to see.", NULL);
}

static bool no_space(struct api_call *call)
{
    count(call, "no-space");
    return api_problem(call, 507, "upload.no-space", "服务器存储空间不足，请稍后再试或联系管理员。",
                       "The server is short of storage: try again later or tell the administrator.",
                       NULL);
}

static bool too_large(struct api_call *call, const char *zh, const char *en)
{
    count(call, "too-large");
    return api_problem(call, 413, "upload.too-large", zh, en, "/bytes");
}

/* The upload as the body of the answer. */
static void reply_upload(struct api_call *call, const struct upload_row *row, int http_status)
{
    json_t *json = NULL;
    enum status status = upload_row_json(call->db, row, call->config->upload_chunk_bytes, &json);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    call->reply = json;
    call->status = http_status;
}

/* What is announced must fit beside what other uploads were promised, and leave the reserve. */
static bool has_space(struct api_call *call, int64_t wanted)
{
    int64_t promised = 0;
    struct statvfs fs;
    enum status status = db_one_int(
        call->db, &promised,
        "SELECT COALESCE(SUM(bytes - received), 0) FROM upload WHERE state='receiving'", "");
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (statvfs(call->services->data_folder, &fs) != 0) {
        return api_store_failed(call, STATUS_IO);
    }
    uint64_t free_octets = (uint64_t)fs.f_bavail * fs.f_frsize;
    uint64_t needed =
        (uint64_t)promised + (uint64_t)wanted + (uint64_t)call->config->disk_reserve_bytes;
    return needed <= free_octets ? true : no_space(call);
}

static bool within_consultation(struct api_call *call, const char *consultation_id, int64_t bytes)
{
    int64_t files = 0;
    int64_t used = 0;
    enum status status = db_one_int(
        call->db, &files,
        "SELECT (SELECT COUNT(*) FROM attachment WHERE consultation_id=$1) + (SELECT COUNT(*) FROM "
        "upload WHERE consultation_id=$2 AND state='receiving')",
        "ss", consultation_id, consultation_id);
    if (status == STATUS_OK) {
        status = db_one_int(
            call->db, &used,
            "SELECT (SELECT COALESCE(SUM(bytes), 0) FROM attachment WHERE consultation_id=$1) + "
            "(SELECT "
            "COALESCE(SUM(bytes), 0) FROM upload WHERE consultation_id=$2 AND state='receiving')",
            "ss", consultation_id, consultation_id);
    }
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (files >= call->config->upload_consultation_files ||
        bytes > call->config->upload_consultation_bytes - used) {
        return too_large(
            call, "该会诊的附件数量或总大小已达上限。",
            "This consultation has reached its limit of files or of their total size.");
    }
    return true;
}

static bool name_is_clean(const char *name)
{
    for (; *name != 0; name++) {
        if ((unsigned char)*name < 0x20 || *name == 0x7F) {
            return false;
        }
    }
    return true;
}

struct wish {
    const char *name, *sha256;
    int64_t bytes;
};

static bool read_wish(struct api_call *call, struct wish *out_wish)
{
    bool ok = true;
    struct wish wish = {0};
    wish.name = api_body_text(call, "name", true, NAME_MAX_CHARS, &ok);
    if (ok) {
        wish.sha256 = api_body_text(call, "sha256", true, 64, &ok);
    }
    if (!ok) {
        return false;
    }
    if (wish.name[0] == 0 || !name_is_clean(wish.name)) {
        return api_problem(call, 422, "field.invalid", "文件名为空或含有控制字符。",
                           "The file name is empty or holds control characters.", "/name");
    }
    if (!blob_hash_is_valid(wish.sha256)) {
        return api_problem(call, 422, "field.invalid", "sha256 应为 64 位小写十六进制。",
                           "sha256 must be 64 lower-case hex digits.", "/sha256");
    }
    const json_t *bytes = json_object_get(call->body, "bytes");
    if (!json_is_integer(bytes) || json_integer_value(bytes) < 1) {
        return api_problem(call, 422, "field.invalid", "文件大小应为不小于 1 的整数。",
                           "The size must be a whole number of at least 1.", "/bytes");
    }
    wish.bytes = json_integer_value(bytes);
    *out_wish = wish;
    return true;
}

/* The same file in the same consultation: the upload that is there. */
static bool answer_known(struct api_call *call, const char *consultation_id,
                         const struct wish *wish)
{
    struct upload_row row;
    enum status status = upload_row_find(call->db, consultation_id, wish->sha256, &row);
    if (status == STATUS_NONE) {
        return false;
    }
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return true;
    }
    if (row.bytes != wish->bytes) {
        (void)api_problem(call, 422, "field.invalid", "同一校验值的文件大小与此前申报不一致。",
                          "A file with this hash was announced with another size.", "/bytes");
        return true;
    }
    if (strcmp(row.state, "done") == 0) {
        count(call, "duplicate");
    }
    reply_upload(call, &row, 200);
    return true;
}

void upload_create(struct api_call *call)
{
    const char *consultation_id = call->params[0];
    struct wish wish = {0};
    if (!consult_may_attach(call, consultation_id) || !read_wish(call, &wish) ||
        answer_known(call, consultation_id, &wish)) {
        return;
    }
    if (wish.bytes > call->config->upload_file_bytes) {
        (void)too_large(call, "文件超过允许的大小。", "The file is larger than allowed.");
        return;
    }
    if (!within_consultation(call, consultation_id, wish.bytes) || !has_space(call, wish.bytes)) {
        return;
    }
    struct upload_row row = {.bytes = wish.bytes};
    api_new_id(row.id);
    memcpy(row.state, "receiving", sizeof "receiving");
    enum status status =
        db_run(call->db,
               "INSERT INTO upload (id, consultation_id, account_id, name, bytes, sha256, "
               "received, state, "
               "created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, 0, 'receiving', $7, $8)",
               "ssssisii", row.id, consultation_id, call->actor->account_id, wish.name, wish.bytes,
               wish.sha256, call->now_ms, call->now_ms);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    reply_upload(call, &row, 201);
}

/* The upload of the path. True, or answered. */
static bool load(struct api_call *call, struct upload_row *out_row)
{
    const char *id = call->params[0];
    enum status status =
        id != NULL && api_id(id) ? upload_row_load(call->db, id, out_row) : STATUS_NONE;
    if (status == STATUS_NONE) {
        return unknown(call);
    }
    return status == STATUS_OK ? true : api_store_failed(call, status);
}

void upload_get(struct api_call *call)
{
    struct upload_row row;
    if (load(call, &row) && consult_may_view(call, row.consultation_id)) {
        reply_upload(call, &row, 200);
    }
}

/* One piece on its way through the three parts. */
struct piece {
    struct upload_row row;
    int64_t offset;
    int lock, file; /* descriptors; -1 = none */
    bool is_last;
    enum status written;
    bool piece_differs; /* from X-Chunk-SHA256 */
    enum status completed;
    struct partial_result result;
    bool over; /* done or refused: the partial file can go */
    const char *data_folder;
};

static void piece_free(void *data)
{
    struct piece *piece = data;
    if (piece->over) {
        partial_remove(piece->data_folder, piece->row.id);
    }
    if (piece->file >= 0) {
        (void)close(piece->file);
    }
    if (piece->lock >= 0) {
        (void)close(piece->lock);
    }
    free(piece);
}

static bool wrong_offset(struct api_call *call, const struct upload_row *row)
{
    (void)api_problem(call, 409, "upload.offset", "续传位置不符，请从已接收的位置继续。",
                      "That is not the next octet: go on at `received`.", NULL);
    if (call->reply != NULL) {
        (void)json_object_set_new(call->reply, "received", json_integer(row->received));
        (void)json_object_set_new(call->reply, "state", json_string(row->state));
    }
    return false;
}

/* The file may be shorter than the row says after a crash between the rename of a complete file and
 * its commit (then the blob is taken back), or after a disk lost what it had promised. Sets
 * piece->row.received to what is there. */
static enum status settle_received(struct api_call *call, struct piece *piece, int64_t size)
{
    struct upload_row *row = &piece->row;
    int64_t named = 0;
    if (size >= row->received) {
        return STATUS_OK;
    }
    enum status status = db_one_int(
        call->db, &named, "SELECT COUNT(*) FROM attachment WHERE sha256=$1", "s", row->sha256);
    if (status == STATUS_OK && named == 0 && size == 0) {
        status = partial_take_back(piece->data_folder, row->id, row->sha256, row->bytes);
        if (status == STATUS_OK) {
            (void)close(piece->file);
            piece->file = -1;
            return partial_open(piece->data_folder, row->id, &piece->file, &size);
        }
        status = status == STATUS_NONE ? STATUS_OK : status;
    }
    if (status == STATUS_OK) {
        row->received = size;
        status = db_run(call->db, "UPDATE upload SET received=$1 WHERE id=$2", "is", size, row->id);
    }
    return status;
}

static bool open_piece(struct api_call *call, struct piece *piece)
{
    int64_t size = 0;
    enum status status = partial_open(piece->data_folder, piece->row.id, &piece->file, &size);
    if (status == STATUS_OK) {
        status = settle_received(call, piece, size);
    }
    if (status == STATUS_FULL) {
        return no_space(call);
    }
    return status == STATUS_OK ? true : api_store_failed(call, STATUS_IO);
}

static bool read_offset(struct api_call *call, int64_t *out_offset)
{
    const char *text = api_query(call, "offset");
    uint64_t value = 0;
    if (text == NULL || !span_decimal(span_text(text), &value) || value > INT64_MAX) {
        return api_problem(call, 422, "field.invalid", "offset 应为非负整数。",
                           "offset must be a whole number.", "/offset");
    }
    *out_offset = (int64_t)value;
    return true;
}

static bool check_piece(struct api_call *call, const struct piece *piece)
{
    const struct upload_row *row = &piece->row;
    if (strcmp(row->state, "receiving") != 0 || piece->offset != row->received) {
        return wrong_offset(call, row);
    }
    if (call->raw_len == 0) {
        return api_problem(call, 422, "request.body", "分块内容为空。", "The piece is empty.",
                           NULL);
    }
    if (call->raw_len > (size_t)call->config->upload_chunk_bytes) {
        return api_problem(call, 413, "upload.too-large", "分块超过允许的大小。",
                           "The piece is larger than allowed.", NULL);
    }
    if ((int64_t)call->raw_len > row->bytes - row->received) {
        return api_problem(call, 413, "upload.too-large", "内容超过申报的文件大小。",
                           "This is more than the announced size of the file.", NULL);
    }
    if (call->chunk_sha256 == NULL || !blob_hash_is_valid(call->chunk_sha256)) {
        return api_problem(call, 422, "field.invalid", "缺少或错误的 X-Chunk-SHA256。",
                           "X-Chunk-SHA256 is missing or is not 64 lower-case hex digits.",
                           "X-Chunk-SHA256");
    }
    return true;
}

void upload_put(struct api_call *call)
{
    int64_t offset = 0;
    struct upload_row row;
    if (!load(call, &row) || !consult_may_attach(call, row.consultation_id) ||
        !read_offset(call, &offset)) {
        return;
    }
    if (strcmp(row.state, "receiving") != 0) {
        (void)wrong_offset(call, &row);
        return;
    }
    struct piece *piece = calloc(1, sizeof *piece);
    if (piece == NULL) {
        (void)api_store_failed(call, STATUS_NO_MEMORY);
        return;
    }
    piece->lock = -1;
    piece->file = -1;
    piece->row = row;
    piece->offset = offset;
    piece->data_folder = call->services->data_folder;
    call->data = piece;
    call->data_free = piece_free;
    enum status status = partial_lock(piece->data_folder, row.id, &piece->lock);
    if (status == STATUS_CONFLICT) {
        (void)wrong_offset(call, &row);
    } else if (status == STATUS_FULL) {
        (void)no_space(call);
    } else if (status != STATUS_OK) {
        (void)api_store_failed(call, STATUS_IO);
    } else if (load(call, &piece->row) && strcmp(piece->row.state, "receiving") != 0) {
        piece->over =
            true; /* the former writer ended it while we waited: our lock file is one too many */
        (void)wrong_offset(call, &piece->row);
    } else if (call->status < 400 && open_piece(call, piece) && check_piece(call, piece) &&
               has_space(call, 0)) {
        piece->is_last = offset + (int64_t)call->raw_len == piece->row.bytes;
    }
}

void upload_put_blob(struct api_call *call)
{
    struct piece *piece = call->data;
    char hash[DIGEST_HEX_LEN];
    piece->written = digest_octets(call->raw, call->raw_len, hash);
    piece->piece_differs = piece->written == STATUS_OK && strcmp(hash, call->chunk_sha256) != 0;
    if (piece->written != STATUS_OK || piece->piece_differs) {
        return;
    }
    piece->written = partial_write(piece->file, piece->offset, call->raw, call->raw_len);
    if (piece->written == STATUS_OK && piece->offset == 0) {
        piece->written = partial_sync_name(piece->data_folder, piece->row.id);
    }
    if (piece->written != STATUS_OK || !piece->is_last) {
        return;
    }
    struct imaging *imaging = call->services->imaging;
    piece->completed = partial_complete(piece->data_folder, piece->row.id, piece->row.sha256,
                                        piece->file, imaging, &piece->result);
    if (piece->completed == STATUS_OK && piece->result.stored &&
        piece->result.info.kind != IMAGING_PDF) {
        enum status cached = partial_thumbnail(piece->data_folder, piece->row.sha256, imaging);
        (void)cached; /* else made when it is asked for */
    }
}

static enum status note_received(struct api_call *call, struct piece *piece)
{
    struct upload_row *row = &piece->row;
    row->received = piece->offset + (int64_t)call->raw_len;
    return db_run(call->db,
                  "UPDATE upload SET received=$1, updated_ms=$2 WHERE id=$3 AND state='receiving'",
                  "iis", row->received, call->now_ms, row->id);
}

static void refuse(struct api_call *call, struct piece *piece)
{
    struct upload_row *row = &piece->row;
    const char *name =
        piece->result.hash_differs ? "HASH" : imaging_refusal_name(piece->result.info.refusal);
    enum status status = db_run(call->db,
                                "UPDATE upload SET state='refused', received=bytes, "
                                "refusal_code=$1, updated_ms=$2 WHERE id=$3",
                                "sis", name, call->now_ms, row->id);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    memcpy(row->state, "refused", sizeof "refused");
    row->received = row->bytes;
    memcpy(row->refusal, name, strlen(name) + 1);
    piece->over = true;
    count(call, upload_refusal_code(name) + sizeof "upload." - 1);
    reply_upload(call, row, 200);
}

struct kind_row {
    const char *kind, *media_type;
};

static struct kind_row kind_of(enum imaging_kind kind)
{
    switch (kind) {
    case IMAGING_DICOM:
        return (struct kind_row){"dicom", "application/dicom"};
    case IMAGING_JPEG:
        return (struct kind_row){"photo", "image/jpeg"};
    case IMAGING_PNG:
        return (struct kind_row){"photo", "image/png"};
    case IMAGING_PDF:
        return (struct kind_row){"pdf", "application/pdf"};
    case IMAGING_UNKNOWN:
        break;
    }
    return (struct kind_row){"photo", "application/octet-stream"};
}

static const char *text_or_null(const char *text)
{
    return text[0] != 0 ? text : NULL;
}

/* A file that was attached meanwhile under another upload stays the one it is. */
static enum status insert_attachment(struct api_call *call, const struct upload_row *row,
                                     const struct imaging_info *info, const char *id)
{
    struct kind_row kind = kind_of(info->kind);
    struct db_query q;
    db_begin_query(&q, call->db,
                   "INSERT INTO attachment (id, consultation_id, kind, name, media_type, bytes, "
                   "sha256, added_by, at_ms, study_uid, "
                   "series_uid, sop_instance_uid, sop_class_uid, transfer_syntax_uid, modality, "
                   "description, rows, columns, "
                   "frames, window_center, window_width, lossy) VALUES ($1, $2, $3, $4, $5, $6, "
                   "$7, $8, $9, $10, $11, $12, $13, "
                   "$14, $15, $16, $17, $18, $19, $20, $21, $22) ON CONFLICT (consultation_id, "
                   "sha256) DO NOTHING");
    const char *texts[] = {id, row->consultation_id, kind.kind, row->name, kind.media_type};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        db_bind_text(&q, texts[i]);
    }
    db_bind_int(&q, row->bytes);
    db_bind_text(&q, row->sha256);
    db_bind_text(&q, call->actor->account_id);
    db_bind_int(&q, call->now_ms);
    const char *described[] = {
        info->study_uid,           info->series_uid, info->sop_instance_uid, info->sop_class_uid,
        info->transfer_syntax_uid, info->modality,   info->description};
    for (size_t i = 0; i < sizeof described / sizeof described[0]; i++) {
        db_bind_text(&q, text_or_null(described[i]));
    }
    uint32_t numbers[] = {info->rows, info->columns, info->frames};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i] > 0) {
            db_bind_int(&q, numbers[i]);
        } else {
            db_bind_null(&q);
        }
    }
    if (info->has_window) {
        db_bind_real(&q, info->window_center);
        db_bind_real(&q, info->window_width);
    } else {
        db_bind_null(&q);
        db_bind_null(&q);
    }
    db_bind_int(&q, info->lossy ? 1 : 0);
    (void)db_next(&q); /* no rows; db_end says how it went */
    return db_end(&q);
}

static void accept(struct api_call *call, struct piece *piece)
{
    struct upload_row *row = &piece->row;
    char id[33];
    api_new_id(id);
    enum status status = insert_attachment(call, row, &piece->result.info, id);
    bool fresh = status == STATUS_OK && db_changes(call->db) == 1;
    if (status == STATUS_OK) {
        status = db_one_text(call->db, row->attachment_id, sizeof row->attachment_id,
                             "SELECT id FROM attachment WHERE consultation_id=$1 AND sha256=$2",
                             "ss", row->consultation_id, row->sha256);
    }
    if (status == STATUS_OK) {
        status = db_run(call->db,
                        "UPDATE upload SET state='done', received=bytes, attachment_id=$1, "
                        "updated_ms=$2 WHERE id=$3",
                        "sis", row->attachment_id, call->now_ms, row->id);
    }
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    if (fresh && !consult_attachment_changed(call, row->consultation_id, "attachment.add",
                                             row->attachment_id, row->sha256)) {
        return;
    }
    memcpy(row->state, "done", sizeof "done");
    row->received = row->bytes;
    piece->over = true;
    count(call, fresh ? "stored" : "duplicate");
    if (fresh) {
        metrics_observe(call->services->metrics, METRIC_UPLOAD_BYTES, 0, 0, 0, row->bytes);
    }
    reply_upload(call, row, 200);
}

static bool check_written(struct api_call *call, const struct piece *piece)
{
    if (piece->piece_differs) {
        return api_problem(call, 422, "upload.hash", "分块校验不符，请重新发送该分块。",
                           "The piece does not have the hash that was announced: send it again.",
                           "X-Chunk-SHA256");
    }
    if (piece->written == STATUS_FULL || piece->completed == STATUS_FULL) {
        return no_space(call);
    }
    if (piece->completed == STATUS_CLOSED) {
        call->retry_after_s = 2;
        return api_problem(call, 503, "imaging.unavailable", "图像解码服务暂不可用，请稍后再试。",
                           "The image decoder is not available at the moment: try again shortly.",
                           NULL);
    }
    if (piece->written != STATUS_OK || piece->completed != STATUS_OK) {
        return api_store_failed(call, STATUS_IO);
    }
    return true;
}

void upload_put_finish(struct api_call *call)
{
    struct piece *piece = call->data;
    if (!check_written(call, piece) || !consult_may_attach(call, piece->row.consultation_id)) {
        return;
    }
    if (piece->is_last &&
        (piece->result.hash_differs || piece->result.info.refusal != IMAGING_REFUSAL_NONE)) {
        refuse(call, piece);
        return;
    }
    if (piece->is_last) {
        accept(call, piece);
        return;
    }
    enum status status = note_received(call, piece);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    reply_upload(call, &piece->row, 200);
}
