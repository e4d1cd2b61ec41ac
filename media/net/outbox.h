/* Datagrams on their way out: a fixed batch that is filled in place and flushed when it is full or
 * when its owner says so. The flush function is the owner's (a socket, or a simulated link in
 * tests). Allocates nothing. One thread. */
#ifndef MEDIA_NET_OUTBOX_H
#define MEDIA_NET_OUTBOX_H

#include "media/net/addr.h"
#include "proto/base/writer.h"

#define OUTBOX_COUNT                                                                               \
    64 /* datagrams: beyond it sendmmsg gains nothing (shared reference: relay figures) */
#define OUTBOX_DATAGRAM_MAX 1600 /* octets: an Ethernet frame and room for what protection adds */

struct outbox_item {
    struct addr to;
    size_t len;
    uint8_t data[OUTBOX_DATAGRAM_MAX];
};

struct outbox {
    size_t count;
    void (*flush)(void *context, struct outbox *box); /* sends all items and sets count to 0 */
    void *context;
    struct outbox_item items[OUTBOX_COUNT];
};

void outbox_init(struct outbox *box, void (*flush)(void *context, struct outbox *box),
                 void *context);
/* A writer over the next free item; flushes first when there is none. Nothing is queued until
 * outbox_commit. */
struct writer outbox_begin(struct outbox *box);
/* Queues what was written to the item of the last outbox_begin; nothing when it is empty or
 * overran. */
void outbox_commit(struct outbox *box, const struct writer *w, const struct addr *to);
void outbox_flush(struct outbox *box);

#endif
