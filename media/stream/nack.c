#include "media/stream/nack.h"

#include <string.h>

bool nack_missing(struct nack *nack, int64_t now_us, uint64_t first, uint64_t last)
{
    if (last - first >= NACK_LIST_MAX || nack->count + (last - first) + 1 > NACK_LIST_MAX) {
        nack_clear(nack);
        return false;
    }
    for (uint64_t sequence = first; sequence <= last; sequence++) {
        nack->items[nack->count++] = (struct nack_item){
            (uint32_t)sequence, (uint32_t)(now_us + NACK_REORDER_US), (uint32_t)now_us, 0};
    }
    return true;
}

bool nack_arrived(struct nack *nack, uint64_t sequence)
{
    for (unsigned i = 0; i < nack->count; i++) {
        if (nack->items[i].sequence == (uint32_t)sequence) {
            bool asked = nack->items[i].tries > 0;
            nack->count--;
            memmove(&nack->items[i], &nack->items[i + 1],
                    (nack->count - i) * sizeof(nack->items[0]));
            return asked;
        }
    }
    return false;
}

unsigned nack_due(struct nack *nack, int64_t now_us, uint32_t rtt_us, uint16_t *out, unsigned max)
{
    int64_t interval_us = (int64_t)rtt_us * 11 / 10;
    interval_us = interval_us < NACK_INTERVAL_MIN_US ? NACK_INTERVAL_MIN_US : interval_us;
    unsigned kept = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < nack->count; i++) {
        struct nack_item *item = &nack->items[i];
        bool due = (int32_t)((uint32_t)now_us - item->due_us) >= 0;
        if (due &&
            (item->tries >= NACK_TRIES || (uint32_t)now_us - item->born_us > NACK_AGE_MAX_US)) {
            nack->gave_up = true;
            continue;
        }
        if (due && count < max) {
            out[count++] = (uint16_t)item->sequence;
            item->tries++;
            item->due_us = (uint32_t)(now_us + interval_us);
        }
        nack->items[kept++] = *item;
    }
    nack->count = kept;
    return count;
}

void nack_clear(struct nack *nack)
{
    nack->count = 0;
    nack->gave_up = false;
}
