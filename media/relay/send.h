/* RTP to one receiver: header and extensions of its own, payload rewritten for it, its place on a
 * thin line (cc/pacer.h), and repairs (RTX, RFC 4588). The relay decides what goes to whom; this
 * builds it. Allocates nothing. One worker thread. */
#ifndef MEDIA_RELAY_SEND_H
#define MEDIA_RELAY_SEND_H

#include "media/relay/room.h"

struct send_out { /* what the receiver's header says */
    bool marker, has_level, has_orientation;
    uint8_t level, orientation, payload_type;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    size_t payload_len; /* for the estimate of what goes over the line */
};

struct send_from { /* where it comes from */
    enum plan_kind kind;
    uint8_t codec;
    uint64_t sequence; /* extended, the publisher's; video is in its cache under it */
    struct span payload;
};

/* Media that tx_relay() gave numbers to: sound at once, video in its turn. */
void send_packet(struct room *room, struct party *to, unsigned slot, int64_t now_us,
                 const struct send_out *out, const struct send_from *from);
/* A packet from the cache once more, as the repair of outgoing number `sequence`. */
void send_repair(struct room *room, struct party *to, struct tx *tx, int64_t now_us,
                 uint16_t sequence, const struct cache_packet *packet);
/* Sends what waits for that receiver and may leave now; each tick. */
void send_pace(struct room *room, struct party *to, int64_t now_us);
/* Sends all that waits for that receiver: before its slots change. */
void send_pace_all(struct room *room, struct party *to, int64_t now_us);
/* The same for every receiver: before a publisher's cache is emptied or goes. */
void send_pace_room(struct room *room, int64_t now_us);

#endif
