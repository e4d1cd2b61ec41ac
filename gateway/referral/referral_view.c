#include "gateway/referral/referral_view.h"

#include "gateway/consult/consult_fields.h"
#include "gateway/directory/directory.h"
#include "gateway/imaging/attachment.h"
#include "gateway/referral/referral_access.h"
#include "gateway/referral/referral_place.h"
#include "gateway/referral/referral_targets.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void set_time(json_t *object, const char *name, int64_t ms)
{
    (void)json_object_set_new(object, name, ms == 0 ? json_null() : json_integer(ms));
}

static void set_text(json_t *object, const char *name, const char *text)
{
    (void)json_object_set_new(object, name,
                              text == NULL || text[0] == '\0' ? json_null() : json_string(text));
}

static void set_or_null(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value == NULL ? json_null() : value);
}

static void set_body(json_t *object, const struct referral_row *row, const char *name)
{
    json_t *value = json_object_get(row->body, name);
    (void)json_object_set_new(object, name, value == NULL ? json_null() : json_incref(value));
}

/* What is possible now for the one who asks; acknowledging only once. */
static json_t *actions(const struct referral_row *row, unsigned relation)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < REFERRAL_EVENT_COUNT; i++) {
        enum referral_event event = (enum referral_event)i;
        struct referral_step step = referral_fsm_next(row->state, event, relation);
        bool unread = event != REFERRAL_EVENT_ACKNOWLEDGE || row->acknowledged_ms == 0;
        if (referral_event_is_action(event) && step.refusal == REFERRAL_OK && unread) {
            json_array_append_new(list, json_string(referral_event_name(event)));
        }
    }
    return list;
}

static void set_times(const struct api_call *call, const struct referral_row *row, json_t *object)
{
    const struct {
        const char *name;
        int64_t ms;
    } times[] = {
        {"deadline_ms", row->deadline_ms},
        {"appointment_ms", row->appointment_ms},
        {"sent_ms", row->sent_ms},
        {"accepted_ms", row->accepted_ms},
        {"arrived_ms", row->arrived_ms},
        {"closed_ms", row->closed_ms},
        {"acknowledged_ms", row->acknowledged_ms},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        set_time(object, times[i].name, times[i].ms);
    }
    bool waits = referral_state_phase(row->state) == REFERRAL_PHASE_OPEN ||
                 (row->state == REFERRAL_RETURNED && row->acknowledged_ms == 0);
    (void)json_object_set_new(
        object, "overdue",
        json_boolean(waits && row->deadline_ms != 0 && row->deadline_ms < call->now_ms));
}

static json_t *common(struct api_call *call, const struct referral_row *row, unsigned relation)
{
    json_t *object = json_pack(
        "{s:s, s:s, s:I, s:s, s:I, s:s, s:s, s:I}", "id", row->id, "number", row->number, "version",
        (json_int_t)row->version, "state", referral_state_name(row->state), "state_since_ms",
        (json_int_t)row->state_since_ms, "direction", referral_direction_name(row->direction),
        "urgency", row->urgent ? "urgent" : "routine", "created_ms", (json_int_t)row->created_ms);
    if (object == NULL) {
        (void)api_store_failed(call, STATUS_NO_MEMORY);
        return NULL;
    }
    set_body(object, row, "reason_code");
    set_body(object, row, "diagnosis");
    set_text(object, "consultation", row->consultation_id);
    set_text(object, "based_on", row->based_on);
    set_or_null(object, "from", directory_organisation_json(call->db, row->from_organisation_id));
    set_or_null(object, "to",
                row->to_organisation_id[0] == '\0'
                    ? NULL
                    : directory_organisation_json(call->db, row->to_organisation_id));
    set_or_null(object, "department",
                row->department[0] == '\0'
                    ? NULL
                    : referral_department_json(call->db, row->to_organisation_id, row->department));
    set_or_null(object, "sender", directory_person_json(call->db, row->created_by));
    set_times(call, row, object);
    set_text(object, "end_code", row->reason_code);
    set_or_null(object, "actions", actions(row, relation));
    set_text(object, "my_role", referral_role_name(relation));
    return object;
}

json_t *referral_summary(struct api_call *call, const struct referral_row *row, unsigned relation)
{
    static const char *const shown[] = {"name", "sex", "birth_date", "age"};
    json_t *object = common(call, row, relation);
    json_t *patient = json_object();
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        json_t *value = json_object_get(row->patient, shown[i]);
        if (value != NULL) {
            (void)json_object_set(patient, shown[i], value);
        }
    }
    if (object == NULL) {
        json_decref(patient);
        return NULL;
    }
    set_or_null(object, "patient", patient);
    return object;
}

static enum status set_partnership(struct db *db, const struct referral_row *row, json_t *object)
{
    json_t *part = NULL;
    struct db_query q;
    db_begin_query(&q, db, "SELECT name_zh, name_en, mode, type FROM partnership WHERE id = $1");
    db_bind_text(&q, row->partnership_id);
    if (db_next(&q)) {
        part = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "id", row->partnership_id,
                         "name_zh", db_text(&q, 0), "name_en", db_text(&q, 1), "mode",
                         db_text(&q, 2), "type", db_text(&q, 3), "agreement_id", row->agreement_id,
                         "agreement_version", (json_int_t)row->agreement_version);
    }
    set_or_null(object, "partnership", part);
    return db_end(&q);
}

/* The files behind done[], so that they can be looked at. */
static enum status set_attachments(struct db *db, const struct referral_row *row, json_t *object)
{
    json_t *list = json_array();
    json_t *item = NULL;
    size_t i = 0;
    enum status status = STATUS_OK;
    json_array_foreach(json_object_get(row->body, "done"), i, item)
    {
        json_t *attachment = NULL;
        const char *id = json_string_value(json_object_get(item, "attachment"));
        status = id == NULL ? STATUS_NONE : attachment_json(db, id, &attachment);
        if (status == STATUS_OK) {
            json_array_append_new(list, attachment);
        } else if (status != STATUS_NONE) {
            break;
        }
        status = STATUS_OK;
    }
    set_or_null(object, "attachments", list);
    return status;
}

static json_t *text_or_null(struct db_query *q, int column)
{
    return db_is_null(q, column) ? json_null() : json_string(db_text(q, column));
}

static enum status set_history(struct db *db, const struct referral_row *row, json_t *object)
{
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT s.at_ms, s.event, s.from_state, s.to_state, p.name_zh, p.name_en, "
                   "s.reason_code, s.reason_text, s.department, s.actor_id FROM referral_step s "
                   "LEFT JOIN account a ON a.id = s.actor_id LEFT JOIN practitioner p ON p.id = "
                   "a.practitioner_id WHERE s.referral_id = $1 ORDER BY s.seq LIMIT 200");
    db_bind_text(&q, row->id);
    while (db_next(&q)) {
        bool system = db_is_null(&q, 9);
        json_array_append_new(
            list, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "at_ms",
                            (json_int_t)db_int(&q, 0), "event", db_text(&q, 1), "from_state",
                            db_text(&q, 2), "to_state", db_text(&q, 3), "actor_zh",
                            system ? "系统" : db_text(&q, 4), "actor_en",
                            system ? "System" : db_text(&q, 5), "reason_code", text_or_null(&q, 6),
                            "reason_text", text_or_null(&q, 7), "department", text_or_null(&q, 8)));
    }
    set_or_null(object, "history", list);
    return db_end(&q);
}

/* Referrals that answer this one, and that the asker may see. */
static enum status set_answers(struct api_call *call, const struct referral_row *row,
                               json_t *object)
{
    enum { ANSWERS_MAX = 16 };
    char ids[ANSWERS_MAX][33];
    size_t count = 0;
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT id FROM referral WHERE based_on = $1 ORDER BY created_ms LIMIT 16");
    db_bind_text(&q, row->id);
    while (count < ANSWERS_MAX && db_next(&q)) {
        (void)snprintf(ids[count++], sizeof ids[0], "%s", db_text(&q, 0));
    }
    enum status status = db_end(&q);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct referral_row other;
        unsigned relation = 0;
        status = referral_row_load(call->db, ids[i], &other);
        if (status == STATUS_OK) {
            status = referral_relation(call, &other, &relation);
            if (status == STATUS_OK && relation != 0) {
                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "id", other.id,
                                                      "number", other.number, "direction",
                                                      referral_direction_name(other.direction),
                                                      "state", referral_state_name(other.state)));
            }
            referral_row_clear(&other);
        }
    }
    set_or_null(object, "answers", list);
    return status;
}

static json_t *whole(struct api_call *call, const struct referral_row *row, unsigned relation)
{
    static const char *const members[] = {"summary", "diagnosis_codes", "treatment", "wishes",
                                          "done",    "consent"};
    json_t *object = common(call, row, relation);
    if (object == NULL) {
        return NULL;
    }
    bool party = (relation & (REFERRAL_ACTOR_SENDER | REFERRAL_ACTOR_RECEIVER)) != 0;
    set_or_null(object, "patient", consult_fields_patient_view(row->patient, party));
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        set_body(object, row, members[i]);
    }
    if (!json_is_array(json_object_get(object, "done"))) {
        set_or_null(object, "done", json_array());
    }
    set_or_null(object, "answer", row->answer == NULL ? NULL : json_incref(row->answer));
    set_text(object, "end_text", row->reason_text);
    set_or_null(object, "place",
                row->place_id[0] == '\0' ? NULL : referral_place_json(call->db, row->place_id));
    set_or_null(object, "handled_by",
                row->handled_by[0] == '\0' ? NULL
                                           : directory_person_json(call->db, row->handled_by));
    enum status status = set_partnership(call->db, row, object);
    status = status == STATUS_OK ? set_attachments(call->db, row, object) : status;
    status = status == STATUS_OK ? set_history(call->db, row, object) : status;
    status = status == STATUS_OK ? set_answers(call, row, object) : status;
    if (status != STATUS_OK) {
        json_decref(object);
        (void)api_store_failed(call, status);
        return NULL;
    }
    return object;
}

void referral_reply(struct api_call *call, const struct referral_row *row)
{
    unsigned relation = 0;
    enum status status = referral_relation(call, row, &relation);
    json_t *object = status == STATUS_OK ? whole(call, row, relation) : NULL;
    if (object != NULL) {
        json_decref(call->reply);
        call->reply = object;
        (void)snprintf(call->etag, sizeof call->etag, "%" PRId64, row->version);
    } else if (call->status < 400) {
        (void)api_store_failed(call, status == STATUS_OK ? STATUS_NO_MEMORY : status);
    }
}
