#include "media/worker/worker.h"

#include "media/net/udp.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"
#include "media/rt/mailbox.h"
#include "media/worker/core.h"
#include "proto/base/check.h"

#include <openssl/rand.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define BATCHES_PER_TURN                                                                           \
    8 /* socket batches before time and commands get their turn: 512 packets, some 5 ms */
/* A packet that wakes the thread alone costs twice one in a batch: when enough come, it looks for
 * them at intervals instead of being woken by each (decisions/005-batches.md). */
#define GATHER_DATAGRAMS 16  /* wanted at a look */
#define GATHER_MOST_US 800   /* what a packet may wait: with the timer's own error below 1 ms */
#define GATHER_LEAST_US 200  /* shorter ones cost more than they save */
#define GATHER_RATE_US 20000 /* over which the rate is measured */
#define TIMER_SLACK_NS                                                                             \
    10000u /* the kernel's default, 50 us, is a quarter of the shortest interval */
#define SECOND_US 1000000

struct gather {
    int64_t interval_us; /* 0: woken by each packet */
    int64_t looked_us;   /* last look */
    int64_t since_us;    /* the rate's present window */
    uint64_t datagrams;  /* in it */
};

struct media_worker {
    struct media_worker_config config;
    struct udp *udp;
    struct core *core;
    struct outbox box;
    struct mailbox *commands, *reports;
    struct worker_command command; /* the one being carried out: too large for the stack's taste */
    int epoll_fd, event_fd;
    bool running, reported;
    struct gather gather;
    int64_t drops_us; /* when the socket's own drops were counted */
    _Atomic bool stop;
    pthread_t thread;
};

/* --- what the core calls --- */

static void flush(void *context, struct outbox *box)
{
    struct media_worker *worker = context;
    udp_send(worker->udp, core_counters(worker->core), box);
}

static bool take_report(void *context, const struct worker_report *report)
{
    struct media_worker *worker = context;
    if (mailbox_post(worker->reports, report) != STATUS_OK) {
        return false;
    }
    worker->reported = true;
    return true;
}

static bool random_octets(void *context, uint8_t *out, size_t len)
{
    (void)context;
    return RAND_bytes(out, (int)len) == 1;
}

/* --- the thread --- */

static void take_commands(struct media_worker *worker)
{
    uint64_t count;
    ssize_t n = read(worker->event_fd, &count, sizeof(count));
    (void)n; /* EAGAIN: woken for something else */
    while (mailbox_take(worker->commands, &worker->command)) {
        core_command(worker->core, clock_monotonic_us(), &worker->command);
    }
}

static void warm(const struct media_worker *worker, const struct udp_datagram *datagrams,
                 size_t count)
{
    struct warm_datagram expected[UDP_BATCH];
    for (size_t i = 0; i < count; i++) {
        expected[i] = (struct warm_datagram){&datagrams[i].from, datagrams[i].len};
    }
    core_warm(worker->core, expected, count);
}

/* Returns how many. */
static size_t take_datagrams(struct media_worker *worker)
{
    struct udp_datagram datagrams[UDP_BATCH];
    size_t sum = 0;
    for (int turn = 0; turn < BATCHES_PER_TURN; turn++) {
        size_t count = udp_receive(worker->udp, core_counters(worker->core), datagrams);
        int64_t now_us = clock_monotonic_us();
        warm(worker, datagrams, count);
        for (size_t i = 0; i < count; i++) {
            core_datagram(worker->core, now_us, &datagrams[i].from, datagrams[i].data,
                          datagrams[i].len);
        }
        sum += count;
        if (!udp_has_more(worker->udp)) {
            break;
        }
    }
    if (udp_has_more(worker->udp)) {
        core_strained(worker->core, clock_monotonic_us());
    }
    counters_add(core_counters(worker->core), COUNTER_TURNS, 1);
    return sum;
}

/* --- when to look --- */

static void gather_note(struct gather *gather, int64_t now_us, size_t datagrams)
{
    gather->datagrams += datagrams;
    int64_t span_us = now_us - gather->since_us;
    if (span_us < GATHER_RATE_US) {
        return;
    }
    int64_t wanted_us = gather->datagrams == 0
                            ? INT64_MAX
                            : GATHER_DATAGRAMS * span_us / (int64_t)gather->datagrams;
    if (wanted_us > GATHER_DATAGRAMS / 2 * GATHER_MOST_US) {
        wanted_us = 0; /* not even two would come together */
    } else if (wanted_us > GATHER_MOST_US) {
        wanted_us = GATHER_MOST_US;
    } else if (wanted_us < GATHER_LEAST_US) {
        wanted_us = GATHER_LEAST_US;
    }
    gather->interval_us = wanted_us;
    gather->since_us = now_us;
    gather->datagrams = 0;
}

/* Waits until the next look is due; commands end it. True: there may be commands. */
static bool gather_wait(const struct media_worker *worker)
{
    int64_t left_us = worker->gather.looked_us + worker->gather.interval_us - clock_monotonic_us();
    left_us = left_us < 0 ? 0 : left_us;
    struct timespec wait = {0, left_us * 1000};
    struct pollfd fd = {worker->event_fd, POLLIN, 0};
    return ppoll(&fd, 1, &wait, NULL) > 0;
}

static int wait_ms(const struct media_worker *worker)
{
    int64_t deadline_us = core_deadline(worker->core);
    if (deadline_us == INT64_MAX) {
        return -1;
    }
    int64_t left_us = deadline_us - clock_monotonic_us();
    return left_us <= 0 ? 0 : (int)((left_us + 999) / 1000);
}

/* Waits for datagrams, commands or time, and takes what came. Returns how many datagrams. */
static size_t wait_and_take(struct media_worker *worker)
{
    if (worker->gather.interval_us > 0) {
        if (gather_wait(worker)) {
            take_commands(worker);
        }
        worker->gather.looked_us = clock_monotonic_us();
        return take_datagrams(worker);
    }
    struct epoll_event events[2];
    size_t count = 0;
    int n = epoll_wait(worker->epoll_fd, events, 2, wait_ms(worker));
    for (int i = 0; i < n; i++) {
        if (events[i].data.fd == worker->event_fd) {
            take_commands(worker);
        } else {
            count = take_datagrams(worker);
        }
    }
    return count;
}

static void *run(void *context)
{
    struct media_worker *worker = context;
    (void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0); /* else waits are a little longer */
    while (!atomic_load_explicit(&worker->stop, memory_order_acquire)) {
        size_t count = wait_and_take(worker);
        int64_t now_us = clock_monotonic_us();
        core_tick(worker->core, now_us);
        outbox_flush(&worker->box);
        gather_note(&worker->gather, now_us, count);
        if (now_us - worker->drops_us >= SECOND_US) {
            worker->drops_us = now_us;
            udp_count_drops(worker->udp, core_counters(worker->core));
        }
        if (worker->reported) {
            worker->reported = false;
            if (worker->config.wake != NULL) {
                worker->config.wake(worker->config.context);
            }
        }
    }
    return NULL;
}

/* --- T0 --- */

static bool watch(const struct media_worker *worker, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
    return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static enum status make_core(struct media_worker *worker)
{
    struct core_config config = {
        .rooms_max = worker->config.rooms_max,
        .dtls = worker->config.dtls,
        .tap = worker->config.tap,
        .wall_us = clock_wall_us() - clock_monotonic_us(),
        .random = random_octets,
        .report = take_report,
        .report_context = worker,
    };
    outbox_init(&worker->box, flush, worker);
    return core_create(&config, &worker->box, &worker->core);
}

static enum status start(struct media_worker *worker)
{
    enum status status = make_core(worker);
    if (status != STATUS_OK) {
        return status;
    }
    status = udp_open(worker->config.bind_address, worker->config.port, &worker->udp);
    if (status != STATUS_OK) {
        return status;
    }
    worker->commands = mailbox_create(sizeof(struct worker_command), WORKER_COMMANDS);
    worker->reports = mailbox_create(sizeof(struct worker_report), WORKER_REPORTS);
    if (worker->commands == NULL || worker->reports == NULL) {
        return STATUS_NO_MEMORY;
    }
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    worker->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (worker->epoll_fd < 0 || worker->event_fd < 0 || !watch(worker, worker->event_fd) ||
        !watch(worker, udp_fd(worker->udp)) ||
        pthread_create(&worker->thread, NULL, run, worker) != 0) {
        return STATUS_IO;
    }
    worker->running = true;
    char name[16];
    (void)snprintf(name, sizeof(name), "media-%u", worker->config.index % 1000u);
    (void)pthread_setname_np(worker->thread, name); /* for top and gdb only */
    return STATUS_OK;
}

enum status media_worker_create(const struct media_worker_config *config,
                                struct media_worker **out_worker)
{
    struct media_worker *worker = calloc(1, sizeof(*worker));
    if (worker == NULL) {
        return STATUS_NO_MEMORY;
    }
    worker->config = *config;
    worker->epoll_fd = -1;
    worker->event_fd = -1;
    enum status status = start(worker);
    if (status != STATUS_OK) {
        media_worker_destroy(worker);
        return status;
    }
    log_info("media_worker_started", "worker=%u port=%u", config->index, udp_port(worker->udp));
    size_t buffer = udp_receive_buffer(worker->udp);
    if (buffer < UDP_BUFFER) { /* one socket serves hundreds of people: the default is for one */
        log_warn("media_socket_buffer", "worker=%u octets=%zu wanted=%u hint=\"%s\"", config->index,
                 buffer, UDP_BUFFER, "sysctl net.core.rmem_max and wmem_max");
    }
    *out_worker = worker;
    return STATUS_OK;
}

static void wake_worker(const struct media_worker *worker)
{
    uint64_t one = 1;
    ssize_t n = write(worker->event_fd, &one, sizeof(one));
    (void)n; /* EAGAIN: it is awake enough */
}

void media_worker_destroy(struct media_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    if (worker->running) {
        atomic_store_explicit(&worker->stop, true, memory_order_release);
        wake_worker(worker);
        CHECK(pthread_join(worker->thread, NULL) == 0);
    }
    if (worker->epoll_fd >= 0) {
        (void)close(worker->epoll_fd);
    }
    if (worker->event_fd >= 0) {
        (void)close(worker->event_fd);
    }
    core_destroy(worker->core);
    udp_close(worker->udp);
    mailbox_destroy(worker->commands);
    mailbox_destroy(worker->reports);
    free(worker);
}

uint16_t media_worker_port(const struct media_worker *worker)
{
    return udp_port(worker->udp);
}

bool media_worker_is_ipv6(const struct media_worker *worker)
{
    return udp_is_ipv6(worker->udp);
}

enum status media_worker_post(struct media_worker *worker, const struct worker_command *command)
{
    enum status status = mailbox_post(worker->commands, command);
    if (status == STATUS_OK) {
        wake_worker(worker);
    }
    return status;
}

uint32_t media_worker_post_room(const struct media_worker *worker)
{
    return mailbox_room(worker->commands);
}

bool media_worker_take(struct media_worker *worker, struct worker_report *out_report)
{
    return mailbox_take(worker->reports, out_report);
}

const struct counters *media_worker_counters(const struct media_worker *worker)
{
    return core_counters(worker->core);
}
