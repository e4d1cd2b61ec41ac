/* What a peer says of itself and takes from the server: JSEP as far as a call of the generator
 * needs it. */
#include "tests/load/peer.h"

#include "proto/ice/candidate.h"
#include "proto/sdp/sdp.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define TWCC_URI "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

static void write_session(const struct peer *peer, const char *setup, unsigned sections,
                          struct writer *w)
{
    writer_format(w, "v=0\r\no=- %u 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE",
                  peer->index + 1);
    for (unsigned i = 0; i < sections; i++) {
        writer_format(w, " %u", i);
    }
    writer_format(w,
                  "\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:%s"
                  "\r\na=msid-semantic: WMS\r\n",
                  peer->ufrag, peer->pwd, identity_fingerprint(peer->shared->identity), setup);
}

static void write_formats(enum peer_kind kind, struct writer *w)
{
    if (kind == PEER_AUDIO) {
        writer_format(w,
                      "a=rtpmap:%d opus/48000/2\r\na=fmtp:%d useinbandfec=1\r\na=rtcp-fb:%d "
                      "transport-cc\r\n",
                      PEER_AUDIO_PT, PEER_AUDIO_PT, PEER_AUDIO_PT);
        return;
    }
    writer_format(w, "a=rtpmap:%d VP8/90000\r\n", PEER_VIDEO_PT);
    static const char *const feedback[] = {"nack", "nack pli", "ccm fir", "goog-remb",
                                           "transport-cc"};
    for (size_t i = 0; i < sizeof(feedback) / sizeof(feedback[0]); i++) {
        writer_format(w, "a=rtcp-fb:%d %s\r\n", PEER_VIDEO_PT, feedback[i]);
    }
    writer_format(w, "a=rtpmap:%d rtx/90000\r\na=fmtp:%d apt=%d\r\n", PEER_RTX_PT, PEER_RTX_PT,
                  PEER_VIDEO_PT);
}

static void write_media(const struct peer *peer, unsigned section, unsigned twcc_id,
                        struct writer *w)
{
    enum peer_kind kind = section % 2 == 0 ? PEER_AUDIO : PEER_VIDEO;
    struct net_addr own = net_own(peer->shared->net, peer->index);
    char ip[INET_ADDRSTRLEN];
    struct in_addr octets = {htonl(own.ip)};
    CHECK(inet_ntop(AF_INET, &octets, ip, sizeof(ip)) != NULL);
    writer_format(w, "m=%s 9 UDP/TLS/RTP/SAVPF %d", kind == PEER_AUDIO ? "audio" : "video",
                  kind == PEER_AUDIO ? PEER_AUDIO_PT : PEER_VIDEO_PT);
    if (kind == PEER_VIDEO) {
        writer_format(w, " %d", PEER_RTX_PT);
    }
    writer_format(w,
                  "\r\nc=IN IP4 0.0.0.0\r\na=mid:%u\r\na=%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
                  "a=candidate:1 1 udp 2130706431 %s %u typ host\r\na=end-of-candidates\r\n",
                  section, section < 2 ? "sendrecv" : "recvonly", ip, own.port);
    if (twcc_id != 0) {
        writer_format(w, "a=extmap:%u %s\r\n", twcc_id, TWCC_URI);
    }
    write_formats(kind, w);
    uint32_t ssrc = peer->out[kind].ssrc;
    if (section == 1) {
        writer_format(w, "a=ssrc-group:FID %u %u\r\n", ssrc, peer->rtx_ssrc);
        writer_format(w, "a=ssrc:%u cname:p%u\r\n", peer->rtx_ssrc, peer->index);
    }
    if (section < 2) {
        writer_format(w, "a=ssrc:%u cname:p%u\r\n", ssrc, peer->index);
    }
}

size_t peer_offer(struct peer *peer, char *out)
{
    struct writer w = writer_of(out, PEER_SDP_MAX - 1);
    write_session(peer, "actpass", 2 * peer->slots, &w);
    for (unsigned i = 0; i < 2 * peer->slots; i++) {
        write_media(peer, i, PEER_TWCC_ID, &w);
    }
    CHECK(writer_ok(&w));
    out[w.at] = '\0';
    return w.at;
}

/* The first UDP candidate of component 1. */
static bool take_candidate(struct peer *peer, const struct sdp *sdp)
{
    for (unsigned i = 0; i < sdp->media_count; i++) {
        const struct sdp_media *media = &sdp->media[i];
        for (unsigned k = 0; k < media->candidate_count; k++) {
            struct ice_candidate candidate;
            char text[64];
            struct in_addr ip;
            if (ice_candidate_read(media->candidates[k], &candidate) == STATUS_OK &&
                candidate.transport == ICE_UDP && candidate.component == 1 &&
                span_copy_text(candidate.address, text, sizeof(text)) &&
                inet_pton(AF_INET, text, &ip) == 1) {
                peer->remote = (struct net_addr){ntohl(ip.s_addr), candidate.port};
                return true;
            }
        }
    }
    return false;
}

static bool take_transport(struct peer *peer, struct span text, struct sdp *sdp)
{
    struct sdp_error error = {0, "no audio and video"};
    bool ok = sdp_read(text, sdp, &error) == STATUS_OK && sdp->media_count >= 2;
    if (!ok) {
        (void)fprintf(stderr, "peer %u: description not understood: %s\n", peer->index,
                      error.reason);
        return false;
    }
    const struct sdp_transport *transport = &sdp->media[0].transport;
    ok = span_copy_text(transport->ice_ufrag, peer->remote_ufrag, sizeof(peer->remote_ufrag)) &&
         span_copy_text(transport->ice_pwd, peer->remote_pwd, sizeof(peer->remote_pwd)) &&
         take_candidate(peer, sdp);
    if (!ok) {
        (void)fprintf(stderr, "peer %u: description without credentials or UDP candidate\n",
                      peer->index);
    }
    return ok;
}

bool peer_take_answer(struct peer *peer, struct span answer)
{
    struct sdp *sdp = malloc(sizeof(*sdp));
    bool ok = sdp != NULL && take_transport(peer, answer, sdp);
    free(sdp);
    return ok;
}

size_t peer_answer(struct peer *peer, struct span offer, char *out)
{
    struct sdp *sdp = malloc(sizeof(*sdp));
    if (sdp == NULL || !take_transport(peer, offer, sdp)) {
        free(sdp);
        return 0;
    }
    struct writer w = writer_of(out, PEER_SDP_MAX - 1);
    write_session(peer, "active", 2, &w);
    for (unsigned i = 0; i < 2; i++) {
        const struct sdp_extmap *twcc = sdp_extmap_find(&sdp->media[i], TWCC_URI);
        write_media(peer, i, twcc == NULL ? 0 : twcc->id, &w);
    }
    CHECK(writer_ok(&w));
    out[w.at] = '\0';
    free(sdp);
    return w.at;
}
