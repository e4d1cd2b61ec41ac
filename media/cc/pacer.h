/* Spreads video to one browser, so that a key frame does not leave in one burst and fill the queue
 * of a thin line: a token bucket in octets and a row of packets that wait. It holds numbers, not
 * octets: the payload stays in the publisher's resend cache until the packet leaves. What waits is
 * bounded in packets and in time; a line that nothing is known against is hardly slowed:
 * decisions/004-pacing.md. Plain storage, no allocation, one thread. */
#ifndef MEDIA_CC_PACER_H
#define MEDIA_CC_PACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACER_ITEMS 128           /* packets that wait: a key frame of 1080p */
#define PACER_WAIT_US 250000      /* the rate is never below what would empty the row in it */
#define PACER_FREE_BPS 20000000   /* no limit known: a usual picture leaves at once */
#define PACER_BURST_US 5000       /* one tick of the worker at the present rate, */
#define PACER_BURST_LEAST 4800    /* octets: and four packets at least */
#define PACER_DEBT_MOST (-100000) /* octets: sound and repairs do not wait, but are counted */

struct pacer_item {
    uint64_t original; /* publisher's extended sequence number: its place in the cache */
    uint32_t timestamp, connection, epoch; /* the latter two: of the publisher */
    uint16_t sequence, octets;
    uint8_t slot, seat;
};

struct pacer {
    int64_t at_us, tokens;
    uint32_t waiting_octets;
    unsigned head, count;
    struct pacer_item items[PACER_ITEMS];
};

/* limit_bps: what the line carries, as far as known; no_limit: that value says that nothing is
 * known. */
void pacer_rate(struct pacer *pacer, int64_t now_us, uint32_t limit_bps, uint32_t no_limit);
/* Octets that leave now, whether or not there is room for them. */
void pacer_spend(struct pacer *pacer, size_t octets);
/* True: a packet may leave now (nothing waits, and there is room). */
bool pacer_open(const struct pacer *pacer);
/* Waits behind the others. False: no place; the caller takes the first out and tries again. */
bool pacer_push(struct pacer *pacer, const struct pacer_item *item);
/* Takes out what may leave now; all: whatever waits. */
bool pacer_take(struct pacer *pacer, bool all, struct pacer_item *out_item);

#endif
