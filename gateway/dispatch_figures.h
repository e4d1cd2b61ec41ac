/* What calls leave in the metrics and the log. T0, except dispatch_commit_observed (dispatch.h).
 * metrics may be NULL. */
#ifndef GATEWAY_DISPATCH_FIGURES_H
#define GATEWAY_DISPATCH_FIGURES_H

#include "gateway/dispatch_call.h"
#include "gateway/ops/metrics.h"

/* An answer. route NULL: refused before one was found. */
void dispatch_figures_request(struct metrics *metrics, const struct api_route *route, int status,
                              int64_t started_us);
/* A part on the store is over. */
void dispatch_figures_job(struct metrics *metrics, const struct dispatch_call *dispatch,
                          int64_t posted_us);
/* A queue was full. */
void dispatch_figures_full(struct metrics *metrics);
/* EFFECT_COUNT_METRIC: counts that scripts ask for by name. */
void dispatch_figures_named(struct metrics *metrics, const struct api_effect *effects);
/* One line for each call that changes something; reads are metrics only. Ids and codes, never what
 * was written. */
void dispatch_log(const struct dispatch_call *dispatch, int64_t started_us);

#endif
