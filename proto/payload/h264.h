/* H.264 in RTP (RFC 6184): single NAL unit, STAP-A, FU-A (packetization modes 0 and 1). Pure
 * functions, any thread. */
#ifndef PROTO_PAYLOAD_H264_H
#define PROTO_PAYLOAD_H264_H

#include "proto/base/reader.h"
#include "proto/base/span.h"
#include "proto/base/status.h"
#include "proto/base/writer.h"

enum payload_h264_nal { /* ITU-T H.264 table 7-1, RFC 6184 table 1 */
                        PAYLOAD_H264_SLICE = 1,
                        PAYLOAD_H264_IDR = 5,
                        PAYLOAD_H264_SEI = 6,
                        PAYLOAD_H264_SPS = 7,
                        PAYLOAD_H264_PPS = 8,
                        PAYLOAD_H264_STAP_A = 24,
                        PAYLOAD_H264_FU_A = 28
};

struct payload_h264 {
    uint8_t type;       /* of the packet: 1..23, STAP_A or FU_A */
    bool starts, ends;  /* a NAL unit begins or ends in it (FU-A: S and E bits; others both) */
    uint8_t nri;        /* highest in it */
    bool idr, sps, pps; /* such a NAL unit is in it (FU-A: also in the middle of it) */
    struct span sps_nal, pps_nal; /* whole ones found here; empty: none */
};
/* TRUNCATED; MALFORMED (forbidden bit, empty NAL unit, FU-A with S and E); UNSUPPORTED (STAP-B,
 * MTAP, FU-B). */
MUST_USE enum status payload_h264_read(struct span payload, struct payload_h264 *out_h264);

enum payload_h264_form {
    PAYLOAD_H264_ANNEX_B,
    PAYLOAD_H264_LENGTH
}; /* start code 00 00 00 01, or 4-octet length */
/* Appends the NAL units of the packet. With PAYLOAD_H264_LENGTH *length_at keeps the place of an
 * open FU-A's length (0 at the start of a frame; the caller keeps it between packets). A
 * continuation without its beginning is MALFORMED. */
MUST_USE enum status payload_h264_append(struct span payload, enum payload_h264_form form,
                                         size_t *length_at, struct writer *w);
/* Width and height from a sequence parameter set (ITU-T H.264 §7.3.2.1.1), cropping taken off.
 * MALFORMED when they cannot be read. */
MUST_USE enum status payload_h264_sps_size(struct span sps_nal, uint16_t *out_width,
                                           uint16_t *out_height);

#endif
