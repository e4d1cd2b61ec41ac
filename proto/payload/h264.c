#include "proto/payload/h264.h"

#define FU_START 0x80u
#define FU_END 0x40u
#define SPS_LEN_MAX 256u /* octets that are looked at; a constrained baseline SPS has about 20 */

static void note(struct payload_h264 *h, uint8_t type, uint8_t nri)
{
    h->idr = h->idr || type == PAYLOAD_H264_IDR;
    h->sps = h->sps || type == PAYLOAD_H264_SPS;
    h->pps = h->pps || type == PAYLOAD_H264_PPS;
    h->nri = nri > h->nri ? nri : h->nri;
}

/* A whole NAL unit: type 1..23 (RFC 6184 §5.6), inside a STAP-A too. */
static enum status note_nal(struct payload_h264 *h, struct span nal)
{
    uint8_t type = nal.data[0] & 0x1Fu;
    if ((nal.data[0] & 0x80u) != 0 || type == 0 || type > 23) {
        return STATUS_MALFORMED;
    }
    note(h, type, nal.data[0] >> 5 & 3u);
    if (type == PAYLOAD_H264_SPS) {
        h->sps_nal = nal;
    } else if (type == PAYLOAD_H264_PPS) {
        h->pps_nal = nal;
    }
    return STATUS_OK;
}

/* §5.7.1: size and NAL unit, again and again. STATUS_NONE at the end. */
static enum status stap_next(struct reader *r, struct span *out_nal)
{
    if (reader_left(r) == 0 && reader_ok(r)) {
        return STATUS_NONE;
    }
    uint16_t len = reader_u16(r);
    struct span nal = reader_span(r, len);
    if (!reader_ok(r)) {
        return STATUS_TRUNCATED;
    }
    if (nal.len == 0) {
        return STATUS_MALFORMED;
    }
    *out_nal = nal;
    return STATUS_OK;
}

static enum status read_stap(struct span payload, struct payload_h264 *h)
{
    struct reader r = reader_of(payload);
    struct span nal;
    unsigned count = 0;
    reader_skip(&r, 1);
    enum status status;
    while ((status = stap_next(&r, &nal)) == STATUS_OK) {
        status = note_nal(h, nal);
        if (status != STATUS_OK) {
            return status;
        }
        count++;
    }
    if (status == STATUS_NONE) {
        return count > 0 ? STATUS_OK : STATUS_TRUNCATED;
    }
    return status;
}

/* §5.8 */
static enum status read_fu(struct span payload, struct payload_h264 *h)
{
    if (payload.len < 3) {
        return STATUS_TRUNCATED;
    }
    uint8_t head = payload.data[1];
    h->starts = (head & FU_START) != 0;
    h->ends = (head & FU_END) != 0;
    uint8_t type = head & 0x1Fu;
    if ((h->starts && h->ends) || type == 0 || type > 23) {
        return STATUS_MALFORMED;
    }
    note(h, type, payload.data[0] >> 5 & 3u);
    return STATUS_OK;
}

enum status payload_h264_read(struct span payload, struct payload_h264 *out_h264)
{
    if (payload.len == 0) {
        return STATUS_TRUNCATED;
    }
    if ((payload.data[0] & 0x80u) != 0) {
        return STATUS_MALFORMED;
    }
    struct payload_h264 h = {.type = payload.data[0] & 0x1Fu, .starts = true, .ends = true};
    enum status status = STATUS_UNSUPPORTED;
    if (h.type == PAYLOAD_H264_STAP_A) {
        status = read_stap(payload, &h);
    } else if (h.type == PAYLOAD_H264_FU_A) {
        status = read_fu(payload, &h);
    } else if (h.type >= 1 && h.type <= 23) {
        status = note_nal(&h, payload);
    }
    if (status == STATUS_OK) {
        *out_h264 = h;
    }
    return status;
}

/* Start code, or a length that is known already. */
static void begin_nal(struct writer *w, enum payload_h264_form form, size_t len)
{
    writer_u32(w, form == PAYLOAD_H264_ANNEX_B ? 1u : (uint32_t)len);
}

static void append_nal(struct writer *w, enum payload_h264_form form, struct span nal)
{
    begin_nal(w, form, nal.len);
    writer_bytes(w, nal);
}

/* length_at counts from 1, so that 0 says: no FU is open. */
static enum status append_fu(struct span payload, enum payload_h264_form form, size_t *length_at,
                             struct writer *w)
{
    uint8_t head = payload.data[1];
    if ((head & FU_START) != 0) {
        *length_at = w->at + 1;
        begin_nal(w, form, 1);
        writer_u8(w, (uint8_t)((payload.data[0] & 0xE0u) | (head & 0x1Fu)));
    } else if (*length_at == 0) {
        return STATUS_MALFORMED;
    }
    writer_bytes(w, span_of(payload.data + 2, payload.len - 2));
    if (!writer_ok(w)) {
        return STATUS_TOO_LARGE;
    }
    if (form == PAYLOAD_H264_LENGTH) {
        struct writer length = writer_of(w->data + *length_at - 1, 4);
        writer_u32(&length, (uint32_t)(w->at - (*length_at - 1) - 4));
    }
    if ((head & FU_END) != 0) {
        *length_at = 0;
    }
    return STATUS_OK;
}

enum status payload_h264_append(struct span payload, enum payload_h264_form form, size_t *length_at,
                                struct writer *w)
{
    struct payload_h264 h;
    enum status status = payload_h264_read(payload, &h);
    if (status != STATUS_OK) {
        return status;
    }
    if (h.type == PAYLOAD_H264_FU_A) {
        return append_fu(payload, form, length_at, w);
    }
    if (h.type == PAYLOAD_H264_STAP_A) {
        struct reader r = reader_of(payload);
        struct span nal;
        reader_skip(&r, 1);
        while (stap_next(&r, &nal) == STATUS_OK) {
            append_nal(w, form, nal);
        }
    } else {
        append_nal(w, form, payload);
    }
    return writer_ok(w) ? STATUS_OK : STATUS_TOO_LARGE;
}

/* Bits of a sequence parameter set, emulation prevention octets (H.264 §7.4.1) taken out. */
struct bits {
    uint8_t data[SPS_LEN_MAX];
    size_t len, at; /* octets, bit */
    bool failed;
};

static uint32_t take(struct bits *b, unsigned n)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < n; i++, b->at++) {
        if (b->at / 8 >= b->len) {
            b->failed = true;
            return 0;
        }
        value = value << 1 | (b->data[b->at / 8] >> (7 - b->at % 8) & 1u);
    }
    return value;
}

/* ue(v), H.264 §9.1; at most 31 leading zeros. */
static uint32_t take_ue(struct bits *b)
{
    unsigned zeros = 0;
    while (!b->failed && take(b, 1) == 0) {
        if (++zeros > 31) {
            b->failed = true;
        }
    }
    return b->failed ? 0 : ((1u << zeros) - 1u) + take(b, zeros);
}

static void skip_scaling_list(struct bits *b, unsigned count)
{
    int32_t last = 8;
    int32_t next = 8;
    for (unsigned i = 0; i < count && !b->failed; i++) {
        if (next != 0) {
            uint32_t code = take_ue(b);
            int32_t half = (int32_t)((code + 1u) / 2u); /* se(v), §9.1.1 */
            int32_t delta = code % 2 == 1 ? half : -half;
            next = (int32_t)((uint32_t)(last + delta % 256 + 256) & 0xFFu);
        }
        last = next == 0 ? last : next;
    }
}

/* The fields of the high profiles; returns chroma_format_idc. */
static uint32_t take_high_profile(struct bits *b)
{
    uint32_t chroma = take_ue(b);
    if (chroma == 3) {
        (void)take(b, 1); /* separate_colour_plane_flag */
    }
    (void)take_ue(b); /* bit depths */
    (void)take_ue(b);
    (void)take(b, 1); /* qpprime_y_zero_transform_bypass_flag */
    if (take(b, 1) == 1) {
        for (unsigned i = 0; i < (chroma == 3 ? 12u : 8u); i++) {
            if (take(b, 1) == 1) {
                skip_scaling_list(b, i < 6 ? 16 : 64);
            }
        }
    }
    return chroma;
}

static bool is_high(uint32_t profile)
{
    static const uint8_t high[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
    for (size_t i = 0; i < sizeof(high); i++) {
        if (high[i] == profile) {
            return true;
        }
    }
    return false;
}

static void skip_order_count(struct bits *b)
{
    uint32_t type = take_ue(b);
    if (type == 0) {
        (void)take_ue(b);
    } else if (type == 1) {
        (void)take(b, 1);
        (void)take_ue(b);
        (void)take_ue(b);
        uint32_t cycle = take_ue(b);
        for (uint32_t i = 0; i < cycle && i < 256 && !b->failed; i++) {
            (void)take_ue(b);
        }
    }
}

static void strip_emulation(struct span nal, struct bits *b)
{
    unsigned zeros = 0;
    for (size_t i = 1; i < nal.len && b->len < sizeof(b->data); i++) {
        uint8_t octet = nal.data[i];
        if (zeros >= 2 && octet == 3) {
            zeros = 0;
            continue;
        }
        zeros = octet == 0 ? zeros + 1 : 0;
        b->data[b->len++] = octet;
    }
}

enum status payload_h264_sps_size(struct span sps_nal, uint16_t *out_width, uint16_t *out_height)
{
    if (sps_nal.len < 5 || (sps_nal.data[0] & 0x1Fu) != PAYLOAD_H264_SPS) {
        return STATUS_MALFORMED;
    }
    struct bits b = {.len = 0};
    strip_emulation(sps_nal, &b);
    uint32_t profile = take(&b, 8);
    (void)take(&b, 16); /* constraint flags, level */
    (void)take_ue(&b);  /* seq_parameter_set_id */
    uint32_t chroma = is_high(profile) ? take_high_profile(&b) : 1;
    (void)take_ue(&b); /* log2_max_frame_num_minus4 */
    skip_order_count(&b);
    (void)take_ue(&b); /* max_num_ref_frames */
    (void)take(&b, 1);
    uint64_t width = ((uint64_t)take_ue(&b) + 1) * 16;
    uint64_t map_units = (uint64_t)take_ue(&b) + 1;
    uint32_t frame_mbs_only = take(&b, 1);
    uint64_t height = map_units * 16 * (2 - frame_mbs_only);
    if (frame_mbs_only == 0) {
        (void)take(&b, 1);
    }
    (void)take(&b, 1); /* direct_8x8_inference_flag */
    if (take(&b, 1) == 1) {
        uint64_t unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
        uint64_t unit_y = (chroma == 1 ? 2u : 1u) * (2u - frame_mbs_only);
        uint64_t crop_x = unit_x * ((uint64_t)take_ue(&b) + take_ue(&b));
        uint64_t crop_y = unit_y * ((uint64_t)take_ue(&b) + take_ue(&b));
        if (crop_x >= width || crop_y >= height) {
            return STATUS_MALFORMED;
        }
        width -= crop_x;
        height -= crop_y;
    }
    if (b.failed || width > UINT16_MAX || height > UINT16_MAX) {
        return STATUS_MALFORMED;
    }
    *out_width = (uint16_t)width;
    *out_height = (uint16_t)height;
    return STATUS_OK;
}
