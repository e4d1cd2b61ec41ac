/* What the run showed: tables on standard output, everything as JSON in a file. */
#ifndef TESTS_SIM_REPORT_H
#define TESTS_SIM_REPORT_H

#include "tests/sim/measure.h"
#include "tests/sim/outcome.h"
#include "tests/sim/sim.h"

struct result {
    struct sim *sim;
    struct measures lists;
    struct outcomes outcomes;
    int64_t wall_us, cpu_us;      /* of the month, without measuring the lists */
    uint64_t file_bytes, rows[4]; /* database file after a checkpoint; rows of the largest tables */
    double load;                  /* of the machine, when it ended */
};

/* Prints; returns how many gates failed and adds how many passed. */
unsigned report_print(struct result *result, unsigned *passed);
/* True: written. */
bool report_write(struct result *result, const char *path);

#endif
