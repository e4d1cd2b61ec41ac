/* RTP packets (RFC 3550 §5.1), header extensions (RFC 8285), retransmission payload (RFC 4588).
 * Spans point into the packet. Nothing allocates; pure functions on the caller's memory, any
 * thread. The in-place helpers take a packet that rtp_read() has accepted (CHECKed by length only).
 */
#ifndef PROTO_RTP_RTP_H
#define PROTO_RTP_RTP_H

#include "proto/base/span.h"
#include "proto/base/status.h"
#include "proto/base/writer.h"

#define RTP_HEADER_LEN 12u
#define RTP_EXTENSIONS_MAX 16u /* elements written by us; browsers use 8 or fewer */
#define RTP_PROFILE_ONE_BYTE 0xBEDEu
#define RTP_PROFILE_TWO_BYTE 0x1000u /* low four bits: appbits */

struct rtp_packet {
    bool marker;
    uint8_t payload_type;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    uint8_t csrc_count;
    struct span csrcs; /* 4 octets each */
    bool has_extension;
    uint16_t profile;
    struct span extension; /* data behind the 4-octet extension head */
    size_t header_len;     /* octets before the payload */
    struct span payload;   /* without padding; empty for padding-only packets */
    uint8_t padding_len;   /* octets, 0: none */
};

/* TRUNCATED or MALFORMED (version, padding longer than the rest). */
MUST_USE enum status rtp_read(struct span packet, struct rtp_packet *out_packet);

/* Iterates extension elements; start with zeroed iterator. Elements with a broken length end the
 * walk (RFC 8285 §4.2). */
struct rtp_extension_item {
    size_t at; /* internal: next octet in packet->extension */
    uint8_t id;
    struct span value;
};
bool rtp_extension_next(const struct rtp_packet *packet, struct rtp_extension_item *item);
/* First element with that id; false: absent. */
bool rtp_extension_find(const struct rtp_packet *packet, uint8_t id, struct span *out_value);

/* In place: overwrite header fields. */
void rtp_set_marker(uint8_t *packet, bool marker);
void rtp_set_payload_type(uint8_t *packet, uint8_t payload_type);
void rtp_set_sequence(uint8_t *packet, uint16_t sequence);
void rtp_set_timestamp(uint8_t *packet, uint32_t timestamp);
void rtp_set_ssrc(uint8_t *packet, uint32_t ssrc);
/* In place: gives each extension element the id map[old id]; 0 removes it (its octets become
 * padding, RFC 8285 §4.1.1). New ids of one-byte elements must be 1..14: others remove the element.
 * Length of the packet does not change. */
void rtp_extension_remap(uint8_t *packet, size_t len, const uint8_t map[256]);
/* In place: overwrites the value of the element with that id when its length is value.len; false:
 * not there. */
bool rtp_extension_set(uint8_t *packet, size_t len, uint8_t id, struct span value);

struct rtp_extension_out {
    uint8_t id;        /* 1..255 */
    struct span value; /* 0..255 octets */
};
struct rtp_header_out {
    bool marker;
    uint8_t payload_type;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    unsigned extension_count; /* at most RTP_EXTENSIONS_MAX */
    const struct rtp_extension_out *extensions;
};
/* Writes a header without CSRCs; one-byte extension form when every id and length allows it, else
 * two-byte. The payload is appended by the caller. */
void rtp_write_header(struct writer *w, const struct rtp_header_out *header);

/* RTX (RFC 4588 §4). Unwrap in place: original sequence number back into the header, payload moved
 * down by two octets; returns the new length. NONE: payload is empty or padding only (a probe);
 * TRUNCATED / MALFORMED. Padding is removed. */
MUST_USE enum status rtp_rtx_unwrap(uint8_t *packet, size_t len, uint32_t original_ssrc,
                                    uint8_t original_payload_type, size_t *out_len);
/* Writes the RTX packet that carries `original` (padding left out). TRUNCATED/MALFORMED when it is
 * no RTP packet; TOO_LARGE when it does not fit w. */
MUST_USE enum status rtp_rtx_wrap(struct span original, uint32_t rtx_ssrc, uint8_t rtx_payload_type,
                                  uint16_t rtx_sequence, struct writer *w);

#endif
