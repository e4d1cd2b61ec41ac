#include "gateway/consult/consult_fsm.h"

#include "proto/base/check.h"

#include <stddef.h>
#include <string.h>

enum { RESERVED = -1 }; /* phase of states that nothing enters yet */
enum { ACTION = 1, INTERNAL = 0 };

struct state_info {
    const char *name, *zh, *en, *task_status, *business_status;
    int phase;
};
#define PHASE_DRAFTING CONSULT_PHASE_DRAFTING
#define PHASE_WAITING CONSULT_PHASE_WAITING
#define PHASE_RUNNING CONSULT_PHASE_RUNNING
#define PHASE_REPORTING CONSULT_PHASE_REPORTING
#define PHASE_OVER CONSULT_PHASE_OVER
#define PHASE_RESERVED RESERVED
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

/* Cells: a state, or a refusal counted down from -1. */
enum cell {
#define CONSULT_STATE(id, name, phase, zh, en, task_status, business_status)                       \
    CELL_##id = CONSULT_##id,
#include "gateway/consult/consult_fsm.def"
    CELL_later = -CONSULT_NOT_YET,
    CELL_past = -CONSULT_TOO_LATE,
    CELL_taken = -CONSULT_TAKEN,
    CELL_over = -CONSULT_OVER,
    CELL_never = -CONSULT_NEVER,
    CELL_resvd = -CONSULT_RESERVED
};
static const signed char matrix[CONSULT_STATE_COUNT][CONSULT_EVENT_COUNT] = {
/* clang-format off */
#define CONSULT_ROW(state, submit, discard, offer, accept, decline, return_, withdraw, expire, start, interrupt, resume, end, sign, amend, acknowledge, close, fail, edit, consent, attach, save, record, invite, uninvite) \
    [CONSULT_##state] = { \
        [CONSULT_EVENT_SUBMIT] = CELL_##submit, [CONSULT_EVENT_DISCARD] = CELL_##discard, [CONSULT_EVENT_OFFER] = CELL_##offer, \
        [CONSULT_EVENT_ACCEPT] = CELL_##accept, [CONSULT_EVENT_DECLINE] = CELL_##decline, [CONSULT_EVENT_RETURN] = CELL_##return_, \
        [CONSULT_EVENT_WITHDRAW] = CELL_##withdraw, [CONSULT_EVENT_EXPIRE] = CELL_##expire, [CONSULT_EVENT_START] = CELL_##start, \
        [CONSULT_EVENT_INTERRUPT] = CELL_##interrupt, [CONSULT_EVENT_RESUME] = CELL_##resume, [CONSULT_EVENT_END] = CELL_##end, \
        [CONSULT_EVENT_SIGN] = CELL_##sign, [CONSULT_EVENT_AMEND] = CELL_##amend, [CONSULT_EVENT_ACKNOWLEDGE] = CELL_##acknowledge, \
        [CONSULT_EVENT_CLOSE] = CELL_##close, [CONSULT_EVENT_FAIL] = CELL_##fail, [CONSULT_EVENT_EDIT] = CELL_##edit, \
        [CONSULT_EVENT_CONSENT] = CELL_##consent, [CONSULT_EVENT_ATTACH] = CELL_##attach, [CONSULT_EVENT_SAVE] = CELL_##save, \
        [CONSULT_EVENT_RECORD] = CELL_##record, [CONSULT_EVENT_INVITE] = CELL_##invite, \
        [CONSULT_EVENT_UNINVITE] = CELL_##uninvite},
/* clang-format on */
#include "gateway/consult/consult_fsm.def"
};

#define EVENT_REMIND CONSULT_EVENT_COUNT /* no event: it only reminds */
#define EVENT_EXPIRE CONSULT_EVENT_EXPIRE
#define EVENT_FAIL CONSULT_EVENT_FAIL
static const struct consult_timer_rule timers[CONSULT_TIMER_COUNT] = {
#define CONSULT_TIMER(id, name, state, routine_s, urgent_s, stat_s, setting, event, again)         \
    [CONSULT_TIMER_##id] = {name,                                                                  \
                            CONSULT_##state,                                                       \
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
    [CONSULT_RESERVED] = {"consultation.not-possible", "当前状态下不能做此操作。",
                          "That is not possible in the present state."},
    [CONSULT_NOT_YOURS] = {"consultation.not-yours", "此操作应由会诊的另一方进行。",
                           "That is for another party of the consultation to do."},
};

struct consult_step consult_fsm_next(enum consult_state state, enum consult_event event,
                                     unsigned actor)
{
    CHECK((unsigned)state < CONSULT_STATE_COUNT && (unsigned)event < CONSULT_EVENT_COUNT);
    int cell = matrix[state][event];
    if (cell < 0) {
        return (struct consult_step){.refusal = (enum consult_refusal)(-cell), .next = state};
    }
    if ((events[event].actors & actor) == 0) {
        return (struct consult_step){.refusal = CONSULT_NOT_YOURS, .next = state};
    }
    return (struct consult_step){CONSULT_OK, (enum consult_state)cell, events[event].guards};
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
    return states[state].phase == RESERVED ? CONSULT_PHASE_WAITING
                                           : (enum consult_phase)states[state].phase;
}

bool consult_state_reserved(enum consult_state state)
{
    return states[state].phase == RESERVED;
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
