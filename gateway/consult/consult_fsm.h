/* The state table of a consultation (domain: tiered consultation between institutions). Pure: no
 * clock, no database, no JSON.
 *
 * consult_fsm.def is the one truth: states with their FHIR Task status, events with who may cause
 * them and under which guards, the full [state][event] matrix, and the timers of the waiting
 * states. Enums, names, the `actions` of every answer and the table in gateway/README.md come from
 * it. The moves are listed; each other cell is refused, and why follows from the order of the
 * states. Constant data, any thread.
 */
#ifndef GATEWAY_CONSULT_CONSULT_FSM_H
#define GATEWAY_CONSULT_CONSULT_FSM_H

#include <stdbool.h>
#include <stdint.h>

enum consult_state {
#define CONSULT_STATE(id, name, phase, zh, en, task_status, business_status) CONSULT_##id,
#include "gateway/consult/consult_fsm.def"
    CONSULT_STATE_COUNT
};

enum consult_event {
#define CONSULT_EVENT(id, name, by, actors, guards, zh, en) CONSULT_EVENT_##id,
#include "gateway/consult/consult_fsm.def"
    CONSULT_EVENT_COUNT
};

/* Relation of an account to one consultation; ORed where several are meant. */
enum consult_actor {
    CONSULT_ACTOR_REQUESTER = 1,
    CONSULT_ACTOR_CONSULTANT = 2,
    CONSULT_ACTOR_CANDIDATE = 4,   /* a specialist on duty to whom it is offered now */
    CONSULT_ACTOR_COORDINATOR = 8, /* of the requesting, accepting, asked or leading institution */
    CONSULT_ACTOR_SYSTEM = 16,     /* timers, the room, start-up */
    CONSULT_ACTOR_GUEST = 32,      /* invited on stage, while the session can run */
    CONSULT_ACTOR_APPROVER = 64, /* medical affairs of the requesting institution, while it waits */
    CONSULT_ACTOR_VERIFIER = 128, /* the second reader, or who may become it */
    CONSULT_ACTOR_MEMBER = 256,   /* asked for an opinion of the several */
    CONSULT_ACTOR_REVIEWER = 512, /* of quality, where it is in the sample */
    CONSULT_ACTOR_OBSERVER = 1024 /* admitted to learn, while the session can run */
};
/* To whom the whole record belongs: opinions, audit rows, recordings. */
#define CONSULT_ACTORS_OF_RECORD                                                                   \
    ((unsigned)(CONSULT_ACTOR_REQUESTER | CONSULT_ACTOR_CONSULTANT | CONSULT_ACTOR_COORDINATOR |   \
                CONSULT_ACTOR_VERIFIER | CONSULT_ACTOR_MEMBER | CONSULT_ACTOR_REVIEWER))

enum consult_guard {
#define CONSULT_GUARD(id, name, text) CONSULT_GUARD_##id,
#include "gateway/consult/consult_fsm.def"
    CONSULT_GUARD_COUNT
};
#define CONSULT_GUARD_BIT(id) (1u << CONSULT_GUARD_##id)

/* What a cell of the matrix says when it leads nowhere. */
enum consult_refusal {
    CONSULT_OK = 0,
    CONSULT_NOT_YET,  /* comes later in the life of a consultation */
    CONSULT_TOO_LATE, /* was possible earlier */
    CONSULT_TAKEN,    /* accept or decline: somebody has accepted it */
    CONSULT_OVER,     /* the consultation has ended for good */
    CONSULT_NEVER,    /* makes no sense here */
    CONSULT_NOT_YOURS /* the state allows it, but not this actor */
};

/* DRAFTING nothing has left the requester; WAITING for an answer; RUNNING a session can be on;
 * REPORTING after it; OVER ended. */
enum consult_phase {
    CONSULT_PHASE_DRAFTING,
    CONSULT_PHASE_WAITING,
    CONSULT_PHASE_RUNNING,
    CONSULT_PHASE_REPORTING,
    CONSULT_PHASE_OVER
};

struct consult_step {
    enum consult_refusal refusal; /* CONSULT_OK: next counts */
    enum consult_state next;
    unsigned guards; /* CONSULT_GUARD_BIT()s that must hold */
};

/* What the table says; `actor` may be several bits: one that may is enough. */
struct consult_step consult_fsm_next(enum consult_state state, enum consult_event event,
                                     unsigned actor);

const char *consult_state_name(enum consult_state state); /* "awaiting-opinion" */
const char *consult_state_zh(enum consult_state state);
const char *consult_state_en(enum consult_state state);
const char *consult_state_task_status(enum consult_state state);     /* FHIR R4 Task.status */
const char *consult_state_business_status(enum consult_state state); /* Task.businessStatus */
enum consult_phase consult_state_phase(enum consult_state state);
bool consult_state_of(const char *name, enum consult_state *out_state);

const char *
consult_event_name(enum consult_event event); /* "submit": also the name of the action */
bool consult_event_of(const char *name, enum consult_event *out_event);
/* Can it be asked for through .../actions/{name}? The others come from other calls, the room or a
 * timer. */
bool consult_event_is_action(enum consult_event event);
unsigned consult_event_actors(enum consult_event event);
const char *consult_event_zh(enum consult_event event);
const char *consult_event_en(enum consult_event event);

const char *consult_guard_name(enum consult_guard guard);
const char *consult_refusal_code(enum consult_refusal refusal); /* "consultation.too-late" */
const char *consult_refusal_zh(enum consult_refusal refusal);
const char *consult_refusal_en(enum consult_refusal refusal);

/* Timers of the states: set when the state is entered, cleared when it is left. */
enum consult_timer {
#define CONSULT_TIMER(id, name, state, base, routine_s, urgent_s, stat_s, setting, event, again)   \
    CONSULT_TIMER_##id,
#include "gateway/consult/consult_fsm.def"
    CONSULT_TIMER_COUNT
};
/* From when a timer counts. */
enum consult_base {
    CONSULT_BASE_ENTRY,       /* the state was entered */
    CONSULT_BASE_APPOINTMENT, /* the appointment begins; its times may be negative */
    CONSULT_BASE_CRITICAL,    /* a critical value was reported and is not acknowledged yet */
    CONSULT_BASE_DUE          /* the day of the follow-up */
};
struct consult_timer_rule {
    const char *name; /* consultation_timer.kind */
    enum consult_state state;
    enum consult_base base;
    int64_t default_ms[3]; /* routine, urgent, stat */
    bool has_event;        /* else it only reminds */
    enum consult_event event;
    bool again; /* a reminder that comes back until the state is left */
};
const struct consult_timer_rule *consult_timer_rule(enum consult_timer timer);

#endif
