#include "media/relay/send.h"

#include "proto/base/check.h"
#include "proto/payload/payload.h"
#include "proto/rtp/rtp.h"

static void drop(const struct room *room, enum counter which)
{
    counters_add(room->counters, which, 1);
}

/* --- one packet --- */

static void write_header(struct party *to, const struct tx *tx, int64_t now_us,
                         const struct send_out *out, struct writer *w)
{
    const struct plan_extensions *ids = &tx->formats.extensions;
    struct rtp_extension_out extensions[3];
    uint8_t transport_sequence[2];
    unsigned count = 0;
    if (ids->transport_cc != 0) {
        uint16_t number =
            downlink_sent(&to->downlink, now_us, out->payload_len + RTP_HEADER_LEN + 24);
        transport_sequence[0] = (uint8_t)(number >> 8);
        transport_sequence[1] = (uint8_t)number;
        extensions[count++] =
            (struct rtp_extension_out){ids->transport_cc, span_of(transport_sequence, 2)};
    }
    if (ids->audio_level != 0 && out->has_level) {
        extensions[count++] = (struct rtp_extension_out){ids->audio_level, span_of(&out->level, 1)};
    }
    if (ids->orientation != 0 && out->has_orientation) {
        extensions[count++] =
            (struct rtp_extension_out){ids->orientation, span_of(&out->orientation, 1)};
    }
    struct rtp_header_out header = {
        .marker = out->marker,
        .payload_type = out->payload_type,
        .sequence = out->sequence,
        .timestamp = out->timestamp,
        .ssrc = out->ssrc,
        .extension_count = count,
        .extensions = extensions,
    };
    rtp_write_header(w, &header);
}

static void read_from_cache(struct send_out *out, const struct cache_packet *kept)
{
    out->marker = kept->marker;
    out->has_orientation = kept->has_orientation;
    out->orientation = kept->orientation;
    out->payload_len = kept->payload.len;
}

static void write_payload(struct tx *tx, uint8_t codec, struct span payload, struct writer *w)
{
    size_t at = w->at;
    writer_bytes(w, payload);
    if (codec == PAYLOAD_VP8 && payload.len > 0 && writer_ok(w)) {
        tx_rewrite_vp8(tx, w->data + at, payload.len);
    }
}

static void send_media(struct room *room, struct party *to, struct tx *tx, int64_t now_us,
                       const struct send_out *out, uint8_t codec, struct span payload)
{
    struct writer w = outbox_begin(room->box);
    write_header(to, tx, now_us, out, &w);
    write_payload(tx, codec, payload, &w);
    pacer_spend(&to->pacer, w.at);
    if (transport_send_rtp(&to->transport, room->box, &w)) {
        counters_add(room->counters, COUNTER_RELAYED, 1);
    }
}

/* --- pacing --- */

/* A packet whose time has come: its payload from the publisher's cache. One whose publisher went,
 * or whose stream shows another one now, is dropped. */
static void send_waiting(struct room *room, struct party *to, int64_t now_us,
                         const struct pacer_item *item)
{
    struct tx *tx = &to->down[item->slot][PLAN_VIDEO];
    const struct tx_source source = {(int8_t)item->seat, item->connection, item->epoch};
    const struct party *from = room->parties[item->seat];
    struct cache_packet kept;
    if (!transport_ready(&to->transport) || from == NULL || !tx_shows(tx, &source) ||
        !cache_get(from->up[PLAN_VIDEO].cache, now_us, CACHE_AGE_US, item->original, &kept)) {
        drop(room, COUNTER_DROP_PACER);
        return;
    }
    const struct plan_codec *codec = tx_codec(tx, kept.codec);
    if (codec == NULL) {
        drop(room, COUNTER_DROP_NO_CODEC);
        return;
    }
    struct send_out out = {.payload_type = codec->payload_type,
                           .sequence = item->sequence,
                           .timestamp = item->timestamp,
                           .ssrc = tx->ssrc};
    read_from_cache(&out, &kept);
    send_media(room, to, tx, now_us, &out, kept.codec, kept.payload);
}

static void set_pace(struct party *to, int64_t now_us)
{
    uint32_t limit = downlink_limit_bps(&to->downlink);
    limit = to->remb_bps != 0 && to->remb_bps < limit ? to->remb_bps : limit;
    pacer_rate(&to->pacer, now_us, limit, DOWNLINK_BPS_MAX);
}

void send_pace(struct room *room, struct party *to, int64_t now_us)
{
    struct pacer_item item;
    if (to->pacer.count > 0) {
        set_pace(to, now_us);
    }
    while (pacer_take(&to->pacer, false, &item)) {
        send_waiting(room, to, now_us, &item);
    }
}

void send_pace_all(struct room *room, struct party *to, int64_t now_us)
{
    struct pacer_item item;
    while (pacer_take(&to->pacer, true, &item)) {
        send_waiting(room, to, now_us, &item);
    }
}

void send_pace_room(struct room *room, int64_t now_us)
{
    for (unsigned place = 0; place < room->place_end; place++) {
        if (room->parties[place] != NULL) {
            send_pace_all(room, room->parties[place], now_us);
        }
    }
}

static void wait_in_line(struct room *room, struct party *to, int64_t now_us,
                         const struct pacer_item *item)
{
    struct pacer_item first;
    if (!pacer_push(&to->pacer, item) && pacer_take(&to->pacer, true, &first)) {
        send_waiting(room, to, now_us, &first);
        CHECK(pacer_push(&to->pacer, item));
    }
    room_hurry(room, to);
    counters_add(room->counters, COUNTER_PACED, 1);
}

/* --- repair --- */

void send_repair(struct room *room, struct party *to, struct tx *tx, int64_t now_us,
                 uint16_t sequence, const struct cache_packet *packet)
{
    const struct plan_codec *codec = tx_codec(tx, packet->codec);
    if (codec == NULL || codec->rtx_payload_type == PLAN_NO_RTX) {
        drop(room, COUNTER_NACK_NO_RTX);
        return;
    }
    if (!party_bucket_take(&to->rtx_bucket, now_us, packet->payload.len, PARTY_RTX_BPS_MAX,
                           PARTY_RTX_BURST)) {
        drop(room, COUNTER_NACK_GUARDED);
        return;
    }
    struct send_out out = {
        .payload_type = codec->rtx_payload_type,
        .sequence = ++tx->rtx_sequence,
        .timestamp = packet->timestamp + tx->timestamp_offset,
        .ssrc = tx->rtx_ssrc,
    };
    read_from_cache(&out, packet);
    out.payload_len += 2; /* OSN */
    struct writer w = outbox_begin(room->box);
    write_header(to, tx, now_us, &out, &w);
    writer_u16(&w, sequence); /* OSN, RFC 4588 §4 */
    write_payload(tx, packet->codec, packet->payload, &w);
    pacer_spend(&to->pacer, w.at); /* a repair is late already: it does not wait, it is counted */
    if (transport_send_rtp(&to->transport, room->box, &w)) {
        tx->rtx_packets++;
        counters_add(room->counters, COUNTER_RTX_SENT, 1);
    }
}

/* --- the relay's packets --- */

void send_packet(struct room *room, struct party *to, unsigned slot, int64_t now_us,
                 const struct send_out *out, const struct send_from *from)
{
    struct tx *tx = &to->down[slot][from->kind];
    set_pace(to, now_us);
    if (from->kind == PLAN_AUDIO || pacer_open(&to->pacer)) {
        send_media(room, to, tx, now_us, out, from->codec, from->payload);
        return;
    }
    struct pacer_item item = {.original = from->sequence,
                              .timestamp = out->timestamp,
                              .connection = tx->source.connection,
                              .epoch = tx->source.epoch,
                              .sequence = out->sequence,
                              .octets = (uint16_t)(from->payload.len + RTP_HEADER_LEN + 24),
                              .slot = (uint8_t)slot,
                              .seat = (uint8_t)tx->source.seat};
    wait_in_line(room, to, now_us, &item);
}
