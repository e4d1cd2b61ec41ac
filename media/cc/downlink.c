#include "media/cc/downlink.h"

#include "media/rt/prefetch.h"
#include "proto/base/seq.h"

#define ORIGIN (1ULL << 32)
#define SHORTEST_US                                                                                \
    10000000 /* the base delay is renewed each 10 s, so that a changed route or clock drift is     \
                followed */

void downlink_init(struct downlink *downlink, int64_t now_us)
{
    *downlink =
        (struct downlink){.next = ORIGIN, .window_begin_us = now_us, .limit_bps = DOWNLINK_BPS_MAX};
    downlink->window_queue_us = INT64_MAX;
}

/* What stands in `turn` for a packet that was not reported yet. */
static uint16_t turn_of(uint64_t sequence)
{
    return (uint16_t)(sequence / DOWNLINK_SENT * 2);
}

uint16_t downlink_sent(struct downlink *downlink, int64_t now_us, size_t bytes)
{
    uint64_t sequence = downlink->next++;
    unsigned at = (unsigned)(sequence % DOWNLINK_SENT);
    downlink->sent[at].sent_us = (uint32_t)now_us;
    downlink->sent[at].bytes = bytes > UINT16_MAX ? UINT16_MAX : (uint16_t)bytes;
    downlink->sent[at].turn = turn_of(sequence);
    return (uint16_t)sequence;
}

void downlink_prefetch_sent(const struct downlink *downlink)
{
    prefetch_write(&downlink->sent[downlink->next % DOWNLINK_SENT]);
}

static void measure_delay(struct downlink *downlink, int64_t now_us, int64_t delay_us)
{
    if (!downlink->has_shortest || now_us - downlink->shortest_at_us > SHORTEST_US) {
        downlink->shortest_us = downlink->has_shortest ? downlink->shortest_next_us : delay_us;
        downlink->shortest_next_us = delay_us;
        downlink->shortest_at_us = now_us;
        downlink->has_shortest = true;
    }
    if (delay_us < downlink->shortest_us) {
        downlink->shortest_us = delay_us;
    }
    if (delay_us < downlink->shortest_next_us) {
        downlink->shortest_next_us = delay_us;
    }
    int64_t queue_us = delay_us - downlink->shortest_us;
    if (queue_us < downlink->window_queue_us) {
        downlink->window_queue_us = queue_us;
    }
}

/* Down to 85 % of what really arrived, at once; up by 8 % each window, at most to twice what
 * arrives. */
static void decide(struct downlink *downlink, int64_t now_us)
{
    int64_t span_us = now_us - downlink->window_begin_us;
    uint64_t total = downlink->window_received + downlink->window_lost;
    if (span_us < DOWNLINK_WINDOW_US || total < 10) {
        return;
    }
    downlink->received_bps = (uint32_t)(downlink->window_bytes * 8 * 1000000 / (uint64_t)span_us);
    downlink->loss_permille = (uint32_t)(downlink->window_lost * 1000 / total);
    bool overuse = downlink->window_queue_us > DOWNLINK_QUEUE_US ||
                   downlink->loss_permille > DOWNLINK_LOSS_PERMILLE;
    uint64_t limit = downlink->limit_bps;
    if (overuse) {
        uint64_t down = (uint64_t)downlink->received_bps * 85 / 100;
        limit = down < limit ? down : limit;
    } else {
        uint64_t up = limit * 108 / 100;
        uint64_t top = (uint64_t)downlink->received_bps * 2 + 200000;
        if (limit < top) { /* else the publishers send less than they may: nothing was learned */
            limit = up < top ? up : top;
        }
    }
    limit = limit < DOWNLINK_BPS_MIN ? DOWNLINK_BPS_MIN : limit;
    downlink->limit_bps = limit > DOWNLINK_BPS_MAX ? DOWNLINK_BPS_MAX : (uint32_t)limit;
    downlink->window_begin_us = now_us;
    downlink->window_bytes = 0;
    downlink->window_received = 0;
    downlink->window_lost = 0;
    downlink->window_queue_us = INT64_MAX;
}

void downlink_feedback(struct downlink *downlink, int64_t now_us, struct twcc_reader *reader)
{
    struct twcc_item item;
    while (twcc_next(reader, &item)) {
        uint64_t sequence = (uint64_t)((int64_t)downlink->next +
                                       seq16_delta((uint16_t)downlink->next, item.sequence));
        unsigned at = (unsigned)(sequence % DOWNLINK_SENT);
        if (sequence >= downlink->next || downlink->sent[at].turn != turn_of(sequence)) {
            continue; /* a report of what was never sent, is forgotten, or was reported before
                         counts for nothing */
        }
        downlink->sent[at].turn |= 1;
        if (!item.received) {
            downlink->window_lost++;
            continue;
        }
        downlink->window_received++;
        downlink->window_bytes += downlink->sent[at].bytes;
        uint32_t passed_us = (uint32_t)now_us - downlink->sent[at].sent_us;
        measure_delay(downlink, now_us, item.arrival_us - (now_us - (int64_t)passed_us));
    }
    decide(downlink, now_us);
}

uint32_t downlink_limit_bps(const struct downlink *downlink)
{
    return downlink->limit_bps;
}
