/* Puts the packets of one SSRC back into sequence order. A packet whose predecessors are all there
 * comes out at once; a hole is waited for up to REORDER_WINDOW_US, so that repairs (RTX) land in
 * the recording. Owns the packets it holds. Recorder thread; time is an argument. */
#ifndef MEDIA_RECORDING_REORDER_H
#define MEDIA_RECORDING_REORDER_H

#include "media/recording/tap.h"

/* A NACK repair takes one round trip and is asked for again twice: 3 x 300 ms and some. Longer
 * would only delay the file. */
#define REORDER_WINDOW_US 1000000
/* 1 s at 1,000 packets/s (10 Mbit/s); pointers, so 8 kB a stream. */
#define REORDER_SLOTS 1024u

struct reorder_packet {
    struct tap_record head;
    uint8_t payload[];
};

struct reorder {
    struct reorder_packet *slots[REORDER_SLOTS];
    uint64_t next; /* extended sequence number that is due */
    uint64_t newest;
    unsigned held;
    bool started, taken;
};

enum reorder_put_result {
    REORDER_KEPT,
    REORDER_DROPPED, /* too late, a duplicate, or no memory */
    REORDER_FAR /* a jump ahead beyond the slots: take everything with flush, reorder_reset(), and
                   put again */
};

void reorder_init(struct reorder *r);
void reorder_fini(struct reorder *r);
/* Forgets everything, as after init. */
void reorder_reset(struct reorder *r);
enum reorder_put_result reorder_put(struct reorder *r, const struct tap_record *record,
                                    const uint8_t *payload);
/* Next packet (moved: the caller frees it), NULL: none is due. flush: do not wait for holes.
 * *out_lost: sequence numbers that were given up before it. */
struct reorder_packet *reorder_take(struct reorder *r, int64_t now_us, bool flush,
                                    unsigned *out_lost);

#endif
