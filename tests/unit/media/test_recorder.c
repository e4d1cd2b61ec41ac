/* The recorder as the gateway uses it, in real time: threads, handles, events, kill -9 and
 * recovery. */
#include "media/recording/recorder.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"
#include "tests/unit/media/recorder_media.h"

#include <fcntl.h>
#include <libavutil/log.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define S 1000000LL

static char folder[64];
static struct synth video, audio;
static struct held held;
static _Atomic unsigned wakes;

static void on_wake(void *context)
{
    (void)context;
    atomic_fetch_add(&wakes, 1);
}

static struct recorder *create(unsigned workers)
{
    struct recorder_config config = {
        .folder = folder, .workers = workers, .ring_bytes = 1u << 20, .wake = on_wake};
    struct recorder *recorder = NULL;
    EXPECT_INT(recorder_create(&config, &recorder), STATUS_OK);
    return recorder;
}

static void pause_us(int64_t us)
{
    struct timespec t = {.tv_sec = us / S, .tv_nsec = (us % S) * 1000};
    (void)nanosleep(&t, NULL);
}

/* Waits for the next event; an upper bound, not a pace. */
static bool wait_event(struct recorder *recorder, struct recorder_event *event)
{
    int64_t until = clock_monotonic_us() + 20 * S;
    while (clock_monotonic_us() < until) {
        if (recorder_poll(recorder, event)) {
            return true;
        }
        pause_us(5000);
    }
    return false;
}

static void make_wire(struct wire *w, uint32_t recording, unsigned parties, unsigned seconds,
                      int64_t begin_us)
{
    *w = (struct wire){.random = 11};
    for (uint8_t party = 0; party < parties; party++) {
        struct sender a = {.media = &audio,
                           .recording = recording,
                           .ssrc = 10u + party,
                           .party = party,
                           .codec = TAP_OPUS,
                           .to = 50 * seconds,
                           .begin_us = begin_us,
                           .delay_us = 20000,
                           .report_after_us = 300000,
                           .clock_ahead_us = 9 * S};
        struct sender v = a;
        v.media = &video;
        v.codec = TAP_VP8;
        v.ssrc = 20u + party;
        v.to = SYNTH_FPS * seconds;
        send_all(w, &a);
        send_all(w, &v);
    }
    wire_sort(w);
}

/* Puts each record when its time has come. */
static void play(struct wire *w, struct tap_ring *ring)
{
    for (size_t i = 0; i < w->count; i++) {
        int64_t early = w->items[i].record.arrival_us - clock_monotonic_us();
        if (early > 0) {
            pause_us(early);
        }
        EXPECT(tap_ring_put(ring, &w->items[i].record, w->items[i].payload));
    }
    free(w->items);
    *w = (struct wire){0};
}

static void path_of(char path[256], const char *file)
{
    (void)snprintf(path, 256, "%s/%s", folder, file);
}

/* Child: records in real time until it is killed. Tells through the pipe how far it is (the arrival
 * of the last packet put). */
static void record_until_killed(int fd)
{
    struct recorder *recorder = create(1);
    uint32_t recording = 0;
    int64_t begin_us = clock_monotonic_us();
    if (recorder_begin(recorder, "killed", &recording) != STATUS_OK) {
        _exit(2);
    }
    struct wire w;
    make_wire(&w, recording, 2, 6, begin_us);
    for (size_t i = 0; i < w.count; i++) {
        int64_t early = w.items[i].record.arrival_us - clock_monotonic_us();
        if (early > 0) {
            pause_us(early);
        }
        int64_t since_us = w.items[i].record.arrival_us - begin_us;
        if (!tap_ring_put(recorder_ring(recorder, 0), &w.items[i].record, w.items[i].payload) ||
            write(fd, &since_us, sizeof(since_us)) != (ssize_t)sizeof(since_us)) {
            _exit(3);
        }
    }
    _exit(4);
}

static void killed_and_recovered(void)
{
    int pipes[2];
    EXPECT(pipe(pipes) == 0);
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        (void)close(pipes[0]);
        record_until_killed(pipes[1]);
    }
    (void)close(pipes[1]);
    int64_t since_us = 0;
    while (since_us < 4200000 &&
           read(pipes[0], &since_us, sizeof(since_us)) == (ssize_t)sizeof(since_us)) {
    }
    EXPECT(kill(child, SIGKILL) == 0);
    int64_t more;
    while (read(pipes[0], &more, sizeof(more)) == (ssize_t)sizeof(more)) {
        since_us = more; /* put between our decision and the blow */
    }
    int result;
    EXPECT(waitpid(child, &result, 0) == child && WIFSIGNALED(result));
    (void)close(pipes[0]);
    char path[256];
    path_of(path, "killed.part");
    EXPECT(held_read(path, &held)); /* the part plays as it was left */
    EXPECT_INT(held.count, 4);
    struct recorder_event event = {0};
    EXPECT_INT(recorder_recover(folder, "killed", &event), STATUS_OK);
    EXPECT_TEXT(event.file, "killed.webm");
    EXPECT_INT(event.track_count, 4);
    EXPECT_INT(strlen(event.sha256), 64);
    EXPECT(event.started_ms > 1700000000000LL);
    path_of(path, event.file);
    EXPECT(held_read(path, &held));
    int64_t lost_ms = since_us / 1000 - held.duration_ms;
    printf("  killed at %lld ms, the file holds %lld ms: %lld ms are lost\n",
           (long long)(since_us / 1000), (long long)held.duration_ms, (long long)lost_ms);
    EXPECT(lost_ms >= -100 && lost_ms <= 1000);
    for (unsigned i = 0; i < held.count; i++) {
        EXPECT(held.tracks[i].packets > 0 && held.tracks[i].backwards == 0);
        EXPECT(held.tracks[i].decoded == held.tracks[i].packets);
    }
    EXPECT(held_find(&held, 1, true) != NULL && held_find(&held, 1, false) != NULL);
    struct recorder_event again = {
        0}; /* killed once more, before the result was stored: the same is told */
    EXPECT_INT(recorder_recover(folder, "killed", &again), STATUS_OK);
    EXPECT(strcmp(again.sha256, event.sha256) == 0 && again.bytes == event.bytes);
    EXPECT(again.track_count == 4 && again.duration_ms == event.duration_ms);
    EXPECT(again.started_ms == event.started_ms && strcmp(again.file, event.file) == 0);
    EXPECT_INT(recorder_recover(folder, "never-was", &event), STATUS_NONE);
    EXPECT_INT(recorder_recover(folder, "../killed", &event), STATUS_MALFORMED);
}

static void two_at_once(void)
{
    struct recorder *recorder = create(2);
    uint32_t one = 0;
    uint32_t two = 0;
    EXPECT_INT(recorder_begin(recorder, "Bad_Name", &one), STATUS_MALFORMED);
    EXPECT_INT(recorder_begin(recorder, "", &one), STATUS_MALFORMED);
    EXPECT_INT(recorder_begin(recorder, "one", &one), STATUS_OK);
    EXPECT_INT(recorder_begin(recorder, "two", &two), STATUS_OK);
    EXPECT(one != two && one != 0 && two != 0);
    struct wire w;
    make_wire(&w, one, 2, 2, clock_monotonic_us());
    struct wire x;
    make_wire(&x, two, 1, 2, clock_monotonic_us() - 3 * S);
    size_t fed = x.count;
    for (size_t i = 0; i < x.count; i++) { /* the second worker delivers everything at once */
        EXPECT(tap_ring_put(recorder_ring(recorder, 1), &x.items[i].record, x.items[i].payload));
    }
    free(x.items);
    fed += w.count;
    play(&w, recorder_ring(recorder, 0));
    recorder_end(recorder, one);
    recorder_end(recorder, two);
    recorder_end(recorder, 12345); /* unknown: nothing */
    struct recorder_event event;
    unsigned seen = 0;
    for (unsigned i = 0; i < 2; i++) {
        EXPECT(wait_event(recorder, &event));
        EXPECT_INT(event.type, RECORDER_COMPLETE);
        EXPECT_INT(event.track_count, event.recording == one ? 4 : 2);
        EXPECT(llabs(event.duration_ms - 2000) < 500);
        seen |= event.recording == one ? 1u : 2u;
        char path[256];
        struct stat st;
        path_of(path, event.file);
        EXPECT(stat(path, &st) == 0 && st.st_size == event.bytes);
        EXPECT(held_read(path, &held) && held.count == event.track_count);
    }
    EXPECT_INT(seen, 3);
    EXPECT(atomic_load(&wakes) >= 2);
    struct recorder_stats stats;
    recorder_stats(recorder, &stats);
    EXPECT_INT(stats.running, 0);
    EXPECT_INT(stats.dropped, 0);
    EXPECT_INT(stats.errors, 0);
    EXPECT(stats.packets > 300 && stats.packets <= fed && stats.bytes > 10000);
    recorder_destroy(recorder);
}

/* Records that come after the end, and those of no recording, are not written; an empty recording
 * is told. */
static void late_and_empty(void)
{
    struct recorder *recorder = create(1);
    uint32_t recording = 0;
    struct recorder_event event;
    EXPECT_INT(recorder_begin(recorder, "empty", &recording), STATUS_OK);
    recorder_end(recorder, recording);
    EXPECT(wait_event(recorder, &event));
    EXPECT_INT(event.type, RECORDER_FAILED);
    EXPECT_INT(event.reason, STATUS_NONE);
    EXPECT_INT(event.recording, recording);
    struct wire w;
    make_wire(&w, recording, 1, 1, clock_monotonic_us() - 2 * S);
    play(&w, recorder_ring(recorder, 0));
    uint32_t again = 0;
    EXPECT_INT(recorder_begin(recorder, "again", &again), STATUS_OK);
    EXPECT(again != recording);
    recorder_destroy(recorder);
    char path[256];
    path_of(path, "again.part");
    EXPECT(access(path, F_OK) != 0);
}

/* A folder that is gone: one failure, told once, the others go on. */
static void disk_fails(void)
{
    char kept[64];
    memcpy(kept, folder, sizeof(kept));
    (void)snprintf(folder, sizeof(folder), "/tmp/test_recorder.none");
    struct recorder *recorder = create(1);
    memcpy(folder, kept, sizeof(kept));
    uint32_t recording = 0;
    EXPECT_INT(recorder_begin(recorder, "fails", &recording), STATUS_OK);
    struct wire w;
    make_wire(&w, recording, 1, 2, clock_monotonic_us() - 2 * S);
    play(&w, recorder_ring(recorder, 0));
    struct recorder_event event;
    EXPECT(wait_event(recorder, &event));
    EXPECT_INT(event.type, RECORDER_FAILED);
    EXPECT_INT(event.reason, STATUS_IO);
    EXPECT(!event.over);
    struct recorder_stats stats;
    recorder_stats(recorder, &stats);
    EXPECT(stats.failing);
    recorder_end(recorder, recording);
    EXPECT(wait_event(recorder, &event)); /* and how it ended: there is nothing to complete */
    EXPECT(event.type == RECORDER_FAILED && event.over && event.reason == STATUS_NONE);
    pause_us(60000);
    EXPECT(!recorder_poll(recorder, &event));
    recorder_stats(recorder, &stats);
    EXPECT_INT(stats.running + stats.completing, 0);
    recorder_destroy(recorder);
}

/* A disk that fills up in the middle: told at once; what was written before becomes a file that
 * plays. */
static void disk_fills_up(void)
{
    struct recorder *recorder = create(1);
    uint32_t recording = 0;
    EXPECT_INT(recorder_begin(recorder, "fills", &recording), STATUS_OK);
    struct wire w;
    make_wire(&w, recording, 1, 1, clock_monotonic_us() - 4 * S);
    play(&w, recorder_ring(recorder, 0));
    char path[256];
    path_of(path, "fills.part");
    struct stat about = {0};
    for (unsigned i = 0; i < 200 && about.st_size == 0; i++) {
        pause_us(20000);
        (void)stat(path, &about);
    }
    struct rlimit usual;
    EXPECT(getrlimit(RLIMIT_FSIZE, &usual) == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    struct rlimit full = {4096, usual.rlim_max};
    EXPECT(setrlimit(RLIMIT_FSIZE, &full) == 0);
    make_wire(&w, recording, 2, 1, clock_monotonic_us() - 2 * S); /* a second party comes */
    play(&w, recorder_ring(recorder, 0));
    struct recorder_event event;
    EXPECT(wait_event(recorder, &event));
    EXPECT(event.type == RECORDER_FAILED && event.reason == STATUS_IO && !event.over);
    EXPECT(setrlimit(RLIMIT_FSIZE, &usual) == 0);
    recorder_end(recorder, recording);
    EXPECT(wait_event(recorder, &event));
    EXPECT_INT(event.type, RECORDER_COMPLETE);
    path_of(path, "fills.webm");
    EXPECT(held_read(path, &held) && held.count >= 2);
    recorder_destroy(recorder);
}

/* destroy() completes what runs. */
static void destroy_completes(void)
{
    struct recorder *recorder = create(1);
    uint32_t recording = 0;
    EXPECT_INT(recorder_begin(recorder, "destroyed", &recording), STATUS_OK);
    struct wire w;
    make_wire(&w, recording, 1, 2, clock_monotonic_us() - 2 * S);
    play(&w, recorder_ring(recorder, 0));
    recorder_destroy(recorder);
    char path[256];
    path_of(path, "destroyed.webm");
    EXPECT(held_read(path, &held) && held.count == 2);
    path_of(path, "destroyed.part");
    EXPECT(access(path, F_OK) != 0);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    log_set_level(LOG_LEVEL_ERROR);
    (void)snprintf(folder, sizeof(folder), "/tmp/test_recorder.XXXXXX");
    if (mkdtemp(folder) == NULL || !synth_video(&video, "libvpx", 6 * SYNTH_FPS) ||
        !synth_audio(&audio, 300)) {
        printf("cannot make the media\n0 passed, 1 failed\n");
        return 1;
    }
    static const struct test_case cases[] = {
        {"killed_and_recovered",
         killed_and_recovered}, /* first: it forks, before there are threads */
        {"two_at_once", two_at_once},
        {"late_and_empty", late_and_empty},
        {"disk_fails", disk_fails},
        {"disk_fills_up", disk_fills_up},
        {"destroy_completes", destroy_completes},
    };
    int result = TEST_MAIN(cases);
    synth_fini(&video);
    synth_fini(&audio);
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    int removed = system(command);
    return result != 0 ? result : removed;
}
