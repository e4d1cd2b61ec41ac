#include "media/recording/session.h"

#include "media/recording/assemble.h"
#include "media/recording/complete.h"
#include "media/recording/mux.h"
#include "media/recording/reorder.h"
#include "media/recording/timeline.h"
#include "media/rt/clock.h"
#include "proto/base/check.h"
#include "proto/payload/payload.h"

#include <stdio.h>
#include <stdlib.h>

#define PARTIES_MAX 6u
#define STREAMS_MAX (2 * PARTIES_MAX)
#define SETTLE_US                                                                                  \
    1500000 /* key frame asked for at the start, one round trip, one frame: most tracks are there  \
               by then */
#define HOLD_US                                                                                    \
    150000 /* orders the frames of the parties among each other; more would be lost with a killed  \
              process */
#define FLUSH_US                                                                                   \
    400000 /* cluster to the kernel: with HOLD_US and a tick at most 0.6 s are only in this        \
              process */
#define SYNC_US 1000000               /* power cut: at most this and one flush */
#define PENDING_BYTES_MAX (64u << 20) /* 6 parties at 4 Mbit/s for SETTLE_US are 5 MB */

struct stream {
    bool video;
    uint8_t party;
    enum tap_codec codec;
    uint32_t ssrc, former_ssrc;
    bool has_former;
    int track;      /* index in session->tracks, -1: not declared yet */
    bool lost;      /* packets were given up since the last frame */
    int64_t end_us; /* of the last frame on the time line; -1: none */
    struct reorder reorder;
    struct assemble assemble;
    struct timeline_stream timeline;
};

struct frame {
    struct frame *next, *former;
    int64_t at_us, duration_us;
    unsigned track;
    bool keyframe;
    size_t len;
    uint8_t data[];
};

struct session {
    const char *folder;
    char name[96];
    bool failed;
    enum status reason;
    int64_t start_us, started_ms; /* of the first packet; start_us 0: none came */
    int64_t flushed_us, synced_us;
    struct stream *streams[STREAMS_MAX];
    struct timeline_party parties[PARTIES_MAX];
    unsigned track_count, part_tracks, part_count;
    struct mux_track tracks[RECORDER_TRACKS_MAX];
    struct frame *first, *last; /* pending, sorted by time */
    size_t pending_bytes;
    struct mux *mux;
    uint64_t bytes_seen;
    struct gaps gaps;
    struct session_figures figures;
};

struct session *session_create(const char *folder, const char *name)
{
    struct session *s = calloc(1, sizeof(*s));
    if (s != NULL) {
        s->folder = folder;
        (void)snprintf(s->name, sizeof(s->name), "%s", name);
    }
    return s;
}

static void fail(struct session *s, enum status reason)
{
    if (!s->failed) {
        s->failed = true;
        s->reason = reason;
    }
}

static void stream_destroy(struct stream *stream)
{
    if (stream != NULL) {
        reorder_fini(&stream->reorder);
        assemble_fini(&stream->assemble);
        free(stream);
    }
}

void session_destroy(struct session *session)
{
    if (session == NULL) {
        return;
    }
    for (unsigned i = 0; i < STREAMS_MAX; i++) {
        stream_destroy(session->streams[i]);
    }
    while (session->first != NULL) {
        struct frame *next = session->first->next;
        free(session->first);
        session->first = next;
    }
    enum status closed = mux_close(session->mux, false);
    (void)closed; /* the caller has had session_end() for a result */
    free(session);
}

const char *session_name(const struct session *session)
{
    return session->name;
}

const struct gaps *session_gaps(const struct session *session)
{
    return &session->gaps;
}

int64_t session_started_ms(const struct session *session)
{
    return session->started_ms;
}

struct session_figures session_take_figures(struct session *session)
{
    struct session_figures figures = session->figures;
    session->figures = (struct session_figures){0};
    return figures;
}

static void account(struct session *s)
{
    uint64_t bytes = s->mux != NULL ? mux_bytes(s->mux) : 0;
    s->figures.bytes += bytes - s->bytes_seen;
    s->bytes_seen = bytes;
}

static void close_part(struct session *s)
{
    if (s->mux != NULL) {
        enum status status = mux_flush(s->mux);
        account(s);
        /* The trailer too: libavformat keeps the newest audio packet back until the next one or the
         * trailer. */
        enum status closed = mux_close(s->mux, true);
        s->mux = NULL;
        s->bytes_seen = 0;
        if (status != STATUS_OK || closed != STATUS_OK) {
            fail(s, STATUS_IO);
        }
    }
}

static void open_part(struct session *s)
{
    char path[COMPLETE_PATH_MAX];
    close_part(s);
    if (s->failed || s->part_count == COMPLETE_PARTS_MAX) {
        fail(s, STATUS_TOO_LARGE);
        return;
    }
    complete_part_path(path, s->folder, s->name, s->part_count);
    enum status status = mux_open(path, s->tracks, s->track_count, s->started_ms, true, &s->mux);
    if (status != STATUS_OK) {
        fail(s, status);
        return;
    }
    s->part_count++;
    s->part_tracks = s->track_count;
}

static bool fill_track(const struct stream *stream, const struct assemble_frame *frame,
                       struct mux_track *track)
{
    *track = (struct mux_track){.id = {.party = stream->party, .codec = (uint8_t)stream->codec},
                                .width = frame->width,
                                .height = frame->height};
    const struct assemble *a = &stream->assemble;
    if (stream->codec == TAP_OPUS) {
        mux_opus_head(track);
    } else if (stream->codec == TAP_H264 &&
               !mux_avc_config(track, span_of(a->sps, a->sps_len), span_of(a->pps, a->pps_len))) {
        return false;
    }
    return stream->codec == TAP_OPUS || (frame->width > 0 && frame->height > 0);
}

/* The track of a stream; a party that comes back with the same codec goes on in its track. */
static int track_of(struct session *s, const struct stream *stream,
                    const struct assemble_frame *frame)
{
    for (unsigned i = 0; i < s->track_count; i++) {
        if (s->tracks[i].id.party == stream->party && s->tracks[i].id.codec == stream->codec) {
            return (int)i;
        }
    }
    if (s->track_count == RECORDER_TRACKS_MAX ||
        !fill_track(stream, frame, &s->tracks[s->track_count])) {
        return -1;
    }
    return (int)s->track_count++;
}

/* Sorted by time; a frame nearly always belongs at the end. */
static void pend(struct session *s, struct frame *frame)
{
    struct frame *after = s->last;
    while (after != NULL && after->at_us > frame->at_us) {
        after = after->former;
    }
    frame->former = after;
    frame->next = after != NULL ? after->next : s->first;
    if (frame->next != NULL) {
        frame->next->former = frame;
    } else {
        s->last = frame;
    }
    if (after != NULL) {
        after->next = frame;
    } else {
        s->first = frame;
    }
    s->pending_bytes += frame->len;
}

static void take_frame(struct session *s, struct stream *stream, const struct assemble_frame *ready,
                       int64_t now_us)
{
    if (stream->track < 0) {
        stream->track = track_of(s, stream, ready);
    }
    if (stream->track < 0 || s->pending_bytes > PENDING_BYTES_MAX) {
        return;
    }
    struct frame *frame = malloc(sizeof(*frame) + ready->data.len);
    if (frame == NULL) {
        fail(s, STATUS_NO_MEMORY);
        return;
    }
    int64_t at =
        timeline_map(&stream->timeline, &s->parties[stream->party], ready->timestamp) - s->start_us;
    int64_t latest =
        now_us - s->start_us; /* a wrong clock of the sender never leads into the future */
    at = at > latest ? latest : at;
    at = at < 0 ? 0 : at;
    if (stream->end_us >= 0) {
        gaps_look(&s->gaps, stream->party, stream->video, stream->end_us / 1000, at / 1000,
                  stream->lost);
    }
    stream->lost = false;
    stream->end_us = at + ready->duration_us;
    *frame = (struct frame){.at_us = at,
                            .duration_us = ready->duration_us,
                            .track = (unsigned)stream->track,
                            .keyframe = ready->keyframe,
                            .len = ready->data.len};
    memcpy(frame->data, ready->data.data, ready->data.len);
    pend(s, frame);
}

static void drain_stream(struct session *s, struct stream *stream, int64_t now_us, bool flush)
{
    struct reorder_packet *packet;
    unsigned lost = 0;
    while ((packet = reorder_take(&stream->reorder, now_us, flush, &lost)) != NULL) {
        struct assemble_frame frame;
        bool whole = !stream->assemble.broken;
        bool ready =
            assemble_packet(&stream->assemble, &packet->head, packet->payload, lost, &frame);
        /* Sound has no other sign of loss than the hole; a picture is lost when the assembler had
         * to give something up. */
        stream->lost |= stream->video ? whole && stream->assemble.broken : lost > 0;
        if (ready) {
            take_frame(s, stream, &frame, now_us);
        }
        free(packet);
    }
}

static void restart_stream(struct session *s, struct stream *stream, uint32_t ssrc, int64_t now_us)
{
    drain_stream(s, stream, now_us, true);
    reorder_reset(&stream->reorder);
    assemble_restart(&stream->assemble);
    timeline_stream_init(&stream->timeline, payload_clock_hz((enum payload_codec)stream->codec));
    stream->former_ssrc = stream->ssrc;
    stream->has_former = true;
    stream->ssrc = ssrc;
    stream->lost = true;
}

static struct stream *stream_create(const struct tap_record *record)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL || !assemble_init(&stream->assemble, (enum tap_codec)record->codec)) {
        free(stream);
        return NULL;
    }
    reorder_init(&stream->reorder);
    timeline_stream_init(&stream->timeline, payload_clock_hz((enum payload_codec)record->codec));
    stream->party = record->party;
    stream->video = record->codec != TAP_OPUS;
    stream->codec = (enum tap_codec)record->codec;
    stream->ssrc = record->ssrc;
    stream->track = -1;
    stream->end_us = -1;
    return stream;
}

/* Other codec of the same party: the old frames are given out, the stream begins anew with a track
 * of its own. */
static bool change_codec(struct session *s, struct stream *stream, const struct tap_record *record)
{
    restart_stream(s, stream, record->ssrc, record->arrival_us);
    assemble_fini(&stream->assemble);
    stream->codec = (enum tap_codec)record->codec;
    stream->track = -1;
    timeline_stream_init(&stream->timeline, payload_clock_hz((enum payload_codec)record->codec));
    return assemble_init(&stream->assemble, stream->codec);
}

static struct stream *stream_of(struct session *s, const struct tap_record *record)
{
    struct stream **place = &s->streams[2u * record->party + (record->codec != TAP_OPUS ? 1u : 0u)];
    if (*place == NULL && record->type == TAP_RTP) {
        *place = stream_create(record);
        if (*place == NULL) {
            fail(s, STATUS_NO_MEMORY);
        }
        return *place;
    }
    struct stream *stream = *place;
    if (stream == NULL || stream->ssrc == record->ssrc) {
        if (stream != NULL && record->type == TAP_RTP &&
            stream->codec != (enum tap_codec)record->codec && !change_codec(s, stream, record)) {
            fail(s, STATUS_NO_MEMORY);
        }
        return stream;
    }
    if (record->type != TAP_RTP || (stream->has_former && stream->former_ssrc == record->ssrc)) {
        return NULL; /* a late packet of the connection before */
    }
    if (stream->codec != (enum tap_codec)record->codec) {
        if (!change_codec(s, stream, record)) {
            fail(s, STATUS_NO_MEMORY);
        }
    } else {
        restart_stream(s, stream, record->ssrc, record->arrival_us);
    }
    return stream;
}

static bool record_sound(const struct tap_record *record)
{
    return record->party < PARTIES_MAX && record->codec >= TAP_OPUS && record->codec <= TAP_H264 &&
           (record->type == TAP_RTP || record->type == TAP_SENDER_REPORT);
}

void session_take(struct session *session, const struct tap_record *record, const uint8_t *payload,
                  int64_t wall_ms)
{
    struct session *s = session;
    if (s->failed || !record_sound(record)) {
        return;
    }
    if (s->start_us == 0 && record->type == TAP_RTP) {
        s->start_us = s->flushed_us = s->synced_us = record->arrival_us;
        s->started_ms = wall_ms;
    }
    struct stream *stream = stream_of(s, record);
    if (stream == NULL || s->failed) {
        return;
    }
    struct timeline_party *party = &s->parties[record->party];
    if (record->type == TAP_SENDER_REPORT) {
        timeline_report(&stream->timeline, party, record->ntp, record->rtp_timestamp,
                        record->arrival_us);
        return;
    }
    if (record->len > 0) {
        timeline_packet(&stream->timeline, party, record->rtp_timestamp, record->arrival_us);
    }
    if (reorder_put(&stream->reorder, record, payload) == REORDER_FAR) {
        drain_stream(s, stream, record->arrival_us, true);
        reorder_reset(&stream->reorder);
        stream->lost = true;
        assemble_restart(&stream->assemble);
        enum reorder_put_result again = reorder_put(&stream->reorder, record, payload);
        (void)again; /* kept, or dropped for want of memory: then it is a hole */
    }
}

static void write_frame(struct session *s, const struct frame *frame)
{
    if (s->mux == NULL || frame->track >= s->part_tracks) {
        open_part(s);
    }
    if (s->failed) {
        return;
    }
    enum status status =
        mux_write(s->mux, &(struct mux_packet){.track = frame->track,
                                               .pts_ms = (frame->at_us + 500) / 1000,
                                               .duration_ms = frame->duration_us / 1000,
                                               .keyframe = frame->keyframe,
                                               .data = span_of(frame->data, frame->len)});
    if (status != STATUS_OK) {
        fail(s, status);
    }
}

static void write_pending(struct session *s, int64_t until_us)
{
    while (s->first != NULL && s->first->at_us <= until_us && !s->failed) {
        struct frame *frame = s->first;
        write_frame(s, frame);
        s->first = frame->next;
        if (s->first != NULL) {
            s->first->former = NULL;
        } else {
            s->last = NULL;
        }
        s->pending_bytes -= frame->len;
        free(frame);
    }
}

static void flush(struct session *s, int64_t now_us)
{
    if (s->mux == NULL || now_us - s->flushed_us < FLUSH_US) {
        return;
    }
    s->flushed_us = now_us;
    enum status status = mux_flush(s->mux);
    account(s);
    if (status == STATUS_OK && now_us - s->synced_us >= SYNC_US) {
        int64_t begin_us =
            clock_monotonic_us(); /* how long the disk takes is a figure of its own */
        status = mux_sync(s->mux);
        s->figures.sync_count++;
        s->figures.sync_us += (uint64_t)(clock_monotonic_us() - begin_us);
        s->synced_us = now_us;
    }
    if (status != STATUS_OK) {
        fail(s, status);
    }
}

enum status session_tick(struct session *session, int64_t now_us)
{
    struct session *s = session;
    for (unsigned i = 0; i < STREAMS_MAX && !s->failed; i++) {
        if (s->streams[i] != NULL) {
            drain_stream(s, s->streams[i], now_us, false);
        }
    }
    bool settled = s->start_us != 0 && now_us - s->start_us >= SETTLE_US;
    if (settled && !s->failed) {
        write_pending(s, now_us - s->start_us - HOLD_US);
        flush(s, now_us);
    }
    return s->failed ? s->reason : STATUS_OK;
}

enum status session_end(struct session *session, int64_t now_us)
{
    struct session *s = session;
    for (unsigned i = 0; i < STREAMS_MAX && !s->failed; i++) {
        if (s->streams[i] != NULL) {
            drain_stream(s, s->streams[i], now_us, true);
        }
    }
    if (!s->failed) {
        write_pending(s, INT64_MAX);
    }
    close_part(s);
    if (s->failed) {
        return s->reason;
    }
    return s->part_count > 0 ? STATUS_OK : STATUS_NONE;
}
