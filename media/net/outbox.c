#include "media/net/outbox.h"

#include "proto/base/check.h"

void outbox_init(struct outbox *box, void (*flush)(void *context, struct outbox *box),
                 void *context)
{
    CHECK(flush != NULL);
    box->count = 0;
    box->flush = flush;
    box->context = context;
}

struct writer outbox_begin(struct outbox *box)
{
    if (box->count == OUTBOX_COUNT) {
        outbox_flush(box);
    }
    CHECK(box->count < OUTBOX_COUNT);
    return writer_of(box->items[box->count].data, OUTBOX_DATAGRAM_MAX);
}

void outbox_commit(struct outbox *box, const struct writer *w, const struct addr *to)
{
    CHECK(box->count < OUTBOX_COUNT && w->data == box->items[box->count].data);
    if (!writer_ok(w) || w->at == 0 || to->family == 0) {
        return;
    }
    box->items[box->count].len = w->at;
    box->items[box->count].to = *to;
    box->count++;
}

void outbox_flush(struct outbox *box)
{
    if (box->count > 0) {
        box->flush(box->context, box);
        CHECK(box->count == 0);
    }
}
