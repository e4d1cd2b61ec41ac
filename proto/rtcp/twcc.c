#include "proto/rtcp/twcc.h"

#include "proto/base/check.h"

/* Symbols (draft §3.1.3, §3.1.4): 0 not received, 1 small delta (one octet), 2 large delta (two
 * octets), 3 reserved. */
enum { SYMBOL_LOST = 0, SYMBOL_SMALL = 1, SYMBOL_LARGE = 2 };

#define DELTA_US 250       /* §3.1.5: unit of a delta */
#define REFERENCE_US 64000 /* §3.1: unit of the reference time */
#define RUN_MAX 8191u      /* 13 bits */
#define FIXED_LEN 20u      /* head, two SSRCs, base, count, reference, feedback count */

/* Next symbol off the chunks; -1 when they end too early. */
static int next_symbol(struct twcc_reader *t)
{
    if (t->run_left == 0 && t->vector_left == 0) {
        uint16_t chunk = reader_u16(&t->chunks);
        if (!reader_ok(&t->chunks)) {
            return -1;
        }
        if ((chunk & 0x8000u) == 0) { /* §3.1.3 run length */
            t->run_symbol = (uint8_t)(chunk >> 13 & 3u);
            t->run_left = chunk & RUN_MAX;
            if (t->run_left == 0) {
                return -1; /* an empty run would let a packet loop for nothing */
            }
        } else { /* §3.1.4 status vector: 14 symbols of 1 bit or 7 of 2 bits */
            t->vector_bits = (chunk & 0x4000u) == 0 ? 1 : 2;
            t->vector_left = (uint8_t)(14 / t->vector_bits);
            t->vector = chunk & 0x3FFFu;
        }
    }
    if (t->run_left > 0) {
        t->run_left--;
        return t->run_symbol;
    }
    t->vector_left--;
    return t->vector >> (t->vector_left * t->vector_bits) & (t->vector_bits == 1 ? 1 : 3);
}

/* Walks the chunks once: finds where the deltas begin and whether they are all there. */
static enum status check_layout(struct twcc_reader *t, struct span rest)
{
    struct twcc_reader walk = *t;
    walk.chunks = reader_of(rest);
    size_t delta_len = 0;
    for (unsigned i = 0; i < walk.packet_count; i++) {
        int symbol = next_symbol(&walk);
        if (symbol < 0) {
            return reader_ok(&walk.chunks) ? STATUS_MALFORMED : STATUS_TRUNCATED;
        }
        if (symbol > SYMBOL_LARGE) {
            return STATUS_MALFORMED;
        }
        delta_len += (size_t)symbol; /* the symbol is the length of its delta */
    }
    if (walk.run_left > 0) {
        return STATUS_MALFORMED; /* a run longer than the count */
    }
    size_t chunk_len = walk.chunks.at;
    if (delta_len > rest.len - chunk_len) {
        return STATUS_TRUNCATED;
    }
    t->chunks = reader_of(span_of(rest.data, chunk_len));
    t->deltas = reader_of(span_of(rest.data + chunk_len, delta_len));
    return STATUS_OK;
}

enum status twcc_read(const struct rtcp_packet *packet, struct twcc_reader *out_reader)
{
    if (packet->type != RTCP_RTPFB || packet->count != RTCP_FB_TWCC) {
        return STATUS_NONE;
    }
    struct reader r = reader_of(packet->body);
    reader_skip(&r, 8);
    struct twcc_reader t = {.base_sequence = reader_u16(&r)};
    t.packet_count = reader_u16(&r);
    uint32_t reference = reader_u24(&r);
    t.feedback_count = reader_u8(&r);
    if (!reader_ok(&r)) {
        return STATUS_TRUNCATED;
    }
    if (t.packet_count == 0) {
        return STATUS_MALFORMED;
    }
    int32_t signed_reference =
        (reference & 0x800000u) != 0 ? (int32_t)reference - 0x1000000 : (int32_t)reference;
    t.reference_us = (int64_t)signed_reference * REFERENCE_US;
    t.at_us = t.reference_us;
    enum status status = check_layout(&t, reader_rest(&r));
    if (status == STATUS_OK) {
        *out_reader = t;
    }
    return status;
}

bool twcc_next(struct twcc_reader *reader, struct twcc_item *out_item)
{
    if (reader->index >= reader->packet_count) {
        return false;
    }
    int symbol = next_symbol(reader);
    CHECK(symbol >= 0 && symbol <= SYMBOL_LARGE); /* twcc_read() has walked it */
    struct twcc_item item = {.sequence = (uint16_t)(reader->base_sequence + reader->index),
                             .received = symbol != SYMBOL_LOST};
    if (symbol == SYMBOL_SMALL) {
        reader->at_us += (int64_t)reader_u8(&reader->deltas) * DELTA_US;
    } else if (symbol == SYMBOL_LARGE) {
        reader->at_us += (int64_t)(int16_t)reader_u16(&reader->deltas) * DELTA_US;
    }
    item.arrival_us = item.received ? reader->at_us : 0;
    reader->index++;
    *out_item = item;
    return true;
}

struct plan {
    uint8_t symbols[TWCC_PACKETS_MAX];
    int16_t deltas[TWCC_PACKETS_MAX];
    unsigned count; /* statuses */
    size_t delta_len;
    int64_t reference; /* in units of 64 ms */
};

/* Arrival -> delta; stops before the first delta that 16 bits cannot hold. Rounds against the exact
 * time, so that errors do not add up. */
static void make_plan(struct plan *plan, const struct twcc_status *statuses, unsigned count)
{
    int64_t at = -1; /* in units of 250 us, once the first received packet is known */
    unsigned last_received = 0;
    for (unsigned i = 0; i < count; i++) {
        plan->symbols[i] = SYMBOL_LOST;
        if (statuses[i].arrival_us < 0) {
            continue;
        }
        int64_t tick = statuses[i].arrival_us / DELTA_US;
        if (at < 0) {
            plan->reference = statuses[i].arrival_us / REFERENCE_US;
            at = plan->reference * (REFERENCE_US / DELTA_US);
        }
        int64_t delta = tick - at;
        if (delta < INT16_MIN || delta > INT16_MAX) {
            break;
        }
        plan->symbols[i] = delta >= 0 && delta <= 255 ? SYMBOL_SMALL : SYMBOL_LARGE;
        plan->deltas[i] = (int16_t)delta;
        plan->delta_len += plan->symbols[i];
        at = tick;
        last_received = i + 1;
    }
    plan->count = last_received;
}

static unsigned run_of(const struct plan *plan, unsigned from)
{
    unsigned n = 1;
    while (from + n < plan->count && n < RUN_MAX &&
           plan->symbols[from + n] == plan->symbols[from]) {
        n++;
    }
    return n;
}

/* One vector chunk; returns how many symbols it took. Without large deltas 14 of 1 bit, else 7 of 2
 * bits. */
static unsigned write_vector(struct writer *w, const struct plan *plan, unsigned from)
{
    unsigned left = plan->count - from;
    unsigned n = left < 14 ? left : 14;
    bool wide = false;
    for (unsigned i = 0; i < n; i++) {
        wide = wide || plan->symbols[from + i] == SYMBOL_LARGE;
    }
    unsigned bits = wide ? 2 : 1;
    unsigned room = 14 / bits;
    n = n < room ? n : room;
    uint16_t chunk = wide ? 0xC000u : 0x8000u;
    for (unsigned i = 0; i < n; i++) {
        chunk = (uint16_t)(chunk | plan->symbols[from + i] << ((room - 1 - i) * bits));
    }
    writer_u16(w, chunk);
    return n;
}

static void write_chunks(struct writer *w, const struct plan *plan)
{
    unsigned i = 0;
    while (i < plan->count) {
        unsigned run = run_of(plan, i);
        if (run >= 14 || (run >= 7 && plan->symbols[i] == SYMBOL_LARGE) || i + run == plan->count) {
            writer_u16(w, (uint16_t)((unsigned)plan->symbols[i] << 13 | run));
            i += run;
        } else {
            i += write_vector(w, plan, i);
        }
    }
}

unsigned twcc_write(struct writer *w, uint32_t ssrc, uint32_t media_ssrc, uint16_t base_sequence,
                    const struct twcc_status *statuses, unsigned count, uint8_t *feedback_count)
{
    struct plan plan = {.count = 0};
    make_plan(&plan, statuses, count < TWCC_PACKETS_MAX ? count : TWCC_PACKETS_MAX);
    if (plan.count == 0) {
        return 0;
    }
    struct writer trial = *w; /* w moves on only if all fits */
    size_t at = trial.at;
    writer_u8(&trial, 0x80u | RTCP_FB_TWCC);
    writer_u8(&trial, RTCP_RTPFB);
    writer_u16(&trial, 0);
    writer_u32(&trial, ssrc);
    writer_u32(&trial, media_ssrc);
    writer_u16(&trial, base_sequence);
    writer_u16(&trial, (uint16_t)plan.count);
    writer_u24(&trial, (uint32_t)plan.reference & 0xFFFFFFu);
    writer_u8(&trial, *feedback_count);
    write_chunks(&trial, &plan);
    for (unsigned i = 0; i < plan.count; i++) {
        if (plan.symbols[i] == SYMBOL_SMALL) {
            writer_u8(&trial, (uint8_t)plan.deltas[i]);
        } else if (plan.symbols[i] == SYMBOL_LARGE) {
            writer_u16(&trial, (uint16_t)plan.deltas[i]);
        }
    }
    size_t padding = writer_ok(&trial) ? (4 - (trial.at - at) % 4) % 4 : 0;
    for (size_t i = 0; i < padding;
         i++) { /* §3.1: zero padding with the P bit, its last octet the count */
        writer_u8(&trial, (uint8_t)(i + 1 == padding ? padding : 0));
    }
    if (!writer_ok(&trial)) {
        return 0;
    }
    CHECK(trial.at - at >= FIXED_LEN);
    writer_patch_u16(&trial, at + 2, (uint16_t)((trial.at - at) / 4 - 1));
    if (padding > 0) {
        trial.data[at] |= 0x20u;
    }
    *w = trial;
    (*feedback_count)++;
    return plan.count;
}
