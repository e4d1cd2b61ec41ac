/* Calls over bad lines in virtual time: lost DTLS flights, long round trips, thin lines, roaming,
 * six parties, parties that have less than others. OpenSSL's DTLS timer runs on the virtual clock
 * too: libssl takes the time by gettimeofday(), which this program defines. */
#include "tests/unit/media/sim.h"

#include <sys/time.h>

static const int8_t sees_1[PLAN_SLOTS_MAX] = {1, -1, -1, -1, -1, -1};
static const int8_t sees_0[PLAN_SLOTS_MAX] = {0, -1, -1, -1, -1, -1};
#define GCM128 "SRTP_AEAD_AES_128_GCM"

static const int64_t *virtual_us; /* NULL: the system's clock */

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    (void)zone;
    int64_t us;
    if (virtual_us != NULL) {
        us = *virtual_us;
    } else {
        struct timespec now;
        CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
        us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    }
    tv->tv_sec = (time_t)(us / 1000000);
    tv->tv_usec = (suseconds_t)(us % 1000000);
    return 0;
}

static struct sim *virtual_sim(void)
{
    struct sim *sim = sim_create();
    virtual_us = &sim->now_us;
    return sim;
}

static void end(struct sim *sim)
{
    virtual_us = NULL;
    sim_destroy(sim);
}

static struct sim *pair(void)
{
    struct sim *sim = virtual_sim();
    sim_connect(sim, 0, sees_1, client_create("a", GCM128, 1));
    sim_connect(sim, 1, sees_0, client_create("b", GCM128, 2));
    sim_run(sim, 400000, false);
    CHECK(sim->clients[0]->srtp != NULL && sim->clients[1]->srtp != NULL);
    return sim;
}

static int64_t time_to_keys(struct sim *sim, int64_t most_us)
{
    int64_t begin_us = sim->now_us;
    while (sim->now_us - begin_us < most_us &&
           (sim_count(sim, MEDIA_SEAT_CONNECTED, 0) == 0 || sim->clients[0]->srtp == NULL)) {
        sim_run(sim, 1000, false);
    }
    return sim->now_us - begin_us;
}

/* --- DTLS --- */

static void lost_flights(void)
{
    int64_t worst_us = 0;
    for (unsigned seed = 1; seed <= 12; seed++) {
        struct sim *sim = virtual_sim();
        sim->random = 7919u * seed;
        sim->delay_us = 40000;
        sim->loss_percent = 20;
        sim->dtls_timers = true;
        sim_connect(sim, 0, sees_1, client_create("a", GCM128, seed));
        int64_t took_us = time_to_keys(sim, 8000000);
        worst_us = took_us > worst_us ? took_us : worst_us;
        EXPECT_INT(sim_count(sim, MEDIA_SEAT_CONNECTED, 0), 1);
        EXPECT_INT(sim_count(sim, MEDIA_SEAT_GONE, 0), 0);
        end(sim);
    }
    printf("     20 %% loss each way, 80 ms round trip: keys after %lld ms at worst\n",
           (long long)worst_us / 1000);
    EXPECT(worst_us < 3000000);
}

/* The client resends nothing: only our own timer brings the lost flight again. */
static void our_timer_alone(void)
{
    struct sim *sim = virtual_sim();
    sim_connect(sim, 0, sees_1, client_create("a", GCM128, 3));
    while (!sim->clients[0]->nominated) {
        sim_run(sim, 1000, false);
    }
    sim_run(sim, 8000, false); /* the ClientHello is on its way */
    sim->loss_percent = 100;
    sim_run(sim, 40000, false); /* the answer to it is lost */
    EXPECT(sim->clients[0]->srtp == NULL);
    sim->loss_percent = 0;
    int64_t took_us = time_to_keys(sim, 5000000);
    EXPECT(took_us < 150000); /* 50 ms after the first flight, and its way */
    end(sim);
}

/* --- loss and round trip --- */

static unsigned holes(const struct client_rx *rx, unsigned newest)
{
    unsigned count = 0;
    for (uint16_t s = rx->first; s != (uint16_t)(rx->highest - newest); s++) {
        count += rx->seen[s] == 0 ? 1 : 0;
    }
    return count;
}

static void long_round_trip(void)
{
    static const struct {
        unsigned loss;
        unsigned holes_permille;
    } rows[] = {{10, 3}, {20, 20}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sim *sim = pair();
        sim->delay_us = 150000;
        sim_run(sim, 2000000, true); /* reports tell the round trip */
        sim->loss_percent = rows[i].loss;
        for (unsigned seat = 0; seat < 2; seat++) {
            sim->clients[seat]->nack_early_us = 300000;
        }
        unsigned asked = sim->clients[0]->keyframes_asked;
        sim_run(sim, 15000000, true);
        for (unsigned seat = 0; seat < 2; seat++) {
            const struct client *c = sim->clients[seat];
            unsigned sent = (uint16_t)(c->rx[1].highest - c->rx[1].first) + 1u;
            EXPECT(sent > 1200);
            EXPECT(c->nacks_heard > 100);
            EXPECT_INT(c->nacks_early, 0);
            EXPECT(holes(&c->rx[1], 250) * 1000 < sent * rows[i].holes_permille);
        }
        EXPECT(sim->clients[0]->keyframes_asked - asked <= 16); /* one a second at most */
        EXPECT_INT(sim_count(sim, MEDIA_SEAT_SILENT, 0), 0);
        end(sim);
    }
}

/* A thread that is overloaded asks for nothing and resends nothing; media goes on, repairs come
 * back by themselves. */
static void repairs_rest_under_strain(void)
{
    struct sim *sim = pair();
    sim_run(sim, 2000000, true);
    sim->loss_percent = 10;
    sim_run(sim, 1000000, true);
    struct client *c = sim->clients[0];
    EXPECT(c->nacks_heard > 5 && c->rx[1].rtx > 3); /* control */
    for (unsigned i = 0; i < 3; i++) { /* what was on its way arrives in the first half second */
        unsigned asked = c->nacks_heard;
        unsigned repaired = c->rx[1].rtx;
        unsigned packets = c->rx[1].packets;
        for (unsigned k = 0; k < 10; k++) {
            core_strained(sim->core, sim->now_us);
            sim_run(sim, 50000, true);
        }
        EXPECT(i == 0 || (c->nacks_heard == asked && c->rx[1].rtx == repaired));
        EXPECT(c->rx[1].packets > packets + 25);
    }
    unsigned asked = c->nacks_heard;
    unsigned repaired = c->rx[1].rtx;
    sim_run(sim, 1000000 + CORE_STRAINED_US, true);
    EXPECT(c->nacks_heard > asked + 5 && c->rx[1].rtx > repaired + 3);
    EXPECT(sim_counter(sim, COUNTER_STRAINED) == 30 && sim_counter(sim, COUNTER_NACK_STRAINED) > 5);
    end(sim);
}

/* Nobody but the recorder listens: it drops pictures after a hole until a key frame comes. */
static void recorder_alone(void)
{
    struct sim *sim = virtual_sim();
    sim_connect(sim, 0, sees_1, client_create("a", GCM128, 1));
    sim_run(sim, 400000, false);
    struct worker_command record = {.type = WORKER_RECORD, .room = sim->room, .recording = 5};
    core_command(sim->core, sim->now_us, &record);
    sim_run(sim, 6000000, true);
    struct client *c = sim->clients[0];
    unsigned asked = c->keyframes_asked;
    c->deaf_to_nack = true;
    sim->loss_percent = 100;
    sim_run(sim, 40000, true);
    sim->loss_percent = 0;
    sim_run(sim, 2000000, true);
    EXPECT(c->nacks_heard >= NACK_TRIES);
    EXPECT(c->keyframes_asked > asked); /* given up after its tries */
    asked = c->keyframes_asked;
    c->deaf_to_nack = false;
    sim_run(sim, 5000000, true);
    EXPECT_INT(c->keyframes_asked, asked); /* control: nothing is lost, nothing is asked for */
    sim->loss_percent = 100;
    sim_run(sim, 40000, true);
    sim->loss_percent = 0;
    sim_run(sim, 3000000, true);
    EXPECT_INT(c->keyframes_asked, asked); /* control: what was repaired needs none */
    end(sim);
}

/* A fresh connection does not wait for the throttle of the requests before it. */
static void fresh_receiver_is_quick(void)
{
    struct sim *sim = pair();
    sim_run(sim, 3000000, true);
    for (unsigned i = 0; i < 3; i++) { /* the last request was just before */
        client_send_pli(sim->clients[1]);
        sim_run(sim, 400000, true);
    }
    struct client *old = sim->clients[1];
    sim->addresses[1].port++;
    sim_connect(sim, 1, sees_0, client_create("b2", GCM128, 7));
    int64_t begin_us = sim->now_us;
    while (sim->clients[1]->rx[1].packets == 0 && sim->now_us - begin_us < 3000000) {
        sim_run(sim, 1000, true);
    }
    int64_t took_us = sim->now_us - begin_us;
    printf("     offer to first picture: %lld ms\n", (long long)took_us / 1000);
    EXPECT(took_us < 500000);
    client_destroy(old);
    end(sim);
}

/* Browsers nominate the pair some time after DTLS: a key frame that came before would be lost. */
static void nomination_after_dtls(void)
{
    static const struct client_check plain = {0};
    static const struct client_check without = {.no_candidate = true};
    struct sim *sim = pair();
    sim_run(sim, 3000000, true);
    struct client *old = sim->clients[1];
    sim->addresses[1].port++;
    sim_connect(sim, 1, sees_0, client_create("b2", GCM128, 7));
    client_stun(sim->clients[1], &without);
    for (unsigned i = 0; i < 300 && sim->clients[1]->srtp == NULL; i++) {
        sim_step(sim);
    }
    EXPECT(sim->clients[1]->srtp != NULL);
    client_stun(sim->clients[1], &plain);
    int64_t begin_us = sim->now_us;
    while (sim->clients[1]->rx[1].packets == 0 && sim->now_us - begin_us < 3000000) {
        sim_run(sim, 1000, true);
    }
    EXPECT(sim->now_us - begin_us < 200000);
    client_destroy(old);
    end(sim);
}

/* --- thin lines --- */

/* A publisher that does what REMB says, 30 pictures a second. */
static void obey(struct sim *sim, unsigned seat)
{
    uint64_t bps = sim->clients[seat]->remb_bps;
    unsigned packets = (unsigned)(bps / (30 * 8000));
    sim->packets_per_frame[seat] = packets < 1 ? 1 : packets > 3 ? 3 : packets;
}

static int64_t until_told(struct sim *sim, bool below, uint64_t bps, int64_t most_us)
{
    int64_t begin_us = sim->now_us;
    while (sim->now_us - begin_us < most_us &&
           (below ? sim->clients[0]->remb_bps >= bps : sim->clients[0]->remb_bps <= bps)) {
        obey(sim, 0);
        sim_run(sim, 20000, true);
    }
    return sim->now_us - begin_us;
}

static void thin_line(void)
{
    struct sim *sim = pair();
    sim_run(sim, 3000000, true);
    EXPECT(sim->clients[0]->remb_bps > 3000000);
    sim->line_bps[1] = 256000;
    int64_t down_us = until_told(sim, true, 300000, 5000000);
    for (unsigned i = 0; i < 400; i++) {
        obey(sim, 0);
        sim_run(sim, 20000, true);
    }
    EXPECT(sim->clients[0]->remb_bps < 400000);
    uint64_t lost = sim->reports[sim->report_count - 1].event.down[1].lost;
    sim->line_bps[1] = 0;
    int64_t up_us = until_told(sim, false, 500000, 20000000);
    printf("     256 kbit/s: told after %lld ms, free again after %lld ms, %llu packets lost\n",
           (long long)down_us / 1000, (long long)up_us / 1000, (unsigned long long)lost);
    EXPECT(down_us < 2000000);
    EXPECT(up_us < 10000000);
    end(sim);
}

/* One picture of 30 packets: how long it takes to leave, and the most that leaves in 5 ms. */
static void send_large(struct sim *sim, int64_t *out_took_us, unsigned *out_most)
{
    uint64_t had = sim_counter(sim, COUNTER_RELAYED);
    client_send_frame(sim->clients[0], 30);
    sim_collect(sim);
    *out_most = 0;
    int64_t first_us = 0;
    int64_t last_us = 0;
    for (unsigned i = 0; i < 100; i++) {
        uint64_t before = sim_counter(sim, COUNTER_RELAYED);
        for (unsigned ms = 0; ms < 5; ms++) {
            sim_step(sim);
        }
        unsigned sent = (unsigned)(sim_counter(sim, COUNTER_RELAYED) - before);
        *out_most = sent > *out_most ? sent : *out_most;
        first_us = first_us == 0 && sent > 0 ? sim->now_us : first_us;
        last_us = sent > 0 ? sim->now_us : last_us;
    }
    EXPECT_INT(sim_counter(sim, COUNTER_RELAYED) - had, 30);
    *out_took_us = last_us - first_us;
}

static void pacing(void)
{
    int64_t took_us;
    unsigned most;
    struct sim *sim = pair();
    sim_run(sim, 3000000, true);
    sim_run(sim, 100000, false);
    send_large(sim, &took_us, &most);
    printf("     30 packets, line not known to be thin: %lld ms, at most %u in 5 ms\n",
           (long long)took_us / 1000, most);
    EXPECT(took_us <= 15000);
    EXPECT(most >= 10);
    sim->line_bps[1] = 256000;
    (void)until_told(sim, true, 300000, 5000000);
    for (unsigned i = 0; i < 200; i++) {
        obey(sim, 0);
        sim_run(sim, 20000, true);
    }
    sim_run(sim, 1500000, false); /* what waits has left */
    uint64_t paced = sim_counter(sim, COUNTER_PACED);
    send_large(sim, &took_us, &most);
    printf("     30 packets, 256 kbit/s: %lld ms, at most %u in 5 ms\n", (long long)took_us / 1000,
           most);
    EXPECT(took_us >= 100000 && took_us <= 400000);
    EXPECT(most <= 8);
    EXPECT(sim_counter(sim, COUNTER_PACED) - paced >= 20);
    EXPECT_INT(sim_counter(sim, COUNTER_DROP_PACER), 0);
    end(sim);
}

/* What waits for a thin line is sent before its publisher's cache goes. */
static void publisher_changes_while_packets_wait(void)
{
    struct sim *sim = pair();
    sim->line_bps[1] = 256000;
    sim_run(sim, 6000000, true);
    struct client *old = sim->clients[0];
    client_send_frame(old, 30);
    sim_collect(sim);
    sim_run(sim, sim->delay_us + 5000, false);
    sim->addresses[0].port++;
    sim_connect(sim, 0, sees_1, client_create("a2", GCM128, 7));
    EXPECT_INT(sim_counter(sim, COUNTER_DROP_PACER), 0);
    sim->line_bps[1] = 0;
    sim_run(sim, 3000000, true);
    EXPECT_INT(sim->clients[1]->rx[1].ssrc_changes, 0);
    EXPECT_INT(sim->clients[1]->rx[1].jumps, 0);
    client_destroy(old);
    end(sim);
}

/* --- roaming --- */

static void address_changes(void)
{
    static const struct client_check plain = {0};
    struct sim *sim = pair();
    sim_run(sim, 2000000, true);
    for (unsigned hop = 0; hop < 12; hop++) { /* more than the pairs that are remembered */
        unsigned up = sim->clients[1]->rx[1].packets;
        unsigned down = sim->clients[0]->rx[1].packets;
        sim->addresses[0].port++;
        client_stun(sim->clients[0], &plain);
        sim_run(sim, 1000000, true);
        EXPECT(sim->clients[1]->rx[1].packets > up + 80);
        EXPECT(sim->clients[0]->rx[1].packets > down + 80);
    }
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_SILENT, 0) + sim_count(sim, MEDIA_SEAT_GONE, 0), 0);
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_CONNECTED, 0), 1); /* no second handshake */
    end(sim);
}

/* --- six parties --- */

static void sees_others(unsigned own, int8_t slots[PLAN_SLOTS_MAX])
{
    unsigned count = 0;
    memset(slots, -1, PLAN_SLOTS_MAX);
    for (int8_t seat = 0; seat < SIM_SEATS; seat++) {
        if (seat != (int8_t)own && count < PLAN_SLOTS_MAX) {
            slots[count++] = seat;
        }
    }
}

static void join(struct sim *sim, unsigned seat, uint32_t seed)
{
    int8_t slots[PLAN_SLOTS_MAX];
    sees_others(seat, slots);
    struct client *c = client_create("x", GCM128, seed);
    c->slots = 5;
    sim_connect(sim, seat, slots, c);
}

static void expect_all_seen(struct sim *sim, unsigned absent)
{
    unsigned before[SIM_SEATS][5][2];
    for (unsigned seat = 0; seat < SIM_SEATS; seat++) {
        memcpy(before[seat], sim->clients[seat]->slot_packets, sizeof(before[seat]));
    }
    sim_run(sim, 1000000, true);
    for (unsigned seat = 0; seat < SIM_SEATS; seat++) {
        int8_t shown[PLAN_SLOTS_MAX];
        sees_others(seat, shown);
        for (unsigned slot = 0; slot < 5 && seat != absent; slot++) {
            bool there = (unsigned)shown[slot] != absent;
            const unsigned *now = sim->clients[seat]->slot_packets[slot];
            EXPECT(there ? now[0] > before[seat][slot][0] + 40 : now[0] == before[seat][slot][0]);
            EXPECT(there ? now[1] > before[seat][slot][1] + 80 : now[1] == before[seat][slot][1]);
        }
    }
}

static void six_parties(void)
{
    struct sim *sim = virtual_sim();
    for (unsigned seat = 0; seat < SIM_SEATS; seat++) {
        join(sim, seat, seat + 1);
        sim_run(sim, 150000, true);
    }
    sim_run(sim, 1500000, true);
    expect_all_seen(sim, SIM_SEATS);
    for (unsigned round = 0; round < 3; round++) {
        unsigned seat = round * 2;
        struct worker_command leave = {
            .type = WORKER_LEAVE, .room = sim->room, .seat = (uint8_t)seat};
        core_command(sim->core, sim->now_us, &leave);
        sim_run(sim, 200000, true);
        expect_all_seen(sim, seat);
        struct client *old = sim->clients[seat];
        sim->addresses[seat].port++;
        join(sim, seat, 20 + round);
        client_destroy(old);
        sim_run(sim, 1500000, true);
        expect_all_seen(sim, SIM_SEATS);
    }
    struct worker_command close = {.type = WORKER_ROOM_CLOSE, .room = sim->room};
    core_command(sim->core, sim->now_us, &close);
    EXPECT(core_deadline(sim->core) == INT64_MAX); /* no connection is left */
    end(sim);
}

/* --- parties that have less --- */

static void audio_or_video_only(void)
{
    for (unsigned kind = 0; kind < 2; kind++) {
        struct sim *sim = virtual_sim();
        struct client *less = client_create("less", GCM128, 1);
        less->direction[kind] = "recvonly"; /* sends only the other one */
        sim_connect(sim, 0, sees_1, less);
        sim_connect(sim, 1, sees_0, client_create("b", GCM128, 2));
        sim_run(sim, 400000, false);
        sim_run(sim, 3000000, true);
        EXPECT_INT(sim->clients[1]->rx[kind].packets, 0);
        EXPECT(sim->clients[1]->rx[1 - kind].packets > 100);
        EXPECT(less->rx[0].packets > 100 && less->rx[1].packets > 200);
        EXPECT_INT(sim_count(sim, MEDIA_SEAT_LIVE, 0), 1);
        EXPECT_INT(less->keyframes_asked, kind == 1 ? 0 : less->keyframes_asked);
        end(sim);
    }
}

static void codec_that_the_other_lacks(void)
{
    struct sim *sim = virtual_sim();
    struct client *h264 = client_create("h264", GCM128, 2);
    h264->video_codec = "H264";
    h264->direction[1] = "recvonly"; /* this client makes no H.264 pictures */
    sim_connect(sim, 0, sees_1, client_create("a", GCM128, 1));
    sim_connect(sim, 1, sees_0, h264);
    sim_run(sim, 400000, false);
    sim_run(sim, 5000000, true);
    EXPECT_INT(h264->rx[1].packets, 0);
    EXPECT(h264->rx[0].packets > 200);
    EXPECT(sim->clients[0]->rx[0].packets > 200);
    EXPECT(sim_counter(sim, COUNTER_DROP_NO_CODEC) > 300);
    EXPECT(sim->clients[0]->keyframes_asked <= 2); /* nobody could show them */
    end(sim);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"DTLS: 20 % loss each way", lost_flights},
        {"DTLS: our timer alone brings a lost flight", our_timer_alone},
        {"300 ms round trip, 10 and 20 % loss", long_round_trip},
        {"repairs rest under strain", repairs_rest_under_strain},
        {"a hole that only the recorder sees", recorder_alone},
        {"a fresh receiver does not wait for the throttle", fresh_receiver_is_quick},
        {"the pair is nominated after DTLS", nomination_after_dtls},
        {"a line of 256 kbit/s and back", thin_line},
        {"a key frame is spread over a thin line", pacing},
        {"publisher replaced while packets wait", publisher_changes_while_packets_wait},
        {"roaming", address_changes},
        {"six parties", six_parties},
        {"audio only, video only", audio_or_video_only},
        {"a codec that the other lacks", codec_that_the_other_lacks},
    };
    return TEST_MAIN(cases);
}
