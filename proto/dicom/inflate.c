#include "proto/dicom/inflate.h"

#include "proto/base/reader.h"

#define BITS_MAX 15 /* RFC 1951 section 3.2.7 */
#define LITERALS_MAX 288
#define DISTANCES_MAX 32
#define LITERAL_END 256

struct stream {
    struct reader in;
    uint32_t hold; /* bits that were read but not used, lowest first */
    unsigned held;
    uint8_t *out;
    size_t room, made;
    enum status status;
};

/* Canonical Huffman code: how many codes have each length, and the symbols in their order. */
struct code {
    uint16_t count[BITS_MAX + 1];
    uint16_t symbol[LITERALS_MAX];
};

static void fail(struct stream *s, enum status status)
{
    if (s->status == STATUS_OK) {
        s->status = status;
    }
}

static uint32_t take_bits(struct stream *s, unsigned n)
{
    while (s->held < n) {
        s->hold |= (uint32_t)reader_u8(&s->in) << s->held;
        s->held += 8;
        if (!reader_ok(&s->in)) {
            fail(s, STATUS_TRUNCATED);
            return 0;
        }
    }
    uint32_t value = s->hold & ((1u << n) - 1u);
    s->hold >>= n;
    s->held -= n;
    return value;
}

/* Section 3.2.2. False: more codes than the lengths allow. */
static bool build(struct code *code, const uint8_t *lengths, unsigned count)
{
    uint16_t offset[BITS_MAX + 2] = {0};
    memset(code, 0, sizeof *code);
    for (unsigned i = 0; i < count; i++) {
        code->count[lengths[i]]++;
    }
    code->count[0] = 0;
    int left = 1;
    for (unsigned i = 1; i <= BITS_MAX; i++) {
        left = left * 2 - code->count[i];
        if (left < 0) {
            return false;
        }
        offset[i + 1] = (uint16_t)(offset[i] + code->count[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        if (lengths[i] != 0) {
            code->symbol[offset[lengths[i]]++] = (uint16_t)i;
        }
    }
    return true;
}

static unsigned take_symbol(struct stream *s, const struct code *code)
{
    unsigned value = 0;
    unsigned first = 0;
    unsigned index = 0;
    for (unsigned len = 1; len <= BITS_MAX && s->status == STATUS_OK; len++) {
        value |= take_bits(s, 1);
        unsigned count = code->count[len];
        if (value < first + count) {
            return code->symbol[index + (value - first)];
        }
        index += count;
        first = (first + count) * 2;
        value *= 2;
    }
    fail(s, STATUS_MALFORMED);
    return LITERAL_END;
}

static void put(struct stream *s, uint8_t octet)
{
    if (s->made >= s->room) {
        fail(s, STATUS_TOO_LARGE);
        return;
    }
    s->out[s->made++] = octet;
}

/* Section 3.2.4. */
static void stored_block(struct stream *s)
{
    s->hold = 0;
    s->held = 0;
    uint16_t len = reader_u16_le(&s->in);
    uint16_t inverse = reader_u16_le(&s->in);
    struct span data = reader_span(&s->in, len);
    if (!reader_ok(&s->in)) {
        fail(s, STATUS_TRUNCATED);
    } else if ((uint32_t)len + inverse != 0xFFFFu) {
        fail(s, STATUS_MALFORMED);
    } else if (data.len > s->room - s->made) {
        fail(s, STATUS_TOO_LARGE);
    } else if (data.len > 0) {
        memcpy(s->out + s->made, data.data, data.len);
        s->made += data.len;
    }
}

static void copy_back(struct stream *s, unsigned symbol, const struct code *distances)
{
    static const uint16_t length_base[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                           15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                           67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_bits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t distance_base[] = {
        1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
        193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    static const uint8_t distance_bits[] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                            6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
    unsigned index = symbol - LITERAL_END - 1;
    if (index >= sizeof length_bits) {
        fail(s, STATUS_MALFORMED);
        return;
    }
    size_t len = length_base[index] + take_bits(s, length_bits[index]);
    unsigned code = take_symbol(s, distances);
    if (s->status != STATUS_OK || code >= sizeof distance_bits) {
        fail(s, STATUS_MALFORMED);
        return;
    }
    size_t distance = distance_base[code] + take_bits(s, distance_bits[code]);
    if (distance > s->made) {
        fail(s, STATUS_MALFORMED);
        return;
    }
    for (size_t i = 0; i < len && s->status == STATUS_OK; i++) {
        put(s, s->out[s->made - distance]);
    }
}

static void coded_block(struct stream *s, const struct code *literals, const struct code *distances)
{
    while (s->status == STATUS_OK) {
        unsigned symbol = take_symbol(s, literals);
        if (s->status != STATUS_OK || symbol == LITERAL_END) {
            return;
        }
        if (symbol < LITERAL_END) {
            put(s, (uint8_t)symbol);
        } else {
            copy_back(s, symbol, distances);
        }
    }
}

/* Section 3.2.6. */
static void fixed_block(struct stream *s)
{
    uint8_t lengths[LITERALS_MAX];
    uint8_t distance_lengths[30];
    struct code literals;
    struct code distances;
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    memset(distance_lengths, 5, sizeof distance_lengths);
    if (build(&literals, lengths, LITERALS_MAX) &&
        build(&distances, distance_lengths, sizeof distance_lengths)) {
        coded_block(s, &literals, &distances);
    }
}

/* Code lengths, themselves coded (section 3.2.7). */
static void take_lengths(struct stream *s, const struct code *meta, uint8_t *lengths,
                         unsigned count)
{
    unsigned at = 0;
    while (at < count && s->status == STATUS_OK) {
        unsigned symbol = take_symbol(s, meta);
        if (symbol < 16) {
            lengths[at++] = (uint8_t)symbol;
            continue;
        }
        uint8_t value = 0;
        unsigned repeat = 0;
        if (symbol == 16) {
            value = at > 0 ? lengths[at - 1] : 0;
            repeat = 3 + take_bits(s, 2);
        } else {
            repeat = symbol == 17 ? 3 + take_bits(s, 3) : 11 + take_bits(s, 7);
        }
        if (repeat > count - at || (symbol == 16 && at == 0) || symbol > 18) {
            fail(s, STATUS_MALFORMED);
            return;
        }
        memset(lengths + at, value, repeat);
        at += repeat;
    }
}

static void dynamic_block(struct stream *s)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LITERALS_MAX + DISTANCES_MAX] = {0};
    uint8_t meta_lengths[19] = {0};
    struct code meta;
    struct code literals;
    struct code distances;
    unsigned literal_count = take_bits(s, 5) + 257;
    unsigned distance_count = take_bits(s, 5) + 1;
    unsigned meta_count = take_bits(s, 4) + 4;
    for (unsigned i = 0; i < meta_count; i++) {
        meta_lengths[order[i]] = (uint8_t)take_bits(s, 3);
    }
    if (s->status != STATUS_OK || literal_count > 286 || distance_count > 30 ||
        !build(&meta, meta_lengths, 19)) {
        fail(s, STATUS_MALFORMED);
        return;
    }
    take_lengths(s, &meta, lengths, literal_count + distance_count);
    if (s->status != STATUS_OK || !build(&literals, lengths, literal_count) ||
        !build(&distances, lengths + literal_count, distance_count)) {
        fail(s, STATUS_MALFORMED);
        return;
    }
    coded_block(s, &literals, &distances);
}

enum status inflate_raw(struct span deflated, uint8_t *out, size_t room, size_t *out_len)
{
    struct stream s = {.in = reader_of(deflated), .out = out, .room = room, .status = STATUS_OK};
    bool last = false;
    while (!last && s.status == STATUS_OK) {
        last = take_bits(&s, 1) == 1;
        unsigned kind = take_bits(&s, 2);
        if (s.status != STATUS_OK) {
            break;
        }
        if (kind == 0) {
            stored_block(&s);
        } else if (kind == 1) {
            fixed_block(&s);
        } else if (kind == 2) {
            dynamic_block(&s);
        } else {
            fail(&s, STATUS_MALFORMED);
        }
    }
    if (s.status == STATUS_OK) {
        *out_len = s.made;
    }
    return s.status;
}
