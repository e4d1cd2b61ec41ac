#include "proto/payload/payload.h"

#include "proto/payload/h264.h"
#include "proto/payload/opus.h"
#include "proto/payload/vp8.h"
#include "proto/payload/vp9.h"

uint32_t payload_clock_hz(enum payload_codec codec)
{
    return codec == PAYLOAD_OPUS
               ? 48000
               : 90000; /* RFC 7587 §4.1, RFC 7741 §4.1, RFC 9628 §4.1, RFC 6184 §5.1 */
}

static enum status inspect_opus(struct span payload, struct payload_info *info)
{
    struct payload_opus opus;
    enum status status = payload_opus_read(payload, &opus);
    info->frame_start = info->keyframe = true;
    return status;
}

static enum status inspect_vp8(struct span payload, struct payload_info *info)
{
    struct payload_vp8 v;
    enum status status = payload_vp8_read(payload, &v);
    if (status == STATUS_OK) {
        *info = (struct payload_info){.frame_start = v.start,
                                      .keyframe = v.keyframe,
                                      .discardable = v.non_reference,
                                      .temporal_id = v.tid,
                                      .has_picture_id = v.has_picture_id,
                                      .picture_id = v.picture_id,
                                      .width = v.width,
                                      .height = v.height};
    }
    return status;
}

static enum status inspect_vp9(struct span payload, struct payload_info *info)
{
    struct payload_vp9 v;
    enum status status = payload_vp9_read(payload, &v);
    if (status == STATUS_OK) {
        *info = (struct payload_info){.frame_start = v.start && v.sid == 0,
                                      .keyframe = v.keyframe,
                                      .temporal_id = v.tid,
                                      .has_picture_id = v.has_picture_id,
                                      .picture_id = v.picture_id,
                                      .width = v.keyframe ? v.width : 0,
                                      .height = v.keyframe ? v.height : 0};
    }
    return status;
}

static enum status inspect_h264(struct span payload, struct payload_info *info)
{
    struct payload_h264 h;
    enum status status = payload_h264_read(payload, &h);
    if (status != STATUS_OK) {
        return status;
    }
    *info = (struct payload_info){.frame_start = h.starts,
                                  .keyframe = h.starts && (h.idr || h.sps),
                                  .discardable = h.nri == 0};
    if (h.sps_nal.len > 0 &&
        payload_h264_sps_size(h.sps_nal, &info->width, &info->height) != STATUS_OK) {
        info->width = info->height = 0; /* an SPS that we cannot read is still relayed */
    }
    return STATUS_OK;
}

enum status payload_inspect(enum payload_codec codec, struct span payload,
                            struct payload_info *out_info)
{
    struct payload_info info = {.frame_start = false};
    enum status status = STATUS_UNSUPPORTED;
    switch (codec) {
    case PAYLOAD_OPUS:
        status = inspect_opus(payload, &info);
        break;
    case PAYLOAD_VP8:
        status = inspect_vp8(payload, &info);
        break;
    case PAYLOAD_VP9:
        status = inspect_vp9(payload, &info);
        break;
    case PAYLOAD_H264:
        status = inspect_h264(payload, &info);
        break;
    }
    if (status == STATUS_OK) {
        *out_info = info;
    }
    return status;
}

/* A fragment needs no length with start codes, so only "is one open" is asked: it is when w holds
 * something already. */
static enum status append_h264(struct span payload, struct writer *w)
{
    size_t open = w->at > 0 ? 1 : 0;
    return payload_h264_append(payload, PAYLOAD_H264_ANNEX_B, &open, w);
}

enum status payload_append(enum payload_codec codec, struct span payload, struct writer *w)
{
    struct payload_vp8 vp8;
    struct payload_vp9 vp9;
    struct payload_opus opus;
    enum status status = STATUS_UNSUPPORTED;
    struct span data = payload;
    switch (codec) {
    case PAYLOAD_OPUS:
        status = payload_opus_read(payload, &opus);
        break;
    case PAYLOAD_VP8:
        status = payload_vp8_read(payload, &vp8);
        data = status == STATUS_OK ? vp8.data : payload;
        break;
    case PAYLOAD_VP9:
        status = payload_vp9_read(payload, &vp9);
        data = status == STATUS_OK ? vp9.data : payload;
        break;
    case PAYLOAD_H264:
        return append_h264(payload, w);
    }
    if (status == STATUS_OK) {
        writer_bytes(w, data);
        status = writer_ok(w) ? STATUS_OK : STATUS_TOO_LARGE;
    }
    return status;
}
