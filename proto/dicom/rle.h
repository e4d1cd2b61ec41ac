/* RLE lossless (PS3.5 annex G): segment table and PackBits expansion into the caller's memory. Any
 * thread. */
#ifndef PROTO_DICOM_RLE_H
#define PROTO_DICOM_RLE_H

#include "proto/base/span.h"
#include "proto/base/status.h"

#define RLE_SEGMENTS_MAX 15

struct rle_segments {
    unsigned count;
    struct span segment[RLE_SEGMENTS_MAX];
};

/* Header of a frame. STATUS_MALFORMED: a segment lies outside the frame or they are out of order.
 */
MUST_USE enum status rle_read(struct span frame, struct rle_segments *out_segments);
/* Fills out[0], out[stride], out[2 * stride] ... with `count` octets. STATUS_TRUNCATED: the segment
 * gives fewer. Octets beyond `count` are padding. */
MUST_USE enum status rle_expand(struct span segment, uint8_t *out, size_t stride, size_t count);

#endif
