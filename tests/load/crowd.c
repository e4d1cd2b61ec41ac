/* A socket's life:
 *
 *   AWAY ──due, allowed──> OPENING ──101──> GREETING ──welcome──> HERE
 *     └────── after a pause that grows (pauses_us) ─────┴── lost ──┘  */
#include "tests/load/crowd.h"

#include "proto/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define REASONS_MAX 16
#define ATTEMPT_MAX_US 30000000 /* a browser waits longer than any test does */
#define SWEEP_US 10000          /* how often the pauses and attempts are looked at */
#define JITTER_PERCENT 20       /* proto/signal/README.md: each 20 % more or less */

/* proto/signal/README.md, "How a session goes" 5 */
static const int64_t pauses_us[] = {250000,  500000,  750000,  1000000,
                                    1000000, 1000000, 2000000, 3000000};
#define PAUSES (sizeof(pauses_us) / sizeof(pauses_us[0]))

enum stage { STAGE_AWAY, STAGE_OPENING, STAGE_GREETING, STAGE_HERE };

struct person {
    struct wss *wss;
    int64_t due_us;   /* AWAY: when it tries (again) */
    int64_t begun_us; /* of this attempt */
    int64_t lost_us;  /* 0: it was never there */
    uint32_t events;  /* what epoll was told */
    uint8_t stage;
    uint8_t attempts; /* since it was there, at most PAUSES */
};

struct failure {
    char reason[48];
    unsigned count;
};

struct crowd {
    struct crowd_config config;
    SSL_CTX *context;
    int epoll;
    struct person *people;
    unsigned welcomed, opening, opened; /* opened: of those that were there once */
    unsigned next_first, next_ping;
    int64_t sweep_us, first_due_us, outage_us;
    struct crowd_times welcome, outage, pong;
    struct failure failures[REASONS_MAX];
    uint64_t random;
};

/* --- times --- */

int64_t crowd_now_us(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void crowd_times_add(struct crowd_times *times, int64_t us)
{
    if (times->count == times->room) {
        size_t room = times->room == 0 ? 1024 : times->room * 2;
        uint32_t *larger = realloc(times->us, room * sizeof(*larger));
        CHECK(larger != NULL);
        times->us = larger;
        times->room = room;
    }
    times->us[times->count++] = us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double ms_at(const struct crowd_times *times, size_t index)
{
    return times->us[index] / 1000.0;
}

json_t *crowd_times_json(struct crowd_times *times)
{
    if (times->count == 0) {
        return json_pack("{s:i}", "n", 0);
    }
    qsort(times->us, times->count, sizeof(times->us[0]), by_size);
    size_t last = times->count - 1;
    return json_pack("{s:f, s:f, s:f, s:I}", "p50", ms_at(times, last / 2), "p99",
                     ms_at(times, last * 99 / 100), "max", ms_at(times, last), "n",
                     (json_int_t)times->count);
}

/* --- losses --- */

static void count_failure(struct crowd *crowd, const char *reason)
{
    for (size_t i = 0; i < REASONS_MAX; i++) {
        struct failure *f = &crowd->failures[i];
        if (f->count == 0) {
            (void)snprintf(f->reason, sizeof(f->reason), "%s", reason);
        }
        if (strncmp(f->reason, reason, sizeof(f->reason) - 1) == 0 || i == REASONS_MAX - 1) {
            f->count++;
            return;
        }
    }
}

/* xorshift64: only spreads the pauses. */
static int64_t jittered(struct crowd *crowd, int64_t us)
{
    crowd->random ^= crowd->random << 13;
    crowd->random ^= crowd->random >> 7;
    crowd->random ^= crowd->random << 17;
    int64_t percent = (int64_t)(crowd->random % (2 * JITTER_PERCENT + 1)) - JITTER_PERCENT;
    return us + us * percent / 100;
}

static void lose(struct crowd *crowd, struct person *p, const char *reason)
{
    int64_t now_us = crowd_now_us();
    count_failure(crowd, reason);
    if (p->stage == STAGE_HERE) {
        crowd->welcomed--;
        p->lost_us = now_us;
        p->attempts = 0;
        crowd->outage_us = crowd->outage_us == 0 ? now_us : crowd->outage_us;
    } else if (p->stage != STAGE_AWAY) {
        crowd->opening--;
    }
    wss_close(p->wss);
    p->wss = NULL;
    p->stage = STAGE_AWAY;
    p->due_us = now_us + jittered(crowd, pauses_us[p->attempts]);
    if (p->attempts < PAUSES - 1) {
        p->attempts++;
    }
}

/* --- one socket --- */

static const struct crowd_session *session_of(const struct crowd *crowd, const struct person *p)
{
    return &crowd->config.sessions[(size_t)(p - crowd->people) % crowd->config.session_count];
}

static void begin(struct crowd *crowd, struct person *p)
{
    unsigned site = (unsigned)(p - crowd->people) / crowd->config.from_address;
    struct wss_config config = {
        .context = crowd->context,
        .to = crowd->config.to,
        .from = {.ip = {127, 1, (uint8_t)(site / 250), (uint8_t)(site % 250 + 1)}, .family = 4},
        .authority = crowd->config.authority,
        .cookie = session_of(crowd, p)->cookie};
    p->begun_us = crowd_now_us();
    p->wss = wss_open(&config);
    if (p->wss == NULL) {
        lose(crowd, p, "no descriptor");
        return;
    }
    p->stage = STAGE_OPENING;
    crowd->opening++;
    p->events = wss_wants(p->wss);
    struct epoll_event event = {.events = p->events, .data.ptr = p};
    CHECK(epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, wss_fd(p->wss), &event) == 0);
}

static void greet(struct crowd *crowd, struct person *p)
{
    char hello[200];
    p->stage = STAGE_GREETING;
    (void)snprintf(hello, sizeof(hello),
                   "{\"type\":\"hello\",\"client\":\"consult-load\",\"csrf\":\"%s\"}",
                   session_of(crowd, p)->csrf);
    (void)wss_send(p->wss, span_text(hello));
}

static void welcomed(struct crowd *crowd, struct person *p)
{
    int64_t now_us = crowd_now_us();
    crowd->opening--;
    crowd->welcomed++;
    crowd_times_add(&crowd->welcome, now_us - p->begun_us);
    if (p->lost_us != 0) {
        crowd_times_add(&crowd->outage, now_us - p->lost_us);
    } else {
        crowd->opened++;
    }
    p->stage = STAGE_HERE;
    p->attempts = 0;
    if (crowd->welcomed == crowd->config.sockets) {
        crowd->outage_us = 0;
    }
}

static void take(struct crowd *crowd, struct person *p, struct span text)
{
    json_error_t error;
    json_t *message = json_loadb((const char *)text.data, text.len, 0, &error);
    const char *type = json_string_value(json_object_get(message, "type"));
    if (type != NULL && strcmp(type, "welcome") == 0 && p->stage == STAGE_GREETING) {
        welcomed(crowd, p);
    } else if (type != NULL && strcmp(type, "pong") == 0) {
        crowd_times_add(&crowd->pong,
                        crowd_now_us() - json_integer_value(json_object_get(message, "t")));
    } else if (type == NULL || strcmp(type, "error") == 0) {
        count_failure(crowd, "error message");
    }
    json_decref(message);
}

static void work(struct crowd *crowd, struct person *p)
{
    struct span text;
    enum wss_state state = wss_work(p->wss);
    if (state == WSS_OPEN && p->stage == STAGE_OPENING) {
        greet(crowd, p);
    }
    while (wss_take(p->wss, &text)) {
        take(crowd, p, text);
    }
    if (state == WSS_CLOSED) {
        lose(crowd, p, wss_reason(p->wss));
        return;
    }
    uint32_t events = wss_wants(p->wss);
    if (events != p->events) {
        struct epoll_event event = {.events = events, .data.ptr = p};
        p->events = events;
        CHECK(epoll_ctl(crowd->epoll, EPOLL_CTL_MOD, wss_fd(p->wss), &event) == 0);
    }
}

/* --- all of them --- */

/* The first time they come slowly, so that the ramp measures connections and not a queue. */
static void open_first(struct crowd *crowd, int64_t now_us)
{
    while (crowd->next_first < crowd->config.sockets && now_us >= crowd->first_due_us &&
           crowd->opening < crowd->config.opening_max) {
        begin(crowd, &crowd->people[crowd->next_first++]);
        int64_t gap_us = 1000000 / crowd->config.opens_s;
        crowd->first_due_us =
            (crowd->first_due_us + 100000 < now_us ? now_us : crowd->first_due_us) + gap_us;
    }
}

static void sweep(struct crowd *crowd, int64_t now_us)
{
    crowd->sweep_us = now_us;
    for (unsigned i = 0; i < crowd->next_first; i++) {
        struct person *p = &crowd->people[i];
        if (p->stage == STAGE_AWAY && p->due_us <= now_us) {
            begin(crowd, p);
        } else if ((p->stage == STAGE_OPENING || p->stage == STAGE_GREETING) &&
                   now_us - p->begun_us > ATTEMPT_MAX_US) {
            lose(crowd, p, "attempt timeout");
        }
    }
}

void crowd_turn(struct crowd *crowd, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int limit_ms = SWEEP_US / 1000;
    if (crowd->next_first < crowd->config.sockets) {
        limit_ms = 1;
    }
    int n =
        epoll_wait(crowd->epoll, events, EVENTS_MAX, timeout_ms < limit_ms ? timeout_ms : limit_ms);
    for (int i = 0; i < n; i++) {
        work(crowd, events[i].data.ptr);
    }
    int64_t now_us = crowd_now_us();
    if (now_us - crowd->sweep_us >= SWEEP_US) {
        sweep(crowd, now_us);
    }
    open_first(crowd, now_us);
}

bool crowd_ping(struct crowd *crowd)
{
    struct person *p = &crowd->people[crowd->next_ping];
    char text[64];
    crowd->next_ping = (crowd->next_ping + 1) % crowd->config.sockets;
    (void)snprintf(text, sizeof(text), "{\"type\":\"ping\",\"t\":%lld}", (long long)crowd_now_us());
    return p->stage == STAGE_HERE && wss_send(p->wss, span_text(text));
}

unsigned crowd_welcomed(const struct crowd *crowd)
{
    return crowd->welcomed;
}

struct crowd_times *crowd_welcome_times(struct crowd *crowd)
{
    return &crowd->welcome;
}

struct crowd_times *crowd_outage_times(struct crowd *crowd)
{
    return &crowd->outage;
}

struct crowd_times *crowd_pong_times(struct crowd *crowd)
{
    return &crowd->pong;
}

int64_t crowd_outage_began_us(const struct crowd *crowd)
{
    return crowd->outage_us;
}

json_t *crowd_failures_json(const struct crowd *crowd)
{
    json_t *failures = json_object();
    for (size_t i = 0; i < REASONS_MAX && crowd->failures[i].count > 0; i++) {
        json_object_set_new(failures, crowd->failures[i].reason,
                            json_integer(crowd->failures[i].count));
    }
    return failures;
}

void crowd_forget(struct crowd *crowd)
{
    crowd->welcome.count = 0;
    crowd->outage.count = 0;
    crowd->pong.count = 0;
    memset(crowd->failures, 0, sizeof(crowd->failures));
}

struct crowd *crowd_create(const struct crowd_config *config)
{
    CHECK(config->sockets > 0 && config->sockets <= 60000 && config->session_count > 0);
    CHECK(config->opens_s > 0 && config->opening_max > 0 && config->from_address > 0);
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    if (crowd == NULL) {
        return NULL;
    }
    crowd->config = *config;
    crowd->random = 0x9e3779b97f4a7c15u;
    crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
    crowd->context = wss_context();
    crowd->people = calloc(config->sockets, sizeof(*crowd->people));
    if (crowd->epoll < 0 || crowd->context == NULL || crowd->people == NULL) {
        crowd_destroy(crowd);
        return NULL;
    }
    return crowd;
}

void crowd_destroy(struct crowd *crowd)
{
    if (crowd == NULL) {
        return;
    }
    for (unsigned i = 0; crowd->people != NULL && i < crowd->config.sockets; i++) {
        wss_close(crowd->people[i].wss);
    }
    free(crowd->people);
    SSL_CTX_free(crowd->context);
    if (crowd->epoll >= 0) {
        (void)close(crowd->epoll);
    }
    free(crowd->welcome.us);
    free(crowd->outage.us);
    free(crowd->pong.us);
    free(crowd);
}
