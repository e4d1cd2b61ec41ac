/* The simulated month: who there is, what is planned, what each case's state is as its people have
 * learned it (from answers and notices, never from the database). One thread; everything belongs to
 * the one struct sim. */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "gateway/consult/consult_fsm.h"
#include "gateway/partnership/rules.h"
#include "tests/sim/engine.h"
#include "tests/sim/events.h"
#include "tests/sim/random.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define START_MS INT64_C(1788710400000) /* Monday 2026-09-07 00:00, China Standard Time */

#define SPECIALTIES 12
#define REFERRED 0.05 /* of the cases that were acknowledged */
enum urgency { ROUTINE, URGENT, STAT, URGENCIES };
enum sabotage { /* --break: what a control breaks */
                SABOTAGE_NONE,
                SABOTAGE_TIMERS,   /* "lose-timers": every second timer row vanishes */
                SABOTAGE_CASE,     /* "lose-case": a draft is deleted */
                SABOTAGE_STATE,    /* "unknown-state": a case is in a state that the table does not
                                      have */
                SABOTAGE_TWO,      /* "two-consultants": a second one takes part */
                SABOTAGE_DISABLED, /* "disable": accounts of some consultants and requesters are
                                      closed; the coordinators see to it, and all goes on */
                SABOTAGE_UNSEEN,   /* "disable-unseen": and the coordinators do not look */
                SABOTAGE_AUDIT,    /* "forge-audit": an audit row says something else */
                SABOTAGE_WARDS,    /* "empty-wards": nobody is in hospital when the month begins */
                SABOTAGE_COUNT
};

struct institution {
    char id[33], code[24];
    enum rules_level level;
    int drafts; /* preliminary opinions that wait for a second reader */
};

struct person {
    struct api_actor actor;
    char login[32];
    int institution;
    unsigned specialties; /* bit 1 << index */
    bool senior;          /* chief or associate chief */
    bool on_duty;
    bool gone; /* the account is closed: nothing is done with it any more */
    int64_t pause_until_ms;
    int64_t on_call_from_ms, on_call_until_ms;
    int64_t busy_until_ms; /* writes, or is in a session */
    int64_t scan_ms;       /* looks into the queue next; 0 = waits for the ring */
    int64_t looked_ms;     /* an office: last looked into the institution's worklists */
    int64_t look_ms;       /* and does so next; 0 = nothing to look for */
    int place, places;     /* place of places in the roster of this institution and specialty */
};

struct kase { /* "case" is a word of the language */
    char id[33];
    enum consult_state state;
    bool begun; /* it exists */
    enum rules_kind kind;
    enum urgency urgency;
    int specialty, requester, consultant;
    const char *modality;
    int64_t submitted_ms; /* first; approval, triage and renewal do not begin it anew */
    int64_t planned_ms;   /* somebody has planned the next step for then; 0 = nobody */
    int64_t called_ms;    /* a coordinator has last telephoned about it */
    int64_t noticed_ms;   /* somebody was last reminded or alarmed */
    int renewals, sessions;
    int members[2];
    bool critical, follow_up, amended, withdrawing;
};

/* A referral on its way: only what its patient and the ward know. */
struct passage {
    char id[33];
    bool down;
    bool ward; /* the sender has one, to which the patient can go back: a village clinic has none */
    int64_t arrives_ms, returns_ms; /* 0: never, or not known yet */
};

struct options {
    int64_t cases, days;
    uint64_t seed;
    unsigned batch;
    enum sabotage sabotage;
    const char *folder, *report;
    bool keep, control;
};

struct tallies {
    uint64_t discarded, answered, busy, races, skipped, timer_runs, timers_fired, timer_failures;
    uint64_t appointments, sessions, interruptions, second_reads, hand_overs, reported, take_overs;
};

struct checks; /* checks.h */

struct sim {
    struct options options;
    struct engine engine;
    struct random_source random;
    struct events events;
    int64_t now_ms, end_ms, timer_ms; /* timer_ms: the next run of timers; 0 = none is set */
    int64_t gone_ms;                  /* when accounts were closed; 0 = they were not */
    struct institution *institutions;
    int institution_count;
    struct person *people;
    int person_count;
    struct kase *kases;
    int kase_count;
    double from_wards; /* so much of what is asked comes from institutions that have a ward */
    struct passage *passages;
    int passage_count, passage_room;
    int *kase_slots; /* by id: open addressing */
    size_t slot_count;
    int *account_slots;
    size_t account_slot_count;
    struct tallies tallies;
    struct checks *checks;
    char timer_problem[64]; /* code of the last failed run of the timers */
};

extern const char *const sim_specialties[SPECIALTIES];
extern const char *const sim_urgencies[URGENCIES];

/* Index, or -1. */
int sim_kase_of(const struct sim *sim, const char *id);
int sim_person_of(const struct sim *sim, const char *account);
void sim_kase_index(struct sim *sim, int kase); /* its id has become known */

/* Plans the case's next step; it counts as planned until then. */
void sim_plan(struct sim *sim, int64_t at_ms, enum event_kind kind, int person, int kase);
void sim_event(struct sim *sim, int64_t at_ms, enum event_kind kind, int person, int kase);

/* Runs a script for a person (-1: the system) now. body is taken. */
int sim_run(struct sim *sim, int person, enum script script, const char *id, const char *param,
            json_t *body);
int sim_act(struct sim *sim, int person, int kase, const char *action, json_t *body);
/* A worklist; the items are borrowed from the answer, which the next script replaces: the caller
 * takes a reference. NULL: refused. */
json_t *sim_list(struct sim *sim, int person, const char *list, const char *limit,
                 const char *before_ms);
/* Whom the action may name (GET .../people); borrowed likewise. NULL: refused. */
json_t *sim_people(struct sim *sim, int person, int kase, const char *action);
/* The same of referrals: "sent", "received", page by page; a new reference to all of them. */
json_t *sim_referrals(struct sim *sim, int person, const char *list);
/* Somebody who was never there; new reference. */
json_t *sim_patient(struct sim *sim);
/* The case of an item of a worklist; -1: none of ours. */
int sim_item(const struct sim *sim, const json_t *item);
json_t *sim_reason(const char *code, const char *text);

/* Time of the place. */
int sim_hour(int64_t ms); /* 0..23 */
bool sim_weekend(int64_t ms);
int64_t sim_midnight(int64_t ms); /* of that day */
/* at_ms, or when that is outside 8 to 18 h the next morning between 8 and 9. */
int64_t sim_working(struct sim *sim, int64_t at_ms);

/* A case's state has become known, or somebody finds it in a worklist and nothing is planned: who
 * has to do something plans it. reactions.c */
void sim_react(struct sim *sim, int kase);

/* Two colleagues of other specialties are asked for their opinion. session.c */
void sim_enlist(struct sim *sim, int person, int kase);

/* The handlers of the events, in the agents' files. */
#define EVENT(name) void sim_on_##name(struct sim *sim, const struct event *event);
EVENTS
#undef EVENT

#endif
