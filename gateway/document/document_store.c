#include "gateway/document/document_store.h"

#include "gateway/consult/consult_row.h"
#include "gateway/document/members.h"
#include "gateway/document/report_parts.h"
#include "gateway/imaging/blob_path.h"
#include "gateway/records/canonical.h"
#include "gateway/records/opinion_record.h"
#include "gateway/records/opinion_sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMED_MAX 20

static void say(json_t *report, const char *layer, bool ok, const char *what, const char *pointer)
{
    document_finding_add(report, &(struct document_finding){
                                     .layer = layer, .ok = ok, .what = what, .pointer = pointer});
}

/* A finding for each member that differs, below `prefix`; how many. */
static size_t say_differences(json_t *report, const char *layer, const char *prefix,
                              const json_t *one, const json_t *other)
{
    json_t *a = members_hash(one), *b = members_hash(other);
    json_t *differ = members_differ(a, b, NAMED_MAX);
    size_t count = json_array_size(differ);
    for (size_t i = 0; i < count; i++) {
        char pointer[600];
        (void)snprintf(pointer, sizeof pointer, "%s%s", prefix,
                       json_string_value(json_array_get(differ, i)));
        say(report, layer, false, NULL, pointer);
    }
    json_decref(a);
    json_decref(b);
    json_decref(differ);
    return count;
}

enum status document_store_key(struct db *db, const char *organisation_id, char out_key[65])
{
    out_key[0] = '\0';
    enum status status = db_one_text(
        db, out_key, 65, "SELECT COALESCE(signing_public_key, '') FROM organisation WHERE id = $1",
        "s", organisation_id);
    return status == STATUS_NONE ? STATUS_OK : status;
}

/* Is there an audit row of a signature with this hash? */
static enum status check_audit(struct db *db, const char *consultation_id, const char *canonical,
                               json_t *report)
{
    char hash[65];
    int64_t rows = 0;
    canonical_sha256(canonical, strlen(canonical), hash);
    enum status status = db_one_int(
        db, &rows,
        "SELECT COUNT(*) FROM audit WHERE consultation_id = $1 AND action = 'consultation.sign' "
        "AND detail LIKE '%\"sha256\":\"' || $2 || '\"%'",
        "ss", consultation_id, hash);
    if (status == STATUS_OK) {
        say(report, "store-audit", rows > 0, rows > 0 ? NULL : "no such signature", NULL);
    }
    return status;
}

/* ---- a file against the store ---- */

static enum status compare_record(struct db *db, struct document_claim *claim, const char *id,
                                  int64_t version)
{
    struct db_query q;
    bool found = false;
    db_begin_query(&q, db,
                   "SELECT canonical FROM opinion WHERE consultation_id = $1 AND version = $2 AND "
                   "status = 'signed'");
    db_bind_text(&q, id);
    db_bind_int(&q, version);
    if (db_next(&q)) {
        found = true;
        bool same = claim->canonical != NULL && strcmp(db_text(&q, 0), claim->canonical) == 0;
        json_t *stored = same ? NULL : json_loads(db_text(&q, 0), 0, NULL);
        if (same) {
            say(claim->report, "store-record", true, NULL, NULL);
        } else if (stored == NULL || claim->record == NULL ||
                   say_differences(claim->report, "store-record", "", claim->record, stored) == 0) {
            say(claim->report, "store-record", false, "record.json", NULL);
        }
        json_decref(stored);
    }
    enum status status = db_end(&q);
    if (status == STATUS_OK && !found) {
        say(claim->report, "store-record", false, "no such opinion", NULL);
    }
    return status;
}

static enum status note_superseded(struct db *db, json_t *report, const char *id, int64_t version)
{
    int64_t newest = 0;
    enum status status =
        db_one_int(db, &newest,
                   "SELECT COALESCE(MAX(version), 0) FROM opinion WHERE consultation_id = $1 AND "
                   "status = 'signed'",
                   "s", id);
    json_object_set_new(report, "superseded_by",
                        newest > version ? json_integer((json_int_t)newest) : json_null());
    return status;
}

enum status document_store_compare(struct db *db, struct document_claim *claim)
{
    const char *id = report_text(json_object_get(claim->record, "consultation"), "id");
    int64_t version =
        json_integer_value(json_object_get(json_object_get(claim->record, "opinion"), "version"));
    char key[65];
    enum status status = document_store_key(db, claim->organisation_id, key);
    if (status == STATUS_OK) {
        document_check_key(claim, key);
        status = compare_record(db, claim, id, version);
    }
    if (status == STATUS_OK && claim->canonical != NULL) {
        status = check_audit(db, id, claim->canonical, claim->report);
    }
    return status == STATUS_OK ? note_superseded(db, claim->report, id, version) : status;
}

/* ---- the store against itself ---- */

struct stored {
    int64_t version;
    char *canonical, *body;
    char signature[129], public_key[65], signer_signature[129], salt[OPINION_SALT_SIZE],
        organisation_key[65], account_key[65];
};

static void stored_clear(struct stored *s)
{
    free(s->canonical);
    free(s->body);
}

#define COPY(member, column) (void)snprintf(member, sizeof(member), "%s", db_text(&q, column))

/* The next signed version after s->version. */
static enum status read_next(struct db *db, const char *id, struct stored *s)
{
    struct db_query q;
    bool found = false;
    db_begin_query(&q, db,
                   "SELECT o.version, o.canonical, o.body, o.signature, o.public_key, "
                   "o.signer_signature, o.identity_salt, g.signing_public_key, k.public_key FROM "
                   "opinion o JOIN account a ON a.id = o.author_id JOIN practitioner p ON p.id = "
                   "a.practitioner_id JOIN organisation g ON g.id = p.organisation_id LEFT JOIN "
                   "account_key k ON k.account_id = a.id WHERE o.consultation_id = $1 AND "
                   "o.version > $2 AND o.status = 'signed' ORDER BY o.version LIMIT 1");
    db_bind_text(&q, id);
    db_bind_int(&q, s->version);
    if (db_next(&q)) {
        found = true;
        s->version = db_int(&q, 0);
        s->canonical = strdup(db_text(&q, 1));
        s->body = strdup(db_text(&q, 2));
        COPY(s->signature, 3);
        COPY(s->public_key, 4);
        COPY(s->signer_signature, 5);
        COPY(s->salt, 6);
        COPY(s->organisation_key, 7);
        COPY(s->account_key, 8);
    }
    enum status status = db_end(&q);
    if (status == STATUS_OK && found && (s->canonical == NULL || s->body == NULL)) {
        return STATUS_NO_MEMORY;
    }
    return status == STATUS_OK && !found ? STATUS_NONE : status;
}

static void check_signatures(const struct stored *s, const json_t *record, json_t *report)
{
    const struct opinion_signed signed_row = {.canonical = s->canonical,
                                              .body = s->body,
                                              .signature = s->signature,
                                              .public_key = s->public_key,
                                              .signer_signature = s->signer_signature,
                                              .organisation_key = s->organisation_key,
                                              .account_key = s->account_key};
    const char *fault = opinion_fault(&signed_row);
    json_t *body = json_loads(s->body, 0, NULL);
    bool of_body = fault != NULL && strcmp(fault, "body") == 0;
    if (!of_body) {
        say(report, "record", fault == NULL, fault, NULL);
    }
    const json_t *signed_body = json_object_get(json_object_get(record, "opinion"), "body");
    if (body == NULL || signed_body == NULL) {
        say(report, "store-body", false, "cannot be read", NULL);
    } else if (say_differences(report, "store-body", "/opinion/body", signed_body, body) == 0) {
        say(report, "store-body", true, NULL, NULL);
    }
    json_decref(body);
}

/* The requester's decision is the one of the audit row of its making; rows of before there was a
 * hash in them say nothing. */
static enum status check_decision(struct db *db, const struct consult_row *row, json_t *report)
{
    char hash[65] = "";
    json_t *detail = NULL;
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT detail FROM audit WHERE consultation_id = $1 AND action = "
                   "'consultation.acknowledge' ORDER BY seq DESC LIMIT 1");
    db_bind_text(&q, row->id);
    if (db_next(&q)) {
        detail = json_loads(db_text(&q, 0), 0, NULL);
    }
    enum status status = db_end(&q);
    const char *known = report_text(detail, "sha256");
    if (status == STATUS_OK && known[0] != '\0') {
        bool same = row->decision != NULL && canonical_hash(row->decision, hash) == STATUS_OK &&
                    strcmp(hash, known) == 0;
        say(report, "store-decision", same, NULL, same ? NULL : "/decision");
    }
    json_decref(detail);
    return status;
}

/* Request and identity as the store has them now: nobody may change them after the submission. */
static enum status check_row(struct db *db, const char *id, const struct stored *s,
                             const json_t *record, json_t *report)
{
    struct consult_row row;
    char hash[65];
    enum status status = consult_row_load(db, id, &row);
    if (status != STATUS_OK) {
        return status;
    }
    json_t *request = opinion_record_request(row.request);
    if (say_differences(report, "store-request", "/request", json_object_get(record, "request"),
                        request) == 0) {
        say(report, "store-request", true, NULL, NULL);
    }
    status = opinion_record_identity(&row, s->salt[0] != '\0' ? s->salt : NULL, hash);
    if (status == STATUS_OK) {
        const json_t *patient = json_object_get(record, "patient");
        bool same = strcmp(hash, report_text(patient, "identity_sha256")) == 0;
        say(report, "store-identity", same, NULL, same ? NULL : "/patient");
    }
    status = status == STATUS_OK ? check_decision(db, &row, report) : status;
    json_decref(request);
    consult_row_clear(&row);
    return status;
}

static uint8_t *read_blob(const char *data_folder, const char *sha256, size_t *out_len)
{
    struct blob_path path;
    uint8_t *data = malloc(DOCUMENT_FILE_MAX);
    FILE *f = data != NULL && blob_path_blob(data_folder, sha256, &path) == STATUS_OK
                  ? fopen(path.text, "rb")
                  : NULL;
    *out_len = f != NULL ? fread(data, 1, DOCUMENT_FILE_MAX, f) : 0;
    if (f != NULL) {
        (void)fclose(f);
    } else {
        free(data);
        data = NULL;
    }
    return data;
}

/* What the file itself says, and whether it holds the stored record. */
static enum status check_file(const uint8_t *data, size_t len, const struct stored *s,
                              json_t *report)
{
    struct document_claim claim;
    enum status status = document_check(data, len, &claim);
    if (status != STATUS_OK) {
        return status;
    }
    const json_t *findings = json_object_get(claim.report, "findings");
    document_check_key(&claim, s->organisation_key);
    json_array_extend(json_object_get(report, "findings"),
                      json_object_get(claim.report, "findings"));
    if (!json_is_true(json_object_get(claim.report, "valid"))) {
        json_object_set_new(report, "valid", json_false());
    }
    json_t *stored = json_loads(s->canonical, 0, NULL);
    if (findings != NULL && claim.record != NULL && stored != NULL &&
        say_differences(report, "store-record", "", claim.record, stored) == 0) {
        say(report, "store-record", true, NULL, NULL);
    }
    json_decref(stored);
    document_claim_clear(&claim);
    return STATUS_OK;
}

static enum status check_document(const char *data_folder, const char *sha256,
                                  const struct stored *s, json_t *report)
{
    size_t len = 0;
    char hash[65];
    uint8_t *data = read_blob(data_folder, sha256, &len);
    if (data == NULL) {
        say(report, "store-file", false, "the file is missing", NULL);
        return STATUS_OK;
    }
    canonical_sha256(data, len, hash);
    bool same = strcmp(hash, sha256) == 0;
    say(report, "store-file", same, same ? NULL : "the file has another hash", NULL);
    enum status status = check_file(data, len, s, report);
    free(data);
    return status;
}

static enum status check_documents(struct db *db, const char *data_folder, const char *id,
                                   const struct stored *s, json_t *report)
{
    struct db_query q;
    enum status status = STATUS_OK;
    db_begin_query(&q, db,
                   "SELECT sha256 FROM document WHERE consultation_id = $1 AND opinion_version = "
                   "$2 ORDER BY edition");
    db_bind_text(&q, id);
    db_bind_int(&q, s->version);
    while (status == STATUS_OK && db_next(&q)) {
        status = check_document(data_folder, db_text(&q, 0), s, report);
    }
    enum status ended = db_end(&q);
    return status == STATUS_OK ? ended : status;
}

static enum status check_version(struct db *db, const char *data_folder, const char *id,
                                 const struct stored *s, json_t *report)
{
    json_t *record = json_loads(s->canonical, 0, NULL);
    if (record == NULL) {
        say(report, "record", false, "cannot be read", NULL);
    }
    check_signatures(s, record, report);
    enum status status = record != NULL ? check_row(db, id, s, record, report) : STATUS_OK;
    if (status == STATUS_OK) {
        status = check_audit(db, id, s->canonical, report);
    }
    if (status == STATUS_OK && data_folder != NULL) {
        status = check_documents(db, data_folder, id, s, report);
    }
    json_decref(record);
    return status;
}

enum status document_store_check(struct db *db, const char *data_folder, const char *number,
                                 json_t **out_reports)
{
    char id[33];
    struct stored s = {.version = 0};
    enum status status = db_one_text(db, id, sizeof id,
                                     "SELECT id FROM consultation WHERE number = $1", "s", number);
    if (status != STATUS_OK) {
        return status;
    }
    json_t *reports = json_array();
    while (status == STATUS_OK && (status = read_next(db, id, &s)) == STATUS_OK) {
        json_t *report =
            json_pack("{s:I, s:b, s:[]}", "version", (json_int_t)s.version, "valid", 1, "findings");
        status = check_version(db, data_folder, id, &s, report);
        json_array_append_new(reports, report);
        stored_clear(&s);
        s = (struct stored){.version = s.version};
    }
    stored_clear(&s);
    if (status != STATUS_NONE) {
        json_decref(reports);
        return status;
    }
    *out_reports = reports;
    return STATUS_OK;
}
