/* Offers: to whom, who wins, who declines, what waits for whom; 500 accepts of one offer in a row
 * and by eight threads. */
#include "tests/unit/gateway/consult_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#define CROWD 500

static void offered_to_whom(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    set_duty(&f, SONG, true);
    set_duty(&f, WU, true); /* on duty, on the specialty, in no partnership */
    MUST(db_run(f.db,
                "UPDATE practitioner SET licensed_since = '2025-06-01' WHERE id = 'f"
                "0000000000000000000000000000012'",
                ""));
    set_duty(&f, TAN, true); /* licensed for a year */
    make_draft(&f, "urgent", id);
    STEP(&f, give_consent(&f, ANNA, id, "consultation", "patient", true));
    STEP(&f, act(&f, ANNA, id, "submit", NULL));
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.ring"));
    EXPECT(!has_effect(&f, EFFECT_PUSH, WU, "offer.ring"));
    EXPECT(!has_effect(&f, EFFECT_PUSH, TAN, "offer.ring"));
    EXPECT_INT(act(&f, WU, id, "accept", NULL), 404);
    EXPECT_INT(act(&f, TAN, id, "accept", NULL), 404);
    EXPECT_INT(act(&f, ANNA, id, "accept", NULL), 403);
    fixture_close(&f);
}

static void duty_later(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_draft(&f, "urgent", id);
    STEP(&f, give_consent(&f, ANNA, id, "consultation", "patient", true));
    STEP(&f, act(&f, ANNA, id, "submit", NULL));
    EXPECT_TEXT(fixture_text(&f, "state"),
                "offered"); /* nobody is there yet: it waits for the deadline */
    set_duty(&f, SONG, true);
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.ring"));
    set_duty(&f, SONG, false);
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.gone"));
    EXPECT_INT(fixture_call(&f, SONG, consult_get, id, NULL, NULL), 404);
    EXPECT_INT(act(&f, SONG, id, "accept", NULL), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "duty.off");
    set_duty(&f, SONG, true);
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.ring"));
    set_duty(&f, WU, true);
    EXPECT(!has_effect(&f, EFFECT_PUSH, WU, "offer.ring"));
    EXPECT_INT(act(&f, SONG, id, "accept", NULL), 200);
    fixture_close(&f);
}

static void declines(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    set_duty(&f, TAN, true);
    make_in(&f, CONSULT_OFFERED, id);
    EXPECT_INT(act(&f, SONG, id, "decline", NULL), 422);
    EXPECT_TEXT(fixture_text(&f, "field"), "/reason_code");
    EXPECT_INT(act(&f, SONG, id, "decline", json_pack("{s:s}", "reason_code", "Not My Field")),
               422);
    EXPECT_INT(act(&f, SONG, id, "decline", json_pack("{s:s}", "reason_code", "not-my-field")),
               200);
    EXPECT_TEXT(fixture_text(&f, "my_role"), "none");
    expect_state(&f, id, "offered");
    EXPECT_INT(act(&f, SONG, id, "accept", NULL), 404);
    set_duty(&f, SONG, false);
    set_duty(&f, SONG, true);
    EXPECT(!has_effect(&f, EFFECT_PUSH, SONG, "offer.ring")); /* no means no */
    EXPECT_INT(act(&f, TAN, id, "decline", json_pack("{s:s}", "reason_code", "busy")), 200);
    expect_state(&f, id, "offered"); /* nobody is left: the coordinators are alarmed first */
    EXPECT(has_effect(&f, EFFECT_PUSH, CITY_COORD, "case.alarm"));
    EXPECT(has_effect(&f, EFFECT_PUSH, ANNA, "case.alarm"));
    MUST(db_run(f.db, "UPDATE account SET disabled = 1 WHERE id IN ($1, $2)", "ss", TOWN_COORD,
                CITY_COORD));
    f.now_ms += 15 * 60000;
    STEP(&f, fixture_call(&f, NULL, consult_timers_run, NULL, NULL, NULL));
    expect_state(&f, id, "expired");
    STEP(&f, fixture_call(&f, ANNA, consult_get, id, NULL, NULL));
    EXPECT_TEXT(fixture_text(&f, "reason_code"), "deadline");
    fixture_close(&f);
}

static void expected_wait(void)
{
    struct fixture f;
    char id[33];
    int64_t ms = 0;
    fixture_open(&f, ":memory:");
    EXPECT_INT(queue_expected_wait(f.db, "cardiology", f.now_ms, &ms), STATUS_NONE);
    static const int64_t waits[] = {30000, 90000, 60000};
    for (size_t i = 0; i < 3; i++) {
        make_in(&f, CONSULT_OFFERED, id);
        f.now_ms += waits[i];
        STEP(&f, act(&f, SONG, id, "accept", NULL));
    }
    EXPECT_INT(queue_expected_wait(f.db, "cardiology", f.now_ms, &ms), STATUS_OK);
    EXPECT_INT(ms, 60000);
    make_in(&f, CONSULT_OFFERED, id);
    f.now_ms += 20000;
    STEP(&f, fixture_call(&f, ANNA, consult_get, id, NULL, NULL));
    EXPECT_INT(json_integer_value(
                   json_object_get(json_object_get(f.call.reply, "queue"), "expected_wait_ms")),
               40000);
    EXPECT_INT(queue_expected_wait(f.db, "cardiology", f.now_ms + 31LL * 86400000, &ms),
               STATUS_NONE);
    fixture_close(&f);
}

static void crowd_account(int i, char out[33])
{
    (void)snprintf(out, 33, "0000000000000000000000000001%04x", i);
}

/* CROWD specialists on duty, one offer to all of them. Returns to how many it is offered. */
static int make_crowd(struct fixture *f, char id[33])
{
    char account[33];
    MUST(db_begin(f->db));
    for (int i = 0; i < CROWD; i++) {
        crowd_account(i, account);
        fixture_person(f->db, account, CITY, "众", "Crowd", "specialist", "cardiology");
        MUST(db_run(f->db, "UPDATE duty SET on_duty = 1 WHERE account_id = $1", "s", account));
    }
    MUST(db_commit(f->db));
    make_draft(f, "urgent", id);
    STEP(f, give_consent(f, ANNA, id, "consultation", "patient", true));
    STEP(f, act(f, ANNA, id, "submit", NULL));
    int rung = 0;
    for (const struct api_effect *e = f->call.effects; e != NULL; e = e->next) {
        const char *type = json_string_value(json_object_get(e->message, "type"));
        rung += e->kind == EFFECT_PUSH && type != NULL && strcmp(type, "offer.ring") == 0;
    }
    EXPECT_INT(rung, 1); /* it stands in everybody's queue, and rings for one */
    int64_t open = 0;
    MUST(db_one_int(f->db, &open, "SELECT COUNT(*) FROM consultation_offer WHERE state = 'open'",
                    ""));
    return (int)open;
}

static void five_hundred_in_a_row(void)
{
    struct fixture f;
    char id[33], account[33];
    int won = 0, told = 0;
    fixture_open(&f, ":memory:");
    EXPECT_INT(make_crowd(&f, id), CROWD);
    for (int i = 0; i < CROWD; i++) {
        crowd_account(i, account);
        int status = act(&f, account, id, "accept", NULL);
        won += status == 200;
        told += status == 409 &&
                strcmp(fixture_text(&f, "code"), "consultation.already-accepted") == 0 &&
                strcmp(fixture_text(&f, "by_en"), "Crowd") == 0;
    }
    EXPECT_INT(won, 1);
    EXPECT_INT(told, CROWD - 1);
    int64_t rows = 0;
    MUST(db_one_int(f.db, &rows, "SELECT COUNT(*) FROM audit WHERE action = 'consultation.accept'",
                    ""));
    EXPECT_INT(rows, 1);
    fixture_close(&f);
}

struct racer {
    const char *path, *id;
    int first, count;
    _Atomic int *won, *told, *other;
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    struct fixture f = {.now_ms = START_MS};
    char account[33];
    MUST(db_open(racer->path, &f.db));
    for (int i = 0; i < racer->count; i++) {
        crowd_account(racer->first + i, account);
        int status = act(&f, account, racer->id, "accept", NULL);
        bool told =
            status == 409 && strcmp(fixture_text(&f, "code"), "consultation.already-accepted") == 0;
        atomic_fetch_add(status == 200 ? racer->won : told ? racer->told : racer->other, 1);
    }
    fixture_close(&f);
    return NULL;
}

#define RACERS 8

static void five_hundred_at_once(void)
{
    char folder[] = "/tmp/consult-test-XXXXXX", path[64], id[33];
    EXPECT(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/gateway.db", folder);
    struct fixture f;
    fixture_open(&f, path);
    EXPECT_INT(make_crowd(&f, id), CROWD);
    _Atomic int won = 0, told = 0, other = 0;
    pthread_t threads[RACERS];
    struct racer racers[RACERS];
    for (int i = 0; i < RACERS; i++) {
        int first = CROWD * i / RACERS;
        racers[i] =
            (struct racer){path, id, first, CROWD * (i + 1) / RACERS - first, &won, &told, &other};
        EXPECT_INT(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    EXPECT_INT(won, 1);
    EXPECT_INT(told, CROWD - 1);
    EXPECT_INT(other, 0);
    struct audit_verdict verdict;
    MUST(audit_verify(f.db, &verdict));
    EXPECT(verdict.holds);
    fixture_close(&f);
    fixture_remove(folder, path);
}

static void losers_are_told(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    set_duty(&f, TAN, true);
    make_in(&f, CONSULT_OFFERED, id);
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    EXPECT(!has_effect(&f, EFFECT_PUSH, SONG, "offer.gone"));
    bool named = false;
    for (const struct api_effect *e = f.call.effects; e != NULL; e = e->next) {
        const char *by = json_string_value(json_object_get(e->message, "by_en"));
        named =
            named || (strcmp(e->account_id, TAN) == 0 && by != NULL && strcmp(by, "Dr Song") == 0);
    }
    EXPECT(named);
    EXPECT_INT(act(&f, TAN, id, "accept", NULL), 409);
    EXPECT(strstr(fixture_text(&f, "detail_zh"), "宋医生") != NULL);
    EXPECT(strstr(fixture_text(&f, "detail_en"), "Dr Song") != NULL);
    EXPECT_INT(act(&f, TAN, id, "decline", json_pack("{s:s}", "reason_code", "busy")), 409);
    EXPECT_INT(fixture_call(&f, TAN, consult_get, id, NULL, NULL), 404);
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"offered to whom", offered_to_whom},
        {"duty later", duty_later},
        {"declines", declines},
        {"expected wait", expected_wait},
        {"losers are told", losers_are_told},
        {"500 accepts in a row", five_hundred_in_a_row},
        {"500 accepts at once", five_hundred_at_once},
    };
    return TEST_MAIN(cases);
}
