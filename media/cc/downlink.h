/* What the way to one browser carries, from its transport-wide feedback: loss, received rate,
 * queueing delay, and from them a deliberately simple, conservative limit that the publishers are
 * told by REMB. A full estimator (trend line, probing) takes its place later:
 * decisions/003-downlink.md. Plain storage, no allocation, one thread. */
#ifndef MEDIA_CC_DOWNLINK_H
#define MEDIA_CC_DOWNLINK_H

#include "proto/rtcp/twcc.h"

#define DOWNLINK_SENT                                                                              \
    1024 /* packets remembered: 1.2 s of five pictures, the longest way and back */
#define DOWNLINK_WINDOW_US 500000 /* one decision each */
#define DOWNLINK_BPS_MIN                                                                           \
    100000 /* below it only the picture's existence counts; audio is not limited by REMB */
#define DOWNLINK_BPS_MAX 5000000 /* "no limit": 720p30 needs half of it */
#define DOWNLINK_QUEUE_US 120000 /* standing queue above the shortest delay seen = overuse */
#define DOWNLINK_LOSS_PERMILLE                                                                     \
    250 /* loss that is taken for overuse by itself; random loss below it is repaired instead */

struct downlink {
    uint64_t next; /* extended transport sequence number to send next */
    struct {
        uint32_t sent_us; /* the low 32 bits */
        uint16_t bytes;
        uint16_t turn; /* 2 x (sequence / DOWNLINK_SENT), its low bits; odd: reported */
    } sent[DOWNLINK_SENT];
    int64_t window_begin_us;
    uint64_t window_bytes, window_received, window_lost;
    int64_t window_queue_us; /* smallest of the window */
    int64_t shortest_us, shortest_next_us,
        shortest_at_us; /* arrival - departure, the least of the last 10-20 s */
    bool has_shortest;
    uint32_t received_bps, limit_bps;
    uint32_t loss_permille;
};

void downlink_init(struct downlink *downlink, int64_t now_us);
/* The number for the next packet; it is taken as sent now. */
uint16_t downlink_sent(struct downlink *downlink, int64_t now_us, size_t bytes);
/* Fetches into the processor's cache what the next downlink_sent() writes. */
void downlink_prefetch_sent(const struct downlink *downlink);
/* One feedback packet that twcc_read accepted. */
void downlink_feedback(struct downlink *downlink, int64_t now_us, struct twcc_reader *reader);
/* DOWNLINK_BPS_MAX while nothing speaks against it. */
uint32_t downlink_limit_bps(const struct downlink *downlink);

#endif
