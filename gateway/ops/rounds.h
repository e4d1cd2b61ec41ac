/* What the gateway does by the clock: due timers of consultations and referrals each second, the
 * snapshot of consultations and queue into the metrics each 5 s, duty each 2 s, disk and database
 * into health each 10 s, abandoned uploads each hour. T0; the work runs on the workers. */
#ifndef GATEWAY_OPS_ROUNDS_H
#define GATEWAY_OPS_ROUNDS_H

#include "gateway/app.h"
#include "gateway/ops/health.h"

struct rounds;

/* app and health are borrowed. Starts at the next turn of the loop. */
MUST_USE enum status rounds_create(struct app *app, struct health *health,
                                   struct rounds **out_rounds);
/* No new work is begun; what runs may finish. */
void rounds_stop(struct rounds *rounds);
/* After the workers have ended; NULL is fine. */
void rounds_destroy(struct rounds *rounds);
/* Statistics of the web and the workers into the metrics, now (each second, and before /metrics is
 * answered). */
void rounds_measure(struct app *app, struct health *health);

#endif
