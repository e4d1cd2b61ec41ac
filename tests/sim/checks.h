/* What must hold, each virtual hour over all cases, and at the end. Two sources are compared: what
 * people have learned (struct sim) and the database. A check that fails counts, and keeps the first
 * case by id and words. Store thread; only reads. */
#ifndef TESTS_SIM_CHECKS_H
#define TESTS_SIM_CHECKS_H

#include "tests/sim/sim.h"

/* Of the national figures of 2016; README.md. */
#define CHECKS_UP_TO_DOWN 3.8

/* CHECK_ROW(id, words) */
#define CHECK_ROWS                                                                                 \
    CHECK_ROW(LOST, "every case that was begun is there, in the state that its people know")       \
    CHECK_ROW(STATE, "every state is one of the table")                                            \
    CHECK_ROW(WORKLIST, "a case that is not over stands in the worklist of somebody who can act")  \
    CHECK_ROW(ATTENDED, "nobody has to act for a day who cannot, where a colleague could")         \
    CHECK_ROW(LISTED, "and the list as the console asks for it holds it (sample)")                 \
    CHECK_ROW(SINGLE, "one consultant from accepting on, none before")                             \
    CHECK_ROW(TIMER, "a state with a time limit has a timer, and none is late")                    \
    CHECK_ROW(DEADLINE, "a deadline that passed was noticed: escalated, reminded, alarmed")        \
    CHECK_ROW(ARCHIVE, "closed for a day is archived")                                             \
    CHECK_ROW(REFERRAL, "a referral that waits has a receiver and a timer, and none is late")      \
    CHECK_ROW(RATIO, "3.8 referrals up to one down, within 5 % and three standard deviations")     \
    CHECK_ROW(ROUNDS, "no run of the timers failed")                                               \
    CHECK_ROW(STORE, "no script failed for the store's or the server's sake")                      \
    CHECK_ROW(AUDIT, "the audit chain holds")                                                      \
    CHECK_ROW(FILE, "pages, indexes and references of the database file are whole")

enum check_id {
#define CHECK_ROW(id, words) CHECK_##id,
    CHECK_ROWS
#undef CHECK_ROW
        CHECK_COUNT
};

struct check {
    uint64_t looked, failed;
    char first[160];
};

struct checks {
    struct check by[CHECK_COUNT];
    uint64_t hours;
    int64_t open_max; /* not over at once */
    int64_t seconds_us;
    int64_t audit_rows;
};

const char *check_words(enum check_id id);
/* Looked at `looked` more, of which one failed when what is not NULL. */
void check_note(struct sim *sim, enum check_id id, uint64_t looked, const char *case_id,
                const char *what);
/* All that is checked each hour. */
void checks_hour(struct sim *sim);
/* And at the end. */
void checks_end(struct sim *sim);
uint64_t checks_failed(const struct sim *sim);

/* Does the real worklist of somebody who has to act on it hold the case? checks_listed.c */
void checks_listed(struct sim *sim, int kase);

#endif
