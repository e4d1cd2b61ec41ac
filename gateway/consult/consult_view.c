#include "gateway/consult/consult_view.h"

#include "gateway/consult/consult_access.h"
#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_guard.h"
#include "gateway/consult/consult_guest.h"
#include "gateway/consult/consult_member.h"
#include "gateway/consult/consult_observer.h"
#include "gateway/consult/consult_parts.h"
#include "gateway/consult/consult_reading.h"
#include "gateway/consult/consult_take_over.h"
#include "gateway/directory/directory.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/queue/queue.h"
#include "gateway/queue/ring.h"
#include "gateway/records/consent.h"
#include "gateway/records/opinion.h"
#include "gateway/records/recordings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool consult_if_match(struct api_call *call, const struct consult_row *row)
{
    const char *text = call->if_match;
    if (text == NULL || strcmp(text, "*") == 0) {
        return true;
    }
    char present[32];
    (void)snprintf(present, sizeof present, "\"%" PRId64 "\"", row->version);
    if (strcmp(text, present) == 0) {
        return true;
    }
    api_problem(call, 412, "consultation.stale", "会诊已被更改，请刷新后重试。",
                "The consultation has changed; read it anew.", NULL);
    if (call->reply != NULL) {
        json_object_set_new(call->reply, "version", json_integer(row->version));
    }
    return false;
}

/* Guards that can be seen without trying: what does not hold is not offered. */
static bool apparent(struct api_call *call, const struct consult_row *row, unsigned relation,
                     unsigned guards)
{
    bool holds = true;
    if ((guards & CONSULT_GUARD_BIT(PRESENT)) != 0 &&
        consult_both_present(call->db, row->id, &holds) != STATUS_OK) {
        return false; /* the transaction has failed; its commit says so */
    }
    if ((guards & CONSULT_GUARD_BIT(READERS)) != 0 &&
        consult_may_sign(call, row, relation, &holds) != STATUS_OK) {
        return false;
    }
    if ((guards & CONSULT_GUARD_BIT(HOUSE)) != 0 &&
        consult_may_name(call, row, &holds) != STATUS_OK) {
        return false;
    }
    bool critical = row->critical_ms != 0 && row->critical_known_ms == 0;
    return holds && ((guards & CONSULT_GUARD_BIT(MDT)) == 0 || strcmp(row->kind, "mdt") == 0) &&
           ((guards & CONSULT_GUARD_BIT(CRITICAL)) == 0 || critical) &&
           ((guards & CONSULT_GUARD_BIT(SAMPLE)) == 0 || row->review[0] != '\0');
}

json_t *consult_actions(struct api_call *call, const struct consult_row *row, unsigned relation)
{
    json_t *actions = json_array();
    for (unsigned i = 0; i < CONSULT_EVENT_COUNT; i++) {
        enum consult_event event = (enum consult_event)i;
        if (!consult_event_is_action(event)) {
            continue;
        }
        struct consult_step step = consult_fsm_next(row->state, event, relation);
        if (step.refusal == CONSULT_OK && apparent(call, row, relation, step.guards)) {
            json_array_append_new(actions, json_string(consult_event_name(event)));
        }
    }
    return actions;
}

static void set_time(json_t *object, const char *name, int64_t ms)
{
    json_object_set_new(object, name, ms == 0 ? json_null() : json_integer(ms));
}

static void set_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name,
                        text == NULL || text[0] == '\0' ? json_null() : json_string(text));
}

static void set_or_null(json_t *object, const char *name, json_t *value)
{
    json_object_set_new(object, name, value == NULL ? json_null() : value);
}

/* Until when the critical value should be known; 0: none waits. */
static int64_t critical_due_ms(struct api_call *call, const struct consult_row *row)
{
    int64_t due = 0;
    if (row->critical_ms == 0 || row->critical_known_ms != 0) {
        return 0;
    }
    enum status status = db_one_int(call->db, &due,
                                    "SELECT due_ms FROM consultation_timer WHERE consultation_id = "
                                    "$1 AND kind IN ('critical-preliminary', 'critical-signed')",
                                    "s", row->id);
    return status == STATUS_OK ? due : 0;
}

/* What the summary and the whole object have in common. */
static json_t *common(struct api_call *call, const struct consult_row *row, unsigned relation)
{
    json_t *object =
        json_pack("{s:s, s:s, s:I, s:s, s:I, s:s, s:s, s:s}", "id", row->id, "number", row->number,
                  "version", (json_int_t)row->version, "state", consult_state_name(row->state),
                  "state_since_ms", (json_int_t)row->state_since_ms, "kind", row->kind, "urgency",
                  row->urgency, "specialty", row->specialty);
    if (object == NULL) {
        (void)api_store_failed(call, STATUS_NO_MEMORY);
        return NULL;
    }
    set_or_null(object, "requester", directory_person_json(call->db, row->requester_id));
    set_or_null(
        object, "consultant",
        row->consultant_id[0] == '\0' ? NULL : directory_person_json(call->db, row->consultant_id));
    set_time(object, "deadline_ms", row->deadline_ms);
    const struct {
        const char *name;
        int64_t ms;
    } times[] = {
        {"created_ms", row->created_ms},
        {"submitted_ms", row->submitted_ms},
        {"offered_ms", row->offered_ms},
        {"accepted_ms", row->accepted_ms},
        {"started_ms", row->started_ms},
        {"ended_ms", row->ended_ms},
        {"signed_ms", row->signed_ms},
        {"acknowledged_ms", row->acknowledged_ms},
        {"closed_ms", row->closed_ms},
        {"triaged_ms", row->triaged_ms},
        {"scheduled_from_ms", row->scheduled_from_ms},
        {"scheduled_until_ms", row->scheduled_until_ms},
        {"preliminary_ms", row->preliminary_ms},
        {"critical_ms", row->critical_ms},
        {"critical_known_ms", row->critical_known_ms},
        {"archived_ms", row->archived_ms},
        {"critical_due_ms", critical_due_ms(call, row)},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        set_time(object, times[i].name, times[i].ms);
    }
    set_text(object, "reason_code", row->reason_code);
    set_or_null(object, "actions", consult_actions(call, row, relation));
    json_object_set_new(object, "my_role", json_string(consult_role_name(relation)));
    if ((relation & CONSULT_ACTOR_COORDINATOR) != 0) {
        const char *party = NULL;
        if (consult_unattended(call->db, row, &party) == STATUS_OK) {
            set_text(object, "unattended", party); /* else the commit says that the store failed */
        }
    }
    return object;
}

static void set_patient(const struct consult_row *row, const char *const *shown, json_t *object)
{
    json_t *patient = json_object();
    for (; *shown != NULL; shown++) {
        json_t *value = json_object_get(row->patient, *shown);
        if (value != NULL) {
            json_object_set(patient, *shown, value);
        }
    }
    json_object_set_new(object, "patient", patient);
}

/* What an observer sees of it (decisions/009): that it is on, with whom, of a patient of which sex
 * and age. What was written in words may name the patient, so nothing of it is here. */
static json_t *without_identity(struct api_call *call, const struct consult_row *row,
                                json_t *object)
{
    static const char *const shown[] = {"sex", "age", NULL};
    set_patient(row, shown, object);
    const char *born = json_string_value(json_object_get(row->patient, "birth_date"));
    json_t *patient = json_object_get(object, "patient");
    if (born != NULL && strlen(born) == 10 && json_object_get(patient, "age") == NULL) {
        char today[11], years[24];
        rules_today(call->now_ms, today);
        bool to_come = strcmp(today + 5, born + 5) < 0; /* this year's birthday */
        (void)snprintf(years, sizeof years, "%ld",
                       strtol(today, NULL, 10) - strtol(born, NULL, 10) - (to_come ? 1 : 0));
        json_object_set_new(patient, "age", json_string(years));
    }
    return object;
}

json_t *consult_summary(struct api_call *call, const struct consult_row *row, unsigned relation)
{
    static const char *const shown[] = {"name", "sex", "birth_date", "age", NULL};
    json_t *object = common(call, row, relation);
    if (object == NULL || relation == 0) {
        return object;
    }
    if (!consult_sees_case(relation)) {
        return without_identity(call, row, object);
    }
    set_patient(row, shown, object);
    set_text(object, "complaint", json_string_value(json_object_get(row->request, "complaint")));
    int64_t attachments = 0;
    if (db_one_int(call->db, &attachments,
                   "SELECT COUNT(*) FROM attachment WHERE consultation_id = $1", "s",
                   row->id) == STATUS_OK) {
        json_object_set_new(object, "attachments_count", json_integer(attachments));
    }
    return object;
}

static enum status set_queue(struct api_call *call, const struct consult_row *row, json_t *object)
{
    struct queue_place place;
    if (row->state != CONSULT_OFFERED) {
        json_object_set_new(object, "queue", json_null());
        return STATUS_OK;
    }
    enum status status = queue_place(call->db, row, call->now_ms, &place);
    if (status == STATUS_OK) {
        json_t *wait =
            place.expected_wait_ms < 0 ? json_null() : json_integer(place.expected_wait_ms);
        json_object_set_new(object, "queue",
                            json_pack("{s:I, s:I, s:o}", "position", (json_int_t)place.position,
                                      "ahead", (json_int_t)place.ahead, "expected_wait_ms", wait));
    }
    return status;
}

/* Parts that come from tables of their own; each is set even when empty. */
static enum status set_parts(struct api_call *call, const struct consult_row *row,
                             unsigned relation, json_t *object)
{
    json_t *part = NULL;
    bool party = (relation & CONSULT_ACTORS_OF_RECORD) != 0;
    /* a preliminary opinion is there to be read */
    bool author = (relation & (CONSULT_ACTOR_CONSULTANT | CONSULT_ACTOR_VERIFIER)) != 0 ||
                  (party && row->state == CONSULT_OPINION_DRAFT);
    enum status status = consult_part_partnership(call->db, row, &part);
    set_or_null(object, "partnership", part);
    if (status == STATUS_OK) {
        part = NULL;
        status = consent_list(call->db, row->id, row->consultant_id, &part);
        set_or_null(object, "consents", part);
    }
    if (status == STATUS_OK) {
        part = NULL;
        status = consult_part_attachments(call->db, row->id, &part);
        set_or_null(object, "attachments", part);
    }
    if (status == STATUS_OK) {
        part = NULL;
        status = opinion_latest(call->db, row->id, author, &part);
        set_or_null(object, "opinion", part);
    }
    if (status == STATUS_OK) {
        part = party ? NULL : json_array();
        status = party ? recordings_of(call->db, row->id, &part) : STATUS_OK;
        set_or_null(object, "recordings", part);
    }
    if (status == STATUS_OK) {
        part = NULL;
        status = consult_part_history(call->db, row->id, &part);
        set_or_null(object, "history", part);
    }
    if (status == STATUS_OK) {
        part = NULL;
        status = consult_place_list(call->db, &consult_guests, row, &part);
        set_or_null(object, "guests", part);
    }
    if (status == STATUS_OK) {
        part = NULL;
        status = consult_place_list(call->db, &consult_observers, row, &part);
        set_or_null(object, "observers", part);
    }
    if (status == STATUS_OK) {
        part = NULL;
        status = consult_member_list(call->db, row->id, &part);
        set_or_null(object, "members", part);
    }
    if (status == STATUS_OK) {
        part = NULL;
        status = ring_view(call->db, row, &part);
        set_or_null(object, "ring", part);
    }
    return status == STATUS_OK ? set_queue(call, row, object) : status;
}

static json_t *whole(struct api_call *call, const struct consult_row *row, unsigned relation)
{
    json_t *object = common(call, row, relation);
    if (object == NULL) {
        return NULL;
    }
    bool own = (relation & CONSULT_ACTOR_REQUESTER) != 0;
    set_or_null(object, "patient", consult_fields_patient_view(row->patient, own));
    json_object_set(object, "request", row->request);
    set_or_null(object, "decision", row->decision == NULL ? NULL : json_incref(row->decision));
    set_text(object, "reason_text", row->reason_text);
    set_text(object, "consent_deferred", row->consent_deferred);
    set_text(object, "based_on", row->based_on);
    set_text(object, "target_organisation", row->target_organisation_id);
    set_text(object, "approval_for", row->approval_for);
    set_or_null(object, "follow_up", row->follow_up == NULL ? NULL : json_incref(row->follow_up));
    set_or_null(object, "verifier",
                row->verifier_id[0] == '\0' ? NULL
                                            : directory_person_json(call->db, row->verifier_id));
    set_text(object, "manifest_sha256", row->manifest_sha256);
    json_object_set_new(object, "escalation", json_integer(row->escalation));
    enum status status = set_parts(call, row, relation, object);
    if (status != STATUS_OK) {
        json_decref(object);
        (void)api_store_failed(call, status);
        return NULL;
    }
    return object;
}

void consult_reply(struct api_call *call, const struct consult_row *row)
{
    unsigned relation = 0;
    enum status status = consult_relation(call, row, &relation);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    json_t *object = consult_sees_case(relation) ? whole(call, row, relation)
                                                 : consult_summary(call, row, relation);
    if (object != NULL) {
        json_decref(call->reply);
        call->reply = object;
        (void)snprintf(call->etag, sizeof call->etag, "%" PRId64, row->version);
    }
}
