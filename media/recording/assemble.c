#include "media/recording/assemble.h"

#include "proto/base/check.h"
#include "proto/payload/h264.h"
#include "proto/payload/opus.h"
#include "proto/payload/payload.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((int)TAP_OPUS == (int)PAYLOAD_OPUS && (int)TAP_H264 == (int)PAYLOAD_H264,
               "same numbers");

bool assemble_init(struct assemble *a, enum tap_codec codec)
{
    *a = (struct assemble){.codec = codec, .broken = codec != TAP_OPUS};
    if (codec != TAP_OPUS) {
        a->buffer = malloc(ASSEMBLE_FRAME_MAX);
    }
    return codec == TAP_OPUS || a->buffer != NULL;
}

void assemble_fini(struct assemble *a)
{
    free(a->buffer);
    *a = (struct assemble){.codec = a->codec};
}

void assemble_restart(struct assemble *a)
{
    a->open = false;
    a->skip = false;
    a->broken = a->codec != TAP_OPUS;
    a->has_picture_id = false;
}

static bool opus_frame(const struct tap_record *record, const uint8_t *payload,
                       struct assemble_frame *out)
{
    struct payload_opus opus;
    if (payload_opus_read(span_of(payload, record->len), &opus) != STATUS_OK) {
        return false;
    }
    *out = (struct assemble_frame){.data = span_of(payload, record->len),
                                   .timestamp = record->rtp_timestamp,
                                   .keyframe = true,
                                   .duration_us = (int64_t)opus.duration_48khz * 1000 / 48};
    return true;
}

/* RFC 7741 §4.2, RFC 9628 §4.2: the picture id goes up by one a frame and has 7 or 15 bits. */
static bool follows(uint16_t last, uint16_t next)
{
    return next == ((last + 1u) & 0x7FFFu) || (last < 0x80u && next == ((last + 1u) & 0x7Fu));
}

static void keep_parameters(struct assemble *a, struct span payload)
{
    struct payload_h264 h;
    if (payload_h264_read(payload, &h) != STATUS_OK) {
        return;
    }
    if (h.sps_nal.len > 0 && h.sps_nal.len <= sizeof(a->sps)) {
        memcpy(a->sps, h.sps_nal.data, h.sps_nal.len);
        a->sps_len = h.sps_nal.len;
    }
    if (h.pps_nal.len > 0 && h.pps_nal.len <= sizeof(a->pps)) {
        memcpy(a->pps, h.pps_nal.data, h.pps_nal.len);
        a->pps_len = h.pps_nal.len;
    }
}

static void begin_frame(struct assemble *a, const struct tap_record *record,
                        const struct payload_info *info, unsigned lost)
{
    bool whole_before = !a->open; /* the last frame had its end */
    if (a->open) {
        a->broken = true; /* the end of the last frame never came */
    }
    if (lost > 0 && !(whole_before && info->has_picture_id && a->has_picture_id &&
                      follows(a->picture_id, info->picture_id))) {
        a->broken = true;
    }
    a->open = true;
    a->skip = false;
    a->tainted = a->codec == TAP_H264 && lost > 0 && info->width == 0;
    a->keyframe = false;
    a->timestamp = record->rtp_timestamp;
    a->length_at = 0;
    a->w = writer_of(a->buffer, ASSEMBLE_FRAME_MAX);
    a->has_picture_id = info->has_picture_id;
    a->picture_id = info->picture_id;
}

static void note_info(struct assemble *a, const struct payload_info *info, struct span payload)
{
    if (info->width > 0) {
        a->width = info->width;
        a->height = info->height;
    }
    if (a->codec == TAP_H264) {
        struct payload_h264 h;
        keep_parameters(a, payload);
        /* A frame is a key frame only with an IDR in it; parameter sets alone are not. */
        a->keyframe |= payload_h264_read(payload, &h) == STATUS_OK && h.idr && h.starts;
    } else {
        a->keyframe |= info->keyframe;
    }
}

static enum status append(struct assemble *a, struct span payload)
{
    if (a->codec == TAP_H264) {
        return payload_h264_append(payload, PAYLOAD_H264_LENGTH, &a->length_at, &a->w);
    }
    return payload_append((enum payload_codec)a->codec, payload, &a->w);
}

static bool end_frame(struct assemble *a, struct assemble_frame *out)
{
    a->open = false;
    if (a->keyframe && !a->tainted) {
        a->broken = false;
    }
    if (a->broken || !writer_ok(&a->w) || a->w.at == 0) {
        return false;
    }
    *out = (struct assemble_frame){.data = writer_span(&a->w),
                                   .timestamp = a->timestamp,
                                   .keyframe = a->keyframe,
                                   .width = a->width,
                                   .height = a->height};
    return true;
}

/* Gives up the frame that is open, and what follows up to a key frame. */
static bool give_up(struct assemble *a, uint32_t timestamp)
{
    a->open = false;
    a->broken = true;
    a->skip = true;
    a->skip_timestamp = timestamp;
    return false;
}

bool assemble_packet(struct assemble *a, const struct tap_record *record, const uint8_t *payload,
                     unsigned lost, struct assemble_frame *out_frame)
{
    if (record->len == 0) {
        a->broken |= lost > 0 && a->open; /* padding only: a filler of the sequence */
        return false;
    }
    struct span bytes = span_of(payload, record->len);
    if (a->codec == TAP_OPUS) {
        return opus_frame(record, payload, out_frame);
    }
    if (a->skip && a->skip_timestamp == record->rtp_timestamp) {
        return false;
    }
    struct payload_info info;
    if (payload_inspect((enum payload_codec)a->codec, bytes, &info) != STATUS_OK) {
        return give_up(a, record->rtp_timestamp);
    }
    bool same_frame = a->open && a->timestamp == record->rtp_timestamp;
    if (!same_frame) {
        if (!info.frame_start) {
            return give_up(a, record->rtp_timestamp); /* its first packet is missing */
        }
        begin_frame(a, record, &info, lost);
    } else if (lost > 0) {
        return give_up(a, record->rtp_timestamp);
    }
    note_info(a, &info, bytes);
    if (append(a, bytes) != STATUS_OK) {
        return give_up(a, record->rtp_timestamp);
    }
    return record->marker != 0 && end_frame(a, out_frame);
}
