/* /healthz (the process is alive and its loop turns) and /readyz (it takes new work, or why not).
 * One row a part, set by whoever watches it; not set yet counts as not ready. T0. */
#ifndef GATEWAY_OPS_HEALTH_H
#define GATEWAY_OPS_HEALTH_H

#include "gateway/web/web.h"

#include <stdbool.h>

/* HEALTH(ID, "name", needed): needed: not ok means that no new work can be taken. */
#define HEALTH_TABLE                                                                               \
    HEALTH(STORE, "store", true)                                                                   \
    HEALTH(QUEUE, "queue", true)                                                                   \
    HEALTH(DISK, "disk", true)                                                                     \
    HEALTH(MEDIA, "media", true)                                                                   \
    HEALTH(ACCEPTING, "accepting", true)                                                           \
    HEALTH(IMAGING, "imaging", false)                                                              \
    HEALTH(RECORDER, "recorder", false)                                                            \
    HEALTH(CERTIFICATE, "certificate", false)                                                      \
    HEALTH(CONSOLE, "console", false)

enum health_part {
#define HEALTH(id, name, needed) HEALTH_##id,
    HEALTH_TABLE
#undef HEALTH
        HEALTH_COUNT
};

#define HEALTH_DETAIL_SIZE 96

struct health_row {
    const char *name;
    bool needed, known, ok;
    char detail[HEALTH_DETAIL_SIZE]; /* English phrase, no patient data, no path */
};

struct health {
    struct health_row rows[HEALTH_COUNT];
};

void health_init(struct health *health);
/* detail NULL or "": "ok" or "failed". A change is logged. */
void health_set(struct health *health, enum health_part part, bool ok, const char *detail);
bool health_ready(const struct health *health);
/* Answers GET and HEAD of /healthz and /readyz. */
void health_reply_alive(struct web_exchange *exchange);
void health_reply_ready(const struct health *health, struct web_exchange *exchange);

#endif
