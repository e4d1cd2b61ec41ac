#include "proto/payload/vp8.h"

#include "proto/base/check.h"
#include "proto/base/reader.h"

/* RFC 7741 §4.2: the extension octets behind X. */
static void read_extension(struct reader *r, struct payload_vp8 *v)
{
    uint8_t bits = reader_u8(r);
    if ((bits & 0x80u) != 0) { /* I */
        v->has_picture_id = true;
        v->picture_id_at = (uint8_t)r->at;
        uint8_t first = reader_u8(r);
        v->picture_id = first & 0x7Fu;
        if ((first & 0x80u) != 0) { /* M */
            v->picture_id_long = true;
            v->picture_id = (uint16_t)(v->picture_id << 8 | reader_u8(r));
        }
    }
    if ((bits & 0x40u) != 0) { /* L */
        v->has_tl0picidx = true;
        v->tl0picidx_at = (uint8_t)r->at;
        v->tl0picidx = reader_u8(r);
    }
    if ((bits & 0x30u) != 0) { /* T or K share an octet */
        uint8_t tk = reader_u8(r);
        v->has_tid = (bits & 0x20u) != 0;
        v->has_keyidx = (bits & 0x10u) != 0;
        v->tid = v->has_tid ? tk >> 6 : 0;
        v->layer_sync = v->has_tid && (tk & 0x20u) != 0;
        v->keyidx = v->has_keyidx ? tk & 0x1Fu : 0;
    }
}

/* RFC 6386 §9.1: P bit 0 = key frame; then 3 octets of size, start code, 14 bits width, 14 bits
 * height. */
static enum status read_frame_head(struct payload_vp8 *v)
{
    v->keyframe = v->start && (v->data.data[0] & 1u) == 0;
    if (!v->keyframe || v->data.len < 10) {
        return STATUS_OK;
    }
    struct reader r = reader_of(v->data);
    reader_skip(&r, 3);
    if (reader_u24(&r) != 0x9D012Au) {
        return STATUS_MALFORMED;
    }
    v->width = reader_u16_le(&r) & 0x3FFFu;
    v->height = reader_u16_le(&r) & 0x3FFFu;
    return STATUS_OK;
}

enum status payload_vp8_read(struct span payload, struct payload_vp8 *out_vp8)
{
    struct reader r = reader_of(payload);
    uint8_t first = reader_u8(&r);
    struct payload_vp8 v = {.non_reference = (first & 0x20u) != 0, .partition = first & 0x07u};
    v.start = (first & 0x10u) != 0 && v.partition == 0;
    if ((first & 0x80u) != 0) {
        read_extension(&r, &v);
    }
    v.descriptor_len = (uint8_t)r.at;
    if (!reader_ok(&r) || reader_left(&r) == 0) {
        return STATUS_TRUNCATED;
    }
    v.data = reader_rest(&r);
    enum status status = read_frame_head(&v);
    if (status == STATUS_OK) {
        *out_vp8 = v;
    }
    return status;
}

void payload_vp8_rewrite(uint8_t *payload, const struct payload_vp8 *vp8, uint16_t picture_id,
                         uint8_t tl0picidx)
{
    CHECK(vp8->picture_id_at < vp8->descriptor_len && vp8->tl0picidx_at < vp8->descriptor_len);
    if (vp8->has_picture_id && vp8->picture_id_long) {
        payload[vp8->picture_id_at] = (uint8_t)(0x80u | (picture_id >> 8 & 0x7Fu));
        payload[vp8->picture_id_at + 1] = (uint8_t)picture_id;
    } else if (vp8->has_picture_id) {
        payload[vp8->picture_id_at] = picture_id & 0x7Fu;
    }
    if (vp8->has_tl0picidx) {
        payload[vp8->tl0picidx_at] = tl0picidx;
    }
}
