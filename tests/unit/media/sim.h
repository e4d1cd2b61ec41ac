/* A worker core, clients and a network between them in virtual time: delay and loss by a fixed
 * seed, no sockets, no sleeps. */
#ifndef TESTS_UNIT_MEDIA_SIM_H
#define TESTS_UNIT_MEDIA_SIM_H

#include "media/worker/core.h"
#include "tests/unit/media/client.h"

#define SIM_SEATS 6
#define SIM_CLIENTS 8 /* and two observers */
#define SIM_FLIGHT 4096
#define SIM_REPORTS 1024
#define SIM_LINE_QUEUE_US 1000000 /* a cheap router's queue */

struct sim_flight {
    bool used, to_server;
    int64_t at_us;
    unsigned client;
    size_t len;
    uint8_t data[2048];
};

struct sim {
    int64_t now_us;
    int64_t delay_us;
    unsigned loss_percent;          /* each way, media phase */
    uint32_t line_bps[SIM_CLIENTS]; /* of the line to a client; 0: endless */
    int64_t line_free_us[SIM_CLIENTS];
    unsigned packets_per_frame[SIM_CLIENTS]; /* 0: three; of 1000 octets, 30 pictures a second */
    bool dtls_timers;                        /* clients resend lost flights */
    uint64_t random;
    struct identity *identity;
    struct dtls_context *dtls;
    struct core *core;
    struct outbox box;
    struct client *clients[SIM_CLIENTS]; /* NULL: none */
    struct addr addresses[SIM_CLIENTS];
    struct plan plans[SIM_CLIENTS];
    struct media_room room;
    uint32_t connections, connection[SIM_CLIENTS];
    unsigned report_count, to_client[SIM_CLIENTS];
    struct worker_report reports[SIM_REPORTS];
    unsigned box_full; /* refuse so many reports */
    struct negotiate_scratch scratch;
    struct sim_flight flight[SIM_FLIGHT];
};

static inline uint32_t sim_random(struct sim *sim)
{
    sim->random =
        sim->random * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX generator */
    return (uint32_t)(sim->random >> 33);
}

static inline bool sim_octets(void *context, uint8_t *out, size_t len)
{
    struct sim *sim = context;
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)sim_random(sim);
    }
    return true;
}

static inline void sim_enqueue(struct sim *sim, bool to_server, unsigned client,
                               const uint8_t *data, size_t len)
{
    if (sim_random(sim) % 100 < sim->loss_percent) {
        return;
    }
    int64_t leaves_us = sim->now_us;
    if (!to_server && sim->line_bps[client] > 0) {
        int64_t free_us = sim->line_free_us[client];
        leaves_us = (free_us > leaves_us ? free_us : leaves_us) +
                    (int64_t)(len + 28) * 8000000 / sim->line_bps[client];
        if (leaves_us > sim->now_us + SIM_LINE_QUEUE_US) {
            return; /* the line's queue is full */
        }
        sim->line_free_us[client] = leaves_us;
    }
    for (unsigned i = 0; i < SIM_FLIGHT; i++) {
        struct sim_flight *f = &sim->flight[i];
        if (!f->used) {
            *f = (struct sim_flight){.used = true,
                                     .to_server = to_server,
                                     .at_us = leaves_us + sim->delay_us,
                                     .client = client,
                                     .len = len};
            memcpy(f->data, data, len);
            return;
        }
    }
    CHECK(sim->now_us < 0); /* never: the simulated line holds that much */
}

static inline void sim_flush(void *context, struct outbox *box)
{
    struct sim *sim = context;
    for (size_t i = 0; i < box->count; i++) {
        for (unsigned k = 0; k < SIM_CLIENTS; k++) {
            if (addr_equal(&box->items[i].to, &sim->addresses[k])) {
                sim->to_client[k]++;
                sim_enqueue(sim, false, k, box->items[i].data, box->items[i].len);
            }
        }
    }
    box->count = 0;
}

static inline bool sim_report(void *context, const struct worker_report *report)
{
    struct sim *sim = context;
    if (sim->box_full > 0) {
        sim->box_full--;
        return false;
    }
    CHECK(sim->report_count < SIM_REPORTS);
    sim->reports[sim->report_count++] = *report;
    return true;
}

static inline unsigned sim_count(const struct sim *sim, enum media_event_type type, unsigned seat)
{
    unsigned count = 0;
    for (unsigned i = 0; i < sim->report_count; i++) {
        count += sim->reports[i].event.type == type && sim->reports[i].event.seat == seat ? 1 : 0;
    }
    return count;
}

static inline const char *sim_gone_reason(const struct sim *sim, unsigned seat)
{
    const char *reason = NULL;
    for (unsigned i = 0; i < sim->report_count; i++) {
        if (sim->reports[i].event.type == MEDIA_SEAT_GONE && sim->reports[i].event.seat == seat) {
            reason = sim->reports[i].event.reason;
        }
    }
    return reason;
}

static inline uint64_t sim_counter(struct sim *sim, enum counter which)
{
    return counters_get(core_counters(sim->core), which);
}

static inline struct sim *sim_create(void)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    CHECK(sim != NULL && identity_generate(&sim->identity) == STATUS_OK);
    CHECK(dtls_context_create(sim->identity, &sim->dtls) == STATUS_OK);
    sim->now_us = 1000000000;
    sim->delay_us = 10000;
    sim->random = 42;
    outbox_init(&sim->box, sim_flush, sim);
    struct core_config config = {.rooms_max = 4,
                                 .dtls = sim->dtls,
                                 .random = sim_octets,
                                 .random_context = sim,
                                 .report = sim_report,
                                 .report_context = sim};
    CHECK(core_create(&config, &sim->box, &sim->core) == STATUS_OK);
    for (unsigned i = 0; i < SIM_CLIENTS; i++) {
        char ip[16];
        (void)snprintf(ip, sizeof(ip), "10.0.0.%u", i + 1);
        CHECK(addr_of_text(ip, (uint16_t)(40000 + i), &sim->addresses[i]) == STATUS_OK);
    }
    sim->room = (struct media_room){2, 1};
    struct worker_command open = {.type = WORKER_ROOM_OPEN, .room = sim->room};
    core_command(sim->core, sim->now_us, &open);
    return sim;
}

static inline void sim_destroy(struct sim *sim)
{
    core_destroy(sim->core);
    dtls_context_destroy(sim->dtls);
    identity_destroy(sim->identity);
    for (unsigned i = 0; i < SIM_CLIENTS; i++) {
        if (sim->clients[i] != NULL) {
            client_destroy(sim->clients[i]);
        }
    }
    free(sim);
}

/* Offer of that client, answer, command to the core. slots: who is seen. offer_text: NULL = the
 * client's own. */
static inline void sim_connect(struct sim *sim, unsigned seat, const int8_t slots[PLAN_SLOTS_MAX],
                               struct client *client)
{
    sim->clients[seat] = client;
    char offer[8192];
    char answer[8192];
    struct writer w = writer_of(answer, sizeof(answer));
    struct negotiate_input input = {
        .offer = span_of(offer, client_offer(client, offer, sizeof(offer))),
        .former = sim->plans[seat].session_id == 0 ? NULL : &sim->plans[seat],
        .fingerprint = identity_fingerprint(sim->identity),
        .candidates = &sim->addresses[5],
        .candidate_count = 1,
        .random = sim_octets,
        .random_context = sim,
        .receive_only = seat >= MEDIA_SEATS_MAX};
    struct worker_command command = {
        .type = WORKER_CONNECT, .room = sim->room, .seat = (uint8_t)seat};
    const char *error = "";
    enum status status =
        negotiate_answer(&sim->scratch, &input, &command.plan, &command.kind, &w, &error);
    EXPECT_INT(status, STATUS_OK);
    EXPECT_TEXT(error, "");
    client_answer(client, writer_span(&w));
    if (command.kind == NEGOTIATE_FRESH) {
        sim->connection[seat] = ++sim->connections;
    }
    command.connection = sim->connection[seat];
    memcpy(command.slots, slots, PLAN_SLOTS_MAX);
    sim->plans[seat] = command.plan;
    core_command(sim->core, sim->now_us, &command);
}

static inline void sim_deliver(struct sim *sim)
{
    for (unsigned i = 0; i < SIM_FLIGHT; i++) {
        struct sim_flight *f = &sim->flight[i];
        if (!f->used || f->at_us > sim->now_us) {
            continue;
        }
        f->used = false;
        if (f->to_server) {
            core_datagram(sim->core, sim->now_us, &sim->addresses[f->client], f->data, f->len);
        } else if (sim->clients[f->client] != NULL) {
            client_input(sim->clients[f->client], sim->now_us, f->data, f->len);
        }
    }
}

static inline void sim_collect(struct sim *sim)
{
    for (unsigned k = 0; k < SIM_CLIENTS; k++) {
        struct client *c = sim->clients[k];
        while (c != NULL && c->out_count > 0) {
            struct client_datagram *d = &c->out[c->out_head];
            sim_enqueue(sim, true, k, d->data, d->len);
            c->out_head = (c->out_head + 1) % CLIENT_QUEUE;
            c->out_count--;
        }
    }
}

static inline void sim_step(struct sim *sim)
{
    sim->now_us += 1000;
    sim_deliver(sim);
    core_tick(sim->core, sim->now_us);
    outbox_flush(&sim->box);
    for (unsigned k = 0; sim->dtls_timers && k < SIM_CLIENTS; k++) {
        if (sim->clients[k] != NULL) {
            client_dtls_tick(sim->clients[k]);
        }
    }
    sim_collect(sim);
}

/* Checks each second, media, reports, NACK and feedback of every connected client for so long. */
static inline void sim_run(struct sim *sim, int64_t span_us, bool media)
{
    static const struct client_check plain = {0};
    int64_t end_us = sim->now_us + span_us;
    while (sim->now_us < end_us) {
        int64_t ms = sim->now_us / 1000;
        for (unsigned k = 0; k < SIM_CLIENTS; k++) {
            struct client *c = sim->clients[k];
            if (c == NULL) {
                continue;
            }
            if (ms % 1000 == k || (!c->nominated && ms % 50 == 0)) {
                client_stun(c, &plain);
            }
            if (c->srtp == NULL || !media) {
                continue;
            }
            if (ms % 20 == 0 && sim->plans[k].publish[PLAN_AUDIO].active) {
                client_send_audio(c);
            }
            if (ms % 33 == 0 && sim->plans[k].publish[PLAN_VIDEO].active) {
                client_send_frame(c,
                                  sim->packets_per_frame[k] == 0 ? 3 : sim->packets_per_frame[k]);
            }
            if (ms % 500 == 0) {
                client_send_report(c, sim->now_us);
            }
            if (ms % 100 == 0) {
                client_send_feedback(c);
            }
            if (ms % 10 == 0) {
                client_send_nacks(c, sim->now_us, (uint32_t)(2 * sim->delay_us));
            }
        }
        sim_step(sim);
    }
}

#endif
