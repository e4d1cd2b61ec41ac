/* RTCP (RFC 3550 §6; feedback RFC 4585, 5104; REMB draft-alvestrand-rmcat-remb-03; XR RRTR/DLRR RFC
 * 3611; reduced size RFC 5506): bounded walk over a compound packet and writers of single packets.
 * Transport-wide feedback: twcc.h. Spans point into the input. Nothing allocates; pure functions,
 * any thread. */
#ifndef PROTO_RTCP_RTCP_H
#define PROTO_RTCP_RTCP_H

#include "proto/base/reader.h"
#include "proto/base/span.h"
#include "proto/base/status.h"
#include "proto/base/writer.h"

enum rtcp_type {
    RTCP_SR = 200,
    RTCP_RR = 201,
    RTCP_SDES = 202,
    RTCP_BYE = 203,
    RTCP_APP = 204,
    RTCP_RTPFB = 205,
    RTCP_PSFB = 206,
    RTCP_XR = 207
};
enum rtcp_rtpfb { RTCP_FB_NACK = 1, RTCP_FB_TMMBR = 3, RTCP_FB_TWCC = 15 };
enum rtcp_psfb { RTCP_FB_PLI = 1, RTCP_FB_SLI = 2, RTCP_FB_FIR = 4, RTCP_FB_AFB = 15 };

#define RTCP_BLOCKS_MAX 31u /* five-bit count */

/* One packet of a compound. */
struct rtcp_packet {
    uint8_t type;        /* enum rtcp_type, or another */
    uint8_t count;       /* RC, SC or FMT */
    uint32_t ssrc;       /* sender; 0 for SDES, BYE without sources */
    uint32_t media_ssrc; /* RTPFB and PSFB only */
    struct span body;    /* behind the 4-octet head, padding removed */
};

/* The whole datagram is checked: version, lengths add up exactly, padding within its packet, each
 * packet long enough for its fixed part and its count (RFC 3550 §A.2 without the demand that SR or
 * RR is first: RFC 5506). TRUNCATED or MALFORMED. *out_count: packets. */
MUST_USE enum status rtcp_check(struct span datagram, unsigned *out_count);
/* Next packet of a datagram that rtcp_check() has accepted; start with reader_of(datagram). */
bool rtcp_next(struct reader *r, struct rtcp_packet *out_packet);

struct rtcp_sender_info {
    uint64_t ntp; /* 32.32 */
    uint32_t rtp_timestamp;
    uint32_t packets, octets;
};
struct rtcp_report_block { /* RFC 3550 §6.4.1 */
    uint32_t ssrc;
    uint8_t fraction_lost;     /* of 256 */
    int32_t cumulative_lost;   /* 24 bits, signed */
    uint32_t highest_sequence; /* extended */
    uint32_t jitter;           /* in timestamp units */
    uint32_t last_sr;          /* middle 32 bits of NTP */
    uint32_t delay_since_sr;   /* 1/65536 s */
};
/* All take a packet of the right type; false: it is not, or index is past the end. */
bool rtcp_sender_info_read(const struct rtcp_packet *packet, struct rtcp_sender_info *out_info);
bool rtcp_report_block_read(const struct rtcp_packet *packet, unsigned index,
                            struct rtcp_report_block *out_block);
/* First CNAME of an SDES chunk (chunk order); false: no such chunk. An SDES chunk without CNAME
 * gives an empty span. */
bool rtcp_sdes_cname(const struct rtcp_packet *packet, unsigned index, uint32_t *out_ssrc,
                     struct span *out_cname);
bool rtcp_bye_ssrc(const struct rtcp_packet *packet, unsigned index, uint32_t *out_ssrc);

/* Generic NACK (RFC 4585 §6.2.1): index-th PID/BLP pair. */
bool rtcp_nack_read(const struct rtcp_packet *packet, unsigned index, uint16_t *out_pid,
                    uint16_t *out_blp);
/* FIR entry (RFC 5104 §4.3.1). */
bool rtcp_fir_read(const struct rtcp_packet *packet, unsigned index, uint32_t *out_ssrc,
                   uint8_t *out_sequence);
/* REMB: bit rate (saturating) and the SSRCs it is for (4 octets each). */
bool rtcp_remb_read(const struct rtcp_packet *packet, uint64_t *out_bps, struct span *out_ssrcs);
/* XR (RFC 3611 §4.4, §4.5). */
bool rtcp_xr_rrtr_read(const struct rtcp_packet *packet, uint64_t *out_ntp);
struct rtcp_dlrr {
    uint32_t ssrc, last_rr, delay_since_rr;
};
bool rtcp_xr_dlrr_read(const struct rtcp_packet *packet, unsigned index,
                       struct rtcp_dlrr *out_item);

/* Writers: one packet each, appended; lengths are right when writer_ok(). */
void rtcp_write_sr(struct writer *w, uint32_t ssrc, const struct rtcp_sender_info *info,
                   const struct rtcp_report_block *blocks, unsigned count);
void rtcp_write_rr(struct writer *w, uint32_t ssrc, const struct rtcp_report_block *blocks,
                   unsigned count);
/* cname: 1..255 octets. */
void rtcp_write_sdes(struct writer *w, uint32_t ssrc, struct span cname);
void rtcp_write_bye(struct writer *w, uint32_t ssrc);
/* sequences: rising order, at least one; packed into PID/BLP pairs. */
void rtcp_write_nack(struct writer *w, uint32_t ssrc, uint32_t media_ssrc,
                     const uint16_t *sequences, unsigned count);
void rtcp_write_pli(struct writer *w, uint32_t ssrc, uint32_t media_ssrc);
void rtcp_write_fir(struct writer *w, uint32_t ssrc, uint32_t media_ssrc, uint8_t sequence);
void rtcp_write_remb(struct writer *w, uint32_t ssrc, uint64_t bps, const uint32_t *ssrcs,
                     unsigned count);
void rtcp_write_xr_rrtr(struct writer *w, uint32_t ssrc, uint64_t ntp);
void rtcp_write_xr_dlrr(struct writer *w, uint32_t ssrc, const struct rtcp_dlrr *items,
                        unsigned count);

/* NTP 32.32 <-> microseconds since 1970 (RFC 3550 §4), and the middle 32 bits for LSR. */
uint64_t rtcp_ntp_of_us(int64_t unix_us);
int64_t rtcp_us_of_ntp(uint64_t ntp);
static inline uint32_t rtcp_ntp_middle(uint64_t ntp)
{
    return (uint32_t)(ntp >> 16);
}

#endif
