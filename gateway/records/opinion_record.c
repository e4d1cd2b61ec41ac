#include "gateway/records/opinion_record.h"

#include "gateway/records/canonical.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_time(json_t *object, const char *name, int64_t ms)
{
    if (ms != 0) {
        json_object_set_new(object, name, json_integer(ms));
    }
}

static json_t *consultation_part(const struct consult_row *row)
{
    json_t *part =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", row->id, "number", row->number, "kind",
                  row->kind, "urgency", row->urgency, "specialty", row->specialty);
    set_time(part, "created_ms", row->created_ms);
    set_time(part, "submitted_ms", row->submitted_ms);
    set_time(part, "offered_ms", row->offered_ms);
    set_time(part, "accepted_ms", row->accepted_ms);
    set_time(part, "started_ms", row->started_ms);
    set_time(part, "ended_ms", row->ended_ms);
    return part;
}

static enum status person_part(struct db *db, const char *account_id, json_t **out_part)
{
    struct db_query q;
    *out_part = NULL;
    db_begin_query(&q, db,
                   "SELECT p.name_zh, p.name_en, p.title, COALESCE(p.licence_no, ''), o.id, "
                   "o.code, o.name_zh, o.name_en FROM account a JOIN "
                   "practitioner p ON p.id = a.practitioner_id JOIN organisation o ON o.id = "
                   "p.organisation_id WHERE a.id = $1");
    db_bind_text(&q, account_id);
    if (db_next(&q)) {
        *out_part =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s}}", "account", account_id,
                      "name_zh", db_text(&q, 0), "name_en", db_text(&q, 1), "title", db_text(&q, 2),
                      "licence_no", db_text(&q, 3), "organisation", "id", db_text(&q, 4), "code",
                      db_text(&q, 5), "name_zh", db_text(&q, 6), "name_en", db_text(&q, 7));
    }
    enum status status = db_end(&q);
    return status == STATUS_OK && *out_part == NULL ? STATUS_IO : status;
}

static enum status patient_part(const struct consult_row *row, json_t **out_part)
{
    static const char *const members[] = {"id_type", "id_number", "name", "birth_date"};
    json_t *identity = json_pack("{s:s}", "consultation", row->id);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        json_t *value = json_object_get(row->patient, members[i]);
        json_object_set_new(identity, members[i], value == NULL ? json_null() : json_incref(value));
    }
    char *octets = NULL;
    size_t len = 0;
    char hash[65];
    enum status status = canonical_write(identity, &octets, &len);
    json_decref(identity);
    if (status != STATUS_OK) {
        return status;
    }
    canonical_sha256(octets, len, hash);
    free(octets);
    const char *name = json_string_value(json_object_get(row->patient, "name"));
    *out_part = json_pack("{s:s, s:s}", "name", name == NULL ? "" : name, "identity_sha256", hash);
    return *out_part == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

/* Vital signs may hold decimals, which canonical JSON has not: they are signed as the text a reader
 * sees. */
static json_t *request_part(const json_t *request)
{
    json_t *part = json_deep_copy(request);
    json_t *vitals = json_object_get(part, "vital_signs");
    const char *name;
    json_t *value;
    void *next;
    if (!json_is_object(vitals)) {
        return part;
    }
    json_object_foreach_safe(vitals, next, name, value)
    {
        if (json_is_real(value)) {
            char digits[40];
            (void)snprintf(digits, sizeof digits, "%.10g", json_real_value(value));
            json_object_set_new(vitals, name, json_string(digits));
        }
    }
    return part;
}

static enum status hashes_part(struct db *db, const char *consultation_id, json_t **out_attachments,
                               json_t **out_recordings)
{
    struct db_query q;
    *out_attachments = json_array();
    *out_recordings = json_array();
    db_begin_query(&q, db,
                   "SELECT sha256 FROM attachment WHERE consultation_id = $1 ORDER BY sha256");
    db_bind_text(&q, consultation_id);
    while (db_next(&q)) {
        json_array_append_new(*out_attachments, json_string(db_text(&q, 0)));
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        return status;
    }
    db_begin_query(&q, db,
                   "SELECT part, sha256 FROM recording WHERE consultation_id = $1 AND sha256 IS "
                   "NOT NULL ORDER BY part");
    db_bind_text(&q, consultation_id);
    while (db_next(&q)) {
        json_array_append_new(
            *out_recordings,
            json_pack("{s:I, s:s}", "part", (json_int_t)db_int(&q, 0), "sha256", db_text(&q, 1)));
    }
    return db_end(&q);
}

static json_t *partnership_part(const struct consult_row *row)
{
    return json_pack("{s:s, s:s, s:s, s:I}", "id", row->partnership_id, "mode",
                     row->partnership_mode, "agreement_id", row->agreement_id, "agreement_version",
                     (json_int_t)row->agreement_version);
}

enum status opinion_record_make(struct db *db, const struct consult_row *row,
                                const struct opinion_text *opinion, int64_t signed_ms,
                                char **out_canonical, size_t *out_len)
{
    json_t *requester = NULL, *consultant = NULL, *patient = NULL, *attachments = NULL,
           *recordings = NULL;
    enum status status = person_part(db, row->requester_id, &requester);
    status = status == STATUS_OK ? person_part(db, row->consultant_id, &consultant) : status;
    status = status == STATUS_OK ? patient_part(row, &patient) : status;
    status = status == STATUS_OK ? hashes_part(db, row->id, &attachments, &recordings) : status;
    if (status != STATUS_OK) {
        json_decref(requester);
        json_decref(consultant);
        json_decref(patient);
        json_decref(attachments);
        json_decref(recordings);
        return status;
    }
    json_t *text = json_pack("{s:I, s:O, s:s*}", "version", (json_int_t)opinion->version, "body",
                             opinion->body, "amend_reason", opinion->amend_reason);
    json_t *record = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "format", "consult-opinion-1",
        "consultation", consultation_part(row), "partnership", partnership_part(row), "requester",
        requester, "consultant", consultant, "patient", patient, "request",
        request_part(row->request), "opinion", text, "attachments", attachments, "recordings",
        recordings, "signed_ms", (json_int_t)signed_ms);
    status = record == NULL ? STATUS_NO_MEMORY : canonical_write(record, out_canonical, out_len);
    json_decref(record);
    return status;
}

bool opinion_record_verify(const char *canonical, const char *signature_hex,
                           const char *public_key_hex)
{
    unsigned char signature[crypto_sign_BYTES], key[crypto_sign_PUBLICKEYBYTES];
    size_t signature_len = 0, key_len = 0;
    if (sodium_hex2bin(signature, sizeof signature, signature_hex, strlen(signature_hex), NULL,
                       &signature_len, NULL) != 0 ||
        sodium_hex2bin(key, sizeof key, public_key_hex, strlen(public_key_hex), NULL, &key_len,
                       NULL) != 0 ||
        signature_len != sizeof signature || key_len != sizeof key) {
        return false;
    }
    return crypto_sign_verify_detached(signature, (const unsigned char *)canonical,
                                       strlen(canonical), key) == 0;
}
