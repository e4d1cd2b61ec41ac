#include "media/recording/tap.h"

#include "proto/base/check.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Places count octets since the beginning and never wrap in practice (2^64); place & mask is the
 * offset. A record is its head and its payload, rounded up to 8. The producer writes octets, then
 * publishes `head` with release; the consumer reads up to an acquired `head`, then publishes
 * `tail`. The two counters lie in cache lines of their own. */
#define CACHE_LINE 64
#define ALIGN 8u

struct tap_ring {
    _Alignas(CACHE_LINE) _Atomic uint64_t head; /* written by the producer */
    uint64_t tail_seen;                         /* producer's copy of tail */
    _Atomic uint64_t dropped;
    _Alignas(CACHE_LINE) _Atomic uint64_t tail; /* written by the consumer */
    _Alignas(CACHE_LINE) uint64_t size;
    uint8_t *data;
};

_Static_assert(sizeof(struct tap_record) % ALIGN == 0, "payload begins aligned");

struct tap_ring *tap_ring_create(uint32_t bytes)
{
    CHECK(bytes >= 4096 && (bytes & (bytes - 1)) == 0);
    struct tap_ring *ring = aligned_alloc(CACHE_LINE, sizeof(*ring));
    uint8_t *data = malloc(bytes);
    if (ring == NULL || data == NULL) {
        free(ring);
        free(data);
        return NULL;
    }
    memset(ring, 0, sizeof(*ring));
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    atomic_init(&ring->dropped, 0);
    ring->size = bytes;
    ring->data = data;
    return ring;
}

void tap_ring_destroy(struct tap_ring *ring)
{
    if (ring != NULL) {
        free(ring->data);
        free(ring);
    }
}

static uint64_t room_for(size_t payload_len)
{
    return (sizeof(struct tap_record) + payload_len + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
}

static void copy_in(struct tap_ring *ring, uint64_t place, const void *from, size_t len)
{
    uint64_t at = place & (ring->size - 1);
    size_t first = len < ring->size - at ? len : (size_t)(ring->size - at);
    memcpy(ring->data + at, from, first);
    memcpy(ring->data, (const uint8_t *)from + first, len - first);
}

static void copy_out(const struct tap_ring *ring, uint64_t place, void *to, size_t len)
{
    uint64_t at = place & (ring->size - 1);
    size_t first = len < ring->size - at ? len : (size_t)(ring->size - at);
    memcpy(to, ring->data + at, first);
    memcpy((uint8_t *)to + first, ring->data, len - first);
}

bool tap_ring_put(struct tap_ring *ring, const struct tap_record *record, const void *payload)
{
    CHECK(record->len <= TAP_PAYLOAD_MAX);
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t need = room_for(record->len);
    if (head + need - ring->tail_seen > ring->size) {
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (head + need - ring->tail_seen > ring->size) {
            atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
            return false;
        }
    }
    copy_in(ring, head, record, sizeof(*record));
    if (record->len > 0) {
        copy_in(ring, head + sizeof(*record), payload, record->len);
    }
    atomic_store_explicit(&ring->head, head + need, memory_order_release);
    return true;
}

bool tap_ring_take(struct tap_ring *ring, struct tap_record *record, void *payload)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (tail == atomic_load_explicit(&ring->head, memory_order_acquire)) {
        return false;
    }
    copy_out(ring, tail, record, sizeof(*record));
    CHECK(record->len <= TAP_PAYLOAD_MAX);
    copy_out(ring, tail + sizeof(*record), payload, record->len);
    atomic_store_explicit(&ring->tail, tail + room_for(record->len), memory_order_release);
    return true;
}

uint64_t tap_ring_dropped(const struct tap_ring *ring)
{
    return atomic_load_explicit(&ring->dropped, memory_order_relaxed);
}
