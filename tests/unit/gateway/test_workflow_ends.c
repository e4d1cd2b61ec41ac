/* The workflow's short way in and its ways out: stat in one click, follow-up, review and archive,
 * referral, and a timer that cannot fire. */
#include "tests/unit/gateway/workflow_fixture.h"

static void stat_in_one_click(void)
{
    struct fixture f;
    char id[33];
    world(&f, "{\"approval\": true, \"triage\": true}");
    set_duty(&f, SONG, true);
    EXPECT_INT(fixture_call(&f, ANNA, consult_stat, NULL, NULL,
                            json_pack("{s:s, s:{s:s}}", "specialty", "cardiology", "patient", "sex",
                                      "male")),
               422);
    EXPECT_TEXT(fixture_text(&f, "field"), "/request/complaint");
    EXPECT_INT((int)listed(&f, ANNA, "mine"), 0); /* nothing is left of it */
    EXPECT_INT(
        fixture_call(&f, ANNA, consult_stat, NULL, NULL,
                     json_pack("{s:s, s:{s:s, s:s}, s:{s:s}}", "specialty", "cardiology", "patient",
                               "sex", "male", "age", "61", "request", "complaint", "胸痛伴大汗")),
        201);
    (void)snprintf(id, 33, "%s", fixture_text(&f, "id"));
    EXPECT_TEXT(fixture_text(&f, "state"), "offered");
    EXPECT(fixture_text(&f, "consent_deferred")[0] != '\0');
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.ring"));
    STEP(&f, fixture_call(&f, ANNA, consult_patch, id, NULL,
                          json_pack("{s:{s:s}}", "patient", "name", "张三丰（演示）")));
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    EXPECT_INT(fixture_call(&f, BO, consult_patch, id, NULL, json_object()), 404);
    fixture_close(&f);
}

/* From signed to the archive. */
static void closing(void)
{
    struct fixture f;
    char id[33], hash[65];
    int64_t day = 24 * HOUR;
    world(&f, "{\"review_percent\": 100}");
    make_in(&f, CONSULT_SIGNED, id);
    STEP(&f, act(&f, ANNA, id, "acknowledge",
                 json_pack("{s:s, s:b}", "adopted", "yes", "told_patient", 1)));
    EXPECT_INT(act(&f, ANNA, id, "follow-up", json_pack("{s:s}", "text", "复查")), 422);
    STEP(&f, act(&f, ANNA, id, "follow-up",
                 json_pack("{s:s, s:I}", "text", "复查", "due_ms", f.now_ms + 7 * day)));
    expect_state(&f, id, "follow-up");
    clock_runs(&f, 7 * day);
    EXPECT(has_effect(&f, EFFECT_PUSH, ANNA, "case.reminder"));
    json_t *next = draft_body("routine");
    json_object_set_new(next, "based_on", json_string(id));
    STEP(&f, fixture_call(&f, ANNA, consult_create, NULL, NULL, next));
    EXPECT_TEXT(fixture_text(&f, "based_on"), id);
    STEP(&f, act(&f, ANNA, id, "close", NULL));
    EXPECT_INT((int)listed(&f, REVIEWER, "review"), 1);
    EXPECT_INT(fixture_call(&f, ANNA, consult_archive_get, id, NULL, NULL), 409);
    clock_runs(&f, day);
    expect_state(&f, id, "archived");
    EXPECT_INT(fixture_call(&f, ANNA, consult_archive_get, id, NULL, NULL), 200);
    (void)snprintf(hash, sizeof hash, "%s", fixture_text(&f, "sha256"));
    EXPECT_INT((int)strlen(hash), 64);
    EXPECT_INT(fixture_call(&f, SONG, consult_archive_get, id, NULL, NULL), 200);
    EXPECT_TEXT(fixture_text(&f, "sha256"), hash); /* both institutions keep the same */
    EXPECT_INT(fixture_call(&f, WU, consult_archive_get, id, NULL, NULL), 404);
    EXPECT_INT(act(&f, REVIEWER, id, "review", json_pack("{s:s}", "result", "poor")), 422);
    STEP(&f, act(&f, REVIEWER, id, "review", json_pack("{s:s}", "result", "good")));
    EXPECT_INT((int)listed(&f, REVIEWER, "review"), 0);
    STEP(&f, act(&f, SONG, id, "amend", json_pack("{s:s}", "reason_text", "补充")));
    expect_state(&f, id, "awaiting-opinion");
    fixture_close(&f);

    world(&f, "{\"review_percent\": 0}"); /* control: no sample, but what was amended is in it */
    make_in(&f, CONSULT_ACKNOWLEDGED, id);
    STEP(&f, act(&f, ANNA, id, "close", NULL));
    EXPECT_INT((int)listed(&f, REVIEWER, "review"), 0);
    EXPECT_INT(act(&f, REVIEWER, id, "review", json_pack("{s:s}", "result", "good")), 404);
    fixture_close(&f);
}

/* The consultation waits while the referral is under way, and goes on when it has ended. */
static void referred(void)
{
    static const char body[] =
        "{\"direction\":\"up\",\"to_organisation\":\"" CITY "\",\"urgency\":\"urgent\","
        "\"reason_code\":\"acute\",\"summary\":\"胸痛\",\"diagnosis\":\"急性心肌梗死\",\"consent\":"
        "{"
        "\"referral\":true,\"sharing\":true,\"relation\":\"self\",\"method\":\"written\"}}";
    struct fixture f;
    char id[33], referral[33];
    world(&f, "{}");
    make_in(&f, CONSULT_ACKNOWLEDGED, id);
    EXPECT_INT(act(&f, SONG, id, "refer", json_loads(body, 0, NULL)), 403);
    EXPECT_INT(act(&f, ANNA, id, "refer", json_loads(body, 0, NULL)), 403);
    EXPECT_TEXT(fixture_text(&f, "code"),
                "rule.no-clause"); /* a network refers where it was agreed */
    MUST(db_run(f.db,
                "UPDATE agreement SET clauses = '[{\"number\":\"4.1\",\"act\":\"refer\","
                "\"text_zh\":\"可上转\",\"text_en\":\"May refer up\"}]'",
                ""));
    EXPECT_INT(act(&f, ANNA, id, "refer", json_object()), 422);
    expect_state(&f, id, "acknowledged");
    STEP(&f, act(&f, ANNA, id, "refer", json_loads(body, 0, NULL)));
    expect_state(&f, id, "referral-open");
    EXPECT_INT(act(&f, ANNA, id, "close", NULL), 409);
    MUST(db_one_text(f.db, referral, sizeof referral, "SELECT id FROM referral", ""));
    STEP(&f, fixture_call(&f, ANNA, referral_action, referral, "withdraw",
                          json_pack("{s:s}", "reason_code", "patient")));
    expect_state(&f, id, "acknowledged");
    STEP(&f, act(&f, ANNA, id, "close", NULL));
    fixture_close(&f);
}

/* A row that cannot be read holds up its own clock, and nobody else's. */
static void one_bad_timer(void)
{
    struct fixture f;
    char id[33], bad[33];
    world(&f, "{}");
    make_in(&f, CONSULT_ACCEPTED, id);
    make_in(&f, CONSULT_ACCEPTED, bad);
    MUST(db_run(f.db, "UPDATE consultation SET state = 'limbo' WHERE id = $1", "s", bad));
    MUST(db_run(f.db,
                "UPDATE consultation_timer SET due_ms = due_ms - 1 WHERE consultation_id = $1", "s",
                bad));
    f.now_ms += 24 * HOUR;
    EXPECT_INT(fixture_call(&f, NULL, consult_timers_run, NULL, NULL, NULL), 503);
    expect_state(&f, id, "accepted");
    for (int i = 0; i < 4 && f.call.status >= 400; i++) {
        json_t *body =
            json_pack("{s:O, s:O}", "consultation", json_object_get(f.call.reply, "consultation"),
                      "kind", json_object_get(f.call.reply, "kind"));
        STEP(&f, fixture_call(&f, NULL, consult_timers_run, NULL, NULL, body));
        (void)fixture_call(&f, NULL, consult_timers_run, NULL, NULL, NULL);
    }
    EXPECT_INT(f.call.status, 200);
    expect_state(&f, id, "expired");
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"stat in one click", stat_in_one_click},
        {"closing", closing},
        {"referred", referred},
        {"one bad timer", one_bad_timer},
    };
    return TEST_MAIN(cases);
}
