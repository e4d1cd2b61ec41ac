/* What people learn: the effects of each script, as the signalling hub would push them. */
#ifndef TESTS_SIM_NOTICES_H
#define TESTS_SIM_NOTICES_H

#include "tests/sim/sim.h"

/* For struct engine: context is the struct sim. */
void notices_effect(void *context, const struct api_effect *effect);

#endif
