#include "gateway/document/document_order.h"

#include "gateway/config/config.h"
#include "gateway/records/canonical.h"
#include "gateway/records/opinion_sign.h"

#include <stdio.h>
#include <string.h>

#define COPY(member, q, column) (void)snprintf(member, sizeof(member), "%s", db_text(q, column))

static const char *fault_of(struct db_query *q)
{
    const struct opinion_signed opinion = {
        .canonical = db_text(q, 1),
        .body = db_text(q, 6),
        .signature = db_text(q, 2),
        .public_key = db_text(q, 3),
        .signer_signature = db_text(q, 4),
        .organisation_key = "",
        .account_key = "",
    };
    return opinion_fault(&opinion);
}

static enum status read_opinion(struct db *db, struct document_order *order)
{
    struct db_query q;
    bool found = false, holds = false;
    db_begin_query(&q, db,
                   "SELECT id, canonical, signature, public_key, COALESCE(signer_signature, ''), "
                   "signed_ms, body FROM opinion WHERE consultation_id = $1 AND version = $2 AND "
                   "status = 'signed'");
    db_bind_text(&q, order->consultation_id);
    db_bind_int(&q, order->version);
    if (db_next(&q)) {
        found = true;
        holds = fault_of(&q) == NULL;
        COPY(order->opinion_id, &q, 0);
        order->canonical = strdup(db_text(&q, 1));
        COPY(order->signature, &q, 2);
        COPY(order->public_key, &q, 3);
        COPY(order->signer_signature, &q, 4);
        order->signed_ms = db_int(&q, 5);
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK || !found) {
        return status == STATUS_OK ? STATUS_NONE : status;
    }
    return order->canonical == NULL ? STATUS_NO_MEMORY : holds ? STATUS_OK : STATUS_UNAUTHENTIC;
}

/* What the record itself says of its signers. */
static enum status read_record(struct document_order *order)
{
    json_t *record = json_loads(order->canonical, 0, NULL);
    const json_t *consultant = json_object_get(record, "consultant");
    const char *key = json_string_value(json_object_get(consultant, "public_key"));
    const char *organisation =
        json_string_value(json_object_get(json_object_get(consultant, "organisation"), "id"));
    (void)snprintf(order->signer_key, sizeof order->signer_key, "%s", key == NULL ? "" : key);
    (void)snprintf(order->organisation_id, sizeof order->organisation_id, "%s",
                   organisation == NULL ? "" : organisation);
    json_decref(record);
    document_code_make(order->canonical, strlen(order->canonical), order->signature, order->code);
    return order->organisation_id[0] == '\0' ? STATUS_MALFORMED : STATUS_OK;
}

static enum status requester_json(struct db *db, const char *account_id, json_t **out_person)
{
    struct db_query q;
    *out_person = NULL;
    db_begin_query(
        &q, db,
        "SELECT p.name_zh, p.name_en, p.title, o.id, o.name_zh, o.name_en FROM account a "
        "JOIN practitioner p ON p.id = a.practitioner_id JOIN organisation o ON o.id = "
        "p.organisation_id WHERE a.id = $1");
    db_bind_text(&q, account_id);
    if (db_next(&q)) {
        *out_person = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}}", "account", account_id,
                                "name_zh", db_text(&q, 0), "name_en", db_text(&q, 1), "title",
                                db_text(&q, 2), "organisation", "id", db_text(&q, 3), "name_zh",
                                db_text(&q, 4), "name_en", db_text(&q, 5));
    }
    enum status status = db_end(&q);
    return status == STATUS_OK && *out_person == NULL ? STATUS_IO : status;
}

/* About this version only: the newest signed one, and decided after it was signed. */
static enum status decision_is_about(struct db *db, const struct consult_row *row,
                                     const struct document_order *order, bool *out_is)
{
    int64_t newest = 0;
    *out_is = false;
    if (row->decision == NULL || row->acknowledged_ms < order->signed_ms) {
        return STATUS_OK;
    }
    enum status status =
        db_one_int(db, &newest,
                   "SELECT COALESCE(MAX(version), 0) FROM opinion WHERE consultation_id = $1 AND "
                   "status = 'signed'",
                   "s", row->id);
    *out_is = status == STATUS_OK && newest == order->version;
    return status;
}

static enum status decision_text(struct db *db, const struct consult_row *row,
                                 struct document_order *order, size_t *out_len)
{
    char hash[65], decider[33] = "";
    json_t *by = NULL;
    /* who decided, even when another has taken the case over since */
    enum status status =
        db_one_text(db, decider, sizeof decider,
                    "SELECT actor_id FROM audit WHERE consultation_id = $1 AND action = "
                    "'consultation.acknowledge' ORDER BY seq DESC LIMIT 1",
                    "s", row->id);
    status = status == STATUS_OK || status == STATUS_NONE
                 ? requester_json(db, decider[0] == '\0' ? row->requester_id : decider, &by)
                 : status;
    if (status != STATUS_OK) {
        return status;
    }
    canonical_sha256(order->canonical, strlen(order->canonical), hash);
    json_t *root =
        json_pack("{s:s, s:{s:s, s:s}, s:I, s:s, s:O, s:o, s:I}", "format", "consult-decision-1",
                  "consultation", "id", row->id, "number", row->number, "opinion_version",
                  (json_int_t)order->version, "opinion_sha256", hash, "decision", row->decision,
                  "by", by, "acknowledged_ms", (json_int_t)row->acknowledged_ms);
    status = root == NULL ? STATUS_NO_MEMORY : canonical_write(root, &order->decision, out_len);
    json_decref(root);
    return status;
}

static enum status read_decision(struct api_call *call, const struct consult_row *row,
                                 struct document_order *order)
{
    bool about = false;
    size_t len = 0;
    enum status status = decision_is_about(call->db, row, order, &about);
    if (status != STATUS_OK || !about) {
        return status;
    }
    status = decision_text(call->db, row, order, &len);
    if (status == STATUS_OK) {
        order->edition = 1;
        (void)snprintf(order->decision_organisation, sizeof order->decision_organisation, "%s",
                       row->requester_organisation_id);
        status = call->services->sign(call->services->sign_context, row->requester_organisation_id,
                                      order->decision, len, order->decision_signature,
                                      order->decision_key);
    }
    return status;
}

static enum status read_made(struct db *db, struct document_order *order)
{
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT sha256, bytes FROM document WHERE consultation_id = $1 AND "
                   "opinion_version = $2 AND edition = $3");
    db_bind_text(&q, order->consultation_id);
    db_bind_int(&q, order->version);
    db_bind_int(&q, order->edition);
    if (db_next(&q)) {
        COPY(order->sha256, &q, 0);
        order->bytes = db_int(&q, 1);
    }
    return db_end(&q);
}

enum status document_order_read(struct api_call *call, const struct consult_row *row,
                                int64_t version, struct document_order *order)
{
    const char *base = call->config != NULL ? call->config->public_url : "";
    *order = (struct document_order){.version = version};
    (void)snprintf(order->consultation_id, sizeof order->consultation_id, "%s", row->id);
    enum status status = read_opinion(call->db, order);
    if (status == STATUS_OK) {
        status = read_record(order);
    }
    if (status == STATUS_OK) {
        status = read_decision(call, row, order);
    }
    if (status == STATUS_OK && base[0] != '\0') {
        (void)snprintf(order->url, sizeof order->url, "%.200s/#/verify/%s", base, order->code);
    }
    return status == STATUS_OK ? read_made(call->db, order) : status;
}
