#include "tests/load/traffic.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#define FRAME_PACKETS 4
#define LATE_NS 1000000
#define DUE_MOST 256 /* events in a turn, so that receiving gets its turn, too */
#define TURN_NS                                                                                    \
    200000 /* between turns: what is due in it leaves together, as a network card gathers          \
              interrupts; one core then loads what fills another */

#define LOOK_NS 1000000 /* at the latest what came is taken */

struct entry {
    int64_t phase_ns;
    unsigned peer;
};

struct clockwork { /* one kind of event of every peer, once a period */
    int64_t period_ns;
    struct entry *entries; /* rising phase */
    unsigned at;
    int64_t cycle_ns; /* when the present period began */
};

enum { WORK_AUDIO = 0, WORK_VIDEO, WORK_TICK, WORKS };

struct traffic {
    struct peer_shared *peers;
    enum traffic_pattern pattern;
    bool media;
    struct clockwork works[WORKS];
};

static uint32_t next_random(uint32_t *state) /* xorshift32 */
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static int by_phase(const void *a, const void *b)
{
    int64_t x = ((const struct entry *)a)->phase_ns;
    int64_t y = ((const struct entry *)b)->phase_ns;
    return x < y ? -1 : x > y ? 1 : 0;
}

static void init_work(struct clockwork *work, int64_t period_ns, unsigned peers, uint32_t *seed,
                      int64_t now_ns)
{
    *work = (struct clockwork){.period_ns = period_ns, .cycle_ns = now_ns};
    work->entries = calloc(peers, sizeof(*work->entries));
    CHECK(work->entries != NULL);
    for (unsigned i = 0; i < peers; i++) {
        work->entries[i] =
            (struct entry){(int64_t)((uint64_t)next_random(seed) * (uint64_t)period_ns >> 32), i};
    }
    qsort(work->entries, peers, sizeof(*work->entries), by_phase);
}

struct traffic *traffic_create(struct peer_shared *peers, enum traffic_pattern pattern,
                               uint32_t seed)
{
    struct traffic *traffic = calloc(1, sizeof(*traffic));
    CHECK(traffic != NULL && seed != 0);
    (void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* the schedule is in microseconds */
    traffic->peers = peers;
    traffic->pattern = pattern;
    int64_t now_ns = net_now_ns();
    int64_t video_ns = pattern == TRAFFIC_EVEN ? 1000000000 / 120 : 1000000000 / 30;
    init_work(&traffic->works[WORK_AUDIO], 20000000, peers->count, &seed, now_ns);
    init_work(&traffic->works[WORK_VIDEO], video_ns, peers->count, &seed, now_ns);
    init_work(&traffic->works[WORK_TICK], 50000000, peers->count, &seed, now_ns);
    return traffic;
}

void traffic_destroy(struct traffic *traffic)
{
    if (traffic != NULL) {
        for (unsigned i = 0; i < WORKS; i++) {
            free(traffic->works[i].entries);
        }
        free(traffic);
    }
}

void traffic_media(struct traffic *traffic, bool on)
{
    traffic->media = on;
}

static int64_t due_ns(const struct clockwork *work)
{
    return work->cycle_ns + work->entries[work->at].phase_ns;
}

static struct clockwork *first_due(struct traffic *traffic)
{
    struct clockwork *first = &traffic->works[0];
    for (unsigned i = 1; i < WORKS; i++) {
        first = due_ns(&traffic->works[i]) < due_ns(first) ? &traffic->works[i] : first;
    }
    return first;
}

static void carry_out(struct traffic *traffic, const struct clockwork *work, int64_t now_ns)
{
    struct peer *peer = traffic->peers->peers[work->entries[work->at].peer];
    if (work == &traffic->works[WORK_TICK]) {
        peer_tick(peer, now_ns);
        return;
    }
    if (!traffic->media || !peer_connected(peer)) {
        return;
    }
    traffic->peers->tally->late +=
        traffic->peers->measuring && now_ns - due_ns(work) > LATE_NS ? 1 : 0;
    if (work == &traffic->works[WORK_AUDIO]) {
        peer_send_audio(peer, now_ns);
        return;
    }
    unsigned packets = traffic->pattern == TRAFFIC_EVEN ? 1 : FRAME_PACKETS;
    for (unsigned i = 0; i < packets; i++) {
        peer_send_video(peer, now_ns, FRAME_PACKETS);
    }
}

/* What is due; returns when the next event is. */
static int64_t send_due(struct traffic *traffic)
{
    int64_t now_ns = net_now_ns();
    struct clockwork *work = first_due(traffic);
    for (unsigned i = 0; i < DUE_MOST && due_ns(work) <= now_ns; i++) {
        carry_out(traffic, work, now_ns);
        work->at++;
        if (work->at == traffic->peers->count) {
            work->at = 0;
            work->cycle_ns += work->period_ns;
        }
        work = first_due(traffic);
    }
    net_flush(traffic->peers->net);
    return due_ns(work);
}

static void receive(struct traffic *traffic)
{
    struct net_datagram datagrams[NET_BATCH];
    unsigned count = NET_BATCH;
    for (unsigned turn = 0; turn < DUE_MOST / NET_BATCH && count == NET_BATCH; turn++) {
        count = net_receive(traffic->peers->net, datagrams);
        for (unsigned i = 0; i < count; i++) {
            peer_input(traffic->peers->peers[datagrams[i].index], &datagrams[i]);
        }
    }
    net_flush(traffic->peers->net); /* DTLS flights, repairs */
}

/* Until then; awake: what comes ends it. */
static void rest(const struct traffic *traffic, int64_t until_ns, bool awake)
{
    int64_t left_ns = until_ns - net_now_ns();
    if (left_ns > 0) {
        struct timespec wait = {left_ns / 1000000000, left_ns % 1000000000};
        struct pollfd fd = {net_fd(traffic->peers->net), POLLIN, 0};
        (void)ppoll(&fd, awake ? 1 : 0, &wait, NULL);
    }
}

bool traffic_run(struct traffic *traffic, int64_t until_ns, bool (*done)(void *context),
                 void *context)
{
    for (;;) {
        int64_t turn_ns = net_now_ns() + TURN_NS;
        int64_t next_ns = send_due(traffic);
        receive(traffic);
        if (done != NULL && done(context)) {
            return true;
        }
        if (net_now_ns() >= until_ns) {
            return false;
        }
        next_ns = next_ns < until_ns ? next_ns : until_ns;
        if (done != NULL) { /* a set-up is timed */
            rest(traffic, next_ns, true);
        } else { /* the server's packets wake nobody: on a network that would not be its work */
            next_ns = next_ns < turn_ns ? turn_ns : next_ns;
            int64_t latest_ns = turn_ns + LOOK_NS;
            rest(traffic, next_ns < latest_ns ? next_ns : latest_ns, false);
        }
    }
}
