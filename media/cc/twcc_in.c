#include "media/cc/twcc_in.h"

#include "proto/base/seq.h"

#define ORIGIN (1ULL << 32)

static uint32_t *arrival(struct twcc_in *in, uint64_t number)
{
    return &in->arrivals[number % TWCC_IN_PACKETS];
}

static void arrived(struct twcc_in *in, uint64_t number, int64_t now_us)
{
    *arrival(in, number) = (uint32_t)now_us | 1;
    in->pending = true;
}

static struct twcc_status status_of(struct twcc_in *in, uint64_t number, int64_t now_us)
{
    uint32_t at = *arrival(in, number);
    return (struct twcc_status){at == 0 ? -1 : now_us - (int64_t)((uint32_t)now_us - at)};
}

void twcc_in_packet(struct twcc_in *in, int64_t now_us, uint16_t sequence)
{
    if (!in->begun) {
        in->begun = true;
        in->next = ORIGIN + sequence;
        in->highest = in->next;
        in->due_us = now_us + TWCC_IN_INTERVAL_US;
        arrived(in, in->next, now_us);
        return;
    }
    uint64_t extended = seq16_extend(in->highest, sequence);
    if (extended < in->next) {
        return; /* already reported as missing; every packet is reported once */
    }
    if (extended > in->highest) {
        if (extended - in->next >=
            TWCC_IN_PACKETS) { /* a jump: what lies between is nobody's loss */
            in->next = extended;
        } else {
            for (uint64_t i = in->highest + 1; i < extended; i++) {
                *arrival(in, i) = 0;
            }
        }
        in->highest = extended;
    } else if (*arrival(in, extended) != 0) {
        return; /* a duplicate */
    }
    arrived(in, extended, now_us);
}

bool twcc_in_write(struct twcc_in *in, int64_t now_us, uint32_t ssrc, uint32_t media_ssrc,
                   struct writer *w)
{
    if (!in->pending || now_us < in->due_us) {
        return false;
    }
    struct twcc_status statuses[TWCC_PACKETS_MAX];
    while (in->next <= in->highest && *arrival(in, in->next) == 0) {
        in->next++; /* the first status of a feedback should be a received one */
    }
    unsigned count = 0;
    while (count < TWCC_PACKETS_MAX && in->next + count <= in->highest) {
        statuses[count] = status_of(in, in->next + count, now_us);
        count++;
    }
    while (count > 0 && statuses[count - 1].arrival_us < 0) {
        count--;
    }
    unsigned written = count == 0 ? 0
                                  : twcc_write(w, ssrc, media_ssrc, (uint16_t)in->next, statuses,
                                               count, &in->feedback_count);
    in->next += written;
    in->pending = written > 0 && in->next <= in->highest;
    in->due_us = in->pending ? now_us : now_us + TWCC_IN_INTERVAL_US;
    return written > 0;
}
