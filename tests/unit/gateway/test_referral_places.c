/* Referrals in time and space: places that are held and taken, forwarding, deadlines, worklists. */
#include "tests/unit/gateway/referral_fixture.h"

static void one_winner(void)
{
    struct fixture f;
    char first[33], second[33];
    open_world(&f);
    sent(&f, first, ",\"place\":\"" BED_1 "\"");
    made(&f, ANNA, whole(CITY, "cardiology", ",\"place\":\"" BED_1 "\""), second);
    EXPECT_INT(refer(&f, ANNA, second, "send", NULL), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "place.taken");
    EXPECT_INT(run(&f, ANNA, referral_patch, second, NULL, json("{\"place\":\"" BED_OWN "\"}")),
               200);
    EXPECT_INT(refer(&f, ANNA, second, "send", NULL), 422); /* not for referred patients */
    EXPECT_INT(run(&f, ANNA, referral_patch, second, NULL, json("{\"place\":\"" BED_2 "\"}")), 200);
    EXPECT_INT(refer(&f, ANNA, second, "send", NULL), 200);
    EXPECT_INT(refer(&f, CITY_REF, second, "accept", appointment(&f, ",\"place\":\"" BED_1 "\"")),
               409);
    EXPECT_TEXT(place_state(&f, BED_2), "held"); /* what failed has changed nothing */
    EXPECT_INT(refer(&f, CITY_REF, first, "refuse",
                     json("{\"reason_code\":\"no-indication\",\"reason_text\":\"门诊即可\"}")),
               200);
    EXPECT_TEXT(place_state(&f, BED_1), "free");
    EXPECT_INT(refer(&f, CITY_REF, second, "accept", appointment(&f, ",\"place\":\"" BED_1 "\"")),
               200);
    EXPECT_TEXT(place_state(&f, BED_1), "taken");
    EXPECT_TEXT(place_state(&f, BED_2), "free"); /* the one that was held is given back */
    EXPECT_INT(run(&f, CITY_REF, referral_place_delete, BED_1, NULL, NULL), 409);
    EXPECT_INT(run(&f, CITY_REF, referral_place_delete, BED_2, NULL, NULL), 204);
    EXPECT_INT(run(&f, TOWN_REF, referral_place_delete, BED_OWN, NULL, NULL), 404);
    EXPECT_INT(refer(&f, ANNA, second, "withdraw", NULL), 200);
    EXPECT_TEXT(place_state(&f, BED_1), "free");
    fixture_close(&f);
}

static int64_t places_seen(struct fixture *f, const char *account)
{
    const struct api_query_pair query[] = {{"organisation", CITY}, {NULL, NULL}};
    query_next = query;
    int status = run(f, account, referral_places_get, NULL, NULL, NULL);
    query_next = NULL;
    return status != 200 ? -1 : (int64_t)json_array_size(json_object_get(f->call.reply, "places"));
}

static void places_shown(void)
{
    struct fixture f;
    char id[33];
    open_world(&f);
    EXPECT_INT(places_seen(&f, CITY_REF), 3); /* all of the own institution */
    EXPECT_INT(places_seen(&f, ANNA), 2);     /* those reserved for referred patients */
    EXPECT_INT(places_seen(&f, WU), 0);       /* no partnership with it */
    sent(&f, id, ",\"place\":\"" BED_1 "\"");
    EXPECT_INT(places_seen(&f, ANNA), 1);
    EXPECT_INT(places_seen(&f, CITY_REF), 3);
    fixture_close(&f);
}

static void forwarded(void)
{
    struct fixture f;
    char id[33];
    open_world(&f);
    sent(&f, id, ",\"place\":\"" BED_1 "\"");
    EXPECT_INT(refer(&f, CITY_REF, id, "forward", json("{\"department\":\"cardiology\"}")), 422);
    EXPECT_INT(refer(&f, CITY_REF, id, "forward", json("{\"department\":\"general\"}")), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "sent");
    EXPECT_TEXT(place_state(&f, BED_1), "free");
    EXPECT_INT(refer(&f, CITY_REF, id, "accept", NULL), 422);
    EXPECT_TEXT(fixture_text(&f, "field"), "/at_ms");
    EXPECT_INT(refer(&f, CITY_REF, id, "accept", json("{\"at_ms\":1}")), 422);
    EXPECT_INT(refer(&f, CITY_REF, id, "accept", appointment(&f, ",\"place\":\"" BED_1 "\"")), 422);
    EXPECT_INT(refer(&f, CITY_REF, id, "accept", appointment(&f, "")), 200);
    fixture_close(&f);
}

static int64_t audit_rows(struct fixture *f, const char *action)
{
    int64_t count = 0;
    MUST(db_one_int(f->db, &count, "SELECT COUNT(*) FROM audit WHERE action = $1", "s", action));
    return count;
}

static void timers(void)
{
    struct fixture f;
    char id[33];
    open_world(&f);
    sent(&f, id, ",\"place\":\"" BED_1 "\"");
    EXPECT_INT(run(&f, NULL, referral_timers_run, NULL, NULL, NULL), 200);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "ran")), 0);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "next_due_ms")),
               START_MS + 1800000);
    f.now_ms += 1800000;
    EXPECT_INT(run(&f, NULL, referral_timers_run, NULL, NULL, NULL), 200);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "ran")), 1);
    static const char *const told[] = {ANNA, CITY_REF, CITY_COORD, TOWN_COORD};
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        EXPECT(has_effect(&f, EFFECT_PUSH, told[i], "referral.changed"));
    }
    EXPECT_INT(audit_rows(&f, "referral.overdue"), 1);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "next_due_ms")),
               f.now_ms + 1800000); /* it comes back */
    EXPECT_INT(run(&f, CITY_REF, referral_way_of_referral, id, NULL, NULL), 200);
    EXPECT_INT(refer(&f, CITY_REF, id, "accept", appointment(&f, "")), 200);
    int64_t expected = f.now_ms + 3600000;
    f.now_ms = expected + 259200000 - 1;
    EXPECT_INT(run(&f, NULL, referral_timers_run, NULL, NULL, NULL), 200);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "ran")), 0);
    f.now_ms++;
    EXPECT_INT(run(&f, NULL, referral_timers_run, NULL, NULL, NULL), 200);
    EXPECT(has_effect(&f, EFFECT_PUSH, ANNA, "referral.changed"));
    EXPECT_TEXT(place_state(&f, BED_1), "free");
    EXPECT_INT(audit_rows(&f, "referral.lapse"), 1);
    EXPECT_INT(refer(&f, CITY_REF, id, "arrive", NULL), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "referral.over");
    int64_t left = 1;
    MUST(db_one_int(f.db, &left, "SELECT COUNT(*) FROM referral_timer", ""));
    EXPECT_INT(left, 0);
    fixture_close(&f);
}

/* A row that cannot be read does not hold up the timers of the others. */
static void timers_go_on(void)
{
    struct fixture f;
    char bad[33], good[33];
    open_world(&f);
    sent(&f, bad, "");
    sent(&f, good, "");
    MUST(db_begin(f.db));
    MUST(db_run(f.db, "UPDATE referral SET body = '{' WHERE id = $1", "s", bad));
    MUST(db_commit(f.db));
    f.now_ms += 1800000;
    EXPECT_INT(run(&f, NULL, referral_timers_run, NULL, NULL, NULL), 200);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "ran")), 2);
    EXPECT_INT(audit_rows(&f, "referral.overdue"), 1); /* of the good one */
    fixture_close(&f);
}

static int64_t listed(struct fixture *f, const char *account, const char *list)
{
    const struct api_query_pair query[] = {{"list", list}, {NULL, NULL}};
    query_next = query;
    int status = run(f, account, referral_list, NULL, NULL, NULL);
    query_next = NULL;
    return status != 200 ? -1
                         : (int64_t)json_array_size(json_object_get(f->call.reply, "referrals"));
}

static void lists(void)
{
    struct fixture f;
    char id[33], draft[33];
    open_world(&f);
    made(&f, ANNA, whole(CITY, "cardiology", ""), draft);
    sent(&f, id, "");
    EXPECT_INT(listed(&f, ANNA, "sent"), 2);
    EXPECT_INT(listed(&f, TOWN_COORD, "sent"), 1); /* no drafts */
    EXPECT_INT(listed(&f, BO, "sent"), 0);
    EXPECT_INT(listed(&f, CITY_REF, "received"), 1);
    EXPECT_INT(listed(&f, CITY_COORD, "received"), 1);
    EXPECT_INT(listed(&f, TOWN_REF, "received"), 0);
    EXPECT_INT(listed(&f, ANNA, "received"), 0);
    EXPECT_INT(listed(&f, ANNA, "all"), -1);
    STEP(&f, refer(&f, CITY_REF, id, "refuse",
                   json("{\"reason_code\":\"no-bed\",\"reason_text\":\"满员\"}")));
    EXPECT_INT(listed(&f, ANNA, "sent"), 2); /* a refusal is seen before it goes */
    f.now_ms += 8LL * 86400000;
    EXPECT_INT(listed(&f, ANNA, "sent"), 1);
    EXPECT_INT(listed(&f, ANNA, "history"), 1);
    EXPECT_INT(listed(&f, CITY_REF, "history"), 1);
    EXPECT_INT(listed(&f, AWAY_REF, "history"), 0);
    EXPECT_INT(listed(&f, CITY_REF, "received"), 0);
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"one winner of a place", one_winner},
        {"places as they are shown", places_shown},
        {"forwarded", forwarded},
        {"timers", timers},
        {"timers go on", timers_go_on},
        {"lists", lists},
    };
    return TEST_MAIN(cases);
}
