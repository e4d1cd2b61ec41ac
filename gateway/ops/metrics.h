/* Counters, gauges and histograms of fixed label sets (metrics.def), written as Prometheus text
 * format 0.0.4. Observing is wait-free (relaxed atomics) and allocates nothing: any thread. Label
 * arguments are indices of the set in the order of the table, or what metrics_label() found; unused
 * ones are 0. An index outside its set counts as its last value, "other". Owner: main. */
#ifndef GATEWAY_OPS_METRICS_H
#define GATEWAY_OPS_METRICS_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct metrics;

enum metrics_labels {
#define LABELS(id, label, values) METRICS_LABELS_##id,
#include "gateway/ops/metrics.def"
    METRICS_LABELS_COUNT
};

enum metrics_id {
#define COUNTER(id, name, a, b, c, help) METRIC_##id,
#define GAUGE(id, name, a, b, c, help) METRIC_##id,
#define HISTOGRAM(id, name, a, b, c, bounds, help) METRIC_##id,
#include "gateway/ops/metrics.def"
    METRIC_COUNT
};

MUST_USE enum status metrics_create(struct metrics **out_metrics);
void metrics_destroy(struct metrics *metrics); /* NULL is fine */

/* Index of a value in its set; the last one ("other") when it is not in it. NULL counts as "other".
 */
unsigned metrics_label(enum metrics_labels labels, const char *value);

/* METRICS may be NULL (tests of other modules): nothing happens. */
void metrics_add(struct metrics *metrics, enum metrics_id counter, unsigned a, unsigned b,
                 unsigned c, uint64_t n);
/* For sources that keep the count themselves (struct web_stats): the counter becomes `value` if
 * that is higher. */
void metrics_raise(struct metrics *metrics, enum metrics_id counter, unsigned a, unsigned b,
                   unsigned c, uint64_t value);
void metrics_set(struct metrics *metrics, enum metrics_id gauge, unsigned a, unsigned b, unsigned c,
                 int64_t value);
/* Value in the unit of the histogram's bounds (LATENCY_US: microseconds). */
void metrics_observe(struct metrics *metrics, enum metrics_id histogram, unsigned a, unsigned b,
                     unsigned c, int64_t value);
/* Counts by names, for effects that come as text: "consult_uploads_total" and the label values in
 * order, separated by commas ("hash"). False when there is no such counter. */
bool metrics_add_named(struct metrics *metrics, const char *name, const char *label_values,
                       uint64_t n);
/* All gauges of the family become 0 (before a snapshot sets those that are there). */
void metrics_clear(struct metrics *metrics, enum metrics_id gauge);

uint64_t metrics_value(const struct metrics *metrics, enum metrics_id id, unsigned a, unsigned b,
                       unsigned c);

/* The bound below which the share q (0..1) of a histogram's observations lies, in the exported
 * unit; 0 without any. */
double metrics_quantile(const struct metrics *metrics, enum metrics_id histogram, unsigned a,
                        unsigned b, unsigned c, double q);

/* Further families that live elsewhere (media_counters): emits each counter to the sink, those of
 * one name one after another. */
struct metrics_sink;
typedef void (*metrics_source)(void *context, struct metrics_sink *sink);
/* labels: `kind="x"` or NULL. name is used as it stands; the help of the first row of a name
 * counts. */
void metrics_sink_counter(struct metrics_sink *sink, const char *name, const char *labels,
                          const char *help, uint64_t value);

/* The whole text, malloc'd (free it), NUL-terminated. build_info: ready labels for
 * consult_build_info (`version="0.1.0",...`). STATUS_NO_MEMORY. */
MUST_USE enum status metrics_render(const struct metrics *metrics, const char *build_info,
                                    metrics_source source, void *context, char **out_text,
                                    size_t *out_len);

#endif
