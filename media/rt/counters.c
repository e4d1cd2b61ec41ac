#include "media/rt/counters.h"

#include "proto/base/check.h"

static const struct counters_row rows[] = {
#define COUNTER(name, metric, labels, help) {metric, labels, help},
#include "media/rt/counters.def"
#undef COUNTER
};

_Static_assert(sizeof(rows) / sizeof(rows[0]) == COUNTER_COUNT, "one row a counter");

const struct counters_row *counters_row(enum counter which)
{
    CHECK(which < COUNTER_COUNT);
    return &rows[which];
}
