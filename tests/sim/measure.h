/* How long the worklists take with the month's cases in the store. */
#ifndef TESTS_SIM_MEASURE_H
#define TESTS_SIM_MEASURE_H

#include "tests/sim/sim.h"

#define MEASURE_ACCOUNTS 200   /* of each list and role, at most */
#define MEASURE_LIMIT_US 20000 /* p99 must be below */
#define MEASURE_MAX 40

struct measure {
    const char *list;
    char role[16];
    struct samples us, cpu_us; /* by the clock, and of the processor: others use this machine too */
    size_t rows_max;
};

struct measures {
    struct measure by[MEASURE_MAX];
    size_t count;
};

#define MEASURE_SYSTEM "system" /* role: no worklist, but what the gateway itself asks each 5 s */

/* Each list for each role that has it: the script as the console calls it (default page of 50),
 * once to warm up, three times measured. And the
 * counts for metrics and the operator's page. */
void measure_lists(struct sim *sim, struct measures *out_measures);
void measure_clear(struct measures *measures);

#endif
