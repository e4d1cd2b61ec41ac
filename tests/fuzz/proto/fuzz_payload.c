/* First octet: the codec; the rest is a payload, or two when a length comes first. Every reader,
 * and frames put together. */
#include "proto/base/check.h"
#include "proto/payload/h264.h"
#include "proto/payload/payload.h"
#include "proto/payload/vp8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t frame[8192];

static void rewrite(struct span payload)
{
    static uint8_t copy[4096];
    struct payload_vp8 v;
    struct payload_vp8 w;
    if (payload.len > sizeof(copy) || payload_vp8_read(payload, &v) != STATUS_OK) {
        return;
    }
    memcpy(copy, payload.data, payload.len);
    payload_vp8_rewrite(copy, &v, 0x1234, 0x56);
    CHECK(payload_vp8_read(span_of(copy, payload.len), &w) == STATUS_OK &&
          span_equal(v.data, w.data));
    CHECK(w.has_picture_id == v.has_picture_id && w.tid == v.tid && w.keyidx == v.keyidx);
}

static void both_forms(struct span one, struct span two)
{
    for (unsigned form = 0; form < 2; form++) {
        size_t length_at = 0;
        struct writer w = writer_of(frame, sizeof(frame));
        enum status first = payload_h264_append(one, (enum payload_h264_form)form, &length_at, &w);
        enum status second = payload_h264_append(two, (enum payload_h264_form)form, &length_at, &w);
        if (first != STATUS_OK || second != STATUS_OK || form == 0) {
            continue;
        }
        struct reader r =
            reader_of(writer_span(&w)); /* lengths must lead exactly through the frame */
        while (reader_left(&r) > 0) {
            reader_skip(&r, reader_u32(&r));
        }
        CHECK(reader_done(&r));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    enum payload_codec codec = (enum payload_codec)(data[0] % 4 + PAYLOAD_OPUS);
    size_t half = data[1] < size - 2 ? data[1] : size - 2;
    struct span one = span_of(data + 2, half);
    struct span two = span_of(data + 2 + half, size - 2 - half);
    struct payload_info info;
    struct writer w = writer_of(frame, sizeof(frame));
    (void)payload_clock_hz(codec);
    bool good = payload_inspect(codec, one, &info) == STATUS_OK;
    enum status status = payload_append(codec, one, &w);
    CHECK(good || status != STATUS_OK);
    status = payload_append(codec, two, &w);
    CHECK(status != STATUS_TOO_LARGE || size > 2000);
    if (codec == PAYLOAD_H264) {
        both_forms(one, two);
        uint16_t width, height;
        status = payload_h264_sps_size(one, &width, &height);
        CHECK(status == STATUS_OK || status == STATUS_MALFORMED);
    } else if (codec == PAYLOAD_VP8) {
        rewrite(one);
    }
    return 0;
}
