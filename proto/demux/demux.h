/* Tells by its first octets what a datagram on a media port is (RFC 7983 §7; RTP or RTCP: RFC 5761
 * §4). Nothing is believed here: it only chooses the parser. Pure function, any thread. */
#ifndef PROTO_DEMUX_DEMUX_H
#define PROTO_DEMUX_DEMUX_H

#include "proto/base/span.h"

enum demux_kind {
    DEMUX_DROP = 0, /* empty, too short for its kind, ZRTP (16..19), or not assigned */
    DEMUX_STUN,     /* 0..3, at least 20 octets */
    DEMUX_DTLS,     /* 20..63, at least 13 octets: one record head */
    DEMUX_TURN,     /* 64..79: TURN channel data, at least 4 octets */
    DEMUX_RTP,      /* 128..191, at least 12 octets */
    DEMUX_RTCP      /* 128..191 with packet type 192..223, at least 8 octets */
};

enum demux_kind demux_classify(struct span datagram);
/* "rtp": for counters; never NULL. */
const char *demux_name(enum demux_kind kind);

#endif
