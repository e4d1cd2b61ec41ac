/* The room, restarts in every state, recording under consent, and the timers. */
#include "tests/unit/gateway/consult_fixture.h"

#include "gateway/consult/consult_snapshot.h"
#include "gateway/consult/ops_overview.h"

static int absent(struct fixture *f, const char *id, int seat)
{
    return fixture_call(f, NULL, consult_session_absent, NULL, NULL,
                        json_pack("{s:s, s:i}", "consultation", id, "seat", seat));
}

static int64_t count_of(struct fixture *f, const char *sql_literal)
{
    int64_t n = -1;
    MUST(db_one_int(f->db, &n, sql_literal, ""));
    return n;
}

static void room(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_OFFERED, id);
    EXPECT_INT(join_room(&f, ANNA, id), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "room.not-open");
    EXPECT_INT(join_room(&f, SONG, id), 404); /* offered is not a party */
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    EXPECT_INT(join_room(&f, TAN, id), 404);
    EXPECT_INT(join_room(&f, CITY_COORD, id), 404);
    EXPECT_INT(join_room(&f, SONG, id), 200);
    EXPECT_INT(join_room(&f, SONG, id), 200); /* the same seat again */
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "seat")), 1);
    EXPECT_TEXT(fixture_text(&f, "state"), "ready");
    EXPECT_INT(absent(&f, id, 1), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "accepted");
    EXPECT_INT(join_room(&f, ANNA, id), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "ready");
    STEP(&f, fixture_call(&f, ANNA, consult_get, id, NULL, NULL));
    EXPECT(!has_action(&f, "start"));
    EXPECT_INT(act(&f, ANNA, id, "start", NULL), 409);
    EXPECT_INT(join_room(&f, SONG, id), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "in-session");
    int64_t started = count_of(&f, "SELECT started_ms FROM consultation");
    EXPECT_INT(started, START_MS);
    f.now_ms += 30000;
    EXPECT_INT(absent(&f, id, 0), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "interrupted");
    EXPECT_INT(absent(&f, id, 1), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "interrupted");
    EXPECT_INT(join_room(&f, SONG, id), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "interrupted");
    EXPECT_INT(join_room(&f, ANNA, id), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "in-session");
    EXPECT_INT(count_of(&f, "SELECT started_ms FROM consultation"),
               started); /* the first time counts */
    STEP(&f, act(&f, SONG, id, "end", NULL));
    EXPECT_INT(join_room(&f, ANNA, id), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "room.closed");
    fixture_close(&f);
}

static json_t *complete_body(const char *recording, const char *extra)
{
    json_t *body = json_pack(
        "{s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:[{s:i, s:s, s:i, s:i}], s:[{s:i, s:s, s:s}]}",
        "recording_id", recording, "file", "c-p1.webm", "media_type", "video/webm", "sha256",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "duration_ms", 20000,
        "bytes", 123456, "started_ms", (json_int_t)START_MS, "gaps", "party", 0, "kind", "video",
        "from_ms", 5, "to_ms", 9, "tracks", "party", 0, "kind", "audio", "codec", "opus");
    if (extra != NULL) {
        json_object_set_new(body, extra, json_true());
    }
    return body;
}

static void recording(void)
{
    struct fixture f;
    char id[33], part[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_ACCEPTED, id);
    STEP(&f, join_room(&f, ANNA, id));
    STEP(&f, join_room(&f, SONG, id));
    EXPECT(!has_effect(&f, EFFECT_RECORDING_START, NULL, NULL)); /* one consent is not enough */
    EXPECT(json_is_false(json_object_get(f.call.reply, "recording_allowed")));
    STEP(&f, give_consent(&f, SONG, id, "recording", "consultant", true));
    EXPECT(has_effect(&f, EFFECT_RECORDING_START, NULL, NULL));
    MUST(db_one_text(f.db, part, sizeof part, "SELECT id FROM recording", ""));
    json_t *body = json_pack("{s:s, s:s}", "consultation", id, "recording_id", part);
    EXPECT_INT(
        fixture_call(&f, NULL, consult_session_recording_started, NULL, NULL, json_deep_copy(body)),
        200);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "part")), 1);
    STEP(&f, give_consent(&f, ANNA, id, "recording", "patient", false));
    EXPECT(has_effect(&f, EFFECT_RECORDING_STOP, NULL, NULL));
    EXPECT_INT(fixture_call(&f, NULL, consult_session_recording_started, NULL, NULL, body),
               409); /* it began too late */
    STEP(&f, give_consent(&f, ANNA, id, "recording", "patient", true));
    EXPECT(has_effect(&f, EFFECT_RECORDING_START, NULL, NULL));
    EXPECT_INT(count_of(&f, "SELECT COUNT(*) FROM recording"), 2);
    EXPECT_INT(fixture_call(&f, NULL, consult_session_recording_complete, NULL, NULL,
                            complete_body(part, NULL)),
               200);
    EXPECT_INT(fixture_call(&f, NULL, consult_session_recording_complete, NULL, NULL,
                            complete_body(part, "failed")),
               200);
    EXPECT_INT(count_of(&f, "SELECT COUNT(*) FROM recording WHERE state = 'complete'"),
               1); /* told twice: the first counts */
    body = complete_body(part, NULL);
    json_object_set_new(body, "file", json_string("../../etc/passwd"));
    EXPECT_INT(fixture_call(&f, NULL, consult_session_recording_complete, NULL, NULL, body), 422);
    EXPECT_INT(fixture_call(&f, NULL, consult_session_recording_complete, NULL, NULL,
                            complete_body(ID("ee"), NULL)),
               404);
    STEP(&f, act(&f, ANNA, id, "end", NULL));
    EXPECT(has_effect(&f, EFFECT_RECORDING_STOP, NULL, NULL));
    STEP(&f, fixture_call(&f, SONG, consult_get, id, NULL, NULL));
    json_t *first = json_array_get(json_object_get(f.call.reply, "recordings"), 0);
    EXPECT_INT(json_integer_value(json_object_get(first, "bytes")), 123456);
    EXPECT_INT((long long)json_array_size(json_object_get(first, "gaps")), 1);
    fixture_close(&f);
}

static void consent_to_the_consultation_withdrawn(void)
{
    static const enum consult_state ends[] = {CONSULT_OFFERED, CONSULT_ACCEPTED, CONSULT_IN_SESSION,
                                              CONSULT_INTERRUPTED};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct fixture f;
        char id[33];
        fixture_open(&f, ":memory:");
        make_in(&f, ends[i], id);
        STEP(&f, give_consent(&f, ANNA, id, "consultation", "patient", false));
        EXPECT_TEXT(fixture_text(&f, "state"), "withdrawn");
        EXPECT_TEXT(fixture_text(&f, "reason_code"), "consent-withdrawn");
        EXPECT_INT(has_effect(&f, EFFECT_ROOM_CLOSE, NULL, NULL), ends[i] != CONSULT_OFFERED);
        EXPECT_INT(has_effect(&f, EFFECT_PUSH, SONG, "offer.gone"), ends[i] == CONSULT_OFFERED);
        fixture_close(&f);
    }
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_SIGNED, id);
    STEP(&f, give_consent(&f, ANNA, id, "consultation", "patient", false));
    EXPECT_TEXT(fixture_text(&f, "state"), "signed"); /* what was done stays done */
    fixture_close(&f);
}

static const enum consult_state all_states[] = {
    CONSULT_EXPIRED, /* first: the clock runs on the way there */
    CONSULT_DRAFT,       CONSULT_OFFERED,          CONSULT_ACCEPTED,  CONSULT_IN_SESSION,
    CONSULT_INTERRUPTED, CONSULT_AWAITING_OPINION, CONSULT_SIGNED,    CONSULT_ACKNOWLEDGED,
    CONSULT_CLOSED,      CONSULT_RETURNED,         CONSULT_WITHDRAWN, CONSULT_FAILED,
    CONSULT_DISCARDED,
};
#define IN_SESSION 4 /* its index */
#define STATES (sizeof all_states / sizeof all_states[0])

/* A database file that is closed and opened again, as after a restart. */
static void restart_in_every_state(void)
{
    char folder[] = "/tmp/consult-test-XXXXXX", path[64], ids[STATES][33];
    EXPECT(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/gateway.db", folder);
    struct fixture f;
    fixture_open(&f, path);
    for (size_t i = 0; i < STATES; i++) {
        make_in(&f, all_states[i], ids[i]);
    }
    int64_t timers = count_of(&f, "SELECT COUNT(*) FROM consultation_timer");
    EXPECT_INT(
        count_of(
            &f, "SELECT COUNT(*) FROM recording WHERE state = 'recording' AND stop_reason IS NULL"),
        2);
    fixture_clear_call(&f);
    db_close(f.db);
    MUST(db_open(path, &f.db));
    f.now_ms += 3000;
    EXPECT_INT(fixture_call(&f, NULL, consult_startup, NULL, NULL, NULL), 200);
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "interrupted")), 1);
    EXPECT(json_array_size(json_object_get(f.call.reply, "recordings")) >= 2);
    for (size_t i = 0; i < STATES; i++) {
        enum consult_state wanted =
            all_states[i] == CONSULT_IN_SESSION ? CONSULT_INTERRUPTED : all_states[i];
        test_row(consult_state_name(all_states[i]));
        expect_state(&f, ids[i], consult_state_name(wanted));
        EXPECT_INT(fixture_call(&f, ANNA, consult_get, ids[i], NULL, NULL), 200);
        test_row_end();
    }
    EXPECT_INT(count_of(&f, "SELECT COUNT(*) FROM participation WHERE present = 1"), 0);
    EXPECT_INT(count_of(&f, "SELECT COUNT(*) FROM consultation_timer"),
               timers); /* the hold of the interrupted one for the length of its session */
    STEP(&f, join_room(&f, ANNA, ids[IN_SESSION]));
    STEP(&f, join_room(&f, SONG, ids[IN_SESSION]));
    EXPECT_TEXT(fixture_text(&f, "state"), "in-session");
    EXPECT(has_effect(&f, EFFECT_RECORDING_START, NULL, NULL)); /* a part of its own */
    struct audit_verdict verdict;
    MUST(audit_verify(f.db, &verdict));
    EXPECT(verdict.holds);
    fixture_close(&f);
    fixture_remove(folder, path);
}

static void run_timers(struct fixture *f)
{
    EXPECT_INT(fixture_call(f, NULL, consult_timers_run, NULL, NULL, NULL), 200);
}

static void timers(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_OFFERED, id);
    run_timers(&f);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "next_due_ms")), START_MS + 120000);
    f.now_ms = START_MS + 899999; /* rings on the way */
    run_timers(&f);
    expect_state(&f, id, "offered");
    f.now_ms++;
    run_timers(&f); /* nobody higher can be asked: the coordinators are alarmed */
    expect_state(&f, id, "offered");
    EXPECT(has_effect(&f, EFFECT_PUSH, CITY_COORD, "case.alarm"));
    f.now_ms += 900000;
    run_timers(&f); /* and once more, and then it has expired */
    expect_state(&f, id, "expired");
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.gone"));
    EXPECT_INT(count_of(&f, "SELECT COUNT(*) FROM consultation_timer"), 0);
    make_in(&f, CONSULT_INTERRUPTED, id);
    f.now_ms += 599000;
    run_timers(&f);
    expect_state(&f, id, "interrupted");
    f.now_ms += 1000;
    run_timers(&f);
    expect_state(&f, id, "failed");
    make_in(&f, CONSULT_RETURNED, id);
    f.now_ms += 86400000;
    run_timers(&f);
    EXPECT(has_effect(&f, EFFECT_PUSH, ANNA, "queue.changed"));
    f.now_ms += 2 * 86400000;
    run_timers(&f);
    expect_state(&f, id, "expired");
    make_in(&f, CONSULT_AWAITING_OPINION, id);
    f.now_ms += 1800000;
    run_timers(&f);
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "case.reminder") &&
           !has_effect(&f, EFFECT_PUSH_ROLE, NULL, NULL));
    f.now_ms += 86400000;
    run_timers(&f);
    EXPECT(has_effect(&f, EFFECT_PUSH_ROLE, NULL,
                      "queue.changed")); /* overdue: the coordinators learn it */
    expect_state(&f, id, "awaiting-opinion");
    make_in(&f, CONSULT_ACCEPTED, id);
    f.now_ms += 86400000;
    run_timers(&f);
    run_timers(&f);
    expect_state(&f, id, "expired"); /* nobody came */
    fixture_close(&f);
}

static void add_live(void *context, json_t *overview)
{
    json_object_set_new(overview, "connections", json_integer(*(int *)context));
}

static void counts(void)
{
    struct fixture f;
    char id[33];
    static int connections = 7;
    static const struct ops_live live = {&connections, add_live};
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_OFFERED, id);
    make_in(&f, CONSULT_SIGNED, id);
    f.now_ms += 5000;
    EXPECT_INT(fixture_call(&f, NULL, consult_snapshot, NULL, NULL, NULL), 200);
    json_t *queue = json_object_get(f.call.reply, "queue");
    EXPECT_INT(json_integer_value(json_object_get(queue, "depth")), 1);
    EXPECT_INT(json_integer_value(json_object_get(queue, "oldest_ms")), 5000);
    EXPECT_INT(json_integer_value(json_object_get(json_object_get(queue, "by_urgency"), "urgent")),
               1);
    ops_overview_set_live(&live);
    EXPECT_INT(fixture_call(&f, OPS, ops_overview, NULL, NULL, NULL), 200);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "connections")), 7);
    EXPECT_INT(json_integer_value(
                   json_object_get(json_object_get(f.call.reply, "consultations"), "signed")),
               1);
    ops_overview_set_live(NULL);
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"room", room},
        {"recording", recording},
        {"consent to the consultation withdrawn", consent_to_the_consultation_withdrawn},
        {"restart in every state", restart_in_every_state},
        {"timers", timers},
        {"counts", counts},
    };
    return TEST_MAIN(cases);
}
