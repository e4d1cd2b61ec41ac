/* Who hears and sees whom: authenticated RTP of one seat to every other seat of the room, rewritten
 * into the receiver's own stream (SSRC, numbers, payload type, extension ids). RTCP ends here
 * (rtcp_in.h, rtcp_out.h). Called by the worker with plain (already unprotected) packets; sends
 * through the room's outbox. Allocates nothing. One worker thread. */
#ifndef MEDIA_RELAY_RELAY_H
#define MEDIA_RELAY_RELAY_H

#include "media/relay/room.h"

/* packet: changed in place (RTX is unwrapped); len octets. */
void relay_rtp(struct room *room, struct party *from, int64_t now_us, uint8_t *packet, size_t len);
/* A receiver misses outgoing sequence number `sequence` of tx in `slot`: repaired by RTX if it may
 * be. */
void relay_resend(struct room *room, struct party *to, unsigned slot, struct tx *tx, int64_t now_us,
                  uint16_t sequence);
/* The receiver in `slot` needs a key frame. */
void relay_want_keyframe(struct room *room, const struct party *to, unsigned slot, int64_t now_us);
/* The party left or was replaced: others stop receiving it. */
void relay_detach(struct room *room, uint8_t seat, int64_t now_us);

#endif
