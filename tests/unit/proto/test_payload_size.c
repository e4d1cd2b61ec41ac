/* Picture sizes out of H.264 sequence parameter sets and VP9 frame heads that are written here bit
 * by bit: high profiles with scaling lists, every kind of order count, fields, cropping; VP9
 * profiles 0 to 3; and each of them cut at every octet. */
#include "proto/payload/h264.h"
#include "proto/payload/payload.h"
#include "proto/payload/vp9.h"
#include "tests/unit/test.h"

struct made {
    uint8_t data[256];
    size_t bits;
};

static void put(struct made *m, unsigned count, uint32_t value)
{
    for (unsigned i = count; i > 0; i--, m->bits++) {
        m->data[m->bits / 8] |= (uint8_t)((value >> (i - 1) & 1u) << (7 - m->bits % 8));
    }
}

/* ue(v), H.264 §9.1 */
static void put_ue(struct made *m, uint32_t value)
{
    unsigned len = 0;
    while ((value + 1) >> (len + 1) != 0) {
        len++;
    }
    put(m, len, 0);
    put(m, len + 1, value + 1);
}

/* se(v), §9.1.1 */
static void put_se(struct made *m, int32_t value)
{
    put_ue(m, value > 0 ? 2 * (uint32_t)value - 1 : 2 * (uint32_t)-value);
}

static size_t octets(const struct made *m)
{
    return (m->bits + 7) / 8;
}

/* Octets 00 00 03 instead of 00 00 where H.264 §7.4.1 asks for it. */
static size_t escape(const struct made *m, uint8_t *out)
{
    size_t len = 0;
    unsigned zeros = 0;
    for (size_t i = 0; i < octets(m); i++) {
        if (zeros == 2 && m->data[i] <= 3) {
            out[len++] = 3;
            zeros = 0;
        }
        zeros = m->data[i] == 0 ? zeros + 1 : 0;
        out[len++] = m->data[i];
    }
    return len;
}

struct sps {
    const char *name;
    uint8_t profile, chroma, order_type;
    bool lists, frames;
    uint16_t mbs_x, map_units, crop_x, crop_y;
    enum status status;
    uint16_t width, height;
};

static void put_lists(struct made *m, unsigned chroma)
{
    for (unsigned i = 0; i < (chroma == 3 ? 12u : 8u); i++) {
        put(m, 1, i % 2); /* each second one is there */
        if (i % 2 == 0) {
            continue;
        }
        put_se(m, i == 1 ? -8 : 4); /* -8: the default list, nothing more of it is written */
        for (unsigned k = 1; i != 1 && k < (i < 6 ? 16u : 64u); k++) {
            put_se(m, k % 3 == 0 ? -1 : 1);
        }
    }
}

static void put_sps(struct made *m, const struct sps *s)
{
    put(m, 8, 0x67);
    put(m, 8, s->profile);
    put(m, 16, 0x001f);
    put_ue(m, 0);
    if (s->profile == 100 || s->profile == 244) {
        put_ue(m, s->chroma);
        if (s->chroma == 3) {
            put(m, 1, 0);
        }
        put_ue(m, 0);
        put_ue(m, 0);
        put(m, 1, 0);
        put(m, 1, s->lists);
        if (s->lists) {
            put_lists(m, s->chroma);
        }
    }
    put_ue(m, 4);
    put_ue(m, s->order_type);
    if (s->order_type == 0) {
        put_ue(m, 4);
    } else if (s->order_type == 1) {
        put(m, 1, 0);
        put_se(m, -3);
        put_se(m, 5);
        put_ue(m, 2);
        put_se(m, 1);
        put_se(m, -70000);
    }
    put_ue(m, 1);
    put(m, 1, 0);
    put_ue(m, s->mbs_x - 1u);
    put_ue(m, s->map_units - 1u);
    put(m, 1, s->frames);
    if (!s->frames) {
        put(m, 1, 1);
    }
    put(m, 1, 1);
    put(m, 1, s->crop_x + s->crop_y > 0);
    if (s->crop_x + s->crop_y > 0) {
        put_ue(m, s->crop_x);
        put_ue(m, 0);
        put_ue(m, 0);
        put_ue(m, s->crop_y);
    }
    put(m, 1, 0);
    put(m, 1, 1); /* rbsp_trailing_bits */
}

static const struct sps sets[] = {
    {"baseline", 66, 1, 2, false, true, 40, 30, 0, 0, STATUS_OK, 640, 480},
    {"order count type 0", 66, 1, 0, false, true, 40, 30, 0, 0, STATUS_OK, 640, 480},
    {"order count type 1", 66, 1, 1, false, true, 40, 30, 0, 0, STATUS_OK, 640, 480},
    {"high", 100, 1, 2, false, true, 120, 68, 0, 4, STATUS_OK, 1920, 1080},
    {"high, scaling lists", 100, 1, 2, true, true, 120, 68, 0, 4, STATUS_OK, 1920, 1080},
    {"high, fields", 100, 1, 0, false, false, 120, 34, 0, 2, STATUS_OK, 1920, 1080},
    {"4:2:2 crops rows singly", 100, 2, 2, false, true, 120, 68, 4, 8, STATUS_OK, 1912, 1080},
    {"4:4:4, twelve lists", 244, 3, 2, true, true, 40, 30, 3, 5, STATUS_OK, 637, 475},
    {"monochrome", 100, 0, 2, false, true, 40, 30, 1, 1, STATUS_OK, 639, 479},
    {"all is cropped", 66, 1, 2, false, true, 1, 1, 8, 0, STATUS_MALFORMED, 0, 0},
    {"wider than 65535", 66, 1, 2, false, true, 4096, 1, 0, 0, STATUS_MALFORMED, 0, 0},
};

static void h264(void)
{
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        const struct sps *s = &sets[i];
        struct made m = {.bits = 0};
        uint8_t nal[512];
        uint16_t width = 0;
        uint16_t height = 0;
        test_row(s->name);
        put_sps(&m, s);
        size_t len = escape(&m, nal);
        EXPECT_INT(payload_h264_sps_size(span_of(nal, len), &width, &height), s->status);
        EXPECT_INT(width, s->width);
        EXPECT_INT(height, s->height);
        for (size_t cut = 0; cut + 1 < len && s->status == STATUS_OK; cut++) {
            enum status status = payload_h264_sps_size(span_of(nal, cut), &width, &height);
            EXPECT(status == STATUS_OK || status == STATUS_MALFORMED);
        }
        test_row_end();
    }
}

/* 32 zeros are no Exp-Golomb code; what cannot be read is relayed all the same, a packet whose own
 * form is wrong is not. */
static void h264_unreadable(void)
{
    static const uint8_t zeros[24] = {0x67, 66, 0, 31};
    struct payload_info info;
    uint16_t width;
    uint16_t height;
    EXPECT_INT(payload_h264_sps_size(span_of(zeros, sizeof(zeros)), &width, &height),
               STATUS_MALFORMED);
    EXPECT_INT(payload_inspect(PAYLOAD_H264, span_of(zeros, sizeof(zeros)), &info), STATUS_OK);
    EXPECT(info.keyframe && info.width == 0 && info.height == 0);
    EXPECT_INT(payload_inspect(PAYLOAD_H264, SPAN_LITERAL("\x7c\xc5\x01"), &info),
               STATUS_MALFORMED); /* FU-A with S and E */
    EXPECT_INT(payload_inspect(PAYLOAD_H264, SPAN_LITERAL("\x78\x00\x02\x00\x01"), &info),
               STATUS_MALFORMED); /* NAL type 0 in a STAP-A */
}

struct vp9 {
    const char *name;
    unsigned profile;
    bool rgb, marker, code;
    uint32_t width, height;
    uint16_t wide, high; /* 0: not told */
};

static const struct vp9 heads[] = {
    {"profile 0", 0, false, true, true, 640, 480, 640, 480},
    {"profile 1", 1, false, true, true, 640, 480, 640, 480},
    {"profile 1, RGB", 1, true, true, true, 1280, 720, 1280, 720},
    {"profile 2", 2, false, true, true, 640, 480, 640, 480},
    {"profile 3", 3, false, true, true, 640, 480, 640, 480},
    {"profile 3, RGB", 3, true, true, true, 640, 480, 640, 480},
    {"no frame marker", 0, false, false, true, 640, 480, 0, 0},
    {"other sync code", 0, false, true, false, 640, 480, 0, 0},
    {"65536 wide", 0, false, true, true, 65536, 480, 0, 0},
};

static void vp9(void)
{
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        const struct vp9 *h = &heads[i];
        struct made m = {.bits = 0};
        struct payload_vp9 v;
        test_row(h->name);
        put(&m, 8, 0x08); /* descriptor: B */
        put(&m, 2, h->marker ? 2 : 1);
        put(&m, 1, h->profile & 1u);
        put(&m, 1, h->profile >> 1);
        if (h->profile == 3) {
            put(&m, 1, 0);
        }
        put(&m, 4, 2); /* shown key frame */
        put(&m, 24, h->code ? 0x498342 : 0x498343);
        if (h->profile >= 2) {
            put(&m, 1, 0);
        }
        put(&m, 3, h->rgb ? 7 : 1);
        put(&m, h->rgb ? 0 : 1, 0);
        put(&m, h->profile % 2 == 0 ? 0 : h->rgb ? 1 : 3, 0);
        put(&m, 16, h->width - 1);
        put(&m, 16, h->height - 1);
        EXPECT_INT(payload_vp9_read(span_of(m.data, octets(&m)), &v), STATUS_OK);
        EXPECT(v.keyframe);
        EXPECT_INT(v.width, h->wide);
        EXPECT_INT(v.height, h->high);
        for (size_t cut = 2; cut < octets(&m); cut++) { /* cut in the head: no size, no failure */
            EXPECT_INT(payload_vp9_read(span_of(m.data, cut), &v), STATUS_OK);
            EXPECT_INT(v.width, 0);
        }
        test_row_end();
    }
}

int main(void)
{
    static const struct test_case cases[] = {
        {"h264", h264},
        {"h264, unreadable", h264_unreadable},
        {"vp9", vp9},
    };
    return TEST_MAIN(cases);
}
