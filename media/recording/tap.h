/* What a media worker hands to the recorder: copies of decrypted RTP packets and of sender reports,
 * through one bounded single-producer single-consumer ring per worker. The worker never waits and
 * never wakes the recorder (which looks every 20 ms); a full ring drops the copy and counts it, and
 * the recorder writes the gap into the record.
 *
 * Records are what comes after authentication, RTX merged back into its stream, padding-only
 * packets left out. */
#ifndef MEDIA_RECORDING_TAP_H
#define MEDIA_RECORDING_TAP_H

#include <stdbool.h>
#include <stdint.h>

enum tap_type { TAP_RTP = 1, TAP_SENDER_REPORT };
enum tap_codec { TAP_OPUS = 1, TAP_VP8, TAP_VP9, TAP_H264 };

#define TAP_PAYLOAD_MAX 1500 /* octets: one Ethernet frame holds no more */

/* Fixed head of a record in the ring; for TAP_RTP `len` octets of RTP payload follow (header,
 * extensions and padding removed). */
struct tap_record {
    uint8_t type;           /* enum tap_type */
    uint8_t codec;          /* enum tap_codec */
    uint8_t party;          /* seat, 0..5 */
    uint8_t marker;         /* RTP marker bit */
    uint32_t recording;     /* handle from recorder_begin(); 0 is never valid */
    uint32_t ssrc;          /* changes when the party came back with a fresh PeerConnection */
    uint32_t rtp_timestamp; /* in the codec's clock: 48 kHz or 90 kHz */
    uint16_t sequence;
    uint16_t len;       /* octets of payload behind this head; 0 for sender reports */
    int64_t arrival_us; /* clock_monotonic_us() */
    uint64_t ntp;       /* TAP_SENDER_REPORT: 32.32 NTP time that belongs to rtp_timestamp */
};

struct tap_ring;

/* bytes: size of the ring, a power of two. NULL when memory is short. */
struct tap_ring *tap_ring_create(uint32_t bytes);
void tap_ring_destroy(struct tap_ring *ring);
/* Producer: copies head and payload in; false when full (counted in the ring). Wait-free, allocates
 * nothing. */
bool tap_ring_put(struct tap_ring *ring, const struct tap_record *record, const void *payload);
/* Consumer: copies the next record out; payload must hold TAP_PAYLOAD_MAX octets. False when empty.
 */
bool tap_ring_take(struct tap_ring *ring, struct tap_record *record, void *payload);
uint64_t tap_ring_dropped(const struct tap_ring *ring);

#endif
