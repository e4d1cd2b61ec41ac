/* One stream that we send to a browser: own SSRC, sequence numbers and timestamps that go on
 * without a break while the publisher behind it changes (fresh PeerConnection, other seat, other
 * codec), VP8 picture ids likewise (RFC 7741 §4.2), video only from a key frame on. Computes;
 * builds no packets. Plain storage, no allocation, one thread. */
#ifndef MEDIA_STREAM_TX_H
#define MEDIA_STREAM_TX_H

#include "media/negotiate/plan.h"
#include "proto/base/span.h"
#include "proto/rtcp/rtcp.h"

#include <stdbool.h>
#include <stdint.h>

#define TX_RESENT 64 /* packets of a connection remembered against resending twice too soon */
#define TX_REPORTS 4 /* sender reports remembered for the round trip time */

struct tx_source {       /* who is behind the stream now */
    int8_t seat;         /* -1: nobody */
    uint32_t connection; /* of that seat: changes with a fresh PeerConnection */
    uint32_t epoch;      /* of its rx */
};

struct tx {
    bool active; /* agreed on */
    enum plan_kind kind;
    uint32_t ssrc, rtx_ssrc;
    struct plan_formats formats;

    struct tx_source source;
    bool flowing; /* false: waiting for a key frame */
    bool begun;   /* something was sent */
    uint8_t codec;
    uint64_t source_first; /* lowest extended sequence number of the source that is relayed */
    uint16_t sequence_offset, rtx_sequence;
    uint32_t timestamp_offset;
    uint16_t highest_sequence;
    uint32_t highest_timestamp;
    int64_t sent_us;
    uint16_t picture_offset, picture_last;
    uint8_t tl0_offset, tl0_last;
    bool has_picture;

    uint64_t packets, octets, rtx_packets; /* since the connection began */
    uint64_t nack_received, pli_received;
    uint32_t jitter_us, rtt_us; /* as the receiver reports; rtt 0: not known */
    int32_t lost;               /* cumulative, as the receiver reports */
    uint8_t fraction_lost;
    struct {
        uint32_t middle;
        int64_t sent_us;
    } reports[TX_REPORTS];
    unsigned report_at;
};

/* first_sequence: random, below 2^15 (RFC 3711 §3.3.1: a loss around the first wrap must not
 * desynchronise). */
void tx_init(struct tx *tx, enum plan_kind kind, const struct plan_receive *receive,
             uint16_t first_sequence, uint16_t first_rtx_sequence, uint32_t first_timestamp);
/* The renegotiated formats; numbers go on. */
void tx_update(struct tx *tx, const struct plan_receive *receive);
/* The receiver's payload type for a codec; NULL: it lacks the codec. */
const struct plan_codec *tx_codec(const struct tx *tx, uint8_t codec);

struct tx_packet {
    struct tx_source source;
    uint64_t sequence; /* extended, the publisher's */
    uint32_t timestamp;
    uint8_t codec;
    bool keyframe; /* video: it begins a key frame */
    size_t octets; /* payload */
    uint32_t clock_hz;
};
enum tx_verdict { TX_SEND = 1, TX_WAIT_KEYFRAME, TX_OLD };
/* Decides, and gives the outgoing numbers. A new source is taken at once (audio) or with its first
 * key frame (video). */
enum tx_verdict tx_relay(struct tx *tx, int64_t now_us, const struct tx_packet *packet,
                         uint16_t *out_sequence, uint32_t *out_timestamp);
/* That publisher is behind it now. */
bool tx_shows(const struct tx *tx, const struct tx_source *source);
/* Nobody is behind it any more: what follows is a new source even if it has the same numbers. */
void tx_detach(struct tx *tx);
/* In place: VP8 picture id and TL0PICIDX go on across sources. */
void tx_rewrite_vp8(struct tx *tx, uint8_t *payload, size_t len);
/* Publisher's number for an outgoing one, for resending. False: not of the present source. */
bool tx_original(const struct tx *tx, uint16_t sequence, uint64_t source_highest,
                 uint64_t *out_sequence);
struct tx_resent { /* of all streams to one browser */
    struct {
        uint32_t ssrc;  /* 0: free */
        uint32_t at_ms; /* low 32 bits */
        uint16_t sequence;
    } items[TX_RESENT];
};
/* False: it was resent less than guard_us ago. Else remembers it. */
bool tx_may_resend(const struct tx *tx, struct tx_resent *resent, int64_t now_us, uint16_t sequence,
                   int64_t guard_us);
/* A sender report went out with that NTP time. */
void tx_reported(struct tx *tx, int64_t now_us, uint64_t ntp);
/* A receiver's report on this stream (RFC 3550 §6.4.1). */
void tx_report_block(struct tx *tx, int64_t now_us, const struct rtcp_report_block *block);

#endif
