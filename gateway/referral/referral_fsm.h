/* The state table of a referral between two institutions. Pure: no clock, no database, no JSON.
 * referral_fsm.def is the one truth: states, events with who may cause them and under which guards,
 * the full [state][event] matrix, the timers, the reasons of each direction. Constant data, any
 * thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_FSM_H
#define GATEWAY_REFERRAL_REFERRAL_FSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum referral_state {
#define REFERRAL_STATE(id, name, phase, zh, en) REFERRAL_##id,
#include "gateway/referral/referral_fsm.def"
    REFERRAL_STATE_COUNT
};

enum referral_event {
#define REFERRAL_EVENT(id, name, by, actors, guards, zh, en) REFERRAL_EVENT_##id,
#include "gateway/referral/referral_fsm.def"
    REFERRAL_EVENT_COUNT
};

enum referral_guard {
#define REFERRAL_GUARD(id, name, text) REFERRAL_GUARD_##id,
#include "gateway/referral/referral_fsm.def"
    REFERRAL_GUARD_COUNT
};
#define REFERRAL_GUARD_BIT(id) (1u << REFERRAL_GUARD_##id)

enum referral_timer {
#define REFERRAL_TIMER(id, name, state, routine_s, urgent_s, setting, event, again)                \
    REFERRAL_TIMER_##id,
#include "gateway/referral/referral_fsm.def"
    REFERRAL_TIMER_COUNT
};

/* Relation of an account to one referral; ORed where several are meant. */
enum referral_actor {
    REFERRAL_ACTOR_SENDER = 1,      /* wrote it, and is still of that institution */
    REFERRAL_ACTOR_RECEIVER = 2,    /* role referrals at the receiving institution, once sent */
    REFERRAL_ACTOR_COORDINATOR = 4, /* of either institution, once sent; reads */
    REFERRAL_ACTOR_INVOLVED = 8,    /* wrote the referral that this one answers; reads */
    REFERRAL_ACTOR_SYSTEM = 16      /* timers */
};

enum referral_phase { REFERRAL_PHASE_DRAFTING, REFERRAL_PHASE_OPEN, REFERRAL_PHASE_OVER };
enum referral_direction { REFERRAL_UP, REFERRAL_DOWN, REFERRAL_DIRECTION_COUNT };

/* What a cell of the matrix says when it leads nowhere. */
enum referral_refusal {
    REFERRAL_OK = 0,
    REFERRAL_NOT_YET,  /* comes later in the life of a referral */
    REFERRAL_TOO_LATE, /* was possible earlier */
    REFERRAL_ENDED,    /* the referral has ended */
    REFERRAL_NOT_YOURS /* the state allows it, but not this actor */
};

struct referral_step {
    enum referral_refusal refusal; /* REFERRAL_OK: next counts */
    enum referral_state next;
    unsigned guards; /* REFERRAL_GUARD_BIT()s that must hold */
};

/* What the table says; `actor` may be several bits: one that may is enough. */
struct referral_step referral_fsm_next(enum referral_state state, enum referral_event event,
                                       unsigned actor);

const char *referral_state_name(enum referral_state state);
enum referral_phase referral_state_phase(enum referral_state state);
bool referral_state_of(const char *name, enum referral_state *out_state);

const char *referral_event_name(enum referral_event event);
bool referral_event_of(const char *name, enum referral_event *out_event);
/* Can it be asked for through .../actions/{name}? */
bool referral_event_is_action(enum referral_event event);
unsigned referral_event_actors(enum referral_event event);

const char *referral_refusal_code(enum referral_refusal refusal); /* "referral.too-late" */
const char *referral_refusal_zh(enum referral_refusal refusal);
const char *referral_refusal_en(enum referral_refusal refusal);

struct referral_timer_rule {
    const char *name; /* referral_timer.kind */
    enum referral_state state;
    int64_t default_ms[2]; /* routine, urgent */
    bool has_event;        /* else it only reminds */
    enum referral_event event;
    bool again; /* a reminder that comes back until the state is left */
};
const struct referral_timer_rule *referral_timer_rule(enum referral_timer timer);

const char *referral_direction_name(enum referral_direction direction); /* "up", "down" */
bool referral_direction_of(const char *name, enum referral_direction *out_direction);
/* Is the code one of the reasons for that direction? */
bool referral_reason_valid(enum referral_direction direction, const char *code);

#endif
