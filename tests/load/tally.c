#include "tests/load/tally.h"

void tally_delay(struct tally *tally, int64_t delay_ns)
{
    int64_t us = delay_ns < 0 ? 0 : delay_ns / 1000;
    tally->delay_max_us = us > tally->delay_max_us ? us : tally->delay_max_us;
    tally->delays[us > TALLY_DELAYS ? TALLY_DELAYS : us]++;
    tally->delay_count++;
}

int64_t tally_delay_us(const struct tally *tally, double share)
{
    uint64_t wanted = (uint64_t)((double)tally->delay_count * share);
    uint64_t count = 0;
    for (int64_t us = 0; us <= TALLY_DELAYS; us++) {
        count += tally->delays[us];
        if (count > wanted) {
            return us;
        }
    }
    return 0;
}
