/* One Matroska or WebM file being written (RFC 9559) by libavformat to a descriptor of ours: tracks
 * are declared when it opens, clusters are closed by mux_flush(), so that everything before the
 * last flush can be read while the process runs and after kill -9. Recorder thread or the one that
 * completes files; one thread at a time. */
#ifndef MEDIA_RECORDING_MUX_H
#define MEDIA_RECORDING_MUX_H

#include "media/recording/recorder.h"
#include "proto/base/span.h"

#define MUX_EXTRA_MAX 640u /* octets: avcC with one SPS and one PPS of 256 each */
#define MUX_CLUSTER_MS                                                                             \
    1000 /* RFC 9559 §5.1.3 sets no limit; a reader after a crash loses no more than one cluster  \
          */

struct mux_track {
    struct recorder_track id;
    uint16_t width, height; /* video */
    size_t extra_len;
    uint8_t extra[MUX_EXTRA_MAX]; /* CodecPrivate: OpusHead, avcC */
};

struct mux;

/* True when WebM cannot hold them (H.264): the file is Matroska. */
bool mux_needs_matroska(const struct mux_track *tracks, unsigned count);
/* Creates the file (0600, must not exist). utc_ms goes into DateUTC. IO, NO_MEMORY. sorted: packets
 * come in order of time; else libavformat sorts them (up to 10 s). */
MUST_USE enum status mux_open(const char *path, const struct mux_track *tracks, unsigned count,
                              int64_t utc_ms, bool sorted, struct mux **out_mux);
struct mux_packet {
    unsigned track;
    int64_t pts_ms, duration_ms; /* duration 0: not known */
    bool keyframe;
    struct span data;
};
/* pts must rise within a track. */
MUST_USE enum status mux_write(struct mux *mux, const struct mux_packet *packet);
/* Closes the cluster and hands all octets to the kernel. */
MUST_USE enum status mux_flush(struct mux *mux);
/* fdatasync. */
MUST_USE enum status mux_sync(struct mux *mux);
/* Writes duration and cues (finish) or leaves the file as it stands, and frees. NULL is allowed. */
MUST_USE enum status mux_close(struct mux *mux, bool finish);
uint64_t mux_bytes(const struct mux *mux);

/* CodecPrivate of a track. */
void mux_opus_head(struct mux_track *track);
/* avcC (ISO/IEC 14496-15 §5.3.3.1); false when the sets do not fit. */
bool mux_avc_config(struct mux_track *track, struct span sps, struct span pps);

#endif
