/* The last packets of one publisher's stream, decrypted, for resending to whoever asks: one copy
 * serves every receiver. Bounded by octets (a ring) and by time. Allocates at creation only. One
 * worker thread. */
#ifndef MEDIA_STREAM_CACHE_H
#define MEDIA_STREAM_CACHE_H

#include "proto/base/span.h"
#include "proto/base/status.h"

#define CACHE_ENTRIES 1024         /* packets; 4 s at 250 packets/s */
#define CACHE_BYTES (512u * 1024u) /* octets: 4 s at 1 Mbit/s */
#define CACHE_AGE_US 4000000       /* clamp(4 x RTT, 1 s, 4 s) at its upper end (media-peers 4.4) */
#define CACHE_AGE_MIN_US 1000000

struct cache_packet {
    uint64_t sequence; /* extended */
    uint32_t timestamp;
    int64_t at_us;
    bool marker, has_orientation;
    uint8_t codec, orientation;
    struct span payload; /* valid until the next cache_put */
};

struct cache;
MUST_USE enum status cache_create(struct cache **out_cache);
void cache_destroy(struct cache *cache);
/* Copies the payload in; one that is longer than 2048 octets is left out. */
void cache_put(struct cache *cache, const struct cache_packet *packet);
/* False: never had it, overwritten, or older than age_us (at most CACHE_AGE_US). */
bool cache_get(const struct cache *cache, int64_t now_us, int64_t age_us, uint64_t sequence,
               struct cache_packet *out_packet);
/* How old a packet may be to be of use to a receiver with that round trip: clamp(4 x RTT, 1 s,
 * 4 s); rtt 0 (not known): 4 s. */
int64_t cache_age_us(uint32_t rtt_us);
/* Fetches into the processor's cache where the packet with that number, of len octets, would be put
 * next. */
void cache_prefetch_put(const struct cache *cache, uint64_t sequence, size_t len);
/* Octets of memory that it takes up so far; it grows to its full size and stays there. */
size_t cache_octets(const struct cache *cache);
/* The publisher's numbers begin again. */
void cache_clear(struct cache *cache);

#endif
