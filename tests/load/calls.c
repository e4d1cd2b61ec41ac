#include "tests/load/calls.h"

#include "media/ice/integrity.h"

#include <stdlib.h>
#include <unistd.h>

#define CONNECT_NS 10000000000 /* until media flows in a new call */
#define PROBE_NS 1000000   /* a new call's parties send sound each so often until they hear it */
#define DRAIN_NS 500000000 /* what is on its way when the measured time ends */
#define ATTEND_NS 100000000
#define AGAIN_NS 1050000000 /* a seat may offer once a second (gateway/session/room_media.c) */

struct run {
    const struct calls_config *config;
    struct peer_shared shared;
    struct traffic *traffic;
    double *setup_ms;   /* of each call */
    int64_t *set_up_ns; /* when that was */
    unsigned setups;
    int64_t probe_ns; /* set-up: when sound was sent last */
    unsigned call;    /* that is being set up */
    struct process_sample before, begin, end;
    uint64_t packets_begin, packets_end; /* received by all peers */
    uint64_t churn_rss_kib[2];           /* after half of the churn, and after it */
};

static struct peer *peer_of(const struct run *run, unsigned call, unsigned seat)
{
    return run->shared.peers[call * run->config->parties + seat];
}

/* --- set-up --- */

/* All parties of the call being set up hear the others. */
static bool flows(void *context)
{
    struct run *run = context;
    int64_t now_ns = net_now_ns();
    bool probe = now_ns - run->probe_ns >= PROBE_NS;
    bool all = true;
    for (unsigned seat = 0; seat < run->config->parties; seat++) {
        struct peer *peer = peer_of(run, run->call, seat);
        if (probe && peer_connected(peer)) {
            peer_send_audio(peer, now_ns);
        }
        all = all && peer->received > 0;
    }
    run->probe_ns = probe ? now_ns : run->probe_ns;
    return all;
}

static bool connect_call(struct run *run, unsigned call, double *out_ms)
{
    const struct target *target = &run->config->target;
    struct peer **peers = &run->shared.peers[call * run->config->parties];
    int64_t begin_ns = net_now_ns();
    run->call = call;
    run->set_up_ns[call] = begin_ns;
    if (!target->connect(target->context, call, peers[0], peers[1]) ||
        (run->config->parties > 2 &&
         !target->join(target->context, call, peers + 2, run->config->parties - 2))) {
        return false;
    }
    if (!traffic_run(run->traffic, net_now_ns() + CONNECT_NS, flows, run)) {
        (void)fprintf(stderr, "call %u: no media within %lld s\n", call,
                      (long long)(CONNECT_NS / 1000000000));
        return false;
    }
    *out_ms = (double)(net_now_ns() - begin_ns) / 1e6;
    return true;
}

/* Signalling connections get their turn while media goes on. */
static void go_on(struct run *run, int64_t until_ns)
{
    while (net_now_ns() < until_ns) {
        int64_t next_ns = net_now_ns() + ATTEND_NS;
        (void)traffic_run(run->traffic, next_ns < until_ns ? next_ns : until_ns, NULL, NULL);
        run->config->target.attend(run->config->target.context);
    }
}

static bool set_up(struct run *run)
{
    const struct target *target = &run->config->target;
    for (unsigned call = 0; call < run->config->calls; call++) {
        if (!target->prepare(target->context, call) ||
            !connect_call(run, call, &run->setup_ms[run->setups++])) {
            (void)fprintf(stderr, "call %u was not set up\n", call);
            return false;
        }
        go_on(run, net_now_ns() + 1000000);
    }
    return true;
}

/* --- the measured time --- */

static uint64_t packets(const struct run *run)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < run->shared.count; i++) {
        sum += run->shared.peers[i]->received;
    }
    return sum;
}

static void mark(struct run *run, bool begin)
{
    for (unsigned i = 0; i < run->shared.count; i++) {
        for (unsigned kind = 0; kind < PEER_KINDS; kind++) {
            struct peer_out *out = &run->shared.peers[i]->out[kind];
            *(begin ? &out->from : &out->to) = out->next;
        }
    }
    run->shared.measuring = begin;
}

static bool measure(struct run *run)
{
    const struct calls_config *config = run->config;
    traffic_media(run->traffic, true);
    go_on(run, net_now_ns() + (int64_t)(config->settle_s * 1e9));
    struct tally fresh = {.keyframe_requests = run->shared.tally->keyframe_requests};
    *run->shared.tally = fresh;
    mark(run, true);
    run->packets_begin = packets(run);
    bool ok = process_sample(config->server, &run->begin);
    go_on(run, net_now_ns() + (int64_t)(config->seconds * 1e9));
    ok = ok && process_sample(config->server, &run->end);
    run->packets_end = packets(run);
    mark(run, false);
    go_on(run, net_now_ns() + DRAIN_NS);
    traffic_media(run->traffic, false);
    if (!ok) {
        (void)fprintf(stderr, "the server is gone\n");
    }
    return ok;
}

/* --- churn --- */

static bool churn(struct run *run)
{
    const struct calls_config *config = run->config;
    for (unsigned i = 0; i < config->churn; i++) {
        unsigned call = i % config->calls;
        go_on(run, run->set_up_ns[call] + AGAIN_NS);
        config->target.hang_up(config->target.context, call);
        go_on(run, net_now_ns() + 2000000);
        for (unsigned seat = 0; seat < config->parties; seat++) {
            peer_renew(peer_of(run, call, seat));
        }
        double ms = 0;
        if (!connect_call(run, call, &ms)) {
            return false;
        }
        run->churn_rss_kib[i >= config->churn / 2 ? 1 : 0] = process_rss_kib(config->server);
    }
    return true;
}

/* --- the report --- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

static json_t *setup_json(struct run *run)
{
    qsort(run->setup_ms, run->setups, sizeof(*run->setup_ms), by_size);
    return json_pack("{s:f, s:f, s:f, s:i}", "p50", run->setup_ms[run->setups / 2], "p99",
                     run->setup_ms[run->setups * 99 / 100], "max", run->setup_ms[run->setups - 1],
                     "count", (int)run->setups);
}

static json_t *delay_json(const struct tally *tally)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "p50", (json_int_t)tally_delay_us(tally, 0.5), "p99",
                     (json_int_t)tally_delay_us(tally, 0.99), "p999",
                     (json_int_t)tally_delay_us(tally, 0.999), "max",
                     (json_int_t)tally->delay_max_us);
}

static double per(uint64_t amount, double by)
{
    return by <= 0 ? 0 : (double)amount / by;
}

static json_t *server_json(const struct run *run)
{
    const struct process_sample *a = &run->begin;
    const struct process_sample *b = &run->end;
    double forwarded = (double)(run->packets_end - run->packets_begin);
    double span_ns = (double)(b->at_ns - a->at_ns);
    uint64_t user_ns = b->user_ns - a->user_ns;
    uint64_t system_ns = b->system_ns - a->system_ns;
    double us = per(b->run_ns - a->run_ns, forwarded * 1e3);
    double user_share = per(user_ns, (double)(user_ns + system_ns));
    uint64_t grown = b->rss_kib > run->before.rss_kib ? b->rss_kib - run->before.rss_kib : 0;
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:I, s:I, s:f, s:i}", "cpu_us_per_packet", us,
                     "user_us", us * user_share, "system_us", us * (1 - user_share), "cpu",
                     per(b->run_ns - a->run_ns, span_ns), "context_switches_per_packet",
                     per(b->switches - a->switches, forwarded), "rss_kib_before",
                     (json_int_t)run->before.rss_kib, "rss_kib_after", (json_int_t)b->rss_kib,
                     "kib_per_call", per(grown, run->config->calls), "threads", (int)b->threads);
}

static json_t *report(struct run *run)
{
    const struct tally *tally = run->shared.tally;
    const struct process_sample *a = &run->begin;
    const struct process_sample *b = &run->end;
    double span_ns = (double)(b->at_ns - a->at_ns);
    uint64_t both = b->run_ns - a->run_ns + b->own_ns - a->own_ns;
    uint64_t busy = b->machine_busy_ns - a->machine_busy_ns;
    uint64_t lost = tally->expected - tally->received;
    json_t *out =
        json_pack("{s:i, s:i, s:f, s:f, s:I, s:I, s:I, s:f, s:I, s:I, s:I, s:I}", "calls",
                  (int)run->config->calls, "parties", (int)run->config->parties, "seconds",
                  span_ns / 1e9, "pps", per(run->packets_end - run->packets_begin, span_ns / 1e9),
                  "sent", (json_int_t)tally->expected, "received", (json_int_t)tally->received,
                  "lost", (json_int_t)lost, "loss", per(lost, (double)tally->expected), "repaired",
                  (json_int_t)tally->repaired, "duplicates", (json_int_t)tally->duplicates,
                  "strange", (json_int_t)tally->strange, "opened", (json_int_t)tally->opened);
    json_t *more = json_pack(
        "{s:o, s:o, s:o, s:I, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I}", "delay_us",
        delay_json(tally), "setup_ms", setup_json(run), "server", server_json(run), "late",
        (json_int_t)tally->late, "generator_cpu", per(b->own_ns - a->own_ns, span_ns), "steal",
        per(b->machine_steal_ns - a->machine_steal_ns, span_ns), "other_cpu",
        per(busy > both ? busy - both : 0, span_ns), "generator_unsent",
        (json_int_t)net_unsent(run->shared.net), "generator_overrun",
        (json_int_t)net_overrun(run->shared.net), "rtcp", (json_int_t)tally->rtcp, "nacks_sent",
        (json_int_t)tally->nacks_sent, "nacks_heard", (json_int_t)tally->nacks_heard);
    CHECK(out != NULL && more != NULL && json_object_update(out, more) == 0);
    json_decref(more);
    if (run->config->churn > 0) {
        CHECK(json_object_set_new(out, "churn",
                                  json_pack("{s:i, s:I, s:I}", "count", (int)run->config->churn,
                                            "rss_kib_warm", (json_int_t)run->churn_rss_kib[0],
                                            "rss_kib_after", (json_int_t)run->churn_rss_kib[1])) ==
              0);
    }
    return out;
}

/* --- the run --- */

static bool begin(struct run *run, struct identity **out_identity)
{
    const struct calls_config *config = run->config;
    struct peer_shared *shared = &run->shared;
    shared->count = config->calls * config->parties;
    shared->peers = calloc(shared->count, sizeof(struct peer *));
    shared->tally = calloc(1, sizeof(*shared->tally));
    run->setup_ms = calloc(config->calls, sizeof(*run->setup_ms));
    run->set_up_ns = calloc(config->calls, sizeof(*run->set_up_ns));
    CHECK(shared->peers != NULL && shared->tally != NULL && run->setup_ms != NULL &&
          run->set_up_ns != NULL);
    if (net_open(config->first_ip, shared->count, &shared->net) != STATUS_OK ||
        !process_sample(config->server, &run->before)) {
        (void)fprintf(stderr, "no socket, or no process %d\n", (int)config->server);
        return false;
    }
    CHECK(identity_generate(out_identity) == STATUS_OK &&
          integrity_create(&shared->integrity) == STATUS_OK);
    shared->identity = *out_identity;
    shared->dtls = dtls_client_context(*out_identity, "SRTP_AEAD_AES_128_GCM");
    for (unsigned i = 0; i < shared->count; i++) {
        shared->peers[i] = peer_create(shared, i, config->parties - 1);
    }
    run->traffic = traffic_create(shared, config->pattern, 20261127);
    return true;
}

static void finish(struct run *run, struct identity *identity)
{
    for (unsigned i = 0; i < run->shared.count; i++) {
        peer_destroy(run->shared.peers[i]);
    }
    traffic_destroy(run->traffic);
    SSL_CTX_free(run->shared.dtls);
    identity_destroy(identity);
    integrity_destroy(run->shared.integrity);
    net_close(run->shared.net);
    free(run->shared.peers);
    free(run->shared.tally);
    free(run->setup_ms);
    free(run->set_up_ns);
}

json_t *calls_run(const struct calls_config *config)
{
    struct run run = {.config = config};
    struct identity *identity = NULL;
    json_t *out = NULL;
    if (begin(&run, &identity) && set_up(&run) && measure(&run) && churn(&run)) {
        out = report(&run);
    }
    finish(&run, identity);
    return out;
}
