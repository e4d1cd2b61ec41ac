/* RTCP to a browser: sender and receiver reports, NACK, PLI, transport-wide feedback, REMB, each
 * when it is due. Called by the worker every few milliseconds per connection; reduced-size packets
 * (RFC 5506, negotiated) between the compound reports. Allocates nothing. One worker thread. */
#ifndef MEDIA_RELAY_RTCP_OUT_H
#define MEDIA_RELAY_RTCP_OUT_H

#include "media/relay/room.h"

#define RTCP_OUT_REPORT_US                                                                         \
    500000 /* RFC 3550 §6.2 would allow less at 100 kbit/s: two reports are 2 kbit/s */
#define RTCP_OUT_REMB_US 1000000

void rtcp_out(struct room *room, struct party *to, int64_t now_us);
/* The SSRC that we report under to that browser: one of our own; 0: none was agreed. */
uint32_t rtcp_out_ssrc(const struct party *to);

#endif
