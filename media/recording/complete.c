#include "media/recording/complete.h"

#include "media/recording/mux.h"
#include "proto/base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <libavformat/avformat.h>
#include <libavutil/dict.h>
#include <libavutil/parseutils.h>
#include <libavutil/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HASH_BLOCK_LEN 65536

struct work {
    const char *folder, *name;
    unsigned part_count;
    unsigned track_count;
    struct mux_track tracks[RECORDER_TRACKS_MAX];
    int64_t end_ms[RECORDER_TRACKS_MAX]; /* of the last packet; -1: none yet */
    int64_t last_ms[RECORDER_TRACKS_MAX];
    int64_t duration_ms, started_ms;
    uint64_t packets;
    bool look_for_gaps;
    struct gaps gaps;
    struct mux *out;
};

void complete_part_path(char path[COMPLETE_PATH_MAX], const char *folder, const char *name,
                        unsigned index)
{
    int n = index == 0 ? snprintf(path, COMPLETE_PATH_MAX, "%s/%s.part", folder, name)
                       : snprintf(path, COMPLETE_PATH_MAX, "%s/%s.part.%u", folder, name, index);
    CHECK(n > 0 && n < (int)COMPLETE_PATH_MAX);
}

enum status complete_hash(const char *path, char out_hex[65], int64_t *out_bytes)
{
    enum status status = STATUS_IO;
    struct AVSHA *sha = av_sha_alloc();
    uint8_t *block = malloc(HASH_BLOCK_LEN);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int64_t bytes = 0;
    ssize_t n = -1;
    if (sha == NULL || block == NULL || av_sha_init(sha, 256) != 0) {
        status = STATUS_NO_MEMORY;
        goto out;
    }
    while (fd >= 0 && ((n = read(fd, block, HASH_BLOCK_LEN)) > 0 || (n < 0 && errno == EINTR))) {
        if (n > 0) {
            av_sha_update(sha, block, (size_t)n);
            bytes += n;
        }
    }
    if (n == 0) {
        uint8_t digest[32];
        av_sha_final(sha, digest);
        for (size_t i = 0; i < sizeof(digest); i++) {
            (void)snprintf(out_hex + 2 * i, 3, "%02x", digest[i]);
        }
        *out_bytes = bytes;
        status = STATUS_OK;
    }
out:
    if (fd >= 0) {
        (void)close(fd); /* read only */
    }
    free(block);
    av_free(sha);
    return status;
}

static uint8_t codec_of(enum AVCodecID id)
{
    return id == AV_CODEC_ID_OPUS   ? TAP_OPUS
           : id == AV_CODEC_ID_VP8  ? TAP_VP8
           : id == AV_CODEC_ID_VP9  ? TAP_VP9
           : id == AV_CODEC_ID_H264 ? TAP_H264
                                    : 0;
}

/* "seat N audio" was written by mux.c. */
static bool read_track(const AVStream *stream, struct mux_track *track)
{
    const AVDictionaryEntry *title = av_dict_get(stream->metadata, "title", NULL, 0);
    const AVCodecParameters *par = stream->codecpar;
    unsigned party;
    uint8_t codec = codec_of(par->codec_id);
    if (codec == 0 || title == NULL || sscanf(title->value, "seat %2u", &party) != 1 || party > 5 ||
        par->extradata_size < 0 || (size_t)par->extradata_size > MUX_EXTRA_MAX) {
        return false;
    }
    *track = (struct mux_track){.id = {.party = (uint8_t)party, .codec = codec},
                                .width = (uint16_t)par->width,
                                .height = (uint16_t)par->height,
                                .extra_len = (size_t)par->extradata_size};
    if (track->extra_len > 0) {
        memcpy(track->extra, par->extradata, track->extra_len);
    }
    return true;
}

static bool open_file(const char *path, AVFormatContext **out_input)
{
    AVFormatContext *input = NULL;
    const AVInputFormat *matroska = av_find_input_format("matroska");
    if (avformat_open_input(&input, path, matroska, NULL) < 0) {
        return false;
    }
    *out_input = input;
    return true;
}

static bool open_part(const struct work *work, unsigned index, AVFormatContext **out_input)
{
    char path[COMPLETE_PATH_MAX];
    complete_part_path(path, work->folder, work->name, index);
    return open_file(path, out_input);
}

/* Tracks only ever join, in the same order: the part with the most has them all. */
static void read_tracks(struct work *work, AVFormatContext *input)
{
    struct mux_track tracks[RECORDER_TRACKS_MAX];
    unsigned count = 0;
    while (count < input->nb_streams && count < RECORDER_TRACKS_MAX &&
           read_track(input->streams[count], &tracks[count])) {
        count++;
    }
    if (count == input->nb_streams && count > work->track_count) {
        memcpy(work->tracks, tracks, count * sizeof(tracks[0]));
        work->track_count = count;
    }
    const AVDictionaryEntry *date = av_dict_get(input->metadata, "creation_time", NULL, 0);
    int64_t us;
    if (work->started_ms == 0 && date != NULL && av_parse_time(&us, date->value, 0) >= 0) {
        work->started_ms = us / 1000;
    }
}

static enum status survey(struct work *work)
{
    char path[COMPLETE_PATH_MAX];
    for (work->part_count = 0; work->part_count < COMPLETE_PARTS_MAX; work->part_count++) {
        complete_part_path(path, work->folder, work->name, work->part_count);
        if (access(path, F_OK) != 0) {
            break;
        }
        AVFormatContext *input = NULL;
        if (open_part(work, work->part_count, &input)) {
            read_tracks(work, input);
            avformat_close_input(&input);
        }
    }
    if (work->part_count == 0) {
        return STATUS_NONE;
    }
    return work->track_count > 0 ? STATUS_OK : STATUS_MALFORMED;
}

static enum status copy_packet(struct work *work, const AVStream *stream, const AVPacket *packet)
{
    unsigned track = (unsigned)packet->stream_index;
    if (track >= work->track_count || packet->pts == AV_NOPTS_VALUE || packet->size <= 0 ||
        (packet->flags & AV_PKT_FLAG_CORRUPT) != 0) {
        return STATUS_OK; /* the torn end of a killed file */
    }
    int64_t pts = av_rescale_q(packet->pts, stream->time_base, (AVRational){1, 1000});
    int64_t duration = packet->duration > 0 ? av_rescale_q(packet->duration, stream->time_base,
                                                           (AVRational){1, 1000})
                                            : 0;
    if (pts <= work->last_ms[track]) {
        pts = work->last_ms[track] + 1;
    }
    const struct recorder_track *id = &work->tracks[track].id;
    if (work->look_for_gaps && work->end_ms[track] >= 0) {
        gaps_look(&work->gaps, id->party, id->codec != TAP_OPUS, work->end_ms[track], pts, false);
    }
    work->last_ms[track] = pts;
    work->end_ms[track] = pts + duration;
    work->duration_ms = pts + duration > work->duration_ms ? pts + duration : work->duration_ms;
    work->packets++;
    if (work->out == NULL) {
        return STATUS_OK; /* only looked at */
    }
    return mux_write(work->out,
                     &(struct mux_packet){.track = track,
                                          .pts_ms = pts,
                                          .duration_ms = duration,
                                          .keyframe = (packet->flags & AV_PKT_FLAG_KEY) != 0,
                                          .data = span_of(packet->data, (size_t)packet->size)});
}

static enum status copy_input(struct work *work, AVFormatContext *input)
{
    AVPacket *packet = av_packet_alloc();
    enum status status = packet == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    while (status == STATUS_OK && av_read_frame(input, packet) >= 0) {
        if (packet->stream_index >= 0 && (unsigned)packet->stream_index < input->nb_streams) {
            status = copy_packet(work, input->streams[packet->stream_index], packet);
        }
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    return status;
}

static enum status copy_part(struct work *work, unsigned index)
{
    AVFormatContext *input = NULL;
    if (!open_part(work, index, &input)) {
        return STATUS_OK; /* killed before its header was whole: nothing in it */
    }
    enum status status = copy_input(work, input);
    avformat_close_input(&input);
    return status;
}

static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* some file systems refuse it; the data themselves were synced */
        (void)close(fd);
    }
}

/* The parts are deleted only for a file that can be opened again and holds every track. */
static bool reads_back(const struct work *work, const char *path)
{
    AVFormatContext *input = NULL;
    if (!open_file(path, &input)) {
        return false;
    }
    struct work seen = {0};
    read_tracks(&seen, input);
    avformat_close_input(&input);
    return seen.track_count == work->track_count;
}

/* Writes NAME.mux, then renames: a crash in between leaves the parts whole and the next start
 * begins again. */
static enum status write_out(struct work *work, const char *temporary, const char *path)
{
    (void)unlink(temporary); /* left by a crash in here */
    enum status status =
        mux_open(temporary, work->tracks, work->track_count, work->started_ms, false, &work->out);
    if (status != STATUS_OK) {
        return status;
    }
    for (unsigned i = 0; i < work->part_count && status == STATUS_OK; i++) {
        status = copy_part(work, i);
    }
    enum status closed = mux_close(work->out, status == STATUS_OK);
    status = status == STATUS_OK ? closed : status;
    if (status == STATUS_OK && (work->packets == 0 || !reads_back(work, temporary))) {
        status = STATUS_MALFORMED;
    }
    if (status == STATUS_OK && rename(temporary, path) != 0) {
        status = STATUS_IO;
    }
    if (status != STATUS_OK) {
        (void)unlink(temporary);
    }
    return status;
}

static void fill_event(const struct work *work, const struct gaps *gaps,
                       struct recorder_event *event)
{
    event->type = RECORDER_COMPLETE;
    event->reason = STATUS_OK;
    event->started_ms = work->started_ms;
    event->duration_ms = work->duration_ms;
    event->track_count = work->track_count;
    for (unsigned i = 0; i < work->track_count; i++) {
        event->tracks[i] = work->tracks[i].id;
    }
    event->gap_count = gaps->count;
    memcpy(event->gaps, gaps->items, sizeof(event->gaps));
}

/* Name and type of the finished file, and its path. */
static void name_file(const struct work *work, bool matroska, char path[COMPLETE_PATH_MAX],
                      struct recorder_event *event)
{
    (void)snprintf(event->file, sizeof(event->file), "%s.%s", work->name,
                   matroska ? "mkv" : "webm");
    (void)snprintf(event->media_type, sizeof(event->media_type), "%s",
                   matroska ? "video/x-matroska" : "video/webm");
    int n = snprintf(path, COMPLETE_PATH_MAX, "%s/%s", work->folder, event->file);
    CHECK(n > 0 && n < (int)COMPLETE_PATH_MAX);
}

/* No part is left: the process was killed after it had finished the file and before it could tell.
 */
static enum status describe(struct work *work, struct recorder_event *event)
{
    char path[COMPLETE_PATH_MAX];
    for (unsigned matroska = 0; matroska < 2; matroska++) {
        AVFormatContext *input = NULL;
        name_file(work, matroska == 1, path, event);
        if (!open_file(path, &input)) {
            continue;
        }
        read_tracks(work, input);
        enum status status = work->track_count > 0 ? copy_input(work, input) : STATUS_MALFORMED;
        avformat_close_input(&input);
        if (status != STATUS_OK) {
            return status;
        }
        fill_event(work, &work->gaps, event);
        return complete_hash(path, event->sha256, &event->bytes);
    }
    return STATUS_NONE;
}

static enum status run(struct work *work, const struct gaps *gaps, struct recorder_event *event)
{
    enum status status = survey(work);
    if (status == STATUS_NONE) {
        return describe(work, event);
    }
    if (status != STATUS_OK) {
        return status;
    }
    char path[COMPLETE_PATH_MAX];
    char temporary[COMPLETE_PATH_MAX];
    name_file(work, mux_needs_matroska(work->tracks, work->track_count), path, event);
    int t = snprintf(temporary, sizeof(temporary), "%s/%s.mux", work->folder, work->name);
    CHECK(t > 0 && t < (int)sizeof(temporary));
    status = write_out(work, temporary, path);
    if (status != STATUS_OK) {
        return status;
    }
    sync_folder(work->folder);
    for (unsigned i = work->part_count; i > 0;
         i--) { /* the first part last: as long as it is there, all are */
        complete_part_path(temporary, work->folder, work->name, i - 1);
        (void)unlink(temporary);
    }
    fill_event(work, gaps != NULL ? gaps : &work->gaps, event);
    return complete_hash(path, event->sha256, &event->bytes);
}

enum status complete_file(const char *folder, const char *name, const struct gaps *gaps,
                          struct recorder_event *event)
{
    struct work *work = calloc(1, sizeof(*work));
    if (work == NULL) {
        return STATUS_NO_MEMORY;
    }
    work->folder = folder;
    work->name = name;
    work->look_for_gaps = gaps == NULL;
    for (unsigned i = 0; i < RECORDER_TRACKS_MAX; i++) {
        work->end_ms[i] = work->last_ms[i] = -1;
    }
    enum status status = run(work, gaps, event);
    free(work);
    return status;
}
