#include "gateway/consult/consult_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_TEXT(member, column)                                                                   \
    (void)snprintf(row->member, sizeof row->member, "%s", db_text(q, column))

static json_t *read_json(struct db_query *q, int column, enum status *status)
{
    json_t *value = json_loads(db_text(q, column), 0, NULL);
    if (value == NULL && *status == STATUS_OK) {
        *status = STATUS_MALFORMED;
    }
    return value;
}

enum status consult_row_set_text(char **member, const char *text)
{
    char *copy = NULL;
    if (text != NULL && text[0] != '\0') {
        copy = strdup(text);
        if (copy == NULL) {
            return STATUS_NO_MEMORY;
        }
    }
    free(*member);
    *member = copy;
    return STATUS_OK;
}

void consult_row_clear(struct consult_row *row)
{
    json_decref(row->patient);
    json_decref(row->request);
    json_decref(row->decision);
    json_decref(row->follow_up);
    free(row->reason_text);
    free(row->consent_deferred);
    memset(row, 0, sizeof *row);
}

static enum status read_texts(struct db_query *q, struct consult_row *row)
{
    ROW_TEXT(id, 0);
    ROW_TEXT(number, 1);
    ROW_TEXT(kind, 5);
    ROW_TEXT(urgency, 6);
    ROW_TEXT(specialty, 7);
    ROW_TEXT(requester_id, 8);
    ROW_TEXT(requester_organisation_id, 9);
    ROW_TEXT(consultant_id, 10);
    ROW_TEXT(consultant_organisation_id, 11);
    ROW_TEXT(partnership_id, 12);
    ROW_TEXT(agreement_id, 13);
    ROW_TEXT(partnership_mode, 15);
    ROW_TEXT(reason_code, 29);
    ROW_TEXT(based_on, 32);
    ROW_TEXT(target_organisation_id, 33);
    ROW_TEXT(target_account_id, 34);
    ROW_TEXT(approval_for, 35);
    ROW_TEXT(verifier_id, 42);
    ROW_TEXT(review, 46);
    ROW_TEXT(manifest_sha256, 48);
    enum status status = consult_row_set_text(&row->reason_text, db_text(q, 30));
    return status == STATUS_OK ? consult_row_set_text(&row->consent_deferred, db_text(q, 31))
                               : status;
}

static enum status read_row(struct db_query *q, struct consult_row *row)
{
    enum status status = read_texts(q, row);
    row->version = db_int(q, 2);
    if (status == STATUS_OK && !consult_state_of(db_text(q, 3), &row->state)) {
        status = STATUS_MALFORMED;
    }
    row->state_since_ms = db_int(q, 4);
    row->agreement_version = db_int(q, 14);
    row->patient = read_json(q, 16, &status);
    row->request = read_json(q, 17, &status);
    if (!db_is_null(q, 18)) {
        row->decision = read_json(q, 18, &status);
    }
    int64_t *const times[] = {&row->deadline_ms, &row->created_ms,  &row->submitted_ms,
                              &row->offered_ms,  &row->accepted_ms, &row->started_ms,
                              &row->ended_ms,    &row->signed_ms,   &row->acknowledged_ms,
                              &row->closed_ms};
    for (int i = 0; i < 10; i++) {
        *times[i] = db_int(q, 19 + i);
    }
    row->escalation = db_int(q, 36);
    row->triaged_ms = db_int(q, 37);
    row->scheduled_from_ms = db_int(q, 38);
    row->scheduled_until_ms = db_int(q, 39);
    row->reschedules = db_int(q, 40);
    row->preliminary_ms = db_int(q, 41);
    row->critical_ms = db_int(q, 43);
    row->critical_known_ms = db_int(q, 44);
    if (!db_is_null(q, 45)) {
        row->follow_up = read_json(q, 45, &status);
    }
    row->archived_ms = db_int(q, 47);
    return status;
}

enum status consult_row_load(struct db *db, const char *id, struct consult_row *out_row)
{
    memset(out_row, 0, sizeof *out_row);
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT id, number, version, state, state_since_ms, kind, urgency, specialty, "
                   "requester_id, requester_organisation_id, "
                   "consultant_id, consultant_organisation_id, partnership_id, agreement_id, "
                   "agreement_version, partnership_mode, "
                   "patient, request, decision, deadline_ms, created_ms, submitted_ms, offered_ms, "
                   "accepted_ms, started_ms, ended_ms, "
                   "signed_ms, acknowledged_ms, closed_ms, reason_code, reason_text, "
                   "consent_deferred, based_on, target_organisation_id, target_account_id, "
                   "approval_for, escalation, triaged_ms, scheduled_from_ms, "
                   "scheduled_until_ms, reschedules, preliminary_ms, verifier_id, critical_ms, "
                   "critical_known_ms, follow_up, review, archived_ms, manifest_sha256 "
                   "FROM consultation WHERE id = $1");
    db_bind_text(&q, id);
    enum status status = STATUS_NONE;
    if (db_next(&q)) {
        status = read_row(&q, out_row);
    }
    enum status ended = db_end(&q);
    status = ended == STATUS_OK ? status : ended;
    if (status != STATUS_OK) {
        consult_row_clear(out_row);
    }
    return status;
}

struct row_json {
    char *patient, *request, *decision, *follow_up;
};

static void json_free(struct row_json *json)
{
    free(json->patient);
    free(json->request);
    free(json->decision);
    free(json->follow_up);
}

static enum status json_make(const struct consult_row *row, struct row_json *json)
{
    json->patient = json_dumps(row->patient, JSON_COMPACT);
    json->request = json_dumps(row->request, JSON_COMPACT);
    json->decision = row->decision == NULL ? NULL : json_dumps(row->decision, JSON_COMPACT);
    json->follow_up = row->follow_up == NULL ? NULL : json_dumps(row->follow_up, JSON_COMPACT);
    if (json->patient == NULL || json->request == NULL ||
        (row->decision != NULL && json->decision == NULL) ||
        (row->follow_up != NULL && json->follow_up == NULL)) {
        json_free(json);
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

/* $27 .. $43 */
static void bind_workflow(struct db_query *q, const struct consult_row *row,
                          const struct row_json *json)
{
    db_bind_optional(q, row->based_on);
    db_bind_optional(q, row->target_organisation_id);
    db_bind_optional(q, row->target_account_id);
    db_bind_optional(q, row->approval_for);
    db_bind_int(q, row->escalation);
    db_bind_time(q, row->triaged_ms);
    db_bind_time(q, row->scheduled_from_ms);
    db_bind_time(q, row->scheduled_until_ms);
    db_bind_int(q, row->reschedules);
    db_bind_time(q, row->preliminary_ms);
    db_bind_optional(q, row->verifier_id);
    db_bind_time(q, row->critical_ms);
    db_bind_time(q, row->critical_known_ms);
    db_bind_text(q, json->follow_up);
    db_bind_optional(q, row->review);
    db_bind_time(q, row->archived_ms);
    db_bind_optional(q, row->manifest_sha256);
}

/* $1 .. $45, the same for INSERT and UPDATE. */
static void bind_members(struct db_query *q, const struct consult_row *row,
                         const struct row_json *json)
{
    db_bind_text(q, consult_state_name(row->state));
    db_bind_int(q, row->state_since_ms);
    db_bind_text(q, row->kind);
    db_bind_text(q, row->urgency);
    db_bind_text(q, row->specialty);
    db_bind_optional(q, row->consultant_id);
    db_bind_optional(q, row->consultant_organisation_id);
    db_bind_optional(q, row->partnership_id);
    db_bind_optional(q, row->agreement_id);
    db_bind_time(q, row->agreement_version);
    db_bind_optional(q, row->partnership_mode);
    db_bind_text(q, json->patient);
    db_bind_text(q, json->request);
    db_bind_text(q, json->decision);
    const int64_t times[] = {row->deadline_ms, row->submitted_ms,    row->offered_ms,
                             row->accepted_ms, row->started_ms,      row->ended_ms,
                             row->signed_ms,   row->acknowledged_ms, row->closed_ms};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        db_bind_time(q, times[i]);
    }
    db_bind_optional(q, row->reason_code);
    db_bind_optional(q, row->reason_text);
    db_bind_optional(q, row->consent_deferred);
    bind_workflow(q, row, json);
    db_bind_int(q, row->version);
    db_bind_text(q, row->id);
}

/* Once more as a column of its own, to find one patient's consultations by. NULL: none. */
static const char *patient_number(const struct consult_row *row)
{
    return json_string_value(json_object_get(row->patient, "id_number"));
}

static enum status step_once(struct db_query *q)
{
    while (db_next(q)) {
    }
    return db_end(q);
}

enum status consult_row_insert(struct db *db, const struct consult_row *row)
{
    struct row_json json = {NULL, NULL, NULL, NULL};
    enum status status = json_make(row, &json);
    if (status != STATUS_OK) {
        return status;
    }
    struct db_query q;
    db_begin_query(&q, db,
                   "INSERT INTO consultation (state, state_since_ms, kind, urgency, specialty, "
                   "consultant_id, consultant_organisation_id, partnership_id, agreement_id, "
                   "agreement_version, partnership_mode, patient, request, decision, "
                   "deadline_ms, submitted_ms, offered_ms, accepted_ms, started_ms, ended_ms, "
                   "signed_ms, acknowledged_ms, closed_ms, reason_code, reason_text, "
                   "consent_deferred, based_on, target_organisation_id, target_account_id, "
                   "approval_for, escalation, triaged_ms, scheduled_from_ms, scheduled_until_ms, "
                   "reschedules, preliminary_ms, verifier_id, critical_ms, critical_known_ms, "
                   "follow_up, review, archived_ms, manifest_sha256, version, id, number, "
                   "requester_id, requester_organisation_id, created_ms, patient_number) VALUES "
                   "($1, $2, $3, $4, "
                   "$5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, "
                   "$21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, "
                   "$36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50)");
    bind_members(&q, row, &json);
    db_bind_text(&q, row->number);
    db_bind_text(&q, row->requester_id);
    db_bind_text(&q, row->requester_organisation_id);
    db_bind_int(&q, row->created_ms);
    db_bind_text(&q, patient_number(row));
    status = step_once(&q);
    json_free(&json);
    return status;
}

enum status consult_row_update(struct db *db, struct consult_row *row)
{
    struct row_json json = {NULL, NULL, NULL, NULL};
    enum status status = json_make(row, &json);
    if (status != STATUS_OK) {
        return status;
    }
    struct db_query q;
    db_begin_query(&q, db,
                   "UPDATE consultation SET state = $1, state_since_ms = $2, kind = $3, urgency "
                   "= $4, specialty = $5, consultant_id = $6, consultant_organisation_id = $7, "
                   "partnership_id = $8, agreement_id = $9, agreement_version = $10, "
                   "partnership_mode = $11, patient = $12, request = $13, decision = $14, "
                   "deadline_ms = $15, submitted_ms = $16, offered_ms = $17, accepted_ms = $18, "
                   "started_ms = $19, ended_ms = $20, signed_ms = $21, acknowledged_ms = $22, "
                   "closed_ms = $23, reason_code = $24, reason_text = $25, consent_deferred = "
                   "$26, based_on = $27, target_organisation_id = $28, target_account_id = $29, "
                   "approval_for = $30, escalation = $31, triaged_ms = $32, scheduled_from_ms = "
                   "$33, scheduled_until_ms = $34, reschedules = $35, preliminary_ms = $36, "
                   "verifier_id = $37, critical_ms = $38, critical_known_ms = $39, follow_up = "
                   "$40, review = $41, archived_ms = $42, manifest_sha256 = $43, version = $44 + "
                   "1, requester_id = $46, patient_number = $47 WHERE id = $45 AND version = "
                   "$48");
    bind_members(&q, row, &json);
    db_bind_text(&q, row->requester_id);
    db_bind_text(&q, patient_number(row));
    db_bind_int(&q, row->version);
    status = step_once(&q);
    json_free(&json);
    if (status == STATUS_OK && db_changes(db) != 1) {
        status = STATUS_CONFLICT;
    }
    if (status == STATUS_OK) {
        row->version++;
    }
    return status;
}
