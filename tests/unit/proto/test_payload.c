/* Opus (RFC 6716 §3, 7587), VP8 (RFC 7741), VP9 (RFC 9628), H.264 (RFC 6184): specimens, frames,
 * every cut. */
#include "proto/payload/h264.h"
#include "proto/payload/opus.h"
#include "proto/payload/payload.h"
#include "proto/payload/vp8.h"
#include "proto/payload/vp9.h"
#include "tests/unit/proto/hex.h"
#include "tests/unit/test.h"

static const struct {
    const char *name, *hex;
    enum status status;
    unsigned frames, duration;
    bool stereo, dtx;
} opus_specimens[] = {
    {"empty", "", STATUS_TRUNCATED, 0, 0, false, false},
    {"6716 §3.1 SILK 20 ms", "08 010203", STATUS_OK, 1, 960, false, false},
    {"6716 §3.1 SILK 60 ms", "18 010203", STATUS_OK, 1, 2880, false, false},
    {"6716 §3.1 hybrid 10 ms", "60 010203", STATUS_OK, 1, 480, false, false},
    {"6716 §3.1 CELT 2.5 ms stereo", "84 010203", STATUS_OK, 1, 120, true, false},
    {"6716 §3.1 CELT 20 ms, as Chromium sends", "f8 010203", STATUS_OK, 1, 960, false, false},
    {"6716 §3.2.3 two equal", "f9 0102", STATUS_OK, 2, 1920, false, false},
    {"6716 §3.2.3 odd halves", "f9 010203", STATUS_MALFORMED, 0, 0, false, false},
    {"6716 §3.2.4 two unequal", "fa 010203", STATUS_OK, 2, 1920, false, false},
    {"6716 §3.2.5 three", "fb 03 010203", STATUS_OK, 3, 2880, false, false},
    {"6716 §3.2.5 none", "fb 00 010203", STATUS_MALFORMED, 0, 0, false, false},
    {"6716 §3.2.5 48 x 2.5 ms", "83 30 01", STATUS_OK, 48, 5760, false, false},
    {"6716 §3.2.5 over 120 ms", "83 31 01", STATUS_MALFORMED, 0, 0, false, false},
    {"6716 §3.2.5 count missing", "fb", STATUS_TRUNCATED, 0, 0, false, false},
    {"7587 §3.1.3 DTX", "f8", STATUS_OK, 1, 960, false, true},
};

static void opus(void)
{
    for (size_t i = 0; i < sizeof(opus_specimens) / sizeof(opus_specimens[0]); i++) {
        uint8_t d[32];
        struct payload_opus o;
        size_t len = hex_read(opus_specimens[i].hex, d, sizeof(d));
        test_row(opus_specimens[i].name);
        EXPECT_INT(payload_opus_read(span_of(d, len), &o), opus_specimens[i].status);
        if (opus_specimens[i].status == STATUS_OK) {
            EXPECT_INT(o.frame_count, opus_specimens[i].frames);
            EXPECT_INT(o.duration_48khz, opus_specimens[i].duration);
            EXPECT(o.stereo == opus_specimens[i].stereo && o.dtx == opus_specimens[i].dtx);
        }
        test_row_end();
    }
}

#define VP8_KEY "10 0200 9d012a 4001 f000 00"
static const struct {
    const char *name, *hex;
    enum status status;
    unsigned descriptor_len;
    int picture_id, tl0, tid;
    bool start, keyframe;
    unsigned width, height;
} vp8_specimens[] = {
    {"empty", "", STATUS_TRUNCATED, 0, -1, -1, -1, false, false, 0, 0},
    {"7741 §4.2 descriptor alone", "10", STATUS_TRUNCATED, 0, -1, -1, -1, false, false, 0, 0},
    {"7741 §4.2 plain, key frame", "10" VP8_KEY, STATUS_OK, 1, -1, -1, -1, true, true, 320, 240},
    {"7741 §4.2 plain, inter frame", "10 110200", STATUS_OK, 1, -1, -1, -1, true, false, 0, 0},
    {"7741 §4.2 continuation", "00 100200", STATUS_OK, 1, -1, -1, -1, false, false, 0, 0},
    {"7741 §4.2 second partition", "11 100200", STATUS_OK, 1, -1, -1, -1, false, false, 0, 0},
    {"7741 §4.2 7-bit picture id", "90 80 7f" VP8_KEY, STATUS_OK, 3, 127, -1, -1, true, true, 320,
     240},
    {"7741 §4.2 15-bit picture id", "90 80 ffff" VP8_KEY, STATUS_OK, 4, 32767, -1, -1, true, true,
     320, 240},
    {"7741 §4.2 all of it", "90 f0 8123 45 7f" VP8_KEY, STATUS_OK, 6, 0x123, 0x45, 1, true, true,
     320, 240},
    {"7741 §4.2 K alone", "90 10 1f" VP8_KEY, STATUS_OK, 3, -1, -1, -1, true, true, 320, 240},
    {"7741 §4.2 extension cut", "90 f0 8123 45", STATUS_TRUNCATED, 0, -1, -1, -1, false, false, 0,
     0},
    {"6386 §9.1 wrong start code", "10 100200 9d012b 4001 f000 00", STATUS_MALFORMED, 0, -1, -1, -1,
     false, false, 0, 0},
    {"6386 §9.1 key frame cut before its size", "10 100200 9d01", STATUS_OK, 1, -1, -1, -1, true,
     true, 0, 0},
};

static void vp8(void)
{
    for (size_t i = 0; i < sizeof(vp8_specimens) / sizeof(vp8_specimens[0]); i++) {
        uint8_t d[64];
        struct payload_vp8 v;
        size_t len = hex_read(vp8_specimens[i].hex, d, sizeof(d));
        test_row(vp8_specimens[i].name);
        EXPECT_INT(payload_vp8_read(span_of(d, len), &v), vp8_specimens[i].status);
        if (vp8_specimens[i].status == STATUS_OK) {
            EXPECT_INT(v.descriptor_len, vp8_specimens[i].descriptor_len);
            EXPECT_INT(v.has_picture_id ? v.picture_id : -1, vp8_specimens[i].picture_id);
            EXPECT_INT(v.has_tl0picidx ? v.tl0picidx : -1, vp8_specimens[i].tl0);
            EXPECT_INT(v.has_tid ? v.tid : -1, vp8_specimens[i].tid);
            EXPECT(v.start == vp8_specimens[i].start && v.keyframe == vp8_specimens[i].keyframe);
            EXPECT(v.width == vp8_specimens[i].width && v.height == vp8_specimens[i].height);
            payload_vp8_rewrite(d, &v, 0x2A5, 0x77);
            struct payload_vp8 back;
            EXPECT_INT(payload_vp8_read(span_of(d, len), &back), STATUS_OK);
            EXPECT(!v.has_picture_id || back.picture_id == (v.picture_id_long ? 0x2A5 : 0x25));
            EXPECT(!v.has_tl0picidx || back.tl0picidx == 0x77);
            EXPECT(span_equal(back.data, v.data) && back.descriptor_len == v.descriptor_len);
        }
        for (size_t cut = 0; cut < len; cut++) {
            enum status status = payload_vp8_read(span_of(d, cut), &v);
            EXPECT(status == STATUS_OK || status == STATUS_TRUNCATED || status == STATUS_MALFORMED);
        }
        test_row_end();
    }
}

static const struct {
    const char *name, *hex;
    enum status status;
    unsigned descriptor_len, width, height;
    bool start, keyframe;
} vp9_specimens[] = {
    {"empty", "", STATUS_TRUNCATED, 0, 0, 0, false, false},
    {"9628 §4.2 plain key frame, size of the frame head", "8c 01 824983420027f01df0 00", STATUS_OK,
     2, 640, 480, true, true},
    {"9628 §4.2 inter frame", "cc 8001 87", STATUS_OK, 3, 0, 0, true, false},
    {"9628 §4.2 non-flexible layers", "ac 01 1200 82", STATUS_OK, 4, 0, 0, true, false},
    {"9628 §4.2 flexible, two references", "d8 01 0304 87", STATUS_OK, 4, 0, 0, true, false},
    {"9628 §4.2 four references", "d8 01 03030304 87", STATUS_MALFORMED, 0, 0, 0, false, false},
    {"9628 §4.2.1 scalability structure", "8a 01 38 0140 00f0 0280 01e0 01 00 82", STATUS_OK, 13,
     640, 480, true, true},
    {"9628 §4.2.1 structure cut", "8a 01 38 0140 00f0", STATUS_TRUNCATED, 0, 0, 0, false, false},
};

static void vp9(void)
{
    for (size_t i = 0; i < sizeof(vp9_specimens) / sizeof(vp9_specimens[0]); i++) {
        uint8_t d[64];
        struct payload_vp9 v;
        size_t len = hex_read(vp9_specimens[i].hex, d, sizeof(d));
        test_row(vp9_specimens[i].name);
        EXPECT_INT(payload_vp9_read(span_of(d, len), &v), vp9_specimens[i].status);
        if (vp9_specimens[i].status == STATUS_OK) {
            EXPECT_INT(v.descriptor_len, vp9_specimens[i].descriptor_len);
            EXPECT(v.start == vp9_specimens[i].start && v.keyframe == vp9_specimens[i].keyframe);
            EXPECT_INT(v.width, vp9_specimens[i].width);
            EXPECT_INT(v.height, vp9_specimens[i].height);
            for (size_t cut = 0; cut <= v.descriptor_len; cut++) {
                struct payload_vp9 q;
                EXPECT(payload_vp9_read(span_of(d, cut), &q) != STATUS_OK);
            }
        }
        test_row_end();
    }
}

/* An SPS of x264: constrained baseline, 320x240; and one of 1920x1080 high profile, with cropping.
 */
#define SPS_320 "6742c00dda0507e840000003004000000783c50aa8"
#define SPS_1080 "67640028acd940780227e5c044000003000400000300f03c60c658"
static const struct {
    const char *name, *hex;
    enum status status;
    bool starts, ends, idr, sps;
} h264_specimens[] = {
    {"empty", "", STATUS_TRUNCATED, false, false, false, false},
    {"6184 §5.6 single slice", "41 9a01", STATUS_OK, true, true, false, false},
    {"6184 §5.6 single IDR", "65 8801", STATUS_OK, true, true, true, false},
    {"6184 §1.3 forbidden bit", "c1 9a", STATUS_MALFORMED, false, false, false, false},
    {"6184 §5.2 type 0", "60 01", STATUS_UNSUPPORTED, false, false, false, false},
    {"6184 §5.7.1 STAP-A", "78 0002 6742 0002 68ce 0002 6588", STATUS_OK, true, true, true, true},
    {"6184 §5.7.1 STAP-A empty", "78", STATUS_TRUNCATED, false, false, false, false},
    {"6184 §5.7.1 STAP-A NAL unit of 0", "78 0000", STATUS_MALFORMED, false, false, false, false},
    {"6184 §5.7.1 STAP-A cut", "78 0003 6742", STATUS_TRUNCATED, false, false, false, false},
    {"6184 §5.7.1 STAP-A in a STAP-A", "78 0002 7842", STATUS_MALFORMED, false, false, false,
     false},
    {"6184 §5.8 FU-A start", "7c 85 01", STATUS_OK, true, false, true, false},
    {"6184 §5.8 FU-A middle", "7c 05 01", STATUS_OK, false, false, true, false},
    {"6184 §5.8 FU-A end", "7c 45 01", STATUS_OK, false, true, true, false},
    {"6184 §5.8 FU-A start and end", "7c c5 01", STATUS_MALFORMED, false, false, false, false},
    {"6184 §5.8 FU-A without octets", "7c 85", STATUS_TRUNCATED, false, false, false, false},
    {"6184 §5.8 FU-B", "7d 85 0001 01", STATUS_UNSUPPORTED, false, false, false, false},
    {"6184 §5.7.2 MTAP16", "7a 0000 01", STATUS_UNSUPPORTED, false, false, false, false},
};

static void h264(void)
{
    for (size_t i = 0; i < sizeof(h264_specimens) / sizeof(h264_specimens[0]); i++) {
        uint8_t d[64];
        struct payload_h264 h;
        size_t len = hex_read(h264_specimens[i].hex, d, sizeof(d));
        test_row(h264_specimens[i].name);
        EXPECT_INT(payload_h264_read(span_of(d, len), &h), h264_specimens[i].status);
        if (h264_specimens[i].status == STATUS_OK) {
            EXPECT(h.starts == h264_specimens[i].starts && h.ends == h264_specimens[i].ends);
            EXPECT(h.idr == h264_specimens[i].idr && h.sps == h264_specimens[i].sps);
        }
        test_row_end();
    }
}

static void h264_frame(void)
{
    static const char *const packets[] = {"78 0002 6742 0001 68", "7c 85 0102", "7c 05 0304",
                                          "7c 45 05", "41 9a"};
    static const char *const expected[] = {
        "00000001 6742 00000001 68 00000001 650102030405 00000001 419a",
        "00000002 6742 00000001 68 00000006 650102030405 00000002 419a"};
    for (unsigned form = 0; form < 2; form++) {
        uint8_t frame[128];
        uint8_t want[128];
        size_t length_at = 0;
        struct writer w = writer_of(frame, sizeof(frame));
        for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
            uint8_t d[64];
            size_t len = hex_read(packets[i], d, sizeof(d));
            EXPECT_INT(
                payload_h264_append(span_of(d, len), (enum payload_h264_form)form, &length_at, &w),
                STATUS_OK);
        }
        EXPECT(span_equal(writer_span(&w),
                          span_of(want, hex_read(expected[form], want, sizeof(want)))));
        uint8_t d[8];
        size_t len = hex_read("7c 45 05", d, sizeof(d));
        EXPECT_INT(
            payload_h264_append(span_of(d, len), (enum payload_h264_form)form, &length_at, &w),
            STATUS_MALFORMED);
        for (size_t room = 0; room < 7; room++) {
            struct writer small = writer_of(frame, room);
            size_t at = 0;
            EXPECT_INT(payload_h264_append(span_of("\x7c\x85\x01\x02", 4),
                                           (enum payload_h264_form)form, &at, &small),
                       STATUS_TOO_LARGE);
        }
    }
}

static void h264_size(void)
{
    uint8_t d[64];
    uint16_t width = 0, height = 0;
    size_t len = hex_read(SPS_320, d, sizeof(d));
    EXPECT_INT(payload_h264_sps_size(span_of(d, len), &width, &height), STATUS_OK);
    EXPECT(width == 320 && height == 240);
    for (size_t cut = 0; cut < len; cut++) {
        enum status status = payload_h264_sps_size(span_of(d, cut), &width, &height);
        EXPECT(status == STATUS_OK || status == STATUS_MALFORMED);
    }
    len = hex_read(SPS_1080, d, sizeof(d));
    EXPECT_INT(payload_h264_sps_size(span_of(d, len), &width, &height), STATUS_OK);
    EXPECT(width == 1920 && height == 1080);
    EXPECT_INT(payload_h264_sps_size(SPAN_LITERAL("\x68\x00\x00\x00\x00\x00"), &width, &height),
               STATUS_MALFORMED);
}

static void across_codecs(void)
{
    uint8_t d[64];
    uint8_t frame[64];
    struct payload_info info;
    size_t len = hex_read("b0 80 8007" VP8_KEY, d, sizeof(d));
    EXPECT_INT(payload_inspect(PAYLOAD_VP8, span_of(d, len), &info), STATUS_OK);
    EXPECT(info.frame_start && info.keyframe && info.discardable && info.has_picture_id &&
           info.picture_id == 7);
    EXPECT(info.width == 320 && info.height == 240);
    struct writer w = writer_of(frame, sizeof(frame));
    EXPECT_INT(payload_append(PAYLOAD_VP8, span_of(d, len), &w), STATUS_OK);
    EXPECT_INT(w.at, len - 4);
    struct writer small = writer_of(frame, 3);
    EXPECT_INT(payload_append(PAYLOAD_VP8, span_of(d, len), &small), STATUS_TOO_LARGE);
    len = hex_read(SPS_320, d, sizeof(d));
    EXPECT_INT(payload_inspect(PAYLOAD_H264, span_of(d, len), &info), STATUS_OK);
    EXPECT(info.keyframe && info.frame_start && info.width == 320);
    len = hex_read("8c 01 824983420027f01df0 00", d, sizeof(d));
    EXPECT_INT(payload_inspect(PAYLOAD_VP9, span_of(d, len), &info), STATUS_OK);
    EXPECT(info.keyframe && info.frame_start && info.width == 640 && info.picture_id == 1);
    w = writer_of(frame, sizeof(frame));
    EXPECT_INT(payload_append(PAYLOAD_VP9, span_of(d, len), &w), STATUS_OK);
    EXPECT_INT(w.at, len - 2);
    w = writer_of(frame, sizeof(frame));
    EXPECT_INT(payload_append(PAYLOAD_H264, SPAN_LITERAL("\x65\x88"), &w), STATUS_OK);
    EXPECT_INT(payload_append(PAYLOAD_OPUS, SPAN_LITERAL("\xf8\x01"), &w), STATUS_OK);
    EXPECT_INT(w.at, 8);
    EXPECT_INT(payload_append(PAYLOAD_OPUS, SPAN_LITERAL(""), &w), STATUS_TRUNCATED);
    EXPECT_INT(payload_inspect(PAYLOAD_OPUS, SPAN_LITERAL("\xf8\x01"), &info), STATUS_OK);
    EXPECT(info.keyframe && info.frame_start);
    EXPECT_INT(payload_inspect((enum payload_codec)77, SPAN_LITERAL("x"), &info),
               STATUS_UNSUPPORTED);
    EXPECT(payload_clock_hz(PAYLOAD_OPUS) == 48000 && payload_clock_hz(PAYLOAD_VP9) == 90000);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"opus", opus},
        {"vp8", vp8},
        {"vp9", vp9},
        {"h264", h264},
        {"h264_frame", h264_frame},
        {"h264_size", h264_size},
        {"across_codecs", across_codecs},
    };
    return TEST_MAIN(cases);
}
