/* What a client (client.h) sends once it has keys: sound, pictures, reports, requests, feedback. */
#ifndef TESTS_UNIT_MEDIA_CLIENT_SEND_H
#define TESTS_UNIT_MEDIA_CLIENT_SEND_H

#include "tests/unit/media/client.h"

static inline void client_send_rtp(struct client *c, unsigned kind, bool marker,
                                   const void *payload, size_t payload_len)
{
    uint8_t buffer[CLIENT_DATAGRAM];
    struct writer w = writer_of(buffer, sizeof(buffer));
    uint8_t number[2] = {(uint8_t)(c->transport_sequence >> 8), (uint8_t)c->transport_sequence};
    c->transport_sequence++;
    struct rtp_extension_out extension = {3, span_of(number, 2)};
    struct rtp_header_out header = {.marker = marker,
                                    .payload_type = kind == 0 ? CLIENT_AUDIO_PT : CLIENT_VP8_PT,
                                    .sequence = c->sequence[kind],
                                    .timestamp = c->timestamp[kind],
                                    .ssrc = c->ssrc[kind],
                                    .extension_count = 1,
                                    .extensions = &extension};
    rtp_write_header(&w, &header);
    writer_bytes(&w, span_of(payload, payload_len));
    CHECK(writer_ok(&w));
    size_t len = w.at;
    if (kind == 1) {
        struct client_sent *kept = &c->kept[c->sequence[1] % CLIENT_KEPT];
        kept->sequence = c->sequence[1];
        kept->len = len;
        memcpy(kept->data, buffer, len);
    }
    c->sequence[kind]++;
    CHECK(rtpsec_protect_rtp(c->srtp, buffer, &len, sizeof(buffer)) == STATUS_OK);
    (void)client_push(c, buffer, len);
}

static inline void client_send_audio(struct client *c)
{
    static const uint8_t frame[80] = {0x78};
    c->timestamp[0] += 960;
    client_send_rtp(c, 0, false, frame, sizeof(frame));
}

static inline void client_send_frame(struct client *c, unsigned packets)
{
    c->timestamp[1] += 3000;
    c->picture = (uint16_t)((c->picture + 1) & 0x7fff);
    for (unsigned i = 0; i < packets; i++) {
        uint8_t payload[1000] = {(uint8_t)(0x80 | (i == 0 ? 0x10 : 0)), 0x80,
                                 (uint8_t)(0x80 | c->picture >> 8), (uint8_t)c->picture};
        if (i == 0) {
            static const uint8_t key[10] = {0x10, 0x02, 0x00, 0x9d, 0x01,
                                            0x2a, 0x80, 0x02, 0xe0, 0x01};
            static const uint8_t delta[10] = {0x11, 0x02, 0x00};
            memcpy(payload + 4, c->want_keyframe ? key : delta, 10);
            c->want_keyframe = false;
        }
        client_send_rtp(c, 1, i + 1 == packets, payload, sizeof(payload));
    }
}

static inline void client_send_rtcp(struct client *c, struct writer *w)
{
    CHECK(writer_ok(w));
    size_t len = w->at;
    CHECK(rtpsec_protect_rtcp(c->srtp, w->data, &len, w->len) == STATUS_OK);
    (void)client_push(c, w->data, len);
}

static inline void client_send_report(struct client *c, int64_t now_us)
{
    uint8_t buffer[512];
    struct writer w = writer_of(buffer, sizeof(buffer));
    for (unsigned kind = 0; kind < 2; kind++) {
        struct rtcp_sender_info info = {.ntp = rtcp_ntp_of_us(1700000000000000 + now_us),
                                        .rtp_timestamp = c->timestamp[kind]};
        struct rtcp_report_block block = {
            .ssrc = c->receive_ssrc[kind],
            .highest_sequence = c->rx[kind].highest,
            .last_sr = c->report_middle[kind],
            .delay_since_sr = (uint32_t)((now_us - c->report_us[kind]) * 65536 / 1000000)};
        rtcp_write_sr(&w, c->ssrc[kind], &info, &block, c->report_middle[kind] != 0 ? 1 : 0);
    }
    client_send_rtcp(c, &w);
}

static inline void client_send_nacks(struct client *c, int64_t now_us, uint32_t rtt_us)
{
    uint16_t sequences[64];
    unsigned count = nack_due(&c->nack, now_us, rtt_us, sequences, 64);
    if (count > 0) {
        uint8_t buffer[512];
        struct writer w = writer_of(buffer, sizeof(buffer));
        rtcp_write_nack(&w, c->ssrc[1], c->receive_ssrc[1], sequences, count);
        client_send_rtcp(c, &w);
    }
}

static inline void client_send_pli(struct client *c)
{
    uint8_t buffer[64];
    struct writer w = writer_of(buffer, sizeof(buffer));
    rtcp_write_pli(&w, c->ssrc[1], c->receive_ssrc[1]);
    client_send_rtcp(c, &w);
}

static inline void client_send_feedback(struct client *c)
{
    if (!c->feedback_begun || !seq16_newer((uint16_t)(c->feedback_highest + 1), c->feedback_next)) {
        return;
    }
    struct twcc_status statuses[TWCC_PACKETS_MAX];
    unsigned count = 0;
    for (uint16_t n = c->feedback_next;
         n != (uint16_t)(c->feedback_highest + 1) && count < TWCC_PACKETS_MAX; n++) {
        statuses[count++].arrival_us = c->arrivals[n] == 0 ? -1 : c->arrivals[n];
        c->arrivals[n] = 0;
    }
    uint8_t buffer[1400];
    struct writer w = writer_of(buffer, sizeof(buffer));
    unsigned done = twcc_write(&w, c->ssrc[1], c->receive_ssrc[1], c->feedback_next, statuses,
                               count, &c->feedback_count);
    c->feedback_next = (uint16_t)(c->feedback_next + count);
    if (done > 0) {
        client_send_rtcp(c, &w);
    }
}

#endif
