/* The live part of GET /ops/overview: once a second T0 writes what is connected and running into a
 * snapshot, and the store thread merges it into the answer. No clinical data: ids and figures. */
#ifndef GATEWAY_SESSION_LIVE_H
#define GATEWAY_SESSION_LIVE_H

#include "gateway/consult/ops_overview.h"
#include "gateway/session/hub.h"

struct live;

/* Further members from main (store latency, build, health): called on T0 with the object under
 * construction; may be NULL. */
typedef void (*live_extra)(void *context, json_t *overview);

/* T0. Starts the timer and registers with ops_overview_set_live(). */
MUST_USE enum status live_create(struct app *app, live_extra extra, void *context,
                                 struct live **out_live);
/* T0, after the store thread has ended. NULL is fine. */
void live_destroy(struct live *live);

#endif
