#include "media/rt/mailbox.h"

#include "proto/base/check.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64 /* octets; the two indices are written by different threads */

struct mailbox {
    size_t message_bytes;
    uint32_t capacity;
    unsigned char *messages;
    _Alignas(CACHE_LINE) _Atomic uint32_t head; /* next to take; the consumer's */
    _Alignas(CACHE_LINE) _Atomic uint32_t tail; /* next to post; the producer's */
};

struct mailbox *mailbox_create(size_t message_bytes, uint32_t capacity)
{
    CHECK(message_bytes > 0 && capacity > 0);
    CHECK((capacity & (capacity - 1)) == 0);
    struct mailbox *box = aligned_alloc(CACHE_LINE, sizeof(*box));
    unsigned char *messages = calloc(capacity, message_bytes);
    if (box == NULL || messages == NULL) {
        free(box);
        free(messages);
        return NULL;
    }
    memset(box, 0, sizeof(*box));
    box->message_bytes = message_bytes;
    box->capacity = capacity;
    box->messages = messages;
    return box;
}

void mailbox_destroy(struct mailbox *box)
{
    if (box != NULL) {
        free(box->messages);
        free(box);
    }
}

enum status mailbox_post(struct mailbox *box, const void *message)
{
    uint32_t tail = atomic_load_explicit(&box->tail, memory_order_relaxed);
    uint32_t head = atomic_load_explicit(&box->head, memory_order_acquire);
    if (tail - head == box->capacity) {
        return STATUS_FULL;
    }
    memcpy(box->messages + (size_t)(tail & (box->capacity - 1)) * box->message_bytes, message,
           box->message_bytes);
    atomic_store_explicit(&box->tail, tail + 1, memory_order_release);
    return STATUS_OK;
}

bool mailbox_take(struct mailbox *box, void *out_message)
{
    uint32_t head = atomic_load_explicit(&box->head, memory_order_relaxed);
    uint32_t tail = atomic_load_explicit(&box->tail, memory_order_acquire);
    if (head == tail) {
        return false;
    }
    memcpy(out_message, box->messages + (size_t)(head & (box->capacity - 1)) * box->message_bytes,
           box->message_bytes);
    atomic_store_explicit(&box->head, head + 1, memory_order_release);
    return true;
}

uint32_t mailbox_room(const struct mailbox *box)
{
    uint32_t tail = atomic_load_explicit(&box->tail, memory_order_relaxed);
    uint32_t head = atomic_load_explicit(&box->head, memory_order_acquire);
    return box->capacity - (tail - head);
}
