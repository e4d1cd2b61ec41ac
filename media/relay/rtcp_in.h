/* RTCP from a browser: reports, NACK, PLI, FIR, REMB, transport-wide feedback. It ends here: each
 * leg has its own. The packet is authenticated, yet its sender may be hostile: every count and
 * length is bounded. One worker thread. */
#ifndef MEDIA_RELAY_RTCP_IN_H
#define MEDIA_RELAY_RTCP_IN_H

#include "media/relay/room.h"

#define RTCP_IN_NACKS_MAX 256 /* sequence numbers served per datagram; more is no honest request   \
                               */

void rtcp_in(struct room *room, struct party *from, int64_t now_us, struct span datagram);

#endif
