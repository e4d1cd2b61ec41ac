#include "gateway/ops/metrics.h"

#include "proto/base/check.h"
#include "proto/base/span.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define DIMENSIONS 3
#define BOUNDS_MAX 16

enum kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };

enum bounds_id {
    BOUNDS_NONE,
#define BOUNDS(id, scale, ...) BOUNDS_##id,
#include "gateway/ops/metrics.def"
    BOUNDS_COUNT
};

struct bounds {
    double scale;
    unsigned count;
    int64_t at[BOUNDS_MAX];
};

static const struct bounds bounds_table[BOUNDS_COUNT] = {
#define BOUNDS(id, scale_, ...)                                                                    \
    [BOUNDS_##id] = {scale_, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), {__VA_ARGS__}},
#include "gateway/ops/metrics.def"
};

struct labels {
    const char *label, *values; /* values separated by | */
};

static const struct labels label_table[METRICS_LABELS_COUNT] = {
#define LABELS(id, label_, values_) [METRICS_LABELS_##id] = {label_, values_},
#include "gateway/ops/metrics.def"
};

struct family {
    const char *name, *help;
    enum kind kind;
    enum metrics_labels labels[DIMENSIONS];
    enum bounds_id bounds;
};

#define SETS(a, b, c)                                                                              \
    {                                                                                              \
        METRICS_LABELS_##a, METRICS_LABELS_##b, METRICS_LABELS_##c                                 \
    }
static const struct family families[METRIC_COUNT] = {
#define COUNTER(id, n, a, b, c, h)                                                                 \
    [METRIC_##id] = {.name = n, .help = h, .kind = KIND_COUNTER, .labels = SETS(a, b, c)},
#define GAUGE(id, n, a, b, c, h)                                                                   \
    [METRIC_##id] = {.name = n, .help = h, .kind = KIND_GAUGE, .labels = SETS(a, b, c)},
#define HISTOGRAM(id, n, a, b, c, bo, h)                                                           \
    [METRIC_##id] = {.name = n,                                                                    \
                     .help = h,                                                                    \
                     .kind = KIND_HISTOGRAM,                                                       \
                     .labels = SETS(a, b, c),                                                      \
                     .bounds = BOUNDS_##bo},
#include "gateway/ops/metrics.def"
};

/* One cell a series; a histogram's series has one a bucket, one for +Inf, and the sum behind them.
 */
struct metrics {
    size_t first[METRIC_COUNT]; /* cell of the family's first series */
    unsigned sizes[METRICS_LABELS_COUNT];
    _Atomic int64_t cells[];
};

static unsigned labels_size(enum metrics_labels labels)
{
    unsigned size = 1;
    for (const char *p = label_table[labels].values; *p != '\0'; p++) {
        size += *p == '|';
    }
    return size;
}

static size_t cells_of_series(const struct family *family)
{
    return family->kind == KIND_HISTOGRAM ? bounds_table[family->bounds].count + 2u : 1u;
}

static size_t series_of(const unsigned *sizes, const struct family *family)
{
    return (size_t)sizes[family->labels[0]] * sizes[family->labels[1]] * sizes[family->labels[2]];
}

enum status metrics_create(struct metrics **out_metrics)
{
    unsigned sizes[METRICS_LABELS_COUNT];
    size_t cells = 0;
    for (unsigned i = 0; i < METRICS_LABELS_COUNT; i++) {
        sizes[i] = labels_size((enum metrics_labels)i);
    }
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        cells += series_of(sizes, &families[i]) * cells_of_series(&families[i]);
    }
    struct metrics *metrics = calloc(1, sizeof(*metrics) + cells * sizeof(metrics->cells[0]));
    if (metrics == NULL) {
        return STATUS_NO_MEMORY;
    }
    memcpy(metrics->sizes, sizes, sizeof(sizes));
    cells = 0;
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        metrics->first[i] = cells;
        cells += series_of(sizes, &families[i]) * cells_of_series(&families[i]);
    }
    *out_metrics = metrics;
    return STATUS_OK;
}

void metrics_destroy(struct metrics *metrics)
{
    free(metrics);
}

/* The value at `index`, or the index of a value; `other` is the last. */
static struct span label_at(enum metrics_labels labels, unsigned index)
{
    const char *p = label_table[labels].values;
    for (unsigned i = 0; i < index; i++) {
        const char *bar = strchr(p, '|');
        CHECK(bar != NULL);
        p = bar + 1;
    }
    return span_of(p, strcspn(p, "|"));
}

static unsigned label_index(enum metrics_labels labels, unsigned size, struct span value)
{
    for (unsigned i = 0; i < size; i++) {
        if (span_equal(label_at(labels, i), value)) {
            return i;
        }
    }
    return size - 1;
}

unsigned metrics_label(enum metrics_labels labels, const char *value)
{
    CHECK(labels < METRICS_LABELS_COUNT);
    return label_index(labels, labels_size(labels), span_text(value == NULL ? "" : value));
}

static size_t cell_of(const struct metrics *metrics, enum metrics_id id,
                      const unsigned at[DIMENSIONS])
{
    const struct family *family = &families[id];
    size_t series = 0;
    for (unsigned d = 0; d < DIMENSIONS; d++) {
        unsigned size = metrics->sizes[family->labels[d]];
        series = series * size + (at[d] < size ? at[d] : size - 1);
    }
    return metrics->first[id] + series * cells_of_series(family);
}

static _Atomic int64_t *cell(struct metrics *metrics, enum metrics_id id, enum kind kind,
                             const unsigned at[DIMENSIONS])
{
    CHECK(id < METRIC_COUNT && families[id].kind == kind);
    return &metrics->cells[cell_of(metrics, id, at)];
}

void metrics_add(struct metrics *metrics, enum metrics_id counter, unsigned a, unsigned b,
                 unsigned c, uint64_t n)
{
    if (metrics != NULL) {
        const unsigned at[DIMENSIONS] = {a, b, c};
        (void)atomic_fetch_add_explicit(cell(metrics, counter, KIND_COUNTER, at), (int64_t)n,
                                        memory_order_relaxed);
    }
}

void metrics_raise(struct metrics *metrics, enum metrics_id counter, unsigned a, unsigned b,
                   unsigned c, uint64_t value)
{
    if (metrics == NULL) {
        return;
    }
    const unsigned at[DIMENSIONS] = {a, b, c};
    _Atomic int64_t *place = cell(metrics, counter, KIND_COUNTER, at);
    int64_t now = atomic_load_explicit(place, memory_order_relaxed);
    while (now < (int64_t)value &&
           !atomic_compare_exchange_weak_explicit(place, &now, (int64_t)value, memory_order_relaxed,
                                                  memory_order_relaxed)) {
    }
}

void metrics_set(struct metrics *metrics, enum metrics_id gauge, unsigned a, unsigned b, unsigned c,
                 int64_t value)
{
    if (metrics != NULL) {
        const unsigned at[DIMENSIONS] = {a, b, c};
        atomic_store_explicit(cell(metrics, gauge, KIND_GAUGE, at), value, memory_order_relaxed);
    }
}

void metrics_clear(struct metrics *metrics, enum metrics_id gauge)
{
    if (metrics != NULL) {
        const unsigned zero[DIMENSIONS] = {0};
        _Atomic int64_t *first = cell(metrics, gauge, KIND_GAUGE, zero);
        size_t count = series_of(metrics->sizes, &families[gauge]);
        for (size_t i = 0; i < count; i++) {
            atomic_store_explicit(&first[i], 0, memory_order_relaxed);
        }
    }
}

void metrics_observe(struct metrics *metrics, enum metrics_id histogram, unsigned a, unsigned b,
                     unsigned c, int64_t value)
{
    if (metrics == NULL) {
        return;
    }
    const unsigned at[DIMENSIONS] = {a, b, c};
    _Atomic int64_t *first = cell(metrics, histogram, KIND_HISTOGRAM, at);
    const struct bounds *bounds = &bounds_table[families[histogram].bounds];
    unsigned bucket = 0;
    while (bucket < bounds->count && value > bounds->at[bucket]) {
        bucket++;
    }
    (void)atomic_fetch_add_explicit(&first[bucket], 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&first[bounds->count + 1], value > 0 ? value : 0,
                                    memory_order_relaxed);
}

bool metrics_add_named(struct metrics *metrics, const char *name, const char *label_values,
                       uint64_t n)
{
    if (metrics == NULL || name == NULL) {
        return false;
    }
    for (unsigned id = 0; id < METRIC_COUNT; id++) {
        if (families[id].kind != KIND_COUNTER || strcmp(families[id].name, name) != 0) {
            continue;
        }
        const char *p = label_values == NULL ? "" : label_values;
        unsigned at[DIMENSIONS] = {0};
        for (unsigned d = 0; d < DIMENSIONS && families[id].labels[d] != METRICS_LABELS_NONE; d++) {
            size_t len = strcspn(p, ",");
            enum metrics_labels labels = families[id].labels[d];
            at[d] = label_index(labels, metrics->sizes[labels], span_of(p, len));
            p += p[len] == ',' ? len + 1 : len;
        }
        metrics_add(metrics, (enum metrics_id)id, at[0], at[1], at[2], n);
        return true;
    }
    return false;
}

uint64_t metrics_value(const struct metrics *metrics, enum metrics_id id, unsigned a, unsigned b,
                       unsigned c)
{
    const unsigned at[DIMENSIONS] = {a, b, c};
    size_t place = cell_of(metrics, id, at);
    if (families[id].kind != KIND_HISTOGRAM) {
        return (uint64_t)atomic_load_explicit(&metrics->cells[place], memory_order_relaxed);
    }
    uint64_t count = 0;
    for (unsigned i = 0; i <= bounds_table[families[id].bounds].count; i++) {
        count += (uint64_t)atomic_load_explicit(&metrics->cells[place + i], memory_order_relaxed);
    }
    return count;
}

double metrics_quantile(const struct metrics *metrics, enum metrics_id histogram, unsigned a,
                        unsigned b, unsigned c, double q)
{
    CHECK(histogram < METRIC_COUNT && families[histogram].kind == KIND_HISTOGRAM);
    const unsigned at[DIMENSIONS] = {a, b, c};
    const struct bounds *bounds = &bounds_table[families[histogram].bounds];
    const _Atomic int64_t *first = &metrics->cells[cell_of(metrics, histogram, at)];
    double wanted = q * (double)metrics_value(metrics, histogram, a, b, c);
    double count = 0;
    unsigned bucket = 0;
    if (wanted <= 0) {
        return 0;
    }
    for (; bucket < bounds->count; bucket++) {
        count += (double)atomic_load_explicit(&first[bucket], memory_order_relaxed);
        if (count >= wanted) {
            break;
        }
    }
    return (double)bounds->at[bucket < bounds->count ? bucket : bounds->count - 1] / bounds->scale;
}

/* --- text
 * ---------------------------------------------------------------------------------------------------------
 */

struct metrics_sink {
    char *text;
    size_t len, room;
    bool failed;
    char last_name[128]; /* of metrics_sink_counter() */
};

__attribute__((format(printf, 2, 3))) static void print(struct metrics_sink *sink,
                                                        const char *format, ...)
{
    for (;;) {
        va_list arguments;
        va_start(arguments, format);
        int n = vsnprintf(sink->text + sink->len, sink->room - sink->len, format, arguments);
        va_end(arguments);
        if (sink->failed || n < 0) {
            return;
        }
        if ((size_t)n < sink->room - sink->len) {
            sink->len += (size_t)n;
            return;
        }
        char *larger = realloc(sink->text, sink->room * 2);
        if (larger == NULL) {
            sink->failed = true;
            return;
        }
        sink->text = larger;
        sink->room *= 2;
    }
}

static void print_head(struct metrics_sink *sink, const char *name, const char *help,
                       const char *type)
{
    print(sink, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* `state="offered",mode="..."` without braces; "" when there are no labels. */
static void series_labels(const struct metrics *metrics, const struct family *family, size_t series,
                          char *out, size_t room)
{
    size_t at = 0;
    unsigned index[DIMENSIONS];
    for (unsigned d = DIMENSIONS; d-- > 0;) {
        unsigned size = metrics->sizes[family->labels[d]];
        index[d] = (unsigned)(series % size);
        series /= size;
    }
    out[0] = '\0';
    for (unsigned d = 0; d < DIMENSIONS && family->labels[d] != METRICS_LABELS_NONE; d++) {
        struct span value = label_at(family->labels[d], index[d]);
        int n = snprintf(out + at, room - at, "%s%s=\"%.*s\"", at > 0 ? "," : "",
                         label_table[family->labels[d]].label, (int)value.len,
                         (const char *)value.data);
        CHECK(n > 0 && (size_t)n < room - at);
        at += (size_t)n;
    }
}

static void print_histogram(struct metrics_sink *sink, const struct family *family,
                            const _Atomic int64_t *cells, const char *labels)
{
    const struct bounds *bounds = &bounds_table[family->bounds];
    const char *comma = labels[0] == '\0' ? "" : ",";
    int64_t count = 0;
    for (unsigned i = 0; i < bounds->count; i++) {
        count += atomic_load_explicit(&cells[i], memory_order_relaxed);
        print(sink, "%s_bucket{%s%sle=\"%.10g\"} %lld\n", family->name, labels, comma,
              (double)bounds->at[i] / bounds->scale, (long long)count);
    }
    count += atomic_load_explicit(&cells[bounds->count], memory_order_relaxed);
    print(sink, "%s_bucket{%s%sle=\"+Inf\"} %lld\n", family->name, labels, comma, (long long)count);
    const char *open = labels[0] == '\0' ? "" : "{";
    const char *close = labels[0] == '\0' ? "" : "}";
    int64_t sum = atomic_load_explicit(&cells[bounds->count + 1], memory_order_relaxed);
    print(sink, "%s_sum%s%s%s %.10g\n", family->name, open, labels, close,
          (double)sum / bounds->scale);
    print(sink, "%s_count%s%s%s %lld\n", family->name, open, labels, close, (long long)count);
}

/* A series of "other" that never was counted is left out: it says nothing. */
static bool is_unused_other(const struct metrics *metrics, const struct family *family,
                            size_t series, bool zero)
{
    for (unsigned d = DIMENSIONS; zero && d-- > 0;) {
        unsigned size = metrics->sizes[family->labels[d]];
        if (family->labels[d] != METRICS_LABELS_NONE && series % size == size - 1) {
            return true;
        }
        series /= size;
    }
    return false;
}

static void print_family(struct metrics_sink *sink, const struct metrics *metrics,
                         enum metrics_id id)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    const struct family *family = &families[id];
    print_head(sink, family->name, family->help, types[family->kind]);
    size_t count = series_of(metrics->sizes, family);
    for (size_t series = 0; series < count; series++) {
        const _Atomic int64_t *cells =
            &metrics->cells[metrics->first[id] + series * cells_of_series(family)];
        char labels[256];
        series_labels(metrics, family, series, labels, sizeof(labels));
        int64_t value = atomic_load_explicit(&cells[0], memory_order_relaxed);
        bool zero = value == 0;
        for (size_t i = 1; i < cells_of_series(family); i++) {
            zero = zero && atomic_load_explicit(&cells[i], memory_order_relaxed) == 0;
        }
        if (is_unused_other(metrics, family, series, zero)) {
            continue;
        }
        if (family->kind == KIND_HISTOGRAM) {
            print_histogram(sink, family, cells, labels);
        } else if (labels[0] == '\0') {
            print(sink, "%s %lld\n", family->name, (long long)value);
        } else {
            print(sink, "%s{%s} %lld\n", family->name, labels, (long long)value);
        }
    }
}

void metrics_sink_counter(struct metrics_sink *sink, const char *name, const char *labels,
                          const char *help, uint64_t value)
{
    if (strcmp(sink->last_name, name) != 0) {
        print_head(sink, name, help, "counter");
        (void)snprintf(sink->last_name, sizeof(sink->last_name), "%s", name);
    }
    if (labels == NULL || labels[0] == '\0') {
        print(sink, "%s %llu\n", name, (unsigned long long)value);
    } else {
        print(sink, "%s{%s} %llu\n", name, labels, (unsigned long long)value);
    }
}

enum status metrics_render(const struct metrics *metrics, const char *build_info,
                           metrics_source source, void *context, char **out_text, size_t *out_len)
{
    struct metrics_sink sink = {.room = 65536};
    sink.text = malloc(sink.room);
    if (sink.text == NULL) {
        return STATUS_NO_MEMORY;
    }
    print_head(&sink, "consult_build_info", "Versions, as labels; always 1.", "gauge");
    print(&sink, "consult_build_info{%s} 1\n", build_info);
    for (unsigned id = 0; id < METRIC_COUNT; id++) {
        print_family(&sink, metrics, (enum metrics_id)id);
    }
    if (source != NULL) {
        source(context, &sink);
    }
    if (sink.failed) {
        free(sink.text);
        return STATUS_NO_MEMORY;
    }
    *out_text = sink.text;
    *out_len = sink.len;
    return STATUS_OK;
}
