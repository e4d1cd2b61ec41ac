/* What a connection still has to send: a list of buffers, counted in octets. The outbox owns them.
 * T0. */
#ifndef GATEWAY_WEB_OUTBOX_H
#define GATEWAY_WEB_OUTBOX_H

#include "proto/base/span.h"
#include "proto/base/status.h"

struct web_outbox_chunk;

/* Zero-initialised = empty. */
struct web_outbox {
    struct web_outbox_chunk *first, *last;
    size_t octets;  /* unsent */
    uint64_t taken; /* octets handed to the socket since the beginning */
};

/* Appends `head` and `rest` (either may be empty) as one buffer; both are copied. STATUS_NO_MEMORY:
 * nothing was appended. */
MUST_USE enum status web_outbox_copy(struct web_outbox *outbox, struct span head, struct span rest);
/* Appends octets that give_back() frees once they are sent; on failure too. */
MUST_USE enum status web_outbox_move(struct web_outbox *outbox, void *octets, size_t len,
                                     void (*give_back)(void *octets));
/* Moves up to `room` octets from the front into buffer. */
size_t web_outbox_take(struct web_outbox *outbox, uint8_t *buffer, size_t room);
/* Drops what has not begun to be sent: a buffer of which a part is gone stays. */
void web_outbox_drop_unsent(struct web_outbox *outbox);
void web_outbox_clear(struct web_outbox *outbox);

#endif
