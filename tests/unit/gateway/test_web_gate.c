/* gateway/web/gate: order, the limit, places that become free, peers that never finish, the end. */
#include "gateway/web/gate.h"
#include "gateway/web/loop_engine.h"
#include "media/rt/clock.h"
#include "tests/unit/test.h"

#include <time.h>

#define MANY (3 * GATE_COUNT_MAX)

static struct loop *loop;
static struct web_gate *gate;
static struct web_gate_pass passes[MANY];
static int admitted[MANY]; /* descriptors, which here are only numbers, in their order */
static unsigned admitted_count, refused_count;

static void admit(void *context, int fd, const struct web_listener_peer *peer)
{
    (void)context;
    EXPECT_INT(peer->address[15], fd % 256);
    web_gate_hold(gate, &passes[fd]);
    admitted[admitted_count++] = fd;
}

static void refuse(void *context, int fd, const struct web_listener_peer *peer)
{
    (void)context;
    (void)fd;
    (void)peer;
    refused_count++;
}

static void begin(unsigned count)
{
    memset(passes, 0, sizeof(passes));
    admitted_count = 0;
    refused_count = 0;
    EXPECT(loop_create(&loop) == STATUS_OK);
    struct web_gate_config config = {.loop = loop, .admit = admit, .refuse = refuse};
    EXPECT(web_gate_create(&config, &gate) == STATUS_OK);
    for (unsigned i = 0; i < count; i++) {
        struct web_listener_peer peer = {{0}};
        peer.address[15] = (uint8_t)i;
        web_gate_enter(gate, (int)i, &peer);
    }
}

static void end(void)
{
    web_gate_close(gate);
    for (unsigned i = 0; i < MANY; i++) {
        web_gate_release(gate, &passes[i]);
    }
    loop_turn(loop);
    loop_close(loop);
    web_gate_destroy(gate);
    loop_destroy(loop);
}

static bool in_order(void)
{
    for (unsigned i = 0; i < admitted_count; i++) {
        if (admitted[i] != (int)i) {
            return false;
        }
    }
    return true;
}

static void test_few_do_not_wait(void)
{
    begin(GATE_COUNT_MAX);
    EXPECT_INT(admitted_count, GATE_COUNT_MAX);
    EXPECT_INT(web_gate_waiting(gate), 0);
    end();
    EXPECT_INT(refused_count, 0);
}

static void test_places_become_free(void)
{
    begin(MANY);
    EXPECT_INT(admitted_count, GATE_COUNT_MAX);
    EXPECT_INT(web_gate_waiting(gate), MANY - GATE_COUNT_MAX);
    web_gate_release(gate, &passes[0]);                  /* the oldest */
    web_gate_release(gate, &passes[7]);                  /* one in the middle */
    web_gate_release(gate, &passes[GATE_COUNT_MAX - 1]); /* the newest */
    web_gate_release(gate, &passes[7]);                  /* again: nothing */
    EXPECT_INT(admitted_count, GATE_COUNT_MAX);          /* not inside somebody's event */
    loop_turn(loop);
    EXPECT_INT(admitted_count, GATE_COUNT_MAX + 3);
    EXPECT(in_order());
    end();
    EXPECT_INT(refused_count, MANY - GATE_COUNT_MAX - 3);
}

/* Ticks as the gate's own, counted beside it: a busy machine holds up both. */
static unsigned ticks;
static void on_tick(struct loop_timer *timer)
{
    ticks++;
    loop_timer_set(loop, timer, GATE_TICK_US);
}

/* All that were let in never finish: the others come in nevertheless, soon and a gateful at a time.
 */
static void test_stalled_peers_hold_up_nobody(void)
{
    const unsigned most = 2 * 2 * GATE_STALL_TICKS; /* steps of the wheel: two of ours to one */
    struct loop_timer timer = {.run = on_tick};
    begin(MANY);
    ticks = 0;
    int64_t start_us = clock_monotonic_us();
    loop_timer_set(loop, &timer, GATE_TICK_US);
    while (admitted_count < MANY && ticks <= most) {
        loop_turn(loop);
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        EXPECT_INT(admitted_count % GATE_COUNT_MAX, 0);
    }
    int64_t took_us = clock_monotonic_us() - start_us;
    EXPECT_INT(admitted_count, MANY);
    EXPECT(took_us >= 2 * GATE_STALL_TICKS * GATE_TICK_US - GATE_TICK_US);
    EXPECT(ticks <= most);
    printf("  %u let in after %u ticks, %.0f ms\n", MANY, ticks, (double)took_us / 1000);
    EXPECT(in_order());
    loop_timer_cancel(loop, &timer);
    end();
}

static void test_closed(void)
{
    begin(GATE_COUNT_MAX + 5);
    web_gate_close(gate);
    EXPECT_INT(refused_count, 5);
    struct web_listener_peer peer = {{0}};
    web_gate_enter(gate, 0, &peer);
    EXPECT_INT(refused_count, 6);
    web_gate_release(gate, &passes[0]);
    loop_turn(loop);
    EXPECT_INT(admitted_count, GATE_COUNT_MAX);
    end();
}

int main(void)
{
    static const struct test_case cases[] = {
        {"few do not wait", test_few_do_not_wait},
        {"places become free", test_places_become_free},
        {"stalled peers hold up nobody", test_stalled_peers_hold_up_nobody},
        {"closed", test_closed},
    };
    return TEST_MAIN(cases);
}
