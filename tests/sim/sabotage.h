/* Controls: what the checks must see, broken on purpose (--break). */
#ifndef TESTS_SIM_SABOTAGE_H
#define TESTS_SIM_SABOTAGE_H

#include "tests/sim/sim.h"

/* "lose-timers" ...; NULL beyond the last. */
const char *sabotage_name(enum sabotage sabotage);
/* SABOTAGE_COUNT: there is no such one. */
enum sabotage sabotage_of(const char *name);
/* A script: breaks what params[0] names. */
void sabotage_script(struct api_call *call);

#endif
