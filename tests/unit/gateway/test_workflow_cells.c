/* Every cell of [state][event], visited by the scripts that run: a consultation is brought into
 * each state by legal moves, and then everybody tries every action, every other call that is an
 * event is made, and what only the system causes goes through consult_change(). Each try is taken
 * back, and its outcome is what consult_fsm_next() says of the one who tried. A legal cell in which
 * nobody succeeds fails the test. */
#include "gateway/consult/consult_closing.h"
#include "gateway/consult/consult_referral.h"
#include "tests/unit/gateway/workflow_states.h"

/* ---- a try ---- */

struct outcome {
    int status;
    char code[64];
    enum consult_state state; /* of the consultation, when it succeeded */
};

/* As fixture_call(), and then it is taken back. */
static struct outcome tried(struct fixture *f, const char *account, api_fn run, const char *id,
                            const char *param, json_t *body)
{
    struct outcome out = {0};
    char state[32] = "";
    fixture_clear_call(f);
    MUST(db_begin(f->db));
    if (account != NULL) {
        fixture_act_as(f, account);
    }
    f->call = (struct api_call){.db = f->db,
                                .now_ms = f->now_ms,
                                .actor = account == NULL ? NULL : &f->actor,
                                .method = "POST",
                                .params = {id, param, NULL},
                                .body = body,
                                .services = &f->services,
                                .status = 200};
    run(&f->call);
    out.status = f->call.status;
    (void)snprintf(out.code, sizeof out.code, "%s", fixture_text(f, "code"));
    if (out.status < 400) {
        state_of(f, id, state);
        EXPECT(consult_state_of(state, &out.state));
    }
    db_rollback(f->db);
    return out;
}

static unsigned found_relation; /* of relation_script */

static void relation_script(struct api_call *call)
{
    struct consult_row row;
    MUST(consult_row_load(call->db, call->params[0], &row));
    MUST(consult_relation(call, &row, &found_relation));
    consult_row_clear(&row);
}

static unsigned relation_of(struct fixture *f, const char *account, const char *id)
{
    (void)tried(f, account, relation_script, id, NULL, NULL);
    return found_relation;
}

/* ---- what the table says of it ---- */

static struct tally {
    unsigned tries, legal, refused;
    bool visited[CONSULT_STATE_COUNT][CONSULT_EVENT_COUNT];
    bool done[CONSULT_STATE_COUNT][CONSULT_EVENT_COUNT];    /* somebody did it */
    bool guarded[CONSULT_STATE_COUNT][CONSULT_EVENT_COUNT]; /* a guard held somebody back */
} tally;

/* In the same transaction the system goes on from where the table leads. */
static bool goes_on(enum consult_event event, enum consult_state next, enum consult_state found)
{
    if (found == next) {
        return true;
    }
    switch ((int)event) {
    case CONSULT_EVENT_SUBMIT:
    case CONSULT_EVENT_RENEW:
    case CONSULT_EVENT_APPROVE:
        return found == CONSULT_OFFERED || found == CONSULT_PENDING_APPROVAL;
    case CONSULT_EVENT_TRIAGE:
        return found == CONSULT_OFFERED;
    case CONSULT_EVENT_ACCEPT:
        return found == CONSULT_REPORTING; /* a read */
    default:
        return false;
    }
}

static bool refusal_of_the_table(const char *code)
{
    for (int r = CONSULT_OK + 1; r <= CONSULT_NOT_YOURS; r++) {
        if (strcmp(code, consult_refusal_code((enum consult_refusal)r)) == 0) {
            return true;
        }
    }
    return false;
}

static bool fits(enum consult_event event, struct consult_step step, const struct outcome *out)
{
    if (step.refusal == CONSULT_OK) {
        return out->status < 400 ? goes_on(event, step.next, out->state)
                                 : !refusal_of_the_table(out->code) && out->status < 500;
    }
    return out->status == (step.refusal == CONSULT_NOT_YOURS ? 403 : 409) &&
           strcmp(out->code, consult_refusal_code(step.refusal)) == 0;
}

static void judge(enum consult_state state, enum consult_event event, unsigned relation,
                  const char *who, const struct outcome *out)
{
    struct consult_step step = consult_fsm_next(state, event, relation);
    tally.tries++;
    tally.visited[state][event] = true;
    if (!fits(event, step, out)) {
        printf("  %s, %s, %s: %d %s %s, the table says %s\n", consult_state_name(state),
               consult_event_name(event), who, out->status, out->code,
               out->status < 400 ? consult_state_name(out->state) : "",
               step.refusal == CONSULT_OK ? consult_state_name(step.next)
                                          : consult_refusal_code(step.refusal));
    }
    EXPECT(fits(event, step, out));
    if (step.refusal != CONSULT_OK) {
        tally.refused++;
    } else if (out->status < 400) {
        tally.legal++;
        tally.done[state][event] = true;
    } else {
        tally.guarded[state][event] = true;
    }
}

/* ---- who tries what ---- */

static const char *const people[] = {ANNA,       BO,         SONG,     TAN,      CHIEF, QIAN,
                                     TOWN_COORD, CITY_COORD, APPROVER, REVIEWER, WU,    AWAY_COORD};

/* With both in the room and nothing begun, as between two transactions of the hub. */
static void start_present(struct api_call *call)
{
    MUST(db_run(call->db, "UPDATE participation SET present = 1 WHERE consultation_id = $1", "s",
                call->params[0]));
    consult_action(call);
}

static void actions(struct fixture *f, enum consult_state state, const char *id)
{
    for (size_t p = 0; p < sizeof people / sizeof people[0]; p++) {
        unsigned relation = relation_of(f, people[p], id);
        for (int e = 0; e < CONSULT_EVENT_COUNT; e++) {
            enum consult_event event = (enum consult_event)e;
            if (!consult_event_is_action(event)) {
                continue;
            }
            bool answer = event == CONSULT_EVENT_ACCEPT || event == CONSULT_EVENT_DECLINE;
            struct outcome out =
                tried(f, people[p], event == CONSULT_EVENT_START ? start_present : consult_action,
                      id, consult_event_name(event), body_of(f, state, event));
            if (relation == 0) { /* unknown; who was asked hears that it is too late */
                EXPECT(out.status == 404 || (answer && out.status == 409));
                tally.tries++;
            } else if (event == CONSULT_EVENT_ACCEPT && out.status == 200 &&
                       (relation & CONSULT_ACTOR_CONSULTANT) != 0) {
                EXPECT(out.state == state); /* the winner asks again */
            } else {
                judge(state, event, relation, people[p], &out);
            }
        }
    }
}

static void attach_script(struct api_call *call)
{
    if (consult_may_attach(call, call->params[0])) {
        (void)consult_attachment_changed(call, call->params[0], "attachment.add", ID("99"), "00");
    }
}

/* Calls of their own that are events of the table too. */
static void other_calls(struct fixture *f, enum consult_state state, const char *id)
{
    static const char *const parties[] = {ANNA, SONG};
    for (size_t p = 0; p < 2; p++) {
        const char *who = parties[p];
        unsigned relation = relation_of(f, who, id);
        if (relation == 0) {
            continue;
        }
        struct outcome out = tried(f, who, attach_script, id, NULL, NULL);
        judge(state, CONSULT_EVENT_ATTACH, relation, who, &out);
        out = tried(f, who, opinion_put, id, NULL, opinion_body("x"));
        judge(state, CONSULT_EVENT_SAVE, relation, who, &out);
        out =
            tried(f, who, consult_patch, id, NULL, json_pack("{s:{s:s}}", "patient", "phone", "1"));
        judge(state, CONSULT_EVENT_EDIT, relation, who, &out);
        if ((relation & (CONSULT_ACTOR_REQUESTER | CONSULT_ACTOR_CONSULTANT)) != 0) {
            out = tried(f, who, consent_put, id, "teaching",
                        consent_body(p == 0 ? "patient" : "consultant", true));
            judge(state, CONSULT_EVENT_CONSENT, relation, who, &out);
        }
    }
}

/* A stat request is completed later: COMPLETE instead of EDIT. */
static void complete_script(struct api_call *call)
{
    MUST(db_run(call->db, "UPDATE consultation SET urgency = 'stat' WHERE id = $1", "s",
                call->params[0]));
    consult_patch(call);
}

static void completed(struct fixture *f, enum consult_state state, const char *id)
{
    struct consult_step step =
        consult_fsm_next(state, CONSULT_EVENT_COMPLETE, CONSULT_ACTOR_REQUESTER);
    if (step.refusal == CONSULT_OK) {
        struct outcome out = tried(f, ANNA, complete_script, id, NULL,
                                   json_pack("{s:{s:s}}", "patient", "phone", "1"));
        judge(state, CONSULT_EVENT_COMPLETE, CONSULT_ACTOR_REQUESTER, ANNA, &out);
        EXPECT_INT(out.status, 200);
    }
}

/* What only the system causes, and the rest of the cells: the function that makes every change.
 * Both parties are present, and it is stat: guards of resume and complete. */
static void present_script(struct api_call *call)
{
    MUST(db_run(call->db, "UPDATE consultation SET urgency = 'stat' WHERE id = $1", "s",
                call->params[0]));
    MUST(db_run(call->db, "UPDATE participation SET present = 1 WHERE consultation_id = $1", "s",
                call->params[0]));
    change_script(call);
}

static void inner(struct fixture *f, enum consult_state state, const char *id)
{
    for (int e = 0; e < CONSULT_EVENT_COUNT; e++) {
        enum consult_event event = (enum consult_event)e;
        if (consult_event_is_action(event)) {
            continue;
        }
        struct outcome out = tried(f, NULL, present_script, id, consult_event_name(event), NULL);
        judge(state, event, consult_event_actors(event), "system", &out);
    }
}

static void every_cell(void)
{
    unsigned cells = 0, legal = 0, inside = 0;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        struct fixture f;
        char id[33];
        bring(&f, &variants[i], id);
        actions(&f, variants[i].state, id);
        other_calls(&f, variants[i].state, id);
        completed(&f, variants[i].state, id);
        inner(&f, variants[i].state, id);
        expect_state(&f, id, consult_state_name(variants[i].state)); /* every try was taken back */
        fixture_close(&f);
    }
    for (int s = 0; s < CONSULT_STATE_COUNT; s++) {
        for (int e = 0; e < CONSULT_EVENT_COUNT; e++) {
            enum consult_state state = (enum consult_state)s;
            enum consult_event event = (enum consult_event)e;
            bool may =
                consult_fsm_next(state, event, consult_event_actors(event)).refusal == CONSULT_OK;
            cells += tally.visited[s][e];
            legal += may;
            inside += may && !consult_event_is_action(event);
            EXPECT(tally.visited[s][e]);
            if (may && !tally.done[s][e]) {
                printf("  %s, %s: legal, and nobody has done it%s\n", consult_state_name(state),
                       consult_event_name(event), tally.guarded[s][e] ? " (a guard)" : "");
            }
            EXPECT(!may || tally.done[s][e]);
        }
    }
    EXPECT_INT(cells, CONSULT_STATE_COUNT * CONSULT_EVENT_COUNT);
    printf("  %u of %u cells visited in %u tries: %u legal cells, of which %u only the system or "
           "another call causes; %u tries refused as the table says\n",
           cells, (unsigned)(CONSULT_STATE_COUNT * CONSULT_EVENT_COUNT), tally.tries, legal, inside,
           tally.refused);
    printf("figures: {\"cells\": %u, \"tries\": %u, \"legal\": %u}\n", cells, tally.tries, legal);
    printf("  inside only:");
    for (int e = 0; e < CONSULT_EVENT_COUNT; e++) {
        if (!consult_event_is_action((enum consult_event)e)) {
            printf(" %s", consult_event_name((enum consult_event)e));
        }
    }
    printf("\n");
}

/* ---- what nobody asks for: each by what causes it ---- */

static void due_now(struct fixture *f, const char *id, const char *kind)
{
    MUST(db_run(
        f->db, "UPDATE consultation_timer SET due_ms = $1 WHERE consultation_id = $2 AND kind = $3",
        "iss", f->now_ms, id, kind));
    EXPECT_INT(db_changes(f->db), 1);
    STEP(f, fixture_call(f, NULL, consult_timers_run, NULL, NULL, NULL));
}

/* Every timer that causes an event, in its state, by the round that runs timers. */
static void every_timer_event(void)
{
    unsigned caused = 0;
    for (int t = 0; t < CONSULT_TIMER_COUNT; t++) {
        const struct consult_timer_rule *rule = consult_timer_rule((enum consult_timer)t);
        for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
            if (!rule->has_event || variants[i].state != rule->state) {
                continue;
            }
            struct fixture f;
            char id[33];
            bring(&f, &variants[i], id);
            due_now(&f, id, rule->name);
            enum consult_state next =
                consult_fsm_next(rule->state, rule->event, CONSULT_ACTOR_SYSTEM).next;
            expect_state(&f, id, consult_state_name(next));
            fixture_close(&f);
            caused++;
        }
    }
    EXPECT(caused >= 8);
    printf("  %u events of timers\n", caused);
}

static void by_the_room(void)
{
    static const struct {
        enum consult_state from;
        const char *who; /* joins; NULL: seat 0 is absent */
        enum consult_state to;
    } rows[] = {
        {CONSULT_ACCEPTED, ANNA, CONSULT_READY},
        {CONSULT_SCHEDULED, SONG, CONSULT_READY},
        {CONSULT_READY, NULL, CONSULT_ACCEPTED},
        {CONSULT_READY, SONG, CONSULT_IN_SESSION},
        {CONSULT_IN_SESSION, NULL, CONSULT_INTERRUPTED},
        {CONSULT_INTERRUPTED, ANNA, CONSULT_IN_SESSION},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        char id[33];
        struct variant v = {rows[i].from, "live", "{}"};
        bring(&f, &v, id);
        if (rows[i].who != NULL) {
            STEP(&f, join_room(&f, rows[i].who, id));
        } else {
            STEP(&f, fixture_call(&f, NULL, consult_session_absent, NULL, NULL,
                                  json_pack("{s:s, s:i}", "consultation", id, "seat", 0)));
        }
        expect_state(&f, id, consult_state_name(rows[i].to));
        fixture_close(&f);
    }
}

static void settle_script(struct api_call *call)
{
    (void)consult_referral_settled(call, call->params[0], "arrived");
}

static void by_the_referral(void)
{
    struct fixture f;
    char id[33];
    struct variant v = {CONSULT_REFERRAL_OPEN, "live", "{}"};
    bring(&f, &v, id);
    STEP(&f, fixture_call(&f, NULL, settle_script, id, NULL, NULL));
    expect_state(&f, id, "acknowledged");
    STEP(&f, fixture_call(&f, NULL, settle_script, id, NULL, NULL)); /* once more: nothing */
    expect_state(&f, id, "acknowledged");
    fixture_close(&f);
}

/* Control: an outcome of another kind does not fit. */
static void a_wrong_outcome_is_seen(void)
{
    struct consult_step step =
        consult_fsm_next(CONSULT_DRAFT, CONSULT_EVENT_SUBMIT, CONSULT_ACTOR_REQUESTER);
    struct outcome out = {.status = 200, .state = CONSULT_ACCEPTED};
    EXPECT(!fits(CONSULT_EVENT_SUBMIT, step, &out));
    out = (struct outcome){.status = 409, .code = "consultation.over"};
    EXPECT(!fits(CONSULT_EVENT_SUBMIT, step, &out));
    step = consult_fsm_next(CONSULT_SIGNED, CONSULT_EVENT_SIGN, CONSULT_ACTOR_REQUESTER);
    out = (struct outcome){.status = 200, .state = CONSULT_SIGNED};
    EXPECT(!fits(CONSULT_EVENT_SIGN, step, &out));
    out = (struct outcome){.status = 404, .code = "consultation.unknown"};
    EXPECT(!fits(CONSULT_EVENT_SIGN, step, &out));
}

int main(void)
{
    static const struct test_case cases[] = {
        {"every cell", every_cell},
        {"every event of a timer", every_timer_event},
        {"what the room causes", by_the_room},
        {"what the referral causes", by_the_referral},
        {"a wrong outcome is seen", a_wrong_outcome_is_seen},
    };
    return TEST_MAIN(cases);
}
