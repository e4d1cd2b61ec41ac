/* Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01
 * §3.1): an RTPFB packet with FMT 15. Reader walks packet by packet; writer packs run-length and
 * status-vector chunks. Nothing allocates; any thread. Pitfall, tried: media_ssrc must be an SSRC
 * that the browser really sends, or Chromium ignores the feedback in silence. */
#ifndef PROTO_RTCP_TWCC_H
#define PROTO_RTCP_TWCC_H

#include "proto/rtcp/rtcp.h"

#define TWCC_PACKETS_MAX                                                                           \
    512u /* statuses in one feedback written by us: 512 x 16 bits of delta stay below 1200 octets  \
          */

struct twcc_reader {
    uint16_t base_sequence;
    uint16_t packet_count; /* statuses in it */
    int64_t reference_us;  /* 24-bit signed, unit 64 ms */
    uint8_t feedback_count;
    /* internal */
    struct reader chunks, deltas;
    uint16_t index;
    uint16_t run_left;
    uint8_t run_symbol;
    uint16_t vector;
    uint8_t vector_left, vector_bits;
    int64_t at_us;
};
/* Checks that chunks cover exactly the count (surplus in the last vector is allowed) and that all
 * deltas are there. MALFORMED / TRUNCATED / NONE (not a TWCC packet). */
MUST_USE enum status twcc_read(const struct rtcp_packet *packet, struct twcc_reader *out_reader);
struct twcc_item {
    uint16_t sequence;
    bool received;
    int64_t arrival_us; /* on the feedback's time line (begins at reference_us); unset when not
                           received */
};
bool twcc_next(struct twcc_reader *reader, struct twcc_item *out_item);

/* One status of the writer: arrival_us is any monotonic clock; -1: not received. */
struct twcc_status {
    int64_t arrival_us;
};
/* Statuses for base_sequence, +1, +2 ... The first and the last should be received ones. Deltas
 * beyond +-8.1 s end the packet early: returns the number of statuses that were written (0: none is
 * received, or no room); call again with the rest. *feedback_count goes up by one per packet. */
unsigned twcc_write(struct writer *w, uint32_t ssrc, uint32_t media_ssrc, uint16_t base_sequence,
                    const struct twcc_status *statuses, unsigned count, uint8_t *feedback_count);

#endif
