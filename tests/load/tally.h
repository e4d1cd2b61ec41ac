/* What the generator counts: packets of the measured time and their one-way delay through the
 * server. Plain storage, one thread. */
#ifndef TESTS_LOAD_TALLY_H
#define TESTS_LOAD_TALLY_H

#include <stdint.h>

#define TALLY_DELAYS 1000000 /* one bucket a microsecond; what is longer counts as one second */

struct tally {
    uint64_t expected;   /* packets that receivers should get */
    uint64_t received;   /* of them, each counted once; repaired ones not */
    uint64_t repaired;   /* of the missing ones, those that came as RTX */
    uint64_t duplicates; /* the same packet once more, not as a repair */
    uint64_t strange;    /* not decrypted, or with content that nobody sent */
    uint64_t opened;     /* decrypted and compared with what was sent */
    uint64_t rtcp;       /* reports and feedback received */
    uint64_t keyframe_requests, nacks_heard, nacks_sent;
    uint64_t late;        /* events that were due more than a millisecond before they were sent */
    uint64_t delay_count; /* entries of delays */
    int64_t delay_max_us;
    uint32_t delays[TALLY_DELAYS + 1];
};

void tally_delay(struct tally *tally, int64_t delay_ns);
/* share: 0..1; 0 when nothing was counted. */
int64_t tally_delay_us(const struct tally *tally, double share);

#endif
