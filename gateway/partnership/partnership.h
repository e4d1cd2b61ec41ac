/* The routes of partnerships: the list, what may be reached, and the manager's own
 * (partnership_edit.h, partnership_whatif.h); exports partnership_routes (gateway/api.h). Store
 * thread. */
#ifndef GATEWAY_PARTNERSHIP_PARTNERSHIP_H
#define GATEWAY_PARTNERSHIP_PARTNERSHIP_H

#include "gateway/api.h"

#define PARTNERSHIP_SPECIALTY_MAX 64 /* characters of a specialty code */

#endif
