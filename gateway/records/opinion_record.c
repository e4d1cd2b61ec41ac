#include "gateway/records/opinion_record.h"

#include "gateway/consult/consult_fields.h"
#include "gateway/partnership/rules.h"
#include "gateway/partnership/rules_load.h"
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

enum status opinion_record_identity(const struct consult_row *row, const char *salt,
                                    char out_hex[65])
{
    static const char *const members[] = {"id_type", "id_number", "name", "birth_date"};
    json_t *identity = json_pack("{s:s, s:s*}", "consultation", row->id, "salt", salt);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        json_t *value = json_object_get(row->patient, members[i]);
        json_object_set_new(identity, members[i], value == NULL ? json_null() : json_incref(value));
    }
    enum status status = canonical_hash(identity, out_hex);
    json_decref(identity);
    return status;
}

void opinion_record_age(const char *birth_date, int64_t at_ms, char *out, size_t out_len)
{
    char today[11];
    int y = 0, m = 0, d = 0, ny = 0, nm = 0, nd = 0;
    rules_today(at_ms, today);
    out[0] = '\0';
    if (birth_date == NULL || !rules_date_valid(birth_date) || strcmp(birth_date, today) > 0 ||
        sscanf(birth_date, "%4d-%2d-%2d", &y, &m, &d) != 3 ||
        sscanf(today, "%4d-%2d-%2d", &ny, &nm, &nd) != 3) {
        return;
    }
    int months = (ny - y) * 12 + nm - m - (nd < d);
    if (months >= 12) {
        (void)snprintf(out, out_len, "%d岁", months / 12);
    } else if (months >= 1) {
        (void)snprintf(out, out_len, "%d个月", months);
    } else {
        (void)snprintf(out, out_len, "%lld天", (long long)(rules_days_of(ny, nm, nd) - rules_days_of(y, m, d)));
    }
}

/* As the printed form shows the patient: the number masked, the age instead of the date of birth.
 */
static enum status patient_part(const struct consult_row *row, const char *salt, json_t **out_part)
{
    static const char *const shown[] = {"name", "sex", "id_type", "id_number_masked", "record_no"};
    char hash[65], age[64];
    enum status status = opinion_record_identity(row, salt, hash);
    json_t *view = consult_fields_patient_view(row->patient, false);
    json_t *part = json_object();
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        json_t *value = json_object_get(view, shown[i]);
        if (json_is_string(value)) {
            json_object_set(part, shown[i], value);
        }
    }
    opinion_record_age(json_string_value(json_object_get(view, "birth_date")),
                       row->submitted_ms != 0 ? row->submitted_ms : row->created_ms, age,
                       sizeof age);
    const char *told = json_string_value(json_object_get(view, "age"));
    json_object_set_new(part, "age", json_string(age[0] != '\0' || told == NULL ? age : told));
    json_decref(view);
    if (status != STATUS_OK ||
        json_object_set_new(part, "identity_sha256", json_string(hash)) != 0) {
        json_decref(part);
        return status != STATUS_OK ? status : STATUS_NO_MEMORY;
    }
    *out_part = part;
    return STATUS_OK;
}

json_t *opinion_record_request(const json_t *request)
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

static enum status attachments_part(struct db *db, const char *consultation_id, json_t **out_part)
{
    struct db_query q;
    json_t *part = json_array();
    db_begin_query(&q, db,
                   "SELECT id, kind, name, sha256, modality, description FROM attachment WHERE "
                   "consultation_id = $1 ORDER BY sha256");
    db_bind_text(&q, consultation_id);
    while (db_next(&q)) {
        json_array_append_new(
            part, json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*}", "id", db_text(&q, 0), "kind",
                            db_text(&q, 1), "name", db_text(&q, 2), "sha256", db_text(&q, 3),
                            "modality", db_is_null(&q, 4) ? NULL : db_text(&q, 4), "description",
                            db_is_null(&q, 5) ? NULL : db_text(&q, 5)));
    }
    *out_part = part;
    return db_end(&q);
}

static enum status recordings_part(struct db *db, const char *consultation_id, json_t **out_part)
{
    struct db_query q;
    json_t *part = json_array();
    db_begin_query(&q, db,
                   "SELECT part, sha256 FROM recording WHERE consultation_id = $1 AND sha256 IS "
                   "NOT NULL ORDER BY part");
    db_bind_text(&q, consultation_id);
    while (db_next(&q)) {
        json_array_append_new(part, json_pack("{s:I, s:s}", "part", (json_int_t)db_int(&q, 0),
                                              "sha256", db_text(&q, 1)));
    }
    *out_part = part;
    return db_end(&q);
}

static enum status partnership_part(struct db *db, const struct consult_row *row, json_t **out_part)
{
    struct db_query q;
    json_t *part = json_pack("{s:s, s:s, s:s, s:I}", "id", row->partnership_id, "mode",
                             row->partnership_mode, "agreement_id", row->agreement_id,
                             "agreement_version", (json_int_t)row->agreement_version);
    db_begin_query(&q, db, "SELECT name_zh, name_en FROM partnership WHERE id = $1");
    db_bind_text(&q, row->partnership_id);
    if (db_next(&q)) {
        json_object_set_new(part, "name_zh", json_string(db_text(&q, 0)));
        json_object_set_new(part, "name_en", json_string(db_text(&q, 1)));
    }
    *out_part = part;
    return db_end(&q);
}

/* The consultant with the key of the own signature: the institution, which signs the whole,
 * vouches for it. */
static enum status consultant_part(struct db *db, const struct consult_row *row,
                                   const struct opinion_text *opinion, json_t **out_part)
{
    enum status status = person_part(db, row->consultant_id, out_part);
    if (status == STATUS_OK) {
        json_object_set_new(*out_part, "public_key", json_string(opinion->signer_key));
    }
    return status;
}

static enum status specialty_names(struct db *db, const char *code, json_t *consultation)
{
    struct db_query q;
    db_begin_query(&q, db, "SELECT name_zh, name_en FROM specialty WHERE code = $1");
    db_bind_text(&q, code);
    if (db_next(&q)) {
        json_object_set_new(consultation, "specialty_zh", json_string(db_text(&q, 0)));
        json_object_set_new(consultation, "specialty_en", json_string(db_text(&q, 1)));
    }
    return db_end(&q);
}

enum { REQUESTER, CONSULTANT, PATIENT, PARTNERSHIP, ATTACHMENTS, RECORDINGS, VERIFIER, PARTS };
static const char *const part_names[PARTS] = {"requester",   "consultant", "patient", "partnership",
                                              "attachments", "recordings", "verifier"};

static enum status read_parts(struct db *db, const struct consult_row *row,
                              const struct opinion_text *opinion, json_t *parts[PARTS])
{
    enum status status = person_part(db, row->requester_id, &parts[REQUESTER]);
    if (status == STATUS_OK) {
        status = consultant_part(db, row, opinion, &parts[CONSULTANT]);
    }
    if (status == STATUS_OK) {
        status = patient_part(row, opinion->identity_salt, &parts[PATIENT]);
    }
    if (status == STATUS_OK) {
        status = partnership_part(db, row, &parts[PARTNERSHIP]);
    }
    if (status == STATUS_OK) {
        status = attachments_part(db, row->id, &parts[ATTACHMENTS]);
    }
    if (status == STATUS_OK) {
        status = recordings_part(db, row->id, &parts[RECORDINGS]);
    }
    if (status == STATUS_OK && opinion->verifier_id != NULL) {
        status = person_part(db, opinion->verifier_id, &parts[VERIFIER]);
    }
    return status;
}

enum status opinion_record_make(struct db *db, const struct consult_row *row,
                                const struct opinion_text *opinion, int64_t signed_ms,
                                char **out_canonical, size_t *out_len)
{
    json_t *parts[PARTS] = {NULL};
    json_t *consultation = consultation_part(row);
    json_t *record = json_pack(
        "{s:s, s:o, s:o, s:{s:I, s:O, s:s*}, s:I, s:O*}", "format", "consult-opinion-2",
        "consultation", consultation, "request", opinion_record_request(row->request), "opinion",
        "version", (json_int_t)opinion->version, "body", opinion->body, "amend_reason",
        opinion->amend_reason, "signed_ms", (json_int_t)signed_ms, "members", opinion->members);
    enum status status = record == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK) {
        status = specialty_names(db, row->specialty, consultation);
    }
    if (status == STATUS_OK) {
        status = read_parts(db, row, opinion, parts);
    }
    for (size_t i = 0; i < PARTS; i++) {
        if (parts[i] != NULL && json_object_set_new(record, part_names[i], parts[i]) != 0) {
            status = STATUS_NO_MEMORY;
        }
    }
    if (status == STATUS_OK) {
        status = canonical_write(record, out_canonical, out_len);
    }
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
