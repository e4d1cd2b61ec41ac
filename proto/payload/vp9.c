#include "proto/payload/vp9.h"

#include "proto/base/reader.h"

/* RFC 9628 §4.2.1: the scalability structure. */
static void read_scalability(struct reader *r, struct payload_vp9 *v)
{
    uint8_t bits = reader_u8(r);
    v->spatial_layers = (uint8_t)((bits >> 5) + 1);
    if ((bits & 0x10u) != 0) { /* Y: sizes */
        for (unsigned i = 0; i < v->spatial_layers; i++) {
            v->width = reader_u16(r);
            v->height = reader_u16(r);
        }
    }
    if ((bits & 0x08u) != 0) { /* G: picture group */
        unsigned pictures = reader_u8(r);
        for (unsigned i = 0; i < pictures && reader_ok(r); i++) {
            reader_skip(r, reader_u8(r) >> 2 & 3u);
        }
    }
}

/* §4.2: up to three P_DIFF of 7 bits, N says that another follows. */
static bool read_references(struct reader *r, struct payload_vp9 *v)
{
    uint8_t octet;
    do {
        if (v->reference_count == 3) {
            return false;
        }
        octet = reader_u8(r);
        v->reference_count++;
    } while ((octet & 1u) != 0 && reader_ok(r));
    return true;
}

struct bits {
    struct span data;
    size_t at; /* bit */
    bool failed;
};

static uint32_t take_bits(struct bits *b, unsigned n)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < n; i++, b->at++) {
        if (b->at / 8 >= b->data.len) {
            b->failed = true;
            return 0;
        }
        value = value << 1 | (b->data.data[b->at / 8] >> (7 - b->at % 8) & 1u);
    }
    return value;
}

/* VP9 bitstream §6.2 uncompressed_header: size of a key frame (profiles 0 to 3). Best effort: 0
 * when it is not that. */
static void read_frame_size(struct payload_vp9 *v)
{
    struct bits b = {.data = v->data};
    if (take_bits(&b, 2) != 2) { /* frame_marker */
        return;
    }
    unsigned profile = take_bits(&b, 1);
    profile |= take_bits(&b, 1) << 1;
    if (profile == 3) {
        (void)take_bits(&b, 1); /* reserved_zero */
    }
    bool show_existing = take_bits(&b, 1) != 0;
    bool not_key = take_bits(&b, 1) != 0;
    (void)take_bits(&b, 2); /* show_frame, error_resilient_mode */
    if (show_existing || not_key || take_bits(&b, 24) != 0x498342u) {
        return;
    }
    if (profile >= 2) {
        (void)take_bits(&b, 1); /* ten_or_twelve_bit */
    }
    bool rgb = take_bits(&b, 3) == 7;
    if (!rgb) {
        (void)take_bits(&b, 1); /* color_range */
    }
    if (profile == 1 || profile == 3) {
        (void)take_bits(&b, rgb ? 1 : 3); /* subsampling, reserved */
    }
    uint32_t width = take_bits(&b, 16) + 1;
    uint32_t height = take_bits(&b, 16) + 1;
    if (!b.failed && width <= UINT16_MAX && height <= UINT16_MAX) {
        v->width = (uint16_t)width;
        v->height = (uint16_t)height;
    }
}

static void read_layers(struct reader *r, struct payload_vp9 *v)
{
    uint8_t octet = reader_u8(r);
    v->has_layers = true;
    v->tid = octet >> 5;
    v->switching_up = (octet & 0x10u) != 0;
    v->sid = octet >> 1 & 7u;
    v->inter_layer = (octet & 1u) != 0;
    if (!v->flexible) {
        v->has_tl0picidx = true;
        v->tl0picidx = reader_u8(r);
    }
}

enum status payload_vp9_read(struct span payload, struct payload_vp9 *out_vp9)
{
    struct reader r = reader_of(payload);
    uint8_t first = reader_u8(&r); /* I P L F B E V Z */
    struct payload_vp9 v = {
        .has_picture_id = (first & 0x80u) != 0,
        .inter_predicted = (first & 0x40u) != 0,
        .flexible = (first & 0x10u) != 0,
        .start = (first & 0x08u) != 0,
        .end = (first & 0x04u) != 0,
        .has_scalability = (first & 0x02u) != 0,
    };
    if (v.has_picture_id) {
        uint8_t octet = reader_u8(&r);
        v.picture_id = octet & 0x7Fu;
        if ((octet & 0x80u) != 0) {
            v.picture_id = (uint16_t)(v.picture_id << 8 | reader_u8(&r));
        }
    }
    if ((first & 0x20u) != 0) {
        read_layers(&r, &v);
    }
    if (v.flexible && v.inter_predicted && !read_references(&r, &v)) {
        return STATUS_MALFORMED;
    }
    if (v.has_scalability) {
        read_scalability(&r, &v);
    }
    if (!reader_ok(&r) || reader_left(&r) == 0 || r.at > UINT8_MAX) {
        return r.at > UINT8_MAX ? STATUS_UNSUPPORTED : STATUS_TRUNCATED;
    }
    v.descriptor_len = (uint8_t)r.at;
    v.data = reader_rest(&r);
    v.keyframe = v.start && !v.inter_predicted && v.sid == 0;
    if (v.keyframe && v.width == 0) {
        read_frame_size(&v);
    }
    *out_vp9 = v;
    return STATUS_OK;
}
