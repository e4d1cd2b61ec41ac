/* The tap ring: order, wrap, full, and a producer and a consumer at once (run under TSan too). */
#include "media/recording/tap.h"
#include "tests/unit/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static struct tap_record record_of(uint32_t number, uint16_t len)
{
    return (struct tap_record){
        .type = TAP_RTP, .codec = TAP_VP8, .recording = 7, .ssrc = number, .len = len};
}

static void fill(uint8_t payload[TAP_PAYLOAD_MAX], uint32_t number, uint16_t len)
{
    for (uint16_t i = 0; i < len; i++) {
        payload[i] = (uint8_t)(number * 31u + i);
    }
}

static bool holds(const struct tap_record *record, const uint8_t *payload)
{
    for (uint16_t i = 0; i < record->len; i++) {
        if (payload[i] != (uint8_t)(record->ssrc * 31u + i)) {
            return false;
        }
    }
    return true;
}

static void empty_and_full(void)
{
    struct tap_ring *ring = tap_ring_create(4096);
    struct tap_record record;
    uint8_t payload[TAP_PAYLOAD_MAX];
    EXPECT(ring != NULL);
    EXPECT(!tap_ring_take(ring, &record, payload));
    fill(payload, 1, 1000);
    unsigned put = 0;
    struct tap_record out = record_of(1, 1000);
    while (tap_ring_put(ring, &out, payload)) {
        put++;
    }
    EXPECT_INT(put, 3); /* 3 x 1048 of 4096 */
    EXPECT_INT(tap_ring_dropped(ring), 1);
    EXPECT(tap_ring_take(ring, &record, payload) && record.len == 1000 && holds(&record, payload));
    EXPECT(tap_ring_put(ring, &out, payload));
    EXPECT(!tap_ring_put(ring, &out, payload));
    EXPECT_INT(tap_ring_dropped(ring), 2);
    tap_ring_destroy(ring);
    tap_ring_destroy(NULL);
}

static void every_length_wraps(void)
{
    struct tap_ring *ring = tap_ring_create(4096);
    uint8_t payload[TAP_PAYLOAD_MAX];
    uint8_t got[TAP_PAYLOAD_MAX];
    struct tap_record record;
    bool right = true;
    for (uint32_t n = 0; n <= 3 * TAP_PAYLOAD_MAX; n++) {
        uint16_t len = (uint16_t)(n % (TAP_PAYLOAD_MAX + 1));
        struct tap_record out = record_of(n, len);
        fill(payload, n, len);
        right = right && tap_ring_put(ring, &out, payload) && tap_ring_take(ring, &record, got) &&
                record.ssrc == n && record.len == len && holds(&record, got);
    }
    EXPECT(right);
    tap_ring_destroy(ring);
}

#define MANY 200000u
static _Atomic bool done;

static void *produce(void *context)
{
    struct tap_ring *ring = context;
    uint8_t payload[TAP_PAYLOAD_MAX];
    for (uint32_t n = 1; n <= MANY; n++) {
        uint16_t len = (uint16_t)(n * 2654435761u >> 22); /* 0..1023 */
        struct tap_record out = record_of(n, len);
        fill(payload, n, len);
        (void)tap_ring_put(ring, &out, payload); /* full: counted, checked below */
        if (n % 64 == 0) {
            (void)sched_yield();
        }
    }
    atomic_store(&done, true);
    return NULL;
}

static void two_threads(void)
{
    struct tap_ring *ring = tap_ring_create(65536);
    pthread_t thread;
    struct tap_record record;
    uint8_t payload[TAP_PAYLOAD_MAX];
    uint32_t last = 0;
    uint64_t taken = 0;
    bool right = true;
    EXPECT_INT(pthread_create(&thread, NULL, produce, ring), 0);
    for (;;) {
        bool finished = atomic_load(&done); /* before the look, so that nothing is left behind */
        if (tap_ring_take(ring, &record, payload)) {
            right = right && record.ssrc > last && holds(&record, payload);
            last = record.ssrc;
            taken++;
        } else if (finished) {
            break;
        } else {
            (void)sched_yield();
        }
    }
    EXPECT_INT(pthread_join(thread, NULL), 0);
    EXPECT(right);
    EXPECT_INT(taken + tap_ring_dropped(ring), MANY);
    EXPECT(taken > 1000);
    tap_ring_destroy(ring);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"empty_and_full", empty_and_full},
        {"every_length_wraps", every_length_wraps},
        {"two_threads", two_threads},
    };
    return TEST_MAIN(cases);
}
