#include "media/recording/recorder.h"

#include "media/recording/complete.h"
#include "media/recording/poster.h"
#include "media/recording/session.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <libavutil/log.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Two threads. The recorder thread drains the rings every 20 ms while anything is recorded, and
 * owns every session that runs. The completing thread turns the parts of ended recordings into one
 * file, so that a long one does not hold up those that run. The mutex guards the slots, the jobs
 * and the events; it is held for copying only, never over I/O, and no media worker ever takes it.
 *
 * Slot: FREE -> OPEN (begin) -> ENDING (end) -> FREE, its session moved to a job. */
#define RECORDINGS_MAX                                                                             \
    256u /* at once; the index is 8 bits of the handle; 256 slots x 40 octets                      \
          */
#define WORKERS_MAX 64u
#define LOOK_MS 20       /* tap.h */
#define RECORDER_NICE 10 /* a tenth of a media thread's share when a core is full */

enum slot_state { SLOT_FREE = 0, SLOT_OPEN, SLOT_ENDING };

struct slot {
    enum slot_state state;
    bool told_failed;
    uint32_t handle;
    uint32_t generation;
    struct session *session; /* touched by the recorder thread only, once it is in `active` */
};

struct job {
    struct job *next;
    struct session *session;
    uint32_t handle;
    enum status reason;
};

enum health { HEALTH_UNCHANGED = 0, HEALTH_WRITES, HEALTH_FAILS };

struct event_node {
    struct event_node *next;
    struct recorder_event event;
};

struct recorder {
    struct recorder_config config;
    char *folder;
    struct tap_ring *rings[WORKERS_MAX];
    pthread_t thread, completing;
    bool thread_runs, completing_runs;
    pthread_mutex_t mutex;
    pthread_cond_t wake_thread, wake_completing;
    bool stop, stop_completing;
    struct slot slots[RECORDINGS_MAX];
    struct job *jobs, **jobs_end;
    struct event_node *events, **events_end;
    struct recorder_stats stats;        /* under the mutex */
    struct recorder_stats collected;    /* recorder thread's own, added to stats once a look */
    enum health health;                 /* likewise */
    struct slot active[RECORDINGS_MAX]; /* recorder thread's copy */
};

static void lock(struct recorder *r)
{
    int result = pthread_mutex_lock(&r->mutex);
    CHECK(result == 0);
}

static void unlock(struct recorder *r)
{
    int result = pthread_mutex_unlock(&r->mutex);
    CHECK(result == 0);
}

static void post_event(struct recorder *r, const struct recorder_event *event)
{
    struct event_node *node = calloc(1, sizeof(*node));
    if (node == NULL) {
        log_error("recording_event_lost", "recording=%lu reason=no_memory",
                  (unsigned long)event->recording);
        return;
    }
    node->event = *event;
    lock(r);
    *r->events_end = node;
    r->events_end = &node->next;
    r->stats.errors += event->type == RECORDER_FAILED && event->reason != STATUS_NONE ? 1 : 0;
    unlock(r);
    if (r->config.wake != NULL) {
        r->config.wake(r->config.context);
    }
}

static void post_failed(struct recorder *r, uint32_t handle, const struct session *session,
                        enum status reason, bool over)
{
    struct recorder_event event = {.type = RECORDER_FAILED,
                                   .recording = handle,
                                   .reason = reason,
                                   .over = over,
                                   .started_ms = session_started_ms(session)};
    post_event(r, &event);
}

/* New recordings and those that end, into the recorder thread's own list. */
static void refresh_active(struct recorder *r)
{
    lock(r);
    for (unsigned i = 0; i < RECORDINGS_MAX; i++) {
        bool told = r->active[i].told_failed && r->active[i].handle == r->slots[i].handle;
        r->active[i] = r->slots[i];
        r->active[i].told_failed = told;
    }
    unlock(r);
}

static struct session *session_of(struct recorder *r, uint32_t handle)
{
    const struct slot *slot = &r->active[handle & 0xFFu];
    if (slot->handle != handle || slot->state == SLOT_FREE) {
        refresh_active(
            r); /* begun since the last look; otherwise a late packet of one that ended */
    }
    return slot->handle == handle && slot->state != SLOT_FREE ? slot->session : NULL;
}

static void drain_ring(struct recorder *r, struct tap_ring *ring)
{
    struct tap_record record;
    uint8_t payload[TAP_PAYLOAD_MAX];
    uint32_t unknown = 0; /* asked for once a look, not once a packet */
    while (tap_ring_take(ring, &record, payload)) {
        struct session *session =
            record.recording == unknown ? NULL : session_of(r, record.recording);
        if (session == NULL) {
            unknown = record.recording;
            continue;
        }
        int64_t age_us = clock_monotonic_us() - record.arrival_us;
        session_take(session, &record, payload, clock_wall_ms() - age_us / 1000);
        r->collected.packets += record.type == TAP_RTP ? 1u : 0u;
    }
}

static void collect(struct recorder *r, struct session *session)
{
    struct session_figures figures = session_take_figures(session);
    r->collected.bytes += figures.bytes;
    r->collected.sync_count += figures.sync_count;
    r->collected.sync_us_total += figures.sync_us;
    r->health = figures.sync_count > 0 ? HEALTH_WRITES : r->health;
}

/* Ends the session and hands it to the completing thread. */
static void end_slot(struct recorder *r, unsigned index, int64_t now_us)
{
    struct slot *slot = &r->active[index];
    enum status reason = session_end(slot->session, now_us);
    collect(r, slot->session);
    struct job *job = calloc(1, sizeof(*job));
    if (job == NULL) { /* the parts stay for recorder_recover() */
        post_failed(r, slot->handle, slot->session, STATUS_NO_MEMORY, true);
        session_destroy(slot->session);
    } else {
        bool broke = slot->told_failed || (reason != STATUS_OK && reason != STATUS_NONE);
        reason = broke ? STATUS_OK : reason; /* what was written before plays: it is completed */
        *job = (struct job){.session = slot->session, .handle = slot->handle, .reason = reason};
    }
    lock(r);
    if (job != NULL) {
        *r->jobs_end = job;
        r->jobs_end = &job->next;
        r->stats.completing++;
        (void)pthread_cond_signal(&r->wake_completing); /* cannot fail on a valid condition */
    }
    r->slots[index].state = SLOT_FREE;
    r->slots[index].session = NULL;
    r->stats.running--;
    unlock(r);
    *slot = (struct slot){.state = SLOT_FREE};
}

static void tick_slots(struct recorder *r, const bool ending[RECORDINGS_MAX])
{
    int64_t now_us = clock_monotonic_us();
    for (unsigned i = 0; i < RECORDINGS_MAX; i++) {
        struct slot *slot = &r->active[i];
        if (slot->state == SLOT_FREE) {
            continue;
        }
        if (ending[i]) {
            end_slot(r, i, now_us);
            continue;
        }
        enum status status = session_tick(slot->session, now_us);
        collect(r, slot->session);
        if (status != STATUS_OK && !slot->told_failed) {
            slot->told_failed = true;
            r->health = HEALTH_FAILS;
            post_failed(r, slot->handle, slot->session, status, false);
        }
    }
}

static void publish_stats(struct recorder *r)
{
    uint64_t dropped = 0;
    for (unsigned i = 0; i < r->config.workers; i++) {
        dropped += tap_ring_dropped(r->rings[i]);
    }
    lock(r);
    r->stats.packets += r->collected.packets;
    r->stats.bytes += r->collected.bytes;
    r->stats.sync_count += r->collected.sync_count;
    r->stats.sync_us_total += r->collected.sync_us_total;
    r->stats.dropped = dropped;
    r->stats.failing = r->health == HEALTH_UNCHANGED ? r->stats.failing : r->health == HEALTH_FAILS;
    unlock(r);
    r->collected = (struct recorder_stats){0};
    r->health = HEALTH_UNCHANGED;
}

static void look(struct recorder *r)
{
    bool ending[RECORDINGS_MAX];
    refresh_active(r);
    for (unsigned i = 0; i < RECORDINGS_MAX;
         i++) { /* before the rings are drained: what was put before end() is in them */
        ending[i] = r->active[i].state == SLOT_ENDING;
    }
    for (unsigned i = 0; i < r->config.workers; i++) {
        drain_ring(r, r->rings[i]);
    }
    tick_slots(r, ending);
    publish_stats(r);
}

/* True: stop. */
static bool wait_look(struct recorder *r)
{
    struct timespec until;
    int result = clock_gettime(
        CLOCK_MONOTONIC, &until); /* pthread_cond_timedwait wants it; nothing is measured by it */
    CHECK(result == 0);
    until.tv_nsec += LOOK_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    lock(r);
    while (!r->stop && r->stats.running == 0) { /* nothing is recorded: nothing comes */
        (void)pthread_cond_wait(&r->wake_thread, &r->mutex);
    }
    if (!r->stop) {
        (void)pthread_cond_timedwait(&r->wake_thread, &r->mutex,
                                     &until); /* woken, timed out or spurious: look again */
    }
    bool stop = r->stop && r->stats.running == 0;
    unlock(r);
    return stop;
}

/* Calls go before their recording: a look at the rings takes milliseconds, a packet waits one at
 * most. Linux: the niceness is the thread's. */
static void step_back(void)
{
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), RECORDER_NICE); /* else as it was: no harm */
}

static void *recorder_main(void *context)
{
    step_back();
    struct recorder *r = context;
    do {
        look(r);
    } while (!wait_look(r));
    return NULL;
}

static void complete_job(struct recorder *r, const struct job *job)
{
    const char *name = session_name(job->session);
    struct recorder_event event = {.type = RECORDER_COMPLETE, .recording = job->handle};
    enum status status = job->reason;
    if (status == STATUS_OK) {
        status = complete_file(r->folder, name, session_gaps(job->session), &event);
    }
    if (status != STATUS_OK) {
        post_failed(r, job->handle, job->session, status, true);
        return;
    }
    post_event(r, &event);
}

static void *completing_main(void *context)
{
    struct recorder *r = context;
    for (;;) {
        lock(r);
        while (r->jobs == NULL && !r->stop_completing) {
            (void)pthread_cond_wait(&r->wake_completing,
                                    &r->mutex); /* cannot fail on a valid condition */
        }
        struct job *job = r->jobs;
        if (job != NULL) {
            r->jobs = job->next;
            r->jobs_end = r->jobs == NULL ? &r->jobs : r->jobs_end;
        }
        unlock(r);
        if (job == NULL) {
            return NULL;
        }
        complete_job(r, job);
        lock(r);
        r->stats.completing--;
        unlock(r);
        session_destroy(job->session);
        free(job);
    }
}

/* Threads of ours take no signals: they belong to the main thread. */
static bool start_thread(pthread_t *thread, void *(*main_function)(void *), struct recorder *r,
                         const char *name)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* fails only on a bad first argument */
    bool started = pthread_create(thread, NULL, main_function, r) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        (void)pthread_setname_np(*thread, name); /* a name is a convenience */
    }
    return started;
}

static bool init_locks(struct recorder *r)
{
    pthread_condattr_t monotonic;
    bool ok = pthread_mutex_init(&r->mutex, NULL) == 0 && pthread_condattr_init(&monotonic) == 0 &&
              pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&r->wake_thread, &monotonic) == 0 &&
              pthread_cond_init(&r->wake_completing, NULL) == 0;
    return ok;
}

enum status recorder_create(const struct recorder_config *config, struct recorder **out_recorder)
{
    CHECK(config->workers >= 1 && config->workers <= WORKERS_MAX && config->folder != NULL);
    struct recorder *r = calloc(1, sizeof(*r));
    if (r == NULL || !init_locks(r)) {
        free(r);
        return STATUS_NO_MEMORY;
    }
    av_log_set_level(
        AV_LOG_QUIET); /* its texts go to stderr in a form of their own; results come as codes */
    r->config = *config;
    r->jobs_end = &r->jobs;
    r->events_end = &r->events;
    r->folder = strdup(config->folder);
    bool ok = r->folder != NULL;
    for (unsigned i = 0; ok && i < config->workers; i++) {
        r->rings[i] = tap_ring_create(config->ring_bytes);
        ok = r->rings[i] != NULL;
    }
    r->thread_runs = ok && start_thread(&r->thread, recorder_main, r, "recorder");
    r->completing_runs =
        r->thread_runs && start_thread(&r->completing, completing_main, r, "rec-complete");
    if (!r->completing_runs) {
        recorder_destroy(r);
        return STATUS_NO_MEMORY;
    }
    *out_recorder = r;
    return STATUS_OK;
}

static void stop_threads(struct recorder *r)
{
    lock(r);
    r->stop = true;
    for (unsigned i = 0; i < RECORDINGS_MAX; i++) {
        r->slots[i].state = r->slots[i].state == SLOT_OPEN ? SLOT_ENDING : r->slots[i].state;
    }
    (void)pthread_cond_signal(&r->wake_thread);
    unlock(r);
    if (r->thread_runs) {
        (void)pthread_join(r->thread, NULL); /* fails only for a thread that is not ours */
    }
    lock(r);
    r->stop_completing = true;
    (void)pthread_cond_signal(&r->wake_completing);
    unlock(r);
    if (r->completing_runs) {
        (void)pthread_join(r->completing, NULL);
    }
}

void recorder_destroy(struct recorder *recorder)
{
    struct recorder *r = recorder;
    if (r == NULL) {
        return;
    }
    stop_threads(r);
    while (r->events != NULL) {
        struct event_node *next = r->events->next;
        free(r->events);
        r->events = next;
    }
    for (unsigned i = 0; i < r->config.workers; i++) {
        tap_ring_destroy(r->rings[i]);
    }
    (void)pthread_cond_destroy(&r->wake_thread);
    (void)pthread_cond_destroy(&r->wake_completing);
    (void)pthread_mutex_destroy(&r->mutex);
    free(r->folder);
    free(r);
}

struct tap_ring *recorder_ring(struct recorder *recorder, unsigned index)
{
    CHECK(index < recorder->config.workers);
    return recorder->rings[index];
}

static bool name_ok(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

enum status recorder_begin(struct recorder *recorder, const char *name, uint32_t *out_recording)
{
    struct recorder *r = recorder;
    if (!name_ok(name)) {
        return STATUS_MALFORMED;
    }
    struct session *session = session_create(r->folder, name);
    if (session == NULL) {
        return STATUS_NO_MEMORY;
    }
    lock(r);
    unsigned index = 0;
    while (index < RECORDINGS_MAX && (r->slots[index].state != SLOT_FREE || r->stop)) {
        index++;
    }
    if (index < RECORDINGS_MAX) {
        struct slot *slot = &r->slots[index];
        slot->generation = (slot->generation + 1) & 0xFFFFFFu;
        slot->generation = slot->generation == 0 ? 1 : slot->generation;
        slot->handle = slot->generation << 8 | index;
        slot->session = session;
        slot->state = SLOT_OPEN;
        r->stats.running++;
        (void)pthread_cond_signal(&r->wake_thread); /* cannot fail on a valid condition */
        *out_recording = slot->handle;
        session = NULL;
    }
    unlock(r);
    if (session != NULL) {
        session_destroy(session);
        return STATUS_FULL;
    }
    return STATUS_OK;
}

void recorder_end(struct recorder *recorder, uint32_t recording)
{
    struct recorder *r = recorder;
    lock(r);
    struct slot *slot = &r->slots[recording & 0xFFu];
    if (slot->handle == recording && slot->state == SLOT_OPEN) {
        slot->state = SLOT_ENDING;
        (void)pthread_cond_signal(&r->wake_thread); /* cannot fail on a valid condition */
    }
    unlock(r);
}

bool recorder_poll(struct recorder *recorder, struct recorder_event *event)
{
    struct recorder *r = recorder;
    lock(r);
    struct event_node *node = r->events;
    if (node != NULL) {
        r->events = node->next;
        r->events_end = r->events == NULL ? &r->events : r->events_end;
    }
    unlock(r);
    if (node == NULL) {
        return false;
    }
    *event = node->event;
    free(node);
    return true;
}

void recorder_stats(struct recorder *recorder, struct recorder_stats *out_stats)
{
    lock(recorder);
    *out_stats = recorder->stats;
    unlock(recorder);
}

enum status recorder_recover(const char *folder, const char *name, struct recorder_event *out_event)
{
    if (!name_ok(name)) {
        return STATUS_MALFORMED;
    }
    struct recorder_event event = {.type = RECORDER_COMPLETE};
    enum status status = complete_file(folder, name, NULL, &event);
    if (status == STATUS_OK) {
        *out_event = event;
    }
    return status;
}

enum status recorder_poster(const char *path, int64_t at_ms, void *buffer, size_t buffer_len,
                            size_t *out_len)
{
    return poster_read(path, at_ms, buffer, buffer_len, out_len);
}
