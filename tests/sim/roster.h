/* Who works when. Day shifts, nights in the large specialties of the larger hospitals, on call in
 * the others; offices look into their worklists four times a day, besides when something is new.
 * README.md has the numbers. */
#ifndef TESTS_SIM_ROSTER_H
#define TESTS_SIM_ROSTER_H

#include "tests/sim/sim.h"

/* Places of the people in their rosters, and the first day. */
void roster_begin(struct sim *sim);

#endif
