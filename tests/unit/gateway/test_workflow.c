/* The workflow by its transaction scripts from approval to the opinion: approval, triage, tiers and
 * the ring chain, appointments, reads with a second reader, several opinions; each with what must
 * not happen. */
#include "gateway/consult/consult_timers.h"
#include "tests/unit/gateway/workflow_fixture.h"

static void approval_and_triage(void)
{
    struct fixture f;
    char id[33], other[33];
    world(&f, "{\"approval\": true, \"triage\": true}");
    set_duty(&f, SONG, true);
    submit(&f, "routine", "live", id);
    expect_state(&f, id, "pending-approval");
    EXPECT_INT((int)listed(&f, APPROVER, "approval"), 1);
    EXPECT_INT(act(&f, ANNA, id, "approve", NULL), 403);
    EXPECT_INT(act(&f, SONG, id, "approve", NULL), 404);
    EXPECT_INT(act(&f, APPROVER, id, "triage", NULL), 409);
    STEP(&f, act(&f, APPROVER, id, "approve", NULL));
    expect_state(&f, id, "submitted");
    EXPECT_INT((int)listed(&f, APPROVER, "approval"), 0);
    EXPECT_INT((int)listed(&f, CITY_COORD, "triage"), 1);
    EXPECT_INT((int)listed(&f, AWAY_COORD, "triage"), 0);
    EXPECT_INT(act(&f, APPROVER, id, "approve", NULL), 404); /* no business of theirs any more */
    EXPECT_INT(act(&f, CITY_COORD, id, "triage", json_pack("{s:s}", "urgency", "soon")), 422);
    expect_state(&f, id, "submitted");
    STEP(&f, act(&f, CITY_COORD, id, "triage",
                 json_pack("{s:s, s:s}", "urgency", "urgent", "account", SONG)));
    expect_state(&f, id, "pending-approval"); /* another institution was named: each hop */
    STEP(&f, act(&f, APPROVER, id, "approve", NULL));
    expect_state(&f, id, "offered");
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    expect_state(&f, id, "accepted");

    submit(&f, "stat", "live", other); /* stat waits for no paper */
    expect_state(&f, other, "offered");
    submit(&f, "routine", "live", other);
    EXPECT_INT(act(&f, APPROVER, other, "reject", NULL), 422);
    STEP(&f, act(&f, APPROVER, other, "reject", why("not-needed")));
    expect_state(&f, other, "rejected");
    /* nobody approves: nothing waits for nobody */
    MUST(db_run(f.db, "UPDATE account SET disabled = 1 WHERE id = $1", "s", APPROVER));
    submit(&f, "routine", "live", other);
    expect_state(&f, other, "submitted");
    clock_runs(&f, 25 * HOUR); /* nobody triages either: it is offered as it is */
    expect_state(&f, other, "offered");
    fixture_close(&f);
}

/* Nobody approves: the requester learns it, and may send it once more. */
static void approval_deadline(void)
{
    struct fixture f;
    char id[33], urgent[33];
    struct terms terms = {.timers = json_pack("{s:{s:i}}", "approval-deadline", "stat", 60)};
    world(&f, "{\"approval\": true}");
    set_duty(&f, SONG, true);
    submit(&f, "routine", "live", id);
    submit(&f, "urgent", "live", urgent);
    clock_runs(&f, 24 * HOUR - MINUTE);
    expect_state(&f, urgent, "pending-approval");
    clock_runs(&f, MINUTE);
    expect_state(&f, urgent, "expired");
    EXPECT(has_effect(&f, EFFECT_PUSH, ANNA, "case.reminder"));
    expect_state(&f, id, "pending-approval");
    clock_runs(&f, 48 * HOUR);
    expect_state(&f, id, "expired");
    EXPECT_INT((int)listed(&f, APPROVER, "approval"), 0);
    EXPECT_INT(fixture_call(&f, ANNA, consult_get, id, NULL, NULL), 200);
    EXPECT_TEXT(fixture_text(&f, "reason_code"), "not-approved");
    STEP(&f, act(&f, ANNA, id, "renew", NULL));
    expect_state(&f, id, "pending-approval");
    STEP(&f, act(&f, APPROVER, id, "approve", NULL));
    expect_state(&f, id, "offered");
    fixture_close(&f);
    /* stat is held for no approval, and were it, it would never expire */
    EXPECT_INT(
        (int)consult_timer_interval_ms(NULL, &terms, CONSULT_TIMER_APPROVAL_DEADLINE, "stat"), 0);
    EXPECT_INT(
        (int)consult_timer_interval_ms(NULL, &terms, CONSULT_TIMER_APPROVAL_DEADLINE, "urgent"),
        24 * HOUR);
    terms_clear(&terms);
}

static void tiers(void)
{
    struct fixture f;
    char id[33];
    world(&f, "{}");
    set_duty(&f, SONG, true);
    set_duty(&f, ZHAO, true);
    submit(&f, "urgent", "live", id);
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.ring"));
    EXPECT(!has_effect(&f, EFFECT_PUSH, ZHAO, "offer.ring")); /* the nearest level first */
    EXPECT_INT(act(&f, ZHAO, id, "accept", NULL), 404);
    clock_runs(&f, 15 * MINUTE);
    EXPECT_INT(act(&f, ZHAO, id, "accept", NULL), 200);
    fixture_close(&f);

    world(&f, "{\"escalation\": false}"); /* control: no tiers */
    set_duty(&f, SONG, true);
    set_duty(&f, ZHAO, true);
    submit(&f, "urgent", "live", id);
    EXPECT_INT(act(&f, ZHAO, id, "accept", NULL), 200);
    fixture_close(&f);

    world(&f, "{}"); /* a partner that leaves loses sight of what it was asked */
    set_duty(&f, SONG, true);
    submit(&f, "urgent", "live", id);
    EXPECT_INT(fixture_call(&f, SONG, consult_get, id, NULL, NULL), 200);
    EXPECT_INT(fixture_call(&f, CITY_COORD, consult_get, id, NULL, NULL), 200);
    MUST(db_run(f.db,
                "UPDATE partnership_member SET until = '2026-09-20' WHERE organisation_id = $1",
                "s", CITY));
    EXPECT_INT(fixture_call(&f, SONG, consult_get, id, NULL, NULL), 404);
    EXPECT_INT(fixture_call(&f, CITY_COORD, consult_get, id, NULL, NULL), 404);
    fixture_close(&f);

    world(&f, "{}"); /* nobody takes it: alarms, then it goes back, and can be sent once more */
    submit(&f, "urgent", "live", id);
    EXPECT_TEXT(stage_of(&f, id), "coordinator"); /* nobody is there to be rung */
    clock_runs(&f, 15 * MINUTE);
    expect_state(&f, id, "offered");
    clock_runs(&f, 15 * MINUTE);
    EXPECT_INT((int)listed(&f, CITY_COORD, "unanswered"), 1);
    clock_runs(&f, 15 * MINUTE);
    expect_state(&f, id, "expired");
    STEP(&f, act(&f, ANNA, id, "renew", NULL));
    expect_state(&f, id, "offered");
    fixture_close(&f);
}

static int rings(struct fixture *f)
{
    int count = 0;
    for (const struct api_effect *e = f->call.effects; e != NULL; e = e->next) {
        const char *type = json_string_value(json_object_get(e->message, "type"));
        count += type != NULL && strcmp(type, "offer.ring") == 0;
    }
    return count;
}

static void ring_chain(void)
{
    struct fixture f;
    char id[33];
    world(&f, "{}");
    set_duty(&f, SONG, true);
    set_duty(&f, TAN, true);
    MUST(db_run(
        f.db,
        "INSERT INTO duty_shift (id, account_id, kind, from_ms, until_ms, created_ms) VALUES "
        "($1, $2, 'on-call', $3, $4, 0)",
        "ssii", ID("d1"), CHIEF, f.now_ms - 1, f.now_ms + HOUR));
    submit(&f, "stat", "live", id);
    EXPECT_INT(rings(&f), 1); /* never two for one case */
    bool song = has_effect(&f, EFFECT_PUSH, SONG, "offer.ring");
    clock_runs(&f, 30000);
    EXPECT_INT(rings(&f), 1);
    EXPECT(has_effect(&f, EFFECT_PUSH, song ? TAN : SONG, "offer.ring"));
    EXPECT(has_effect(&f, EFFECT_PUSH, song ? SONG : TAN, "offer.gone"));
    clock_runs(&f, 30000); /* one tier higher has nobody: the pool */
    EXPECT_TEXT(stage_of(&f, id), "pool");
    EXPECT_INT(rings(&f), 2);
    clock_runs(&f, 30000);
    EXPECT_TEXT(stage_of(&f, id), "on-call");
    EXPECT(has_effect(&f, EFFECT_PUSH, CHIEF, "offer.ring")); /* off duty, but on call */
    clock_runs(&f, 30000);
    EXPECT_TEXT(stage_of(&f, id), "coordinator");
    EXPECT(has_effect(&f, EFFECT_PUSH, CITY_COORD, "case.alarm"));
    EXPECT(!has_effect(&f, EFFECT_PUSH, AWAY_COORD, "case.alarm"));
    clock_runs(&f, 2 * MINUTE + 30000); /* five minutes: hard alarm, and it still waits */
    EXPECT_TEXT(stage_of(&f, id), "alarm");
    EXPECT(has_effect(&f, EFFECT_PUSH, ANNA, "case.alarm"));
    for (int i = 0; i < 20; i++) {
        clock_runs(&f, 5 * MINUTE);
    }
    expect_state(&f, id, "offered");
    STEP(&f, act(&f, CHIEF, id, "accept", NULL));
    EXPECT_TEXT(stage_of(&f, id), "");
    fixture_close(&f);
}

static void rings_are_spread(void)
{
    struct fixture f;
    char id[33];
    int song = 0;
    world(&f, "{}");
    set_duty(&f, SONG, true);
    set_duty(&f, TAN, true);
    for (int i = 0; i < 10; i++) {
        f.now_ms += 1000;
        submit(&f, "routine", "live", id);
        song += has_effect(&f, EFFECT_PUSH, SONG, "offer.ring");
    }
    EXPECT_INT(song, 5);
    MUST(db_run(f.db, "UPDATE duty SET pause = 'break' WHERE account_id = $1", "s", TAN));
    for (int i = 0; i < 3; i++) {
        f.now_ms += 1000;
        submit(&f, "routine", "live", id);
        EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.ring")); /* a break does not ring */
    }
    fixture_close(&f);
}

static void appointments(void)
{
    struct fixture f;
    char id[33], second[33];
    world(&f, "{\"reschedules_max\": 1, \"timers\": {\"appointment-test\": {\"routine\": 600}}}");
    set_duty(&f, SONG, true);
    submit(&f, "routine", "live", id);
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    int64_t from = f.now_ms + 26 * HOUR, test_ms = 0;
    EXPECT_INT(act(&f, SONG, id, "schedule", json_pack("{s:I}", "from_ms", f.now_ms - 1)), 422);
    EXPECT_INT(act(&f, SONG, id, "schedule", json_object()), 422);
    STEP(&f, act(&f, SONG, id, "schedule", json_pack("{s:I}", "from_ms", from)));
    expect_state(&f, id, "scheduled");
    submit(&f, "routine", "live", second);
    STEP(&f, act(&f, SONG, second, "accept", NULL));
    EXPECT_INT(act(&f, SONG, second, "schedule", json_pack("{s:I}", "from_ms", from + 10 * MINUTE)),
               409);
    EXPECT_TEXT(fixture_text(&f, "code"), "appointment.busy");
    STEP(&f, act(&f, SONG, second, "schedule", json_pack("{s:I}", "from_ms", from + 30 * MINUTE)));
    EXPECT_INT(act(&f, SONG, id, "schedule", json_pack("{s:I}", "from_ms", from + HOUR)), 422);
    json_t *later = json_pack("{s:I, s:s}", "from_ms", from + HOUR, "reason_code", "operation");
    STEP(&f, act(&f, SONG, id, "schedule", json_incref(later)));
    json_object_set_new(later, "from_ms", json_integer(from + 2 * HOUR));
    EXPECT_INT(act(&f, SONG, id, "schedule", later), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "appointment.too-often");
    MUST(db_one_int(f.db, &test_ms,
                    "SELECT due_ms FROM consultation_timer WHERE consultation_id = $1 AND kind = "
                    "'appointment-test'",
                    "s", id));
    EXPECT_INT(test_ms, from + HOUR - 10 * MINUTE); /* the agreement's own time, before it begins */
    clock_runs(&f, from + HOUR - 10 * MINUTE - f.now_ms); /* the second one is missed on the way */
    EXPECT(has_effect(&f, EFFECT_PUSH, ANNA, "case.reminder"));
    expect_state(&f, second, "no-show");
    STEP(&f, act(&f, ANNA, second, "reopen", NULL));
    expect_state(&f, second, "accepted");
    STEP(&f, join_room(&f, ANNA, id));
    expect_state(&f, id, "ready");
    STEP(&f, fixture_call(&f, ANNA, consult_session_absent, NULL, NULL,
                          json_pack("{s:s}", "consultation", id)));
    expect_state(&f, id, "scheduled"); /* who leaves the room keeps the appointment */
    STEP(&f, join_room(&f, ANNA, id));
    STEP(&f, join_room(&f, SONG, id));
    expect_state(&f, id, "in-session");
    clock_runs(&f, 31 * MINUTE);
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "case.reminder")); /* longer than planned */
    fixture_close(&f);
}

static void bookable_times(void)
{
    struct fixture f;
    char id[33];
    world(&f, "{}");
    set_duty(&f, SONG, true);
    submit(&f, "routine", "live", id);
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    int64_t from = f.now_ms + 26 * HOUR;
    MUST(db_run(
        f.db,
        "INSERT INTO duty_shift (id, account_id, kind, from_ms, until_ms, created_ms) VALUES "
        "($1, $2, 'bookable', $3, $4, 0)",
        "ssii", ID("d2"), SONG, from, from + HOUR));
    EXPECT_INT(act(&f, SONG, id, "schedule", json_pack("{s:I}", "from_ms", from + HOUR)), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "appointment.not-bookable");
    STEP(&f, act(&f, SONG, id, "schedule", json_pack("{s:I}", "from_ms", from)));
    STEP(&f, act(&f, ANNA, id, "cancel", json_pack("{s:s}", "reason_code", "patient")));
    expect_state(&f, id, "cancelled");
    fixture_close(&f);
}

static void nobody_comes(void)
{
    struct fixture f;
    char id[33];
    world(&f, "{\"no_show_minutes\": 5}");
    set_duty(&f, SONG, true);
    submit(&f, "routine", "live", id);
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    EXPECT_INT(act(&f, SONG, id, "hand-over", NULL), 422);
    STEP(&f, join_room(&f, SONG, id));
    expect_state(&f, id, "ready");
    clock_runs(&f, 5 * MINUTE);
    expect_state(&f, id, "no-show");
    STEP(&f, fixture_call(&f, ANNA, consult_get, id, NULL, NULL));
    EXPECT_TEXT(fixture_text(&f, "reason_code"), "other-party-absent");
    STEP(&f, act(&f, ANNA, id, "reopen", NULL));
    set_duty(&f, TAN, true);
    STEP(&f, act(&f, SONG, id, "hand-over", json_pack("{s:s}", "reason_code", "operation")));
    expect_state(&f, id, "offered");
    EXPECT_INT(act(&f, SONG, id, "accept", NULL), 404); /* not back to the same hands */
    STEP(&f, act(&f, TAN, id, "accept", NULL));
    fixture_close(&f);
}

static void reads(void)
{
    struct fixture f;
    char id[33];
    world(&f, "{\"second_reader\": [\"read\"]}");
    set_duty(&f, SONG, true);
    submit(&f, "urgent", "read", id);
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    expect_state(&f, id, "reporting");
    EXPECT_INT(act(&f, SONG, id, "schedule", json_pack("{s:I}", "from_ms", f.now_ms + HOUR)), 409);
    EXPECT_INT(act(&f, SONG, id, "preliminary", NULL), 422);
    STEP(&f, fixture_call(&f, SONG, opinion_put, id, NULL, opinion_body("急性前壁心肌梗死")));
    MUST(db_run(f.db, "UPDATE opinion SET body = $1", "s",
                "{\"diagnosis\":\"急性前壁心肌梗死\",\"critical\":{\"finding\":\"STEMI\"}}"));
    EXPECT_INT(act(&f, SONG, id, "sign", NULL), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "opinion.second-reader");
    EXPECT_INT(fixture_call(&f, CHIEF, consult_get, id, NULL, NULL), 404);
    STEP(&f, act(&f, SONG, id, "preliminary", NULL));
    EXPECT(has_effect(&f, EFFECT_PUSH, CHIEF, "queue.changed"));
    EXPECT(!has_effect(&f, EFFECT_PUSH, TAN, "queue.changed"));
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "critical_due_ms")),
               f.now_ms + 15 * MINUTE);
    expect_state(&f, id, "opinion-draft");
    EXPECT_INT((int)listed(&f, CHIEF, "verify"), 1);
    EXPECT_INT((int)listed(&f, TAN, "verify"), 0); /* not senior */
    EXPECT_INT((int)listed(&f, SONG, "verify"), 0);
    EXPECT_INT(act(&f, SONG, id, "sign", NULL), 403);
    STEP(&f, fixture_call(&f, ANNA, consult_get, id, NULL, NULL));
    EXPECT_TEXT(
        json_string_value(json_object_get(json_object_get(f.call.reply, "opinion"), "status")),
        "draft");
    EXPECT(has_action(&f, "acknowledge-critical"));
    clock_runs(&f, 16 * MINUTE);
    EXPECT(has_effect(&f, EFFECT_PUSH, CITY_COORD, "case.alarm") ||
           has_effect(&f, EFFECT_PUSH, TOWN_COORD, "case.alarm"));
    STEP(&f, act(&f, ANNA, id, "acknowledge-critical", NULL));
    EXPECT_INT(act(&f, ANNA, id, "acknowledge-critical", NULL), 409);
    STEP(&f, act(&f, CHIEF, id, "revise", json_pack("{s:s}", "reason_text", "请补充导联")));
    STEP(&f, act(&f, SONG, id, "preliminary", NULL));
    STEP(&f, act(&f, CHIEF, id, "sign", NULL));
    expect_state(&f, id, "signed");
    EXPECT_TEXT(
        json_string_value(json_object_get(json_object_get(f.call.reply, "verifier"), "account")),
        CHIEF);
    clock_runs(&f, 20 * MINUTE); /* acknowledged: no alarm */
    EXPECT(!has_effect(&f, EFFECT_PUSH, TOWN_COORD, "case.alarm"));
    fixture_close(&f);

    world(&f, "{\"second_reader\": [\"read\"]}"); /* and nobody could be the second reader */
    MUST(db_run(f.db, "UPDATE practitioner SET title = 'attending'", ""));
    set_duty(&f, SONG, true);
    submit(&f, "routine", "read", id);
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    STEP(&f, fixture_call(&f, SONG, opinion_put, id, NULL, opinion_body("正常心电图")));
    STEP(&f, act(&f, SONG, id, "sign", NULL));
    fixture_close(&f);

    world(&f, "{\"second_reader\": [\"read\"]}"); /* the only senior one has no three years yet */
    MUST(db_run(f.db, "UPDATE practitioner SET licensed_since = '2024-06-01' WHERE title = 'chief'",
                ""));
    set_duty(&f, SONG, true);
    submit(&f, "routine", "read", id);
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    STEP(&f, fixture_call(&f, SONG, opinion_put, id, NULL, opinion_body("正常心电图")));
    STEP(&f, act(&f, SONG, id, "preliminary", NULL));
    EXPECT(!has_effect(&f, EFFECT_PUSH, CHIEF, "queue.changed"));
    EXPECT_INT((int)listed(&f, CHIEF, "verify"), 0);
    STEP(&f, act(&f, SONG, id, "sign", NULL)); /* it waits for nobody who may not */
    fixture_close(&f);

    world(&f, "{}");
    set_duty(&f, SONG, true);
    submit(&f, "routine", "read", id);
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    STEP(&f, act(&f, SONG, id, "convert", NULL));
    expect_state(&f, id, "accepted");
    EXPECT_TEXT(fixture_text(&f, "kind"), "live");
    fixture_close(&f);
}

static void several_opinions(void)
{
    struct fixture f;
    char id[33];
    world(&f, "{}");
    set_duty(&f, SONG, true);
    set_duty(&f, QIAN, true);
    submit(&f, "routine", "mdt", id);
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    EXPECT_INT(fixture_call(&f, QIAN, consult_get, id, NULL, NULL), 404);
    EXPECT_INT(act(&f, SONG, id, "enlist", json_pack("{s:s}", "account", WU)), 422);
    STEP(&f, act(&f, SONG, id, "enlist", json_pack("{s:s}", "account", QIAN)));
    STEP(&f, act(&f, SONG, id, "enlist", json_pack("{s:s}", "account", TAN)));
    EXPECT_INT((int)listed(&f, QIAN, "member"), 1);
    STEP(&f, join_room(&f, ANNA, id));
    STEP(&f, join_room(&f, SONG, id));
    STEP(&f, act(&f, SONG, id, "end", NULL));
    STEP(&f, fixture_call(&f, SONG, opinion_put, id, NULL, opinion_body("脑栓塞")));
    EXPECT_INT(act(&f, SONG, id, "sign", NULL), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "member.outstanding");
    EXPECT_INT(act(&f, QIAN, id, "contribute", json_pack("{s:s}", "opinion", "x")), 422);
    STEP(&f, act(&f, QIAN, id, "contribute",
                 json_pack("{s:s, s:s}", "opinion", "更像静脉窦血栓", "view", "disagree")));
    EXPECT_INT(act(&f, QIAN, id, "sign", NULL), 403);
    EXPECT_INT(act(&f, SONG, id, "excuse", json_pack("{s:s}", "account", TAN)), 422);
    STEP(&f, act(&f, SONG, id, "excuse",
                 json_pack("{s:s, s:s}", "account", TAN, "reason_text", "手术")));
    EXPECT_INT(act(&f, SONG, id, "sign", NULL), 422);
    EXPECT_TEXT(fixture_text(&f, "code"), "opinion.disagreement");
    json_t *body = opinion_body("脑栓塞");
    json_object_set_new(json_object_get(body, "body"), "disagreement",
                        json_string("神经内科认为静脉窦血栓"));
    STEP(&f, fixture_call(&f, SONG, opinion_put, id, NULL, body));
    STEP(&f, act(&f, SONG, id, "sign", NULL));
    expect_state(&f, id, "signed");
    int64_t inside = 0; /* each one's view is in what was signed */
    MUST(db_one_int(f.db, &inside,
                    "SELECT instr(canonical, '更像静脉窦血栓') > 0 FROM opinion WHERE "
                    "consultation_id = $1",
                    "s", id));
    EXPECT_INT(inside, 1);
    fixture_close(&f);
}

/* A page is full of what is for this person: newer ones that others may verify leave no hole. */
static void pages_without_holes(void)
{
    struct fixture f;
    char mine[33], others[2][33];
    world(&f, "{\"second_reader\": [\"read\"]}");
    set_duty(&f, SONG, true);
    for (int i = 0; i < 3; i++) {
        char *id = i == 0 ? mine : others[i - 1];
        submit(&f, "urgent", "read", id);
        STEP(&f, act(&f, SONG, id, "accept", NULL));
        STEP(&f, fixture_call(&f, SONG, opinion_put, id, NULL, opinion_body("急性前壁心肌梗死")));
        STEP(&f, act(&f, SONG, id, "preliminary", NULL));
        f.now_ms += 1000;
    }
    EXPECT_INT((int)listed_page(&f, CHIEF, "verify", "1"), 1);
    EXPECT(json_is_true(json_object_get(f.call.reply, "more"))); /* control: three of them */
    for (int i = 0; i < 2; i++) { /* no second reader is asked for a live one */
        MUST(db_run(f.db, "UPDATE consultation SET kind = 'live' WHERE id = $1", "s", others[i]));
    }
    EXPECT_INT((int)listed_page(&f, CHIEF, "verify", "1"), 1);
    EXPECT_TEXT(json_string_value(json_object_get(
                    json_array_get(json_object_get(f.call.reply, "consultations"), 0), "id")),
                mine);
    EXPECT(!json_is_true(json_object_get(f.call.reply, "more")));
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"approval and triage", approval_and_triage},
        {"pages without holes", pages_without_holes},
        {"nobody approves", approval_deadline},
        {"tiers", tiers},
        {"ring chain", ring_chain},
        {"rings are spread", rings_are_spread},
        {"appointments", appointments},
        {"bookable times", bookable_times},
        {"nobody comes, handed over", nobody_comes},
        {"reads", reads},
        {"several opinions", several_opinions},
    };
    return TEST_MAIN(cases);
}
