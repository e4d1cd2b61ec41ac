/* What a peer sends once it has keys. */
#include "tests/load/peer.h"
#include "tests/load/stamp.h"

#include "proto/rtcp/rtcp.h"
#include "proto/rtp/rtp.h"

#define REPORT_NS 1000000000
#define FEEDBACK_NS 100000000 /* as libwebrtc on a line that is not thin */
#define RTT_US 20000          /* for NACK; on one machine it is less */

static const uint8_t filler[PEER_VIDEO_OCTETS];

void peer_send_rtp(struct peer *peer, struct writer *w)
{
    CHECK(writer_ok(w) && peer->srtp != NULL);
    CHECK(rtpsec_protect_rtp(peer->srtp, w->data, &w->at, w->len) == STATUS_OK);
    net_commit(peer->shared->net, w, peer->index, peer->remote);
}

void peer_send_rtcp(struct peer *peer, struct writer *w)
{
    CHECK(writer_ok(w) && peer->srtp != NULL);
    CHECK(rtpsec_protect_rtcp(peer->srtp, w->data, &w->at, w->len) == STATUS_OK);
    net_commit(peer->shared->net, w, peer->index, peer->remote);
}

/* The header, up to the payload. */
static void write_header(struct peer *peer, struct writer *w, bool marker, uint8_t payload_type,
                         uint16_t sequence, uint32_t timestamp, uint32_t ssrc)
{
    uint16_t transport = peer->transport_sequence++;
    uint8_t number[2] = {(uint8_t)(transport >> 8), (uint8_t)transport};
    struct rtp_extension_out extension = {PEER_TWCC_ID, span_of(number, 2)};
    struct rtp_header_out header = {.marker = marker,
                                    .payload_type = payload_type,
                                    .sequence = sequence,
                                    .timestamp = timestamp,
                                    .ssrc = ssrc,
                                    .extension_count = 1,
                                    .extensions = &extension};
    rtp_write_header(w, &header);
}

/* head: the codec's own octets, at most STAMP_AT; len: RTP packet without protection. */
static void write_payload(struct writer *w, struct span head, const struct stamp *stamp, size_t len)
{
    writer_bytes(w, head);
    writer_bytes(w, span_of(filler, STAMP_AT - head.len));
    stamp_write(w, stamp);
    writer_bytes(w, span_of(filler, len - w->at));
}

static void count_sent(struct peer *peer, struct peer_out *out, int64_t now_ns)
{
    out->sent_ns[out->next % PEER_SENT] = now_ns;
    if (out->next >= out->from && out->next < out->to) {
        peer->shared->tally->expected += out->listeners;
    }
    out->next++;
}

void peer_send_audio(struct peer *peer, int64_t now_ns)
{
    static const uint8_t head[] = {0x78}; /* Opus TOC: CELT, 20 ms */
    struct peer_out *out = &peer->out[PEER_AUDIO];
    out->timestamp += 960;
    struct writer w = net_begin(peer->shared->net);
    write_header(peer, &w, false, PEER_AUDIO_PT, (uint16_t)(out->base + out->next), out->timestamp,
                 out->ssrc);
    struct stamp stamp = {peer->index, PEER_AUDIO, out->next};
    write_payload(&w, span_of(head, sizeof(head)), &stamp, PEER_AUDIO_OCTETS);
    peer_send_rtp(peer, &w);
    count_sent(peer, out, now_ns);
}

/* RFC 7741 §4.2: descriptor with a picture id of 15 bits; the frame header of RFC 6386 §9.1.
 * Returns its length. */
static size_t vp8_head(struct peer *peer, uint8_t head[STAMP_AT])
{
    static const uint8_t key[10] = {0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01};
    static const uint8_t delta[10] = {0x11, 0x02, 0x00};
    bool first = peer->frame_at == 0;
    head[0] = first ? 0x90 : 0x80;
    head[1] = 0x80;
    head[2] = (uint8_t)(0x80 | peer->picture >> 8);
    head[3] = (uint8_t)peer->picture;
    if (!first) {
        return 4;
    }
    memcpy(head + 4, peer->want_keyframe ? key : delta, 10);
    peer->want_keyframe = false;
    return 14;
}

void peer_send_video(struct peer *peer, int64_t now_ns, unsigned packets)
{
    struct peer_out *out = &peer->out[PEER_VIDEO];
    if (peer->frame_at == 0) {
        out->timestamp += 90000 * packets / 120; /* 120 packets a second */
        peer->picture = (uint16_t)((peer->picture + 1) & 0x7fff);
    }
    uint8_t head[STAMP_AT];
    size_t head_len = vp8_head(peer, head);
    bool last = peer->frame_at + 1 == packets;
    struct writer w = net_begin(peer->shared->net);
    write_header(peer, &w, last, PEER_VIDEO_PT, (uint16_t)(out->base + out->next), out->timestamp,
                 out->ssrc);
    struct stamp stamp = {peer->index, PEER_VIDEO, out->next};
    write_payload(&w, span_of(head, head_len), &stamp, PEER_VIDEO_OCTETS);
    peer_send_rtp(peer, &w);
    count_sent(peer, out, now_ns);
    peer->frame_at = last ? 0 : peer->frame_at + 1;
}

/* A continuation of some picture stands for the packet that was lost: the stamp is what counts. */
void peer_resend(struct peer *peer, uint16_t sequence)
{
    struct peer_out *out = &peer->out[PEER_VIDEO];
    uint16_t back = (uint16_t)(out->base + out->next - sequence);
    if (back == 0 || back > 1000 || back > out->next) {
        return;
    }
    uint8_t head[6] = {(uint8_t)(sequence >> 8),
                       (uint8_t)sequence,
                       0x80,
                       0x80,
                       (uint8_t)(0x80 | peer->picture >> 8),
                       (uint8_t)peer->picture};
    struct writer w = net_begin(peer->shared->net);
    write_header(peer, &w, false, PEER_RTX_PT, peer->rtx_sequence++, out->timestamp,
                 peer->rtx_ssrc);
    writer_bytes(&w, span_of(head, 2)); /* OSN, RFC 4588 §4 */
    struct stamp stamp = {peer->index, PEER_VIDEO, out->next - back};
    write_payload(&w, span_of(head + 2, 4), &stamp, PEER_VIDEO_OCTETS);
    peer_send_rtp(peer, &w);
}

static const struct peer_in *heard(const struct peer *peer, enum peer_kind kind)
{
    for (unsigned i = 0; i < PEER_INS_MAX; i++) {
        if (peer->in[i].ssrc != 0 && peer->in[i].kind == kind) {
            return &peer->in[i];
        }
    }
    return NULL;
}

static void send_sender_reports(struct peer *peer, int64_t now_ns)
{
    struct writer w = net_begin(peer->shared->net);
    for (unsigned kind = 0; kind < PEER_KINDS; kind++) {
        const struct peer_out *out = &peer->out[kind];
        const struct peer_in *in = heard(peer, (enum peer_kind)kind);
        struct rtcp_sender_info info = {.ntp = rtcp_ntp_of_us(now_ns / 1000),
                                        .rtp_timestamp = out->timestamp,
                                        .packets = (uint32_t)out->next,
                                        .octets = (uint32_t)(out->next * 1000)};
        struct rtcp_report_block block = {0};
        if (in != NULL) {
            int64_t since_ns = now_ns - peer->report_heard_ns[kind];
            block = (struct rtcp_report_block){
                .ssrc = in->ssrc,
                .highest_sequence = (uint16_t)(in->offset + in->highest),
                .last_sr = peer->report_middle[kind],
                .delay_since_sr = peer->report_middle[kind] == 0
                                      ? 0
                                      : (uint32_t)(since_ns / 1000 * 65536 / 1000000)};
        }
        rtcp_write_sr(&w, out->ssrc, &info, &block, in != NULL ? 1 : 0);
    }
    char cname[16];
    rtcp_write_sdes(&w, peer->out[0].ssrc,
                    span_of(cname, (size_t)snprintf(cname, sizeof(cname), "p%u", peer->index)));
    peer_send_rtcp(peer, &w);
}

static void send_nacks(struct peer *peer, int64_t now_ns)
{
    for (unsigned i = 0; i < PEER_INS_MAX; i++) {
        struct peer_in *in = &peer->in[i];
        uint16_t sequences[64];
        unsigned count = in->ssrc == 0 || in->nack.count == 0
                             ? 0
                             : nack_due(&in->nack, now_ns / 1000, RTT_US, sequences, 64);
        if (count > 0) {
            for (unsigned k = 0; k < count; k++) {
                sequences[k] = (uint16_t)(sequences[k] + in->offset);
            }
            struct writer w = net_begin(peer->shared->net);
            rtcp_write_nack(&w, peer->out[PEER_VIDEO].ssrc, in->ssrc, sequences, count);
            peer_send_rtcp(peer, &w);
            peer->shared->tally->nacks_sent += count;
        }
    }
}

void peer_report(struct peer *peer, int64_t now_ns)
{
    if (now_ns >= peer->report_ns) {
        peer->report_ns += REPORT_NS;
        peer->report_ns = peer->report_ns < now_ns ? now_ns + REPORT_NS : peer->report_ns;
        send_sender_reports(peer, now_ns);
    }
    const struct peer_in *in = heard(peer, PEER_VIDEO);
    in = in == NULL ? heard(peer, PEER_AUDIO) : in;
    if (now_ns >= peer->feedback_ns && in != NULL) {
        peer->feedback_ns = now_ns + FEEDBACK_NS;
        struct writer w = net_begin(peer->shared->net);
        if (twcc_in_write(&peer->twcc, now_ns / 1000, peer->out[PEER_VIDEO].ssrc, in->ssrc, &w)) {
            peer_send_rtcp(peer, &w);
        }
    }
    send_nacks(peer, now_ns);
}
