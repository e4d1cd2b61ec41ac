/* A consultation in each state of the table, brought there by the ways that people have, in a world
 * in which somebody has every role; and what each action needs as its body. ANNA asks, SONG
 * answers, BO is a guest, TAN an observer, QIAN a member, CHIEF the second reader. One thread. */
#ifndef TESTS_UNIT_GATEWAY_WORKFLOW_STATES_H
#define TESTS_UNIT_GATEWAY_WORKFLOW_STATES_H

#include "gateway/consult/consult_change.h"
#include "proto/base/check.h"
#include "tests/unit/gateway/consult_fixture.h"

#define HOUR 3600000LL
#define APPROVER ID("04")
#define CHIEF ID("15")
#define REVIEWER ID("16")
#define QIAN ID("17") /* neurology, at the city's hospital */

struct variant {
    enum consult_state state;
    const char *kind, *terms;
};
static const struct variant variants[] = {
    {CONSULT_DRAFT, "live", "{}"},
    {CONSULT_RETURNED, "live", "{}"},
    {CONSULT_PENDING_APPROVAL, "live", "{\"approval\": true}"},
    {CONSULT_SUBMITTED, "live", "{\"triage\": true}"},
    {CONSULT_TRIAGED, "live", "{\"triage\": true}"},
    {CONSULT_OFFERED, "live", "{}"},
    {CONSULT_OFFERED, "read", "{}"},
    {CONSULT_ACCEPTED, "live", "{}"},
    {CONSULT_ACCEPTED, "mdt", "{}"},
    {CONSULT_SCHEDULED, "live", "{}"},
    {CONSULT_SCHEDULED, "mdt", "{}"},
    {CONSULT_READY, "live", "{}"},
    {CONSULT_READY, "mdt", "{}"},
    {CONSULT_IN_SESSION, "live", "{}"},
    {CONSULT_IN_SESSION, "mdt", "{}"},
    {CONSULT_INTERRUPTED, "live", "{}"},
    {CONSULT_INTERRUPTED, "mdt", "{}"},
    {CONSULT_REPORTING, "read", "{}"},
    {CONSULT_AWAITING_OPINION, "live", "{}"},
    {CONSULT_AWAITING_OPINION, "mdt", "{}"},
    {CONSULT_OPINION_DRAFT, "live", "{}"},
    {CONSULT_OPINION_DRAFT, "read", "{\"second_reader\": [\"read\"]}"},
    {CONSULT_SIGNED, "live", "{}"},
    {CONSULT_ACKNOWLEDGED, "live", "{}"},
    {CONSULT_REFERRAL_OPEN, "live", "{}"},
    {CONSULT_FOLLOW_UP, "live", "{}"},
    {CONSULT_CLOSED, "live", "{\"review_percent\": 100}"},
    {CONSULT_ARCHIVED, "live", "{\"review_percent\": 100}"},
    {CONSULT_WITHDRAWN, "live", "{}"},
    {CONSULT_REJECTED, "live", "{}"},
    {CONSULT_EXPIRED, "live", "{}"},
    {CONSULT_CANCELLED, "live", "{}"},
    {CONSULT_NO_SHOW, "live", "{}"},
    {CONSULT_FAILED, "live", "{}"},
    {CONSULT_DISCARDED, "live", "{}"},
    {CONSULT_ENTERED_IN_ERROR, "live", "{}"},
};

static inline json_t *why(void)
{
    return json_pack("{s:s, s:s}", "reason_code", "test", "reason_text", "说明");
}

static inline json_t *body_of(const struct fixture *f, enum consult_state state,
                              enum consult_event event)
{
    bool reports = state == CONSULT_REPORTING || state == CONSULT_AWAITING_OPINION ||
                   state == CONSULT_OPINION_DRAFT;
    json_t *body = why();
    switch ((int)event) {
    case CONSULT_EVENT_SCHEDULE:
        json_object_set_new(body, "from_ms", json_integer(f->now_ms + 72 * HOUR));
        break;
    case CONSULT_EVENT_INVITE:
    case CONSULT_EVENT_UNINVITE:
        json_object_set_new(body, "account", json_string(BO));
        break;
    case CONSULT_EVENT_OBSERVE:
    case CONSULT_EVENT_DISMISS:
        json_object_set_new(body, "account", json_string(TAN));
        break;
    case CONSULT_EVENT_ENLIST:
    case CONSULT_EVENT_EXCUSE:
        json_object_set_new(body, "account", json_string(QIAN));
        break;
    case CONSULT_EVENT_TAKE_OVER: /* the consultant's place, else the requester's */
        json_object_set_new(body, "account", json_string(reports ? TAN : BO));
        break;
    case CONSULT_EVENT_CONTRIBUTE:
        json_object_set_new(body, "opinion", json_string("同意"));
        json_object_set_new(body, "view", json_string("agree"));
        break;
    case CONSULT_EVENT_ACKNOWLEDGE:
        json_object_set_new(body, "adopted", json_string("yes"));
        break;
    case CONSULT_EVENT_PLAN:
        json_object_set_new(body, "text", json_string("复查"));
        json_object_set_new(body, "due_ms", json_integer(f->now_ms + HOUR));
        break;
    case CONSULT_EVENT_REFER:
        json_decref(body);
        return json_pack("{s:s, s:s, s:s, s:{s:b, s:b, s:s, s:s}}", "to_organisation", CITY,
                         "department", "cardiology", "reason_code", "severe", "consent", "referral",
                         1, "sharing", 1, "relation", "self", "method", "written");
    case CONSULT_EVENT_REVIEW:
        json_object_set_new(body, "result", json_string("good"));
        break;
    default:
        break;
    }
    return body;
}

static inline void world(struct fixture *f, const char *terms)
{
    fixture_open(f, ":memory:");
    MUST(db_begin(f->db));
    fixture_person(f->db, APPROVER, TOWN, "医务科", "Approver", "approver", NULL);
    fixture_person(f->db, CHIEF, CITY, "主任", "Chief", "specialist", "cardiology");
    fixture_person(f->db, REVIEWER, CITY, "质控", "Reviewer", "reviewer", NULL);
    fixture_person(f->db, QIAN, CITY, "钱医生", "Dr Qian", "specialist", "neurology");
    MUST(db_run(f->db, "UPDATE practitioner SET title = 'chief' WHERE name_en = 'Chief'", ""));
    MUST(db_run(f->db,
                "INSERT INTO agreement_service (agreement_id, kind) VALUES ($1, 'read'), ($2, "
                "'mdt')",
                "ss", AGREEMENT, AGREEMENT));
    MUST(db_run(f->db,
                "INSERT INTO department (organisation_id, code, name_zh, name_en) VALUES ($1, "
                "'cardiology', '心内科', 'Cardiology')",
                "s", CITY));
    MUST(db_run(f->db, "UPDATE agreement SET terms = $1, clauses = $2", "ss", terms,
                "[{\"number\":\"4.1\",\"act\":\"refer\",\"text_zh\":\"双向转诊\"}]"));
    MUST(db_commit(f->db));
    set_duty(f, SONG, true);
    set_duty(f, TAN, true);
}

/* By consult_change(), with the relation that the table asks for: id, event name. */
static inline void change_script(struct api_call *call)
{
    struct consult_row row;
    struct consult_change change = {.reason_code = "test", .reason_text = "说明"};
    CHECK(consult_event_of(call->params[1], &change.event));
    change.actor = consult_event_actors(change.event);
    enum status status = consult_row_load(call->db, call->params[0], &row);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    (void)consult_change(call, &row, &change);
    consult_row_clear(&row);
}

static inline void draft(struct fixture *f, const char *kind, char id[33])
{
    json_t *body = draft_body("urgent");
    json_object_set_new(body, "kind", json_string(kind));
    if (strcmp(kind, "read") == 0) {
        json_object_set_new(json_object_get(body, "request"), "modality", json_string("ecg"));
    }
    STEP(f, fixture_call(f, ANNA, consult_create, NULL, NULL, body));
    (void)snprintf(id, 33, "%s", fixture_text(f, "id"));
    for (size_t i = 0; i < 3; i++) {
        static const char *const scopes[] = {"consultation", "imaging", "recording"};
        STEP(f, give_consent(f, ANNA, id, scopes[i], "patient", true));
    }
    MUST(db_run(f->db,
                "INSERT INTO attachment (id, consultation_id, kind, name, media_type, bytes, "
                "sha256, added_by, at_ms) VALUES ($1, $2, 'dicom', 'x.dcm', 'application/dicom', "
                "1, $3, $4, 1)",
                "ssss", id, id, id, ANNA));
}

static inline void timers_at(struct fixture *f, int64_t ms)
{
    f->now_ms += ms;
    STEP(f, fixture_call(f, NULL, consult_timers_run, NULL, NULL, NULL));
}

/* Until somebody has it; true: it is there. */
static inline bool bring_waiting(struct fixture *f, const struct variant *v, const char *id)
{
    switch ((int)v->state) {
    case CONSULT_DRAFT:
        return true;
    case CONSULT_DISCARDED:
        STEP(f, act(f, ANNA, id, "discard", NULL));
        return true;
    default:
        STEP(f, act(f, ANNA, id, "submit", NULL));
    }
    switch ((int)v->state) {
    case CONSULT_TRIAGED: /* nothing rests here: triage goes on to an offer in one transaction */
        STEP(f, fixture_call(f, CITY_COORD, change_script, id, "triage", NULL));
        return true;
    case CONSULT_RETURNED:
        STEP(f, act(f, SONG, id, "return", why()));
        return true;
    case CONSULT_REJECTED:
        STEP(f, act(f, CITY_COORD, id, "reject", why()));
        return true;
    case CONSULT_WITHDRAWN:
        STEP(f, act(f, ANNA, id, "withdraw", NULL));
        return true;
    case CONSULT_EXPIRED:
        timers_at(f, HOUR); /* nobody takes it: two alarms */
        timers_at(f, HOUR);
        return true;
    case CONSULT_PENDING_APPROVAL:
    case CONSULT_SUBMITTED:
    case CONSULT_OFFERED:
        return true;
    default:
        STEP(f, act(f, SONG, id, "accept", NULL));
        return false;
    }
}

static inline json_t *appointment(const struct fixture *f)
{
    return json_pack("{s:I, s:s}", "from_ms", (json_int_t)(f->now_ms + 48 * HOUR), "reason_code",
                     "test");
}

/* Accepted, and until the session has ended. */
static inline bool bring_running(struct fixture *f, const struct variant *v, const char *id)
{
    if (v->state == CONSULT_REPORTING) {
        STEP(f, fixture_call(f, SONG, opinion_put, id, NULL, opinion_body("急性心肌梗死")));
    }
    if (strcmp(v->kind, "read") == 0) {
        return v->state == CONSULT_REPORTING;
    }
    if (strcmp(v->kind, "mdt") == 0) {
        STEP(f, act(f, SONG, id, "enlist", json_pack("{s:s}", "account", QIAN)));
    }
    STEP(f, act(f, ANNA, id, "invite", json_pack("{s:s}", "account", BO)));
    STEP(f, give_consent(f, ANNA, id, "teaching", "patient", true));
    STEP(f, act(f, SONG, id, "admit-observer", json_pack("{s:s}", "account", TAN)));
    switch ((int)v->state) {
    case CONSULT_ACCEPTED:
        return true;
    case CONSULT_SCHEDULED:
    case CONSULT_CANCELLED:
        STEP(f, act(f, SONG, id, "schedule", appointment(f)));
        if (v->state == CONSULT_CANCELLED) {
            STEP(f, act(f, ANNA, id, "cancel", why()));
        }
        return true;
    case CONSULT_FAILED:
        STEP(f, act(f, SONG, id, "fail", why()));
        return true;
    default:
        STEP(f, join_room(f, ANNA, id));
    }
    switch ((int)v->state) {
    case CONSULT_READY:
        return true;
    case CONSULT_NO_SHOW:
        timers_at(f, HOUR);
        return true;
    default:
        STEP(f, join_room(f, SONG, id));
    }
    switch ((int)v->state) {
    case CONSULT_IN_SESSION:
        return true;
    case CONSULT_INTERRUPTED:
        STEP(f, fixture_call(f, NULL, consult_session_absent, NULL, NULL,
                             json_pack("{s:s, s:i}", "consultation", id, "seat", 0)));
        return true;
    default:
        STEP(f, act(f, ANNA, id, "end", NULL));
        return false;
    }
}

static inline void bring_reported(struct fixture *f, const struct variant *v, const char *id)
{
    STEP(f, fixture_call(f, SONG, opinion_put, id, NULL, opinion_body("急性心肌梗死")));
    MUST(db_run(f->db, "UPDATE opinion SET body = $1", "s",
                "{\"diagnosis\":\"急性心肌梗死\",\"critical\":{\"finding\":\"STEMI\"}}"));
    if (v->state == CONSULT_AWAITING_OPINION) {
        return;
    }
    if (v->state == CONSULT_OPINION_DRAFT) {
        STEP(f, act(f, SONG, id, "preliminary", NULL));
        return;
    }
    STEP(f, act(f, SONG, id, "sign", NULL));
    if (v->state == CONSULT_ENTERED_IN_ERROR) {
        STEP(f, act(f, ANNA, id, "mark-error", why()));
    }
    if (v->state == CONSULT_SIGNED || v->state == CONSULT_ENTERED_IN_ERROR) {
        return;
    }
    STEP(f, act(f, ANNA, id, "acknowledge",
                json_pack("{s:s, s:b}", "adopted", "yes", "told_patient", 1)));
    if (v->state == CONSULT_REFERRAL_OPEN) {
        STEP(f, act(f, ANNA, id, "refer", body_of(f, v->state, CONSULT_EVENT_REFER)));
    } else if (v->state == CONSULT_FOLLOW_UP) {
        STEP(f, act(f, ANNA, id, "follow-up",
                    json_pack("{s:s, s:I}", "text", "复查", "due_ms",
                              (json_int_t)(f->now_ms + HOUR))));
    } else if (v->state != CONSULT_ACKNOWLEDGED) {
        STEP(f, act(f, ANNA, id, "close", NULL));
    }
    if (v->state == CONSULT_ARCHIVED) {
        timers_at(f, 25 * HOUR);
    }
}

static inline void bring(struct fixture *f, const struct variant *v, char id[33])
{
    world(f, v->terms);
    draft(f, v->kind, id);
    if (!bring_waiting(f, v, id) && !bring_running(f, v, id)) {
        bring_reported(f, v, id);
    }
    expect_state(f, id, consult_state_name(v->state));
}

#endif
