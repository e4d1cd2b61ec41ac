/* The month: arrivals by seed, then event after event until its end, the timers of the gateway
 * among them. One thread. */
#ifndef TESTS_SIM_MONTH_H
#define TESTS_SIM_MONTH_H

#include "tests/sim/sim.h"

/* Draws the cases and plans their arrival, the rosters and the checks. The world is there. */
void month_begin(struct sim *sim);
/* Until sim->end_ms. progress: a line a day on standard error. */
void month_run(struct sim *sim, bool progress);

#endif
