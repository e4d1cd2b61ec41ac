#include "media/relay/rtcp_in.h"

#include "media/relay/relay.h"

/* The publisher's NTP clock is set against ours once per connection, so that its audio and video
 * keep their relation. */
static void sender_report(struct room *room, struct party *from, int64_t now_us,
                          const struct rtcp_packet *packet)
{
    struct rtcp_sender_info info;
    if (!rtcp_sender_info_read(packet, &info)) {
        return;
    }
    int64_t publisher_us = rtcp_us_of_ntp(info.ntp);
    if (!from->has_clock) {
        from->has_clock = true;
        from->clock_us = now_us - publisher_us;
    }
    for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
        struct rx *rx = &from->up[kind].rx;
        if (!rx->begun || rx->ssrc != packet->ssrc) {
            continue;
        }
        int64_t capture_us = publisher_us + from->clock_us;
        int64_t away_us = capture_us - now_us;
        if (away_us > 10000000 ||
            away_us < -10000000) { /* its clock was set, or it lies: begin anew with this report */
            from->clock_us = now_us - publisher_us;
            capture_us = now_us;
        }
        rx_sender_report(rx, now_us, &info, capture_us);
        if (room->recording != 0 && room->tap != NULL) {
            struct tap_record record = {
                .type = TAP_SENDER_REPORT,
                .codec = kind == PLAN_AUDIO ? TAP_OPUS : TAP_VP8,
                .party = from->seat,
                .recording = room->recording,
                .ssrc = packet->ssrc,
                .rtp_timestamp = info.rtp_timestamp,
                .arrival_us = now_us,
                .ntp = rtcp_ntp_of_us(capture_us + room->wall_us),
            };
            if (!tap_ring_put(room->tap, &record, NULL)) {
                counters_add(room->counters, COUNTER_DROP_TAP_FULL, 1);
            }
        }
    }
}

static void report_blocks(struct party *from, int64_t now_us, const struct rtcp_packet *packet)
{
    struct rtcp_report_block block;
    for (unsigned i = 0; i < packet->count && rtcp_report_block_read(packet, i, &block); i++) {
        struct tx *tx = party_down_of_ssrc(from, block.ssrc, NULL);
        if (tx != NULL && tx->ssrc == block.ssrc) {
            tx_report_block(tx, now_us, &block);
            if (tx->rtt_us != 0) {
                from->rtt_us = tx->rtt_us;
            }
        }
    }
}

static void nack(struct room *room, struct party *from, int64_t now_us,
                 const struct rtcp_packet *packet)
{
    unsigned slot = 0;
    struct tx *tx = party_down_of_ssrc(from, packet->media_ssrc, &slot);
    if (tx == NULL || tx->ssrc != packet->media_ssrc) {
        return;
    }
    unsigned served = 0;
    uint16_t pid;
    uint16_t blp;
    for (unsigned i = 0; rtcp_nack_read(packet, i, &pid, &blp) && served < RTCP_IN_NACKS_MAX; i++) {
        for (unsigned k = 0; k <= 16; k++) {
            if (k == 0 || (blp >> (k - 1) & 1) != 0) {
                relay_resend(room, from, slot, tx, now_us, (uint16_t)(pid + k));
                served++;
            }
        }
    }
    counters_add(room->counters, COUNTER_NACK_RECEIVED, served);
}

static void transport_feedback(struct room *room, struct party *from, int64_t now_us,
                               const struct rtcp_packet *packet)
{
    struct twcc_reader reader;
    if (twcc_read(packet, &reader) != STATUS_OK) {
        counters_add(room->counters, COUNTER_DROP_RTCP_MALFORMED, 1);
        return;
    }
    counters_add(room->counters, COUNTER_TWCC_RECEIVED, 1);
    downlink_feedback(&from->downlink, now_us, &reader);
}

static void want_keyframe(struct room *room, struct party *from, int64_t now_us, uint32_t ssrc)
{
    unsigned slot = 0;
    struct tx *tx = party_down_of_ssrc(from, ssrc, &slot);
    if (tx != NULL && tx->kind == PLAN_VIDEO) {
        tx->pli_received++;
        relay_want_keyframe(room, from, slot, now_us);
    }
}

static void payload_feedback(struct room *room, struct party *from, int64_t now_us,
                             const struct rtcp_packet *packet)
{
    uint32_t ssrc;
    uint8_t sequence;
    uint64_t bps;
    struct span ssrcs;
    if (packet->count == RTCP_FB_PLI) {
        want_keyframe(room, from, now_us, packet->media_ssrc);
    } else if (packet->count == RTCP_FB_FIR) {
        for (unsigned i = 0; i < PLAN_SLOTS_MAX && rtcp_fir_read(packet, i, &ssrc, &sequence);
             i++) {
            want_keyframe(room, from, now_us, ssrc);
        }
    } else if (packet->count == RTCP_FB_AFB && rtcp_remb_read(packet, &bps, &ssrcs)) {
        from->remb_bps = bps > UINT32_MAX ? UINT32_MAX : (uint32_t)bps;
    }
}

void rtcp_in(struct room *room, struct party *from, int64_t now_us, struct span datagram)
{
    unsigned count = 0;
    if (rtcp_check(datagram, &count) != STATUS_OK) {
        counters_add(room->counters, COUNTER_DROP_RTCP_MALFORMED, 1);
        return;
    }
    struct reader r = reader_of(datagram);
    struct rtcp_packet packet;
    while (rtcp_next(&r, &packet)) {
        if (packet.type == RTCP_SR) {
            sender_report(room, from, now_us, &packet);
            report_blocks(from, now_us, &packet);
        } else if (packet.type == RTCP_RR) {
            report_blocks(from, now_us, &packet);
        } else if (packet.type == RTCP_RTPFB && packet.count == RTCP_FB_NACK) {
            nack(room, from, now_us, &packet);
        } else if (packet.type == RTCP_RTPFB && packet.count == RTCP_FB_TWCC) {
            transport_feedback(room, from, now_us, &packet);
        } else if (packet.type == RTCP_PSFB) {
            payload_feedback(room, from, now_us, &packet);
        }
    }
}
