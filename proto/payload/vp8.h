/* VP8 in RTP (RFC 7741) and the frame head (RFC 6386 §9.1). Pure functions, any thread. */
#ifndef PROTO_PAYLOAD_VP8_H
#define PROTO_PAYLOAD_VP8_H

#include "proto/base/span.h"
#include "proto/base/status.h"

struct payload_vp8 {
    bool start;         /* S and PID 0: first packet of the frame */
    bool non_reference; /* N */
    uint8_t partition;  /* PID */
    bool has_picture_id, picture_id_long;
    uint16_t picture_id; /* 7 or 15 bits */
    bool has_tl0picidx, has_tid, has_keyidx;
    uint8_t tl0picidx, tid, keyidx;
    bool layer_sync; /* Y */
    uint8_t descriptor_len;
    uint8_t picture_id_at, tl0picidx_at; /* offsets in the payload, for rewriting; 0: absent */
    struct span data;                    /* behind the descriptor */
    bool keyframe;                       /* start && P bit 0 */
    uint16_t width, height;              /* of a key frame whose 10 octets are here; else 0 */
};
/* TRUNCATED; MALFORMED: key frame without its start code 9d 01 2a. */
MUST_USE enum status payload_vp8_read(struct span payload, struct payload_vp8 *out_vp8);
/* In place, on a payload that was read into vp8: new picture id (cut to the size it has) and
 * TL0PICIDX. */
void payload_vp8_rewrite(uint8_t *payload, const struct payload_vp8 *vp8, uint16_t picture_id,
                         uint8_t tl0picidx);

#endif
