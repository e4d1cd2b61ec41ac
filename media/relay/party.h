/* One connection of one seat: its transport and what is kept about its streams both ways. Made and
 * freed by the worker; the relay (relay.h) works on it. Allocates at creation only. One worker
 * thread. */
#ifndef MEDIA_RELAY_PARTY_H
#define MEDIA_RELAY_PARTY_H

#include "media/cc/downlink.h"
#include "media/cc/pacer.h"
#include "media/cc/twcc_in.h"
#include "media/media.h"
#include "media/negotiate/plan.h"
#include "media/stream/cache.h"
#include "media/stream/keyframe.h"
#include "media/stream/rx.h"
#include "media/stream/tx.h"
#include "media/transport/transport.h"

#define PARTY_SILENT_US 1000000 /* media.h: MEDIA_SEAT_SILENT */
#define PARTY_UP_BPS_MAX                                                                           \
    12000000 /* a hostile but authenticated peer: 720p30 screen text peaks below half of it */
#define PARTY_UP_BURST 400000 /* octets: a key frame of 1080p and its padding */
#define PARTY_UP_PPS_MAX                                                                           \
    3000 /* packets a second, reports too: each costs a worker some microseconds a receiver,       \
            however short it is; 12 Mbit/s in packets of 500 octets */
#define PARTY_UP_PPS_BURST 1500
#define PARTY_RTCP_BPS_MAX                                                                         \
    1000000 /* each sender report goes to the recorder, each NACK looks into the cache; feedback   \
               on five streams is below a third of it */
#define PARTY_RTCP_BURST 64000    /* octets */
#define PARTY_RTX_BPS_MAX 3000000 /* repairs that a receiver can provoke */
#define PARTY_RTX_BURST 200000    /* octets */
#define PARTY_FRESH_US                                                                             \
    2000000 /* since its DTLS: the first picture does not wait for the throttle */
#define PARTY_RTT_DEFAULT_US 100000 /* until a report tells; media-peers 4.4 */

struct party_bucket { /* token bucket */
    int64_t at_us, tokens;
};

struct party_up { /* browser -> us, one kind */
    struct rx rx;
    struct cache *cache; /* video of a seat; NULL: nothing is resent */
    struct keyframe keyframe;
    uint64_t nack_sent, pli_sent;
};

struct party_second { /* totals one second ago, for rates */
    uint64_t bytes, expected, lost;
};

struct room;

struct party { /* what each packet needs comes first (warm.h) */
    uint32_t magic;
    uint32_t connection;              /* unique in the process */
    struct room *room;                /* borrowed; set by the worker */
    uint32_t core_index;              /* the worker's place for it */
    uint8_t seat;                     /* or the place of an observer (media.h) */
    bool hurried;                     /* in the worker's row of those (room.h) */
    int8_t slot_seat[PLAN_SLOTS_MAX]; /* -1: empty */
    bool connected_told, live, was_live, gone_told;
    bool state_changed; /* live differs from what was told */
    uint32_t remb_bps;  /* what the browser allows us; 0: it did not say */
    int64_t media_us;   /* last authenticated packet */
    int64_t keys_us;    /* when DTLS was done */
    struct party_bucket packet_bucket, up_bucket, rtx_bucket, rtcp_bucket;
    struct transport transport;
    struct plan plan;
    struct party_up up[PLAN_KINDS];
    struct tx down[PLAN_SLOTS_MAX][PLAN_KINDS];
    struct nack nack; /* of its video */
    struct tx_resent resent;
    struct pacer pacer;
    struct downlink downlink;
    struct twcc_in twcc_in;
    bool has_clock;
    int64_t clock_us; /* our monotonic clock - the publisher's NTP clock */
    uint32_t rtt_us;
    uint32_t limit_told_bps; /* last REMB */
    int64_t report_due_us, remb_due_us, stats_due_us;
    struct party_second second_up[PLAN_KINDS], second_down[PLAN_KINDS];
};

struct party_config {
    uint8_t seat;
    uint32_t connection;
    const struct plan *plan;
    const int8_t *slot_seat; /* PLAN_SLOTS_MAX of them */
    struct dtls_context *dtls;
    struct counters *counters;
    uint8_t random[PLAN_SLOTS_MAX * PLAN_KINDS * 8]; /* for first sequence numbers and timestamps */
};

/* STATUS_NO_MEMORY. */
MUST_USE enum status party_create(const struct party_config *config, int64_t now_us,
                                  struct party **out_party);
void party_destroy(struct party *party);
/* A renegotiation or an ICE restart of the same connection. */
void party_update(struct party *party, const struct plan *plan, bool ice_restart, int64_t now_us);
void party_set_slots(struct party *party, const int8_t slot_seat[PLAN_SLOTS_MAX]);
/* The stream of ours with that SSRC (media or RTX); NULL: none. out_slot may be NULL. */
struct tx *party_down_of_ssrc(struct party *party, uint32_t ssrc, unsigned *out_slot);
/* Takes octets from a bucket that fills at bps; false: not enough there. */
bool party_bucket_take(struct party_bucket *bucket, int64_t now_us, size_t octets, int64_t bps,
                       int64_t burst);
/* Whether an authenticated packet of len octets is within what a peer may send (the octets of RTP
 * are weighed by the relay, when it is known whose stream it is). */
bool party_may_send(struct party *party, int64_t now_us, bool rtcp, size_t len);
/* Fills type MEDIA_STATS fields of an event and begins the next second. */
void party_stats(struct party *party, int64_t span_us, struct media_event *out_event);
struct party *party_check(struct party *party); /* CHECKs the magic */

#endif
