#include "gateway/web/loop.h"

#include "gateway/web/loop_engine.h"
#include "media/rt/clock.h"
#include "proto/base/check.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TICK_US 10000
#define WHEEL_SLOTS 4096 /* 41 s a turn; a timer further ahead is passed over once a turn */
#define WORD_BITS 64

/* The wheel: slot = due tick modulo WHEEL_SLOTS, doubly linked; a timer is set when its due_us is
 * not 0. One uv timer is armed for the next occupied slot only: an idle gateway sleeps. Invariant:
 * no set timer has a due tick below wheel_tick. */
struct loop {
    uv_loop_t uv;
    uv_async_t async;
    uv_timer_t timer;
    pthread_mutex_t lock; /* guards posted */
    struct loop_task *posted, **posted_last;
    bool closed;
    int64_t start_us;
    int64_t wheel_tick; /* next tick to look at */
    int64_t armed_tick; /* for which the uv timer is armed; 0 = not armed */
    uint64_t occupied[WHEEL_SLOTS / WORD_BITS];
    struct loop_timer *slots[WHEEL_SLOTS];
};

static int64_t tick_of(const struct loop *loop, int64_t due_us)
{
    int64_t ahead = due_us - loop->start_us;
    return ahead <= 0 ? 1 : (ahead + TICK_US - 1) / TICK_US; /* never early */
}

static void slot_unlink(struct loop *loop, struct loop_timer *timer)
{
    size_t slot = (size_t)(tick_of(loop, timer->due_us) % WHEEL_SLOTS);
    if (timer->previous == NULL) {
        CHECK(loop->slots[slot] == timer);
        loop->slots[slot] = timer->next;
        if (timer->next == NULL) {
            loop->occupied[slot / WORD_BITS] &= ~(UINT64_C(1) << (slot % WORD_BITS));
        }
    } else {
        timer->previous->next = timer->next;
    }
    if (timer->next != NULL) {
        timer->next->previous = timer->previous;
    }
    timer->next = NULL;
    timer->previous = NULL;
    timer->due_us = 0;
}

static void slot_link(struct loop *loop, struct loop_timer *timer)
{
    size_t slot = (size_t)(tick_of(loop, timer->due_us) % WHEEL_SLOTS);
    timer->previous = NULL;
    timer->next = loop->slots[slot];
    if (timer->next != NULL) {
        timer->next->previous = timer;
    }
    loop->slots[slot] = timer;
    loop->occupied[slot / WORD_BITS] |= UINT64_C(1) << (slot % WORD_BITS);
}

/* First tick from `from` on whose slot is occupied; 0 when the wheel is empty. */
static int64_t next_occupied(const struct loop *loop, int64_t from)
{
    for (int64_t ahead = 0; ahead < WHEEL_SLOTS;) {
        size_t slot = (size_t)((from + ahead) % WHEEL_SLOTS);
        uint64_t word = loop->occupied[slot / WORD_BITS] >> (slot % WORD_BITS);
        if (word != 0) {
            return from + ahead + __builtin_ctzll(word);
        }
        ahead += (int64_t)(WORD_BITS - slot % WORD_BITS);
    }
    return 0;
}

static void wheel_arm(struct loop *loop);

/* Runs what is due in one slot. A timer may set or cancel any other, so the slot is read anew after
 * each. */
static void slot_fire(struct loop *loop, int64_t tick)
{
    size_t slot = (size_t)(tick % WHEEL_SLOTS);
    struct loop_timer *timer = loop->slots[slot];
    while (timer != NULL) {
        if (tick_of(loop, timer->due_us) > tick) {
            timer = timer->next;
            continue;
        }
        slot_unlink(loop, timer);
        timer->run(timer);
        timer = loop->slots[slot];
    }
}

static void wheel_turn(uv_timer_t *uv_timer)
{
    struct loop *loop = uv_timer->data;
    int64_t now_tick = (clock_monotonic_us() - loop->start_us) / TICK_US;
    loop->armed_tick = 0;
    if (loop->wheel_tick <= now_tick - WHEEL_SLOTS) {
        loop->wheel_tick = now_tick - WHEEL_SLOTS + 1; /* one turn sees every slot */
    }
    while (loop->wheel_tick <= now_tick) {
        int64_t tick = next_occupied(loop, loop->wheel_tick);
        if (tick == 0 || tick > now_tick) {
            loop->wheel_tick = now_tick + 1;
            break;
        }
        loop->wheel_tick = tick + 1;
        slot_fire(loop, tick);
    }
    wheel_arm(loop);
}

static void wheel_arm(struct loop *loop)
{
    int64_t tick = next_occupied(loop, loop->wheel_tick);
    if (tick == 0 || (loop->armed_tick != 0 && loop->armed_tick <= tick)) {
        return;
    }
    uv_update_time(&loop->uv); /* first: a pause between the two makes the turn early, not late */
    int64_t wait_us = loop->start_us + tick * TICK_US - clock_monotonic_us();
    (void)uv_timer_start(&loop->timer, wheel_turn,
                         wait_us <= 0 ? 0 : (uint64_t)(wait_us / 1000 + 1), 0);
    loop->armed_tick = tick;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_us)
{
    CHECK(timer->run != NULL);
    if (timer->due_us != 0) {
        slot_unlink(loop, timer);
    }
    timer->due_us = clock_monotonic_us() + (delay_us > 0 ? delay_us : 0);
    if (tick_of(loop, timer->due_us) < loop->wheel_tick) {
        timer->due_us = loop->start_us + loop->wheel_tick * TICK_US;
    }
    slot_link(loop, timer);
    wheel_arm(loop);
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
    if (timer->due_us != 0) {
        slot_unlink(loop, timer);
    }
}

int64_t loop_now_us(struct loop *loop)
{
    (void)loop;
    return clock_monotonic_us();
}

void loop_post(struct loop *loop, struct loop_task *task)
{
    CHECK(task->run != NULL);
    task->next = NULL;
    (void)pthread_mutex_lock(&loop->lock);
    CHECK(!loop->closed);
    bool first = loop->posted == NULL;
    *loop->posted_last = task;
    loop->posted_last = &task->next;
    if (first) {
        (void)uv_async_send(
            &loop->async); /* fails only on a closed handle; CHECKed above, under the lock */
    }
    (void)pthread_mutex_unlock(&loop->lock);
}

/* Tasks that are posted meanwhile wait for the next turn, so that sockets have theirs. */
static void run_posted(uv_async_t *async)
{
    struct loop *loop = async->data;
    (void)pthread_mutex_lock(&loop->lock);
    struct loop_task *task = loop->posted;
    loop->posted = NULL;
    loop->posted_last = &loop->posted;
    (void)pthread_mutex_unlock(&loop->lock);
    while (task != NULL) {
        struct loop_task *next = task->next;
        task->next = NULL;
        task->run(task);
        task = next;
    }
}

enum status loop_create(struct loop **out_loop)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (uv_loop_init(&loop->uv) != 0) {
        free(loop);
        return STATUS_NO_MEMORY;
    }
    loop->posted_last = &loop->posted;
    loop->start_us = clock_monotonic_us() - TICK_US;
    loop->wheel_tick = 1;
    (void)pthread_mutex_init(&loop->lock, NULL);
    if (uv_async_init(&loop->uv, &loop->async, run_posted) != 0) {
        (void)uv_loop_close(&loop->uv);
        free(loop);
        return STATUS_NO_MEMORY;
    }
    (void)uv_timer_init(&loop->uv, &loop->timer); /* cannot fail */
    loop->async.data = loop;
    loop->timer.data = loop;
    *out_loop = loop;
    return STATUS_OK;
}

void loop_run(struct loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_turn(struct loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

uv_loop_t *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

void loop_close(struct loop *loop)
{
    (void)pthread_mutex_lock(&loop->lock);
    loop->closed = true;
    (void)pthread_mutex_unlock(&loop->lock);
    uv_close((uv_handle_t *)&loop->async, NULL);
    uv_close((uv_handle_t *)&loop->timer, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    CHECK(uv_loop_close(&loop->uv) == 0);
    (void)pthread_mutex_destroy(&loop->lock);
    free(loop);
}
