/* One stream that a browser sends to us: sequence (RFC 3550 §A.1), loss and jitter (§A.3, §A.8),
 * reception reports, what is missing, the publisher's clock. Only authenticated packets come here.
 * Plain storage, no allocation, one thread. */
#ifndef MEDIA_STREAM_RX_H
#define MEDIA_STREAM_RX_H

#include "media/stream/nack.h"
#include "proto/rtcp/rtcp.h"

#define RX_WINDOW 1024         /* packets that a late one may lie behind the newest */
#define RX_JUMP 3000           /* RFC 3550 §A.1 MAX_DROPOUT: a larger step is a new beginning */
#define RX_ORIGIN (1ULL << 32) /* extended numbers begin here, so that older ones stay positive */

enum rx_verdict {
    RX_NEW = 1, /* in order or later: to be relayed */
    RX_LATE,    /* fills a hole: to be relayed */
    RX_RESTART, /* the sequence jumped: to be relayed as a new beginning */
    RX_DUPLICATE,
    RX_OLD
};

struct rx {
    bool begun;
    uint32_t ssrc, rtx_ssrc; /* rtx 0: not known */
    uint32_t clock_hz;
    uint32_t epoch;         /* counts beginnings: first packet, restart, new SSRC */
    uint64_t base, highest; /* extended sequence numbers */
    int64_t last_us;        /* last packet */
    uint32_t last_timestamp;
    bool keyframe_needed;
    struct nack *nack; /* borrowed; NULL: nothing is asked for again */
    uint64_t packets, bytes, received_in_epoch;
    int64_t transit; /* RFC 3550 §A.8, timestamp units */
    uint32_t jitter_q4;

    uint64_t seen[RX_WINDOW / 64];
    uint64_t repaired;
    uint64_t lost_before;                      /* of former epochs */
    uint64_t report_expected, report_received; /* at the last report */

    bool has_report; /* a sender report came in this epoch */
    uint32_t report_middle, report_timestamp;
    int64_t report_arrival_us, report_capture_us; /* publisher's NTP on our monotonic clock */
};

/* A new source: everything begins again except the totals. */
void rx_begin(struct rx *rx, uint32_t ssrc, uint32_t rtx_ssrc, uint32_t clock_hz,
              struct nack *nack);
/* bytes: RTP payload. out_sequence: extended. repaired: it came as RTX. */
enum rx_verdict rx_packet(struct rx *rx, int64_t now_us, uint16_t sequence, uint32_t timestamp,
                          size_t bytes, bool repaired, uint64_t *out_sequence);
/* capture_us: when the report's NTP time was, on our monotonic clock. */
void rx_sender_report(struct rx *rx, int64_t now_us, const struct rtcp_sender_info *info,
                      int64_t capture_us);
/* RFC 3550 §6.4.1; advances the interval of fraction_lost. */
void rx_report_block(struct rx *rx, int64_t now_us, struct rtcp_report_block *out_block);
uint64_t rx_lost(const struct rx *rx);     /* since the connection began, after repair */
uint64_t rx_expected(const struct rx *rx); /* in this epoch */
uint32_t rx_jitter_us(const struct rx *rx);
/* The stream's timestamp at a time of ours: by the sender report, else by the last packet. False:
 * nothing came yet. */
bool rx_timestamp_at(const struct rx *rx, int64_t at_us, uint32_t *out_timestamp);

#endif
