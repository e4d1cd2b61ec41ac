#include "gateway/consult/consult_closing.h"

#include "gateway/access.h"
#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_step.h"
#include "gateway/partnership/terms.h"
#include "gateway/records/audit_read.h"
#include "gateway/records/canonical.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4000
#define FOLLOW_UP_MAX_MS                                                                           \
    (730LL * 86400000) /* two years ahead: a chronic patient's yearly check                        \
                        */

/* decision {adopted, text, told_patient}, or the three as members of the body itself. */
bool consult_acknowledge_before(struct consult_act *act)
{
    struct api_call *call = act->call;
    json_t *given = json_object_get(call->body, "decision");
    const char *prefix = given == NULL ? "" : "/decision";
    given = given == NULL ? call->body : given;
    const char *adopted = json_string_value(json_object_get(given, "adopted"));
    const char *text = json_string_value(json_object_get(given, "text"));
    const json_t *told = json_object_get(given, "told_patient");
    if (adopted == NULL || (strcmp(adopted, "yes") != 0 && strcmp(adopted, "partly") != 0 &&
                            strcmp(adopted, "no") != 0)) {
        return consult_field_wrong(call, prefix, "adopted", "请选择是否采纳：yes、partly 或 no。",
                                   "Must be yes, partly or no.");
    }
    if (strcmp(adopted, "yes") != 0 && consult_text_blank(text)) {
        return consult_field_wrong(call, prefix, "text", "部分采纳或未采纳须写明理由。",
                                   "Partly or not adopted needs a reason.");
    }
    if (text != NULL && consult_text_chars(text) > TEXT_MAX) {
        return consult_field_wrong(call, prefix, "text", "内容过长。", "The text is too long.");
    }
    if (told != NULL && !json_is_boolean(told)) {
        return consult_field_wrong(call, prefix, "told_patient", "应为 true 或 false。",
                                   "Must be true or false.");
    }
    json_decref(act->row.decision);
    act->row.decision = json_pack("{s:s, s:s, s:b}", "adopted", adopted, "text",
                                  text == NULL ? "" : text, "told_patient", json_is_true(told));
    char hash[65];
    if (act->row.decision == NULL || canonical_hash(act->row.decision, hash) != STATUS_OK) {
        return api_store_failed(call, STATUS_NO_MEMORY);
    }
    act->detail = json_pack("{s:s, s:b, s:s}", "adopted", adopted, "told_patient",
                            json_is_true(told), "sha256", hash);
    if (act->row.critical_ms != 0 && act->row.critical_known_ms == 0) {
        act->row.critical_known_ms = call->now_ms; /* who decides on it knows it */
    }
    return act->detail != NULL || api_store_failed(call, STATUS_NO_MEMORY);
}

bool consult_plan_before(struct consult_act *act)
{
    struct api_call *call = act->call;
    bool ok = true;
    const char *text = api_body_text(call, "text", true, TEXT_MAX, &ok);
    int64_t due = json_integer_value(json_object_get(call->body, "due_ms"));
    if (!ok) {
        return false;
    }
    if (due <= call->now_ms || due > call->now_ms + FOLLOW_UP_MAX_MS) {
        return consult_field_wrong(call, "", "due_ms", "随访日期须在今后两年内。",
                                   "The day must lie ahead, within two years.");
    }
    if (consult_text_blank(text)) {
        return api_problem(call, 422, "field.required", "请写明随访内容。",
                           "Say what is to be followed up.", "/text");
    }
    json_decref(act->row.follow_up);
    act->row.follow_up = json_pack("{s:I, s:s}", "due_ms", (json_int_t)due, "text", text);
    act->detail = json_pack("{s:I}", "due_ms", (json_int_t)due);
    return act->row.follow_up != NULL || api_store_failed(call, STATUS_NO_MEMORY);
}

/* ---- the sample ---- */

/* Drawn by the id, which is random: the same answer whenever it is asked, and nobody can choose. */
static bool drawn(const char *id, int64_t percent)
{
    char head[9];
    (void)snprintf(head, sizeof head, "%.8s", id);
    return (int64_t)(strtoul(head, NULL, 16) % 100u) < percent;
}

bool consult_close_before(struct consult_act *act)
{
    struct terms terms;
    int64_t versions = 0;
    enum status status = terms_load(act->call->db, act->row.agreement_id, &terms);
    if (status != STATUS_OK) {
        return api_store_failed(act->call, status);
    }
    int64_t percent = terms.review_percent;
    terms_clear(&terms);
    status = db_one_int(act->call->db, &versions,
                        "SELECT COUNT(*) FROM opinion WHERE consultation_id = $1 AND status = "
                        "'signed'",
                        "s", act->row.id);
    bool chosen =
        strcmp(act->row.urgency, "stat") == 0 || versions > 1 || drawn(act->row.id, percent);
    if (chosen && act->row.review[0] == '\0') {
        (void)snprintf(act->row.review, sizeof act->row.review, "due");
    }
    return status == STATUS_OK || api_store_failed(act->call, status);
}

bool consult_guard_sample(struct api_call *call, struct consult_row *row,
                          const struct consult_change *change)
{
    (void)change;
    return row->review[0] != '\0' ||
           api_problem(call, 409, "review.not-chosen", "该会诊不在评审样本中。",
                       "The consultation is not in the sample.", NULL);
}

bool consult_review_before(struct consult_act *act)
{
    static const char *const results[] = {"good", "acceptable", "poor"};
    struct api_call *call = act->call;
    bool ok = true, known = false;
    const char *result = api_body_text(call, "result", true, 16, &ok);
    const char *remarks = ok ? api_body_text(call, "remarks", false, TEXT_MAX, &ok) : NULL;
    if (!ok) {
        return false;
    }
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        known = known || strcmp(results[i], result) == 0;
    }
    if (!known) {
        return consult_field_wrong(call, "", "result", "应为 good、acceptable 或 poor。",
                                   "Must be good, acceptable or poor.");
    }
    if (strcmp(result, "poor") == 0 && consult_text_blank(remarks)) {
        return api_problem(call, 422, "field.required", "评为不合格须说明。",
                           "A poor result needs remarks.", "/remarks");
    }
    enum status status =
        db_run(call->db,
               "INSERT INTO quality_review (consultation_id, reviewer_id, result, remarks, at_ms) "
               "VALUES ($1, $2, $3, $4, $5)",
               "ssssi", act->row.id, act->change.actor_id, result, remarks == NULL ? "" : remarks,
               call->now_ms);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    (void)snprintf(act->row.review, sizeof act->row.review, "done");
    act->detail = json_pack("{s:s}", "result", result);
    return act->detail != NULL || api_store_failed(call, STATUS_NO_MEMORY);
}

/* ---- the archive ---- */

/* Members of each row of a query, as an object of texts by the column names given. */
static enum status collect(struct db_query *q, const char *const *names, json_t **out_list)
{
    json_t *list = json_array();
    while (db_next(q)) {
        json_t *object = json_object();
        for (int i = 0; names[i] != NULL; i++) {
            json_object_set_new(object, names[i], json_string(db_text(q, i)));
        }
        json_array_append_new(list, object);
    }
    *out_list = list;
    return db_end(q);
}

static enum status list_originals(struct db *db, const char *id, json_t *manifest)
{
    static const char *const opinion[] = {"version", "canonical", "signature", NULL};
    static const char *const file[] = {"id", "sha256", NULL};
    static const char *const consent[] = {"seq", "scope", "party", "given", NULL};
    struct db_query q;
    json_t *list = NULL;
    db_begin_query(&q, db,
                   "SELECT version, canonical, signature FROM opinion WHERE consultation_id = $1 "
                   "AND status = 'signed' ORDER BY version");
    db_bind_text(&q, id);
    enum status status = collect(&q, opinion, &list);
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
    {
        char hash[65];
        const char *canonical = json_string_value(json_object_get(one, "canonical"));
        canonical_sha256(canonical, strlen(canonical), hash);
        json_object_set_new(one, "canonical", json_string(hash));
    }
    json_object_set_new(manifest, "opinions", list);
    if (status == STATUS_OK) {
        db_begin_query(&q, db,
                       "SELECT id, sha256 FROM attachment WHERE consultation_id = $1 ORDER BY id");
        db_bind_text(&q, id);
        status = collect(&q, file, &list);
        json_object_set_new(manifest, "attachments", list);
    }
    if (status == STATUS_OK) {
        db_begin_query(&q, db,
                       "SELECT id, COALESCE(sha256, '') FROM recording WHERE consultation_id = $1 "
                       "ORDER BY part");
        db_bind_text(&q, id);
        status = collect(&q, file, &list);
        json_object_set_new(manifest, "recordings", list);
    }
    if (status == STATUS_OK) {
        db_begin_query(&q, db,
                       "SELECT seq, scope, party, given FROM consent WHERE consultation_id = $1 "
                       "ORDER BY seq");
        db_bind_text(&q, id);
        status = collect(&q, consent, &list);
        json_object_set_new(manifest, "consents", list);
    }
    return status;
}

static enum status audit_end(struct db *db, const char *id, json_t *manifest)
{
    struct db_query q;
    db_begin_query(
        &q, db, "SELECT seq, hash FROM audit WHERE consultation_id = $1 ORDER BY seq DESC LIMIT 1");
    db_bind_text(&q, id);
    if (db_next(&q)) {
        json_object_set_new(
            manifest, "audit",
            json_pack("{s:I, s:s}", "seq", (json_int_t)db_int(&q, 0), "hash", db_text(&q, 1)));
    }
    return db_end(&q);
}

enum status consult_archive_make(struct api_call *call, struct consult_row *row)
{
    char *text = NULL;
    size_t len = 0;
    json_t *manifest = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "format", "consult-archive-1", "consultation",
        row->id, "number", row->number, "requester_organisation", row->requester_organisation_id,
        "consultant_organisation", row->consultant_organisation_id, "version",
        (json_int_t)row->version, "agreement", row->agreement_id);
    enum status status = manifest == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    status = status == STATUS_OK ? list_originals(call->db, row->id, manifest) : status;
    status = status == STATUS_OK ? audit_end(call->db, row->id, manifest) : status;
    status = status == STATUS_OK ? canonical_write(manifest, &text, &len) : status;
    json_decref(manifest);
    if (status == STATUS_OK) {
        canonical_sha256(text, len, row->manifest_sha256);
        row->archived_ms = call->now_ms;
        status = db_run(call->db,
                        "INSERT INTO consultation_archive (consultation_id, sha256, manifest, "
                        "at_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (consultation_id, sha256) DO "
                        "NOTHING",
                        "sssi", row->id, row->manifest_sha256, text, call->now_ms);
    }
    free(text);
    return status;
}

void consult_archive_get(struct api_call *call)
{
    struct consult_row row;
    unsigned relation;
    if (!consult_load(call, call->params[0], &row, &relation)) {
        return;
    }
    if (!access_relates(ACCESS_ID_consultation_archive, relation) ||
        row.manifest_sha256[0] == '\0') {
        (void)(!access_relates(ACCESS_ID_consultation_archive, relation)
                   ? consult_unknown(call)
                   : api_problem(call, 409, "archive.not-yet", "尚未归档。",
                                 "It has not been archived yet.", NULL));
    } else if (audit_reading(call, row.id, "case.read", NULL, NULL, NULL)) {
        struct db_query q;
        db_begin_query(&q, call->db,
                       "SELECT sha256, manifest, at_ms FROM consultation_archive WHERE "
                       "consultation_id = $1 AND sha256 = $2");
        db_bind_text(&q, row.id);
        db_bind_text(&q, row.manifest_sha256);
        if (db_next(&q)) {
            call->reply = json_pack("{s:s, s:s, s:I}", "sha256", db_text(&q, 0), "manifest",
                                    db_text(&q, 1), "at_ms", (json_int_t)db_int(&q, 2));
        }
        enum status status = db_end(&q);
        if (status != STATUS_OK || call->reply == NULL) {
            (void)api_store_failed(call, status == STATUS_OK ? STATUS_IO : status);
        }
    }
    consult_row_clear(&row);
}
