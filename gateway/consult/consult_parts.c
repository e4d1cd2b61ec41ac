#include "gateway/consult/consult_parts.h"

#include <string.h>

enum status consult_part_partnership(struct db *db, const struct consult_row *row,
                                     json_t **out_part)
{
    *out_part = NULL;
    if (row->partnership_id[0] == '\0') {
        return STATUS_OK;
    }
    struct db_query q;
    db_begin_query(&q, db, "SELECT name_zh, name_en, mode, type FROM partnership WHERE id = $1");
    db_bind_text(&q, row->partnership_id);
    if (db_next(&q)) {
        *out_part =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "id", row->partnership_id, "name_zh",
                      db_text(&q, 0), "name_en", db_text(&q, 1), "mode", db_text(&q, 2), "type",
                      db_text(&q, 3), "agreement_id", row->agreement_id, "agreement_version",
                      (json_int_t)row->agreement_version);
    }
    return db_end(&q);
}

static json_t *text_or_null(struct db_query *q, int column)
{
    return db_is_null(q, column) ? json_null() : json_string(db_text(q, column));
}

static json_t *int_or_null(struct db_query *q, int column)
{
    return db_is_null(q, column) ? json_null() : json_integer(db_int(q, column));
}

static json_t *real_or_null(struct db_query *q, int column)
{
    return db_is_null(q, column) ? json_null() : json_real(db_real(q, column));
}

static json_t *attachment(struct db_query *q)
{
    static const char *const texts[] = {"id",         "kind",     "name",        "media_type",
                                        "sha256",     "modality", "description", "study_uid",
                                        "series_uid", "added_by"};
    static const char *const integers[] = {"bytes", "rows", "columns", "frames", "at_ms"};
    json_t *object = json_object();
    int column = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_object_set_new(object, texts[i], text_or_null(q, column++));
    }
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        json_object_set_new(object, integers[i], int_or_null(q, column++));
    }
    json_object_set_new(object, "window_center", real_or_null(q, column));
    json_object_set_new(object, "window_width", real_or_null(q, column + 1));
    json_object_set_new(object, "lossy", json_boolean(db_int(q, column + 2) != 0));
    return object;
}

enum status consult_part_attachments(struct db *db, const char *consultation_id, json_t **out_part)
{
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT id, kind, name, media_type, sha256, modality, description, study_uid, "
                   "series_uid, added_by, "
                   "bytes, rows, columns, frames, at_ms, window_center, window_width, lossy FROM "
                   "attachment WHERE "
                   "consultation_id = $1 ORDER BY at_ms, id");
    db_bind_text(&q, consultation_id);
    while (db_next(&q)) {
        json_array_append_new(list, attachment(&q));
    }
    *out_part = list;
    return db_end(&q);
}

static json_t *history_row(struct db_query *q)
{
    static const char prefix[] = "consultation.";
    const char *action = db_text(q, 1);
    if (strncmp(action, prefix, sizeof prefix - 1) == 0) {
        action += sizeof prefix - 1;
    }
    json_t *zh = db_is_null(q, 4) ? json_string("系统") : json_string(db_text(q, 5));
    json_t *en = db_is_null(q, 4) ? json_string("System") : json_string(db_text(q, 6));
    return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o}", "at_ms", (json_int_t)db_int(q, 0),
                     "action", action, "from_state", text_or_null(q, 2), "to_state",
                     text_or_null(q, 3), "actor_zh", zh, "actor_en", en, "reason_code",
                     text_or_null(q, 7));
}

enum status consult_part_history(struct db *db, const char *consultation_id, json_t **out_part)
{
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT x.at_ms, x.action, x.from_state, x.to_state, x.actor_id, p.name_zh, "
                   "p.name_en, x.reason_code FROM (SELECT * FROM "
                   "audit WHERE consultation_id = $1 AND (action LIKE 'consultation.%' OR action "
                   "LIKE 'consent.%' OR action LIKE "
                   "'recording.%' OR action LIKE 'attachment.%' OR action LIKE 'observer.%') AND "
                   "action NOT IN "
                   "('consultation.ring', 'consultation.save') ORDER BY seq "
                   "DESC LIMIT 200) x LEFT JOIN account a ON a.id = x.actor_id LEFT JOIN "
                   "practitioner p ON p.id = a.practitioner_id ORDER "
                   "BY x.seq");
    db_bind_text(&q, consultation_id);
    while (db_next(&q)) {
        json_array_append_new(list, history_row(&q));
    }
    *out_part = list;
    return db_end(&q);
}
