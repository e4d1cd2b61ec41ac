#include "media/stream/tx.h"

#include "proto/base/check.h"
#include "proto/base/seq.h"
#include "proto/payload/payload.h"
#include "proto/payload/vp8.h"

#include <string.h>

static uint32_t clock_of(enum plan_kind kind)
{
    return kind == PLAN_AUDIO ? 48000 : 90000;
}

void tx_init(struct tx *tx, enum plan_kind kind, const struct plan_receive *receive,
             uint16_t first_sequence, uint16_t first_rtx_sequence, uint32_t first_timestamp)
{
    *tx = (struct tx){.kind = kind, .source = {.seat = -1}};
    tx->highest_sequence = (uint16_t)(first_sequence & 0x7fff);
    tx->rtx_sequence = (uint16_t)(first_rtx_sequence & 0x7fff);
    tx->highest_timestamp = first_timestamp;
    tx_update(tx, receive);
}

void tx_update(struct tx *tx, const struct plan_receive *receive)
{
    tx->active = receive->active;
    tx->formats = receive->formats;
    tx->ssrc = receive->ssrc;
    tx->rtx_ssrc = receive->rtx_ssrc;
}

const struct plan_codec *tx_codec(const struct tx *tx, uint8_t codec)
{
    for (unsigned i = 0; i < PLAN_CODECS_MAX; i++) {
        if (tx->formats.codecs[i].codec == codec) {
            return &tx->formats.codecs[i];
        }
    }
    return NULL;
}

static bool same_source(const struct tx_source *a, const struct tx_source *b)
{
    return a->seat == b->seat && a->connection == b->connection && a->epoch == b->epoch;
}

/* The next packet out follows the last one: sequence + 1, timestamp + the time that went by. */
static void take_source(struct tx *tx, int64_t now_us, const struct tx_packet *packet)
{
    uint32_t step = 0;
    if (tx->begun) {
        int64_t passed_us = now_us - tx->sent_us;
        passed_us = passed_us < 1000 ? 1000 : passed_us;
        step = (uint32_t)(passed_us * (int64_t)(clock_of(tx->kind) / 1000) / 1000);
    }
    tx->sequence_offset = (uint16_t)(tx->highest_sequence + 1 - (uint16_t)packet->sequence);
    tx->timestamp_offset = tx->highest_timestamp + step - packet->timestamp;
    tx->source = packet->source;
    tx->source_first = packet->sequence;
    tx->codec = packet->codec;
    tx->flowing = true;
    tx->has_picture = false; /* the offsets are made with the first picture id of the source */
}

enum tx_verdict tx_relay(struct tx *tx, int64_t now_us, const struct tx_packet *packet,
                         uint16_t *out_sequence, uint32_t *out_timestamp)
{
    if (!tx->flowing || !same_source(&tx->source, &packet->source) || tx->codec != packet->codec) {
        if (tx->kind == PLAN_VIDEO && !packet->keyframe) {
            return TX_WAIT_KEYFRAME;
        }
        take_source(tx, now_us, packet);
    }
    if (packet->sequence < tx->source_first) {
        return TX_OLD; /* before the key frame that this receiver began with */
    }
    *out_sequence = (uint16_t)((uint16_t)packet->sequence + tx->sequence_offset);
    *out_timestamp = packet->timestamp + tx->timestamp_offset;
    if (!tx->begun || seq16_newer(*out_sequence, tx->highest_sequence)) {
        tx->highest_sequence = *out_sequence;
        tx->highest_timestamp = *out_timestamp;
    }
    tx->begun = true;
    tx->sent_us = now_us;
    tx->packets++;
    tx->octets += packet->octets;
    return TX_SEND;
}

bool tx_shows(const struct tx *tx, const struct tx_source *source)
{
    return tx->active && tx->flowing && same_source(&tx->source, source);
}

void tx_detach(struct tx *tx)
{
    tx->source = (struct tx_source){.seat = -1};
    tx->flowing = false;
}

void tx_rewrite_vp8(struct tx *tx, uint8_t *payload, size_t len)
{
    struct payload_vp8 vp8;
    if (payload_vp8_read(span_of(payload, len), &vp8) != STATUS_OK || !vp8.has_picture_id) {
        return;
    }
    uint16_t mask = vp8.picture_id_long ? 0x7fff : 0x7f;
    if (!tx->has_picture) {
        tx->has_picture = true;
        if (tx->packets > 1) { /* not the first source: go on behind the last picture */
            tx->picture_offset = (uint16_t)(tx->picture_last + 1 - vp8.picture_id);
            tx->tl0_offset = (uint8_t)(tx->tl0_last + 1 - vp8.tl0picidx);
        }
    }
    uint16_t picture = (uint16_t)((vp8.picture_id + tx->picture_offset) & mask);
    uint8_t tl0 = (uint8_t)(vp8.tl0picidx + tx->tl0_offset);
    if (((uint16_t)(picture - tx->picture_last) & mask) < mask / 2u) {
        tx->picture_last = picture;
        tx->tl0_last = tl0;
    }
    if (tx->picture_offset != 0 || tx->tl0_offset != 0) {
        payload_vp8_rewrite(payload, &vp8, picture, tl0);
    }
}

bool tx_original(const struct tx *tx, uint16_t sequence, uint64_t source_highest,
                 uint64_t *out_sequence)
{
    if (!tx->flowing) {
        return false;
    }
    uint16_t low = (uint16_t)(sequence - tx->sequence_offset);
    int64_t extended = (int64_t)source_highest + seq16_delta((uint16_t)source_highest, low);
    if (extended < (int64_t)tx->source_first || extended > (int64_t)source_highest) {
        return false;
    }
    *out_sequence = (uint64_t)extended;
    return true;
}

bool tx_may_resend(const struct tx *tx, struct tx_resent *resent, int64_t now_us, uint16_t sequence,
                   int64_t guard_us)
{
    unsigned at = (sequence + tx->ssrc) % TX_RESENT;
    uint32_t now_ms = (uint32_t)(now_us / 1000);
    if (resent->items[at].ssrc == tx->ssrc && resent->items[at].sequence == sequence &&
        (int64_t)(now_ms - resent->items[at].at_ms) * 1000 < guard_us) {
        return false;
    }
    resent->items[at].ssrc = tx->ssrc;
    resent->items[at].sequence = sequence;
    resent->items[at].at_ms = now_ms;
    return true;
}

void tx_reported(struct tx *tx, int64_t now_us, uint64_t ntp)
{
    tx->reports[tx->report_at].middle = rtcp_ntp_middle(ntp);
    tx->reports[tx->report_at].sent_us = now_us;
    tx->report_at = (tx->report_at + 1) % TX_REPORTS;
}

void tx_report_block(struct tx *tx, int64_t now_us, const struct rtcp_report_block *block)
{
    CHECK(block->ssrc == tx->ssrc);
    tx->fraction_lost = block->fraction_lost;
    tx->lost = block->cumulative_lost;
    tx->jitter_us = (uint32_t)((uint64_t)block->jitter * 1000000 / clock_of(tx->kind));
    for (unsigned i = 0; i < TX_REPORTS && block->last_sr != 0; i++) {
        if (tx->reports[i].middle == block->last_sr) {
            int64_t held_us = (int64_t)block->delay_since_sr * 1000000 / 65536;
            int64_t rtt_us = now_us - tx->reports[i].sent_us - held_us;
            tx->rtt_us = rtt_us < 1 ? 1 : rtt_us > 10000000 ? 10000000 : (uint32_t)rtt_us;
        }
    }
}
