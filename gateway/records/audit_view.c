#include "gateway/records/audit_view.h"

#include "gateway/access.h"
#include "gateway/consult/consult_load.h"
#include "gateway/records/audit.h"
#include "gateway/records/audit_read.h"

static json_t *text_or_null(struct db_query *q, int column)
{
    return db_is_null(q, column) ? json_null() : json_string(db_text(q, column));
}

static json_t *row_json(struct db_query *q)
{
    json_t *detail = json_loads(db_text(q, 7), 0, NULL);
    return json_pack("{s:I, s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o}", "seq",
                     (json_int_t)db_int(q, 0), "at_ms", (json_int_t)db_int(q, 1), "actor",
                     text_or_null(q, 2), "action", db_text(q, 3), "from_state", text_or_null(q, 4),
                     "to_state", text_or_null(q, 5), "reason_code", text_or_null(q, 6), "detail",
                     detail == NULL ? json_object() : detail, "previous_hash", db_text(q, 8),
                     "hash", db_text(q, 9), "actor_zh", text_or_null(q, 10), "actor_en",
                     text_or_null(q, 11));
}

static enum status read_rows(struct db *db, const char *consultation_id, json_t **out_rows)
{
    json_t *rows = json_array();
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT x.seq, x.at_ms, x.actor_id, x.action, x.from_state, x.to_state, "
                   "x.reason_code, x.detail, x.previous_hash, x.hash, "
                   "p.name_zh, p.name_en FROM audit x LEFT JOIN account a ON a.id = x.actor_id "
                   "LEFT JOIN practitioner p ON p.id = "
                   "a.practitioner_id WHERE x.consultation_id = $1 ORDER BY x.seq");
    db_bind_text(&q, consultation_id);
    while (db_next(&q)) {
        json_array_append_new(rows, row_json(&q));
    }
    *out_rows = rows;
    return db_end(&q);
}

static int64_t seq_of(const json_t *rows, size_t index)
{
    return json_integer_value(json_object_get(json_array_get(rows, index), "seq"));
}

void audit_view(struct api_call *call)
{
    struct consult_row row;
    struct audit_verdict verdict = {.why = "gap"}; /* a consultation without a row has lost them */
    unsigned relation;
    json_t *rows = NULL;
    if (!consult_load(call, call->params[0], &row, &relation)) {
        return;
    }
    if (!access_relates(ACCESS_ID_audit_list, relation)) {
        consult_row_clear(&row);
        (void)consult_unknown(call);
        return;
    }
    if (!audit_reading(call, row.id, "audit.read", NULL, NULL, NULL)) {
        consult_row_clear(&row);
        return;
    }
    enum status status = read_rows(call->db, row.id, &rows);
    if (status == STATUS_OK && json_array_size(rows) > 0) {
        status = audit_verify_range(call->db, seq_of(rows, 0),
                                    seq_of(rows, json_array_size(rows) - 1), &verdict);
    }
    consult_row_clear(&row);
    if (status != STATUS_OK) {
        json_decref(rows);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply =
        json_pack("{s:o, s:{s:b, s:I, s:I, s:s, s:s}}", "audit", rows, "chain", "holds",
                  verdict.holds, "count", (json_int_t)verdict.count, "first_bad_seq",
                  (json_int_t)verdict.first_bad_seq, "why", verdict.why, "head", verdict.head_hash);
}
