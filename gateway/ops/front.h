/* What the port answers, by path: /api/v1 to the dispatcher, /ws to the hub, /healthz, /readyz and
 * /metrics from here, everything else from the built console. T0. */
#ifndef GATEWAY_OPS_FRONT_H
#define GATEWAY_OPS_FRONT_H

#include "gateway/app.h"
#include "gateway/ops/health.h"
#include "gateway/web/static.h"

/* Filled by main; the members are borrowed. */
struct front {
    struct app *app;
    struct health health;
    struct web_static *console; /* NULL: not built */
    char build_info[256];       /* labels of consult_build_info */
};

struct web_handlers front_handlers(struct front *front);

#endif
