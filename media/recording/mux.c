#include "media/recording/mux.h"

#include "proto/base/check.h"
#include "proto/base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define IO_BUFFER_LEN 65536
#define SORT_MAX_US                                                                                \
    10000000 /* interleaving window: a stream that waited for a repair is at most 1 s late, a      \
                party that left is absent */

struct mux {
    int fd;
    bool failed, sorted, header_written;
    uint64_t bytes;
    AVFormatContext *format;
    AVIOContext *io;
    AVPacket *packet;
    int64_t last_ms[RECORDER_TRACKS_MAX];
    unsigned count;
};

/* libavformat 61 (FFmpeg 7) made the buffer const. */
#if LIBAVFORMAT_VERSION_MAJOR >= 61
typedef const uint8_t io_octet;
#else
typedef uint8_t io_octet;
#endif

static int write_octets(void *context, io_octet *octets, int len)
{
    struct mux *mux = context;
    int done = 0;
    while (done < len) {
        ssize_t n = write(mux->fd, octets + done, (size_t)(len - done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            mux->failed = true;
            return AVERROR(EIO);
        }
        done += (int)n;
    }
    mux->bytes += (uint64_t)len;
    return len;
}

static int64_t seek_octets(void *context, int64_t offset, int whence)
{
    const struct mux *mux = context;
    if ((whence & AVSEEK_SIZE) != 0) {
        return AVERROR(ENOSYS);
    }
    off_t at = lseek(mux->fd, offset, whence & ~AVSEEK_FORCE);
    return at < 0 ? AVERROR(errno) : at;
}

bool mux_needs_matroska(const struct mux_track *tracks, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (tracks[i].id.codec == TAP_H264) {
            return true;
        }
    }
    return false;
}

void mux_opus_head(struct mux_track *track)
{
    /* RFC 7845 §5.1: version 1, two channels, no pre-skip (the stream was cut out of a running
     * one), 48 kHz, gain 0, family 0 */
    static const uint8_t head[19] = {'O', 'p', 'u',  's',  'H', 'e', 'a', 'd', 1, 2,
                                     0,   0,   0x80, 0xBB, 0,   0,   0,   0,   0};
    memcpy(track->extra, head, sizeof(head));
    track->extra_len = sizeof(head);
}

bool mux_avc_config(struct mux_track *track, struct span sps, struct span pps)
{
    if (sps.len < 4 || pps.len < 1) {
        return false;
    }
    struct writer w = writer_of(track->extra, sizeof(track->extra));
    writer_u8(&w, 1);
    writer_bytes(&w, span_of(sps.data + 1, 3)); /* profile, compatibility, level */
    writer_u8(&w, 0xFF);                        /* lengths of 4 octets */
    writer_u8(&w, 0xE1);                        /* one SPS */
    writer_u16(&w, (uint16_t)sps.len);
    writer_bytes(&w, sps);
    writer_u8(&w, 1);
    writer_u16(&w, (uint16_t)pps.len);
    writer_bytes(&w, pps);
    track->extra_len = writer_ok(&w) ? w.at : 0;
    return writer_ok(&w);
}

static enum AVCodecID codec_id(uint8_t codec)
{
    switch ((enum tap_codec)codec) {
    case TAP_OPUS:
        return AV_CODEC_ID_OPUS;
    case TAP_VP8:
        return AV_CODEC_ID_VP8;
    case TAP_VP9:
        return AV_CODEC_ID_VP9;
    case TAP_H264:
        return AV_CODEC_ID_H264;
    }
    return AV_CODEC_ID_NONE;
}

static bool add_track(struct mux *mux, const struct mux_track *track)
{
    AVStream *stream = avformat_new_stream(mux->format, NULL);
    if (stream == NULL) {
        return false;
    }
    stream->time_base = (AVRational){1, 1000};
    AVCodecParameters *par = stream->codecpar;
    par->codec_id = codec_id(track->id.codec);
    if (track->id.codec == TAP_OPUS) {
        par->codec_type = AVMEDIA_TYPE_AUDIO;
        par->sample_rate = 48000;
        av_channel_layout_default(&par->ch_layout, 2);
    } else {
        par->codec_type = AVMEDIA_TYPE_VIDEO;
        par->width = track->width;
        par->height = track->height;
    }
    if (track->extra_len > 0) {
        par->extradata = av_mallocz(track->extra_len + AV_INPUT_BUFFER_PADDING_SIZE);
        if (par->extradata == NULL) {
            return false;
        }
        memcpy(par->extradata, track->extra, track->extra_len);
        par->extradata_size = (int)track->extra_len;
    }
    char title[32]; /* read back by complete.c after a crash */
    (void)snprintf(title, sizeof(title), "seat %u %s", track->id.party,
                   track->id.codec == TAP_OPUS ? "audio" : "video");
    return av_dict_set(&stream->metadata, "title", title, 0) >= 0;
}

static bool set_date(AVFormatContext *format, int64_t utc_ms)
{
    time_t seconds = (time_t)(utc_ms / 1000);
    struct tm tm;
    char date[32];
    char text[48];
    if (gmtime_r(&seconds, &tm) == NULL ||
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
        return false;
    }
    (void)snprintf(text, sizeof(text), "%s.%03dZ", date, (int)(utc_ms % 1000));
    return av_dict_set(&format->metadata, "creation_time", text, 0) >= 0;
}

static enum status open_format(struct mux *mux, const struct mux_track *tracks, unsigned count,
                               int64_t utc_ms)
{
    const char *name = mux_needs_matroska(tracks, count) ? "matroska" : "webm";
    if (avformat_alloc_output_context2(&mux->format, NULL, name, NULL) < 0) {
        return STATUS_NO_MEMORY;
    }
    uint8_t *buffer = av_malloc(IO_BUFFER_LEN);
    mux->io = avio_alloc_context(buffer, IO_BUFFER_LEN, 1, mux, NULL, write_octets, seek_octets);
    mux->packet = av_packet_alloc();
    if (buffer == NULL || mux->io == NULL || mux->packet == NULL) {
        if (mux->io == NULL) {
            av_free(buffer);
        }
        return STATUS_NO_MEMORY;
    }
    mux->format->pb = mux->io;
    mux->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    mux->format->max_interleave_delta = SORT_MAX_US;
    mux->format->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
    for (unsigned i = 0; i < count; i++) {
        if (!add_track(mux, &tracks[i])) {
            return STATUS_NO_MEMORY;
        }
        mux->last_ms[i] = -1;
    }
    mux->count = count;
    if (!set_date(mux->format, utc_ms)) {
        return STATUS_NO_MEMORY;
    }
    AVDictionary *options = NULL;
    (void)av_dict_set_int(&options, "cluster_time_limit", MUX_CLUSTER_MS, 0);
    int result = avformat_write_header(mux->format, &options);
    av_dict_free(&options);
    mux->header_written = result >= 0;
    return mux->header_written ? mux_flush(mux) : STATUS_IO;
}

enum status mux_open(const char *path, const struct mux_track *tracks, unsigned count,
                     int64_t utc_ms, bool sorted, struct mux **out_mux)
{
    CHECK(count > 0 && count <= RECORDER_TRACKS_MAX);
    struct mux *mux = calloc(1, sizeof(*mux));
    if (mux == NULL) {
        return STATUS_NO_MEMORY;
    }
    mux->sorted = sorted;
    mux->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum status status = mux->fd < 0 ? STATUS_IO : open_format(mux, tracks, count, utc_ms);
    if (status != STATUS_OK) {
        bool created = mux->fd >= 0;
        enum status closed = mux_close(mux, false);
        (void)closed; /* the first failure is the one to tell */
        if (created) {
            (void)unlink(path);
        }
        return status;
    }
    *out_mux = mux;
    return STATUS_OK;
}

enum status mux_write(struct mux *mux, const struct mux_packet *packet)
{
    CHECK(packet->track < mux->count && packet->data.len <= INT32_MAX);
    int64_t pts = packet->pts_ms > mux->last_ms[packet->track] ? packet->pts_ms
                                                               : mux->last_ms[packet->track] + 1;
    if (av_new_packet(mux->packet, (int)packet->data.len) < 0) {
        return STATUS_NO_MEMORY;
    }
    AVPacket *p = mux->packet;
    memcpy(p->data, packet->data.data, packet->data.len);
    p->stream_index = (int)packet->track;
    p->pts = p->dts = pts;
    p->duration = packet->duration_ms;
    p->flags = packet->keyframe ? AV_PKT_FLAG_KEY : 0;
    mux->last_ms[packet->track] = pts;
    int result =
        mux->sorted ? av_write_frame(mux->format, p) : av_interleaved_write_frame(mux->format, p);
    av_packet_unref(p);
    if (result >= 0 && !mux->failed) {
        return STATUS_OK;
    }
    return result == AVERROR(ENOMEM) ? STATUS_NO_MEMORY : STATUS_IO;
}

enum status mux_flush(struct mux *mux)
{
    int result = mux->sorted ? av_write_frame(mux->format, NULL) : 0; /* NULL ends the cluster */
    avio_flush(mux->io);
    return result < 0 || mux->failed || mux->io->error < 0 ? STATUS_IO : STATUS_OK;
}

enum status mux_sync(struct mux *mux)
{
    return fdatasync(mux->fd) == 0 ? STATUS_OK : STATUS_IO;
}

uint64_t mux_bytes(const struct mux *mux)
{
    return mux->bytes;
}

enum status mux_close(struct mux *mux, bool finish)
{
    if (mux == NULL) {
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    if (finish && (av_write_trailer(mux->format) < 0 || mux->failed)) {
        status = STATUS_IO;
    }
    if (!finish && mux->header_written) {
        status = mux_flush(mux);
    }
    if (mux->io != NULL) {
        avio_flush(mux->io);
        av_freep(&mux->io->buffer);
        avio_context_free(&mux->io);
    }
    if (mux->fd >= 0 && (mux->failed || fdatasync(mux->fd) != 0)) {
        status = STATUS_IO;
    }
    if (mux->fd >= 0 && close(mux->fd) != 0) {
        status = STATUS_IO;
    }
    if (mux->format != NULL) {
        mux->format->pb = NULL;
        avformat_free_context(mux->format);
    }
    av_packet_free(&mux->packet);
    free(mux);
    return status;
}
