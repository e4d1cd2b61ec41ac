/* The city: 200 institutions, 10 partnerships of all four modes and both types, some 1,500 people;
 * made from the seed in the form of consultctl's import file and brought in by the real import
 * (gateway/ctl/import.h). One thread. */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "tests/sim/sim.h"

/* The import file; new reference. */
json_t *world_json(struct random_source *random);
/* Imports it into the open engine and reads ids and roles back into sim. Ends the program with a
 * line when the import is refused. */
void world_make(struct sim *sim);
void world_clear(struct sim *sim);

#endif
