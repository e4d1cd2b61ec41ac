/* Referrals: every cell of the state table with every actor, and the scripts over a real store: up
 * and down, places, who sees what, timers, the patient's way. --print writes the table that
 * gateway/referral/README.md shows. */
#include "gateway/imaging/attachment.h"
#include "gateway/referral/referral.h"
#include "gateway/referral/referral_access.h"
#include "gateway/referral/referral_actions.h"
#include "gateway/referral/referral_create.h"
#include "gateway/referral/referral_list.h"
#include "gateway/referral/referral_place.h"
#include "gateway/referral/referral_timers.h"
#include "gateway/referral/referral_way.h"
#include "tests/unit/gateway/consult_fixture.h"

#include <stdarg.h>

#define ALL_ACTORS 31u
#define CITY_REF ID("31")
#define TOWN_REF ID("32")
#define AWAY_REF ID("33")
#define BED_1 ID("e1")
#define BED_2 ID("e2")
#define BED_OWN ID("e3")

/* ---- the table ---- */

static void every_cell(void)
{
    unsigned moves = 0;
    for (unsigned s = 0; s < REFERRAL_STATE_COUNT; s++) {
        for (unsigned e = 0; e < REFERRAL_EVENT_COUNT; e++) {
            enum referral_state state = (enum referral_state)s;
            enum referral_event event = (enum referral_event)e;
            struct referral_step step = referral_fsm_next(state, event, ALL_ACTORS);
            EXPECT((unsigned)step.next < REFERRAL_STATE_COUNT);
            EXPECT(step.refusal != REFERRAL_NOT_YOURS); /* somebody may, or nobody by the state */
            if (step.refusal != REFERRAL_OK) {
                EXPECT(step.next == state);
                EXPECT(referral_refusal_code(step.refusal)[0] != '\0' &&
                       referral_refusal_zh(step.refusal)[0] != '\0' &&
                       referral_refusal_en(step.refusal)[0] != '\0');
            } else {
                moves++;
            }
            for (unsigned actor = 1; actor < 32; actor <<= 1) {
                struct referral_step one = referral_fsm_next(state, event, actor);
                bool may =
                    step.refusal == REFERRAL_OK && (referral_event_actors(event) & actor) != 0;
                EXPECT_INT(one.refusal == REFERRAL_OK, may);
                EXPECT(step.refusal == REFERRAL_OK || one.refusal == step.refusal);
            }
            EXPECT(referral_fsm_next(state, event, 0).refusal != REFERRAL_OK);
        }
    }
    EXPECT_INT(moves, 12); /* a new way in the table is meant, or this fails */
}

static bool reaches(enum referral_state from, enum referral_state to, unsigned actors)
{
    bool seen[REFERRAL_STATE_COUNT] = {false};
    seen[from] = true;
    for (bool grew = true; grew;) {
        grew = false;
        for (unsigned s = 0; s < REFERRAL_STATE_COUNT; s++) {
            for (unsigned e = 0; seen[s] && e < REFERRAL_EVENT_COUNT; e++) {
                struct referral_step step =
                    referral_fsm_next((enum referral_state)s, (enum referral_event)e, actors);
                if (step.refusal == REFERRAL_OK && !seen[step.next]) {
                    seen[step.next] = grew = true;
                }
            }
        }
    }
    return seen[to];
}

static void invariants(void)
{
    for (unsigned s = 0; s < REFERRAL_STATE_COUNT; s++) {
        enum referral_state state = (enum referral_state)s;
        EXPECT(reaches(REFERRAL_DRAFT, state, ALL_ACTORS));
        bool over = referral_state_phase(state) == REFERRAL_PHASE_OVER;
        for (unsigned e = 0; e < REFERRAL_EVENT_COUNT; e++) {
            struct referral_step step =
                referral_fsm_next(state, (enum referral_event)e, ALL_ACTORS);
            EXPECT(!over || step.next == state);
            /* who only reads changes nothing */
            EXPECT(referral_fsm_next(state, (enum referral_event)e,
                                     REFERRAL_ACTOR_COORDINATOR | REFERRAL_ACTOR_INVOLVED)
                       .refusal != REFERRAL_OK);
        }
        bool receiver_ends = reaches(state, REFERRAL_RETURNED, REFERRAL_ACTOR_RECEIVER) ||
                             reaches(state, REFERRAL_REFUSED, REFERRAL_ACTOR_RECEIVER);
        EXPECT(over || state == REFERRAL_DRAFT || receiver_ends);
    }
    EXPECT(reaches(REFERRAL_ACCEPTED, REFERRAL_LAPSED, REFERRAL_ACTOR_SYSTEM));
    EXPECT(!reaches(REFERRAL_SENT, REFERRAL_LAPSED, REFERRAL_ACTOR_SYSTEM)); /* never dropped */
    EXPECT(!reaches(REFERRAL_SENT, REFERRAL_ACCEPTED,
                    ALL_ACTORS & ~(unsigned)REFERRAL_ACTOR_RECEIVER));
}

static void names(void)
{
    enum referral_state state;
    enum referral_event event;
    enum referral_direction direction;
    for (unsigned s = 0; s < REFERRAL_STATE_COUNT; s++) {
        EXPECT(referral_state_of(referral_state_name((enum referral_state)s), &state) &&
               (unsigned)state == s);
    }
    for (unsigned e = 0; e < REFERRAL_EVENT_COUNT; e++) {
        EXPECT(referral_event_of(referral_event_name((enum referral_event)e), &event) &&
               (unsigned)event == e);
    }
    EXPECT(!referral_state_of("closed", &state) && !referral_event_of("Send", &event));
    EXPECT(referral_direction_of("down", &direction) && direction == REFERRAL_DOWN);
    EXPECT(!referral_direction_of("sideways", &direction) &&
           !referral_direction_of(NULL, &direction));
    EXPECT(referral_reason_valid(REFERRAL_UP, "severe") &&
           !referral_reason_valid(REFERRAL_DOWN, "severe"));
    EXPECT(referral_reason_valid(REFERRAL_DOWN, "rehabilitation") &&
           !referral_reason_valid(REFERRAL_UP, "rehabilitation"));
    for (unsigned i = 0; i < REFERRAL_TIMER_COUNT; i++) {
        const struct referral_timer_rule *rule = referral_timer_rule((enum referral_timer)i);
        EXPECT(rule->default_ms[0] > 0 && rule->default_ms[1] > 0);
        EXPECT(rule->has_event != rule->again);
        if (rule->has_event) {
            EXPECT_INT(referral_fsm_next(rule->state, rule->event, REFERRAL_ACTOR_SYSTEM).refusal,
                       REFERRAL_OK);
        }
    }
}

static size_t table(char *out, size_t room)
{
    static const char *const words[] = {"", "later", "past", "over", "-"};
    size_t len = (size_t)snprintf(out, room, "| event |");
    for (unsigned s = 0; s < REFERRAL_STATE_COUNT; s++) {
        len += (size_t)snprintf(out + len, room - len, " %s |",
                                referral_state_name((enum referral_state)s));
    }
    len += (size_t)snprintf(out + len, room - len, "\n|---|");
    for (unsigned s = 0; s < REFERRAL_STATE_COUNT; s++) {
        len += (size_t)snprintf(out + len, room - len, "---|");
    }
    for (unsigned e = 0; e < REFERRAL_EVENT_COUNT; e++) {
        len += (size_t)snprintf(out + len, room - len, "\n| %s |",
                                referral_event_name((enum referral_event)e));
        for (unsigned s = 0; s < REFERRAL_STATE_COUNT; s++) {
            struct referral_step step =
                referral_fsm_next((enum referral_state)s, (enum referral_event)e, ALL_ACTORS);
            const char *text = step.refusal != REFERRAL_OK ? words[step.refusal]
                               : (unsigned)step.next == s  ? "stays"
                                                           : referral_state_name(step.next);
            len += (size_t)snprintf(out + len, room - len, " %s |", text);
        }
    }
    return len + (size_t)snprintf(out + len, room - len, "\n");
}

static void readme_shows_it(void)
{
    static char wanted[8192], found[65536];
    (void)table(wanted, sizeof wanted);
    FILE *file = fopen(CG_SOURCE_DIR "/gateway/referral/README.md", "r");
    EXPECT(file != NULL);
    if (file != NULL) {
        found[fread(found, 1, sizeof found - 1, file)] = '\0';
        (void)fclose(file);
        EXPECT(strstr(found, wanted) != NULL);
    }
}

/* ---- the scripts ---- */

static json_t *json(const char *format, ...) __attribute__((format(printf, 1, 2)));
static json_t *json(const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_t *value = json_loads(text, 0, NULL);
    if (value == NULL) {
        printf("not JSON: %s\n", text);
        abort();
    }
    return value;
}

static void place(struct fixture *f, const char *id, const char *code, bool reserved)
{
    MUST(db_run(f->db,
                "INSERT INTO place (id, organisation_id, department, code, kind, from_ms, "
                "until_ms, reserved_for_referred, state, version) VALUES ($1, $2, 'cardiology', "
                "$3, 'bed', $4, $5, $6, 'free', 1)",
                "sssiii", id, CITY, code, (int64_t)(START_MS - 1000),
                (int64_t)(START_MS + 9000000000LL), (int64_t)reserved));
}

static void department(struct fixture *f, const char *organisation, const char *code)
{
    MUST(db_run(f->db,
                "INSERT INTO department (organisation_id, code, name_zh, name_en) VALUES ($1, $2, "
                "'科', 'Department')",
                "ss", organisation, code));
}

/* A network refers where its agreement says so. */
static void clauses(struct fixture *f, const char *text)
{
    MUST(db_run(f->db, "UPDATE agreement SET clauses = $1 WHERE id = $2", "ss", text, AGREEMENT));
}

static void open_world(struct fixture *f)
{
    fixture_open(f, ":memory:");
    MUST(db_begin(f->db));
    fixture_person(f->db, CITY_REF, CITY, "市转诊", "City Referrals", "referrals", NULL);
    fixture_person(f->db, TOWN_REF, TOWN, "镇转诊", "Town Referrals", "referrals", NULL);
    fixture_person(f->db, AWAY_REF, AWAY, "外转诊", "Away Referrals", "referrals", NULL);
    department(f, CITY, "cardiology");
    department(f, CITY, "general");
    department(f, TOWN, "general");
    place(f, BED_1, "1", true);
    place(f, BED_2, "2", true);
    place(f, BED_OWN, "3", false);
    clauses(f, "[{\"number\":\"4.1\",\"act\":\"refer\",\"text_zh\":\"双向转诊\"}]");
    MUST(db_commit(f->db));
}

/* As the fixture's call, and it knows the role referrals. */
static const struct api_query_pair *query_next;
static api_fn script_next;

static void as_role(struct api_call *call)
{
    int64_t is = 0;
    if (call->actor != NULL) {
        struct api_actor *actor = (struct api_actor *)(uintptr_t)call->actor;
        MUST(db_one_int(call->db, &is,
                        "SELECT COUNT(*) FROM account_role WHERE account_id = $1 AND role = "
                        "'referrals'",
                        "s", actor->account_id));
        actor->roles = is > 0 ? (unsigned)ROLE_REFERRALS : actor->roles;
    }
    for (size_t i = 0; query_next != NULL && query_next[i].name != NULL; i++) {
        call->query[i] = query_next[i];
    }
    script_next(call);
}

static int run(struct fixture *f, const char *account, api_fn script, const char *id,
               const char *param, json_t *body)
{
    script_next = script;
    return fixture_call(f, account, as_role, id, param, body);
}

static int refer(struct fixture *f, const char *account, const char *id, const char *action,
                 json_t *body)
{
    return run(f, account, referral_action, id, action, body);
}

#define CONSENT                                                                                    \
    "\"consent\":{\"referral\":true,\"sharing\":true,\"relation\":\"self\",\"method\":"            \
    "\"written\"}"
#define PATIENT                                                                                    \
    "\"patient\":{\"name\":\"测试患者\",\"sex\":\"female\",\"birth_date\":\"1961-02-03\"}"
#define CONTENT                                                                                    \
    "\"summary\":\"胸痛 2 "                                                                      \
    "小时\",\"diagnosis\":\"急性心肌梗死\",\"treatment\":\"阿司匹林\"," CONSENT

static json_t *whole(const char *to, const char *department_code, const char *more)
{
    return json("{\"direction\":\"up\",\"urgency\":\"urgent\",\"reason_code\":\"severe\","
                "\"to_organisation\":\"%s\",\"department\":\"%s\"," PATIENT "," CONTENT "%s}",
                to, department_code, more);
}

static void made(struct fixture *f, const char *account, json_t *body, char id[33])
{
    if (run(f, account, referral_create, NULL, NULL, body) != 201) {
        printf("create: %d %s %s\n", f->call.status, fixture_text(f, "code"),
               fixture_text(f, "field"));
        abort();
    }
    (void)snprintf(id, 33, "%s", fixture_text(f, "id"));
}

static void sent(struct fixture *f, char id[33], const char *more)
{
    made(f, ANNA, whole(CITY, "cardiology", more), id);
    STEP(f, refer(f, ANNA, id, "send", NULL));
}

static json_t *appointment(struct fixture *f, const char *more)
{
    return json("{\"at_ms\":%lld%s}", (long long)(f->now_ms + 3600000), more);
}

static const char *place_state(struct fixture *f, const char *id)
{
    static char state[16];
    MUST(db_one_text(f->db, state, sizeof state, "SELECT state FROM place WHERE id = $1", "s", id));
    return state;
}

#define RETURN_MESSAGE                                                                             \
    "{\"outcome\":\"improved\",\"diagnosis\":\"PCI 术后\",\"advice\":\"双联抗血小板 12 个月\"}"

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

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"every cell", every_cell},
        {"invariants", invariants},
        {"names", names},
        {"README shows the table", readme_shows_it},
        {"up and down", up_and_down},
        {"from a consultation", from_consultation},
        {"wrong members", wrong_members},
        {"rules of the direction", rules_of_direction},
        {"the way home", the_way_home},
        {"who sees it", who_sees_it},
        {"one winner of a place", one_winner},
        {"places as they are shown", places_shown},
        {"forwarded", forwarded},
        {"the way over several consultations", long_way},
        {"timers", timers},
        {"timers go on", timers_go_on},
        {"lists", lists},
        {"opened by a consultation", opened_by_consultation},
        {"images travel with it", images_travel},
    };
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        static char text[8192];
        (void)table(text, sizeof text);
        (void)fputs(text, stdout);
        return 0;
    }
    return TEST_MAIN(cases);
}
