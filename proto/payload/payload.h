/* What an RTP payload says about its frame, for every codec that is relayed: key frame, first
 * packet of a frame, layers, and the way from packets back to a frame. Codec details: opus.h,
 * vp8.h, vp9.h, h264.h. Spans point into the input. Nothing allocates; pure functions, any thread.
 */
#ifndef PROTO_PAYLOAD_PAYLOAD_H
#define PROTO_PAYLOAD_PAYLOAD_H

#include "proto/base/span.h"
#include "proto/base/status.h"
#include "proto/base/writer.h"

enum payload_codec {
    PAYLOAD_OPUS = 1,
    PAYLOAD_VP8,
    PAYLOAD_VP9,
    PAYLOAD_H264
}; /* same numbers as enum tap_codec */

struct payload_info {
    bool frame_start; /* first packet of a frame (H.264: start of a NAL unit or aggregate) */
    bool keyframe; /* packet belongs to a key frame and carries its beginning (H.264: IDR, or SPS in
                      front of it) */
    bool discardable;    /* nothing refers to it (VP8 N bit, H.264 NRI 0) */
    uint8_t temporal_id; /* 0 when the codec does not say */
    bool has_picture_id;
    uint16_t picture_id;
    uint16_t width, height; /* key frame's, 0: not known here */
};

/* MALFORMED / TRUNCATED; UNSUPPORTED: a kind of packet that WebRTC does not use (H.264 MTAP, FU-B).
 */
MUST_USE enum status payload_inspect(enum payload_codec codec, struct span payload,
                                     struct payload_info *out_info);
/* Appends the packet's part of the frame: VP8/VP9 without descriptor, Opus as it is, H.264 as Annex
 * B with 4-octet start codes. Packets of one frame are given in sequence order. TOO_LARGE: w is
 * full. */
MUST_USE enum status payload_append(enum payload_codec codec, struct span payload,
                                    struct writer *w);
/* 48000 or 90000. */
uint32_t payload_clock_hz(enum payload_codec codec);

#endif
