/* A bounded box of messages of one size between two threads: one posts, one takes. Messages are
 * copied (moved), so no pointer to a live object crosses. Lock-free, allocates only at creation;
 * "full" is an answer and never a wait. mailbox_post: the one producer thread. mailbox_take: the
 * one consumer thread. create/destroy: while no other thread uses it. */
#ifndef MEDIA_RT_MAILBOX_H
#define MEDIA_RT_MAILBOX_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mailbox;

/* capacity: messages, a power of two. NULL when memory is short. */
struct mailbox *mailbox_create(size_t message_bytes, uint32_t capacity);
void mailbox_destroy(struct mailbox *box);
/* STATUS_FULL: nothing was posted. */
MUST_USE enum status mailbox_post(struct mailbox *box, const void *message);
/* False when it is empty; out_message holds message_bytes octets. */
bool mailbox_take(struct mailbox *box, void *out_message);
/* Free places as the producer sees them: never more than there are. */
uint32_t mailbox_room(const struct mailbox *box);

#endif
