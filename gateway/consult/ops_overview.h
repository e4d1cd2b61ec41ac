/* GET /api/v1/ops/overview (operator, admin): counts from the database, live figures from whoever
 * is set here. `add` runs on the store thread with the half-filled object and may add or replace
 * members (connections, sessions, rooms, store, recorder, build, health): it must only read what is
 * safe from there (atomics, a snapshot under a lock). */
#ifndef GATEWAY_CONSULT_OPS_OVERVIEW_H
#define GATEWAY_CONSULT_OPS_OVERVIEW_H

#include "gateway/api.h"

struct ops_live {
    void *context;
    void (*add)(void *context, json_t *overview);
};

/* Once, by main, before the port opens; borrowed for the life of the process; NULL: none. */
void ops_overview_set_live(const struct ops_live *live);
/* The route's function. */
void ops_overview(struct api_call *call);

#endif
