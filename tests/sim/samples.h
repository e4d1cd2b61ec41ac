/* Durations that were measured, kept whole: percentiles are exact. One thread. */
#ifndef TESTS_SIM_SAMPLES_H
#define TESTS_SIM_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

struct samples {
    int64_t *values;
    size_t count, room;
    int64_t sum;
};

void samples_add(struct samples *samples, int64_t value);
/* share 0..1: the smallest value that so many are not above; 0 when there are none. Sorts. */
int64_t samples_share(struct samples *samples, double share);
void samples_clear(struct samples *samples);

#endif
