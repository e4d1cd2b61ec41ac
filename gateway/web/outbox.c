#include "gateway/web/outbox.h"

#include "proto/base/check.h"

#include <stdlib.h>

struct web_outbox_chunk {
    struct web_outbox_chunk *next;
    void (*give_back)(void *octets); /* NULL: the octets follow in `own` */
    uint8_t *octets;
    size_t len, at;
    uint8_t own[];
};

static void append(struct web_outbox *outbox, struct web_outbox_chunk *chunk)
{
    if (outbox->last == NULL) {
        outbox->first = chunk;
    } else {
        outbox->last->next = chunk;
    }
    outbox->last = chunk;
    outbox->octets += chunk->len;
}

enum status web_outbox_copy(struct web_outbox *outbox, struct span head, struct span rest)
{
    size_t len = head.len + rest.len;
    if (len == 0) {
        return STATUS_OK;
    }
    struct web_outbox_chunk *chunk = malloc(sizeof(*chunk) + len);
    if (chunk == NULL) {
        return STATUS_NO_MEMORY;
    }
    *chunk = (struct web_outbox_chunk){.octets = chunk->own, .len = len};
    if (head.len > 0) {
        memcpy(chunk->own, head.data, head.len);
    }
    if (rest.len > 0) {
        memcpy(chunk->own + head.len, rest.data, rest.len);
    }
    append(outbox, chunk);
    return STATUS_OK;
}

enum status web_outbox_move(struct web_outbox *outbox, void *octets, size_t len,
                            void (*give_back)(void *octets))
{
    CHECK(give_back != NULL);
    if (len == 0) {
        give_back(octets);
        return STATUS_OK;
    }
    struct web_outbox_chunk *chunk = malloc(sizeof(*chunk));
    if (chunk == NULL) {
        give_back(octets);
        return STATUS_NO_MEMORY;
    }
    *chunk = (struct web_outbox_chunk){.octets = octets, .len = len, .give_back = give_back};
    append(outbox, chunk);
    return STATUS_OK;
}

static void chunk_free(struct web_outbox_chunk *chunk)
{
    if (chunk->give_back != NULL) {
        chunk->give_back(chunk->octets);
    }
    free(chunk);
}

size_t web_outbox_take(struct web_outbox *outbox, uint8_t *buffer, size_t room)
{
    size_t taken = 0;
    while (outbox->first != NULL && taken < room) {
        struct web_outbox_chunk *chunk = outbox->first;
        size_t n = chunk->len - chunk->at;
        n = n < room - taken ? n : room - taken;
        memcpy(buffer + taken, chunk->octets + chunk->at, n);
        taken += n;
        chunk->at += n;
        if (chunk->at == chunk->len) {
            outbox->first = chunk->next;
            if (outbox->first == NULL) {
                outbox->last = NULL;
            }
            chunk_free(chunk);
        }
    }
    outbox->octets -= taken;
    outbox->taken += taken;
    return taken;
}

void web_outbox_drop_unsent(struct web_outbox *outbox)
{
    struct web_outbox_chunk *keep = outbox->first;
    struct web_outbox_chunk *drop = keep;
    if (keep != NULL && keep->at > 0) {
        drop = keep->next;
        keep->next = NULL;
        outbox->last = keep;
    } else {
        outbox->first = NULL;
        outbox->last = NULL;
    }
    while (drop != NULL) {
        struct web_outbox_chunk *next = drop->next;
        outbox->octets -= drop->len - drop->at;
        chunk_free(drop);
        drop = next;
    }
}

void web_outbox_clear(struct web_outbox *outbox)
{
    while (outbox->first != NULL) {
        struct web_outbox_chunk *chunk = outbox->first;
        outbox->first = chunk->next;
        chunk_free(chunk);
    }
    outbox->last = NULL;
    outbox->octets = 0;
}
