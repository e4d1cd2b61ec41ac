/* Who may do what: every person x every state x every way in, against what the table of relations
 * says (A23). */
#include "tests/unit/gateway/consult_fixture.h"

#include "gateway/records/audit_view.h"
#include "gateway/records/recordings.h"

struct person {
    const char *account, *name;
};
static const struct person people[] = {
    {ANNA, "requester"},
    {BO, "colleague of the requester"},
    {TOWN_COORD, "coordinator of the requester"},
    {SONG, "consultant"},
    {TAN, "specialist who was offered it"},
    {CITY_COORD, "coordinator of the consultant"},
    {WU, "stranger"},
    {AWAY_COORD, "coordinator elsewhere"},
    {OPS, "operator"},
};
#define PEOPLE (sizeof people / sizeof people[0])

static const enum consult_state states[] = {
    CONSULT_DRAFT,       CONSULT_OFFERED,          CONSULT_ACCEPTED,  CONSULT_IN_SESSION,
    CONSULT_INTERRUPTED, CONSULT_AWAITING_OPINION, CONSULT_SIGNED,    CONSULT_ACKNOWLEDGED,
    CONSULT_CLOSED,      CONSULT_RETURNED,         CONSULT_WITHDRAWN, CONSULT_EXPIRED,
    CONSULT_FAILED,      CONSULT_DISCARDED,
};
#define STATES (sizeof states / sizeof states[0])

/* The relation a person should have, from words alone: SONG answers, SONG and TAN are on duty. */
static unsigned expected(const char *account, enum consult_state state, bool has_consultant)
{
    bool left = state != CONSULT_DRAFT && state != CONSULT_DISCARDED;
    if (strcmp(account, ANNA) == 0) {
        return CONSULT_ACTOR_REQUESTER;
    }
    if (strcmp(account, SONG) == 0) {
        return has_consultant             ? CONSULT_ACTOR_CONSULTANT
               : state == CONSULT_OFFERED ? CONSULT_ACTOR_CANDIDATE
                                          : 0u;
    }
    if (strcmp(account, TAN) == 0) {
        return state == CONSULT_OFFERED ? CONSULT_ACTOR_CANDIDATE : 0u;
    }
    if (strcmp(account, TOWN_COORD) == 0) {
        return left ? CONSULT_ACTOR_COORDINATOR : 0u;
    }
    if (strcmp(account, CITY_COORD) == 0) {
        return has_consultant || state == CONSULT_OFFERED ? CONSULT_ACTOR_COORDINATOR : 0u;
    }
    return 0;
}

static void view_script(struct api_call *call)
{
    (void)consult_may_view(call, call->params[0]);
}

static void images_script(struct api_call *call)
{
    (void)consult_may_view_images(call, call->params[0]);
}

static void attach_script(struct api_call *call)
{
    (void)consult_may_attach(call, call->params[0]);
}

static void play_script(struct api_call *call)
{
    (void)consult_may_play(call, call->params[0]);
}

/* 404 for strangers whatever the state; for others the table: 200, 403 or 409, never 404. */
static void check_reading(struct fixture *f, const char *account, const char *id, unsigned relation)
{
    unsigned parties = relation & ~(unsigned)CONSULT_ACTOR_CANDIDATE;
    EXPECT_INT(fixture_call(f, account, view_script, id, NULL, NULL), relation != 0 ? 200 : 404);
    EXPECT_INT(fixture_call(f, account, consult_get, id, NULL, NULL), relation != 0 ? 200 : 404);
    EXPECT_INT(fixture_call(f, account, images_script, id, NULL, NULL) == 404, relation == 0);
    EXPECT_INT(fixture_call(f, account, play_script, id, NULL, NULL), parties != 0 ? 200 : 404);
    EXPECT_INT(fixture_call(f, account, recordings_list, id, NULL, NULL), parties != 0 ? 200 : 404);
    EXPECT_INT(fixture_call(f, account, opinion_list, id, NULL, NULL), parties != 0 ? 200 : 404);
    EXPECT_INT(fixture_call(f, account, audit_view, id, NULL, NULL), parties != 0 ? 200 : 404);
    if (parties != 0) {
        EXPECT(json_is_true(json_object_get(json_object_get(f->call.reply, "chain"), "holds")));
    }
}

static void check_actions(struct fixture *f, const char *account, const char *id,
                          enum consult_state state, unsigned relation)
{
    static const char body[] =
        "{\"reason_code\":\"other\",\"reason_text\":\"x\",\"adopted\":\"yes\"}";
    for (unsigned e = 0; e < CONSULT_EVENT_COUNT; e++) {
        enum consult_event event = (enum consult_event)e;
        if (!consult_event_is_action(event)) {
            continue;
        }
        struct consult_step step = consult_fsm_next(state, event, relation);
        if (step.refusal == CONSULT_OK && relation != 0) {
            continue; /* what is allowed has tests of its own; here it would change the state */
        }
        int status = act(f, account, id, consult_event_name(event), json_loads(body, 0, NULL));
        bool answer = event == CONSULT_EVENT_ACCEPT || event == CONSULT_EVENT_DECLINE;
        bool winner = event == CONSULT_EVENT_ACCEPT && state == CONSULT_ACCEPTED &&
                      relation == CONSULT_ACTOR_CONSULTANT;
        if (winner) {
            EXPECT_INT(status, 200);
        } else if (relation == 0) {
            EXPECT(status == 404 || (answer && status == 409));
        } else {
            EXPECT_INT(status, step.refusal == CONSULT_NOT_YOURS ? 403 : 409);
        }
    }
    int attach = fixture_call(f, account, attach_script, id, NULL, NULL);
    struct consult_step step = consult_fsm_next(state, CONSULT_EVENT_ATTACH, relation);
    EXPECT_INT(attach, relation == 0                       ? 404
                       : step.refusal == CONSULT_OK        ? 200
                       : step.refusal == CONSULT_NOT_YOURS ? 403
                                                           : 409);
}

static void matrix(void)
{
    for (size_t s = 0; s < STATES; s++) {
        struct fixture f;
        char id[33], consultant[33] = "", row_name[96];
        fixture_open(&f, ":memory:");
        set_duty(&f, TAN, states[s] != CONSULT_EXPIRED);
        make_in(&f, states[s], id);
        expect_state(&f, id, consult_state_name(states[s]));
        MUST(db_one_text(f.db, consultant, sizeof consultant,
                         "SELECT COALESCE(consultant_id, '') FROM consultation WHERE id = $1", "s",
                         id));
        for (size_t p = 0; p < PEOPLE; p++) {
            (void)snprintf(row_name, sizeof row_name, "%s in %s", people[p].name,
                           consult_state_name(states[s]));
            test_row(row_name);
            unsigned relation = expected(people[p].account, states[s], consultant[0] != '\0');
            check_reading(&f, people[p].account, id, relation);
            check_actions(&f, people[p].account, id, states[s], relation);
            expect_state(&f, id, consult_state_name(states[s]));
            test_row_end();
        }
        fixture_close(&f);
    }
}

static void identity_is_masked(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_ACCEPTED, id);
    STEP(&f, fixture_call(&f, ANNA, consult_get, id, NULL, NULL));
    json_t *patient = json_object_get(f.call.reply, "patient");
    EXPECT_TEXT(json_string_value(json_object_get(patient, "id_number")), "350222196102030021");
    static const char *const others[] = {SONG, TOWN_COORD, CITY_COORD};
    for (size_t i = 0; i < 3; i++) {
        STEP(&f, fixture_call(&f, others[i], consult_get, id, NULL, NULL));
        patient = json_object_get(f.call.reply, "patient");
        EXPECT(json_object_get(patient, "id_number") == NULL);
        EXPECT_TEXT(json_string_value(json_object_get(patient, "id_number_masked")),
                    "350*************21");
        char *text = json_dumps(f.call.reply, 0);
        EXPECT(strstr(text, "350222196102030021") == NULL);
        free(text);
    }
    fixture_close(&f);
}

static void images_follow_the_consent(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_IN_SESSION, id);
    EXPECT_INT(fixture_call(&f, SONG, images_script, id, NULL, NULL), 200);
    STEP(&f, give_consent(&f, ANNA, id, "imaging", "patient", false));
    EXPECT_INT(fixture_call(&f, SONG, images_script, id, NULL, NULL), 403);
    EXPECT_TEXT(fixture_text(&f, "code"), "consent.imaging");
    EXPECT_INT(fixture_call(&f, ANNA, images_script, id, NULL, NULL), 200);
    expect_state(&f, id, "in-session");
    fixture_close(&f);
}

static void consents_of_the_right_party(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_ACCEPTED, id);
    EXPECT_INT(give_consent(&f, SONG, id, "recording", "patient", true), 403);
    EXPECT_INT(give_consent(&f, ANNA, id, "recording", "consultant", true), 403);
    EXPECT_INT(give_consent(&f, TAN, id, "recording", "consultant", true), 404);
    EXPECT_INT(give_consent(&f, TOWN_COORD, id, "recording", "patient", true), 403);
    EXPECT_INT(give_consent(&f, SONG, id, "recording", "consultant", true), 200);
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "consents")), 4);
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"matrix", matrix},
        {"identity is masked", identity_is_masked},
        {"images follow the consent", images_follow_the_consent},
        {"consents of the right party", consents_of_the_right_party},
    };
    return TEST_MAIN(cases);
}
