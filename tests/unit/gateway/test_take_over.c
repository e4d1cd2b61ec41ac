/* Another doctor is put in charge: of the consultant's place and of the requester's, by whose
 * coordinator, of whom; what was written stays its author's and is read by other eyes; a case that
 * nobody can act on stands in a coordinator's list; whom the coordinator may ask for an opinion. */
#include "gateway/consult/consult_invitees.h"
#include "tests/unit/gateway/workflow_fixture.h"

static void disable(struct fixture *f, const char *account, bool disabled)
{
    MUST(db_run(f->db, "UPDATE account SET disabled = $1 WHERE id = $2", "is",
                (int64_t)(disabled ? 1 : 0), account));
}

static int take_over(struct fixture *f, const char *coordinator, const char *id, const char *to)
{
    return act(f, coordinator, id, "take-over",
               json_pack("{s:s, s:s}", "reason_code", "account-closed", "account", to));
}

/* GET .../people?for=; the status, the answer in f->call. */
static int people(struct fixture *f, const char *account, const char *id, const char *what)
{
    fixture_clear_call(f);
    MUST(db_begin(f->db));
    fixture_act_as(f, account);
    f->call = (struct api_call){.db = f->db,
                                .now_ms = f->now_ms,
                                .actor = &f->actor,
                                .method = "GET",
                                .params = {id, NULL},
                                .query = {{"for", what}},
                                .services = &f->services,
                                .status = 200};
    consult_people(&f->call);
    MUST(db_commit(f->db));
    return f->call.status;
}

static bool among(const struct fixture *f, const char *account)
{
    size_t i;
    json_t *person;
    json_array_foreach(json_object_get(f->call.reply, "invitees"), i, person)
    {
        if (strcmp(json_string_value(json_object_get(person, "account")), account) == 0) {
            return true;
        }
    }
    return false;
}

static int64_t number(struct fixture *f, const char *sql, const char *id)
{
    int64_t value = 0;
    MUST(db_one_int(f->db, &value, sql, "s", id));
    return value;
}

static const char *member_of(const struct fixture *f, const char *object, const char *name)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(f->call.reply, object), name));
    return text == NULL ? "" : text;
}

/* A read that SONG reports and has saved a draft of. */
static void reported(struct fixture *f, const char *terms_json, char id[33])
{
    world(f, terms_json);
    set_duty(f, SONG, true);
    submit(f, "urgent", "read", id);
    STEP(f, act(f, SONG, id, "accept", NULL));
    STEP(f, fixture_call(f, SONG, opinion_put, id, NULL, opinion_body("急性前壁心肌梗死")));
}

static void signed_by_song(struct fixture *f, char id[33])
{
    reported(f, "{}", id);
    STEP(f, act(f, SONG, id, "sign", NULL));
}

static void consultants_place(void)
{
    struct fixture f;
    char id[33];
    reported(&f, "{}", id);
    EXPECT_INT((int)listed(&f, CITY_COORD, "unattended"), 0); /* control: SONG is there */
    disable(&f, SONG, true);
    EXPECT_INT((int)listed(&f, CITY_COORD, "unattended"), 1);
    EXPECT_TEXT(
        json_string_value(json_object_get(
            json_array_get(json_object_get(f.call.reply, "consultations"), 0), "unattended")),
        "consultant");
    EXPECT_INT((int)listed(&f, TOWN_COORD, "unattended"), 0); /* the city has a coordinator */
    EXPECT_INT((int)listed(&f, AWAY_COORD, "unattended"), 0);
    EXPECT_INT(people(&f, CITY_COORD, id, "take-over"), 200);
    EXPECT(among(&f, TAN) && among(&f, CHIEF));
    EXPECT(!among(&f, SONG) && !among(&f, QIAN) && !among(&f, ZHAO) && !among(&f, ANNA));
    EXPECT_INT(people(&f, TOWN_COORD, id, "take-over"), 403);
    EXPECT_INT(people(&f, ANNA, id, "take-over"), 404);
    EXPECT_INT(people(&f, CITY_COORD, id, "accept"), 422);
    EXPECT_INT(take_over(&f, ANNA, id, TAN), 403);
    EXPECT_INT(take_over(&f, TOWN_COORD, id, TAN), 403);
    EXPECT_TEXT(fixture_text(&f, "code"), "take-over.elsewhere");
    EXPECT_INT(act(&f, CITY_COORD, id, "take-over", json_pack("{s:s}", "account", TAN)), 422);
    EXPECT_TEXT(fixture_text(&f, "field"), "/reason_code");
    static const char *const wrong[] = {SONG, QIAN, ZHAO, BO, ANNA, ID("99"), "x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        EXPECT_INT(take_over(&f, CITY_COORD, id, wrong[i]), 422);
        EXPECT_TEXT(fixture_text(&f, "field"), "/account");
    }
    MUST(db_run(f.db, "UPDATE practitioner SET licensed_since = '2025-01-01' WHERE name_en = $1",
                "s", "Dr Tan"));
    EXPECT_INT(take_over(&f, CITY_COORD, id, TAN), 422); /* no three years of licence */
    MUST(db_run(f.db, "UPDATE practitioner SET licensed_since = '2015-01-01' WHERE name_en = $1",
                "s", "Dr Tan"));
    int64_t version = number(&f, "SELECT version FROM consultation WHERE id = $1", id);
    STEP(&f, take_over(&f, CITY_COORD, id, TAN));
    expect_state(&f, id, "reporting");
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "case.reminder"));
    EXPECT(has_effect(&f, EFFECT_PUSH, TAN, "case.reminder"));
    EXPECT_INT((int)number(&f, "SELECT version FROM consultation WHERE id = $1", id),
               (int)version + 1);
    EXPECT_INT((int)number(&f,
                           "SELECT COUNT(*) FROM audit WHERE consultation_id = $1 AND action = "
                           "'consultation.take-over' AND reason_code = 'account-closed' AND detail "
                           "LIKE '%" SONG "%' AND detail LIKE '%" TAN "%'",
                           id),
               1);
    EXPECT_INT((int)listed(&f, CITY_COORD, "unattended"), 0);
    EXPECT_INT((int)listed(&f, TAN, "assigned"), 1);
    EXPECT_INT((int)listed(&f, SONG, "assigned"), 0);
    EXPECT_INT(fixture_call(&f, SONG, consult_get, id, NULL, NULL), 404);
    fixture_close(&f);
}

/* What SONG wrote stays SONG's; TAN signs what TAN has saved. */
static void authors(void)
{
    struct fixture f;
    char id[33];
    reported(&f, "{}", id);
    STEP(&f, take_over(&f, CITY_COORD, id, TAN)); /* ill; the account is open */
    EXPECT_INT(act(&f, TAN, id, "sign", NULL), 422);
    EXPECT_TEXT(fixture_text(&f, "code"), "opinion.not-own");
    EXPECT_INT(act(&f, TAN, id, "preliminary", NULL), 422);
    STEP(&f, fixture_call(&f, TAN, consult_get, id, NULL, NULL));
    EXPECT_TEXT(
        json_string_value(json_object_get(
            json_object_get(json_object_get(f.call.reply, "opinion"), "author"), "account")),
        SONG); /* to be read, and to begin with */
    STEP(&f, fixture_call(&f, TAN, opinion_put, id, NULL, opinion_body("心肌梗死，下壁")));
    STEP(&f, fixture_call(&f, TAN, opinion_put, id, NULL, opinion_body("下壁心肌梗死")));
    STEP(&f, act(&f, TAN, id, "sign", NULL));
    EXPECT_INT((int)number(&f,
                           "SELECT COUNT(*) FROM opinion WHERE consultation_id = $1 AND version = "
                           "1 AND status = 'draft' AND author_id = '" SONG "'",
                           id),
               1);
    EXPECT_INT((int)number(&f,
                           "SELECT COUNT(*) FROM opinion WHERE consultation_id = $1 AND version = "
                           "2 AND status = 'signed' AND author_id = '" TAN "'",
                           id),
               1);
    EXPECT_INT((int)number(&f, "SELECT COUNT(*) FROM opinion WHERE consultation_id = $1", id), 2);
    STEP(&f, fixture_call(&f, ANNA, consult_get, id, NULL, NULL));
    EXPECT_TEXT(member_of(&f, "opinion", "status"), "signed");
    fixture_close(&f);
}

/* The one whose text it is reads it no second time, under whatever name. */
static void second_reader(void)
{
    struct fixture f;
    char id[33];
    reported(&f, "{\"second_reader\": [\"read\"]}", id);
    MUST(db_run(f.db, "UPDATE practitioner SET title = 'chief' WHERE name_en = 'Dr Song'", ""));
    STEP(&f, act(&f, SONG, id, "preliminary", NULL));
    STEP(&f, take_over(&f, CITY_COORD, id, TAN));
    expect_state(&f, id, "opinion-draft");
    STEP(&f, fixture_call(&f, ANNA, consult_get, id, NULL, NULL));
    EXPECT_TEXT(member_of(&f, "opinion", "status"), "draft"); /* as it was given */
    EXPECT_INT(act(&f, CHIEF, id, "sign", NULL), 422);        /* TAN has not made it his own */
    EXPECT_TEXT(fixture_text(&f, "code"), "opinion.not-own");
    STEP(&f, act(&f, TAN, id, "revise", json_pack("{s:s}", "reason_text", "接手后复阅")));
    STEP(&f, fixture_call(&f, TAN, opinion_put, id, NULL, opinion_body("急性前壁心肌梗死")));
    STEP(&f, act(&f, TAN, id, "preliminary", NULL));
    EXPECT_INT((int)listed(&f, SONG, "verify"), 0);
    EXPECT_INT(act(&f, SONG, id, "sign", NULL), 404);
    EXPECT_INT(act(&f, TAN, id, "sign", NULL), 403);
    STEP(&f, act(&f, CHIEF, id, "sign", NULL));
    EXPECT_TEXT(member_of(&f, "verifier", "account"), CHIEF);
    /* amended, and the second reader of then is put in charge: nobody reads twice */
    STEP(&f, act(&f, TAN, id, "amend", json_pack("{s:s}", "reason_text", "补充")));
    STEP(&f, take_over(&f, CITY_COORD, id, CHIEF));
    EXPECT(json_is_null(json_object_get(f.call.reply, "verifier")));
    STEP(&f, fixture_call(&f, CHIEF, opinion_put, id, NULL, opinion_body("急性前壁心肌梗死")));
    EXPECT_INT(
        (int)number(&f,
                    "SELECT COUNT(*) FROM opinion WHERE consultation_id = $1 AND amend_reason "
                    "= '补充' AND author_id = '" CHIEF "'",
                    id),
        1);
    fixture_close(&f);
}

static void requesters_place(void)
{
    struct fixture f;
    char id[33];
    signed_by_song(&f, id);
    disable(&f, ANNA, true);
    EXPECT_INT((int)listed(&f, TOWN_COORD, "unattended"), 1);
    EXPECT_INT((int)listed(&f, CITY_COORD, "unattended"), 0);
    EXPECT_INT(take_over(&f, CITY_COORD, id, BO), 403);
    EXPECT_INT(take_over(&f, TOWN_COORD, id, TAN), 422);
    EXPECT_INT(take_over(&f, TOWN_COORD, id, APPROVER), 422);
    STEP(&f, fixture_call(&f, TOWN_COORD, consult_get, id, NULL, NULL));
    EXPECT(has_action(&f, "take-over"));
    STEP(&f, fixture_call(&f, CITY_COORD, consult_get, id, NULL, NULL));
    EXPECT(!has_action(&f, "take-over"));
    STEP(&f, take_over(&f, TOWN_COORD, id, BO));
    EXPECT_INT((int)listed(&f, BO, "mine"), 1);
    EXPECT_INT((int)listed(&f, TOWN_COORD, "unattended"), 0);
    STEP(&f, act(&f, BO, id, "acknowledge", json_pack("{s:s}", "adopted", "yes")));
    STEP(&f, act(&f, BO, id, "close", NULL));
    EXPECT_INT(take_over(&f, TOWN_COORD, id, ANNA), 409); /* it is over */
    fixture_close(&f);

    signed_by_song(&f, id); /* nobody coordinates in the township: the city's stands in */
    disable(&f, ANNA, true);
    disable(&f, TOWN_COORD, true);
    EXPECT_INT((int)listed(&f, CITY_COORD, "unattended"), 1);
    EXPECT_INT(people(&f, CITY_COORD, id, "take-over"), 200);
    EXPECT(among(&f, BO) && !among(&f, ANNA) && !among(&f, TAN));
    STEP(&f, take_over(&f, CITY_COORD, id, BO));
    EXPECT_INT((int)listed(&f, CITY_COORD, "unattended"), 0);
    fixture_close(&f);
}

/* Accepted, and the consultant's account is closed: a coordinator sees it and hands it over. */
static void handed_over(void)
{
    struct fixture f;
    char id[33];
    world(&f, "{}");
    set_duty(&f, SONG, true);
    submit(&f, "routine", "live", id);
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    disable(&f, SONG, true);
    EXPECT_INT((int)listed(&f, CITY_COORD, "unattended"), 1);
    set_duty(&f, TAN, true);
    STEP(&f, act(&f, CITY_COORD, id, "hand-over", json_pack("{s:s}", "reason_code", "left")));
    EXPECT_INT((int)listed(&f, CITY_COORD, "unattended"), 0);
    STEP(&f, act(&f, TAN, id, "accept", NULL));
    /* the requester is ill on the day: a colleague comes */
    STEP(&f, act(&f, ANNA, id, "invite", json_pack("{s:s}", "account", BO)));
    STEP(&f, take_over(&f, TOWN_COORD, id, BO));
    EXPECT_INT((int)number(&f,
                           "SELECT COUNT(*) FROM participation WHERE consultation_id = $1 AND "
                           "((account_id = '" BO "' AND role = 'requester' AND party = 0) OR "
                           "account_id = '" ANNA "')",
                           id),
               1);
    STEP(&f, join_room(&f, BO, id));
    STEP(&f, join_room(&f, TAN, id));
    expect_state(&f, id, "in-session");
    EXPECT_INT(join_room(&f, ANNA, id), 404);
    fixture_close(&f);
}

/* The hospital that answers need not lead the partnership to learn that its report is late. */
static void own_coordinator_is_alarmed(void)
{
    struct fixture f;
    char id[33];
    reported(&f, "{}", id);
    MUST(db_run(f.db, "UPDATE partnership_member SET role = 'spoke' WHERE organisation_id = $1",
                "s", CITY));
    clock_runs(&f, 31 * MINUTE);
    EXPECT(has_effect(&f, EFFECT_PUSH, CITY_COORD, "case.alarm"));
    EXPECT(has_effect(&f, EFFECT_PUSH, TOWN_COORD, "case.alarm"));
    EXPECT(!has_effect(&f, EFFECT_PUSH, AWAY_COORD, "case.alarm"));
    fixture_close(&f);
}

static void whom_to_ask(void)
{
    struct fixture f;
    char id[33];
    world(&f, "{}");
    set_duty(&f, SONG, true);
    submit(&f, "routine", "mdt", id);
    EXPECT_INT(people(&f, CITY_COORD, id, "enlist"), 409); /* nobody is the chair yet */
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    EXPECT_INT(people(&f, CITY_COORD, id, "enlist"), 200);
    EXPECT(among(&f, QIAN) && among(&f, TAN) && !among(&f, BO) && !among(&f, WU));
    EXPECT_INT(people(&f, TOWN_COORD, id, "enlist"), 200);
    EXPECT_INT(people(&f, ANNA, id, "enlist"), 404);
    STEP(&f, act(&f, CITY_COORD, id, "enlist", json_pack("{s:s}", "account", QIAN)));
    EXPECT_INT(people(&f, SONG, id, "enlist"), 200);
    EXPECT(!among(&f, QIAN) && among(&f, TAN));
    STEP(&f, join_room(&f, SONG, id));
    STEP(&f, join_room(&f, ANNA, id));
    STEP(&f, act(&f, SONG, id, "end", NULL));
    EXPECT_INT(people(&f, SONG, id, "enlist"), 200); /* the session is over, the opinion is not */
    EXPECT(among(&f, TAN));
    /* a member is put in charge: the own opinion is outstanding no more */
    MUST(db_run(f.db,
                "INSERT INTO practitioner_specialty (practitioner_id, specialty) SELECT "
                "practitioner_id, 'cardiology' FROM account WHERE id = $1",
                "s", QIAN));
    STEP(&f, take_over(&f, CITY_COORD, id, QIAN));
    EXPECT_INT((int)listed(&f, QIAN, "member"), 0);
    EXPECT_INT((int)listed(&f, QIAN, "assigned"), 1);
    fixture_close(&f);

    world(&f, "{}");
    set_duty(&f, SONG, true);
    submit(&f, "routine", "live", id);
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    EXPECT_INT(people(&f, CITY_COORD, id, "enlist"), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "kind.not-mdt");
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"the consultant's place", consultants_place},
        {"whose words it is", authors},
        {"no second reader of the own words", second_reader},
        {"the requester's place", requesters_place},
        {"before the session", handed_over},
        {"whom a coordinator may ask", whom_to_ask},
        {"a late report alarms the own coordinator", own_coordinator_is_alarmed},
    };
    return TEST_MAIN(cases);
}
