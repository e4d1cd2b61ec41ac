#include "gateway/consult/consult_session.h"

#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_guard.h"
#include "gateway/consult/consult_guest.h"
#include "gateway/consult/consult_learners.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_observer.h"
#include "gateway/consult/consult_recording.h"
#include "gateway/directory/directory.h"
#include "gateway/records/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Seat of an account; STATUS_NONE when it has none. */
static enum status find_seat(struct db *db, const char *consultation_id, const char *account_id,
                             int64_t *out_seat)
{
    return db_one_int(
        db, out_seat,
        "SELECT party FROM participation WHERE consultation_id = $1 AND account_id = $2", "ss",
        consultation_id, account_id);
}

static enum status set_present(struct api_call *call, const char *consultation_id, int64_t seat,
                               int64_t present)
{
    return db_run(call->db,
                  "UPDATE participation SET present = $1, since_ms = $2 WHERE consultation_id = $3 "
                  "AND party = $4",
                  "iisi", present, call->now_ms, consultation_id, seat);
}

static bool audit_seat(struct api_call *call, const struct consult_row *row, const char *actor_id,
                       const char *action, int64_t seat)
{
    json_t *detail = json_pack("{s:I}", "seat", (json_int_t)seat);
    bool done = consult_audit(call, row, actor_id, action, NULL, detail);
    json_decref(detail);
    return done;
}

static json_t *party_json(struct db *db, int64_t seat, const char *account, const char *role)
{
    json_t *person = directory_person_json(db, account);
    json_t *zh = json_object_get(person, "name_zh");
    json_t *en = json_object_get(person, "name_en");
    json_t *party =
        json_pack("{s:I, s:s, s:o, s:o, s:s}", "seat", (json_int_t)seat, "account", account,
                  "name_zh", zh == NULL ? json_string("") : json_incref(zh), "name_en",
                  en == NULL ? json_string("") : json_incref(en), "role", role);
    json_decref(person);
    return party;
}

static enum status parties_json(struct db *db, const char *consultation_id, json_t **out_parties)
{
    struct {
        char account[33], role[16];
        int64_t seat;
    } seats[6];
    size_t count = 0;
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT party, account_id, role FROM participation WHERE consultation_id = $1 "
                   "AND (role IN ('requester', 'consultant') OR (role = 'guest' AND present = 1)) "
                   "ORDER BY party LIMIT 6");
    db_bind_text(&q, consultation_id);
    while (count < 6 && db_next(&q)) {
        seats[count].seat = db_int(&q, 0);
        (void)snprintf(seats[count].account, sizeof seats[count].account, "%s", db_text(&q, 1));
        (void)snprintf(seats[count].role, sizeof seats[count].role, "%s", db_text(&q, 2));
        count++;
    }
    enum status status = db_end(&q);
    json_t *parties = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(parties,
                              party_json(db, seats[i].seat, seats[i].account, seats[i].role));
    }
    *out_parties = parties;
    return status;
}

static bool by_system(struct api_call *call, struct consult_row *row, enum consult_event event,
                      const char *reason)
{
    return consult_change(
        call, row,
        &(struct consult_change){.event = event,
                                 .actor = CONSULT_ACTOR_SYSTEM,
                                 .actor_id = call->actor == NULL ? NULL : call->actor->account_id,
                                 .reason_code = reason});
}

/* Both are there: the session begins, or goes on. One party alone waits in the room. */
static bool begin_if_complete(struct api_call *call, struct consult_row *row, int64_t seat)
{
    bool present = false;
    bool before = row->state == CONSULT_ACCEPTED || row->state == CONSULT_SCHEDULED;
    enum status status = consult_both_present(call->db, row->id, &present);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (present && row->state != CONSULT_IN_SESSION) {
        enum consult_event event =
            before || row->state == CONSULT_READY ? CONSULT_EVENT_START : CONSULT_EVENT_RESUME;
        return by_system(call, row, event, NULL);
    }
    return present || !before || seat >= CONSULT_GUEST_SEAT_FIRST ||
           by_system(call, row, CONSULT_EVENT_ARRIVE, NULL);
}

/* Nobody waits any more: an appointment is one again. */
static bool leave_room(struct api_call *call, struct consult_row *row)
{
    int64_t waiting = 0;
    enum status status =
        db_one_int(call->db, &waiting,
                   "SELECT COUNT(*) FROM participation WHERE consultation_id = $1 AND present = 1 "
                   "AND role IN ('requester', 'consultant')",
                   "s", row->id);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (waiting > 0) {
        return true;
    }
    return by_system(call, row, CONSULT_EVENT_LEAVE, "absent") &&
           (row->scheduled_from_ms == 0 || by_system(call, row, CONSULT_EVENT_SCHEDULE, NULL));
}

/* Whom the room cannot know from the parties: the observer who enters. */
static void add_observer(struct api_call *call, json_t *parties, int64_t seat)
{
    if (seat >= CONSULT_OBSERVER_FIRST) {
        json_array_append_new(parties,
                              party_json(call->db, seat, call->actor->account_id, "observer"));
    }
}

static void join_reply(struct api_call *call, const struct consult_row *row, int64_t seat)
{
    bool allowed = false;
    json_t *parties = NULL, *recording = NULL;
    enum status status = parties_json(call->db, row->id, &parties);
    status = status == STATUS_OK ? consult_recording_allowed(call, row, &allowed) : status;
    status =
        status == STATUS_OK ? consult_recording_running(call->db, row->id, &recording) : status;
    if (status != STATUS_OK) {
        json_decref(parties);
        json_decref(recording);
        (void)api_store_failed(call, status);
        return;
    }
    add_observer(call, parties, seat);
    call->reply = json_pack("{s:s, s:I, s:s, s:I, s:b, s:o, s:o}", "consultation", row->id, "seat",
                            (json_int_t)seat, "state", consult_state_name(row->state), "version",
                            (json_int_t)row->version, "recording_allowed", allowed, "parties",
                            parties, "recording", recording);
}

static bool room_is_open(struct api_call *call, const struct consult_row *row)
{
    enum consult_phase phase = consult_state_phase(row->state);
    if (phase == CONSULT_PHASE_RUNNING) {
        return true;
    }
    if (phase == CONSULT_PHASE_DRAFTING || phase == CONSULT_PHASE_WAITING) {
        return api_problem(call, 409, "room.not-open", "尚无专家接诊，会诊室未开放。",
                           "No specialist has accepted yet; the room is not open.", NULL);
    }
    return api_problem(call, 409, "room.closed", "会诊已结束，会诊室已关闭。",
                       "The session has ended; the room is closed.", NULL);
}

static void join(struct api_call *call, struct consult_row *row)
{
    int64_t seat = 0;
    if (!room_is_open(call, row)) {
        return;
    }
    enum status status = find_seat(call->db, row->id, call->actor->account_id, &seat);
    if (status == STATUS_OK) {
        status = set_present(call, row->id, seat, 1);
    }
    if (status != STATUS_OK) {
        (void)(status == STATUS_NONE ? consult_unknown(call) : api_store_failed(call, status));
        return;
    }
    bool observer = seat >= CONSULT_OBSERVER_FIRST;
    bool noted = observer ? consult_observer_came(call, row, seat)
                          : audit_seat(call, row, call->actor->account_id, "room.join", seat);
    if (noted && begin_if_complete(call, row, seat)) {
        join_reply(call, row, seat);
    }
}

void consult_session_join(struct api_call *call)
{
    struct consult_row row;
    unsigned relation;
    if (!consult_load_any(call, json_string_value(json_object_get(call->body, "consultation")),
                          &row, &relation)) {
        return;
    }
    const unsigned seated = CONSULT_ACTOR_REQUESTER | CONSULT_ACTOR_CONSULTANT |
                            CONSULT_ACTOR_GUEST | CONSULT_ACTOR_OBSERVER;
    if ((relation & seated) == 0) {
        (void)consult_unknown(call);
    } else if ((relation & CONSULT_ACTOR_OBSERVER) == 0 ||
               consult_learner_may(call, &row, call->actor->account_id)) {
        join(call, &row);
    }
    consult_row_clear(&row);
}

/* Seat from the body: its number, or the account that has it. */
static enum status seat_of_body(struct api_call *call, const char *consultation_id,
                                int64_t *out_seat)
{
    const json_t *seat = json_object_get(call->body, "seat");
    const char *account = json_string_value(json_object_get(call->body, "account"));
    if (json_is_integer(seat)) {
        *out_seat = json_integer_value(seat);
        return STATUS_OK;
    }
    if (account == NULL && call->actor != NULL) {
        account = call->actor->account_id;
    }
    return account == NULL ? STATUS_NONE : find_seat(call->db, consultation_id, account, out_seat);
}

static void absent(struct api_call *call, struct consult_row *row)
{
    int64_t seat = 0;
    enum status status = seat_of_body(call, row->id, &seat);
    if (status == STATUS_OK && seat >= CONSULT_OBSERVER_FIRST) {
        status = consult_observer_went(call, row);
        call->reply = status == STATUS_OK ? json_object() : NULL;
        (void)(status == STATUS_OK || api_store_failed(call, status));
        return;
    }
    if (status == STATUS_OK) {
        status = set_present(call, row->id, seat, 0);
    }
    if (status != STATUS_OK) {
        (void)(status == STATUS_NONE ? consult_unknown(call) : api_store_failed(call, status));
        return;
    }
    bool done = audit_seat(call, row, NULL, "room.absent", seat);
    if (done && row->state == CONSULT_IN_SESSION && seat < CONSULT_GUEST_SEAT_FIRST) {
        done = consult_change(call, row,
                              &(struct consult_change){.event = CONSULT_EVENT_INTERRUPT,
                                                       .actor = CONSULT_ACTOR_SYSTEM,
                                                       .reason_code = "absent"});
    } else if (done && row->state == CONSULT_READY) {
        done = leave_room(call, row);
    }
    if (done) {
        call->reply = json_pack("{s:s, s:I}", "state", consult_state_name(row->state), "version",
                                (json_int_t)row->version);
    }
}

void consult_session_absent(struct api_call *call)
{
    const char *id = json_string_value(json_object_get(call->body, "consultation"));
    struct consult_row row;
    if (id == NULL || !api_id(id)) {
        (void)consult_unknown(call);
        return;
    }
    enum status status = consult_row_load(call->db, id, &row);
    if (status != STATUS_OK) {
        (void)(status == STATUS_NONE ? consult_unknown(call) : api_store_failed(call, status));
        return;
    }
    absent(call, &row);
    consult_row_clear(&row);
}

static enum status ids_in(struct db *db, enum consult_state state, json_t **out_ids)
{
    json_t *ids = json_array();
    struct db_query q;
    db_begin_query(&q, db, "SELECT id FROM consultation WHERE state = $1 ORDER BY created_ms");
    db_bind_text(&q, consult_state_name(state));
    while (db_next(&q)) {
        json_array_append_new(ids, json_string(db_text(&q, 0)));
    }
    *out_ids = ids;
    return db_end(&q);
}

/* Who ran is interrupted, who waited in the room has left it. */
static bool interrupt_one(struct api_call *call, const char *id)
{
    struct consult_row row;
    enum status status = consult_row_load(call->db, id, &row);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    bool done = row.state == CONSULT_READY
                    ? leave_room(call, &row)
                    : by_system(call, &row, CONSULT_EVENT_INTERRUPT, "restart");
    consult_row_clear(&row);
    return done;
}

/* Parts whose recorder died with the process; they no longer run, so that the next session begins a
 * part of its own. */
static enum status left_behind(struct api_call *call, json_t **out_recordings)
{
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(
        &q, call->db,
        "SELECT id, consultation_id, file, part FROM recording WHERE state = 'recording' ORDER BY "
        "started_ms");
    while (db_next(&q)) {
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:I}", "recording_id", db_text(&q, 0),
                                        "consultation", db_text(&q, 1), "file", db_text(&q, 2),
                                        "part", (json_int_t)db_int(&q, 3)));
    }
    *out_recordings = list;
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        return status;
    }
    return db_run(call->db,
                  "UPDATE recording SET stop_reason = 'restart', ended_ms = $1 WHERE state = "
                  "'recording' AND stop_reason "
                  "IS NULL",
                  "i", call->now_ms);
}

void consult_startup(struct api_call *call)
{
    json_t *ids = NULL, *ready = NULL, *recordings = NULL;
    size_t i;
    json_t *id;
    bool done = true;
    enum status status = ids_in(call->db, CONSULT_IN_SESSION, &ids);
    status = status == STATUS_OK ? ids_in(call->db, CONSULT_READY, &ready) : status;
    if (status == STATUS_OK) {
        status = consult_observer_startup(call);
    }
    if (status == STATUS_OK) {
        status = db_run(call->db,
                        "UPDATE participation SET present = 0, since_ms = $1 WHERE present = 1",
                        "i", call->now_ms);
    }
    status = status == STATUS_OK ? left_behind(call, &recordings) : status;
    status = status == STATUS_OK ? audit_anchor(call->db, call->now_ms, true) : status;
    if (status != STATUS_OK) {
        done = api_store_failed(call, status);
    }
    json_array_foreach(ids, i, id)
    {
        done = done && interrupt_one(call, json_string_value(id));
    }
    json_array_foreach(ready, i, id)
    {
        done = done && interrupt_one(call, json_string_value(id));
    }
    if (done) {
        call->reply = json_pack("{s:O, s:O}", "interrupted", ids, "recordings", recordings);
    }
    json_decref(ids);
    json_decref(ready);
    json_decref(recordings);
}
