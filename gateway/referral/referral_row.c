#include "gateway/referral/referral_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_TEXT(member, column)                                                                   \
    (void)snprintf(row->member, sizeof row->member, "%s", db_text(q, column))

void referral_row_clear(struct referral_row *row)
{
    json_decref(row->patient);
    json_decref(row->body);
    json_decref(row->answer);
    free(row->reason_text);
    memset(row, 0, sizeof *row);
}

enum status referral_row_set_reason(struct referral_row *row, const char *code, const char *text)
{
    char *copy = NULL;
    if (text != NULL && text[0] != '\0') {
        copy = strdup(text);
        if (copy == NULL) {
            return STATUS_NO_MEMORY;
        }
    }
    free(row->reason_text);
    row->reason_text = copy;
    (void)snprintf(row->reason_code, sizeof row->reason_code, "%s", code == NULL ? "" : code);
    return STATUS_OK;
}

static json_t *read_json(struct db_query *q, int column, enum status *status)
{
    json_t *value = json_loads(db_text(q, column), 0, NULL);
    if (value == NULL && *status == STATUS_OK) {
        *status = STATUS_MALFORMED;
    }
    return value;
}

static void read_texts(struct db_query *q, struct referral_row *row)
{
    ROW_TEXT(id, 0);
    ROW_TEXT(number, 1);
    ROW_TEXT(consultation_id, 7);
    ROW_TEXT(based_on, 8);
    ROW_TEXT(from_organisation_id, 9);
    ROW_TEXT(to_organisation_id, 10);
    ROW_TEXT(department, 11);
    ROW_TEXT(partnership_id, 12);
    ROW_TEXT(agreement_id, 13);
    ROW_TEXT(created_by, 15);
    ROW_TEXT(handled_by, 16);
    ROW_TEXT(patient_key, 18);
    ROW_TEXT(place_id, 20);
}

static enum status read_row(struct db_query *q, struct referral_row *row)
{
    enum status status = STATUS_OK;
    read_texts(q, row);
    row->version = db_int(q, 2);
    row->state_since_ms = db_int(q, 4);
    row->urgent = strcmp(db_text(q, 6), "urgent") == 0;
    row->agreement_version = db_int(q, 14);
    if (!referral_state_of(db_text(q, 3), &row->state) ||
        !referral_direction_of(db_text(q, 5), &row->direction)) {
        status = STATUS_MALFORMED;
    }
    row->patient = read_json(q, 17, &status);
    row->body = read_json(q, 19, &status);
    if (!db_is_null(q, 21)) {
        row->answer = read_json(q, 21, &status);
    }
    if (status == STATUS_OK) {
        status = referral_row_set_reason(row, db_text(q, 22), db_text(q, 23));
    }
    int64_t *const times[] = {&row->deadline_ms, &row->appointment_ms, &row->created_ms,
                              &row->sent_ms,     &row->accepted_ms,    &row->arrived_ms,
                              &row->closed_ms,   &row->acknowledged_ms};
    for (int i = 0; i < 8; i++) {
        *times[i] = db_int(q, 24 + i);
    }
    return status;
}

enum status referral_row_load(struct db *db, const char *id, struct referral_row *out_row)
{
    memset(out_row, 0, sizeof *out_row);
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT id, number, version, state, state_since_ms, direction, urgency, "
                   "consultation_id, based_on, from_organisation_id, to_organisation_id, "
                   "department, partnership_id, agreement_id, agreement_version, created_by, "
                   "handled_by, patient, patient_key, body, place_id, answer, reason_code, "
                   "reason_text, deadline_ms, appointment_ms, created_ms, sent_ms, accepted_ms, "
                   "arrived_ms, closed_ms, acknowledged_ms FROM referral WHERE id = $1");
    db_bind_text(&q, id);
    enum status status = STATUS_NONE;
    if (db_next(&q)) {
        status = read_row(&q, out_row);
    }
    enum status ended = db_end(&q);
    status = ended == STATUS_OK ? status : ended;
    if (status != STATUS_OK) {
        referral_row_clear(out_row);
    }
    return status;
}

struct row_json {
    char *patient, *body, *answer;
};

static void json_free(struct row_json *json)
{
    free(json->patient);
    free(json->body);
    free(json->answer);
}

static enum status json_make(const struct referral_row *row, struct row_json *json)
{
    json->patient = json_dumps(row->patient, JSON_COMPACT);
    json->body = json_dumps(row->body, JSON_COMPACT);
    json->answer = row->answer == NULL ? NULL : json_dumps(row->answer, JSON_COMPACT);
    if (json->patient == NULL || json->body == NULL ||
        (row->answer != NULL && json->answer == NULL)) {
        json_free(json);
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

/* $1 .. $27, the same for INSERT and UPDATE; $28 is the id. */
static void bind_members(struct db_query *q, const struct referral_row *row,
                         const struct row_json *json)
{
    db_bind_text(q, referral_state_name(row->state));
    db_bind_int(q, row->state_since_ms);
    db_bind_text(q, referral_direction_name(row->direction));
    db_bind_text(q, row->urgent ? "urgent" : "routine");
    db_bind_optional(q, row->consultation_id);
    db_bind_optional(q, row->based_on);
    db_bind_optional(q, row->to_organisation_id);
    db_bind_optional(q, row->department);
    db_bind_optional(q, row->partnership_id);
    db_bind_optional(q, row->agreement_id);
    db_bind_time(q, row->agreement_version);
    db_bind_optional(q, row->handled_by);
    db_bind_text(q, json->patient);
    db_bind_text(q, row->patient_key);
    db_bind_text(q, json->body);
    db_bind_optional(q, row->place_id);
    db_bind_text(q, json->answer);
    db_bind_optional(q, row->reason_code);
    db_bind_optional(q, row->reason_text);
    const int64_t times[] = {row->deadline_ms,    row->appointment_ms, row->sent_ms,
                             row->accepted_ms,    row->arrived_ms,     row->closed_ms,
                             row->acknowledged_ms};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        db_bind_time(q, times[i]);
    }
    db_bind_int(q, row->version);
    db_bind_text(q, row->id);
}

static enum status step_once(struct db_query *q)
{
    while (db_next(q)) {
    }
    return db_end(q);
}

enum status referral_row_insert(struct db *db, const struct referral_row *row)
{
    struct row_json json = {NULL, NULL, NULL};
    enum status status = json_make(row, &json);
    if (status != STATUS_OK) {
        return status;
    }
    struct db_query q;
    db_begin_query(&q, db,
                   "INSERT INTO referral (state, state_since_ms, direction, urgency, "
                   "consultation_id, based_on, to_organisation_id, department, partnership_id, "
                   "agreement_id, agreement_version, handled_by, patient, patient_key, body, "
                   "place_id, answer, reason_code, reason_text, deadline_ms, appointment_ms, "
                   "sent_ms, accepted_ms, arrived_ms, closed_ms, acknowledged_ms, version, id, "
                   "number, from_organisation_id, created_by, created_ms) VALUES ($1, $2, $3, $4, "
                   "$5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, "
                   "$21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)");
    bind_members(&q, row, &json);
    db_bind_text(&q, row->number);
    db_bind_text(&q, row->from_organisation_id);
    db_bind_text(&q, row->created_by);
    db_bind_int(&q, row->created_ms);
    status = step_once(&q);
    json_free(&json);
    return status;
}

enum status referral_row_update(struct db *db, struct referral_row *row)
{
    struct row_json json = {NULL, NULL, NULL};
    enum status status = json_make(row, &json);
    if (status != STATUS_OK) {
        return status;
    }
    struct db_query q;
    db_begin_query(&q, db,
                   "UPDATE referral SET state = $1, state_since_ms = $2, direction = $3, urgency = "
                   "$4, consultation_id = $5, based_on = $6, to_organisation_id = $7, department = "
                   "$8, partnership_id = $9, agreement_id = $10, agreement_version = $11, "
                   "handled_by = $12, patient = $13, patient_key = $14, body = $15, place_id = "
                   "$16, answer = $17, reason_code = $18, reason_text = $19, deadline_ms = $20, "
                   "appointment_ms = $21, sent_ms = $22, accepted_ms = $23, arrived_ms = $24, "
                   "closed_ms = $25, acknowledged_ms = $26, version = $27 + 1 WHERE id = $28 AND "
                   "version = $29");
    bind_members(&q, row, &json);
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
