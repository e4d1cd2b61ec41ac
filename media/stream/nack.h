/* What is missing from a stream and when to ask for it (generic NACK, RFC 4585 §6.2.1): the first
 * time after a short wait for reordered packets, then once a round trip and never more often, at
 * most NACK_TRIES times. Extended sequence numbers. Plain storage, no allocation, one thread. */
#ifndef MEDIA_STREAM_NACK_H
#define MEDIA_STREAM_NACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NACK_LIST_MAX 256     /* a hole that is larger is not repaired: a key frame is cheaper */
#define NACK_TRIES 4          /* media-peers 4.4 */
#define NACK_REORDER_US 10000 /* as mediasoup; media-peers 4.4 */
#define NACK_INTERVAL_MIN_US 40000
#define NACK_AGE_MAX_US 4000000 /* no resend cache keeps longer */

struct nack_item { /* times and sequence: the low 32 bits */
    uint32_t sequence, due_us, born_us;
    uint8_t tries;
};

struct nack {
    unsigned count;
    bool gave_up; /* set when a number was asked for in vain; its owner clears it */
    struct nack_item items[NACK_LIST_MAX]; /* rising sequence */
};

/* Sequences first..last are missing. False: too many; the list is emptied and the stream needs a
 * key frame. */
bool nack_missing(struct nack *nack, int64_t now_us, uint64_t first, uint64_t last);
/* It arrived. True when it had been asked for. */
bool nack_arrived(struct nack *nack, uint64_t sequence);
/* Up to max sequence numbers to ask for now; returns how many. Forgets those that were asked for
 * often enough or for too long, and sets gave_up: what is left needs a key frame. */
unsigned nack_due(struct nack *nack, int64_t now_us, uint32_t rtt_us, uint16_t *out, unsigned max);
void nack_clear(struct nack *nack);

#endif
