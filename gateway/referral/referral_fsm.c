#include "gateway/referral/referral_fsm.h"

#include "proto/base/check.h"

#include <string.h>

enum { ACTION = 1, INTERNAL = 0 };

struct state_info {
    const char *name;
    enum referral_phase phase;
};
static const struct state_info states[REFERRAL_STATE_COUNT] = {
#define REFERRAL_STATE(id, name, phase, zh, en) [REFERRAL_##id] = {name, REFERRAL_PHASE_##phase},
#include "gateway/referral/referral_fsm.def"
};

struct event_info {
    const char *name;
    int by;
    unsigned actors, guards;
};
static const struct event_info events[REFERRAL_EVENT_COUNT] = {
#define REFERRAL_EVENT(id, name, by, actors, guards, zh, en)                                       \
    [REFERRAL_EVENT_##id] = {name, by, actors, guards},
#include "gateway/referral/referral_fsm.def"
};

/* Cells: a state, or a refusal counted down from -1. */
enum cell {
#define REFERRAL_STATE(id, name, phase, zh, en) CELL_##id = REFERRAL_##id,
#include "gateway/referral/referral_fsm.def"
    CELL_later = -REFERRAL_NOT_YET,
    CELL_past = -REFERRAL_TOO_LATE,
    CELL_over = -REFERRAL_ENDED
};
static const signed char matrix[REFERRAL_STATE_COUNT][REFERRAL_EVENT_COUNT] = {
/* clang-format off */
#define REFERRAL_ROW(state, edit, send, withdraw, accept, refuse, forward, arrive, lapse, return_message, acknowledge) \
    [REFERRAL_##state] = { \
        [REFERRAL_EVENT_EDIT] = CELL_##edit, [REFERRAL_EVENT_SEND] = CELL_##send, [REFERRAL_EVENT_WITHDRAW] = CELL_##withdraw, \
        [REFERRAL_EVENT_ACCEPT] = CELL_##accept, [REFERRAL_EVENT_REFUSE] = CELL_##refuse, [REFERRAL_EVENT_FORWARD] = CELL_##forward, \
        [REFERRAL_EVENT_ARRIVE] = CELL_##arrive, [REFERRAL_EVENT_LAPSE] = CELL_##lapse, \
        [REFERRAL_EVENT_RETURN_MESSAGE] = CELL_##return_message, [REFERRAL_EVENT_ACKNOWLEDGE] = CELL_##acknowledge},
/* clang-format on */
#include "gateway/referral/referral_fsm.def"
};

#define EVENT_REMIND REFERRAL_EVENT_COUNT /* no event: it only reminds */
#define EVENT_LAPSE REFERRAL_EVENT_LAPSE
static const struct referral_timer_rule timers[REFERRAL_TIMER_COUNT] = {
#define REFERRAL_TIMER(id, name, state, routine_s, urgent_s, setting, event, again)                \
    [REFERRAL_TIMER_##id] = {name,                                                                 \
                             REFERRAL_##state,                                                     \
                             {(routine_s)*1000LL, (urgent_s)*1000LL},                              \
                             (int)EVENT_##event != (int)EVENT_REMIND,                              \
                             EVENT_##event,                                                        \
                             again},
#include "gateway/referral/referral_fsm.def"
};

static const struct {
    enum referral_direction direction;
    const char *code;
} reasons[] = {
#define REFERRAL_REASON(direction, code, zh, en) {REFERRAL_##direction, code},
#include "gateway/referral/referral_fsm.def"
};

struct refusal_info {
    const char *code, *zh, *en;
};
static const struct refusal_info refusals[] = {
    [REFERRAL_OK] = {"", "", ""},
    [REFERRAL_NOT_YET] = {"referral.not-yet", "转诊尚未进行到这一步。",
                          "The referral has not come to that point yet."},
    [REFERRAL_TOO_LATE] = {"referral.too-late", "转诊已过这一步，不能再做此操作。",
                           "The referral is past that point."},
    [REFERRAL_ENDED] = {"referral.over", "转诊已结束。", "The referral has ended."},
    [REFERRAL_NOT_YOURS] = {"referral.not-yours", "此操作应由转诊的另一方进行。",
                            "That is for the other side of the referral to do."},
};

struct referral_step referral_fsm_next(enum referral_state state, enum referral_event event,
                                       unsigned actor)
{
    CHECK((unsigned)state < REFERRAL_STATE_COUNT && (unsigned)event < REFERRAL_EVENT_COUNT);
    int cell = matrix[state][event];
    if (cell < 0) {
        return (struct referral_step){.refusal = (enum referral_refusal)(-cell), .next = state};
    }
    if ((events[event].actors & actor) == 0) {
        return (struct referral_step){.refusal = REFERRAL_NOT_YOURS, .next = state};
    }
    return (struct referral_step){REFERRAL_OK, (enum referral_state)cell, events[event].guards};
}

const char *referral_state_name(enum referral_state state)
{
    CHECK((unsigned)state < REFERRAL_STATE_COUNT);
    return states[state].name;
}

enum referral_phase referral_state_phase(enum referral_state state)
{
    CHECK((unsigned)state < REFERRAL_STATE_COUNT);
    return states[state].phase;
}

bool referral_state_of(const char *name, enum referral_state *out_state)
{
    for (unsigned i = 0; i < REFERRAL_STATE_COUNT; i++) {
        if (strcmp(states[i].name, name) == 0) {
            *out_state = (enum referral_state)i;
            return true;
        }
    }
    return false;
}

const char *referral_event_name(enum referral_event event)
{
    CHECK((unsigned)event < REFERRAL_EVENT_COUNT);
    return events[event].name;
}

bool referral_event_of(const char *name, enum referral_event *out_event)
{
    for (unsigned i = 0; i < REFERRAL_EVENT_COUNT; i++) {
        if (strcmp(events[i].name, name) == 0) {
            *out_event = (enum referral_event)i;
            return true;
        }
    }
    return false;
}

bool referral_event_is_action(enum referral_event event)
{
    return events[event].by == ACTION;
}

unsigned referral_event_actors(enum referral_event event)
{
    return events[event].actors;
}

const char *referral_refusal_code(enum referral_refusal refusal)
{
    return refusals[refusal].code;
}

const char *referral_refusal_zh(enum referral_refusal refusal)
{
    return refusals[refusal].zh;
}

const char *referral_refusal_en(enum referral_refusal refusal)
{
    return refusals[refusal].en;
}

const struct referral_timer_rule *referral_timer_rule(enum referral_timer timer)
{
    CHECK((unsigned)timer < REFERRAL_TIMER_COUNT);
    return &timers[timer];
}

static const char *const directions[REFERRAL_DIRECTION_COUNT] = {"up", "down"};

const char *referral_direction_name(enum referral_direction direction)
{
    CHECK((unsigned)direction < REFERRAL_DIRECTION_COUNT);
    return directions[direction];
}

bool referral_direction_of(const char *name, enum referral_direction *out_direction)
{
    for (unsigned i = 0; i < REFERRAL_DIRECTION_COUNT; i++) {
        if (name != NULL && strcmp(directions[i], name) == 0) {
            *out_direction = (enum referral_direction)i;
            return true;
        }
    }
    return false;
}

bool referral_reason_valid(enum referral_direction direction, const char *code)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].direction == direction && strcmp(reasons[i].code, code) == 0) {
            return true;
        }
    }
    return false;
}
