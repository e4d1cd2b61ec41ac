#include "gateway/consult/consult_fsm.h"

#include "proto/base/check.h"

#include <stddef.h>
#include <string.h>

enum { ACTION = 1, INTERNAL = 0 };

struct state_info {
    const char *name, *zh, *en, *task_status, *business_status;
    enum consult_phase phase;
};
#define PHASE_DRAFTING CONSULT_PHASE_DRAFTING
#define PHASE_WAITING CONSULT_PHASE_WAITING
#define PHASE_RUNNING CONSULT_PHASE_RUNNING
#define PHASE_REPORTING CONSULT_PHASE_REPORTING
#define PHASE_OVER CONSULT_PHASE_OVER
static const struct state_info states[CONSULT_STATE_COUNT] = {
#define CONSULT_STATE(id, name, phase, zh, en, task_status, business_status)                       \
    [CONSULT_##id] = {name, zh, en, task_status, business_status, PHASE_##phase},
#include "gateway/consult/consult_fsm.def"
};

struct event_info {
    const char *name, *zh, *en;
    int by;
    unsigned actors, guards;
};
static const struct event_info events[CONSULT_EVENT_COUNT] = {
#define CONSULT_EVENT(id, name, by, actors, guards, zh, en)                                        \
    [CONSULT_EVENT_##id] = {name, zh, en, by, actors, guards},
#include "gateway/consult/consult_fsm.def"
};

static const char *const guard_names[CONSULT_GUARD_COUNT] = {
#define CONSULT_GUARD(id, name, text) [CONSULT_GUARD_##id] = name,
#include "gateway/consult/consult_fsm.def"
};

/* Cells: 1 + the state that an event leads to; 0: nowhere. */
static const unsigned char moves[CONSULT_STATE_COUNT][CONSULT_EVENT_COUNT] = {
#define CONSULT_MOVE(event, from, to) [CONSULT_##from][CONSULT_EVENT_##event] = CONSULT_##to + 1,
#include "gateway/consult/consult_fsm.def"
};

#define EVENT_REMIND CONSULT_EVENT_COUNT /* no event: it only reminds */
#define EVENT_EXPIRE CONSULT_EVENT_EXPIRE
#define EVENT_FAIL CONSULT_EVENT_FAIL
#define EVENT_OFFER CONSULT_EVENT_OFFER
#define EVENT_ESCALATE CONSULT_EVENT_ESCALATE
#define EVENT_MISS CONSULT_EVENT_MISS
#define EVENT_ARCHIVE CONSULT_EVENT_ARCHIVE
static const struct consult_timer_rule timers[CONSULT_TIMER_COUNT] = {
#define CONSULT_TIMER(id, name, state, base, routine_s, urgent_s, stat_s, setting, event, again)   \
    [CONSULT_TIMER_##id] = {name,                                                                  \
                            CONSULT_##state,                                                       \
                            CONSULT_BASE_##base,                                                   \
                            {(routine_s)*1000LL, (urgent_s)*1000LL, (stat_s)*1000LL},              \
                            (int)EVENT_##event != (int)EVENT_REMIND,                               \
                            EVENT_##event,                                                         \
                            again},
#include "gateway/consult/consult_fsm.def"
};

struct refusal_info {
    const char *code, *zh, *en;
};
static const struct refusal_info refusals[] = {
    [CONSULT_OK] = {"", "", ""},
    [CONSULT_NOT_YET] = {"consultation.not-yet", "会诊尚未进行到这一步。",
                         "The consultation has not come to that point yet."},
    [CONSULT_TOO_LATE] = {"consultation.too-late", "会诊已过这一步，不能再做此操作。",
                          "The consultation is past that point."},
    [CONSULT_TAKEN] = {"consultation.already-accepted", "该会诊已被接诊。",
                       "The consultation has been accepted already."},
    [CONSULT_OVER] = {"consultation.over", "会诊已结束。", "The consultation has ended."},
    [CONSULT_NEVER] = {"consultation.not-possible", "当前状态下不能做此操作。",
                       "That is not possible in the present state."},
    [CONSULT_NOT_YOURS] = {"consultation.not-yours", "此操作应由会诊的另一方进行。",
                           "That is for another party of the consultation to do."},
};

/* Why an event leads nowhere, by where its states lie in the order of a life. */
static enum consult_refusal refusal_of(enum consult_state state, enum consult_event event)
{
    if (states[state].phase == CONSULT_PHASE_OVER) {
        return CONSULT_OVER;
    }
    if ((event == CONSULT_EVENT_ACCEPT || event == CONSULT_EVENT_DECLINE) &&
        state >= CONSULT_ACCEPTED) {
        return CONSULT_TAKEN;
    }
    bool before = false, after = false;
    for (unsigned i = 0; i < CONSULT_STATE_COUNT; i++) {
        if (moves[i][event] != 0 && i != (unsigned)state) {
            before = before || i < (unsigned)state;
            after = after || i > (unsigned)state;
        }
    }
    return before && after ? CONSULT_NEVER : after ? CONSULT_NOT_YET : CONSULT_TOO_LATE;
}

struct consult_step consult_fsm_next(enum consult_state state, enum consult_event event,
                                     unsigned actor)
{
    CHECK((unsigned)state < CONSULT_STATE_COUNT && (unsigned)event < CONSULT_EVENT_COUNT);
    unsigned cell = moves[state][event];
    if (cell == 0) {
        return (struct consult_step){.refusal = refusal_of(state, event), .next = state};
    }
    if ((events[event].actors & actor) == 0) {
        return (struct consult_step){.refusal = CONSULT_NOT_YOURS, .next = state};
    }
    return (struct consult_step){CONSULT_OK, (enum consult_state)(cell - 1), events[event].guards};
}

const char *consult_state_name(enum consult_state state)
{
    CHECK((unsigned)state < CONSULT_STATE_COUNT);
    return states[state].name;
}

const char *consult_state_zh(enum consult_state state)
{
    return states[state].zh;
}

const char *consult_state_en(enum consult_state state)
{
    return states[state].en;
}

const char *consult_state_task_status(enum consult_state state)
{
    return states[state].task_status;
}

const char *consult_state_business_status(enum consult_state state)
{
    return states[state].business_status;
}

enum consult_phase consult_state_phase(enum consult_state state)
{
    CHECK((unsigned)state < CONSULT_STATE_COUNT);
    return states[state].phase;
}

bool consult_state_of(const char *name, enum consult_state *out_state)
{
    for (unsigned i = 0; i < CONSULT_STATE_COUNT; i++) {
        if (strcmp(states[i].name, name) == 0) {
            *out_state = (enum consult_state)i;
            return true;
        }
    }
    return false;
}

const char *consult_event_name(enum consult_event event)
{
    CHECK((unsigned)event < CONSULT_EVENT_COUNT);
    return events[event].name;
}

bool consult_event_of(const char *name, enum consult_event *out_event)
{
    for (unsigned i = 0; i < CONSULT_EVENT_COUNT; i++) {
        if (strcmp(events[i].name, name) == 0) {
            *out_event = (enum consult_event)i;
            return true;
        }
    }
    return false;
}

bool consult_event_is_action(enum consult_event event)
{
    return events[event].by == ACTION;
}

unsigned consult_event_actors(enum consult_event event)
{
    return events[event].actors;
}

const char *consult_event_zh(enum consult_event event)
{
    return events[event].zh;
}

const char *consult_event_en(enum consult_event event)
{
    return events[event].en;
}

const char *consult_guard_name(enum consult_guard guard)
{
    CHECK((unsigned)guard < CONSULT_GUARD_COUNT);
    return guard_names[guard];
}

const char *consult_refusal_code(enum consult_refusal refusal)
{
    return refusals[refusal].code;
}

const char *consult_refusal_zh(enum consult_refusal refusal)
{
    return refusals[refusal].zh;
}

const char *consult_refusal_en(enum consult_refusal refusal)
{
    return refusals[refusal].en;
}

const struct consult_timer_rule *consult_timer_rule(enum consult_timer timer)
{
    CHECK((unsigned)timer < CONSULT_TIMER_COUNT);
    return &timers[timer];
}
