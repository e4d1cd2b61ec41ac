#include "media/relay/relay.h"

#include "media/relay/send.h"
#include "proto/base/check.h"
#include "proto/payload/payload.h"
#include "proto/rtp/rtp.h"

#include <string.h>

#define SOURCE_SILENT_US                                                                           \
    500000 /* an unannounced SSRC may take over when the present one was silent so long */

/* A packet on its way through, as the receivers need it. */
struct relayed {
    enum plan_kind kind;
    struct rtp_packet rtp;
    uint64_t sequence;
    uint8_t codec;
    bool keyframe, has_level, has_orientation;
    uint8_t level, orientation;
};

static void drop(const struct room *room, enum counter which)
{
    counters_add(room->counters, which, 1);
}

/* --- classification --- */

struct format_match {
    enum plan_kind kind;
    const struct plan_codec *codec;
    bool rtx;
};

/* Payload types are unique in a BUNDLE group (RFC 9143 §9.2), so they tell the m-section's kind. */
static bool match_format(const struct plan *plan, uint8_t payload_type, struct format_match *out)
{
    for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
        for (unsigned i = 0; i < PLAN_CODECS_MAX; i++) {
            const struct plan_codec *codec = &plan->publish[kind].formats.codecs[i];
            if (codec->codec != 0 &&
                (codec->payload_type == payload_type || codec->rtx_payload_type == payload_type)) {
                *out = (struct format_match){(enum plan_kind)kind, codec,
                                             codec->payload_type != payload_type};
                return true;
            }
        }
    }
    return false;
}

static void note_transport_sequence(struct party *from, int64_t now_us,
                                    const struct rtp_packet *rtp)
{
    uint8_t id = from->plan.publish[PLAN_VIDEO].formats.extensions.transport_cc;
    id = id != 0 ? id : from->plan.publish[PLAN_AUDIO].formats.extensions.transport_cc;
    struct span value;
    if (id != 0 && rtp_extension_find(rtp, id, &value) && value.len == 2) {
        twcc_in_packet(&from->twcc_in, now_us, (uint16_t)(value.data[0] << 8 | value.data[1]));
    }
}

/* The announced pair of an SSRC; NULL: not announced. */
static const struct plan_ssrc *announced(const struct plan_publish *publish, uint32_t ssrc)
{
    for (unsigned i = 0; i < PLAN_SSRCS_MAX; i++) {
        if (publish->ssrcs[i].ssrc == ssrc && ssrc != 0) {
            return &publish->ssrcs[i];
        }
    }
    return NULL;
}

static bool accept_source(struct room *room, struct party *from, int64_t now_us,
                          const struct format_match *match, uint32_t ssrc)
{
    const struct plan_publish *publish = &from->plan.publish[match->kind];
    struct rx *rx = &from->up[match->kind].rx;
    if (rx->begun && rx->ssrc == ssrc) {
        return true;
    }
    const struct plan_ssrc *pair = announced(publish, ssrc);
    if (rx->begun && pair == NULL && now_us - rx->last_us < SOURCE_SILENT_US) {
        return false;
    }
    if (rx->begun && pair != NULL && announced(publish, rx->ssrc) != NULL &&
        now_us - rx->last_us < SOURCE_SILENT_US) {
        return false; /* two announced ones at a time: the first one stays */
    }
    bool video = match->kind == PLAN_VIDEO; /* sound is not asked for again */
    rx_begin(rx, ssrc, pair == NULL ? 0 : pair->rtx_ssrc, video ? 90000 : 48000,
             video ? &from->nack : NULL);
    if (from->up[match->kind].cache != NULL) {
        send_pace_room(room, now_us);
        cache_clear(from->up[match->kind].cache);
    }
    return true;
}

/* RFC 4588 §4: back to the original packet, in place. False: dropped and counted. */
static bool unwrap_rtx(struct room *room, struct party *from, const struct format_match *match,
                       uint8_t *packet, size_t *len, struct rtp_packet *rtp)
{
    struct rx *rx = &from->up[match->kind].rx;
    if (!rx->begun || (rx->rtx_ssrc != 0 && rx->rtx_ssrc != rtp->ssrc)) {
        drop(room, COUNTER_DROP_RTX_PROBE);
        return false;
    }
    uint32_t rtx_ssrc = rtp->ssrc;
    enum status status = rtp_rtx_unwrap(packet, *len, rx->ssrc, match->codec->payload_type, len);
    if (status == STATUS_NONE) {
        drop(room, COUNTER_DROP_RTX_PROBE);
        return false;
    }
    if (status != STATUS_OK || rtp_read(span_of(packet, *len), rtp) != STATUS_OK) {
        drop(room, COUNTER_DROP_RTP_MALFORMED);
        return false;
    }
    rx->rtx_ssrc = rtx_ssrc;
    return true;
}

static void read_extensions(const struct party *from, struct relayed *packet)
{
    const struct plan_extensions *ids = &from->plan.publish[packet->kind].formats.extensions;
    struct span value;
    if (ids->audio_level != 0 && rtp_extension_find(&packet->rtp, ids->audio_level, &value) &&
        value.len == 1) {
        packet->has_level = true;
        packet->level = value.data[0];
    }
    if (ids->orientation != 0 && rtp_extension_find(&packet->rtp, ids->orientation, &value) &&
        value.len == 1) {
        packet->has_orientation = true;
        packet->orientation = value.data[0];
    }
}

/* --- out --- */

static void relay_to(struct room *room, const struct party *from, struct party *to, unsigned slot,
                     int64_t now_us, const struct relayed *packet)
{
    struct tx *tx = &to->down[slot][packet->kind];
    const struct plan_codec *codec = tx_codec(tx, packet->codec);
    if (codec == NULL) {
        drop(room, COUNTER_DROP_NO_CODEC);
        return;
    }
    struct tx_packet in = {
        .source = {(int8_t)from->seat, from->connection, from->up[packet->kind].rx.epoch},
        .sequence = packet->sequence,
        .timestamp = packet->rtp.timestamp,
        .codec = packet->codec,
        .keyframe = packet->keyframe,
        .octets = packet->rtp.payload.len,
    };
    struct send_out out = {
        .marker = packet->rtp.marker,
        .has_level = packet->has_level,
        .level = packet->level,
        .has_orientation = packet->has_orientation,
        .orientation = packet->orientation,
        .payload_type = codec->payload_type,
        .ssrc = tx->ssrc,
        .payload_len = packet->rtp.payload.len,
    };
    enum tx_verdict verdict = tx_relay(tx, now_us, &in, &out.sequence, &out.timestamp);
    if (verdict != TX_SEND) {
        drop(room, verdict == TX_OLD ? COUNTER_DROP_RTP_OLD : COUNTER_DROP_WAIT_KEYFRAME);
        return;
    }
    struct send_from origin = {packet->kind, packet->codec, packet->sequence, packet->rtp.payload};
    send_packet(room, to, slot, now_us, &out, &origin);
}

/* A receiver needs a key frame. A fresh one sees nothing at all yet: sent when its way was not
 * open, or before its browser was ready, the first one may be lost. False: an earlier request
 * covers it. */
static bool ask_for(const struct room *room, struct party *from, const struct party *to,
                    int64_t now_us)
{
    struct keyframe *keyframe = &from->up[PLAN_VIDEO].keyframe;
    bool asked = now_us - to->keys_us < PARTY_FRESH_US ? keyframe_hurry(keyframe, now_us)
                                                       : keyframe_want(keyframe, now_us);
    if (asked) {
        room_hurry(room, from);
    }
    return asked;
}

static void relay_to_all(struct room *room, struct party *from, int64_t now_us,
                         const struct relayed *packet)
{
    for (unsigned place = 0; place < room->place_end; place++) {
        struct party *to = room->parties[place];
        if (to == NULL || to == from || !transport_ready(&to->transport)) {
            continue;
        }
        for (unsigned slot = 0; slot < PLAN_SLOTS_MAX; slot++) {
            struct tx *tx = &to->down[slot][packet->kind];
            if (to->slot_seat[slot] != (int8_t)from->seat || !tx->active) {
                continue;
            }
            relay_to(room, from, to, slot, now_us, packet);
            if (packet->kind == PLAN_VIDEO && !tx->flowing && tx_codec(tx, packet->codec) != NULL) {
                (void)ask_for(room, from, to, now_us);
            }
        }
    }
}

static void record(struct room *room, struct party *from, int64_t now_us,
                   const struct relayed *packet)
{
    if (room->recording == 0 || room->tap == NULL || packet->rtp.payload.len == 0 ||
        packet->rtp.payload.len > TAP_PAYLOAD_MAX) {
        return;
    }
    struct tap_record record = {
        .type = TAP_RTP,
        .codec = packet->codec,
        .party = from->seat,
        .marker = packet->rtp.marker ? 1 : 0,
        .recording = room->recording,
        .ssrc = packet->rtp.ssrc,
        .rtp_timestamp = packet->rtp.timestamp,
        .sequence = packet->rtp.sequence,
        .len = (uint16_t)packet->rtp.payload.len,
        .arrival_us = now_us,
    };
    if (!tap_ring_put(room->tap, &record, packet->rtp.payload.data)) {
        drop(room, COUNTER_DROP_TAP_FULL);
        if (packet->kind == PLAN_VIDEO) { /* the recorder drops pictures until one begins anew */
            if (keyframe_want(&from->up[PLAN_VIDEO].keyframe, now_us)) {
                room_hurry(room, from);
            }
        }
    }
}

static void keep(struct room *room, struct party_up *up, int64_t now_us,
                 const struct relayed *packet)
{
    if (up->cache == NULL) {
        return;
    }
    struct cache_packet kept = {
        .sequence = packet->sequence,
        .timestamp = packet->rtp.timestamp,
        .at_us = now_us,
        .marker = packet->rtp.marker,
        .has_orientation = packet->has_orientation,
        .codec = packet->codec,
        .orientation = packet->orientation,
        .payload = packet->rtp.payload,
    };
    size_t before = cache_octets(up->cache);
    cache_put(up->cache, &kept);
    counters_add(room->counters, COUNTER_CACHE_TAKEN, cache_octets(up->cache) - before);
}

static bool new_to_stream(struct room *room, enum rx_verdict verdict)
{
    if (verdict == RX_DUPLICATE) {
        drop(room, COUNTER_DROP_RTP_DUPLICATE);
    } else if (verdict == RX_OLD) {
        drop(room, COUNTER_DROP_RTP_OLD);
    }
    return verdict != RX_DUPLICATE && verdict != RX_OLD;
}

/* A padding-only packet of the media SSRC goes on as an empty one, so that no receiver asks for its
 * number. */
static void relay_packet(struct room *room, struct party *from, int64_t now_us,
                         const struct format_match *match, const struct rtp_packet *rtp)
{
    struct party_up *up = &from->up[match->kind];
    struct relayed packet = {.kind = match->kind, .rtp = *rtp, .codec = match->codec->codec};
    enum rx_verdict verdict = rx_packet(&up->rx, now_us, rtp->sequence, rtp->timestamp,
                                        rtp->payload.len, match->rtx, &packet.sequence);
    if (from->nack.count > 0 || up->rx.keyframe_needed) {
        room_hurry(room, from);
    }
    if (!new_to_stream(room, verdict)) {
        return;
    }
    counters_add(room->counters, COUNTER_RTX_MERGED, match->rtx ? 1 : 0);
    if (verdict == RX_RESTART && up->cache != NULL) {
        send_pace_room(room, now_us); /* the numbers begin again, and so do the cache's */
        cache_clear(up->cache);
    }
    struct payload_info info;
    if (rtp->payload.len > 0 && match->kind == PLAN_VIDEO) {
        if (payload_inspect((enum payload_codec)packet.codec, rtp->payload, &info) != STATUS_OK) {
            drop(room, COUNTER_DROP_RTP_MALFORMED);
            return;
        }
        packet.keyframe = info.keyframe;
        if (info.keyframe) {
            keyframe_seen(&up->keyframe, now_us);
            up->rx.keyframe_needed = false;
        }
    }
    read_extensions(from, &packet);
    keep(room, up, now_us, &packet);
    record(room, from, now_us, &packet);
    relay_to_all(room, from, now_us, &packet);
}

void relay_rtp(struct room *room, struct party *from, int64_t now_us, uint8_t *packet, size_t len)
{
    struct rtp_packet rtp;
    if (rtp_read(span_of(packet, len), &rtp) != STATUS_OK) {
        drop(room, COUNTER_DROP_RTP_MALFORMED);
        return;
    }
    note_transport_sequence(from, now_us, &rtp);
    struct format_match match;
    if (!match_format(&from->plan, rtp.payload_type, &match)) {
        drop(room, COUNTER_DROP_RTP_PAYLOAD_TYPE);
        return;
    }
    if (!from->plan.publish[match.kind].active) {
        drop(room, COUNTER_DROP_RTP_DIRECTION);
        return;
    }
    if (!party_bucket_take(&from->up_bucket, now_us, len, PARTY_UP_BPS_MAX, PARTY_UP_BURST)) {
        drop(room, COUNTER_DROP_RTP_RATE);
        return;
    }
    if (match.rtx && !unwrap_rtx(room, from, &match, packet, &len, &rtp)) {
        return;
    }
    if (!accept_source(room, from, now_us, &match, rtp.ssrc)) {
        drop(room, COUNTER_DROP_RTP_SSRC);
        return;
    }
    relay_packet(room, from, now_us, &match, &rtp);
}

/* --- repair and key frames --- */

static struct party *shown_in(struct room *room, const struct party *to, unsigned slot)
{
    int8_t seat = to->slot_seat[slot];
    CHECK(seat < MEDIA_SEATS_MAX);
    return seat < 0 ? NULL : room->parties[seat];
}

void relay_resend(struct room *room, struct party *to, unsigned slot, struct tx *tx, int64_t now_us,
                  uint16_t sequence)
{
    struct party *from = shown_in(room, to, slot);
    tx->nack_received++;
    if (now_us < *room->strained_until_us) {
        drop(room, COUNTER_NACK_STRAINED);
        return;
    }
    if (tx->rtx_ssrc == 0 || tx->kind != PLAN_VIDEO) {
        drop(room, COUNTER_NACK_NO_RTX);
        return;
    }
    const struct tx_source *source = &tx->source;
    uint64_t original = 0;
    struct cache_packet packet;
    if (from == NULL || source->connection != from->connection ||
        source->epoch != from->up[PLAN_VIDEO].rx.epoch ||
        !tx_original(tx, sequence, from->up[PLAN_VIDEO].rx.highest, &original) ||
        !cache_get(from->up[PLAN_VIDEO].cache, now_us, cache_age_us(tx->rtt_us), original,
                   &packet)) {
        drop(room, COUNTER_NACK_GONE);
        return;
    }
    int64_t guard_us = tx->rtt_us == 0 ? 20000 : tx->rtt_us / 2;
    if (!tx_may_resend(tx, &to->resent, now_us, sequence, guard_us)) {
        drop(room, COUNTER_NACK_GUARDED);
        return;
    }
    send_repair(room, to, tx, now_us, sequence, &packet);
}

void relay_want_keyframe(struct room *room, const struct party *to, unsigned slot, int64_t now_us)
{
    struct party *from = shown_in(room, to, slot);
    counters_add(room->counters, COUNTER_PLI_RECEIVED, 1);
    if (from == NULL || !ask_for(room, from, to, now_us)) {
        counters_add(room->counters, COUNTER_PLI_THROTTLED, 1);
    }
}

void relay_detach(struct room *room, uint8_t seat, int64_t now_us)
{
    send_pace_room(room, now_us);
    for (unsigned i = 0; i < room->place_end; i++) {
        struct party *to = room->parties[i];
        for (unsigned slot = 0; to != NULL && slot < PLAN_SLOTS_MAX; slot++) {
            if (to->slot_seat[slot] == (int8_t)seat) {
                tx_detach(&to->down[slot][PLAN_AUDIO]);
                tx_detach(&to->down[slot][PLAN_VIDEO]);
            }
        }
    }
}
