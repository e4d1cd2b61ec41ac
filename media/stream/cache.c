#include "media/stream/cache.h"

#include "media/rt/prefetch.h"
#include "proto/base/check.h"

#include <sys/mman.h>

#define PAYLOAD_MAX 2048

struct entry {
    struct cache_packet packet; /* sequence 0: empty; payload.data unused */
    uint64_t position;          /* in the endless row of octets that the ring shows the end of */
};

struct cache {
    uint64_t written;
    struct entry entries[CACHE_ENTRIES];
    uint8_t bytes[CACHE_BYTES];
};

/* Pages of its own: they cost memory only once they are written to, and go back to the system with
 * the connection. What stands in them was decrypted: a core dump leaves it out. */
enum status cache_create(struct cache **out_cache)
{
    void *pages = mmap(NULL, sizeof(struct cache), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return STATUS_NO_MEMORY;
    }
    (void)madvise(pages, sizeof(struct cache), MADV_DONTDUMP); /* an old kernel: dumped as before */
    *out_cache = pages;
    return STATUS_OK;
}

void cache_destroy(struct cache *cache)
{
    if (cache != NULL) {
        CHECK(munmap(cache, sizeof(*cache)) == 0);
    }
}

void cache_put(struct cache *cache, const struct cache_packet *packet)
{
    size_t len = packet->payload.len;
    if (len > PAYLOAD_MAX) {
        return;
    }
    size_t at = (size_t)(cache->written % CACHE_BYTES);
    if (at + len > CACHE_BYTES) { /* no packet is split: go on at the start of the ring */
        cache->written += CACHE_BYTES - at;
        at = 0;
    }
    if (len > 0) {
        memcpy(cache->bytes + at, packet->payload.data, len);
    }
    struct entry *entry = &cache->entries[packet->sequence % CACHE_ENTRIES];
    entry->packet = *packet;
    entry->packet.payload = span_of(NULL, len);
    entry->position = cache->written;
    cache->written += len;
}

int64_t cache_age_us(uint32_t rtt_us)
{
    int64_t age_us = 4 * (int64_t)rtt_us;
    if (rtt_us == 0 || age_us > CACHE_AGE_US) {
        return CACHE_AGE_US;
    }
    return age_us < CACHE_AGE_MIN_US ? CACHE_AGE_MIN_US : age_us;
}

bool cache_get(const struct cache *cache, int64_t now_us, int64_t age_us, uint64_t sequence,
               struct cache_packet *out_packet)
{
    const struct entry *entry = &cache->entries[sequence % CACHE_ENTRIES];
    if (entry->packet.sequence != sequence || sequence == 0 ||
        cache->written - entry->position > CACHE_BYTES || now_us - entry->packet.at_us > age_us) {
        return false;
    }
    *out_packet = entry->packet;
    out_packet->payload.data = cache->bytes + entry->position % CACHE_BYTES;
    return true;
}

void cache_prefetch_put(const struct cache *cache, uint64_t sequence, size_t len)
{
    prefetch_range(&cache->entries[sequence % CACHE_ENTRIES], sizeof(cache->entries[0]));
    size_t at = (size_t)(cache->written % CACHE_BYTES);
    size_t room = CACHE_BYTES - at;
    prefetch_range(cache->bytes + at, len < room ? len : room);
}

size_t cache_octets(const struct cache *cache)
{
    return cache == NULL
               ? 0
               : sizeof(cache->entries) +
                     (size_t)(cache->written < CACHE_BYTES ? cache->written : CACHE_BYTES);
}

void cache_clear(struct cache *cache)
{
    for (size_t i = 0; i < CACHE_ENTRIES; i++) {
        cache->entries[i].packet.sequence = 0;
    }
}
