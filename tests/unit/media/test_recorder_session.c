/* A recording in virtual time: session and completion on real VP8, H.264 and Opus, over loss,
 * jitter, late joiners, changed SSRCs. */
#include "media/recording/complete.h"
#include "media/recording/poster.h"
#include "media/recording/session.h"
#include "tests/unit/media/recorder_media.h"

#include <libavutil/log.h>
#include <sys/stat.h>
#include <unistd.h>

#define S 1000000LL
#define START_US (1000 * S) /* of the monotonic clock */
#define WALL_MS 1795000000000LL

static char folder[64];
static struct synth video, audio, h264, vp9;

static void part_exists(const char *name, bool expected)
{
    char path[COMPLETE_PATH_MAX];
    complete_part_path(path, folder, name, 0);
    EXPECT_INT(access(path, F_OK) == 0, expected);
}

/* Plays the wire into a session, ticks each 20 ms of virtual time, ends it 50 ms after the last
 * packet. */
static enum status play(struct wire *w, const char *name, struct gaps *gaps,
                        struct recorder_event *event)
{
    struct session *session = session_create(folder, name);
    wire_sort(w);
    int64_t now = START_US;
    size_t at = 0;
    enum status status = STATUS_OK;
    int64_t end = w->count > 0 ? w->items[w->count - 1].record.arrival_us + 50000 : START_US;
    while (now < end) {
        now += 20000;
        for (; at < w->count && w->items[at].record.arrival_us <= now; at++) {
            session_take(session, &w->items[at].record, w->items[at].payload,
                         WALL_MS + (w->items[at].record.arrival_us - START_US) / 1000);
        }
        status = session_tick(session, now);
        EXPECT_INT(status, STATUS_OK);
    }
    status = session_end(session, now);
    *gaps = *session_gaps(session);
    session_destroy(session);
    free(w->items);
    *w = (struct wire){0};
    if (status != STATUS_OK) {
        return status;
    }
    part_exists(name, true);
    memset(event, 0, sizeof(*event));
    status = complete_file(folder, name, gaps, event);
    part_exists(name, false);
    return status;
}

static struct sender sender_of(uint8_t party, uint8_t codec)
{
    const struct synth *media = codec == TAP_OPUS   ? &audio
                                : codec == TAP_H264 ? &h264
                                : codec == TAP_VP9  ? &vp9
                                                    : &video;
    return (struct sender){.media = media,
                           .recording = 1,
                           .ssrc = 1000u + 10u * party + codec,
                           .party = party,
                           .codec = codec,
                           .timestamp = 0xFFFFF000u,
                           .sequence = 65500,
                           .from = 0,
                           .to = media->count,
                           .begin_us = START_US,
                           .delay_us = codec == TAP_OPUS ? 20000 : 80000,
                           .clock_ahead_us = 5000 * S + party * 77 * S,
                           .report_after_us = 500000};
}

static bool read_file(const struct recorder_event *event, struct held *held)
{
    char path[COMPLETE_PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, event->file);
    return held_read(path, held);
}

static struct held held;

/* Counter n was captured n/15 s after the stream's first frame. */
static int64_t worst_error_ms(const struct held_track *t, int64_t begin_ms, unsigned first_counter,
                              int64_t after_ms)
{
    int64_t worst = 0;
    for (unsigned i = 0; i < t->decoded && i < HELD_FRAMES_MAX; i++) {
        int64_t captured = begin_ms + ((int64_t)t->counters[i] - first_counter) * 1000 / SYNTH_FPS;
        int64_t error = t->at_ms[i] - captured;
        error = error < 0 ? -error : error;
        worst = t->at_ms[i] >= after_ms && error > worst ? error : worst;
    }
    return worst;
}

static void clean_call(void)
{
    struct wire w = {.random = 1};
    struct gaps gaps;
    struct recorder_event event;
    for (uint8_t party = 0; party < 2; party++) {
        struct sender a = sender_of(party, TAP_OPUS);
        struct sender v = sender_of(party, TAP_VP8);
        send_all(&w, &a);
        send_all(&w, &v);
    }
    EXPECT_INT(play(&w, "clean-call", &gaps, &event), STATUS_OK);
    EXPECT_TEXT(event.file, "clean-call.webm");
    EXPECT_TEXT(event.media_type, "video/webm");
    EXPECT_INT(event.track_count, 4);
    EXPECT_INT(event.gap_count, 0);
    EXPECT_INT(event.started_ms,
               WALL_MS + 20); /* the first packet arrived 20 ms after the first capture */
    EXPECT_INT(strlen(event.sha256), 64);
    EXPECT(read_file(&event, &held));
    EXPECT_INT(held.count, 4);
    int64_t length_ms = (int64_t)video.count * 1000 / SYNTH_FPS;
    EXPECT(llabs(held.duration_ms - length_ms) < 500);
    EXPECT(llabs(event.duration_ms - length_ms) < 500);
    for (unsigned party = 0; party < 2; party++) {
        const struct held_track *v = held_find(&held, party, true);
        const struct held_track *a = held_find(&held, party, false);
        EXPECT(v != NULL && a != NULL);
        if (v != NULL && a != NULL) {
            EXPECT_INT(v->packets, video.count);
            EXPECT_INT(v->decoded, video.count);
            EXPECT_INT(a->packets, audio.count);
            EXPECT_INT(v->backwards + a->backwards, 0);
            EXPECT(a->energy > 100.0);
            /* The file's zero is the first arrival: 20 ms after capture. Before its report the
             * picture lies 60 ms late. */
            EXPECT(worst_error_ms(v, 0, 0, 0) <= 80);
            EXPECT(worst_error_ms(v, 0, 0, 3000) <= 10);
        }
    }
}

static void lossy_call_with_late_joiner(void)
{
    struct wire w = {.random = 7};
    struct gaps gaps;
    struct recorder_event event;
    for (uint8_t codec = TAP_OPUS; codec <= TAP_VP8; codec++) {
        unsigned per_second = codec == TAP_OPUS ? 50 : SYNTH_FPS;
        struct sender first = sender_of(0, codec);
        first.loss_permille = 20;
        first.jitter_us = 60000;
        send_all(&w, &first);
        struct sender late = sender_of(
            1, codec); /* joins at 3 s, is gone from 5 s to 6 s, comes back on other SSRCs */
        late.begin_us += 3 * S;
        late.jitter_us = 60000;
        late.to = 2 * per_second;
        send_all(&w, &late);
        late.ssrc += 500;
        late.timestamp = 12345;
        late.sequence = 77;
        late.from = 3 * per_second;
        late.to = 5 * per_second;
        late.begin_us += 3 * S;
        send_all(&w, &late);
    }
    EXPECT_INT(play(&w, "late-joiner", &gaps, &event), STATUS_OK);
    EXPECT_INT(event.track_count, 4); /* the party that came back goes on in its tracks */
    EXPECT(read_file(&event, &held));
    EXPECT_INT(held.count, 4);
    EXPECT(llabs(held.duration_ms - 8000) < 500);
    const struct held_track *v = held_find(&held, 1, true);
    const struct held_track *a = held_find(&held, 1, false);
    EXPECT(v != NULL && a != NULL);
    if (v != NULL && a != NULL) {
        EXPECT(llabs(v->first_ms - 3000) < 150);
        EXPECT(llabs(a->first_ms - 3000) < 150);
        EXPECT(llabs(v->last_ms - 7933) < 150);
        EXPECT_INT(v->backwards + a->backwards, 0);
        EXPECT(worst_error_ms(v, 3000, 0, 0) <= 200);
    }
    bool away_audio = false;
    bool away_video = false;
    for (unsigned i = 0; i < event.gap_count; i++) {
        const struct recorder_gap *g = &event.gaps[i];
        bool away = g->party == 1 && llabs(g->from_ms - 4950) < 150 && llabs(g->to_ms - 6000) < 150;
        away_audio |= away && !g->video;
        away_video |= away && g->video;
        EXPECT(g->to_ms > g->from_ms && g->to_ms < 8200);
    }
    EXPECT(away_audio && away_video);
    v = held_find(&held, 0, true);
    EXPECT(v != NULL && v->decoded > video.count / 4 && v->backwards == 0);
    EXPECT(v != NULL && worst_error_ms(v, 0, 0, 3000) <= 40);
}

/* Every decoded counter of a lossy stream is one that was sent, and they rise: no picture is built
 * on missing data. */
static void no_broken_picture(void)
{
    struct wire w = {.random = 99};
    struct gaps gaps;
    struct recorder_event event;
    struct sender v = sender_of(2, TAP_VP8);
    v.loss_permille = 30;
    v.jitter_us = 200000;
    send_all(&w, &v);
    EXPECT_INT(play(&w, "broken", &gaps, &event), STATUS_OK);
    EXPECT(read_file(&event, &held));
    const struct held_track *t = held_find(&held, 2, true);
    EXPECT(t != NULL && t->decoded > 10);
    for (unsigned i = 0; t != NULL && i < t->decoded; i++) {
        EXPECT(t->counters[i] < video.count && (i == 0 || t->counters[i] > t->counters[i - 1]));
    }
    EXPECT(gaps.count > 0);
}

static void h264_is_matroska(void)
{
    struct wire w = {.random = 3};
    struct gaps gaps;
    struct recorder_event event;
    struct sender v = sender_of(0, TAP_H264);
    struct sender a = sender_of(0, TAP_OPUS);
    send_all(&w, &v);
    send_all(&w, &a);
    EXPECT_INT(play(&w, "h264", &gaps, &event), STATUS_OK);
    EXPECT_TEXT(event.file, "h264.mkv");
    EXPECT(read_file(&event, &held));
    const struct held_track *t = held_find(&held, 0, true);
    EXPECT(t != NULL && t->codec == AV_CODEC_ID_H264);
    EXPECT(t != NULL && t->packets == h264.count && t->decoded + 2 >= h264.count);
    EXPECT(t != NULL && worst_error_ms(t, 0, 0, 3000) <= 10);
}

static void vp9_is_webm(void)
{
    struct wire w = {.random = 3};
    struct gaps gaps;
    struct recorder_event event;
    struct sender v = sender_of(0, TAP_VP9);
    send_all(&w, &v);
    EXPECT_INT(play(&w, "vp9", &gaps, &event), STATUS_OK);
    EXPECT_TEXT(event.file, "vp9.webm");
    EXPECT(read_file(&event, &held));
    const struct held_track *t = held_find(&held, 0, true);
    EXPECT(t != NULL && t->codec == AV_CODEC_ID_VP9);
    EXPECT(t != NULL && t->packets == vp9.count && t->decoded == vp9.count);
    EXPECT(t != NULL && worst_error_ms(t, 0, 0, 3000) <= 80);
}

/* The party switches from VP8 to H.264 in mid-call: another track, a Matroska file, one time line.
 */
static void codec_change(void)
{
    struct wire w = {.random = 4};
    struct gaps gaps;
    struct recorder_event event;
    struct sender v = sender_of(0, TAP_VP8);
    v.to = 4 * SYNTH_FPS;
    send_all(&w, &v);
    struct sender x = sender_of(0, TAP_H264);
    x.begin_us += 4 * S;
    x.from = 4 * SYNTH_FPS;
    send_all(&w, &x);
    EXPECT_INT(play(&w, "change", &gaps, &event), STATUS_OK);
    EXPECT_INT(event.track_count, 2);
    EXPECT_TEXT(event.file, "change.mkv");
    EXPECT(read_file(&event, &held));
    EXPECT_INT(held.count, 2);
    EXPECT(held.tracks[0].packets == 4 * SYNTH_FPS && llabs(held.tracks[1].first_ms - 4060) < 120);
}

static void padding_holes_are_no_loss(void)
{
    struct wire w = {.random = 5};
    struct gaps gaps;
    struct recorder_event event;
    struct sender v = sender_of(0, TAP_VP8);
    send_all(&w, &v);
    for (size_t i = 0; i < w.count; i++) { /* two sequence numbers vanish after each 40th frame */
        struct tap_record *r = &w.items[i].record;
        r->sequence = (uint16_t)(r->sequence +
                                 2 * ((r->rtp_timestamp - v.timestamp) / (40 * 90000 / SYNTH_FPS)));
    }
    EXPECT_INT(play(&w, "padding", &gaps, &event), STATUS_OK);
    EXPECT_INT(gaps.count, 0);
    EXPECT(read_file(&event, &held));
    EXPECT_INT(held.tracks[0].packets, video.count);
}

static void nothing_came(void)
{
    struct wire w = {.random = 5};
    struct gaps gaps;
    struct recorder_event event;
    EXPECT_INT(play(&w, "nothing", &gaps, &event), STATUS_NONE);
    EXPECT_INT(complete_file(folder, "nothing", NULL, &event), STATUS_NONE);
}

/* A part cut at any octet is completed as far as it goes, or refused; never a crash. */
static void torn_part(void)
{
    struct wire w = {.random = 6};
    struct sender v = sender_of(0, TAP_VP8);
    struct sender a = sender_of(0, TAP_OPUS);
    v.to = 5 * SYNTH_FPS;
    a.to = 250;
    send_all(&w, &v);
    send_all(&w, &a);
    wire_sort(&w);
    struct session *session = session_create(folder, "torn-source");
    for (size_t i = 0; i < w.count; i++) {
        session_take(session, &w.items[i].record, w.items[i].payload, WALL_MS);
        EXPECT_INT(session_tick(session, w.items[i].record.arrival_us), STATUS_OK);
    }
    EXPECT_INT(session_end(session, START_US + 6 * S), STATUS_OK);
    session_destroy(session);
    free(w.items);
    char path[COMPLETE_PATH_MAX];
    complete_part_path(path, folder, "torn-source", 0);
    FILE *f = fopen(path, "rb");
    static uint8_t whole[4 << 20];
    size_t len = f != NULL ? fread(whole, 1, sizeof(whole), f) : 0;
    EXPECT(len > 10000);
    (void)fclose(f);
    unsigned completed = 0;
    int64_t longest = 0;
    for (size_t cut = 0; cut < len; cut += len / 23 + 1) {
        complete_part_path(path, folder, "torn", 0);
        f = fopen(path, "wb");
        EXPECT(f != NULL && fwrite(whole, 1, cut, f) == cut);
        (void)fclose(f);
        struct recorder_event event = {0};
        enum status status = complete_file(folder, "torn", NULL, &event);
        EXPECT(status == STATUS_OK || status == STATUS_MALFORMED);
        if (status == STATUS_OK) {
            completed++;
            EXPECT(event.duration_ms >= longest);
            EXPECT_INT(event.started_ms, WALL_MS);
            longest = event.duration_ms;
        } else {
            (void)unlink(path);
        }
    }
    EXPECT(completed >= 20);
    EXPECT(longest > 4500);
}

static void poster(void)
{
    struct wire w = {.random = 8};
    struct gaps gaps;
    struct recorder_event event;
    struct sender v = sender_of(0, TAP_VP8);
    send_all(&w, &v);
    EXPECT_INT(play(&w, "poster", &gaps, &event), STATUS_OK);
    char path[COMPLETE_PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, event.file);
    static uint8_t jpeg[200000];
    size_t len = 0;
    EXPECT_INT(poster_read(path, 3000, jpeg, sizeof(jpeg), &len), STATUS_OK);
    EXPECT(len > 500 && jpeg[0] == 0xFF && jpeg[1] == 0xD8);
    EXPECT_INT(poster_read(path, 3000, jpeg, 100, &len), STATUS_TOO_LARGE);
    EXPECT_INT(poster_read("/nowhere/x.webm", 0, jpeg, sizeof(jpeg), &len), STATUS_IO);
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_MJPEG);
    AVCodecContext *decoder = avcodec_alloc_context3(codec);
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    EXPECT(poster_read(path, 3000, jpeg, sizeof(jpeg), &len) == STATUS_OK);
    EXPECT(avcodec_open2(decoder, codec, NULL) >= 0 && av_new_packet(packet, (int)len) >= 0);
    memcpy(packet->data, jpeg, len);
    EXPECT(avcodec_send_packet(decoder, packet) >= 0 && avcodec_receive_frame(decoder, frame) >= 0);
    EXPECT_INT(frame->width, SYNTH_WIDTH);
    unsigned counter = synth_read(frame);
    EXPECT(counter >= 30 && counter <= 45 &&
           counter % SYNTH_KEY_INTERVAL == 0); /* the key frame at or before 3 s */
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    (void)snprintf(folder, sizeof(folder), "/tmp/test_recorder_session.XXXXXX");
    if (mkdtemp(folder) == NULL || !synth_video(&video, "libvpx", 8 * SYNTH_FPS) ||
        !synth_audio(&audio, 400) || !synth_video(&h264, "libx264", 8 * SYNTH_FPS) ||
        !synth_video(&vp9, "libvpx-vp9", 5 * SYNTH_FPS)) {
        printf("cannot make the media\n0 passed, 1 failed\n");
        return 1;
    }
    static const struct test_case cases[] = {
        {"clean_call", clean_call},
        {"lossy_call_with_late_joiner", lossy_call_with_late_joiner},
        {"no_broken_picture", no_broken_picture},
        {"h264_is_matroska", h264_is_matroska},
        {"vp9_is_webm", vp9_is_webm},
        {"codec_change", codec_change},
        {"padding_holes_are_no_loss", padding_holes_are_no_loss},
        {"nothing_came", nothing_came},
        {"torn_part", torn_part},
        {"poster", poster},
    };
    int result = TEST_MAIN(cases);
    synth_fini(&video);
    synth_fini(&audio);
    synth_fini(&h264);
    synth_fini(&vp9);
    if (result == 0 && getenv("KEEP") == NULL) {
        char command[128];
        (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
        result = system(command);
    } else {
        printf("kept: %s\n", folder);
    }
    return result;
}
