/* From the packets of one stream, in sequence order, to frames. An incomplete frame is left out,
 * and then every frame up to the next key frame: a picture built on missing data would show what
 * was never there. Holes that hold no frame (padding-only packets that the relay left out) are told
 * by consecutive picture ids. Owns its buffer. Recorder thread. */
#ifndef MEDIA_RECORDING_ASSEMBLE_H
#define MEDIA_RECORDING_ASSEMBLE_H

#include "media/recording/tap.h"
#include "proto/base/span.h"
#include "proto/base/writer.h"

#define ASSEMBLE_FRAME_MAX                                                                         \
    (1u << 20)                      /* octets; a 1080p key frame at high quality has some 300 kB */
#define ASSEMBLE_PARAMETER_MAX 256u /* octets of an H.264 parameter set that are kept */

struct assemble {
    enum tap_codec codec;
    uint8_t *buffer; /* ASSEMBLE_FRAME_MAX; NULL for audio */
    struct writer w;
    bool open;   /* a frame is being put together */
    bool broken; /* wait for a key frame */
    bool keyframe;
    bool tainted; /* H.264 after a hole, not beginning with an SPS: its first slices may be missing
                   */
    bool skip;    /* the frame of skip_timestamp was given up: its further packets too */
    bool has_picture_id;
    uint16_t picture_id;
    uint16_t width, height;
    uint32_t timestamp, skip_timestamp;
    size_t length_at; /* see payload_h264_append() */
    size_t sps_len, pps_len;
    uint8_t sps[ASSEMBLE_PARAMETER_MAX], pps[ASSEMBLE_PARAMETER_MAX];
};

struct assemble_frame {
    struct span data; /* borrowed until the next call */
    uint32_t timestamp;
    bool keyframe;
    uint16_t width, height; /* last known */
    int64_t duration_us;    /* Opus; 0: not known */
};

/* False: no memory. */
bool assemble_init(struct assemble *a, enum tap_codec codec);
void assemble_fini(struct assemble *a);
/* The sender began anew (other SSRC): waits for a key frame. */
void assemble_restart(struct assemble *a);
/* One packet; lost: how many before it are missing. True: *out_frame is ready. */
bool assemble_packet(struct assemble *a, const struct tap_record *record, const uint8_t *payload,
                     unsigned lost, struct assemble_frame *out_frame);

#endif
