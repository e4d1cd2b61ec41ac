/* GET /api/v1/partnerships and GET /api/v1/reach; exports partnership_routes (gateway/api.h). Store thread. */
#ifndef GATEWAY_PARTNERSHIP_PARTNERSHIP_H
#define GATEWAY_PARTNERSHIP_PARTNERSHIP_H

#include "gateway/api.h"

#define PARTNERSHIP_SPECIALTY_MAX 64 /* characters of a specialty code */

/* {id, name_zh, name_en, mode, type}: new reference, NULL when unknown or the store failed. */
json_t *partnership_json(struct db *db, const char *partnership_id);

#endif
