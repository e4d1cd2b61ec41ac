/* Transport-wide feedback that we send to a browser
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01): when each of its packets arrived, reported
 * once, every 100 ms. Plain storage, no allocation, one thread. */
#ifndef MEDIA_CC_TWCC_IN_H
#define MEDIA_CC_TWCC_IN_H

#include "proto/rtcp/twcc.h"

#define TWCC_IN_INTERVAL_US                                                                        \
    95000 /* every 100 ms, as browsers do: two rounds of the worker (core.h), less their jitter;   \
             3 % of 100 kbit/s at most */
#define TWCC_IN_PACKETS 512 /* remembered; a peer may send 3000 a second (relay/party.h) */

struct twcc_in {
    bool begun, pending; /* pending: something arrived since the last feedback */
    uint64_t next;       /* extended: first that is not reported yet */
    uint64_t highest;
    uint8_t feedback_count;
    int64_t due_us;
    uint32_t arrivals[TWCC_IN_PACKETS]; /* by number % TWCC_IN_PACKETS: low 32 bits of microseconds,
                                           made odd; 0: not there */
};

void twcc_in_packet(struct twcc_in *in, int64_t now_us, uint16_t sequence);
/* Appends feedback when it is due. media_ssrc: one that the browser really sends, else Chromium
 * ignores it. True: written. */
bool twcc_in_write(struct twcc_in *in, int64_t now_us, uint32_t ssrc, uint32_t media_ssrc,
                   struct writer *w);

#endif
