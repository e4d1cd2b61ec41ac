#include "proto/demux/demux.h"

#define STUN_LEN_MIN 20u /* RFC 8489 §5: header */
#define DTLS_LEN_MIN 13u /* RFC 6347 §4.1: record head */
#define TURN_LEN_MIN 4u  /* RFC 8656 §12.4: channel number and length */
#define RTP_LEN_MIN 12u  /* RFC 3550 §5.1 */
#define RTCP_LEN_MIN 8u  /* RFC 3550 §6.4.2: an RR without blocks */

static enum demux_kind at_least(struct span datagram, size_t len, enum demux_kind kind)
{
    return datagram.len >= len ? kind : DEMUX_DROP;
}

/* RFC 5761 §4: with rtcp-mux the second octet 192..223 is RTCP (RTP payload types 64..95 are not
 * used then). */
static enum demux_kind rtp_or_rtcp(struct span datagram)
{
    if (datagram.len >= 2 && datagram.data[1] >= 192 && datagram.data[1] <= 223) {
        return at_least(datagram, RTCP_LEN_MIN, DEMUX_RTCP);
    }
    return at_least(datagram, RTP_LEN_MIN, DEMUX_RTP);
}

enum demux_kind demux_classify(struct span datagram)
{
    if (datagram.len == 0) {
        return DEMUX_DROP;
    }
    uint8_t first = datagram.data[0];
    if (first <= 3) {
        return at_least(datagram, STUN_LEN_MIN, DEMUX_STUN);
    }
    if (first >= 20 && first <= 63) {
        return at_least(datagram, DTLS_LEN_MIN, DEMUX_DTLS);
    }
    if (first >= 64 && first <= 79) {
        return at_least(datagram, TURN_LEN_MIN, DEMUX_TURN);
    }
    if (first >= 128 && first <= 191) {
        return rtp_or_rtcp(datagram);
    }
    return DEMUX_DROP;
}

const char *demux_name(enum demux_kind kind)
{
    static const char *const names[] = {"drop", "stun", "dtls", "turn", "rtp", "rtcp"};
    return (unsigned)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}
