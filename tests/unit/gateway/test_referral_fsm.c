/* Every cell of the referral's state table with every actor, its invariants, and that
 * gateway/referral/README.md shows the same table; --print writes it. */
#include "gateway/referral/referral_fsm.h"
#include "tests/unit/test.h"

#include <stdlib.h>

#define ALL_ACTORS 31u

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

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"every cell", every_cell},
        {"invariants", invariants},
        {"names", names},
        {"README shows the table", readme_shows_it},
    };
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        static char text[8192];
        (void)table(text, sizeof text);
        (void)fputs(text, stdout);
        return 0;
    }
    return TEST_MAIN(cases);
}
