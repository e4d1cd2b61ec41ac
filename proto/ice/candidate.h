/* ICE candidates as they stand in SDP (RFC 8839 §5.1, TCP: RFC 6544 §4.5) and their priority (RFC
 * 8445 §5.1.2). Plain values; spans of a parsed candidate point into the input. Pure functions, any
 * thread. */
#ifndef PROTO_ICE_CANDIDATE_H
#define PROTO_ICE_CANDIDATE_H

#include "proto/base/span.h"
#include "proto/base/status.h"
#include "proto/base/writer.h"

enum ice_transport { ICE_UDP = 0, ICE_TCP };
enum ice_type { ICE_HOST = 0, ICE_SRFLX, ICE_PRFLX, ICE_RELAY };
enum ice_tcptype { ICE_TCP_NONE = 0, ICE_TCP_ACTIVE, ICE_TCP_PASSIVE, ICE_TCP_SO };

struct ice_candidate {
    struct span foundation; /* 1..32 ice-chars */
    uint16_t component;     /* 1..256 */
    enum ice_transport transport;
    uint32_t priority;   /* 1..2^31-1 */
    struct span address; /* IPv4, IPv6 or a name such as *.local */
    uint16_t port;
    enum ice_type type;
    enum ice_tcptype tcptype;    /* only with ICE_TCP */
    struct span related_address; /* empty: none */
    uint16_t related_port;
};

/* value: what stands behind "a=candidate:" (a leading "candidate:" is passed over, as browsers'
 * trickle has it). Unknown extensions are passed over. MALFORMED; UNSUPPORTED (transport or type
 * that we do not know). */
MUST_USE enum status ice_candidate_read(struct span value, struct ice_candidate *out_candidate);
/* Writes what stands behind "a=candidate:". */
void ice_candidate_write(struct writer *w, const struct ice_candidate *candidate);

/* RFC 8445 §5.1.2.1: (2^24) type + (2^8) local + (256 - component). */
uint32_t ice_priority(uint8_t type_preference, uint16_t local_preference, uint16_t component);
/* Type preferences that are recommended: host 126, prflx 110, srflx 100, relay 0 (RFC 8445
 * §5.1.2.2). TCP gets 36 less, so that every UDP pair goes before it (RFC 6544 §4.2). */
uint8_t ice_type_preference(enum ice_type type, enum ice_transport transport);
/* Local preference of a TCP candidate: direction preference (RFC 6544 §4.2) and one of 13 bits for
 * the interface. */
uint16_t ice_tcp_local_preference(enum ice_tcptype tcptype, uint16_t other);

/* ufrag: 4..256, pwd: 22..256 ice-chars (RFC 8839 §5.4). */
bool ice_ufrag_valid(struct span ufrag);
bool ice_pwd_valid(struct span pwd);

#endif
