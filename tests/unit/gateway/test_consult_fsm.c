/* Every cell of the state table, its invariants, and that gateway/README.md shows the same table.
 * Run with --print to get the text for the README. */
#include "gateway/consult/consult_fsm.h"
#include "tests/unit/test.h"

#include <stdlib.h>

#define ALL_ACTORS 2047u

static void every_cell(void)
{
    unsigned cells = 0, moves = 0;
    for (unsigned s = 0; s < CONSULT_STATE_COUNT; s++) {
        for (unsigned e = 0; e < CONSULT_EVENT_COUNT; e++) {
            enum consult_state state = (enum consult_state)s;
            enum consult_event event = (enum consult_event)e;
            struct consult_step step = consult_fsm_next(state, event, ALL_ACTORS);
            cells++;
            EXPECT((unsigned)step.next < CONSULT_STATE_COUNT);
            EXPECT(step.refusal != CONSULT_NOT_YOURS); /* somebody may, or nobody by the state */
            if (step.refusal != CONSULT_OK) {
                EXPECT(step.next == state);
                EXPECT(consult_refusal_code(step.refusal)[0] != '\0' &&
                       consult_refusal_zh(step.refusal)[0] != '\0');
            } else {
                moves++;
            }
            for (unsigned actor = 1; actor <= ALL_ACTORS; actor <<= 1) {
                struct consult_step one = consult_fsm_next(state, event, actor);
                bool may = step.refusal == CONSULT_OK && (consult_event_actors(event) & actor) != 0;
                EXPECT_INT(one.refusal == CONSULT_OK, may);
                EXPECT(step.refusal == CONSULT_OK ||
                       one.refusal == step.refusal); /* the state is said before the person */
            }
            EXPECT(consult_fsm_next(state, event, 0).refusal != CONSULT_OK);
        }
    }
    EXPECT_INT(cells, (int)CONSULT_STATE_COUNT * (int)CONSULT_EVENT_COUNT);
    EXPECT_INT(moves, 226); /* a new way in the table is meant, or this fails */
}

static bool reaches(enum consult_state from, enum consult_state to, unsigned actors)
{
    bool seen[CONSULT_STATE_COUNT] = {false};
    seen[from] = true;
    for (bool grew = true; grew;) {
        grew = false;
        for (unsigned s = 0; s < CONSULT_STATE_COUNT; s++) {
            for (unsigned e = 0; seen[s] && e < CONSULT_EVENT_COUNT; e++) {
                struct consult_step step =
                    consult_fsm_next((enum consult_state)s, (enum consult_event)e, actors);
                if (step.refusal == CONSULT_OK && !seen[step.next]) {
                    seen[step.next] = grew = true;
                }
            }
        }
    }
    return seen[to];
}

static void invariants(void)
{
    for (unsigned s = 0; s < CONSULT_STATE_COUNT; s++) {
        enum consult_state state = (enum consult_state)s;
        EXPECT(reaches(CONSULT_DRAFT, state, ALL_ACTORS));
        bool over = consult_state_phase(state) == CONSULT_PHASE_OVER;
        /* what has ended comes back in three ways only: an opinion is amended, the requester
         * submits anew what expired, what could not be held is arranged anew */
        for (unsigned e = 0; over && e < CONSULT_EVENT_COUNT; e++) {
            struct consult_step step = consult_fsm_next(state, (enum consult_event)e, ALL_ACTORS);
            bool back =
                e == CONSULT_EVENT_AMEND || e == CONSULT_EVENT_RENEW || e == CONSULT_EVENT_REOPEN;
            EXPECT(back || consult_state_phase(step.next) == CONSULT_PHASE_OVER);
        }
        /* whoever vanishes, the others or the clock can bring it to an end */
        EXPECT(over || reaches(state, CONSULT_ARCHIVED, ALL_ACTORS) ||
               reaches(state, CONSULT_DISCARDED, ALL_ACTORS));
        if (consult_state_phase(state) == CONSULT_PHASE_RUNNING) {
            EXPECT(reaches(state, CONSULT_FAILED, CONSULT_ACTOR_SYSTEM));
            EXPECT(
                consult_fsm_next(state, CONSULT_EVENT_WITHDRAW, CONSULT_ACTOR_REQUESTER).refusal ==
                CONSULT_OK);
            EXPECT(consult_fsm_next(state, CONSULT_EVENT_FAIL, CONSULT_ACTOR_COORDINATOR).refusal ==
                   CONSULT_OK);
        }
        if (consult_state_phase(state) == CONSULT_PHASE_WAITING) {
            EXPECT(reaches(state, CONSULT_EXPIRED, CONSULT_ACTOR_SYSTEM));
            EXPECT(
                consult_fsm_next(state, CONSULT_EVENT_WITHDRAW, CONSULT_ACTOR_REQUESTER).refusal ==
                CONSULT_OK);
        }
    }
    /* signing is the consultant's or the second reader's, deciding the requester's */
    unsigned others = ALL_ACTORS & ~(unsigned)(CONSULT_ACTOR_CONSULTANT | CONSULT_ACTOR_VERIFIER);
    for (unsigned e = 0; e < CONSULT_EVENT_COUNT; e++) {
        struct consult_step step =
            consult_fsm_next(CONSULT_AWAITING_OPINION, (enum consult_event)e, others);
        EXPECT(step.next == CONSULT_AWAITING_OPINION);
    }
}

static void names(void)
{
    for (unsigned s = 0; s < CONSULT_STATE_COUNT; s++) {
        enum consult_state back = CONSULT_STATE_COUNT;
        EXPECT(consult_state_of(consult_state_name((enum consult_state)s), &back) &&
               (unsigned)back == s);
    }
    for (unsigned e = 0; e < CONSULT_EVENT_COUNT; e++) {
        enum consult_event back = CONSULT_EVENT_COUNT;
        EXPECT(consult_event_of(consult_event_name((enum consult_event)e), &back) &&
               (unsigned)back == e);
    }
    enum consult_state state;
    enum consult_event event;
    EXPECT(!consult_state_of("", &state) && !consult_state_of("Draft", &state) &&
           !consult_event_of("drop table", &event));
}

static void timers(void)
{
    for (unsigned i = 0; i < CONSULT_TIMER_COUNT; i++) {
        const struct consult_timer_rule *rule = consult_timer_rule((enum consult_timer)i);
        bool waits = consult_state_phase(rule->state) == CONSULT_PHASE_WAITING;
        bool expires = rule->has_event && rule->event == CONSULT_EVENT_EXPIRE;
        EXPECT(rule->base == CONSULT_BASE_APPOINTMENT || rule->base == CONSULT_BASE_DUE ||
               (rule->default_ms[0] > 0 && rule->default_ms[1] > 0));
        /* stat waits for as long as it takes */
        EXPECT(rule->base == CONSULT_BASE_APPOINTMENT || rule->base == CONSULT_BASE_DUE ||
               (rule->default_ms[2] > 0) == !(waits && expires));
        if (rule->has_event) {
            EXPECT_INT(consult_fsm_next(rule->state, rule->event, CONSULT_ACTOR_SYSTEM).refusal,
                       CONSULT_OK);
        }
        EXPECT(!(rule->has_event && rule->again));
    }
    /* no state in which somebody must act is without a timer, but the requester's own draft */
    for (unsigned s = 0; s < CONSULT_STATE_COUNT; s++) {
        unsigned count = 0;
        for (unsigned i = 0; i < CONSULT_TIMER_COUNT; i++) {
            count += consult_timer_rule((enum consult_timer)i)->state == (enum consult_state)s;
        }
        bool passed_through = s == CONSULT_TRIAGED;  /* offered in the same transaction */
        bool elsewhere = s == CONSULT_REFERRAL_OPEN; /* the referral has its own */
        EXPECT(count > 0 || s == CONSULT_DRAFT || passed_through || elsewhere ||
               consult_state_phase((enum consult_state)s) == CONSULT_PHASE_OVER);
    }
}

static const char *cell_text(enum consult_state state, enum consult_event event)
{
    struct consult_step step = consult_fsm_next(state, event, ALL_ACTORS);
    switch (step.refusal) {
    case CONSULT_OK:
        return step.next == state ? "stays" : consult_state_name(step.next);
    case CONSULT_NOT_YET:
        return "later";
    case CONSULT_TOO_LATE:
        return "past";
    case CONSULT_TAKEN:
        return "taken";
    case CONSULT_OVER:
        return "over";
    case CONSULT_NEVER:
    case CONSULT_NOT_YOURS:
        break;
    }
    return "-";
}

/* The table as markdown, states as rows: what each event leads to, for the events that are possible
 * there. */
static size_t table(char *out, size_t room)
{
    size_t len = (size_t)snprintf(out, room, "| state | event: where it leads |\n|---|---|\n");
    for (unsigned s = 0; s < CONSULT_STATE_COUNT; s++) {
        const char *between = "";
        len += (size_t)snprintf(out + len, room - len, "| %s | ",
                                consult_state_name((enum consult_state)s));
        for (unsigned e = 0; e < CONSULT_EVENT_COUNT; e++) {
            const char *cell = cell_text((enum consult_state)s, (enum consult_event)e);
            struct consult_step step =
                consult_fsm_next((enum consult_state)s, (enum consult_event)e, ALL_ACTORS);
            if (step.refusal == CONSULT_OK) {
                len += (size_t)snprintf(out + len, room - len, "%s%s: %s", between,
                                        consult_event_name((enum consult_event)e), cell);
                between = ", ";
            }
        }
        len += (size_t)snprintf(out + len, room - len, "%s |\n", between[0] == '\0' ? "-" : "");
    }
    return len;
}

static void readme_shows_it(void)
{
    static char wanted[16384], found[65536];
    (void)table(wanted, sizeof wanted);
    FILE *file = fopen(CG_SOURCE_DIR "/gateway/README.md", "r");
    EXPECT(file != NULL);
    if (file != NULL) {
        found[fread(found, 1, sizeof found - 1, file)] = '\0';
        (void)fclose(file);
        EXPECT(strstr(found, wanted) != NULL);
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"every cell", every_cell},
        {"invariants", invariants},
        {"names", names},
        {"timers", timers},
        {"README shows the table", readme_shows_it},
    };
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        static char text[16384];
        (void)table(text, sizeof text);
        (void)fputs(text, stdout);
        return 0;
    }
    return TEST_MAIN(cases);
}
