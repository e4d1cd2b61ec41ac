/* The a= lines of the SDP reader: one entry, one table of names. Internal to proto/sdp; spans point
 * into the input. Any thread. */
#ifndef PROTO_SDP_ATTRIBUTE_H
#define PROTO_SDP_ATTRIBUTE_H

#include "proto/sdp/sdp.h"

/* What the reader is at. */
struct sdp_context {
    struct sdp *sdp;
    struct sdp_media *media;      /* NULL in the session part */
    enum sdp_direction direction; /* of the session part: default of every m-section */
    uint8_t feedback_all;         /* rtcp-fb:* of this m-section */
    const char *reason;           /* set when a function says other than OK */
};

/* value: what stands behind "a=". Unknown attributes are OK. */
MUST_USE enum status sdp_attribute_read(struct sdp_context *c, struct span value);
/* Takes the word before the first blank off `rest` (blanks behind it too); empty when none is left.
 */
struct span sdp_word(struct span *rest);
/* a=fmtp and the like: format of that payload type in the m-section, NULL: not in the m= line. */
struct sdp_format *sdp_format_mutable(struct sdp_media *media, uint64_t payload_type);

#endif
