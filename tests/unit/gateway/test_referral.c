/* Referrals by their scripts over a real store: up and down, from a consultation and home again,
 * what is refused, who sees what, the patient's way. */
#include "tests/unit/gateway/referral_fixture.h"

static void up_and_down(void)
{
    struct fixture f;
    char id[33], down[33];
    open_world(&f);
    made(&f, ANNA, whole(CITY, "cardiology", ",\"place\":\"" BED_1 "\""), id);
    EXPECT_TEXT(fixture_text(&f, "state"), "draft");
    EXPECT_TEXT(fixture_text(&f, "number"), "R-20260921-0001");
    EXPECT_TEXT(fixture_text(&f, "my_role"), "sender");
    EXPECT_TEXT(place_state(&f, BED_1), "free"); /* a draft holds nothing */
    EXPECT_INT(refer(&f, ANNA, id, "send", NULL), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "sent");
    EXPECT_TEXT(place_state(&f, BED_1), "held");
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "deadline_ms")),
               START_MS + 1800000);
    json_t *partnership = json_object_get(f.call.reply, "partnership");
    EXPECT_INT(json_integer_value(json_object_get(partnership, "agreement_version")), 3);
    EXPECT(has_effect(&f, EFFECT_PUSH, CITY_REF, "referral.changed"));
    EXPECT(has_effect(&f, EFFECT_PUSH, CITY_COORD, "referral.changed"));
    EXPECT(has_effect(&f, EFFECT_PUSH, TOWN_COORD, "referral.changed"));
    EXPECT(!has_effect(&f, EFFECT_PUSH, AWAY_REF, "referral.changed"));
    EXPECT(!has_effect(&f, EFFECT_PUSH, BO, "referral.changed"));
    EXPECT(has_effect(&f, EFFECT_COUNT_METRIC, NULL, NULL));
    EXPECT_INT(refer(&f, ANNA, id, "accept", appointment(&f, "")), 403);
    EXPECT_INT(refer(&f, CITY_REF, id, "accept", NULL), 200); /* by the place: at once */
    EXPECT_TEXT(place_state(&f, BED_1), "taken");
    EXPECT_TEXT(fixture_text(&f, "my_role"), "receiver");
    EXPECT_INT(refer(&f, CITY_REF, id, "refuse",
                     json("{\"reason_code\":\"no-bed\",\"reason_text\":\"x\"}")),
               409);
    EXPECT_TEXT(fixture_text(&f, "code"), "referral.too-late");
    EXPECT_INT(refer(&f, CITY_REF, id, "arrive", NULL), 200);
    EXPECT_INT(refer(&f, CITY_REF, id, "return-message", json("{\"outcome\":\"well\"}")), 422);
    EXPECT_INT(refer(&f, CITY_REF, id, "return-message",
                     json("{\"outcome\":\"improved\",\"diagnosis\":\"x\"}")),
               422);
    EXPECT_TEXT(fixture_text(&f, "field"), "/advice");
    EXPECT_INT(refer(&f, CITY_REF, id, "return-message", json(RETURN_MESSAGE)), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "returned");
    EXPECT_TEXT(place_state(&f, BED_1), "free");
    EXPECT(has_effect(&f, EFFECT_PUSH, ANNA, "referral.changed"));
    json_t *actions = json_object_get(f.call.reply, "actions");
    EXPECT_INT((long long)json_array_size(actions), 0); /* of the receiver */
    EXPECT_INT(refer(&f, ANNA, id, "acknowledge-return", NULL), 200);
    EXPECT(json_is_array(json_object_get(f.call.reply, "actions")) &&
           json_array_size(json_object_get(f.call.reply, "actions")) == 0);
    EXPECT_INT(refer(&f, ANNA, id, "acknowledge-return", NULL), 409);
    /* the way back: the direction turns, the answer is what is known */
    made(&f, CITY_REF, json("{\"based_on\":\"%s\"}", id), down);
    EXPECT_TEXT(fixture_text(&f, "direction"), "down");
    EXPECT_TEXT(fixture_text(&f, "diagnosis"), "PCI 术后");
    EXPECT_TEXT(fixture_text(&f, "based_on"), id);
    json_t *to = json_object_get(f.call.reply, "to");
    EXPECT_TEXT(json_string_value(json_object_get(to, "id")), TOWN);
    EXPECT_INT(refer(&f, CITY_REF, down, "send", NULL), 422);
    EXPECT_TEXT(fixture_text(&f, "field"), "/reason_code");
    EXPECT_INT(
        run(&f, CITY_REF, referral_patch, down, NULL,
            json("{\"reason_code\":\"rehabilitation\",\"department\":\"general\"," CONSENT "}")),
        200);
    EXPECT_INT(refer(&f, CITY_REF, down, "send", NULL), 200);
    EXPECT(has_effect(&f, EFFECT_PUSH, ANNA, "referral.changed")); /* her patient comes back */
    EXPECT_INT(refer(&f, ANNA, down, "accept", appointment(&f, "")), 403); /* and only reads */
    EXPECT_INT(refer(&f, TOWN_REF, down, "accept", appointment(&f, "")), 200);
    struct audit_verdict verdict;
    MUST(audit_verify(f.db, &verdict));
    EXPECT(verdict.holds);
    fixture_close(&f);
}

static void from_consultation(void)
{
    struct fixture f;
    char consultation[33], id[33];
    open_world(&f);
    make_in(&f, CONSULT_ACCEPTED, consultation);
    EXPECT_INT(
        run(&f, ANNA, referral_create, NULL, NULL, json("{\"consultation\":\"%s\"}", consultation)),
        409);
    make_in(&f, CONSULT_ACKNOWLEDGED, consultation);
    MUST(db_begin(f.db));
    MUST(db_run(f.db,
                "UPDATE consultation SET request = '{\"complaint\":\"胸痛\",\"tests\":\"肌钙蛋白 "
                "3.2\\n心电图：ST 段抬高\\n\\n胸部CT 未见异常\"}' WHERE id = $1",
                "s", consultation));
    MUST(db_commit(f.db));
    EXPECT_INT(
        run(&f, BO, referral_create, NULL, NULL, json("{\"consultation\":\"%s\"}", consultation)),
        404);
    EXPECT_INT(
        run(&f, SONG, referral_create, NULL, NULL, json("{\"consultation\":\"%s\"}", consultation)),
        403);
    made(&f, ANNA, json("{\"consultation\":\"%s\"}", consultation), id);
    json_t *done = json_object_get(f.call.reply, "done");
    EXPECT_INT((long long)json_array_size(done), 3);
    static const char *const kinds[] = {"lab", "ecg", "image"};
    for (size_t i = 0; i < 3; i++) {
        EXPECT_TEXT(json_string_value(json_object_get(json_array_get(done, i), "kind")), kinds[i]);
    }
    EXPECT_TEXT(fixture_text(&f, "diagnosis"), "急性心肌梗死"); /* of the signed opinion */
    json_t *patient = json_object_get(f.call.reply, "patient");
    EXPECT_TEXT(json_string_value(json_object_get(patient, "id_number")), "350222196102030021");
    EXPECT_INT(run(&f, ANNA, referral_patch, id, NULL, json("{\"patient\":{\"name\":\"x\"}}")),
               422); /* the patient is the consultation's */
    fixture_close(&f);
}

struct wrong {
    const char *body, *field;
};

static void wrong_members(void)
{
    static const struct wrong rows[] = {
        {"{\"direction\":\"sideways\"}", "/direction"},
        {"{\"urgency\":\"stat\"}", "/urgency"},
        {"{\"reason_code\":\"rehabilitation\"}", "/reason_code"}, /* that is one for down */
        {"{\"summary\":7}", "/summary"},
        {"{\"diagnosis_codes\":[\"no code\"]}", "/diagnosis_codes"},
        {"{\"done\":[{\"kind\":\"x\",\"name\":\"y\"}]}", "/done/0/kind"},
        {"{\"done\":[{\"kind\":\"lab\"}]}", "/done/0/name"},
        {"{\"done\":[{\"kind\":\"lab\",\"name\":\"a\",\"date\":\"2026-02-30\"}]}", "/done/0/date"},
        {"{\"done\":[{\"kind\":\"lab\",\"name\":\"a\",\"more\":1}]}", "/done/0/more"},
        {"{\"done\":[{\"kind\":\"lab\",\"name\":\"a\",\"attachment\":\"" BED_1 "\"}]}",
         "/done/0/attachment"},
        {"{\"done\":[7]}", "/done/0/name"},
        {"{\"consent\":{\"referral\":true}}", "/consent"},
        {"{\"to_organisation\":\"" BED_1 "\"}", "/to_organisation"},
        {"{\"to_organisation\":\"" CITY "\",\"department\":\"none\"}", "/department"},
        {"{\"nonsense\":1}", "/nonsense"},
        {"{\"patient\":{\"nonsense\":1}}", "/patient/nonsense"},
    };
    struct fixture f;
    char id[33];
    open_world(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row(rows[i].body);
        EXPECT_INT(run(&f, ANNA, referral_create, NULL, NULL, json("%s", rows[i].body)), 422);
        EXPECT_TEXT(fixture_text(&f, "field"), rows[i].field);
        test_row_end();
    }
    test_row("sending");
    made(&f, ANNA, json("{}"), id);
    static const char *const order[][2] = {
        {"/patient/name", "{" PATIENT "}"},
        {"/reason_code", "{\"reason_code\":\"acute\"}"},
        {"/summary", "{\"summary\":\"x\"}"},
        {"/diagnosis", "{\"diagnosis\":\"x\"}"},
        {"/to_organisation", "{\"to_organisation\":\"" CITY "\"}"},
        {"/department", "{\"department\":\"general\"}"},
        {"/consent", "{" CONSENT "}"},
    };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        EXPECT_INT(refer(&f, ANNA, id, "send", NULL), 422);
        EXPECT_TEXT(fixture_text(&f, "field"), order[i][0]);
        EXPECT_INT(run(&f, ANNA, referral_patch, id, NULL, json("%s", order[i][1])), 200);
    }
    EXPECT_INT(refer(&f, ANNA, id, "send", NULL), 200); /* and the control: now it goes */
    fixture_close(&f);
}

static void rules_of_direction(void)
{
    static const struct {
        const char *account, *direction, *reason, *to, *code;
    } rows[] = {
        {ANNA, "up", "acute", CITY, ""},
        {ANNA, "down", "follow-up", CITY, "rule.wrong-direction"},
        {SONG, "down", "follow-up", TOWN, ""},
        {SONG, "up", "acute", TOWN, "rule.wrong-direction"},
        {ANNA, "up", "acute", AWAY, "rule.no-partnership"},
        {ANNA, "up", "acute", TOWN, "rule.same-organisation"},
    };
    struct fixture f;
    char id[33];
    open_world(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *department_code = strcmp(rows[i].to, AWAY) == 0 ? "" : "general";
        made(&f, rows[i].account,
             json("{\"direction\":\"%s\",\"reason_code\":\"%s\",\"to_organisation\":\"%s\","
                  "\"department\":\"%s\"," PATIENT "," CONTENT "}",
                  rows[i].direction, rows[i].reason, rows[i].to, department_code),
             id);
        EXPECT_INT(refer(&f, rows[i].account, id, "send", NULL),
                   rows[i].code[0] == '\0' ? 200 : 403);
        EXPECT_TEXT(fixture_text(&f, "code"), rows[i].code);
    }
    fixture_close(&f);
}

/* CITY alone has bound itself to receive: a patient whom it received may go home all the same. */
static void the_way_home(void)
{
    struct fixture f;
    char id[33], down[33];
    open_world(&f);
    MUST(db_begin(f.db));
    clauses(&f,
            "[{\"number\":\"4.2\",\"member\":\"C1\",\"act\":\"refer\",\"text_zh\":\"接收上转\"}]");
    MUST(db_commit(f.db));
    sent(&f, id, ",\"place\":\"" BED_1 "\"");
    STEP(&f, refer(&f, CITY_REF, id, "accept", NULL));
    STEP(&f, refer(&f, CITY_REF, id, "arrive", NULL));
    made(&f, CITY_REF,
         json("{\"direction\":\"down\",\"to_organisation\":\"" TOWN
              "\",\"department\":\"general\",\"reason_code\":\"rehabilitation\"," PATIENT
              "," CONTENT "}"),
         down);
    EXPECT_INT(refer(&f, CITY_REF, down, "send", NULL), 403); /* the control: anybody else */
    EXPECT_TEXT(fixture_text(&f, "code"), "rule.no-clause");
    made(&f, CITY_REF,
         json("{\"based_on\":\"%s\",\"department\":\"general\",\"reason_code\":\"rehabilitation\","
              "\"summary\":\"x\",\"diagnosis\":\"x\"," CONSENT "}",
              id),
         down);
    EXPECT_INT(refer(&f, CITY_REF, down, "send", NULL), 200);
    MUST(db_begin(f.db));
    clauses(&f, "[]");
    MUST(db_commit(f.db));
    made(&f, ANNA, whole(CITY, "cardiology", ""), down);
    EXPECT_INT(refer(&f, ANNA, down, "send", NULL), 403);
    EXPECT_TEXT(fixture_text(&f, "code"), "rule.no-clause");
    fixture_close(&f);
}

static void who_sees_it(void)
{
    static const struct {
        const char *account;
        int draft, sent;
    } rows[] = {
        {ANNA, 200, 200},       {BO, 404, 404},       {TOWN_COORD, 404, 200}, {TOWN_REF, 404, 404},
        {SONG, 404, 404},       {CITY_REF, 404, 200}, {CITY_COORD, 404, 200}, {WU, 404, 404},
        {AWAY_COORD, 404, 404}, {AWAY_REF, 404, 404},
    };
    struct fixture f;
    char draft[33], gone[33];
    open_world(&f);
    sent(&f, gone, "");
    made(&f, ANNA, whole(CITY, "cardiology", ""), draft);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EXPECT_INT(run(&f, rows[i].account, referral_way_of_referral, draft, NULL, NULL),
                   rows[i].draft);
        EXPECT_INT(run(&f, rows[i].account, referral_way_of_referral, gone, NULL, NULL),
                   rows[i].sent);
        int action = refer(&f, rows[i].account, gone, "arrive", NULL);
        EXPECT_INT(action, rows[i].sent == 404 ? 404 : 409);
    }
    EXPECT_INT(refer(&f, TOWN_COORD, gone, "withdraw", NULL), 403); /* coordinators read */
    f.call.if_match = NULL;
    EXPECT_INT(run(&f, ANNA, referral_way_of_referral, "xyz", NULL, NULL), 404);
    fixture_close(&f);
}

/* The consultation's action `refer`, as that module will call it. */
static const char *open_consultation;
static char opened[33];

static void open_script(struct api_call *call)
{
    struct consult_row row;
    MUST(consult_row_load(call->db, open_consultation, &row));
    (void)referral_open_for(call, &row, call->body, opened);
    consult_row_clear(&row);
}

static void opened_by_consultation(void)
{
    struct fixture f;
    char consultation[33], draft[33], way[2048] = "";
    open_world(&f);
    make_in(&f, CONSULT_ACKNOWLEDGED, consultation);
    open_consultation = consultation;
    EXPECT_INT(run(&f, ANNA, open_script, NULL, NULL,
                   json("{\"direction\":\"up\",\"to_organisation\":\"" CITY
                        "\",\"department\":\"cardiology\",\"reason_code\":\"severe\"}")),
               422); /* no consent yet */
    EXPECT_TEXT(fixture_text(&f, "code"), "consent.referral");
    int64_t count = 1;
    MUST(db_one_int(f.db, &count, "SELECT COUNT(*) FROM referral", ""));
    EXPECT_INT(count, 0); /* and nothing is left of it */
    EXPECT_INT(
        run(&f, ANNA, open_script, NULL, NULL,
            json("{\"direction\":\"up\",\"to_organisation\":\"" CITY
                 "\",\"department\":\"cardiology\",\"reason_code\":\"severe\"," CONSENT "}")),
        200);
    EXPECT_INT((long long)strlen(opened), 32);
    EXPECT_INT(refer(&f, CITY_REF, opened, "accept", appointment(&f, "")), 200);
    made(&f, ANNA, json("{\"consultation\":\"%s\"}", consultation), draft);
    EXPECT_INT(run(&f, ANNA, open_script, NULL, NULL, json("{\"referral\":\"%s\"}", draft)), 422);
    EXPECT_TEXT(fixture_text(&f, "field"), "/reason_code");
    EXPECT_INT(run(&f, ANNA, open_script, NULL, NULL, json("{\"referral\":\"" BED_1 "\"}")), 404);
    /* the way: the requester sees both, the receiving department the referral alone */
    EXPECT_INT(run(&f, ANNA, referral_way_of_consultation, consultation, NULL, NULL), 200);
    size_t i = 0;
    json_t *event = NULL;
    int64_t last = 0;
    json_array_foreach(json_object_get(f.call.reply, "events"), i, event)
    {
        size_t len = strlen(way);
        int64_t at = json_integer_value(json_object_get(event, "at_ms"));
        EXPECT(at >= last);
        last = at;
        (void)snprintf(way + len, sizeof way - len, "%s ",
                       json_string_value(json_object_get(event, "event")));
    }
    EXPECT(strstr(way, "opened submitted accepted session signed acknowledged sent accepted "
                       "expected ") != NULL);
    EXPECT_INT(run(&f, CITY_REF, referral_way_of_referral, opened, NULL, NULL), 200);
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "items")), 1);
    EXPECT_INT(run(&f, CITY_REF, referral_way_of_consultation, consultation, NULL, NULL), 404);
    fixture_close(&f);
}

/* A consultation that goes on from another, a referral of each: one way, whoever stands on it. */
static void long_way(void)
{
    struct fixture f;
    char first[33], next[33], up[33], again[33];
    open_world(&f);
    make_in(&f, CONSULT_ACKNOWLEDGED, first);
    f.now_ms += 86400000;
    make_in(&f, CONSULT_ACKNOWLEDGED, next);
    MUST(db_begin(f.db));
    MUST(db_run(f.db, "UPDATE consultation SET based_on = $1 WHERE id = $2", "ss", first, next));
    MUST(db_run(f.db, "UPDATE consultation SET follow_up = $1 WHERE id = $2", "ss",
                "{\"due_ms\":1799999999999,\"text\":\"复查\"}", first));
    MUST(db_commit(f.db));
    made(&f, ANNA, json("{\"consultation\":\"%s\"}", first), up);
    made(&f, ANNA, json("{\"consultation\":\"%s\"}", next), again);
    const char *const stands[] = {first, next};
    for (size_t i = 0; i < 2; i++) {
        EXPECT_INT(run(&f, ANNA, referral_way_of_consultation, stands[i], NULL, NULL), 200);
        EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "items")), 4);
    }
    EXPECT_INT(run(&f, ANNA, referral_way_of_referral, again, NULL, NULL), 200);
    json_t *items = json_object_get(f.call.reply, "items");
    EXPECT_INT((long long)json_array_size(items), 4);
    json_t *events = json_object_get(f.call.reply, "events");
    EXPECT_TEXT(json_string_value(json_object_get(json_array_get(events, 0), "id")), first);
    json_t *last = json_array_get(events, json_array_size(events) - 1);
    EXPECT_TEXT(json_string_value(json_object_get(last, "event")), "follow-up");
    EXPECT_TEXT(json_string_value(json_object_get(last, "id")), first);
    /* the consultant sees both consultations, and no draft of a referral */
    EXPECT_INT(run(&f, SONG, referral_way_of_consultation, next, NULL, NULL), 200);
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "items")), 2);
    EXPECT_INT(run(&f, BO, referral_way_of_consultation, next, NULL, NULL), 404);
    fixture_close(&f);
}

/* What was done can be looked at by the department that receives the patient, and by no one else.
 */
static void images_travel(void)
{
    struct fixture f;
    char consultation[33], id[33], body[128];
    open_world(&f);
    make_in(&f, CONSULT_ACKNOWLEDGED, consultation);
    static const char *const files[] = {ID("f1"), ID("f2")};
    MUST(db_begin(f.db));
    for (size_t i = 0; i < 2; i++) {
        MUST(db_run(f.db,
                    "INSERT INTO attachment (id, consultation_id, kind, name, media_type, bytes, "
                    "sha256, series_uid, added_by, at_ms) VALUES ($1, $2, 'pdf', 'a.pdf', "
                    "'application/pdf', 1, $3, NULL, $4, 1)",
                    "ssss", files[i], consultation, files[i], ANNA));
    }
    MUST(db_commit(f.db));
    (void)snprintf(body, sizeof body, "{\"consultation\":\"%s\"}", consultation);
    made(&f, ANNA, json("%s", body), id);
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "attachments")), 2);
    EXPECT_INT(run(&f, ANNA, referral_patch, id, NULL,
                   json("{\"to_organisation\":\"" CITY
                        "\",\"department\":\"cardiology\",\"reason_code\":\"severe\",\"done\":[{"
                        "\"kind\":\"image\",\"name\":\"a\",\"attachment\":\"%s\"}]," CONSENT "}",
                        files[0])),
               200);
    EXPECT_INT(run(&f, CITY_REF, attachment_content, files[0], NULL, NULL), 404); /* not sent */
    EXPECT_INT(refer(&f, ANNA, id, "send", NULL), 200);
    EXPECT(run(&f, CITY_REF, attachment_content, files[0], NULL, NULL) != 404);
    EXPECT_INT(run(&f, CITY_REF, attachment_content, files[1], NULL, NULL), 404); /* not shared */
    EXPECT_INT(run(&f, AWAY_REF, attachment_content, files[0], NULL, NULL), 404);
    EXPECT_INT(run(&f, TOWN_REF, attachment_content, files[0], NULL, NULL), 404);
    STEP(&f, give_consent(&f, ANNA, consultation, "imaging", "patient", false));
    EXPECT_INT(run(&f, CITY_REF, attachment_content, files[0], NULL, NULL), 404);
    STEP(&f, give_consent(&f, ANNA, consultation, "imaging", "patient", true));
    EXPECT(run(&f, CITY_REF, attachment_content, files[0], NULL, NULL) != 404);
    STEP(&f, refer(&f, ANNA, id, "withdraw", NULL));
    EXPECT_INT(run(&f, CITY_REF, attachment_content, files[0], NULL, NULL), 404);
    fixture_close(&f);
}

static int64_t ran(struct fixture *f)
{
    EXPECT_INT(fixture_call(f, NULL, referral_timers_run, NULL, NULL, NULL), 200);
    return json_integer_value(json_object_get(f->call.reply, "ran"));
}

/* What the agreement says goes before the defaults; what it is silent on has them. */
static void agreed_waits(void)
{
    struct fixture f;
    char id[33];
    open_world(&f);
    MUST(db_run(f.db, "UPDATE agreement SET terms = $1 WHERE id = $2", "ss",
                "{\"timers\":{\"accept-due\":{\"urgent\":600},\"return-due\":{\"urgent\":7200}}}",
                AGREEMENT));
    made(&f, ANNA, whole(CITY, "cardiology", ",\"place\":\"" BED_1 "\""), id);
    EXPECT_INT(refer(&f, ANNA, id, "send", NULL), 200);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "deadline_ms")), START_MS + 600000);
    f.now_ms = START_MS + 599999;
    EXPECT_INT(ran(&f), 0);
    f.now_ms++;
    EXPECT_INT(ran(&f), 1);
    EXPECT(has_effect(&f, EFFECT_PUSH, TOWN_COORD, "referral.changed"));
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "next_due_ms")), /* and again */
               START_MS + 1200000);
    EXPECT_INT(refer(&f, CITY_REF, id, "accept", NULL), 200);
    int64_t arrival = json_integer_value(json_object_get(f.call.reply, "deadline_ms"));
    EXPECT(arrival >= f.now_ms + 259200000);
    EXPECT_INT(refer(&f, CITY_REF, id, "arrive", NULL), 200);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "deadline_ms")),
               f.now_ms + 7200000);
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"up and down", up_and_down},
        {"waits of the agreement", agreed_waits},
        {"from a consultation", from_consultation},
        {"wrong members", wrong_members},
        {"rules of the direction", rules_of_direction},
        {"the way home", the_way_home},
        {"who sees it", who_sees_it},
        {"the way over several consultations", long_way},
        {"opened by a consultation", opened_by_consultation},
        {"images travel with it", images_travel},
    };
    return TEST_MAIN(cases);
}
