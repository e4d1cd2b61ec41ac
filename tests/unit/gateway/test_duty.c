/* Duty, pause, hand-over and the round; the SQL condition against the C one. */
#include "gateway/directory/duty.h"

#include "gateway/directory/duty_hand_over.h"
#include "gateway/directory/duty_round.h"
#include "tests/unit/gateway/duty_calls.h"

/* ---- questions ---- */

/* Every kind of row: the two conditions in SQL and the one in C say the same as the table. */
static void rings(void)
{
    static const struct {
        const char *name, *pause;
        int64_t on, until; /* 0 = NULL; else relative to now, plus 1000 */
        bool rings, paused;
    } rows[] = {
        {"off", NULL, 0, 0, false, false},
        {"on", NULL, 1, 0, true, false},
        {"pause by hand", "pause", 1, 0, false, true},
        {"break that runs", "break", 1, 1001, false, true},
        {"break that ends now", "break", 1, 1000, true, false},
        {"break that has ended", "break", 1, 999, true, false},
        {"off with a pause left behind", "pause", 0, 2000, false, false},
    };
    struct fixture f;
    fixture_open(&f, ":memory:");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct duty_state state;
        int64_t rung = -1;
        int64_t paused = -1;
        test_row(rows[i].name);
        MUST(db_run(f.db,
                    "UPDATE duty SET on_duty=$1, pause=$2, pause_until_ms = NULLIF($3, 0) WHERE "
                    "account_id=$4",
                    "isis", rows[i].on, rows[i].pause,
                    rows[i].until == 0 ? (int64_t)0 : f.now_ms + rows[i].until - 1000, SONG));
        MUST(
            db_one_int(f.db, &rung,
                       "SELECT count(*) FROM duty d WHERE account_id=$1 AND " DUTY_RINGS("d", "$2"),
                       "si", SONG, f.now_ms));
        MUST(db_one_int(
            f.db, &paused,
            "SELECT count(*) FROM duty d WHERE account_id=$1 AND " DUTY_PAUSED("d", "$2"), "si",
            SONG, f.now_ms));
        MUST(duty_state_load(f.db, SONG, f.now_ms, &state));
        EXPECT_INT(rung, rows[i].rings);
        EXPECT_INT(paused, rows[i].paused);
        EXPECT_INT(duty_state_rings(&state), rows[i].rings);
        EXPECT_INT(state.pause[0] != '\0', rows[i].paused);
        test_row_end();
    }
    fixture_close(&f);
}

static size_t on_call(struct fixture *f, const char *specialty, const char *partnership,
                      int64_t at_ms, const char *first)
{
    struct duty_accounts list;
    MUST(duty_on_call(f->db, specialty, partnership, at_ms, &list));
    size_t found = list.count;
    EXPECT(first == NULL || (found > 0 && strcmp(list.ids[0], first) == 0));
    duty_accounts_clear(&list);
    return found;
}

static void who_is_on_call(void)
{
    struct fixture f;
    fixture_open(&f, ":memory:");
    int64_t now = f.now_ms;
    EXPECT_INT(on_call(&f, "cardiology", NET, now, NULL), 0);
    plan(&f, TAN, "on-call", now + HOUR, now + 3 * HOUR);
    plan(&f, SONG, "on-call", now + 2 * HOUR, now + 3 * HOUR);
    plan(&f, SONG, "duty", now, now + HOUR);
    EXPECT_INT(on_call(&f, "cardiology", NET, now, NULL), 0); /* duty is not on call */
    EXPECT_INT(on_call(&f, "cardiology", NET, now + HOUR - 1, NULL), 0);
    EXPECT_INT(on_call(&f, "cardiology", NET, now + HOUR, TAN), 1);
    EXPECT_INT(on_call(&f, "cardiology", NET, now + 2 * HOUR, TAN), 2); /* the earlier shift */
    EXPECT_INT(on_call(&f, "cardiology", NET, now + 3 * HOUR, NULL), 0);
    EXPECT_INT(on_call(&f, "neurology", NET, now + HOUR, NULL), 0); /* not theirs */
    MUST(db_run(f.db, "UPDATE duty_shift SET partnership_id=$1 WHERE account_id=$2", "ss", NET,
                TAN));
    EXPECT_INT(on_call(&f, "cardiology", NET, now + HOUR, TAN), 1);
    EXPECT_INT(on_call(&f, "cardiology", NULL, now + HOUR, TAN), 1);
    EXPECT_INT(on_call(&f, "cardiology", ID("bb"), now + HOUR, NULL), 0);
    MUST(db_run(f.db, "UPDATE duty_shift SET specialty='neurology' WHERE account_id=$1", "s", TAN));
    EXPECT_INT(on_call(&f, "cardiology", NET, now + HOUR, NULL), 0);
    MUST(
        db_run(f.db, "UPDATE duty_shift SET specialty='cardiology' WHERE account_id=$1", "s", TAN));
    EXPECT_INT(on_call(&f, "cardiology", NET, now + HOUR, TAN), 1);
    MUST(db_run(f.db, "UPDATE account SET disabled = 1 WHERE id=$1", "s", TAN));
    EXPECT_INT(on_call(&f, "cardiology", NET, now + HOUR, NULL), 0);
    fixture_close(&f);
}

static bool bookable(struct fixture *f, int64_t from_ms, int64_t until_ms)
{
    bool found = false;
    MUST(duty_bookable(f->db, SONG, from_ms, until_ms, &found));
    return found;
}

static void what_can_be_booked(void)
{
    struct fixture f;
    fixture_open(&f, ":memory:");
    int64_t day = duty_day_start(f.now_ms) + DAY; /* tomorrow, 00:00 in China = 16:00 UTC */
    EXPECT_INT(day % DAY, 16 * HOUR);
    EXPECT_INT(duty_day_start(day), day);
    EXPECT_INT(duty_day_start(day - 1), day - DAY);
    EXPECT_INT(duty_day_start(-1), -8 * HOUR);
    EXPECT(bookable(&f, day + HOUR, day + 2 * HOUR)); /* nothing is published */
    plan(&f, SONG, "bookable", day + 9 * HOUR, day + 11 * HOUR);
    plan(&f, SONG, "bookable", day + 20 * HOUR, day + DAY); /* until midnight: not the next day */
    plan(&f, SONG, "duty", day, day + DAY);
    plan(&f, TAN, "bookable", day, day + DAY);
    EXPECT(bookable(&f, day + 9 * HOUR, day + 11 * HOUR));
    EXPECT(bookable(&f, day + 10 * HOUR, day + 10 * HOUR + 1));
    EXPECT(!bookable(&f, day + 9 * HOUR - 1, day + 10 * HOUR));
    EXPECT(!bookable(&f, day + 10 * HOUR, day + 11 * HOUR + 1));
    EXPECT(!bookable(&f, day + 14 * HOUR, day + 15 * HOUR));
    EXPECT(bookable(&f, day - HOUR, day));             /* the day before ends with it */
    EXPECT(!bookable(&f, day - HOUR, day + 1));        /* touches the day */
    EXPECT(bookable(&f, day + DAY, day + DAY + HOUR)); /* the day after */
    EXPECT(!bookable(&f, day + DAY - 1, day + DAY + 1));
    fixture_close(&f);
}

/* ---- the switch ---- */

static void on_pause_off(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_draft(&f, "urgent", id);
    STEP(&f, give_consent(&f, ANNA, id, "consultation", "patient", true));
    STEP(&f, act(&f, ANNA, id, "submit", NULL));
    EXPECT_INT(put(&f, SONG, "{\"on_duty\": true}"), 200);
    EXPECT(is_true(&f, "on_duty") && number(&f, "since_ms") == f.now_ms);
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.ring"));
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "duty.changed"));
    EXPECT(has_effect(&f, EFFECT_PUSH_ROLE, NULL, "duty.changed"));
    f.now_ms += HOUR;
    EXPECT_INT(put(&f, SONG, "{\"on_duty\": true}"), 200); /* no change */
    EXPECT(number(&f, "since_ms") == f.now_ms - HOUR && f.call.effects == NULL);
    EXPECT_INT(put(&f, SONG, "{\"pause\": \"break\", \"pause_minutes\": 30}"), 200);
    EXPECT_TEXT(fixture_text(&f, "pause"), "break");
    EXPECT_INT(number(&f, "pause_until_ms"), f.now_ms + HOUR / 2);
    EXPECT(is_true(&f, "on_duty") && number(&f, "since_ms") == f.now_ms - HOUR);
    EXPECT_INT(put(&f, SONG, "{\"pause\": \"pause\"}"), 200); /* another one, by hand */
    EXPECT(json_is_null(json_object_get(f.call.reply, "pause_until_ms")));
    EXPECT_INT(put(&f, SONG, "{\"pause\": null}"), 200);
    EXPECT(json_is_null(json_object_get(f.call.reply, "pause")));
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.ring")); /* what waits rings again */
    EXPECT_INT(put(&f, SONG, "{\"pause\": null}"), 200);
    EXPECT(f.call.effects == NULL);
    EXPECT_INT(put(&f, SONG, "{\"pause\": \"pause\"}"), 200);
    EXPECT_INT(put(&f, SONG, "{\"on_duty\": false}"), 200);
    EXPECT(!is_true(&f, "on_duty") && json_is_null(json_object_get(f.call.reply, "pause")));
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.gone"));
    EXPECT_INT(count(&f, "SELECT count(*) FROM duty WHERE pause IS NOT NULL"), 0);
    EXPECT_INT(put(&f, SONG, "{\"on_duty\": true, \"pause\": \"pause\"}"), 200);
    EXPECT(is_true(&f, "on_duty") && !has_effect(&f, EFFECT_PUSH, SONG, "offer.ring"));
    EXPECT_INT(count(&f, "SELECT count(*) FROM audit WHERE action = 'duty.on'"), 2);
    EXPECT_INT(count(&f, "SELECT count(*) FROM audit WHERE action = 'duty.off'"), 1);
    EXPECT_INT(count(&f, "SELECT count(*) FROM audit WHERE action = 'duty.pause'"), 4);
    EXPECT_INT(count(&f, "SELECT count(*) FROM audit WHERE action = 'duty.resume'"), 1);
    fixture_close(&f);
}

static void bad_wishes(void)
{
    static const struct {
        const char *body, *code, *field;
    } rows[] = {
        {"{}", "field.required", "/on_duty"},
        {"{\"pause_minutes\": 5}", "field.required", "/on_duty"},
        {"{\"on_duty\": \"yes\"}", "field.type", "/on_duty"},
        {"{\"on_duty\": null}", "field.type", "/on_duty"},
        {"{\"on_duty\": true, \"pause\": 1}", "field.type", "/pause"},
        {"{\"on_duty\": true, \"pause\": \"sleep\"}", "field.invalid", "/pause"},
        {"{\"on_duty\": false, \"pause\": \"pause\"}", "field.invalid", "/pause"},
        {"{\"on_duty\": true, \"pause_minutes\": 5}", "field.invalid", "/pause_minutes"},
        {"{\"pause\": \"pause\", \"pause_minutes\": 0}", "field.invalid", "/pause_minutes"},
        {"{\"pause\": \"pause\", \"pause_minutes\": 481}", "field.invalid", "/pause_minutes"},
        {"{\"pause\": \"pause\", \"pause_minutes\": \"5\"}", "field.type", "/pause_minutes"},
    };
    struct fixture f;
    fixture_open(&f, ":memory:");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row(rows[i].body);
        EXPECT_INT(put(&f, SONG, rows[i].body), 422);
        EXPECT_TEXT(fixture_text(&f, "code"), rows[i].code);
        EXPECT_TEXT(fixture_text(&f, "field"), rows[i].field);
        test_row_end();
    }
    EXPECT_INT(put(&f, SONG, "{\"pause\": \"pause\"}"), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "duty.off");
    EXPECT_INT(count(&f, "SELECT count(*) FROM duty WHERE on_duty = 1 OR pause IS NOT NULL"), 0);
    EXPECT_INT(count(&f, "SELECT count(*) FROM audit"), 0);
    fixture_close(&f);
}

/* ---- hand-over ---- */

static int hand(struct fixture *f, const char *from, const char *to)
{
    return fixture_call(f, from, duty_hand_over, NULL, NULL, json_pack("{ss}", "to", to));
}

static void handed_over(void)
{
    struct fixture f;
    fixture_open(&f, ":memory:");
    EXPECT_INT(hand(&f, SONG, TAN), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "duty.off");
    EXPECT_INT(put(&f, SONG, "{\"on_duty\": true}"), 200);
    const char *const strangers[] = {WU, SONG, ANNA, CITY_COORD, ID("99")};
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        EXPECT_INT(hand(&f, SONG, strangers[i]), 422);
        EXPECT_TEXT(fixture_text(&f, "code"), "duty.no-colleague");
    }
    EXPECT_INT(hand(&f, SONG, "tan"), 422);
    EXPECT_INT(hand(&f, SONG, TAN), 409); /* neither on duty nor on call */
    EXPECT_TEXT(fixture_text(&f, "code"), "duty.colleague-away");
    EXPECT_INT(put(&f, TAN, "{\"on_duty\": true, \"pause\": \"break\"}"), 200);
    EXPECT_INT(hand(&f, SONG, TAN), 409); /* would not hear a ring */
    EXPECT_INT(count(&f, "SELECT count(*) FROM duty WHERE on_duty = 1"), 2);
    EXPECT_INT(put(&f, TAN, "{\"pause\": null}"), 200);
    EXPECT_INT(hand(&f, SONG, TAN), 200);
    EXPECT(!is_true(&f, "on_duty"));
    EXPECT(has_effect(&f, EFFECT_PUSH, TAN, "duty.handover"));
    EXPECT_INT(count(&f, "SELECT count(*) FROM duty WHERE on_duty = 1"), 1);
    EXPECT_INT(count(&f, "SELECT count(*) FROM audit WHERE action = 'duty.hand-over'"), 1);
    fixture_close(&f);
}

/* Who is asked: comes, says no, or does not answer; the giver stays on duty until somebody comes.
 */
static void asked(void)
{
    struct fixture f;
    fixture_open(&f, ":memory:");
    plan(&f, TAN, "on-call", f.now_ms, f.now_ms + DAY);
    EXPECT_INT(put(&f, SONG, "{\"on_duty\": true}"), 200);
    for (int answer = 0; answer < 3; answer++) {
        EXPECT_INT(hand(&f, SONG, TAN), 200);
        EXPECT(is_true(&f, "on_duty") &&
               json_is_object(json_object_get(f.call.reply, "hand_over")));
        EXPECT(has_effect(&f, EFFECT_PUSH, TAN, "duty.handover"));
        EXPECT_INT(fixture_call(&f, TAN, duty_get, NULL, NULL, NULL), 200);
        EXPECT_INT(json_array_size(json_object_get(f.call.reply, "asked")), 1);
        if (answer == 0) {
            EXPECT_INT(put(&f, TAN, "{\"on_duty\": false}"), 200);
        } else if (answer == 1) {
            f.now_ms += DUTY_HAND_OVER_MS - 1;
            STEP(&f, fixture_call(&f, NULL, duty_round, NULL, NULL, NULL));
            EXPECT(!has_effect(&f, EFFECT_PUSH, SONG, "duty.handover"));
            f.now_ms += 1;
            STEP(&f, fixture_call(&f, NULL, duty_round, NULL, NULL, NULL));
        } else {
            EXPECT_INT(put(&f, TAN, "{\"on_duty\": true}"), 200);
        }
        EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "duty.handover"));
        EXPECT_INT(fixture_call(&f, SONG, duty_get, NULL, NULL, NULL), 200);
        EXPECT_INT(is_true(&f, "on_duty"), answer < 2);
        EXPECT_INT(count(&f, "SELECT count(*) FROM duty_hand_over"), 0);
    }
    fixture_close(&f);
}

/* ---- the round ---- */

static int round_now(struct fixture *f)
{
    return fixture_call(f, NULL, duty_round, NULL, NULL, NULL);
}

static void reminders(void)
{
    char folder[] = "/tmp/cg-duty-XXXXXX";
    char path[64];
    struct fixture f;
    EXPECT(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/consult.db", folder);
    fixture_open(&f, path);
    plan(&f, SONG, "duty", f.now_ms + HOUR, f.now_ms + 2 * HOUR);
    plan(&f, TAN, "duty", f.now_ms + HOUR, f.now_ms + 2 * HOUR);
    EXPECT_INT(put(&f, TAN, "{\"on_duty\": true}"), 200);
    STEP(&f, round_now(&f));
    EXPECT(!has_effect(&f, EFFECT_PUSH, SONG, "duty.reminder")); /* not yet */
    f.now_ms += HOUR;
    db_close(f.db); /* a restart before it is due loses nothing */
    MUST(db_open(path, &f.db));
    STEP(&f, round_now(&f));
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "duty.reminder"));
    EXPECT(has_effect(&f, EFFECT_PUSH_ROLE, NULL, "duty.changed"));
    EXPECT(!has_effect(&f, EFFECT_PUSH, TAN, "duty.reminder")); /* is there */
    db_close(f.db); /* and one afterwards repeats nothing */
    MUST(db_open(path, &f.db));
    STEP(&f, round_now(&f));
    EXPECT(f.call.effects == NULL);
    EXPECT_INT(fixture_call(&f, SONG, duty_get, NULL, NULL, NULL), 200);
    EXPECT_INT(json_array_size(json_object_get(f.call.reply, "shifts")), 1);
    fixture_close(&f);
    fixture_remove(folder, path);
}

static void pauses_end(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_draft(&f, "urgent", id);
    STEP(&f, give_consent(&f, ANNA, id, "consultation", "patient", true));
    EXPECT_INT(put(&f, SONG, "{\"on_duty\": true, \"pause\": \"break\", \"pause_minutes\": 1}"),
               200);
    STEP(&f, act(&f, ANNA, id, "submit", NULL));
    f.now_ms += 59999;
    STEP(&f, round_now(&f));
    EXPECT(f.call.effects == NULL);
    f.now_ms += 1;
    STEP(&f, round_now(&f));
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.ring"));
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "duty.changed"));
    EXPECT_INT(count(&f, "SELECT count(*) FROM duty WHERE pause IS NOT NULL"), 0);
    EXPECT_INT(count(&f, "SELECT count(*) FROM audit WHERE action = 'duty.resume' AND reason_code "
                         "= 'time' AND actor_id IS NULL"),
               1);
    STEP(&f, round_now(&f));
    EXPECT(f.call.effects == NULL);
    EXPECT_INT(put(&f, SONG, "{\"pause\": \"pause\"}"), 200); /* by hand: time does not end it */
    f.now_ms += DAY;
    STEP(&f, round_now(&f));
    EXPECT_INT(count(&f, "SELECT count(*) FROM duty WHERE pause IS NOT NULL"), 1);
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case tests[] = {
        {"rings", rings},
        {"on call", who_is_on_call},
        {"bookable", what_can_be_booked},
        {"on, pause, off", on_pause_off},
        {"bad wishes", bad_wishes},
        {"handed over", handed_over},
        {"asked", asked},
        {"reminders", reminders},
        {"pauses end", pauses_end},
    };
    return TEST_MAIN(tests);
}
