#include "media/relay/rtcp_out.h"

#define AUDIO_RESERVE_BPS                                                                          \
    60000 /* REMB speaks of video; what audio needs of the downlink comes off first */
#define NACKS_PER_PACKET 64

uint32_t rtcp_out_ssrc(const struct party *to)
{
    for (unsigned slot = 0; slot < PLAN_SLOTS_MAX; slot++) {
        for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
            if (to->plan.receive[slot][kind].ssrc != 0) {
                return to->plan.receive[slot][kind].ssrc;
            }
        }
    }
    return 0;
}

static void send_packet(struct room *room, struct party *to, struct writer *w)
{
    if (w->at > 0) {
        (void)transport_send_rtcp(&to->transport, room->box, w); /* counted there */
    }
}

static struct party *shown_in(const struct room *room, const struct party *to, unsigned slot)
{
    int8_t seat = to->slot_seat[slot];
    return seat < 0 ? NULL : room->parties[seat];
}

/* --- reports --- */

static unsigned collect_blocks(struct party *to, int64_t now_us,
                               struct rtcp_report_block blocks[PLAN_KINDS])
{
    unsigned count = 0;
    for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
        if (to->up[kind].rx.begun) {
            rx_report_block(&to->up[kind].rx, now_us, &blocks[count++]);
        }
    }
    return count;
}

static bool write_sender_report(const struct room *room, struct party *to, unsigned slot,
                                unsigned kind, int64_t now_us, struct writer *w)
{
    struct tx *tx = &to->down[slot][kind];
    const struct party *from = shown_in(room, to, slot);
    uint32_t timestamp;
    if (!tx->active || !tx->flowing || from == NULL || from->connection != tx->source.connection ||
        !rx_timestamp_at(&from->up[kind].rx, now_us, &timestamp)) {
        return false;
    }
    struct rtcp_sender_info info = {
        .ntp = rtcp_ntp_of_us(now_us + room->wall_us),
        .rtp_timestamp = timestamp + tx->timestamp_offset,
        .packets = (uint32_t)tx->packets,
        .octets = (uint32_t)tx->octets,
    };
    rtcp_write_sr(w, tx->ssrc, &info, NULL, 0);
    tx_reported(tx, now_us, info.ntp);
    return true;
}

/* One compound: an RR with what we receive (an SR carries it just as well, but there may be none),
 * the SRs, SDES (RFC 3550 §6.1). */
static void send_reports(struct room *room, struct party *to, int64_t now_us)
{
    uint32_t ssrc = rtcp_out_ssrc(to);
    if (ssrc == 0) {
        return;
    }
    struct rtcp_report_block blocks[PLAN_KINDS];
    unsigned count = collect_blocks(to, now_us, blocks);
    struct writer w = outbox_begin(room->box);
    rtcp_write_rr(&w, ssrc, blocks, count);
    for (unsigned slot = 0; slot < PLAN_SLOTS_MAX; slot++) {
        for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
            (void)write_sender_report(room, to, slot, kind, now_us, &w);
        }
    }
    rtcp_write_sdes(&w, ssrc, span_text(to->plan.cname));
    send_packet(room, to, &w);
}

/* --- feedback --- */

static void send_nacks(struct room *room, struct party *to, int64_t now_us, uint32_t ssrc)
{
    struct party_up *up = &to->up[PLAN_VIDEO];
    uint16_t sequences[NACKS_PER_PACKET];
    if (now_us < *room->strained_until_us) {
        return;
    }
    unsigned count = nack_due(&to->nack, now_us, to->rtt_us, sequences, NACKS_PER_PACKET);
    if (count > 0) {
        struct writer w = outbox_begin(room->box);
        rtcp_write_nack(&w, ssrc, up->rx.ssrc, sequences, count);
        send_packet(room, to, &w);
        up->nack_sent += count;
        counters_add(room->counters, COUNTER_NACK_SENT, count);
    }
    if (to->nack.gave_up) { /* no receiver may be there to ask: the recording needs it as well */
        to->nack.gave_up = false;
        up->rx.keyframe_needed = true;
    }
}

static void send_pli(struct room *room, struct party *to, int64_t now_us, uint32_t ssrc)
{
    struct party_up *up = &to->up[PLAN_VIDEO];
    if (up->rx.keyframe_needed) {
        up->rx.keyframe_needed = false;
        (void)keyframe_want(&up->keyframe, now_us);
    }
    if (!up->rx.begun || !keyframe_due(&up->keyframe, now_us, to->rtt_us)) {
        return;
    }
    struct writer w = outbox_begin(room->box);
    rtcp_write_pli(&w, ssrc, up->rx.ssrc);
    send_packet(room, to, &w);
    up->pli_sent++;
    counters_add(room->counters, COUNTER_PLI_SENT, 1);
}

static void send_transport_feedback(struct room *room, struct party *to, int64_t now_us,
                                    uint32_t ssrc)
{
    const struct rx *source =
        to->up[PLAN_VIDEO].rx.begun ? &to->up[PLAN_VIDEO].rx : &to->up[PLAN_AUDIO].rx;
    if (!source->begun) {
        return;
    }
    for (unsigned i = 0; i < 4; i++) { /* more than one only when packets lay far apart */
        struct writer w = outbox_begin(room->box);
        if (!twcc_in_write(&to->twcc_in, now_us, ssrc, source->ssrc, &w)) {
            return;
        }
        send_packet(room, to, &w);
        counters_add(room->counters, COUNTER_TWCC_SENT, 1);
    }
}

/* --- REMB: what the receivers' ways carry --- */

static unsigned videos_shown(const struct room *room, const struct party *to)
{
    unsigned count = 0;
    for (unsigned slot = 0; slot < PLAN_SLOTS_MAX; slot++) {
        const struct party *from = shown_in(room, to, slot);
        count += from != NULL && from != to && to->down[slot][PLAN_VIDEO].active &&
                         from->up[PLAN_VIDEO].rx.begun
                     ? 1
                     : 0;
    }
    return count;
}

/* One receiver's share for one publisher. */
static uint32_t share_bps(const struct room *room, const struct party *to)
{
    uint32_t limit = downlink_limit_bps(&to->downlink);
    if (to->remb_bps != 0 && to->remb_bps < limit) {
        limit = to->remb_bps;
    }
    unsigned videos = videos_shown(room, to);
    limit = limit > 2 * AUDIO_RESERVE_BPS ? limit - AUDIO_RESERVE_BPS : limit / 2;
    return videos > 1 ? limit / videos : limit;
}

/* The best of the receivers' shares: with two parties that is the other's; with more, one thin line
 * does not blur everybody's picture (its own repair and key frame requests are throttled instead).
 * No receiver: no limit. Observers have no say: the consultation is the parties'. */
static uint32_t limit_for(const struct room *room, const struct party *publisher)
{
    uint32_t best = 0;
    for (unsigned seat = 0; seat < MEDIA_SEATS_MAX; seat++) {
        const struct party *to = room->parties[seat];
        if (to == NULL || to == publisher || !transport_ready(&to->transport)) {
            continue;
        }
        for (unsigned slot = 0; slot < PLAN_SLOTS_MAX; slot++) {
            if (to->slot_seat[slot] == (int8_t)publisher->seat &&
                to->down[slot][PLAN_VIDEO].active) {
                uint32_t share = share_bps(room, to);
                best = share > best ? share : best;
            }
        }
    }
    return best == 0 ? DOWNLINK_BPS_MAX : best;
}

/* Each second, because the last one sticks in Chromium; a fall is told at once. */
static void send_remb(struct room *room, struct party *to, int64_t now_us, uint32_t ssrc)
{
    const struct rx *video = &to->up[PLAN_VIDEO].rx;
    if (!video->begun) {
        return;
    }
    uint32_t limit = limit_for(room, to);
    bool fell = limit < to->limit_told_bps - to->limit_told_bps / 8;
    if (now_us < to->remb_due_us && !fell) {
        return;
    }
    to->remb_due_us = now_us + RTCP_OUT_REMB_US;
    to->limit_told_bps = limit;
    struct writer w = outbox_begin(room->box);
    rtcp_write_remb(&w, ssrc, limit, &video->ssrc, 1);
    send_packet(room, to, &w);
    counters_add(room->counters, COUNTER_REMB_SENT, 1);
}

void rtcp_out(struct room *room, struct party *to, int64_t now_us)
{
    if (!transport_ready(&to->transport)) {
        return;
    }
    if (now_us >= to->report_due_us) {
        to->report_due_us = now_us + RTCP_OUT_REPORT_US;
        send_reports(room, to, now_us);
    }
    uint32_t ssrc = rtcp_out_ssrc(to);
    if (ssrc == 0) {
        return;
    }
    send_nacks(room, to, now_us, ssrc);
    send_pli(room, to, now_us, ssrc);
    send_transport_feedback(room, to, now_us, ssrc);
    send_remb(room, to, now_us, ssrc);
}
