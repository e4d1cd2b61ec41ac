/* What a peer does with what the server sends. Most packets are told by their header alone: the
 * outgoing number of a stream differs from the sender's by a constant, which the first packet of
 * the stream shows when it is decrypted; each OPEN_EACH-th is decrypted as well and compared. So
 * one core can load a server that fills another. */
#include "tests/load/peer.h"
#include "tests/load/stamp.h"

#include "proto/base/seq.h"
#include "proto/rtcp/rtcp.h"
#include "proto/rtp/rtp.h"

#define OPEN_EACH 16

static struct peer_in *find_in(struct peer *peer, uint32_t ssrc)
{
    for (unsigned i = 0; i < PEER_INS_MAX; i++) {
        if (peer->in[i].ssrc == ssrc) {
            return &peer->in[i];
        }
    }
    return NULL;
}

static struct peer_in *in_of_stamp(struct peer *peer, const struct stamp *stamp)
{
    for (unsigned i = 0; i < PEER_INS_MAX; i++) {
        struct peer_in *in = &peer->in[i];
        if (in->ssrc != 0 && in->source->index == stamp->peer && in->kind == stamp->kind) {
            return in;
        }
    }
    return NULL;
}

/* Decrypts a packet of the socket's buffer in place. False: not authentic, or no stamp. */
static bool open_packet(struct peer *peer, const struct net_datagram *datagram, bool rtx,
                        struct stamp *out_stamp)
{
    size_t len = datagram->len;
    struct rtp_packet rtp;
    if (rtpsec_unprotect_rtp(peer->srtp, datagram->data, &len) != STATUS_OK ||
        (rtx && rtp_rtx_unwrap(datagram->data, len, 1, PEER_VIDEO_PT, &len) != STATUS_OK) ||
        rtp_read(span_of(datagram->data, len), &rtp) != STATUS_OK ||
        !stamp_read(rtp.payload, out_stamp)) {
        return false;
    }
    return out_stamp->peer < peer->shared->count && out_stamp->kind < PEER_KINDS;
}

static struct peer_in *begin_in(struct peer *peer, const struct stamp *stamp, uint32_t ssrc,
                                uint16_t sequence)
{
    struct peer_in *in = find_in(peer, 0);
    if (in == NULL) {
        return NULL;
    }
    *in = (struct peer_in){.ssrc = ssrc,
                           .source = peer->shared->peers[stamp->peer],
                           .kind = (enum peer_kind)stamp->kind,
                           .offset = (uint16_t)(sequence - stamp->number),
                           .highest = stamp->number};
    return in;
}

static bool seen(struct peer_in *in, uint64_t number)
{
    uint64_t *word = &in->seen[number % PEER_SENT / 64];
    uint64_t mask = 1ULL << (number % 64);
    bool was = (*word & mask) != 0;
    *word |= mask;
    return was;
}

static void advance(struct peer_in *in, int64_t now_us, uint64_t number)
{
    for (uint64_t i = in->highest + 1; i < number && i - in->highest <= PEER_SENT; i++) {
        in->seen[i % PEER_SENT / 64] &= ~(1ULL << (i % 64));
    }
    in->seen[number % PEER_SENT / 64] &= ~(1ULL << (number % 64));
    if (in->kind == PEER_VIDEO && number > in->highest + 1) {
        (void)nack_missing(&in->nack, now_us, in->highest + 1, number - 1);
    }
    in->highest = number;
}

/* A packet of a stream, by the sender's number. */
static void count_packet(struct peer *peer, struct peer_in *in, uint64_t number, int64_t arrived_ns,
                         bool repaired)
{
    struct tally *tally = peer->shared->tally;
    const struct peer_out *out = &in->source->out[in->kind];
    peer->received++;
    in->packets++;
    if (number > in->highest) {
        advance(in, arrived_ns / 1000, number);
    } else if (in->kind == PEER_VIDEO) {
        (void)nack_arrived(&in->nack, number);
    }
    bool again = in->highest - number >= PEER_SENT || seen(in, number);
    if (number < out->from || number >= out->to) {
        return;
    }
    if (again) {
        tally->duplicates += repaired ? 0 : 1;
    } else if (repaired) {
        tally->repaired++;
    } else {
        tally->received++;
        tally_delay(tally, arrived_ns - out->sent_ns[number % PEER_SENT]);
    }
}

static void note_transport_number(struct peer *peer, const struct rtp_packet *rtp,
                                  int64_t arrived_ns)
{
    struct span value;
    if (rtp_extension_find(rtp, PEER_TWCC_ID, &value) && value.len == 2) {
        twcc_in_packet(&peer->twcc, arrived_ns / 1000,
                       (uint16_t)(value.data[0] << 8 | value.data[1]));
    }
}

static void repaired(struct peer *peer, const struct net_datagram *datagram)
{
    struct stamp stamp;
    if (!open_packet(peer, datagram, true, &stamp)) {
        return; /* a probe: RTX without content */
    }
    struct peer_in *in = in_of_stamp(peer, &stamp);
    if (in != NULL) {
        count_packet(peer, in, stamp.number, datagram->arrived_ns, true);
    }
}

void peer_rtp(struct peer *peer, const struct net_datagram *datagram)
{
    struct tally *tally = peer->shared->tally;
    struct rtp_packet rtp;
    if (peer->srtp == NULL || rtp_read(span_of(datagram->data, datagram->len), &rtp) != STATUS_OK) {
        tally->strange++;
        return;
    }
    note_transport_number(peer, &rtp, datagram->arrived_ns);
    if (rtp.payload_type == PEER_RTX_PT) {
        repaired(peer, datagram);
        return;
    }
    struct peer_in *in = find_in(peer, rtp.ssrc);
    uint64_t number = 0;
    if (in != NULL) {
        number = (uint64_t)((int64_t)in->highest +
                            seq16_delta((uint16_t)(in->highest + in->offset), rtp.sequence));
    }
    if (in == NULL || ++peer->sampled % OPEN_EACH == 0) {
        struct stamp stamp;
        if (!open_packet(peer, datagram, false, &stamp)) {
            tally->strange++;
            return;
        }
        tally->opened++;
        if (in == NULL) {
            in = begin_in(peer, &stamp, rtp.ssrc, rtp.sequence);
        } else if (stamp.number != number || stamp.peer != in->source->index) {
            tally->strange++;
            in->source = peer->shared->peers[stamp.peer];
            in->offset = (uint16_t)(rtp.sequence - stamp.number);
        }
        number = stamp.number;
    }
    if (in != NULL) {
        count_packet(peer, in, number, datagram->arrived_ns, false);
    }
}

static void nacked(struct peer *peer, const struct rtcp_packet *packet)
{
    uint16_t pid;
    uint16_t blp;
    for (unsigned i = 0; rtcp_nack_read(packet, i, &pid, &blp); i++) {
        for (unsigned k = 0; k <= 16; k++) {
            if (k == 0 || (blp >> (k - 1) & 1) != 0) {
                peer->shared->tally->nacks_heard++;
                peer_resend(peer, (uint16_t)(pid + k));
            }
        }
    }
}

static void sender_report(struct peer *peer, const struct rtcp_packet *packet, int64_t arrived_ns)
{
    struct rtcp_sender_info info;
    const struct peer_in *in = find_in(peer, packet->ssrc);
    if (in != NULL && rtcp_sender_info_read(packet, &info)) {
        peer->report_middle[in->kind] = rtcp_ntp_middle(info.ntp);
        peer->report_heard_ns[in->kind] = arrived_ns;
    }
}

void peer_rtcp(struct peer *peer, const struct net_datagram *datagram)
{
    size_t len = datagram->len;
    unsigned count = 0;
    if (peer->srtp == NULL ||
        rtpsec_unprotect_rtcp(peer->srtp, datagram->data, &len) != STATUS_OK ||
        rtcp_check(span_of(datagram->data, len), &count) != STATUS_OK) {
        peer->shared->tally->strange++;
        return;
    }
    peer->shared->tally->rtcp++;
    struct reader r = reader_of(span_of(datagram->data, len));
    struct rtcp_packet packet;
    while (rtcp_next(&r, &packet)) {
        if (packet.type == RTCP_RTPFB && packet.count == RTCP_FB_NACK) {
            nacked(peer, &packet);
        } else if (packet.type == RTCP_PSFB && packet.count == RTCP_FB_PLI) {
            peer->shared->tally->keyframe_requests++;
            peer->want_keyframe = true;
        } else if (packet.type == RTCP_SR) {
            sender_report(peer, &packet, datagram->arrived_ns);
        }
    }
}
