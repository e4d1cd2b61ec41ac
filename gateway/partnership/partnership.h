/* GET /api/v1/partnerships and GET /api/v1/reach; exports partnership_routes (gateway/api.h). Store
 * thread. */
#ifndef GATEWAY_PARTNERSHIP_PARTNERSHIP_H
#define GATEWAY_PARTNERSHIP_PARTNERSHIP_H

#include "gateway/api.h"

#define PARTNERSHIP_SPECIALTY_MAX 64 /* characters of a specialty code */

#endif
