/* The counters of one worker: counters.def as an array. One thread writes (a plain load and store,
 * no locked instruction), any thread reads. */
#ifndef MEDIA_RT_COUNTERS_H
#define MEDIA_RT_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

enum counter {
#define COUNTER(name, metric, labels, help) COUNTER_##name,
#include "media/rt/counters.def"
#undef COUNTER
    COUNTER_COUNT
};

struct counters {
    _Atomic uint64_t values[COUNTER_COUNT];
};

static inline void counters_add(struct counters *counters, enum counter which, uint64_t n)
{
    uint64_t value = atomic_load_explicit(&counters->values[which], memory_order_relaxed);
    atomic_store_explicit(&counters->values[which], value + n, memory_order_relaxed);
}

static inline uint64_t counters_get(const struct counters *counters, enum counter which)
{
    return atomic_load_explicit(&counters->values[which], memory_order_relaxed);
}

struct counters_row {
    const char *metric, *labels, *help;
};
/* Never NULL; which < COUNTER_COUNT. */
const struct counters_row *counters_row(enum counter which);

#endif
