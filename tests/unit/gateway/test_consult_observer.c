/* Observers: whom the rules let in, the patient's consent, 24 places, what an observer may and may
 * not see, and that it ends. */
#include "tests/unit/gateway/consult_fixture.h"

#include "gateway/access.h"
#include "gateway/consult/consult_invitees.h"
#include "gateway/consult/consult_observer.h"
#include "gateway/records/audit_view.h"
#include "gateway/records/recordings.h"
#include "gateway/referral/referral_way.h"

#define PATIENT_NUMBER "350222196102030021" /* of the fixture's draft */

static int admit(struct fixture *f, const char *by, const char *id, const char *account)
{
    return act(f, by, id, "admit-observer", json_pack("{s:s}", "account", account));
}

static int dismiss(struct fixture *f, const char *by, const char *id, const char *account)
{
    return act(f, by, id, "dismiss-observer",
               account == NULL ? NULL : json_pack("{s:s}", "account", account));
}

static int teaching(struct fixture *f, const char *id, bool given)
{
    return give_consent(f, ANNA, id, "teaching", "patient", given);
}

/* In session, the patient has consented to teaching, and the agreement names it. */
static void open_lesson(struct fixture *f, char id[33])
{
    fixture_open(f, ":memory:");
    MUST(db_run(f->db, "INSERT INTO agreement_service (agreement_id, kind) VALUES ($1, 'teaching')",
                "s", AGREEMENT));
    make_in(f, CONSULT_IN_SESSION, id);
    STEP(f, teaching(f, id, true));
}

static const char *search_as;
static void learners_script(struct api_call *call)
{
    call->query[0] = (struct api_query_pair){"as", search_as};
    consult_invitees(call);
}

static bool listed(struct fixture *f, const char *by, const char *id, const char *account)
{
    size_t i;
    json_t *invitee;
    search_as = "observer";
    EXPECT_INT(fixture_call(f, by, learners_script, id, NULL, NULL), 200);
    json_array_foreach(json_object_get(f->call.reply, "invitees"), i, invitee)
    {
        if (strcmp(json_string_value(json_object_get(invitee, "account")), account) == 0) {
            return true;
        }
    }
    return false;
}

static void who_may_observe(void)
{
    struct fixture f;
    char id[33];
    open_lesson(&f, id);
    EXPECT(listed(&f, SONG, id, TAN) && listed(&f, SONG, id, BO));
    EXPECT(!listed(&f, SONG, id, ANNA) && !listed(&f, SONG, id, SONG)); /* they are here */
    EXPECT(!listed(&f, SONG, id, WU));                                  /* in no partnership */
    EXPECT(!listed(&f, SONG, id, TOWN_COORD) && !listed(&f, SONG, id, OPS));
    EXPECT_INT(fixture_call(&f, ANNA, learners_script, id, NULL, NULL), 404); /* the chair asks */
    search_as = "patient";
    EXPECT_INT(fixture_call(&f, SONG, learners_script, id, NULL, NULL), 422);
    EXPECT_INT(admit(&f, ANNA, id, TAN), 403);
    EXPECT_INT(admit(&f, SONG, id, WU), 403);
    EXPECT(strncmp(fixture_text(&f, "code"), "rule.", 5) == 0);
    static const char *const refused[] = {ANNA, SONG, OPS, CITY_COORD, ID("99")};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        EXPECT_INT(admit(&f, SONG, id, refused[i]), 422);
        EXPECT_TEXT(fixture_text(&f, "code"), "observer.not-admissible");
    }
    EXPECT_INT(act(&f, SONG, id, "admit-observer", NULL), 422);
    EXPECT_INT(admit(&f, SONG, id, BO), 200); /* the hub teaches its spoke */
    EXPECT(has_effect(&f, EFFECT_PUSH, BO, "observer.admitted"));
    EXPECT(!listed(&f, SONG, id, BO));
    MUST(db_run(f.db, "DELETE FROM agreement_service WHERE kind = 'teaching'", ""));
    EXPECT(listed(&f, SONG, id, TAN));      /* one's own people need no agreement */
    EXPECT_INT(join_room(&f, BO, id), 403); /* and it is asked again at the door */
    EXPECT_TEXT(fixture_text(&f, "code"), "rule.service-not-agreed");
    EXPECT_INT(admit(&f, SONG, id, TAN), 200);
    EXPECT_INT(join_room(&f, TAN, id), 200);
    fixture_close(&f);
}

static void without_consent_nobody(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_IN_SESSION, id);
    EXPECT_INT(admit(&f, SONG, id, TAN), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "consent.teaching");
    STEP(&f, give_consent(&f, SONG, id, "teaching", "consultant", true)); /* not the patient's */
    EXPECT_INT(admit(&f, SONG, id, TAN), 409);
    STEP(&f, teaching(&f, id, true));
    EXPECT_INT(admit(&f, SONG, id, TAN), 200);
    fixture_close(&f);
}

static int64_t attendance(struct fixture *f, const char *action, const char *account,
                          const char *reason)
{
    int64_t rows = 0;
    MUST(db_one_int(f->db, &rows,
                    "SELECT COUNT(*) FROM audit WHERE action = $1 AND actor_id = $2 AND "
                    "COALESCE(reason_code, '') = $3 AND detail LIKE '%\"account\":%'",
                    "sss", action, account, reason));
    return rows;
}

static void withdrawal_ends_it(void)
{
    struct fixture f;
    char id[33];
    open_lesson(&f, id);
    STEP(&f, admit(&f, SONG, id, TAN));
    STEP(&f, admit(&f, SONG, id, BO));
    STEP(&f, join_room(&f, TAN, id));
    EXPECT_INT(attendance(&f, "observer.join", TAN, ""), 1);
    EXPECT_INT(fixture_call(&f, TAN, consult_get, id, NULL, NULL), 200);
    EXPECT_INT(teaching(&f, id, false), 200);
    EXPECT(has_effect(&f, EFFECT_SEAT_CLOSE, TAN, NULL));
    EXPECT(has_effect(&f, EFFECT_SEAT_CLOSE, BO, NULL));
    EXPECT(has_effect(&f, EFFECT_PUSH, TAN, "observer.gone"));
    EXPECT_INT(attendance(&f, "observer.leave", TAN, "consent-withdrawn"), 1);
    EXPECT_INT(attendance(&f, "observer.leave", BO, "consent-withdrawn"), 0); /* never came */
    EXPECT_INT(fixture_call(&f, TAN, consult_get, id, NULL, NULL), 404);
    EXPECT_INT(join_room(&f, TAN, id), 404);
    STEP(&f, teaching(&f, id, true)); /* given anew: whoever is to come is admitted anew */
    EXPECT_INT(join_room(&f, TAN, id), 404);
    STEP(&f, admit(&f, SONG, id, TAN));
    EXPECT_INT(join_room(&f, TAN, id), 200);
    STEP(&f, give_consent(&f, SONG, id, "teaching", "consultant", false));
    EXPECT_INT(join_room(&f, TAN, id), 200); /* the consultant dismisses; his word ends nothing */
    STEP(&f, give_consent(&f, ANNA, id, "consultation", "patient", false));
    EXPECT_INT(attendance(&f, "observer.leave", TAN, "withdrawn"), 1);
    EXPECT_INT(join_room(&f, TAN, id), 404);
    struct audit_verdict verdict;
    MUST(audit_verify(f.db, &verdict));
    EXPECT(verdict.holds);
    fixture_close(&f);
}

static void what_an_observer_sees(void)
{
    struct fixture f;
    char id[33];
    open_lesson(&f, id);
    STEP(&f, fixture_call(&f, ANNA, consult_get, id, NULL, NULL));
    char *all = json_dumps(f.call.reply, 0); /* control: the words looked for are in the case */
    EXPECT(strstr(all, "\"name\"") != NULL && strstr(all, PATIENT_NUMBER) != NULL &&
           strstr(all, "complaint") != NULL && strstr(all, "birth_date") != NULL);
    free(all);
    STEP(&f, admit(&f, SONG, id, BO));
    EXPECT_INT(fixture_call(&f, BO, consult_get, id, NULL, NULL), 200);
    EXPECT_TEXT(fixture_text(&f, "my_role"), "observer");
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "actions")), 1);
    EXPECT(has_action(&f, "dismiss-observer"));
    const json_t *patient = json_object_get(f.call.reply, "patient");
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)patient, name, value)
    {
        EXPECT(strcmp(name, "sex") == 0 || strcmp(name, "age") == 0);
    }
    EXPECT_TEXT(json_string_value(json_object_get(patient, "age")), "65"); /* born 1961-02-10 */
    static const char *const absent[] = {"request", "attachments", "opinion", "consents", "members",
                                         "guests",  "recordings",  "history", "decision"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        EXPECT(json_object_get(f.call.reply, absent[i]) == NULL);
    }
    const api_fn closed[] = {recordings_list,
                             opinion_list,
                             audit_view,
                             consult_patch,
                             opinion_put,
                             consult_invitees,
                             referral_way_of_consultation};
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        json_t *body = closed[i] == opinion_put ? opinion_body("x") : json_object();
        EXPECT_INT(fixture_call(&f, BO, closed[i], id, NULL, body), 404);
    }
    EXPECT_INT(give_consent(&f, BO, id, "teaching", "patient", true), 404);
    static const char *const others[] = {"end",    "fail",  "withdraw",
                                         "invite", "start", "admit-observer"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        int status = act(&f, BO, id, others[i],
                         json_pack("{s:s, s:s}", "reason_code", "other", "account", TAN));
        EXPECT(status == 403 || (status == 409 && strcmp(others[i], "start") == 0));
    }
    for (unsigned i = 0; i < ACCESS_COUNT; i++) { /* no other call is an observer's */
        const struct access *row = access_of((enum access_id)i);
        bool room = i == ACCESS_ID_consultation_get || i == ACCESS_ID_consultation_action;
        EXPECT_INT((row->relations & CONSULT_ACTOR_OBSERVER) != 0, room);
    }
    fixture_close(&f);
}

static void may_view_script(struct api_call *call)
{
    (void)consult_may_view(call, call->params[0]);
}

static void may_view_images_script(struct api_call *call)
{
    (void)consult_may_view_images(call, call->params[0]);
}

static void no_files(void)
{
    struct fixture f;
    char id[33];
    open_lesson(&f, id);
    STEP(&f, give_consent(&f, ANNA, id, "imaging", "patient", true));
    EXPECT_INT(fixture_call(&f, SONG, may_view_images_script, id, NULL, NULL), 200);
    STEP(&f, admit(&f, SONG, id, BO)); /* of the requesting institution, too */
    EXPECT_INT(fixture_call(&f, BO, may_view_script, id, NULL, NULL), 404);
    EXPECT_INT(fixture_call(&f, BO, may_view_images_script, id, NULL, NULL), 404);
    fixture_close(&f);
}

static void twenty_four_places(void)
{
    struct fixture f;
    char id[33], account[33];
    open_lesson(&f, id);
    for (int i = 0; i < 26; i++) {
        (void)snprintf(account, sizeof account, "%032x", 0xc00 + i);
        fixture_person(f.db, account, CITY, "学员", "Learner", "clinician", NULL);
        if (i < CONSULT_OBSERVERS_MAX) {
            EXPECT_INT(admit(&f, SONG, id, account), 200);
        } else {
            EXPECT_INT(admit(&f, SONG, id, account), 409);
            EXPECT_TEXT(fixture_text(&f, "code"), "room.observers-full");
        }
    }
    (void)snprintf(account, sizeof account, "%032x", 0xc00 + 7);
    EXPECT_INT(admit(&f, SONG, id, account), 200); /* who has a place keeps it */
    EXPECT_INT(dismiss(&f, ANNA, id, account), 200);
    STEP(&f, join_room(&f, ANNA, id));
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "parties")), 2);
    (void)snprintf(account, sizeof account, "%032x", 0xc00 + 24);
    EXPECT_INT(admit(&f, SONG, id, account), 200);
    EXPECT_INT(join_room(&f, account, id), 200);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "seat")), 6 + 7);
    json_t *parties = json_object_get(f.call.reply, "parties");
    EXPECT_INT((long long)json_array_size(parties), 3); /* the two, and the one who enters */
    STEP(&f, fixture_call(&f, ANNA, consult_get, id, NULL, NULL));
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "observers")), 24);
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "guests")), 0);
    fixture_close(&f);
}

static void coming_and_going(void)
{
    struct fixture f;
    char id[33];
    open_lesson(&f, id);
    STEP(&f, admit(&f, SONG, id, TAN));
    STEP(&f, admit(&f, SONG, id, BO));
    EXPECT_INT(dismiss(&f, SONG, id, NULL), 422); /* a party says whom */
    EXPECT_INT(dismiss(&f, BO, id, TAN), 403);
    EXPECT_TEXT(fixture_text(&f, "code"), "consultation.not-yours");
    EXPECT_INT(dismiss(&f, SONG, id, WU), 404);
    EXPECT_TEXT(fixture_text(&f, "code"), "observer.unknown");
    STEP(&f, join_room(&f, BO, id));
    STEP(&f,
         fixture_call(&f, NULL, consult_session_absent, NULL, NULL,
                      json_pack("{s:s, s:s, s:i}", "consultation", id, "account", BO, "seat", 7)));
    expect_state(&f, id, "in-session"); /* it interrupts nothing */
    EXPECT_INT(attendance(&f, "observer.leave", BO, "absent"), 1);
    STEP(&f, join_room(&f, BO, id));
    EXPECT_INT(dismiss(&f, BO, id, NULL), 200);
    EXPECT_INT(attendance(&f, "observer.leave", BO, "dismissed"), 1);
    EXPECT_INT(attendance(&f, "observer.join", BO, ""), 2);
    STEP(&f, join_room(&f, TAN, id));
    STEP(&f, act(&f, ANNA, id, "invite", json_pack("{s:s}", "account", TAN))); /* up on stage */
    EXPECT_INT(attendance(&f, "observer.leave", TAN, "invited"), 1);
    STEP(&f, join_room(&f, TAN, id));
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "seat")), 2);
    EXPECT_INT(admit(&f, SONG, id, TAN), 422); /* who is on stage does not observe */
    STEP(&f, act(&f, ANNA, id, "uninvite", json_pack("{s:s}", "account", TAN)));
    STEP(&f, admit(&f, SONG, id, TAN));
    STEP(&f, join_room(&f, TAN, id));
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "seat")), 6);
    STEP(&f, act(&f, SONG, id, "end", NULL));
    EXPECT(has_effect(&f, EFFECT_PUSH, TAN, "observer.gone"));
    EXPECT_INT(attendance(&f, "observer.leave", TAN, "ended"), 1);
    EXPECT_INT(fixture_call(&f, TAN, consult_get, id, NULL, NULL), 404);
    EXPECT_INT(admit(&f, SONG, id, TAN), 409);
    fixture_close(&f);
}

/* Who is put in charge of a case is a party of it from then on. */
static void a_successor(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    MUST(db_run(f.db, "INSERT INTO agreement_service (agreement_id, kind) VALUES ($1, 'teaching')",
                "s", AGREEMENT));
    make_in(&f, CONSULT_ACCEPTED, id);
    STEP(&f, teaching(&f, id, true));
    STEP(&f, admit(&f, SONG, id, BO));
    STEP(&f, act(&f, TOWN_COORD, id, "take-over",
                 json_pack("{s:s, s:s}", "reason_code", "account-closed", "account", BO)));
    EXPECT(has_effect(&f, EFFECT_SEAT_CLOSE, BO, NULL));
    EXPECT(has_effect(&f, EFFECT_PUSH, BO, "observer.gone"));
    STEP(&f, fixture_call(&f, BO, consult_get, id, NULL, NULL));
    EXPECT_TEXT(fixture_text(&f, "my_role"), "requester");
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "observers")), 0);
    fixture_close(&f);
}

static void list_script(struct api_call *call)
{
    call->query[0] = (struct api_query_pair){"list", "observing"};
    consult_list(call);
}

/* A process that was killed: who is admitted stays so, who was there has left. */
static void a_restart(void)
{
    struct fixture f;
    char id[33];
    open_lesson(&f, id);
    STEP(&f, admit(&f, SONG, id, TAN));
    STEP(&f, join_room(&f, TAN, id));
    EXPECT_INT(fixture_call(&f, NULL, consult_startup, NULL, NULL, NULL), 200);
    EXPECT_INT(attendance(&f, "observer.leave", TAN, "restart"), 1);
    EXPECT_INT(fixture_call(&f, TAN, list_script, NULL, NULL, NULL), 200);
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "consultations")), 1);
    char *text = json_dumps(f.call.reply, 0);
    EXPECT(strstr(text, "complaint") == NULL && strstr(text, "\"name\"") == NULL);
    free(text);
    EXPECT_INT(fixture_call(&f, BO, list_script, NULL, NULL, NULL), 200);
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "consultations")), 0);
    EXPECT_INT(join_room(&f, TAN, id), 200);
    EXPECT_INT(attendance(&f, "observer.join", TAN, ""), 2);
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"who may observe", who_may_observe},
        {"without consent nobody", without_consent_nobody},
        {"a withdrawal ends it", withdrawal_ends_it},
        {"what an observer sees", what_an_observer_sees},
        {"no files", no_files},
        {"24 places", twenty_four_places},
        {"coming and going", coming_and_going},
        {"a successor", a_successor},
        {"a restart", a_restart},
    };
    return TEST_MAIN(cases);
}
