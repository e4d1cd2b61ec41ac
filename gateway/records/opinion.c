#include "gateway/records/opinion.h"

#include "gateway/access.h"
#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_view.h"
#include "gateway/directory/directory.h"
#include "gateway/records/audit_read.h"
#include "gateway/records/canonical.h"
#include "gateway/records/opinion_body.h"
#include "gateway/records/opinion_draft.h"

#include <string.h>

enum status opinion_draft_ready(struct db *db, const struct consult_row *row, bool *out_ready,
                                bool *out_own)
{
    struct opinion_draft draft = {.body = NULL};
    enum status status = opinion_draft_find(db, row->id, &draft);
    *out_ready = status == STATUS_OK && opinion_body_says_something(draft.body);
    *out_own = status == STATUS_OK && strcmp(draft.author_id, row->consultant_id) == 0;
    opinion_draft_clear(&draft);
    return status == STATUS_NONE ? STATUS_OK : status;
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

enum column {
    VERSION,
    STATUS,
    BODY,
    AUTHOR,
    SAVED_MS,
    AMEND_REASON,
    SIGNED_MS,
    CANONICAL,
    SIGNATURE,
    PUBLIC_KEY,
    SIGNER_SIGNATURE,
    IDENTITY_SALT,
    ORGANISATION_KEY,
    ACCOUNT_KEY
};
#define OPINION_SELECT                                                                             \
    "SELECT o.version, o.status, o.body, o.author_id, o.saved_ms, o.amend_reason, o.signed_ms, "   \
    "o.canonical, o.signature, o.public_key, o.signer_signature, o.identity_salt, "                \
    "g.signing_public_key, k.public_key FROM opinion o JOIN account a ON a.id = o.author_id JOIN " \
    "practitioner p ON p.id = a.practitioner_id JOIN organisation g ON g.id = p.organisation_id "  \
    "LEFT JOIN account_key k ON k.account_id = o.author_id "

static bool verified(struct db_query *q)
{
    struct opinion_signed opinion = {
        .canonical = db_text(q, CANONICAL),
        .body = db_text(q, BODY),
        .signature = db_text(q, SIGNATURE),
        .public_key = db_text(q, PUBLIC_KEY),
        .signer_signature = db_text(q, SIGNER_SIGNATURE),
        .organisation_key = db_text(q, ORGANISATION_KEY),
        .account_key = db_text(q, ACCOUNT_KEY),
    };
    return opinion_fault(&opinion) == NULL;
}

static const char *text_or_null(struct db_query *q, enum column column)
{
    return db_is_null(q, (int)column) ? NULL : db_text(q, (int)column);
}

static json_t *opinion_json(struct db *db, struct db_query *q)
{
    bool is_signed = strcmp(db_text(q, STATUS), "signed") == 0;
    json_t *author = directory_person_json(db, db_text(q, AUTHOR));
    json_t *body = json_loads(db_text(q, BODY), 0, NULL);
    json_t *object = json_pack(
        "{s:I, s:s, s:o, s:o, s:I, s:s?, s:o, s:s?, s:s?, s:s?, s:o}", "version",
        (json_int_t)db_int(q, VERSION), "status", db_text(q, STATUS), "body",
        body == NULL ? json_object() : body, "author", author == NULL ? json_null() : author,
        "saved_ms", (json_int_t)db_int(q, SAVED_MS), "amend_reason", text_or_null(q, AMEND_REASON),
        "signed_ms", is_signed ? json_integer(db_int(q, SIGNED_MS)) : json_null(), "signature",
        is_signed ? db_text(q, SIGNATURE) : NULL, "public_key",
        is_signed ? db_text(q, PUBLIC_KEY) : NULL, "signer_signature",
        is_signed ? text_or_null(q, SIGNER_SIGNATURE) : NULL, "verified",
        is_signed ? json_boolean(verified(q)) : json_null());
    if (object != NULL && is_signed) {
        char hash[65];
        canonical_sha256(db_text(q, CANONICAL), strlen(db_text(q, CANONICAL)), hash);
        json_object_set_new(object, "sha256", json_string(hash));
    }
    return object;
}

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

void opinion_put(struct api_call *call)
{
    struct consult_row row;
    unsigned relation;
    json_t *body = json_object_get(call->body, "body");
    if (!opinion_body_check(call, body) || !consult_load(call, call->params[0], &row, &relation)) {
        return;
    }
    struct consult_change change = {
        .event = CONSULT_EVENT_SAVE, .actor = relation, .actor_id = call->actor->account_id};
    if (consult_if_match(call, &row) && consult_change(call, &row, &change) &&
        opinion_body_refers(call, row.id, body)) {
        enum status status = opinion_draft_save(call, row.id);
        if (status == STATUS_OK) {
            consult_reply(call, &row);
        } else {
            (void)api_store_failed(call, status);
        }
    }
    consult_row_clear(&row);
}

/* What only the whole list tells: the octets that were signed, and to the requester, who knows the
 * patient, what the hash of the identity was made with. */
static void add_record(json_t *object, struct db_query *q, unsigned relation)
{
    if (!db_is_null(q, CANONICAL)) {
        json_object_set_new(object, "canonical", json_string(db_text(q, CANONICAL)));
    }
    if (!db_is_null(q, IDENTITY_SALT) && (relation & CONSULT_ACTOR_REQUESTER) != 0) {
        json_object_set_new(object, "identity_salt", json_string(db_text(q, IDENTITY_SALT)));
    }
}

static void reply_list(struct api_call *call, const char *consultation_id, unsigned relation)
{
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(&q, call->db,
                   OPINION_SELECT
                   "WHERE o.consultation_id = $1 AND (o.status = 'signed' OR $2 = 1) ORDER BY "
                   "o.version");
    db_bind_text(&q, consultation_id);
    db_bind_int(&q, (relation & CONSULT_ACTOR_CONSULTANT) != 0 ? 1 : 0);
    while (db_next(&q)) {
        json_t *object = opinion_json(call->db, &q);
        add_record(object, &q, relation);
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
    /* candidates decide on the request, not on earlier opinions */
    if (!consult_load_for(call, call->params[0], ACCESS_ID_opinion_list, &row, &relation)) {
        return;
    }
    if (audit_reading(call, row.id, "case.read", NULL, NULL, NULL)) {
        reply_list(call, row.id, relation);
    }
    consult_row_clear(&row);
}
