#include "gateway/records/opinion.h"

#include "gateway/app.h"
#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_view.h"
#include "gateway/directory/directory.h"
#include "gateway/records/audit_read.h"
#include "gateway/records/canonical.h"
#include "gateway/records/opinion_record.h"
#include "media/rt/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER_MAX_CHARS 10000 /* of one part of the opinion: some ten pages */

static const char *const members[] = {
    "findings",        "diagnosis", "diagnosis_code", "differential", "treatment", "further_tests",
    "referral_advice", "urgency",   "validity",       "disagreement", NULL};

/* Draft text of the consultation; STATUS_NONE when there is none. *out_body is a new reference. */
static enum status find_draft(struct db *db, const char *consultation_id, int64_t *out_version,
                              json_t **out_body, char **out_reason)
{
    struct db_query q;
    bool found = false;
    db_begin_query(&q, db,
                   "SELECT version, body, amend_reason FROM opinion WHERE consultation_id = $1 AND "
                   "status = 'draft' ORDER "
                   "BY version DESC LIMIT 1");
    db_bind_text(&q, consultation_id);
    if (db_next(&q)) {
        found = true;
        *out_version = db_int(&q, 0);
        *out_body = json_loads(db_text(&q, 1), 0, NULL);
        *out_reason = db_is_null(&q, 2) ? NULL : strdup(db_text(&q, 2));
    }
    enum status status = db_end(&q);
    if (status == STATUS_OK && found && *out_body == NULL) {
        status = STATUS_IO;
    }
    return status == STATUS_OK && !found ? STATUS_NONE : status;
}

enum status opinion_draft_ready(struct db *db, const char *consultation_id, bool *out_ready)
{
    int64_t version = 0;
    json_t *body = NULL;
    char *reason = NULL;
    enum status status = find_draft(db, consultation_id, &version, &body, &reason);
    *out_ready = status == STATUS_OK &&
                 (!consult_text_blank(json_string_value(json_object_get(body, "findings"))) ||
                  !consult_text_blank(json_string_value(json_object_get(body, "diagnosis"))));
    json_decref(body);
    free(reason);
    return status == STATUS_NONE ? STATUS_OK : status;
}

struct signature {
    char *canonical;
    size_t len;
    char hex[129], key[65];
};

static bool make_signature(struct api_call *call, const struct consult_row *row,
                           const struct opinion_text *text, struct signature *out)
{
    struct api_services *services = call->services;
    enum status status =
        opinion_record_make(call->db, row, text, call->now_ms, &out->canonical, &out->len);
    if (status == STATUS_UNSUPPORTED || status == STATUS_TOO_LARGE) {
        return api_problem(call, 422, "opinion.not-canonical", "记录中含有不能签名的内容。",
                           "The record holds something that cannot be signed.", NULL);
    }
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    status = services == NULL || services->sign == NULL
                 ? STATUS_CLOSED
                 : services->sign(services->sign_context, row->consultant_organisation_id,
                                  out->canonical, out->len, out->hex, out->key);
    if (status != STATUS_OK || !opinion_record_verify(out->canonical, out->hex, out->key)) {
        log_error("opinion_sign_failed", "consultation=%s organisation=%s reason=%s", row->id,
                  row->consultant_organisation_id, status_name(status));
        return api_problem(call, 503, "opinion.signing",
                           "机构签名密钥不可用，意见未签名，请联系管理员。",
                           "The institution's signing key is not available; the opinion is not "
                           "signed. Ask the operator.",
                           NULL);
    }
    return true;
}

static bool sign_text(struct api_call *call, const struct consult_row *row,
                      const struct opinion_text *text, json_t **out_detail)
{
    struct signature s = {.canonical = NULL};
    char hash[65];
    bool done = make_signature(call, row, text, &s);
    if (done) {
        canonical_sha256(s.canonical, s.len, hash);
        enum status status =
            db_run(call->db,
                   "UPDATE opinion SET status = 'signed', signed_ms = $1, canonical = $2, "
                   "signature = $3, public_key = $4 WHERE "
                   "consultation_id = $5 AND version = $6 AND status = 'draft'",
                   "issssi", call->now_ms, s.canonical, s.hex, s.key, row->id, text->version);
        done = status == STATUS_OK || api_store_failed(call, status);
        *out_detail = json_pack("{s:I, s:s, s:s}", "opinion_version", (json_int_t)text->version,
                                "sha256", hash, "public_key", s.key);
    }
    free(s.canonical);
    return done;
}

bool opinion_sign(struct api_call *call, const struct consult_row *row, json_t **out_detail)
{
    json_t *body = NULL;
    char *reason = NULL;
    struct opinion_text text = {0, NULL, NULL};
    *out_detail = NULL;
    enum status status = find_draft(call->db, row->id, &text.version, &body, &reason);
    text.body = body;
    text.amend_reason = reason;
    bool done = status == STATUS_OK ? sign_text(call, row, &text, out_detail)
                                    : api_store_failed(call, STATUS_IO);
    json_decref(body);
    free(reason);
    return done;
}

bool opinion_amend(struct api_call *call, const struct consult_row *row, const char *reason)
{
    char id[33];
    api_new_id(id);
    enum status status =
        db_run(call->db,
               "INSERT INTO opinion (id, consultation_id, version, status, body, author_id, "
               "saved_ms, amend_reason) SELECT $1, "
               "consultation_id, version + 1, 'draft', body, $2, $3, $4 FROM opinion WHERE "
               "consultation_id = $5 ORDER BY version DESC "
               "LIMIT 1",
               "ssiss", id, call->actor->account_id, call->now_ms, reason, row->id);
    return status == STATUS_OK || api_store_failed(call, status);
}

/* Signature fits, the shown text is the signed one, and the key is the one registered for the
 * institution. */
static bool verified(struct db_query *q)
{
    const char *canonical = db_text(q, 7);
    const char *key = db_text(q, 9);
    if (!opinion_record_verify(canonical, db_text(q, 8), key)) {
        return false;
    }
    if (!db_is_null(q, 10) && db_text(q, 10)[0] != '\0' && strcmp(db_text(q, 10), key) != 0) {
        return false;
    }
    json_t *record = json_loads(canonical, 0, NULL);
    json_t *body = json_loads(db_text(q, 2), 0, NULL);
    bool same = body != NULL &&
                json_equal(json_object_get(json_object_get(record, "opinion"), "body"), body);
    json_decref(record);
    json_decref(body);
    return same;
}

static json_t *opinion_json(struct db *db, struct db_query *q)
{
    bool is_signed = strcmp(db_text(q, 1), "signed") == 0;
    json_t *author = directory_person_json(db, db_text(q, 3));
    json_t *body = json_loads(db_text(q, 2), 0, NULL);
    json_t *object =
        json_pack("{s:I, s:s, s:o, s:o, s:I, s:s?, s:o, s:s?, s:s?, s:o}", "version",
                  (json_int_t)db_int(q, 0), "status", db_text(q, 1), "body",
                  body == NULL ? json_object() : body, "author",
                  author == NULL ? json_null() : author, "saved_ms", (json_int_t)db_int(q, 4),
                  "amend_reason", db_is_null(q, 5) ? NULL : db_text(q, 5), "signed_ms",
                  is_signed ? json_integer(db_int(q, 6)) : json_null(), "signature",
                  is_signed ? db_text(q, 8) : NULL, "public_key", is_signed ? db_text(q, 9) : NULL,
                  "verified", is_signed ? json_boolean(verified(q)) : json_null());
    if (object != NULL && is_signed) {
        char hash[65];
        canonical_sha256(db_text(q, 7), strlen(db_text(q, 7)), hash);
        json_object_set_new(object, "sha256", json_string(hash));
    }
    return object;
}

#define OPINION_SELECT                                                                             \
    "SELECT o.version, o.status, o.body, o.author_id, o.saved_ms, o.amend_reason, o.signed_ms, "   \
    "o.canonical, o.signature, "                                                                   \
    "o.public_key, g.signing_public_key FROM opinion o JOIN account a ON a.id = o.author_id JOIN " \
    "practitioner p ON p.id = "                                                                    \
    "a.practitioner_id JOIN organisation g ON g.id = p.organisation_id "

enum status opinion_latest(struct db *db, const char *consultation_id, bool with_draft,
                           json_t **out_opinion)
{
    struct db_query q;
    *out_opinion = NULL;
    db_begin_query(
        &q, db,
        OPINION_SELECT
        "WHERE o.consultation_id = $1 AND (o.status = 'signed' OR $2 = 1) ORDER BY o.version "
        "DESC LIMIT 1");
    db_bind_text(&q, consultation_id);
    db_bind_int(&q, with_draft ? 1 : 0);
    if (db_next(&q)) {
        *out_opinion = opinion_json(db, &q);
    }
    return db_end(&q);
}

static bool check_body(struct api_call *call, json_t *body)
{
    const char *name;
    json_t *value;
    if (!json_is_object(body)) {
        return consult_field_wrong(call, "", "body", "应为对象。", "Must be an object.");
    }
    json_object_foreach(body, name, value)
    {
        size_t i = 0;
        while (members[i] != NULL && strcmp(members[i], name) != 0) {
            i++;
        }
        if (members[i] == NULL) {
            return consult_field_wrong(call, "/body", strlen(name) <= 64 ? name : "",
                                       "未知的字段。", "There is no such field.");
        }
        if (!json_is_string(value) && !json_is_null(value)) {
            return consult_field_wrong(call, "/body", name, "应为文本。", "Must be a text.");
        }
        if (json_is_string(value) &&
            consult_text_chars(json_string_value(value)) > MEMBER_MAX_CHARS) {
            return consult_field_wrong(call, "/body", name, "内容过长。", "The text is too long.");
        }
    }
    return true;
}

static enum status save_draft(struct api_call *call, const char *consultation_id)
{
    char id[33];
    char *text = json_dumps(json_object_get(call->body, "body"), JSON_COMPACT);
    if (text == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = db_run(
        call->db,
        "UPDATE opinion SET body = $1, author_id = $2, saved_ms = $3 WHERE consultation_id = "
        "$4 AND status = 'draft'",
        "ssis", text, call->actor->account_id, call->now_ms, consultation_id);
    if (status == STATUS_OK && db_changes(call->db) == 0) {
        api_new_id(id);
        status = db_run(call->db,
                        "INSERT INTO opinion (id, consultation_id, version, status, body, "
                        "author_id, saved_ms) VALUES ($1, $2, (SELECT "
                        "COALESCE(MAX(version), 0) + 1 FROM opinion WHERE consultation_id = $3), "
                        "'draft', $4, $5, $6)",
                        "sssssi", id, consultation_id, consultation_id, text,
                        call->actor->account_id, call->now_ms);
    }
    free(text);
    return status;
}

void opinion_put(struct api_call *call)
{
    struct consult_row row;
    unsigned relation;
    if (!check_body(call, json_object_get(call->body, "body")) ||
        !consult_load(call, call->params[0], &row, &relation)) {
        return;
    }
    struct consult_change change = {
        .event = CONSULT_EVENT_SAVE, .actor = relation, .actor_id = call->actor->account_id};
    if (consult_if_match(call, &row) && consult_change(call, &row, &change)) {
        enum status status = save_draft(call, row.id);
        if (status == STATUS_OK) {
            consult_reply(call, &row);
        } else {
            (void)api_store_failed(call, status);
        }
    }
    consult_row_clear(&row);
}

static void reply_list(struct api_call *call, const char *consultation_id, bool with_draft)
{
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(&q, call->db,
                   OPINION_SELECT
                   "WHERE o.consultation_id = $1 AND (o.status = 'signed' OR $2 = 1) ORDER BY "
                   "o.version");
    db_bind_text(&q, consultation_id);
    db_bind_int(&q, with_draft ? 1 : 0);
    while (db_next(&q)) {
        json_t *object = opinion_json(call->db, &q);
        if (object != NULL && !db_is_null(&q, 7)) {
            json_object_set_new(object, "canonical", json_string(db_text(&q, 7)));
        }
        json_array_append_new(list, object);
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        json_decref(list);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply = json_pack("{s:o}", "opinions", list);
}

void opinion_list(struct api_call *call)
{
    struct consult_row row;
    unsigned relation;
    if (!consult_load(call, call->params[0], &row, &relation)) {
        return;
    }
    if ((relation & CONSULT_ACTORS_OF_RECORD) == 0) {
        (void)consult_unknown(call); /* candidates decide on the request, not on earlier opinions */
    } else if (audit_reading(call, row.id, "case.read", NULL, NULL, NULL)) {
        reply_list(call, row.id, (relation & CONSULT_ACTOR_CONSULTANT) != 0);
    }
    consult_row_clear(&row);
}
