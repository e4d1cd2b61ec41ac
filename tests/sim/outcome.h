/* What became of the month's cases, from the rows of the store. */
#ifndef TESTS_SIM_OUTCOME_H
#define TESTS_SIM_OUTCOME_H

#include "tests/sim/sim.h"

/* By urgency: cases that were submitted, and how the first offer of each ended. */
struct outcome {
    uint64_t submitted, accepted, in_time, escalated, expired, withdrawn, rejected;
    uint64_t signed_count, closed, open;
    struct samples accept_ms, sign_ms; /* since it was submitted */
};

struct outcomes {
    struct outcome by[URGENCIES];
    int64_t states[CONSULT_STATE_COUNT];
    uint64_t reads, lives, mdts;
    int64_t up, down, arrived, returned, lapsed, refused; /* referrals sent in the month */
    int64_t inpatients; /* had come by a referral and were there when it began */
};

void outcome_read(struct sim *sim, struct outcomes *out_outcomes);
void outcome_clear(struct outcomes *outcomes);

#endif
