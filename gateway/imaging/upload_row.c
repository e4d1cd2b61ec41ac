#include "gateway/imaging/upload_row.h"

#include "gateway/imaging/attachment.h"
#include "media/imaging/imaging.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS                                                                                    \
    "SELECT id, consultation_id, sha256, state, refusal_code, attachment_id, name, bytes, "        \
    "received FROM upload "

static void copy(char *buffer, size_t len, const char *text)
{
    (void)snprintf(buffer, len, "%s", text);
}

static enum status take(struct db_query *q, struct upload_row *out_row)
{
    bool found = db_next(q);
    if (found) {
        struct upload_row row = {.bytes = db_int(q, 7), .received = db_int(q, 8)};
        copy(row.id, sizeof row.id, db_text(q, 0));
        copy(row.consultation_id, sizeof row.consultation_id, db_text(q, 1));
        copy(row.sha256, sizeof row.sha256, db_text(q, 2));
        copy(row.state, sizeof row.state, db_text(q, 3));
        copy(row.refusal, sizeof row.refusal, db_text(q, 4));
        copy(row.attachment_id, sizeof row.attachment_id, db_text(q, 5));
        copy(row.name, sizeof row.name, db_text(q, 6));
        *out_row = row;
    }
    enum status status = db_end(q);
    return status == STATUS_OK && !found ? STATUS_NONE : status;
}

enum status upload_row_load(struct db *db, const char *id, struct upload_row *out_row)
{
    struct db_query q;
    db_begin_query(&q, db, COLUMNS "WHERE id=$1");
    db_bind_text(&q, id);
    return take(&q, out_row);
}

enum status upload_row_find(struct db *db, const char *consultation_id, const char *sha256,
                            struct upload_row *out_row)
{
    struct db_query q;
    db_begin_query(&q, db,
                   COLUMNS
                   "WHERE consultation_id=$1 AND sha256=$2 AND state IN ('receiving', 'done') "
                   "ORDER BY state, created_ms LIMIT 1");
    db_bind_text(&q, consultation_id);
    db_bind_text(&q, sha256);
    return take(&q, out_row);
}

enum status upload_row_json(struct db *db, const struct upload_row *row, int64_t chunk_bytes,
                            json_t **out_json)
{
    json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:s}", "id", row->id, "received",
                             (json_int_t)row->received, "bytes", (json_int_t)row->bytes,
                             "chunk_bytes", (json_int_t)chunk_bytes, "state", row->state);
    enum status status = json != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK && row->refusal[0] != 0) {
        status = json_object_set_new(json, "refusal",
                                     json_pack("{s:s, s:s, s:s}", "code",
                                               upload_refusal_code(row->refusal), "zh",
                                               upload_refusal_zh(row->refusal), "en",
                                               upload_refusal_en(row->refusal))) == 0
                     ? STATUS_OK
                     : STATUS_NO_MEMORY;
    }
    if (status == STATUS_OK && row->attachment_id[0] != 0) {
        json_t *attachment = NULL;
        status = attachment_json(db, row->attachment_id, &attachment);
        if (status == STATUS_OK) {
            (void)json_object_set_new(
                json, "attachment",
                attachment); /* fails without memory only: a member is missing */
        } else if (status == STATUS_NONE) {
            status = STATUS_OK;
        }
    }
    if (status != STATUS_OK) {
        json_decref(json);
        return status;
    }
    *out_json = json;
    return STATUS_OK;
}

static bool is_hash(const char *name)
{
    return strcmp(name, "HASH") == 0;
}

const char *upload_refusal_code(const char *name)
{
    return is_hash(name) ? "upload.hash" : imaging_refusal_code(imaging_refusal_of(name));
}

const char *upload_refusal_zh(const char *name)
{
    return is_hash(name) ? "文件内容与所申报的校验值不符，请重新上传。"
                         : imaging_refusal_zh(imaging_refusal_of(name));
}

const char *upload_refusal_en(const char *name)
{
    return is_hash(name)
               ? "The file does not have the hash that was announced: please upload it again."
               : imaging_refusal_en(imaging_refusal_of(name));
}
