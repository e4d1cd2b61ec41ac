#include "tests/sim/samples.h"

#include "proto/base/check.h"

#include <stdlib.h>

void samples_add(struct samples *samples, int64_t value)
{
    if (samples->count == samples->room) {
        samples->room = samples->room == 0 ? 256 : samples->room * 2;
        samples->values = realloc(samples->values, samples->room * sizeof *samples->values);
        CHECK(samples->values != NULL);
    }
    samples->values[samples->count++] = value;
    samples->sum += value;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

int64_t samples_share(struct samples *samples, double share)
{
    if (samples->count == 0) {
        return 0;
    }
    qsort(samples->values, samples->count, sizeof *samples->values, compare);
    double at = share * (double)samples->count;
    size_t index = (size_t)at;
    index = (double)index == at && index > 0 ? index - 1 : index;
    return samples->values[index < samples->count ? index : samples->count - 1];
}

void samples_clear(struct samples *samples)
{
    free(samples->values);
    *samples = (struct samples){.values = NULL};
}
