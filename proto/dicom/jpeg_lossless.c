#include "proto/dicom/jpeg_lossless.h"

#include "proto/base/reader.h"

#include <stdbool.h>

#define TABLES_MAX 4
#define CODE_BITS_MAX 16
#define SSSS_MAX 16
#define QUICK_BITS 8

/* Annex C: codes of each length are consecutive. */
struct table {
    bool defined;
    uint8_t symbol[256];
    int32_t first[CODE_BITS_MAX + 2]; /* first code of the length */
    int32_t end[CODE_BITS_MAX + 2];   /* one beyond the last; first = end: none */
    unsigned offset[CODE_BITS_MAX + 2];
    uint8_t
        quick_len[1 << QUICK_BITS]; /* code that begins with these bits: its length, 0 = longer */
    uint8_t quick_symbol[1 << QUICK_BITS];
};

struct component {
    uint8_t id;
    bool done;
};

struct scan {
    unsigned count;
    unsigned component[3];
    unsigned table[3];
    unsigned predictor, transform; /* Ss, Al */
};

struct decoder {
    struct reader r;
    uint32_t width, height;
    unsigned components, precision, restart_interval;
    bool has_frame;
    struct component component[3];
    struct table tables[TABLES_MAX];
    uint32_t *const *plane;
    uint64_t hold; /* bits that were read but not used, in the low `held` */
    unsigned held;
    bool at_marker; /* the entropy-coded segment has ended; zeros are supplied */
    unsigned supplied;
    enum status status;
};

static void fail(struct decoder *d, enum status status)
{
    if (d->status == STATUS_OK) {
        d->status = status;
    }
}

static void read_tables(struct decoder *d, struct reader segment)
{
    while (reader_left(&segment) > 0 && d->status == STATUS_OK) {
        uint8_t head = reader_u8(&segment);
        uint8_t counts[CODE_BITS_MAX];
        unsigned total = 0;
        for (unsigned i = 0; i < CODE_BITS_MAX; i++) {
            counts[i] = reader_u8(&segment);
            total += counts[i];
        }
        struct span symbols = reader_span(&segment, total);
        if (!reader_ok(&segment) || total == 0 || total > 256 || (head & 15u) >= TABLES_MAX ||
            head >> 4 > 1) {
            fail(d, STATUS_MALFORMED);
            return;
        }
        if (head >> 4 == 1) {
            continue; /* AC tables have no meaning here */
        }
        struct table *t = &d->tables[head & 15u];
        int32_t code = 0;
        unsigned offset = 0;
        memset(t, 0, sizeof *t);
        memcpy(t->symbol, symbols.data, total);
        for (unsigned len = 1; len <= CODE_BITS_MAX; len++) {
            t->first[len] = code;
            t->offset[len] = offset;
            for (unsigned k = 0; len <= QUICK_BITS && k < counts[len - 1]; k++) {
                unsigned start = (unsigned)(code + (int32_t)k) << (QUICK_BITS - len);
                for (unsigned q = start;
                     q < start + (1u << (QUICK_BITS - len)) && q < 1u << QUICK_BITS; q++) {
                    t->quick_len[q] = (uint8_t)len;
                    t->quick_symbol[q] = symbols.data[offset + k];
                }
            }
            code += counts[len - 1];
            offset += counts[len - 1];
            t->end[len] = code;
            if (code > 1 << len) {
                fail(d, STATUS_MALFORMED);
                return;
            }
            code *= 2;
        }
        t->defined = true;
    }
}

static void read_frame(struct decoder *d, struct reader segment)
{
    d->precision = reader_u8(&segment);
    uint16_t height = reader_u16(&segment);
    uint16_t width = reader_u16(&segment);
    uint8_t components = reader_u8(&segment);
    if (d->has_frame || width != d->width || height != d->height || components != d->components ||
        d->precision < 2 || d->precision > 16) {
        fail(d, STATUS_MALFORMED);
        return;
    }
    for (unsigned i = 0; i < components; i++) {
        d->component[i].id = reader_u8(&segment);
        if (reader_u8(&segment) != 0x11) {
            fail(d, STATUS_UNSUPPORTED);
        }
        reader_skip(&segment, 1);
    }
    d->has_frame = true;
    if (!reader_ok(&segment)) {
        fail(d, STATUS_MALFORMED);
    }
}

static void fill(struct decoder *d, unsigned bits)
{
    while (d->held < bits) {
        uint8_t octet = 0;
        if (!d->at_marker && reader_left(&d->r) > 0) {
            octet = reader_u8(&d->r);
            if (octet == 0xFF) {
                struct reader peek = d->r;
                if (reader_u8(&peek) == 0 && reader_ok(&peek)) {
                    d->r = peek;
                } else {
                    d->at_marker = true;
                    d->r.at--;
                    octet = 0;
                }
            }
        } else {
            d->at_marker = true;
        }
        d->supplied += d->at_marker ? 8 : 0;
        d->hold = (d->hold << 8 | octet) & 0xFFFFFFFFFFull;
        d->held += 8;
    }
}

static uint32_t take(struct decoder *d, unsigned bits)
{
    if (bits == 0) {
        return 0;
    }
    fill(d, bits);
    d->held -= bits;
    if (d->supplied > d->held) {
        fail(d, STATUS_TRUNCATED); /* a bit that the stream does not have was used */
    }
    return (uint32_t)(d->hold >> d->held) & ((1u << bits) - 1u);
}

static unsigned take_symbol(struct decoder *d, const struct table *t)
{
    fill(d, CODE_BITS_MAX);
    uint32_t ahead = (uint32_t)(d->hold >> (d->held - CODE_BITS_MAX)) & 0xFFFFu;
    unsigned quick = ahead >> (CODE_BITS_MAX - QUICK_BITS);
    if (t->quick_len[quick] != 0) {
        (void)take(d, t->quick_len[quick]);
        return t->quick_symbol[quick];
    }
    for (unsigned len = QUICK_BITS + 1; len <= CODE_BITS_MAX; len++) {
        int32_t code = (int32_t)(ahead >> (CODE_BITS_MAX - len));
        if (code >= t->first[len] && code < t->end[len]) {
            (void)take(d, len);
            return t->symbol[t->offset[len] + (unsigned)(code - t->first[len])];
        }
    }
    fail(d, STATUS_MALFORMED);
    return 0;
}

/* Table H.2: SSSS bits of the difference; 16 stands for 32768 alone and has none. */
static int32_t take_difference(struct decoder *d, const struct table *t)
{
    unsigned ssss = take_symbol(d, t);
    if (ssss > SSSS_MAX) {
        fail(d, STATUS_MALFORMED);
        return 0;
    }
    if (ssss == 0) {
        return 0;
    }
    if (ssss == SSSS_MAX) {
        return 32768;
    }
    int32_t value = (int32_t)take(d, ssss);
    return value < 1 << (ssss - 1) ? value - (1 << ssss) + 1 : value;
}

/* Table H.1. Neighbours: a left, b above, c above left; in the first line a (or the half) is the
 * only one, in the first column b. */
static int32_t predict(const uint32_t *out, uint32_t x, bool first_line, uint32_t width,
                       unsigned predictor, int32_t half)
{
    if (first_line) {
        return x == 0 ? half : (int32_t)out[-1];
    }
    const uint32_t *above = out - width;
    if (x == 0) {
        return (int32_t)above[0];
    }
    int32_t a = (int32_t)out[-1];
    int32_t b = (int32_t)above[0];
    int32_t c = (int32_t)above[-1];
    switch (predictor) {
    case 1:
        return a;
    case 2:
        return b;
    case 3:
        return c;
    case 4:
        return a + b - c;
    case 5:
        return a + ((b - c) >> 1);
    case 6:
        return b + ((a - c) >> 1);
    default:
        return (a + b) / 2;
    }
}

static void restart(struct decoder *d)
{
    d->hold = 0;
    d->held = 0;
    d->at_marker = false;
    d->supplied = 0;
    uint8_t prefix = reader_u8(&d->r);
    uint8_t marker = reader_u8(&d->r);
    if (!reader_ok(&d->r)) {
        fail(d, STATUS_TRUNCATED);
    } else if (prefix != 0xFF || marker < 0xD0 || marker > 0xD7) {
        fail(d, STATUS_MALFORMED);
    }
}

static void decode_line(struct decoder *d, const struct scan *scan, uint32_t y, bool first_line)
{
    int32_t half = 1 << (d->precision - scan->transform - 1);
    for (uint32_t x = 0; x < d->width && d->status == STATUS_OK; x++) {
        for (unsigned i = 0; i < scan->count; i++) {
            uint32_t *out = d->plane[scan->component[i]] + (size_t)y * d->width + x;
            int32_t difference = take_difference(d, &d->tables[scan->table[i]]);
            int32_t predicted = predict(out, x, first_line, d->width, scan->predictor, half);
            *out = (uint32_t)(predicted + difference) & 0xFFFFu; /* H.1.2.1: modulo 2^16 */
        }
    }
}

static void finish_scan(struct decoder *d, const struct scan *scan)
{
    uint32_t top = 1u << (d->precision - scan->transform);
    size_t count = (size_t)d->width * d->height;
    for (unsigned i = 0; i < scan->count; i++) {
        uint32_t *plane = d->plane[scan->component[i]];
        uint32_t beyond = 0;
        for (size_t k = 0; k < count; k++) {
            beyond |= plane[k] >= top ? 1u : 0u;
            plane[k] <<= scan->transform;
        }
        if (beyond != 0) {
            fail(d, STATUS_MALFORMED); /* more bits than the head announced: a damaged stream */
        }
        d->component[scan->component[i]].done = true;
    }
    d->hold = 0;
    d->held = 0;
}

static void decode_scan(struct decoder *d, const struct scan *scan)
{
    unsigned lines_each = d->restart_interval / d->width; /* H.1.1: whole lines */
    d->hold = 0;
    d->held = 0;
    d->at_marker = false;
    d->supplied = 0;
    if (d->restart_interval % d->width != 0) {
        fail(d, STATUS_UNSUPPORTED);
    }
    for (uint32_t y = 0; y < d->height && d->status == STATUS_OK; y++) {
        bool first = y == 0 || (lines_each > 0 && y % lines_each == 0);
        if (first && y > 0) {
            restart(d);
        }
        decode_line(d, scan, y, first);
    }
    if (d->status == STATUS_OK) {
        finish_scan(d, scan);
    }
}

static void read_scan(struct decoder *d, struct reader segment)
{
    struct scan scan = {.count = reader_u8(&segment)};
    if (!d->has_frame || scan.count == 0 || scan.count > d->components) {
        fail(d, STATUS_MALFORMED);
        return;
    }
    for (unsigned i = 0; i < scan.count; i++) {
        uint8_t id = reader_u8(&segment);
        scan.table[i] = reader_u8(&segment) >> 4;
        unsigned k = 0;
        while (k < d->components && d->component[k].id != id) {
            k++;
        }
        if (k == d->components || d->component[k].done || scan.table[i] >= TABLES_MAX ||
            !d->tables[scan.table[i]].defined) {
            fail(d, STATUS_MALFORMED);
            return;
        }
        for (unsigned j = 0; j < i; j++) {
            if (scan.component[j] == k) {
                fail(d, STATUS_MALFORMED);
            }
        }
        scan.component[i] = k;
    }
    scan.predictor = reader_u8(&segment);
    reader_skip(&segment, 1);
    scan.transform = reader_u8(&segment) & 15u;
    if (!reader_ok(&segment) || scan.predictor < 1 || scan.predictor > 7 ||
        scan.transform >= d->precision) {
        fail(d, STATUS_MALFORMED);
    }
    if (d->status == STATUS_OK) {
        decode_scan(d, &scan);
    }
}

static bool all_done(const struct decoder *d)
{
    for (unsigned i = 0; i < d->components; i++) {
        if (!d->component[i].done) {
            return false;
        }
    }
    return true;
}

static void read_segment(struct decoder *d, uint8_t marker)
{
    uint16_t length = reader_u16(&d->r);
    struct reader segment = reader_sub(&d->r, length < 2 ? 0 : length - 2u);
    if (!reader_ok(&d->r) || length < 2) {
        fail(d, reader_ok(&d->r) ? STATUS_MALFORMED : STATUS_TRUNCATED);
    } else if (marker == 0xC4) {
        read_tables(d, segment);
    } else if (marker == 0xC3) {
        read_frame(d, segment);
    } else if (marker == 0xDD) {
        d->restart_interval = reader_u16(&segment);
    } else if (marker == 0xDA) {
        read_scan(d, segment);
    } else if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC8 && marker != 0xCC) {
        fail(d, STATUS_UNSUPPORTED);
    }
}

enum status jpeg_lossless_decode(struct span stream, uint32_t width, uint32_t height,
                                 unsigned components, uint32_t *const plane[3])
{
    struct decoder d = {.r = reader_of(stream),
                        .width = width,
                        .height = height,
                        .components = components,
                        .plane = plane};
    if (width == 0 || height == 0 || components == 0 || components > 3) {
        return STATUS_UNSUPPORTED;
    }
    if (reader_u16(&d.r) != 0xFFD8) {
        return STATUS_MALFORMED;
    }
    while (d.status == STATUS_OK && !all_done(&d)) {
        uint8_t prefix = reader_u8(&d.r);
        uint8_t marker = reader_u8(&d.r);
        while (marker == 0xFF && reader_ok(&d.r)) {
            marker = reader_u8(&d.r);
        }
        if (!reader_ok(&d.r)) {
            return STATUS_TRUNCATED;
        }
        if (prefix != 0xFF || marker == 0 || marker == 0xD8 || marker == 0xD9) {
            return STATUS_MALFORMED;
        }
        if (marker != 0x01 && (marker < 0xD0 || marker > 0xD7)) {
            read_segment(&d, marker);
        }
    }
    return d.status;
}
