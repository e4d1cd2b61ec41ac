/* Where the octets of one frame lie (PS3.5 sections 8.1.1 and A.4): native frames by size,
 * encapsulated ones by the basic or extended offset table, or by counting fragments. Spans into the
 * file. Any thread. */
#ifndef PROTO_DICOM_FRAMES_H
#define PROTO_DICOM_FRAMES_H

#include "proto/base/reader.h"
#include "proto/dicom/dicom.h"

struct dicom_frame {
    struct span native; /* not encapsulated: exactly the frame (bits_allocated 1: from the octet of
                           its first bit) */
    unsigned first_bit; /* bits_allocated 1 only: 0..7 */
    struct span items;  /* encapsulated: its fragments with their item headers */
    unsigned fragment_count;
    size_t octets; /* of all fragments together */
};

/* Octets of a native frame; false when it does not fit size_t or the attributes make no sense. */
bool dicom_native_size(const struct dicom_image *image, size_t *out_octets);
/* STATUS_NONE: the image has not so many frames. STATUS_TRUNCATED: they are not all there.
 * STATUS_MALFORMED: offset table and fragments contradict each other. STATUS_UNSUPPORTED: several
 * fragments a frame and nothing that tells where one begins. */
MUST_USE enum status dicom_frame_find(const struct dicom_image *image, uint32_t frame,
                                      struct dicom_frame *out_frame);
/* Next fragment of items; false at the end. Begin with reader_of(frame.items). */
bool dicom_fragment_next(struct reader *items, struct span *out_fragment);

#endif
