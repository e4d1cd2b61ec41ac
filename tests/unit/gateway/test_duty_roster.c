/* Shifts of the roster: who plans, what is refused; what the roster and the presence show to whom.
 */
#include "gateway/directory/duty_roster.h"

#include "gateway/directory/duty_presence.h"
#include "tests/unit/gateway/duty_calls.h"

/* ---- shifts ---- */

static void who_plans(void)
{
    static const struct {
        const char *name, *actor, *account, *kind;
        int status;
    } rows[] = {
        {"coordinator of the institution", CITY_COORD, SONG, "duty", 201},
        {"coordinator, on call", CITY_COORD, SONG, "on-call", 201},
        {"coordinator, bookable", CITY_COORD, SONG, "bookable", 201},
        {"coordinator elsewhere", AWAY_COORD, SONG, "duty", 403},
        {"coordinator of a member", TOWN_COORD, SONG, "bookable", 403},
        {"oneself, bookable", TAN, TAN, "bookable", 201},
        {"oneself, duty", TAN, TAN, "duty", 403},
        {"oneself, on call", TAN, TAN, "on-call", 403},
        {"a colleague's", TAN, SONG, "bookable", 403},
        {"for a clinician", CITY_COORD, ANNA, "duty", 422},
        {"for nobody", CITY_COORD, ID("99"), "duty", 422},
        {"of an unknown kind", CITY_COORD, SONG, "night", 422},
    };
    struct fixture f;
    fixture_open(&f, ":memory:");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row(rows[i].name);
        int64_t before = count(&f, "SELECT count(*) FROM duty_shift");
        EXPECT_INT(fixture_call(&f, rows[i].actor, duty_shift_post, NULL, NULL,
                                shift_body(rows[i].account, rows[i].kind, f.now_ms + HOUR,
                                           f.now_ms + 2 * HOUR)),
                   rows[i].status);
        EXPECT_INT(count(&f, "SELECT count(*) FROM duty_shift"),
                   before + (rows[i].status == 201 ? 1 : 0));
        test_row_end();
    }
    EXPECT_INT(count(&f, "SELECT count(*) FROM audit WHERE action = 'shift.add'"), 4);
    fixture_close(&f);
}

static int post(struct fixture *f, const char *name, json_t *value)
{
    json_t *body = shift_body(SONG, "duty", f->now_ms + HOUR, f->now_ms + 2 * HOUR);
    (void)json_object_set_new(body, name, value);
    return fixture_call(f, CITY_COORD, duty_shift_post, NULL, NULL, body);
}

static void bad_shifts(void)
{
    struct fixture f;
    fixture_open(&f, ":memory:");
    struct {
        const char *name;
        json_t *value;
        const char *field;
    } rows[] = {
        {"specialty", json_string("neurology"), "/specialty"},
        {"specialty", json_integer(1), "/specialty"},
        {"partnership", json_string(ID("bb")), "/partnership"},
        {"from_ms", json_null(), "/from_ms"},
        {"from_ms", json_string("x"), "/from_ms"},
        {"from_ms", json_integer(0), "/from_ms"},
        {"from_ms", json_integer(f.now_ms + 401 * DAY), "/from_ms"},
        {"until_ms", json_integer(f.now_ms + HOUR), "/until_ms"},
        {"until_ms", json_integer(f.now_ms), "/until_ms"},
        {"until_ms", json_integer(f.now_ms + 33 * DAY), "/until_ms"},
        {"account", json_null(), "/account"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row(rows[i].field);
        EXPECT_INT(post(&f, rows[i].name, rows[i].value), 422);
        EXPECT_TEXT(fixture_text(&f, "field"), rows[i].field);
        test_row_end();
    }
    EXPECT_INT(count(&f, "SELECT count(*) FROM duty_shift"), 0);
    EXPECT_INT(post(&f, "partnership", json_string(NET)), 201); /* the control */
    fixture_close(&f);
}

static void overlaps(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    int64_t from = f.now_ms + DAY;
    plan(&f, SONG, "duty", from, from + 4 * HOUR);
    (void)snprintf(id, sizeof id, "%s", fixture_text(&f, "id"));
    const int64_t clash[][2] = {{-HOUR, 1}, {0, 4 * HOUR}, {HOUR, 2 * HOUR}, {4 * HOUR - 1, DAY}};
    for (size_t i = 0; i < sizeof clash / sizeof clash[0]; i++) {
        EXPECT_INT(fixture_call(&f, CITY_COORD, duty_shift_post, NULL, NULL,
                                shift_body(SONG, "duty", from + clash[i][0], from + clash[i][1])),
                   409);
        EXPECT_TEXT(fixture_text(&f, "code"), "shift.overlap");
        EXPECT_TEXT(fixture_text(&f, "shift"), id);
    }
    plan(&f, SONG, "duty", from - HOUR, from); /* touching is no overlap */
    plan(&f, SONG, "duty", from + 4 * HOUR, from + 5 * HOUR);
    plan(&f, SONG, "on-call", from, from + HOUR);
    plan(&f, TAN, "duty", from, from + HOUR);
    EXPECT_INT(fixture_call(&f, AWAY_COORD, duty_shift_delete, id, NULL, NULL), 404);
    EXPECT_INT(fixture_call(&f, SONG, duty_shift_delete, id, NULL, NULL), 403);
    EXPECT_INT(fixture_call(&f, CITY_COORD, duty_shift_delete, "x", NULL, NULL), 404);
    EXPECT_INT(fixture_call(&f, CITY_COORD, duty_shift_delete, id, NULL, NULL), 204);
    EXPECT_INT(fixture_call(&f, CITY_COORD, duty_shift_delete, id, NULL, NULL), 404);
    plan(&f, SONG, "duty", from, from + 4 * HOUR); /* the place is free again */
    EXPECT_INT(count(&f, "SELECT count(*) FROM audit WHERE action = 'shift.remove'"), 1);
    fixture_close(&f);
}

/* ---- roster and presence ---- */

static json_t *person(struct fixture *f, const char *account)
{
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(f->call.reply, "people"), i, p)
    {
        if (strcmp(json_string_value(json_object_get(p, "account")), account) == 0) {
            return p;
        }
    }
    return NULL;
}

static bool holds(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static void roster(void)
{
    struct fixture f;
    fixture_open(&f, ":memory:");
    int64_t now = f.now_ms;
    plan(&f, SONG, "duty", now - HOUR, now + HOUR);
    plan(&f, TAN, "on-call", now - HOUR, now + HOUR);
    plan(&f, TAN, "duty", now + 30 * DAY, now + 30 * DAY + HOUR); /* beyond the days asked for */
    plan(&f, WU, "duty", now - HOUR, now + HOUR);
    EXPECT_INT(ask(&f, CITY_COORD, duty_roster_get, NULL, NULL), 200);
    EXPECT(holds(person(&f, SONG), "planned") && holds(person(&f, SONG), "absent"));
    EXPECT(holds(person(&f, TAN), "on_call") && !holds(person(&f, TAN), "absent"));
    EXPECT(person(&f, WU) == NULL && !is_true(&f, "more"));
    EXPECT_INT(json_array_size(json_object_get(f.call.reply, "shifts")), 2);
    EXPECT_INT(json_array_size(json_object_get(person(&f, SONG), "may_add")), 3);
    EXPECT_INT(json_array_size(json_object_get(person(&f, SONG), "specialties")), 1);
    EXPECT_INT(put(&f, SONG, "{\"on_duty\": true, \"pause\": \"break\", \"pause_minutes\": 5}"),
               200);
    EXPECT_INT(ask(&f, TAN, duty_roster_get, "specialty", "cardiology"), 200);
    EXPECT(holds(person(&f, SONG), "on_duty") && !holds(person(&f, SONG), "absent"));
    EXPECT_TEXT(json_string_value(json_object_get(person(&f, SONG), "pause")), "break");
    EXPECT_INT(json_array_size(json_object_get(person(&f, SONG), "may_add")), 0);
    EXPECT_INT(json_array_size(json_object_get(person(&f, TAN), "may_add")), 1);
    EXPECT_INT(ask(&f, TAN, duty_roster_get, "specialty", "neurology"), 200);
    EXPECT_INT(json_array_size(json_object_get(f.call.reply, "people")), 0);
    EXPECT_INT(ask(&f, TAN, duty_roster_get, "specialty", "nothing"), 422);
    EXPECT_INT(ask(&f, TAN, duty_roster_get, "days", "32"), 422);
    EXPECT_INT(ask(&f, TAN, duty_roster_get, "from", "-1"), 422);
    EXPECT_INT(ask(&f, TAN, duty_roster_get, "days", "31"), 200);
    EXPECT_INT(json_array_size(json_object_get(f.call.reply, "shifts")), 3);
    /* the coordinator of a member sees the own institution, that of the lead all members */
    EXPECT_INT(ask(&f, TOWN_COORD, duty_roster_get, NULL, NULL), 200);
    EXPECT_INT(json_array_size(json_object_get(f.call.reply, "people")), 0);
    MUST(db_run(f.db,
                "INSERT INTO partnership_member (partnership_id, organisation_id, role, since) "
                "VALUES ($1, $2, 'spoke', '2020-01-01')",
                "ss", NET, AWAY));
    EXPECT_INT(ask(&f, CITY_COORD, duty_roster_get, NULL, NULL), 200);
    EXPECT(holds(person(&f, WU), "absent"));
    EXPECT_INT(json_array_size(json_object_get(person(&f, WU), "may_add")), 0);
    EXPECT_INT(ask(&f, SONG, duty_roster_get, NULL, NULL), 200);
    EXPECT(person(&f, WU) == NULL && person(&f, TAN) != NULL);
    fixture_close(&f);
}

static void presence(void)
{
    struct fixture f;
    fixture_open(&f, ":memory:");
    plan(&f, TAN, "duty", f.now_ms + 2 * HOUR, f.now_ms + 3 * HOUR);
    plan(&f, TAN, "on-call", f.now_ms, f.now_ms + HOUR);
    EXPECT_INT(put(&f, SONG, "{\"on_duty\": true}"), 200);
    EXPECT_INT(put(&f, WU, "{\"on_duty\": true}"), 200); /* out of reach */
    EXPECT_INT(ask(&f, ANNA, duty_presence_get, NULL, NULL), 200);
    json_t *list = json_object_get(f.call.reply, "presence");
    json_t *one = json_array_get(list, 0);
    EXPECT_INT(json_array_size(list), 1);
    EXPECT_INT(json_integer_value(json_object_get(one, "on_duty")), 1);
    EXPECT_INT(json_integer_value(json_object_get(one, "paused")), 0);
    EXPECT_INT(json_integer_value(json_object_get(one, "on_call")), 1);
    EXPECT_INT(json_integer_value(json_object_get(one, "next_from_ms")), f.now_ms + 2 * HOUR);
    EXPECT(json_is_null(json_object_get(one, "expected_wait_ms")));
    EXPECT_INT(json_array_size(json_object_get(one, "organisations")), 1);
    EXPECT_INT(put(&f, SONG, "{\"pause\": \"pause\"}"), 200);
    EXPECT_INT(ask(&f, ANNA, duty_presence_get, "specialty", "cardiology"), 200);
    one = json_array_get(json_object_get(f.call.reply, "presence"), 0);
    EXPECT_INT(json_integer_value(json_object_get(one, "paused")), 1);
    EXPECT_INT(ask(&f, ANNA, duty_presence_get, "specialty", "neurology"), 200); /* not agreed on */
    EXPECT_INT(json_array_size(json_object_get(f.call.reply, "presence")), 0);
    EXPECT_INT(put(&f, TAN, "{\"on_duty\": true}"), 200); /* with three years of practice: counts */
    EXPECT_INT(ask(&f, ANNA, duty_presence_get, "specialty", "cardiology"), 200);
    one = json_array_get(json_object_get(f.call.reply, "presence"), 0);
    EXPECT_INT(json_integer_value(json_object_get(one, "on_duty")), 2);
    MUST(db_run(f.db,
                "UPDATE practitioner SET licensed_since = '2026-01-01' WHERE id IN (SELECT "
                "practitioner_id FROM account WHERE id=$1)",
                "s", TAN));
    EXPECT_INT(ask(&f, ANNA, duty_presence_get, "specialty", "cardiology"), 200);
    one = json_array_get(json_object_get(f.call.reply, "presence"), 0);
    EXPECT_INT(json_integer_value(json_object_get(one, "on_duty")), 1); /* without: does not */
    MUST(db_run(f.db, "UPDATE practitioner SET licensed_since = '2026-01-01'", ""));
    EXPECT_INT(ask(&f, ANNA, duty_presence_get, "specialty", "cardiology"), 200); /* whom to ask? */
    EXPECT_INT(json_array_size(json_object_get(f.call.reply, "presence")), 0);
    EXPECT_INT(ask(&f, ANNA, duty_presence_get, "specialty", "nothing"), 422);
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case tests[] = {
        {"who plans", who_plans}, {"bad shifts", bad_shifts}, {"overlaps", overlaps},
        {"roster", roster},       {"presence", presence},
    };
    return TEST_MAIN(tests);
}
