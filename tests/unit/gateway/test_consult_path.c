/* The live path from draft to closed through the scripts that the routes run, and what is refused
 * on the way. */
#include "tests/unit/gateway/consult_fixture.h"

static void whole_path(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_draft(&f, "urgent", id);
    EXPECT_TEXT(fixture_text(&f, "state"), "draft");
    EXPECT_TEXT(fixture_text(&f, "number"), "C-20260921-0001");
    EXPECT_TEXT(f.call.etag, "1");
    EXPECT(has_action(&f, "submit") && has_action(&f, "discard") && !has_action(&f, "accept"));
    EXPECT_INT(act(&f, ANNA, id, "submit", NULL), 422);
    EXPECT_TEXT(fixture_text(&f, "code"), "consent.consultation");
    EXPECT_INT(give_consent(&f, ANNA, id, "consultation", "patient", true), 200);
    set_duty(&f, SONG, true);
    EXPECT_INT(act(&f, ANNA, id, "submit", NULL), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "offered");
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.ring"));
    EXPECT(!has_effect(&f, EFFECT_PUSH, TAN, "offer.ring"));
    EXPECT(!has_effect(&f, EFFECT_PUSH, WU, "offer.ring"));
    EXPECT_INT(
        json_integer_value(json_object_get(json_object_get(f.call.reply, "queue"), "position")), 1);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "deadline_ms")), START_MS + 900000);
    json_t *partnership = json_object_get(f.call.reply, "partnership");
    EXPECT_TEXT(json_string_value(json_object_get(partnership, "id")), NET);
    EXPECT_INT(json_integer_value(json_object_get(partnership, "agreement_version")), 3);
    f.now_ms += 60000;
    EXPECT_INT(act(&f, SONG, id, "accept", NULL), 200);
    EXPECT_TEXT(fixture_text(&f, "my_role"), "consultant");
    EXPECT_INT(act(&f, SONG, id, "accept", NULL), 200); /* a lost answer asked for again */
    EXPECT_INT(join_room(&f, ANNA, id), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "ready"); /* one of the two waits in the room */
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "seat")), 0);
    EXPECT_INT(join_room(&f, SONG, id), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "in-session");
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "seat")), 1);
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "parties")), 2);
    f.now_ms += 600000;
    EXPECT_INT(act(&f, SONG, id, "end", NULL), 200);
    EXPECT(has_effect(&f, EFFECT_ROOM_CLOSE, NULL, NULL));
    EXPECT_INT(act(&f, SONG, id, "sign", NULL), 422);
    EXPECT_TEXT(fixture_text(&f, "code"), "opinion.empty");
    EXPECT_INT(fixture_call(&f, SONG, opinion_put, id, NULL, opinion_body("急性心肌梗死")), 200);
    EXPECT_INT(act(&f, ANNA, id, "sign", NULL), 403);
    EXPECT_INT(act(&f, SONG, id, "sign", NULL), 200);
    EXPECT_INT(act(&f, SONG, id, "sign", NULL), 409);
    EXPECT_INT(act(&f, ANNA, id, "acknowledge", json_pack("{s:s}", "adopted", "no")), 422);
    EXPECT_TEXT(fixture_text(&f, "field"), "/text");
    json_t *decision = json_pack("{s:{s:s, s:s, s:b}}", "decision", "adopted", "partly", "text",
                                 "转诊条件不具备", "told_patient", 1);
    EXPECT_INT(act(&f, ANNA, id, "acknowledge", decision), 200);
    EXPECT_TEXT(
        json_string_value(json_object_get(json_object_get(f.call.reply, "decision"), "adopted")),
        "partly");
    EXPECT_INT(act(&f, ANNA, id, "close", NULL), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "closed");
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "actions")), 1);
    EXPECT(has_action(&f, "mark-error"));
    EXPECT(json_array_size(json_object_get(f.call.reply, "history")) >= 9);
    EXPECT_INT(act(&f, ANNA, id, "withdraw", NULL), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "consultation.over");
    struct audit_verdict verdict;
    MUST(audit_verify(f.db, &verdict));
    EXPECT(verdict.holds);
    fixture_close(&f);
}

static void returned_and_again(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_ACCEPTED, id);
    EXPECT_INT(act(&f, SONG, id, "return", json_pack("{s:s}", "reason_code", "images-missing")),
               422);
    EXPECT_TEXT(fixture_text(&f, "field"), "/reason_text");
    EXPECT_INT(
        act(&f, SONG, id, "return",
            json_pack("{s:s, s:s}", "reason_code", "images-missing", "reason_text", "缺心电图")),
        200);
    EXPECT_TEXT(fixture_text(&f, "my_role"), "none"); /* no longer a party */
    EXPECT(json_object_get(f.call.reply, "patient") == NULL);
    EXPECT_INT(fixture_call(&f, SONG, consult_get, id, NULL, NULL), 404);
    EXPECT_INT(fixture_call(&f, ANNA, consult_get, id, NULL, NULL), 200);
    EXPECT_TEXT(fixture_text(&f, "reason_text"), "缺心电图");
    json_t *change = json_pack("{s:{s:s}}", "request", "tests", "心电图已上传");
    EXPECT_INT(fixture_call(&f, ANNA, consult_patch, id, NULL, change), 200);
    EXPECT_TEXT(
        json_string_value(json_object_get(json_object_get(f.call.reply, "request"), "complaint")),
        "胸痛 2 小时");
    EXPECT_INT(act(&f, ANNA, id, "submit", NULL), 200);
    EXPECT(has_effect(&f, EFFECT_PUSH, SONG, "offer.ring"));
    EXPECT_INT(act(&f, SONG, id, "accept", NULL), 200);
    fixture_close(&f);
}

static void stat_defers_consent(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    json_t *body =
        json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s}}", "specialty", "cardiology", "urgency", "stat",
                  "patient", "sex", "male", "age", "约60岁", "request", "complaint", "心脏骤停");
    EXPECT_INT(fixture_call(&f, ANNA, consult_create, NULL, NULL, body), 201);
    (void)snprintf(id, sizeof id, "%s", fixture_text(&f, "id"));
    EXPECT_INT(act(&f, ANNA, id, "submit", NULL), 422);
    EXPECT_TEXT(fixture_text(&f, "code"), "consent.deferral-reason");
    EXPECT_INT(act(&f, ANNA, id, "submit", json_pack("{s:s}", "reason_text", "患者昏迷")), 200);
    EXPECT_TEXT(fixture_text(&f, "consent_deferred"), "患者昏迷");
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "deadline_ms")), START_MS + 300000);
    fixture_close(&f);
}

struct wrong {
    const char *name, *body, *field;
    int status;
};
static const struct wrong wrong_bodies[] = {
    {"no specialty", "{}", "/specialty", 422},
    {"unknown specialty", "{\"specialty\":\"magic\"}", "/specialty", 422},
    {"specialty is a number", "{\"specialty\":3}", "/specialty", 422},
    {"urgency", "{\"specialty\":\"cardiology\",\"urgency\":\"now\"}", "/urgency", 422},
    {"kind", "{\"specialty\":\"cardiology\",\"kind\":\"teaching\"}", "/kind", 422},
    {"patient is a text", "{\"specialty\":\"cardiology\",\"patient\":\"x\"}", "/patient", 422},
    {"unknown member", "{\"specialty\":\"cardiology\",\"patient\":{\"nick\":\"x\"}}",
     "/patient/nick", 422},
    {"date", "{\"specialty\":\"cardiology\",\"patient\":{\"birth_date\":\"1961-02-30\"}}",
     "/patient/birth_date", 422},
    {"sex", "{\"specialty\":\"cardiology\",\"patient\":{\"sex\":\"x\"}}", "/patient/sex", 422},
    {"name is a number", "{\"specialty\":\"cardiology\",\"patient\":{\"name\":1}}", "/patient/name",
     422},
    {"id number", "{\"specialty\":\"cardiology\",\"patient\":{\"id_number\":\"<b>\"}}",
     "/patient/id_number", 422},
    {"vitals", "{\"specialty\":\"cardiology\",\"request\":{\"vital_signs\":{\"a\":[]}}}",
     "/request/vital_signs", 422},
    {"title", "{\"specialty\":\"cardiology\",\"request\":{\"wanted_title\":\"king\"}}",
     "/request/wanted_title", 422},
    {"array", "[]", "", 422},
};

static void wrong_fields(void)
{
    struct fixture f;
    fixture_open(&f, ":memory:");
    for (size_t i = 0; i < sizeof wrong_bodies / sizeof wrong_bodies[0]; i++) {
        test_row(wrong_bodies[i].name);
        json_t *body = json_loads(wrong_bodies[i].body, 0, NULL);
        EXPECT_INT(fixture_call(&f, ANNA, consult_create, NULL, NULL, body),
                   wrong_bodies[i].status);
        EXPECT_TEXT(fixture_text(&f, "field"), wrong_bodies[i].field);
        EXPECT(fixture_text(&f, "detail_zh")[0] != '\0' &&
               fixture_text(&f, "detail_en")[0] != '\0');
        test_row_end();
    }
    char id[33];
    make_draft(&f, "routine", id);
    char long_text[2048];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    json_t *body = json_pack("{s:{s:s}}", "request", "complaint", long_text);
    EXPECT_INT(fixture_call(&f, ANNA, consult_patch, id, NULL, body), 422);
    EXPECT_TEXT(fixture_text(&f, "field"), "/request/complaint");
    EXPECT_INT(fixture_call(&f, ANNA, consult_patch, id, NULL,
                            json_pack("{s:{s:s}}", "request", "question", " \xe3\x80\x80")),
               200);
    EXPECT_INT(give_consent(&f, ANNA, id, "consultation", "patient", true), 200);
    EXPECT_INT(act(&f, ANNA, id, "submit", NULL), 422);
    EXPECT_TEXT(fixture_text(&f, "field"), "/request/question");
    EXPECT_INT(act(&f, ANNA, id, "dance", NULL), 404);
    EXPECT_INT(act(&f, ANNA, "../etc", "submit", NULL), 404);
    EXPECT_INT(act(&f, ANNA, ID("ff"), "submit", NULL), 404);
    EXPECT_INT(give_consent(&f, ANNA, id, "soul", "patient", true), 404);
    fixture_close(&f);
}

static void rules_refuse(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_draft(&f, "routine", id);
    EXPECT_INT(give_consent(&f, ANNA, id, "consultation", "patient", true), 200);
    MUST(db_run(f.db, "UPDATE agreement SET valid_until = '2021-01-01'", ""));
    EXPECT_INT(act(&f, ANNA, id, "submit", NULL), 403);
    EXPECT_TEXT(fixture_text(&f, "code"), "rule.agreement-not-in-force");
    expect_state(&f, id, "draft");
    MUST(db_run(f.db, "UPDATE agreement SET valid_until = '2099-01-01'", ""));
    set_duty(&f, SONG, true);
    EXPECT_INT(act(&f, ANNA, id, "submit", NULL), 200);
    MUST(db_run(f.db, "UPDATE agreement SET valid_until = '2021-01-01'", ""));
    EXPECT_INT(act(&f, SONG, id, "accept", NULL), 403); /* the day it is accepted counts too */
    expect_state(&f, id, "offered");
    fixture_close(&f);
}

static void versions(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_draft(&f, "routine", id);
    const struct {
        const char *if_match;
        int status;
    } rows[] = {{"\"1\"", 200}, {"\"1\"", 412}, {"\"2\"", 200},
                {"*", 200},     {"3", 412},     {NULL, 200}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture_clear_call(&f);
        MUST(db_begin(f.db));
        fixture_act_as(&f, ANNA);
        f.call =
            (struct api_call){.db = f.db,
                              .now_ms = f.now_ms,
                              .actor = &f.actor,
                              .params = {id, NULL, NULL},
                              .status = 200,
                              .if_match = rows[i].if_match,
                              .services = &f.services,
                              .body = json_pack("{s:{s:s}}", "patient", "phone", "0592-1234567")};
        consult_patch(&f.call);
        EXPECT_INT(f.call.status, rows[i].status);
        MUST(db_commit(f.db));
    }
    fixture_close(&f);
}

static void numbers(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_draft(&f, "routine", id);
    make_draft(&f, "routine", id);
    EXPECT_TEXT(fixture_text(&f, "number"), "C-20260921-0002");
    f.now_ms += 86400000;
    make_draft(&f, "routine", id);
    EXPECT_TEXT(fixture_text(&f, "number"), "C-20260922-0001");
    fixture_close(&f);
}

/* Drafts and discarded ones count alike; tomorrow, and for a colleague, there is room again. */
static void so_many_a_day(void)
{
    struct fixture f;
    char id[33];
    struct api_config config = {.created_per_day = 3};
    fixture_open(&f, ":memory:");
    f.config = &config;
    for (int i = 0; i < 3; i++) {
        make_draft(&f, "routine", id);
        STEP(&f, act(&f, ANNA, id, "discard", NULL));
    }
    json_t *body = json_pack("{s:s, s:s, s:s}", "specialty", "cardiology", "urgency", "routine",
                             "kind", "live");
    EXPECT_INT(fixture_call(&f, ANNA, consult_create, NULL, NULL, json_incref(body)), 429);
    EXPECT_TEXT(fixture_text(&f, "code"), "consultation.too-many");
    EXPECT(f.call.retry_after_s > 0);
    EXPECT_INT(fixture_call(&f, BO, consult_create, NULL, NULL, json_incref(body)), 201);
    f.now_ms += 86400000;
    EXPECT_INT(fixture_call(&f, ANNA, consult_create, NULL, NULL, body), 201);
    fixture_close(&f);
}

static int list(struct fixture *f, const char *account, const char *which, const char *limit,
                const char *before)
{
    fixture_clear_call(f);
    MUST(db_begin(f->db));
    fixture_act_as(f, account);
    f->call = (struct api_call){.db = f->db,
                                .now_ms = f->now_ms,
                                .actor = &f->actor,
                                .status = 200,
                                .services = &f->services};
    f->call.query[0] = (struct api_query_pair){"list", which};
    f->call.query[1] = (struct api_query_pair){"limit", limit};
    f->call.query[2] = (struct api_query_pair){before == NULL ? NULL : "before_ms", before};
    consult_list(&f->call);
    MUST(db_commit(f->db));
    return (int)json_array_size(json_object_get(f->call.reply, "consultations"));
}

static void lists(void)
{
    struct fixture f;
    char id[33], first[33], before[32];
    fixture_open(&f, ":memory:");
    set_duty(&f, TAN, true);
    for (int i = 0; i < 5; i++) {
        make_draft(&f, "routine", id);
        f.now_ms += i == 2 ? 0 : 10; /* the third and fourth share their millisecond */
    }
    EXPECT_INT(list(&f, ANNA, "mine", "2", NULL), 3);
    json_t *rows = json_object_get(f.call.reply, "consultations");
    (void)snprintf(
        before, sizeof before, "%lld",
        (long long)json_integer_value(json_object_get(json_array_get(rows, 2), "created_ms")));
    EXPECT(json_is_true(json_object_get(f.call.reply, "more")));
    EXPECT_INT(list(&f, ANNA, "mine", "2", before), 2);
    EXPECT(json_is_false(json_object_get(f.call.reply, "more")));
    EXPECT_INT(list(&f, BO, "mine", "50", NULL), 0);
    EXPECT_INT(list(&f, TOWN_COORD, "mine", "50", NULL), 0); /* drafts are the author's */
    EXPECT_INT(list(&f, ANNA, "all", "50", NULL), 0);
    EXPECT_INT(f.call.status, 422);
    EXPECT_INT(list(&f, ANNA, "mine", "0", NULL), 0);
    EXPECT_INT(f.call.status, 422);
    make_in(&f, CONSULT_OFFERED, first);
    f.now_ms += 10;
    make_draft(&f, "stat", id);
    STEP(&f, give_consent(&f, ANNA, id, "consultation", "patient", true));
    STEP(&f, act(&f, ANNA, id, "submit", NULL));
    EXPECT_INT(json_integer_value(json_object_get(json_object_get(f.call.reply, "queue"), "ahead")),
               0);
    EXPECT_INT(list(&f, TAN, "queue", "50", NULL), 2);
    rows = json_object_get(f.call.reply, "consultations");
    EXPECT_TEXT(json_string_value(json_object_get(json_array_get(rows, 0), "urgency")), "stat");
    EXPECT_INT(list(&f, WU, "queue", "50", NULL), 0);
    EXPECT_INT(list(&f, CITY_COORD, "queue", "50", NULL), 2);
    EXPECT_INT(list(&f, AWAY_COORD, "queue", "50", NULL), 0);
    STEP(&f, act(&f, TAN, id, "accept", NULL));
    EXPECT_INT(list(&f, TAN, "assigned", "50", NULL), 1);
    EXPECT_INT(list(&f, TAN, "queue", "50", NULL), 1);
    STEP(&f, act(&f, ANNA, id, "withdraw", NULL));
    EXPECT_INT(list(&f, TAN, "history", "50", NULL), 1);
    EXPECT_INT(list(&f, ANNA, "history", "50", NULL), 1);
    EXPECT_INT(list(&f, CITY_COORD, "history", "50", NULL), 1);
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"whole path", whole_path},
        {"returned and again", returned_and_again},
        {"stat defers consent", stat_defers_consent},
        {"wrong fields", wrong_fields},
        {"rules refuse", rules_refuse},
        {"If-Match", versions},
        {"numbers", numbers},
        {"so many a day", so_many_a_day},
        {"lists", lists},
    };
    return TEST_MAIN(cases);
}
