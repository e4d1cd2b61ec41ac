/* Observers in the media plane: they receive what the seats send, and nothing that they send goes
 * anywhere or changes what the parties get. */
#include "media/relay/party.h"
#include "tests/unit/media/sim.h"

#define GCM128 "SRTP_AEAD_AES_128_GCM"
enum { FIRST = MEDIA_SEATS_MAX, SECOND };

static const int8_t sees_1[PLAN_SLOTS_MAX] = {1, -1, -1, -1, -1, -1};
static const int8_t sees_0[PLAN_SLOTS_MAX] = {0, -1, -1, -1, -1, -1};
static const int8_t sees_both[PLAN_SLOTS_MAX] = {0, 1, -1, -1, -1, -1};

static struct sim *pair(void)
{
    struct sim *sim = sim_create();
    sim_connect(sim, 0, sees_1, client_create("a", GCM128, 1));
    sim_connect(sim, 1, sees_0, client_create("b", GCM128, 2));
    sim_run(sim, 400000, false);
    return sim;
}

static struct client *observe(struct sim *sim, unsigned place, uint32_t seed)
{
    struct client *c = client_create("observer", GCM128, seed);
    c->slots = 2;
    sim_connect(sim, place, sees_both, c); /* its offer would send, as a browser's might */
    sim_run(sim, 400000, true);
    return c;
}

static void receives_both_and_sends_nothing(void)
{
    struct sim *sim = pair();
    uint64_t caches = sim_counter(sim, COUNTER_CACHE_TAKEN);
    struct client *observer = observe(sim, FIRST, 3);
    struct party *party = core_party(sim->core, sim->room, FIRST);
    EXPECT(party != NULL && party->up[PLAN_VIDEO].cache == NULL);
    EXPECT(!sim->plans[FIRST].publish[PLAN_AUDIO].active);
    EXPECT(sim->plans[0].publish[PLAN_AUDIO].active); /* of the same offer */
    sim_run(sim, 3000000, true);
    for (unsigned slot = 0; slot < 2; slot++) {
        EXPECT(observer->slot_packets[slot][PLAN_AUDIO] > 140);
        EXPECT(observer->slot_packets[slot][PLAN_VIDEO] > 250);
    }
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_LIVE, FIRST), 1);
    EXPECT(caches > 0 && sim_counter(sim, COUNTER_DROP_RTP_DIRECTION) == 0);
    unsigned heard[2] = {sim->clients[0]->rx[1].packets, sim->clients[1]->rx[1].packets};
    for (unsigned i = 0; i < 30; i++) { /* nobody else sends now */
        client_send_frame(observer, 3);
        client_send_audio(observer);
        sim_run(sim, 33000, false);
    }
    EXPECT_INT(sim_counter(sim, COUNTER_DROP_RTP_DIRECTION), 120);
    EXPECT(sim->clients[0]->rx[1].packets <= heard[0] + 3); /* what was on its way */
    EXPECT(sim->clients[1]->rx[1].packets <= heard[1] + 3);
    for (unsigned seat = 0; seat < 2; seat++) {
        EXPECT_INT(sim->clients[seat]->rx[1].ssrc_changes, 0);
    }
    sim_destroy(sim);
}

/* A thin line lowers what the other party sends; the same line of an observer does not. */
static void has_no_say(void)
{
    struct sim *sim = pair();
    (void)observe(sim, FIRST, 3);
    sim_run(sim, 3000000, true);
    uint64_t before = sim->clients[0]->remb_bps;
    EXPECT(before > 3000000);
    sim->line_bps[FIRST] = 100000;
    sim_run(sim, 6000000, true);
    EXPECT(sim->clients[0]->remb_bps >= before);
    sim->line_bps[1] = 100000;
    sim_run(sim, 6000000, true);
    EXPECT(sim->clients[0]->remb_bps < 1000000);
    sim_destroy(sim);
}

static void closing_a_leg(void)
{
    struct sim *sim = pair();
    struct client *gone = observe(sim, FIRST, 3);
    struct client *stays = observe(sim, SECOND, 4);
    sim_run(sim, 1000000, true);
    struct worker_command leave = {.type = WORKER_LEAVE, .room = sim->room, .seat = FIRST};
    core_command(sim->core, sim->now_us, &leave);
    EXPECT(core_party(sim->core, sim->room, FIRST) == NULL);
    sim_run(sim, 20000, true); /* what was on its way: one delay */
    unsigned before = gone->slot_packets[0][PLAN_VIDEO];
    unsigned others = stays->slot_packets[0][PLAN_VIDEO];
    sim_run(sim, 1000000, true);
    EXPECT_INT(gone->slot_packets[0][PLAN_VIDEO], before);
    EXPECT(stays->slot_packets[0][PLAN_VIDEO] > others + 80);
    struct worker_command close = {.type = WORKER_ROOM_CLOSE, .room = sim->room};
    core_command(sim->core, sim->now_us, &close);
    EXPECT(core_deadline(sim->core) == INT64_MAX); /* no connection is left */
    sim_destroy(sim);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"receives both parties, sends nothing", receives_both_and_sends_nothing},
        {"has no say in what is sent", has_no_say},
        {"a leg is closed at once", closing_a_leg},
    };
    return TEST_MAIN(cases);
}
