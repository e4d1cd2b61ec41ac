/* Institutions and people of the city, as parts of the import file. */
#ifndef TESTS_SIM_WORLD_PEOPLE_H
#define TESTS_SIM_WORLD_PEOPLE_H

#include "tests/sim/random.h"

#include <jansson.h>

#define WORLD_COUNTIES 4
#define WORLD_TOWNSHIPS 12   /* of each county */
#define WORLD_VILLAGES 27    /* of each county */
#define WORLD_COMMUNITIES 13 /* health centres of each of the two urban groups */
#define WORLD_CITY 7         /* city hospitals: two lead, two second to them, three special ones */
#define WORLD_SECOND 6       /* second hospitals in the counties */

json_t *world_organisations(void);
json_t *world_practitioners(struct random_source *random);
json_t *world_specialties(void);
/* That receive referred patients: four in hospitals, rehabilitation in health centres. */
json_t *world_departments(void);

#endif
