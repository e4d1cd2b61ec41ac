/* VP9 in RTP (RFC 9628 §4.2) and the key frame's size. Pure functions, any thread. */
#ifndef PROTO_PAYLOAD_VP9_H
#define PROTO_PAYLOAD_VP9_H

#include "proto/base/span.h"
#include "proto/base/status.h"

struct payload_vp9 {
    bool inter_predicted; /* P */
    bool flexible;        /* F */
    bool start, end;      /* B, E: of a layer frame */
    bool has_picture_id;
    uint16_t picture_id;
    bool has_layers;
    uint8_t tid, sid;
    bool switching_up, inter_layer; /* U, D */
    bool has_tl0picidx;
    uint8_t tl0picidx;
    uint8_t reference_count; /* of P_DIFF, flexible mode */
    bool has_scalability;    /* V */
    uint8_t spatial_layers;  /* N_S + 1 */
    uint16_t width, height;  /* of the highest layer in the scalability structure; else from the
                                frame head; else 0 */
    uint8_t descriptor_len;
    struct span data;
    bool keyframe; /* start, not inter predicted, lowest spatial layer */
};
/* TRUNCATED; MALFORMED: more than three references. */
MUST_USE enum status payload_vp9_read(struct span payload, struct payload_vp9 *out_vp9);

#endif
