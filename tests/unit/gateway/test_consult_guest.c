/* Guests on stage: whom the rules let in, seats, what a guest may and may not, and when it ends. */
#include "tests/unit/gateway/consult_fixture.h"

#include "gateway/consult/consult_guest.h"
#include "gateway/consult/consult_invitees.h"
#include "gateway/records/audit_view.h"
#include "gateway/records/recordings.h"

#define HUB2 ID("a4")
#define QIN ID("31")   /* HUB2, cardiology: the rules let TOWN ask there */
#define LIU ID("32")   /* HUB2, neurology: not covered by NET */
#define ZHAO ID("33")  /* HUB2, cardiology, licensed yesterday */
#define CLARA ID("15") /* clinician at CITY */
#define DORA ID("16")  /* clinician at CITY */

static void open_network(struct fixture *f)
{
    fixture_open(f, ":memory:");
    MUST(db_begin(f->db));
    fixture_organisation(f->db, HUB2, "H2", "二市医院", "Second City Hospital", "city", "350300",
                         NULL);
    MUST(db_run(f->db,
                "INSERT INTO partnership_member (partnership_id, organisation_id, role, since) "
                "VALUES ($1, $2, 'hub', '2020-01-01')",
                "ss", NET, HUB2));
    fixture_person(f->db, QIN, HUB2, "秦医生", "Dr Qin", "specialist", "cardiology");
    fixture_person(f->db, LIU, HUB2, "刘医生", "Dr Liu", "specialist", "neurology");
    fixture_person(f->db, ZHAO, HUB2, "赵医生", "Dr Zhao", "specialist", "cardiology");
    fixture_person(f->db, CLARA, CITY, "克拉拉", "Clara", "clinician", NULL);
    fixture_person(f->db, DORA, CITY, "朵拉", "Dora 100%", "clinician", NULL);
    MUST(db_run(f->db,
                "UPDATE practitioner SET licensed_since = '2026-09-01' WHERE name_en = 'Dr Zhao'",
                ""));
    MUST(db_commit(f->db));
}

static int invite(struct fixture *f, const char *by, const char *id, const char *account)
{
    return act(f, by, id, "invite", json_pack("{s:s}", "account", account));
}

static int uninvite(struct fixture *f, const char *by, const char *id, const char *account)
{
    return act(f, by, id, "uninvite",
               account == NULL ? NULL : json_pack("{s:s}", "account", account));
}

static int invitees(struct fixture *f, const char *by, const char *id)
{
    return fixture_call(f, by, consult_invitees, id, NULL, NULL);
}

static bool listed(const struct fixture *f, const char *account)
{
    size_t i;
    json_t *invitee;
    json_array_foreach(json_object_get(f->call.reply, "invitees"), i, invitee)
    {
        if (strcmp(json_string_value(json_object_get(invitee, "account")), account) == 0) {
            return true;
        }
    }
    return false;
}

static size_t listed_count(const struct fixture *f)
{
    return json_array_size(json_object_get(f->call.reply, "invitees"));
}

static void who_may_be_invited(void)
{
    struct fixture f;
    char id[33];
    open_network(&f);
    make_in(&f, CONSULT_IN_SESSION, id);
    EXPECT_INT(invitees(&f, ANNA, id), 200);
    EXPECT(listed(&f, BO) && listed(&f, TAN) && listed(&f, CLARA));
    EXPECT(!listed(&f, ANNA) && !listed(&f, SONG)); /* they are here */
    EXPECT(!listed(&f, QIN));                       /* another institution, off duty */
    EXPECT(!listed(&f, CITY_COORD) && !listed(&f, OPS));
    EXPECT_INT((long long)listed_count(&f), 4);
    EXPECT_INT(invite(&f, ANNA, id, QIN), 422);
    EXPECT_TEXT(fixture_text(&f, "code"), "guest.not-invitable");
    set_duty(&f, QIN, true);
    set_duty(&f, LIU, true);
    set_duty(&f, ZHAO, true);
    set_duty(&f, WU, true);
    EXPECT_INT(invitees(&f, SONG, id), 200);
    EXPECT(listed(&f, QIN));
    EXPECT(!listed(&f, LIU) && !listed(&f, ZHAO) && !listed(&f, WU));
    json_t *first = json_array_get(json_object_get(f.call.reply, "invitees"), 0);
    EXPECT(json_is_true(json_object_get(first, "on_duty"))); /* on duty first */
    EXPECT_TEXT(json_string_value(json_object_get(first, "name_en")), "Dr Qin");
    EXPECT_TEXT(json_string_value(json_array_get(json_object_get(first, "specialties"), 0)),
                "cardiology");
    EXPECT_TEXT(
        json_string_value(json_object_get(json_object_get(first, "organisation"), "name_en")),
        "Second City Hospital");
    static const char *const refused[] = {LIU, ZHAO, WU, ANNA, SONG, OPS, CITY_COORD, ID("99")};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        EXPECT_INT(invite(&f, SONG, id, refused[i]), 422);
        EXPECT_TEXT(fixture_text(&f, "code"), "guest.not-invitable");
    }
    EXPECT_INT(act(&f, SONG, id, "invite", NULL), 422);
    EXPECT_INT(act(&f, SONG, id, "invite", json_pack("{s:s}", "account", "x")), 422);
    EXPECT_INT(act(&f, SONG, id, "invite", json_pack("{s:i}", "account", 3)), 422);
    MUST(db_run(f.db, "UPDATE account SET disabled = 1 WHERE id = $1", "s", BO));
    MUST(db_run(f.db, "UPDATE agreement SET valid_until = '2026-01-01'", ""));
    EXPECT_INT(invitees(&f, ANNA, id), 200);
    EXPECT(!listed(&f, BO));
    EXPECT(!listed(&f, QIN) && listed(&f, TAN)); /* no agreement: only the two institutions */
    fixture_close(&f);
}

static const char *search_for;
static void search_script(struct api_call *call)
{
    call->query[0] = (struct api_query_pair){"search", search_for};
    consult_invitees(call);
}

static void searching(void)
{
    static const struct {
        const char *text;
        size_t count;
    } cases[] = {
        {"", 4},      {"tan", 1},       {"TAN", 1}, {"谭", 1}, {"卫生院", 1}, {"Cardio", 1},
        {"first", 3}, {"nobody at", 0}, {"%", 1},   {"_", 0},  {"\\", 0},     {"心内", 1},
    };
    struct fixture f;
    char id[33];
    open_network(&f);
    make_in(&f, CONSULT_ACCEPTED, id);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        search_for = cases[i].text;
        test_row(cases[i].text);
        EXPECT_INT(fixture_call(&f, ANNA, search_script, id, NULL, NULL), 200);
        EXPECT_INT((long long)listed_count(&f), (long long)cases[i].count);
        EXPECT(json_is_false(json_object_get(f.call.reply, "more")));
        test_row_end();
    }
    MUST(db_begin(f.db));
    for (int i = 0; i < 120; i++) {
        char account[33];
        (void)snprintf(account, sizeof account, "%032x", 0xc00 + i);
        fixture_person(f.db, account, CITY, "众", "Crowd", "clinician", NULL);
    }
    MUST(db_commit(f.db));
    EXPECT_INT(invitees(&f, ANNA, id), 200);
    EXPECT_INT((long long)listed_count(&f), CONSULT_INVITEES_MAX);
    EXPECT(json_is_true(json_object_get(f.call.reply, "more")));
    fixture_close(&f);
}

static void guest_on_stage(void)
{
    struct fixture f;
    char id[33];
    open_network(&f);
    make_in(&f, CONSULT_IN_SESSION, id);
    set_duty(&f, QIN, true);
    EXPECT_INT(fixture_call(&f, QIN, consult_get, id, NULL, NULL), 404);
    EXPECT_INT(join_room(&f, QIN, id), 404);
    EXPECT_INT(invite(&f, SONG, id, QIN), 200);
    EXPECT(has_effect(&f, EFFECT_PUSH, QIN, "guest.ring"));
    EXPECT(has_effect(&f, EFFECT_CONSULTATION, NULL, NULL));
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "guests")), 1);
    json_t *guest = json_array_get(json_object_get(f.call.reply, "guests"), 0);
    EXPECT_INT(json_integer_value(json_object_get(guest, "seat")), 2);
    EXPECT(json_is_false(json_object_get(guest, "present")));
    EXPECT_INT(fixture_call(&f, QIN, consult_get, id, NULL, NULL), 200);
    EXPECT_TEXT(fixture_text(&f, "my_role"), "guest");
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "actions")), 1);
    EXPECT(has_action(&f, "uninvite"));
    char *text = json_dumps(f.call.reply, 0);
    EXPECT(strstr(text, "350222196102030021") == NULL); /* the identity number stays masked */
    free(text);
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "recordings")), 0);
    EXPECT_INT(join_room(&f, QIN, id), 200);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "seat")), 2);
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "parties")), 3);
    EXPECT_INT(invite(&f, ANNA, id, QIN), 200); /* rings again, takes nothing away */
    EXPECT_INT(join_room(&f, ANNA, id), 200);
    EXPECT_INT((long long)json_array_size(json_object_get(f.call.reply, "parties")), 3);
    EXPECT_INT(fixture_call(&f, NULL, consult_session_absent, NULL, NULL,
                            json_pack("{s:s, s:i}", "consultation", id, "seat", 2)),
               200);
    EXPECT_TEXT(fixture_text(&f, "state"), "in-session"); /* a guest interrupts nothing */
    EXPECT_INT(fixture_call(&f, QIN, recordings_list, id, NULL, NULL), 404);
    EXPECT_INT(fixture_call(&f, QIN, opinion_list, id, NULL, NULL), 404);
    EXPECT_INT(fixture_call(&f, QIN, audit_view, id, NULL, NULL), 404);
    EXPECT_INT(give_consent(&f, QIN, id, "recording", "patient", false), 403);
    EXPECT_INT(give_consent(&f, QIN, id, "recording", "consultant", false), 403);
    EXPECT_INT(fixture_call(&f, QIN, opinion_put, id, NULL, opinion_body("x")), 403);
    static const char *const others[] = {"end", "fail", "withdraw", "invite", "start"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        int status = act(&f, QIN, id, others[i],
                         json_pack("{s:s, s:s}", "reason_code", "other", "account", BO));
        EXPECT(status == 403 || (status == 409 && strcmp(others[i], "start") == 0));
    }
    EXPECT_INT(invitees(&f, QIN, id), 404);
    EXPECT_INT(invitees(&f, WU, id), 404);
    EXPECT_INT(invitees(&f, TOWN_COORD, id), 404);
    fixture_close(&f);
}

static void images_script(struct api_call *call)
{
    (void)consult_may_view_images(call, call->params[0]);
}

static void images_as_the_consultant(void)
{
    struct fixture f;
    char id[33];
    open_network(&f);
    make_in(&f, CONSULT_IN_SESSION, id);
    set_duty(&f, QIN, true);
    EXPECT_INT(fixture_call(&f, QIN, images_script, id, NULL, NULL), 404);
    STEP(&f, invite(&f, ANNA, id, QIN));
    EXPECT_INT(fixture_call(&f, QIN, images_script, id, NULL, NULL), 200);
    STEP(&f, give_consent(&f, ANNA, id, "imaging", "patient", false));
    EXPECT_INT(fixture_call(&f, QIN, images_script, id, NULL, NULL), 403);
    STEP(&f, give_consent(&f, ANNA, id, "imaging", "patient", true));
    STEP(&f, uninvite(&f, ANNA, id, QIN));
    EXPECT_INT(fixture_call(&f, QIN, images_script, id, NULL, NULL), 404);
    fixture_close(&f);
}

static int64_t seat_of(struct fixture *f, const char *account)
{
    int64_t seat = -1;
    MUST(db_one_int(f->db, &seat, "SELECT party FROM participation WHERE account_id = $1", "s",
                    account));
    return seat;
}

static void seats(void)
{
    struct fixture f;
    char id[33];
    open_network(&f);
    make_in(&f, CONSULT_IN_SESSION, id);
    set_duty(&f, QIN, true);
    static const char *const four[] = {BO, TAN, CLARA, QIN};
    for (int i = 0; i < 4; i++) {
        EXPECT_INT(invite(&f, i % 2 == 0 ? ANNA : SONG, id, four[i]), 200);
        EXPECT_INT(seat_of(&f, four[i]), 2 + i);
    }
    EXPECT_INT(invite(&f, ANNA, id, DORA), 409);
    EXPECT_TEXT(fixture_text(&f, "code"), "room.stage-full");
    EXPECT_INT(invite(&f, ANNA, id, QIN), 200); /* who is a guest may be called again */
    f.now_ms += 1000;
    EXPECT_INT(uninvite(&f, SONG, id, CLARA), 200);
    EXPECT(has_effect(&f, EFFECT_SEAT_CLOSE, CLARA, NULL));
    EXPECT(has_effect(&f, EFFECT_PUSH, CLARA, "guest.gone"));
    EXPECT_INT(join_room(&f, CLARA, id), 404);
    EXPECT_INT(uninvite(&f, SONG, id, CLARA), 404);
    EXPECT_TEXT(fixture_text(&f, "code"), "guest.unknown");
    f.now_ms += 1000;
    EXPECT_INT(uninvite(&f, SONG, id, BO), 200);
    EXPECT_INT(invite(&f, SONG, id, CLARA), 200);
    EXPECT_INT(seat_of(&f, CLARA), 4); /* her own again */
    EXPECT_INT(uninvite(&f, SONG, id, CLARA), 200);
    EXPECT_INT(invite(&f, SONG, id, DORA), 200);
    EXPECT_INT(seat_of(&f, DORA), 2); /* the one that was given up first */
    EXPECT_INT(join_room(&f, BO, id), 404);
    EXPECT_INT(invite(&f, SONG, id, BO), 200);
    EXPECT_INT(seat_of(&f, BO), 4);
    EXPECT_INT(invite(&f, SONG, id, CLARA), 409);
    struct audit_verdict verdict;
    MUST(audit_verify(f.db, &verdict));
    EXPECT(verdict.holds);
    int64_t rows = 0;
    MUST(db_one_int(f.db, &rows,
                    "SELECT COUNT(*) FROM audit WHERE action = 'consultation.uninvite' AND detail "
                    "LIKE '%\"seat\":%'",
                    ""));
    EXPECT_INT(rows, 3);
    fixture_close(&f);
}

static void a_guest_leaves(void)
{
    struct fixture f;
    char id[33];
    open_network(&f);
    make_in(&f, CONSULT_ACCEPTED, id);
    STEP(&f, invite(&f, ANNA, id, BO));
    STEP(&f, invite(&f, ANNA, id, TAN));
    EXPECT_INT(uninvite(&f, ANNA, id, NULL), 422); /* a party says whom */
    EXPECT_INT(uninvite(&f, BO, id, TAN), 403);
    EXPECT_TEXT(fixture_text(&f, "code"), "consultation.not-yours");
    EXPECT_INT(uninvite(&f, BO, id, NULL), 200);
    EXPECT(has_effect(&f, EFFECT_CONSULTATION, NULL, NULL));
    EXPECT_INT(fixture_call(&f, BO, consult_get, id, NULL, NULL), 404);
    EXPECT_INT(uninvite(&f, TAN, id, TAN), 200);
    EXPECT_INT(uninvite(&f, BO, id, NULL), 404);
    fixture_close(&f);
}

/* By the state alone: what is invited is over when the room is. */
static void it_ends_with_the_session(void)
{
    static const struct {
        const char *action, *by, *reason;
        enum consult_state from;
    } ways[] = {
        {"end", SONG, "ended", CONSULT_IN_SESSION},
        {"end", ANNA, "ended", CONSULT_INTERRUPTED},
        {"fail", ANNA, "technical", CONSULT_IN_SESSION},
        {"withdraw", ANNA, "withdrawn", CONSULT_ACCEPTED},
        {"return", SONG, "ended", CONSULT_ACCEPTED},
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct fixture f;
        char id[33];
        open_network(&f);
        make_in(&f, ways[i].from, id);
        test_row(ways[i].action);
        EXPECT_INT(invite(&f, ANNA, id, BO), 200);
        EXPECT_INT(join_room(&f, BO, id), 200);
        EXPECT_INT(
            act(&f, ways[i].by, id, ways[i].action,
                json_pack("{s:s, s:s}", "reason_code", "device-failure", "reason_text", "x")),
            200);
        EXPECT(has_effect(&f, EFFECT_PUSH, BO, "guest.gone"));
        EXPECT(has_effect(&f, EFFECT_ROOM_CLOSE, NULL, NULL));
        for (const struct api_effect *e = f.call.effects; e != NULL; e = e->next) {
            EXPECT(e->kind != EFFECT_SEAT_CLOSE ||
                   strcmp(json_string_value(json_object_get(e->message, "reason")),
                          ways[i].reason) == 0);
        }
        EXPECT_INT(fixture_call(&f, BO, consult_get, id, NULL, NULL), 404);
        EXPECT_INT(join_room(&f, BO, id), 404);
        EXPECT_INT(invite(&f, ANNA, id, BO), 409);
        EXPECT_INT(invitees(&f, ANNA, id), 409);
        test_row_end();
        fixture_close(&f);
    }
}

/* Returned and accepted anew: nobody is a guest by an invitation of before. */
static void a_new_round_has_no_guests(void)
{
    struct fixture f;
    char id[33];
    open_network(&f);
    make_in(&f, CONSULT_ACCEPTED, id);
    STEP(&f, invite(&f, ANNA, id, TAN));
    STEP(&f, act(&f, SONG, id, "return",
                 json_pack("{s:s, s:s}", "reason_code", "images-missing", "reason_text", "x")));
    set_duty(&f, TAN, true);
    STEP(&f, act(&f, ANNA, id, "submit", NULL));
    STEP(&f, act(&f, SONG, id, "accept", NULL));
    EXPECT_INT(fixture_call(&f, TAN, consult_get, id, NULL, NULL), 404);
    STEP(&f, act(&f, SONG, id, "return",
                 json_pack("{s:s, s:s}", "reason_code", "images-missing", "reason_text", "x")));
    STEP(&f, act(&f, ANNA, id, "submit", NULL));
    STEP(&f, act(&f, TAN, id, "accept", NULL)); /* once a guest, now the consultant */
    EXPECT_INT(join_room(&f, TAN, id), 200);
    EXPECT_INT(json_integer_value(json_object_get(f.call.reply, "seat")), 1);
    fixture_close(&f);
}

static void list_script(struct api_call *call)
{
    call->query[0] = (struct api_query_pair){"list", "invited"};
    consult_list(call);
}

static size_t invited_count(struct fixture *f, const char *account)
{
    EXPECT_INT(fixture_call(f, account, list_script, NULL, NULL, NULL), 200);
    return json_array_size(json_object_get(f->call.reply, "consultations"));
}

static void list_of_invitations(void)
{
    struct fixture f;
    char id[33];
    open_network(&f);
    make_in(&f, CONSULT_IN_SESSION, id);
    EXPECT_INT((long long)invited_count(&f, BO), 0);
    STEP(&f, invite(&f, ANNA, id, BO));
    EXPECT_INT((long long)invited_count(&f, BO), 1);
    json_t *row = json_array_get(json_object_get(f.call.reply, "consultations"), 0);
    EXPECT_TEXT(json_string_value(json_object_get(row, "my_role")), "guest");
    EXPECT_INT((long long)invited_count(&f, SONG), 0);
    EXPECT_INT((long long)invited_count(&f, TOWN_COORD), 0);
    STEP(&f, act(&f, SONG, id, "end", NULL));
    EXPECT_INT((long long)invited_count(&f, BO), 0);
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"who may be invited", who_may_be_invited},
        {"searching", searching},
        {"a guest on stage", guest_on_stage},
        {"images as the consultant", images_as_the_consultant},
        {"seats", seats},
        {"a guest leaves", a_guest_leaves},
        {"it ends with the session", it_ends_with_the_session},
        {"a new round has no guests", a_new_round_has_no_guests},
        {"list of invitations", list_of_invitations},
    };
    return TEST_MAIN(cases);
}
