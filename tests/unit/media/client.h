/* A browser in a test: ICE controlling agent, OpenSSL DTLS client over datagram queues in memory,
 * SRTP by libsrtp (the reference), video and audio with frame counters, NACK, RTX, reports.
 * Everything in virtual time. One thread. */
#ifndef TESTS_UNIT_MEDIA_CLIENT_H
#define TESTS_UNIT_MEDIA_CLIENT_H

#include "media/ice/integrity.h"
#include "media/stream/nack.h"
#include "proto/base/seq.h"
#include "proto/demux/demux.h"
#include "proto/rtcp/rtcp.h"
#include "proto/rtcp/twcc.h"
#include "proto/rtp/rtp.h"
#include "proto/sdp/sdp.h"
#include "proto/stun/stun.h"
#include "tests/tools/dtls_client.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#define CLIENT_QUEUE 512
#define CLIENT_DATAGRAM 1600
#define CLIENT_SEEN 65536
#define CLIENT_KEPT 1024

enum { CLIENT_AUDIO_PT = 111, CLIENT_VP8_PT = 96, CLIENT_RTX_PT = 97 };

struct client_datagram {
    size_t len;
    uint8_t data[CLIENT_DATAGRAM];
};

struct client_sent { /* one video packet of ours, for RTX */
    uint16_t sequence;
    size_t len;
    uint8_t data[CLIENT_DATAGRAM];
};

struct client_rx { /* what we receive of one kind */
    uint32_t ssrc;
    unsigned packets, rtx, ssrc_changes, jumps;
    bool begun;
    uint16_t highest, first;
    uint32_t timestamp;
    uint8_t seen[CLIENT_SEEN];
};

struct client {
    const char *name;
    struct identity *identity;
    SSL_CTX *context;
    struct dtls_client dtls;
    bool nominated;
    bool deaf_to_nack;                      /* resends nothing */
    unsigned slots;                         /* receive pairs it offers; 0 = 1 */
    const char *direction[2], *video_codec; /* NULL: sendrecv, VP8 */
    int64_t now_us;                         /* of the last datagram in */
    const char *profiles;
    unsigned out_head, out_count; /* everything on the way to the server */
    struct client_datagram out[CLIENT_QUEUE];
    char ufrag[9], pwd[25], remote_ufrag[33], remote_pwd[65];
    struct integrity *integrity;
    uint8_t transaction;
    struct rtpsec *srtp;
    uint32_t ssrc[2], rtx_ssrc;
    uint32_t receive_ssrc[2], receive_rtx_ssrc; /* announced by the answer, slot 0 */
    uint32_t slot_ssrc[6][2];                   /* of all slots */
    unsigned slot_packets[6][2];
    uint32_t report_middle[2]; /* of the last sender report, and when it came */
    int64_t report_us[2];
    uint16_t sequence[2], rtx_sequence, transport_sequence;
    uint32_t timestamp[2];
    uint16_t picture;
    bool want_keyframe;
    unsigned keyframes_asked, nacks_heard, stun_errors, remb_count, twcc_heard, twcc_foreign,
        reports_heard;
    uint64_t remb_bps;
    int64_t nack_heard_us[65536]; /* per sequence number */
    int64_t nack_early_us; /* a second request sooner than this after the first is early; 0: not
                              looked at */
    unsigned nacks_early;
    struct client_rx rx[2];
    struct nack nack;
    uint64_t nack_highest;
    struct client_sent *kept;
    /* feedback on what we receive */
    bool feedback_begun;
    uint16_t feedback_next, feedback_highest;
    int64_t arrivals[65536];
    uint8_t feedback_count;
};

static inline struct client_datagram *client_push(struct client *c, const void *data, size_t len)
{
    CHECK(c->out_count < CLIENT_QUEUE && len <= CLIENT_DATAGRAM);
    struct client_datagram *d = &c->out[(c->out_head + c->out_count++) % CLIENT_QUEUE];
    memcpy(d->data, data, len);
    d->len = len;
    return d;
}

static void client_dtls_send(void *owner, const void *datagram, size_t len)
{
    (void)client_push(owner, datagram, len);
}

static inline struct client *client_create(const char *name, const char *profiles, uint32_t seed)
{
    struct client *c = calloc(1, sizeof(*c));
    CHECK(c != NULL);
    c->kept = calloc(CLIENT_KEPT, sizeof(*c->kept));
    CHECK(c->kept != NULL && identity_generate(&c->identity) == STATUS_OK);
    CHECK(integrity_create(&c->integrity) == STATUS_OK);
    c->name = name;
    c->profiles = profiles;
    (void)snprintf(c->ufrag, sizeof(c->ufrag), "cl%06x", seed & 0xffffff);
    (void)snprintf(c->pwd, sizeof(c->pwd), "clientpassword%010x", seed);
    c->ssrc[0] = 0x10000000u + seed;
    c->ssrc[1] = 0x20000000u + seed;
    c->rtx_ssrc = 0x30000000u + seed;
    c->sequence[0] = 65500; /* both wrap soon */
    c->sequence[1] = 65400;
    c->want_keyframe = true;
    c->context = dtls_client_context(c->identity, profiles);
    c->dtls.send = client_dtls_send;
    c->dtls.owner = c;
    dtls_client_open(&c->dtls, c->context);
    return c;
}

static inline void client_destroy(struct client *c)
{
    SSL_free(c->dtls.ssl);
    SSL_CTX_free(c->context);
    identity_destroy(c->identity);
    integrity_destroy(c->integrity);
    rtpsec_destroy(c->srtp);
    free(c->kept);
    free(c);
}

/* --- SDP --- */

static inline size_t client_offer(const struct client *c, char *out, size_t room)
{
    unsigned slots = c->slots == 0 ? 1 : c->slots;
    const char *codec = c->video_codec == NULL ? "VP8" : c->video_codec;
    struct writer w = writer_of(out, room);
    writer_format(&w, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
    for (unsigned i = 0; i < 2 * slots; i++) {
        writer_format(&w, " %u", i);
    }
    writer_format(&w,
                  "\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 "
                  "%s\r\na=setup:actpass\r\n",
                  c->ufrag, c->pwd, identity_fingerprint(c->identity));
    for (unsigned i = 0; i < 2 * slots; i++) {
        unsigned kind = i % 2;
        const char *own = c->direction[kind] == NULL ? "sendrecv" : c->direction[kind];
        if (kind == 0) {
            writer_format(&w, "m=audio 9 UDP/TLS/RTP/SAVPF %d\r\n", CLIENT_AUDIO_PT);
        } else {
            writer_format(&w, "m=video 9 UDP/TLS/RTP/SAVPF %d %d\r\n", CLIENT_VP8_PT,
                          CLIENT_RTX_PT);
        }
        writer_format(
            &w,
            "c=IN IP4 0.0.0.0\r\na=mid:%u\r\na=%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
            "a=extmap:3 "
            "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n",
            i, i < 2 ? own : "recvonly");
        if (kind == 0) {
            writer_format(&w, "a=rtpmap:%d opus/48000/2\r\na=rtcp-fb:%d transport-cc\r\n",
                          CLIENT_AUDIO_PT, CLIENT_AUDIO_PT);
        } else {
            writer_format(&w,
                          "a=rtpmap:%d %s/90000\r\na=rtcp-fb:%d nack\r\na=rtcp-fb:%d nack "
                          "pli\r\na=rtcp-fb:%d transport-cc\r\na=rtcp-fb:%d goog-remb\r\n"
                          "a=rtpmap:%d rtx/90000\r\na=fmtp:%d apt=%d\r\n",
                          CLIENT_VP8_PT, codec, CLIENT_VP8_PT, CLIENT_VP8_PT, CLIENT_VP8_PT,
                          CLIENT_VP8_PT, CLIENT_RTX_PT, CLIENT_RTX_PT, CLIENT_VP8_PT);
        }
        if (i == 1 && strncmp(codec, "H264", 4) == 0) {
            writer_format(&w, "a=fmtp:%d packetization-mode=1;profile-level-id=42e01f\r\n",
                          CLIENT_VP8_PT);
        }
        if (i == 0) {
            writer_format(&w, "a=ssrc:%u cname:x\r\n", c->ssrc[0]);
        } else if (i == 1) {
            writer_format(&w,
                          "a=ssrc-group:FID %u %u\r\na=ssrc:%u cname:x\r\na=ssrc:%u cname:x\r\n",
                          c->ssrc[1], c->rtx_ssrc, c->ssrc[1], c->rtx_ssrc);
        }
    }
    CHECK(writer_ok(&w));
    return w.at;
}

static inline void client_answer(struct client *c, struct span answer)
{
    struct sdp *sdp = malloc(sizeof(*sdp));
    struct sdp_error error;
    CHECK(sdp != NULL && sdp_read(answer, sdp, &error) == STATUS_OK);
    CHECK(sdp->media_count == 2u * (c->slots == 0 ? 1 : c->slots) && sdp->ice_lite);
    CHECK(span_copy_text(sdp->media[0].transport.ice_ufrag, c->remote_ufrag,
                         sizeof(c->remote_ufrag)));
    CHECK(span_copy_text(sdp->media[0].transport.ice_pwd, c->remote_pwd, sizeof(c->remote_pwd)));
    for (unsigned kind = 0; kind < 2; kind++) {
        c->receive_ssrc[kind] =
            sdp->media[kind].ssrc_count > 0 ? sdp->media[kind].ssrcs[0].ssrc : 0;
    }
    for (unsigned i = 0; i < sdp->media_count; i++) {
        c->slot_ssrc[i / 2][i % 2] = sdp->media[i].ssrc_count > 0 ? sdp->media[i].ssrcs[0].ssrc : 0;
    }
    c->receive_rtx_ssrc = sdp->media[1].ssrc_count > 1 ? sdp->media[1].ssrcs[1].ssrc : 0;
    free(sdp);
}

/* --- ICE --- */

struct client_check {
    bool no_username, no_integrity, wrong_pwd, controlled, unknown_attribute, no_candidate,
        no_fingerprint;
    const char *ufrag; /* another local ufrag of the server's */
};

static inline void client_stun(struct client *c, const struct client_check *how)
{
    uint8_t buffer[512];
    struct writer w = writer_of(buffer, sizeof(buffer));
    uint8_t transaction[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ++c->transaction};
    char username[128];
    (void)snprintf(username, sizeof(username), "%s:%s",
                   how->ufrag != NULL ? how->ufrag : c->remote_ufrag, c->ufrag);
    stun_begin(&w, STUN_REQUEST, STUN_METHOD_BINDING, transaction);
    if (!how->no_username) {
        stun_add(&w, STUN_USERNAME, span_text(username));
    }
    stun_add_u32(&w, STUN_PRIORITY, 1845501695);
    stun_add_u64(&w, how->controlled ? STUN_ICE_CONTROLLED : STUN_ICE_CONTROLLING, 7);
    if (!how->no_candidate) {
        stun_add(&w, STUN_USE_CANDIDATE, span_of(NULL, 0));
    }
    if (how->unknown_attribute) {
        stun_add_u32(&w, 0x7777, 1);
    }
    struct integrity_key key = {
        c->integrity, span_text(how->wrong_pwd ? "wrongwrongwrongwrongwrong" : c->remote_pwd)};
    if (!how->no_integrity) {
        stun_add_integrity(&w, integrity_hmac, &key);
    }
    if (!how->no_fingerprint) {
        stun_add_fingerprint(&w);
    }
    CHECK(writer_ok(&w));
    (void)client_push(c, w.data, w.at);
}

/* --- in --- */

static inline void client_dtls(struct client *c, struct span datagram)
{
    dtls_client_input(&c->dtls, datagram);
    struct rtpsec_keys keys;
    if (c->srtp == NULL && dtls_client_keys(&c->dtls, &keys)) {
        CHECK(rtpsec_create(&keys, RTPSEC_ENGINE_LIBSRTP, &c->srtp) == STATUS_OK);
    }
}

static inline void client_dtls_tick(struct client *c)
{
    if (c->nominated) {
        dtls_client_tick(&c->dtls);
    }
}

static inline void client_resend(struct client *c, uint16_t sequence)
{
    struct client_sent *kept = &c->kept[sequence % CLIENT_KEPT];
    if (kept->len == 0 || kept->sequence != sequence) {
        return;
    }
    uint8_t buffer[CLIENT_DATAGRAM];
    struct writer w = writer_of(buffer, sizeof(buffer));
    CHECK(rtp_rtx_wrap(span_of(kept->data, kept->len), c->rtx_ssrc, CLIENT_RTX_PT,
                       c->rtx_sequence++, &w) == STATUS_OK);
    size_t len = w.at;
    CHECK(rtpsec_protect_rtp(c->srtp, buffer, &len, sizeof(buffer)) == STATUS_OK);
    (void)client_push(c, buffer, len);
}

static inline void client_nacked(struct client *c, uint16_t sequence)
{
    c->nacks_heard++;
    int64_t passed_us = c->now_us - c->nack_heard_us[sequence];
    c->nacks_early += passed_us < c->nack_early_us ? 1 : 0;
    c->nack_heard_us[sequence] = c->now_us;
    if (!c->deaf_to_nack) {
        client_resend(c, sequence);
    }
}

static inline void client_reported(struct client *c, const struct rtcp_packet *packet)
{
    struct rtcp_sender_info info;
    for (unsigned kind = 0; kind < 2 && rtcp_sender_info_read(packet, &info); kind++) {
        if (packet->ssrc == c->receive_ssrc[kind]) {
            c->report_middle[kind] = rtcp_ntp_middle(info.ntp);
            c->report_us[kind] = c->now_us;
        }
    }
}

static inline void client_rtcp(struct client *c, struct span datagram)
{
    unsigned count = 0;
    EXPECT_INT(rtcp_check(datagram, &count), STATUS_OK);
    struct reader r = reader_of(datagram);
    struct rtcp_packet packet;
    while (rtcp_next(&r, &packet)) {
        uint16_t pid;
        uint16_t blp;
        struct span ssrcs;
        struct twcc_reader feedback;
        if (packet.type == RTCP_RTPFB && packet.count == RTCP_FB_NACK) {
            for (unsigned i = 0; rtcp_nack_read(&packet, i, &pid, &blp); i++) {
                for (unsigned k = 0; k <= 16; k++) {
                    if (k == 0 || (blp >> (k - 1) & 1) != 0) {
                        client_nacked(c, (uint16_t)(pid + k));
                    }
                }
            }
        } else if (packet.type == RTCP_RTPFB && packet.count == RTCP_FB_TWCC) {
            EXPECT_INT(twcc_read(&packet, &feedback), STATUS_OK);
            c->twcc_foreign +=
                packet.media_ssrc == c->ssrc[0] || packet.media_ssrc == c->ssrc[1] ? 0 : 1;
            c->twcc_heard++;
        } else if (packet.type == RTCP_PSFB && packet.count == RTCP_FB_PLI) {
            EXPECT_INT(packet.media_ssrc, c->ssrc[1]);
            c->keyframes_asked++;
            c->want_keyframe = true;
        } else if (packet.type == RTCP_PSFB && rtcp_remb_read(&packet, &c->remb_bps, &ssrcs)) {
            c->remb_count++;
        } else if (packet.type == RTCP_SR || packet.type == RTCP_RR) {
            c->reports_heard++;
            client_reported(c, &packet);
        }
    }
}

static inline void client_note(struct client *c, int64_t now_us, unsigned kind, uint16_t sequence,
                               uint32_t timestamp)
{
    struct client_rx *rx = &c->rx[kind];
    if (!rx->begun) {
        rx->begun = true;
        rx->first = sequence;
        rx->highest = (uint16_t)(sequence - 1);
        c->nack_highest = kind == 1 ? (1u << 20) + (uint16_t)(sequence - 1) : c->nack_highest;
    }
    int32_t delta = seq16_delta(rx->highest, sequence);
    if (delta > 0) {
        rx->jumps += delta > 200 ? 1 : 0;
        if (kind == 1 && delta > 1 && delta < 200) {
            (void)nack_missing(&c->nack, now_us, c->nack_highest + 1,
                               c->nack_highest + (uint64_t)delta - 1);
        }
        c->nack_highest += kind == 1 ? (uint64_t)delta : 0;
        rx->highest = sequence;
        rx->timestamp = timestamp;
    } else if (kind == 1) {
        (void)nack_arrived(&c->nack, (uint64_t)((int64_t)c->nack_highest + delta));
    }
    rx->packets += rx->seen[sequence] == 0 ? 1 : 0;
    rx->seen[sequence] = 1;
}

static inline void client_rtp(struct client *c, int64_t now_us, uint8_t *data, size_t len)
{
    struct rtp_packet rtp;
    EXPECT_INT(rtp_read(span_of(data, len), &rtp), STATUS_OK);
    struct span value;
    if (rtp_extension_find(&rtp, 3, &value) && value.len == 2) {
        uint16_t number = (uint16_t)(value.data[0] << 8 | value.data[1]);
        if (!c->feedback_begun) {
            c->feedback_begun = true;
            c->feedback_next = number;
            c->feedback_highest = number;
        }
        c->feedback_highest =
            seq16_newer(number, c->feedback_highest) ? number : c->feedback_highest;
        c->arrivals[number] = now_us;
    }
    unsigned kind = rtp.payload_type == CLIENT_AUDIO_PT ? 0 : 1;
    for (unsigned slot = 0; slot < 6; slot++) {
        c->slot_packets[slot][kind] += rtp.ssrc == c->slot_ssrc[slot][kind] ? 1 : 0;
    }
    if (c->slots > 1 && rtp.ssrc != c->receive_ssrc[kind]) {
        return; /* slot 0 is looked at closely, the others are counted */
    }
    if (rtp.payload_type == CLIENT_RTX_PT) {
        EXPECT_INT(rtp.ssrc, c->receive_rtx_ssrc);
        if (rtp_rtx_unwrap(data, len, c->receive_ssrc[1], CLIENT_VP8_PT, &len) != STATUS_OK) {
            return;
        }
        EXPECT_INT(rtp_read(span_of(data, len), &rtp), STATUS_OK);
        c->rx[1].rtx++;
    }
    if (c->rx[kind].ssrc != rtp.ssrc) {
        c->rx[kind].ssrc_changes += c->rx[kind].ssrc != 0 ? 1 : 0;
        c->rx[kind].ssrc = rtp.ssrc;
    }
    client_note(c, now_us, kind, rtp.sequence, rtp.timestamp);
}

static inline void client_input(struct client *c, int64_t now_us, uint8_t *data, size_t len)
{
    c->now_us = now_us;
    switch (demux_classify(span_of(data, len))) {
    case DEMUX_STUN: {
        struct stun_message message;
        EXPECT_INT(stun_read(span_of(data, len), &message), STATUS_OK);
        c->stun_errors += message.class_ == STUN_ERROR ? 1 : 0;
        if (message.class_ == STUN_SUCCESS) {
            struct integrity_key key = {c->integrity, span_text(c->remote_pwd)};
            EXPECT_INT(stun_integrity_check(&message, integrity_hmac, &key), STATUS_OK);
            EXPECT(message.has_mapped && message.has_fingerprint);
            bool first = !c->nominated;
            c->nominated = true;
            if (first) {
                client_dtls(c, span_of(NULL, 0)); /* ClientHello */
            }
        }
        break;
    }
    case DEMUX_DTLS:
        client_dtls(c, span_of(data, len));
        break;
    case DEMUX_RTP:
        if (c->srtp != NULL) {
            EXPECT_INT(rtpsec_unprotect_rtp(c->srtp, data, &len), STATUS_OK);
            client_rtp(c, now_us, data, len);
        }
        break;
    case DEMUX_RTCP:
        if (c->srtp != NULL) {
            EXPECT_INT(rtpsec_unprotect_rtcp(c->srtp, data, &len), STATUS_OK);
            client_rtcp(c, span_of(data, len));
        }
        break;
    case DEMUX_DROP:
    case DEMUX_TURN:
        EXPECT(len == 0); /* the gateway sends nothing else */
        break;
    }
}

#include "tests/unit/media/client_send.h"

#endif
