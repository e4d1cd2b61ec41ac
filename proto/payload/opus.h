/* Opus packets: table of contents (RFC 6716 §3), RTP payload RFC 7587. Pure functions, any thread.
 */
#ifndef PROTO_PAYLOAD_OPUS_H
#define PROTO_PAYLOAD_OPUS_H

#include "proto/base/span.h"
#include "proto/base/status.h"

enum payload_opus_mode { PAYLOAD_OPUS_SILK, PAYLOAD_OPUS_HYBRID, PAYLOAD_OPUS_CELT };

struct payload_opus {
    uint8_t config; /* 0..31 */
    enum payload_opus_mode mode;
    bool stereo;
    uint8_t frame_count;     /* 1..48 */
    uint32_t duration_48khz; /* of the whole packet, at most 5760 (120 ms) */
    bool dtx;                /* at most 2 octets: comfort noise or nothing (RFC 7587 §3.1.3) */
};
/* TRUNCATED: empty or without its count octet; MALFORMED: more than 120 ms, or uneven halves (RFC
 * 6716 §3.4). */
MUST_USE enum status payload_opus_read(struct span payload, struct payload_opus *out_opus);

#endif
