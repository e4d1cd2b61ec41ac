#include "media/recording/reorder.h"

#include "proto/base/check.h"
#include "proto/base/seq.h"

#include <stdlib.h>
#include <string.h>

void reorder_init(struct reorder *r)
{
    memset(r, 0, sizeof(*r));
}

void reorder_fini(struct reorder *r)
{
    for (size_t i = 0; i < REORDER_SLOTS; i++) {
        free(r->slots[i]);
        r->slots[i] = NULL;
    }
    r->held = 0;
}

void reorder_reset(struct reorder *r)
{
    reorder_fini(r);
    reorder_init(r);
}

static struct reorder_packet *copy_of(const struct tap_record *record, const uint8_t *payload)
{
    struct reorder_packet *packet = malloc(sizeof(*packet) + record->len);
    if (packet != NULL) {
        packet->head = *record;
        if (record->len > 0) {
            memcpy(packet->payload, payload, record->len);
        }
    }
    return packet;
}

enum reorder_put_result reorder_put(struct reorder *r, const struct tap_record *record,
                                    const uint8_t *payload)
{
    if (!r->started) {
        r->started = true;
        r->next = r->newest =
            0x10000u + record->sequence; /* room below for packets that were overtaken */
    }
    uint64_t sequence = seq16_extend(r->newest, record->sequence);
    if (sequence < r->next && !r->taken && r->newest - sequence < REORDER_SLOTS) {
        r->next = sequence; /* overtaken before anything came out */
    }
    if (sequence < r->next) {
        return REORDER_DROPPED;
    }
    if (sequence - r->next >= REORDER_SLOTS) {
        return REORDER_FAR;
    }
    struct reorder_packet **slot = &r->slots[sequence % REORDER_SLOTS];
    if (*slot != NULL) {
        return REORDER_DROPPED;
    }
    *slot = copy_of(record, payload);
    if (*slot == NULL) {
        return REORDER_DROPPED;
    }
    r->held++;
    r->newest = sequence > r->newest ? sequence : r->newest;
    return REORDER_KEPT;
}

struct reorder_packet *reorder_take(struct reorder *r, int64_t now_us, bool flush,
                                    unsigned *out_lost)
{
    if (r->held == 0) {
        return NULL;
    }
    uint64_t at = r->next;
    while (r->slots[at % REORDER_SLOTS] == NULL) {
        at++;
        CHECK(at <= r->newest); /* held says that there is one */
    }
    struct reorder_packet **slot = &r->slots[at % REORDER_SLOTS];
    if (at != r->next && !flush && now_us - (*slot)->head.arrival_us < REORDER_WINDOW_US) {
        return NULL;
    }
    struct reorder_packet *packet = *slot;
    *slot = NULL;
    r->held--;
    *out_lost = (unsigned)(at - r->next);
    r->next = at + 1;
    r->taken = true;
    return packet;
}
