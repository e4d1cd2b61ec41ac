#include "media/stream/rx.h"

#include "proto/base/check.h"
#include "proto/base/seq.h"

#include <string.h>

void rx_begin(struct rx *rx, uint32_t ssrc, uint32_t rtx_ssrc, uint32_t clock_hz, struct nack *nack)
{
    CHECK(clock_hz > 0);
    struct rx fresh = {.ssrc = ssrc, .rtx_ssrc = rtx_ssrc, .clock_hz = clock_hz, .nack = nack};
    fresh.epoch = rx->epoch;
    fresh.packets = rx->packets;
    fresh.bytes = rx->bytes;
    fresh.repaired = rx->repaired;
    fresh.lost_before = rx_lost(rx);
    *rx = fresh;
}

static bool bit(const struct rx *rx, uint64_t sequence)
{
    return (rx->seen[sequence % RX_WINDOW / 64] >> (sequence % 64) & 1) != 0;
}

static void set_bit(struct rx *rx, uint64_t sequence, bool on)
{
    uint64_t mask = 1ULL << (sequence % 64);
    uint64_t *word = &rx->seen[sequence % RX_WINDOW / 64];
    *word = on ? *word | mask : *word & ~mask;
}

static void start_epoch(struct rx *rx, uint16_t sequence)
{
    rx->lost_before = rx_lost(rx);
    rx->begun = true;
    rx->epoch++;
    rx->base = RX_ORIGIN + sequence;
    rx->highest = rx->base;
    rx->received_in_epoch = 0;
    rx->report_expected = 0;
    rx->report_received = 0;
    rx->transit = 0;
    rx->has_report = false;
    memset(rx->seen, 0, sizeof(rx->seen));
    if (rx->nack != NULL) {
        nack_clear(rx->nack);
    }
}

/* RFC 3550 §A.8: J += (|D| - J) / 16, kept times 16. Late and repaired packets would only show the
 * repair. */
static void update_jitter(struct rx *rx, int64_t now_us, uint32_t timestamp)
{
    int64_t arrival = now_us * (int64_t)(rx->clock_hz / 1000) / 1000;
    int64_t transit = arrival - (int64_t)timestamp;
    if (rx->received_in_epoch > 0) {
        int64_t d = (int32_t)(uint32_t)(transit - rx->transit);
        d = d < 0 ? -d : d;
        rx->jitter_q4 = (uint32_t)((int64_t)rx->jitter_q4 + d - ((rx->jitter_q4 + 8) >> 4));
    }
    rx->transit = transit;
}

static void advance(struct rx *rx, int64_t now_us, uint64_t to)
{
    for (uint64_t i = rx->highest + 1; i < to && i - rx->highest <= RX_WINDOW; i++) {
        set_bit(rx, i, false);
    }
    if (rx->nack != NULL && to > rx->highest + 1 &&
        !nack_missing(rx->nack, now_us, rx->highest + 1, to - 1)) {
        rx->keyframe_needed = true;
    }
    rx->highest = to;
}

static void count(struct rx *rx, int64_t now_us, uint64_t sequence, size_t bytes)
{
    set_bit(rx, sequence, true);
    rx->packets++;
    rx->received_in_epoch++;
    rx->bytes += bytes;
    rx->last_us = now_us;
}

enum rx_verdict rx_packet(struct rx *rx, int64_t now_us, uint16_t sequence, uint32_t timestamp,
                          size_t bytes, bool repaired, uint64_t *out_sequence)
{
    int32_t delta = seq16_delta((uint16_t)rx->highest, sequence);
    bool jump = rx->begun && (delta > RX_JUMP || delta < -RX_JUMP);
    if (!rx->begun || (jump && !repaired)) {
        start_epoch(rx, sequence);
        update_jitter(rx, now_us, timestamp);
        rx->last_timestamp = timestamp;
        count(rx, now_us, rx->highest, bytes);
        *out_sequence = rx->highest;
        return jump ? RX_RESTART : RX_NEW;
    }
    uint64_t extended = (uint64_t)((int64_t)rx->highest + delta);
    *out_sequence = extended;
    if (extended > rx->highest) {
        if (repaired && delta > RX_WINDOW / 2) {
            return RX_OLD; /* a repair of what never came: nothing asked for it */
        }
        advance(rx, now_us, extended);
        update_jitter(rx, now_us, timestamp);
        rx->last_timestamp = timestamp;
        count(rx, now_us, extended, bytes);
        return RX_NEW;
    }
    if (rx->highest - extended >= RX_WINDOW || extended < rx->base) {
        return RX_OLD;
    }
    if (bit(rx, extended)) {
        return RX_DUPLICATE;
    }
    if (rx->nack != NULL) {
        (void)nack_arrived(rx->nack, extended);
    }
    rx->repaired += repaired ? 1 : 0;
    count(rx, now_us, extended, bytes);
    return RX_LATE;
}

void rx_sender_report(struct rx *rx, int64_t now_us, const struct rtcp_sender_info *info,
                      int64_t capture_us)
{
    rx->has_report = true;
    rx->report_middle = rtcp_ntp_middle(info->ntp);
    rx->report_timestamp = info->rtp_timestamp;
    rx->report_arrival_us = now_us;
    rx->report_capture_us = capture_us;
}

uint64_t rx_expected(const struct rx *rx)
{
    return rx->begun ? rx->highest - rx->base + 1 : 0;
}

uint64_t rx_lost(const struct rx *rx)
{
    uint64_t expected = rx_expected(rx);
    return rx->lost_before +
           (expected > rx->received_in_epoch ? expected - rx->received_in_epoch : 0);
}

void rx_report_block(struct rx *rx, int64_t now_us, struct rtcp_report_block *out_block)
{
    uint64_t expected = rx_expected(rx);
    uint64_t expected_interval = expected - rx->report_expected;
    uint64_t received_interval = rx->received_in_epoch - rx->report_received;
    rx->report_expected = expected;
    rx->report_received = rx->received_in_epoch;
    uint64_t lost =
        expected_interval > received_interval ? expected_interval - received_interval : 0;
    int64_t cumulative = (int64_t)expected - (int64_t)rx->received_in_epoch;
    cumulative = cumulative > 0x7fffff ? 0x7fffff : cumulative;
    *out_block = (struct rtcp_report_block){
        .ssrc = rx->ssrc,
        .fraction_lost = expected_interval == 0 ? 0 : (uint8_t)(lost * 255 / expected_interval),
        .cumulative_lost = (int32_t)cumulative,
        .highest_sequence = (uint32_t)(rx->highest - RX_ORIGIN),
        .jitter = rx->jitter_q4 >> 4,
        .last_sr = rx->has_report ? rx->report_middle : 0,
        .delay_since_sr =
            rx->has_report ? (uint32_t)((now_us - rx->report_arrival_us) * 65536 / 1000000) : 0,
    };
}

uint32_t rx_jitter_us(const struct rx *rx)
{
    return rx->clock_hz == 0 ? 0
                             : (uint32_t)((uint64_t)(rx->jitter_q4 >> 4) * 1000000 / rx->clock_hz);
}

bool rx_timestamp_at(const struct rx *rx, int64_t at_us, uint32_t *out_timestamp)
{
    if (!rx->begun) {
        return false;
    }
    int64_t from_us = rx->has_report ? rx->report_capture_us : rx->last_us;
    uint32_t from = rx->has_report ? rx->report_timestamp : rx->last_timestamp;
    *out_timestamp = from + (uint32_t)((at_us - from_us) * (int64_t)(rx->clock_hz / 1000) / 1000);
    return true;
}
