/* gateway/store/worker and gateway/web/loop: order, batches, fullness, the timer wheel. */
#include "gateway/store/worker.h"
#include "gateway/web/loop_engine.h"
#include "media/rt/clock.h"
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define JOBS 200

static struct loop *loop;

struct numbered {
    struct job job;
    unsigned number;
    bool committed; /* end_batch had run when done() came */
};

static struct numbered jobs[JOBS];
static unsigned done_count, run_order_bad, done_order_bad;
static atomic_uint ran, batches, in_batch;
static atomic_bool hold, batch_ended[JOBS];

static void run(struct job *job, void *context)
{
    struct numbered *n = (struct numbered *)(void *)job;
    while (atomic_load(&hold)) {
    }
    if (context == &jobs && n->number != atomic_load(&ran)) {
        run_order_bad++;
    }
    atomic_fetch_add(&ran, 1);
}

static void done(struct job *job)
{
    struct numbered *n = (struct numbered *)(void *)job;
    if (n->number != done_count) {
        done_order_bad++;
    }
    n->committed = atomic_load(&batch_ended[n->number]);
    if (++done_count == JOBS) {
        loop_stop(loop);
    }
}

static void begin_batch(void *context)
{
    (void)context;
    atomic_fetch_add(&batches, 1);
    atomic_store(&in_batch, atomic_load(&ran));
}

static void end_batch(void *context)
{
    (void)context;
    for (unsigned i = atomic_load(&in_batch); i < atomic_load(&ran); i++) {
        atomic_store(&batch_ended[i], true);
    }
}

static void prepare(void)
{
    memset(jobs, 0, sizeof(jobs));
    done_count = 0;
    done_order_bad = 0;
    atomic_store(&ran, 0);
    for (unsigned i = 0; i < JOBS; i++) {
        jobs[i].number = i;
        jobs[i].job.run = run;
        jobs[i].job.done = done;
    }
}

static void test_group_commit(void)
{
    static const struct worker_hooks hooks = {begin_batch, end_batch};
    struct worker *worker = NULL;
    prepare();
    atomic_store(&hold, true);
    EXPECT_INT(worker_create("test-worker-name-too-long", 1, JOBS, loop, &hooks, &jobs, &worker),
               STATUS_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        EXPECT_INT(worker_post(worker, &jobs[i].job), STATUS_OK);
    }
    struct numbered extra = {.job = {.run = run, .done = done}};
    EXPECT_INT(worker_post(worker, &extra.job), STATUS_FULL);
    EXPECT_INT(worker_depth(worker), JOBS);
    atomic_store(&hold, false);
    loop_run(loop);
    EXPECT_INT(done_count, JOBS);
    EXPECT_INT(run_order_bad, 0);
    EXPECT_INT(done_order_bad, 0);
    EXPECT(atomic_load(&batches) < 10); /* taken together */
    for (unsigned i = 0; i < JOBS; i++) {
        EXPECT(jobs[i].committed);
    }
    worker_destroy(worker);
}

static void done_any(struct job *job)
{
    (void)job;
    if (++done_count == JOBS) {
        loop_stop(loop);
    }
}

static void test_pool(void)
{
    struct worker *worker = NULL;
    prepare();
    EXPECT_INT(worker_create("pool", 4, JOBS, loop, NULL, NULL, &worker), STATUS_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        jobs[i].job.done = done_any;
        EXPECT_INT(worker_post(worker, &jobs[i].job), STATUS_OK);
    }
    loop_run(loop);
    EXPECT_INT(done_count, JOBS);
    EXPECT_INT(atomic_load(&ran), JOBS);
    worker_destroy(worker);
}

/* What is queued still runs; its done() comes when the loop turns. */
static void test_destroy_runs_rest(void)
{
    struct worker *worker = NULL;
    prepare();
    EXPECT_INT(worker_create("rest", 2, JOBS, loop, NULL, NULL, &worker), STATUS_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        jobs[i].job.done = done_any;
        EXPECT_INT(worker_post(worker, &jobs[i].job), STATUS_OK);
    }
    worker_destroy(worker);
    EXPECT_INT(atomic_load(&ran), JOBS);
    loop_turn(loop);
    loop_turn(loop);
    EXPECT_INT(done_count, JOBS);
    loop_turn(loop); /* takes up the stop */
}

/* --- timers
 * -----------------------------------------------------------------------------------------------------------
 */

/* A pulse of libuv in the same loop is the measure of lateness: on a busy machine it comes late
 * together with the wheel, so that only a wheel that passes a timer over is seen. */
#define PULSE_MS 10
#define PASSED_OVER_MS 20 /* a step of the wheel (10 ms) and libuv's whole milliseconds */
#define PULSES_OF_CONTROL 40

struct timed {
    struct loop_timer timer;
    int64_t due_us, fired_us;    /* fired_us 0: not yet */
    unsigned order, passed_over; /* passed_over: pulses that saw it overdue */
};

static struct timed timers[300], never; /* never: is due and never set, the control */
static unsigned fired;

static void timer_fired(struct loop_timer *timer)
{
    struct timed *t = (struct timed *)(void *)timer;
    t->fired_us = clock_monotonic_us();
    t->order = fired++;
}

static void look(struct timed *t, uint64_t now_ms)
{
    bool overdue = t->fired_us == 0 && t->due_us / 1000 + PASSED_OVER_MS <= (int64_t)now_ms;
    t->passed_over += overdue ? 1 : 0;
}

static void pulse(uv_timer_t *timer)
{
    uint64_t now_ms = uv_now(loop_uv(loop)); /* the turn's time, whatever has held it up since */
    (void)timer;
    for (unsigned i = 0; i < 300; i++) {
        if (i % 3 != 0) {
            look(&timers[i], now_ms);
        }
    }
    look(&never, now_ms);
    if (never.passed_over == PULSES_OF_CONTROL) {
        loop_stop(loop);
    }
}

static void run_with_pulse(void)
{
    uv_timer_t timer;
    EXPECT(uv_timer_init(loop_uv(loop), &timer) == 0 &&
           uv_timer_start(&timer, pulse, PULSE_MS, PULSE_MS) == 0);
    loop_run(loop);
    uv_close((uv_handle_t *)&timer, NULL);
    loop_turn(loop);
}

/* Of two timers whose due times are more than a step apart the earlier one is run first. */
static unsigned pairs_out_of_order(void)
{
    unsigned bad = 0;
    for (unsigned i = 0; i < 300; i++) {
        for (unsigned k = 0; k < 300; k++) {
            bool apart = i % 3 != 0 && k % 3 != 0 && timers[i].due_us + 10000 < timers[k].due_us;
            bad += apart && timers[i].order > timers[k].order ? 1 : 0;
        }
    }
    return bad;
}

static void test_timers(void)
{
    int64_t latest_us = 0;
    fired = 0;
    for (unsigned i = 0; i < 300; i++) {
        int64_t delay_us = (int64_t)(i * 7919 % 300) * 1000;
        timers[i] = (struct timed){.timer = {.run = timer_fired},
                                   .due_us = clock_monotonic_us() + delay_us};
        loop_timer_set(loop, &timers[i].timer, delay_us);
    }
    for (unsigned i = 0; i < 300; i += 3) {
        loop_timer_cancel(loop, &timers[i].timer);
        loop_timer_cancel(loop, &timers[i].timer); /* not set: nothing happens */
    }
    loop_timer_set(loop, &timers[0].timer, 50000);
    loop_timer_set(loop, &timers[0].timer, 100000000); /* moved far away */
    never = (struct timed){.due_us = clock_monotonic_us()};
    run_with_pulse();
    EXPECT_INT(fired, 200);
    for (unsigned i = 0; i < 300; i++) {
        if (i % 3 != 0) {
            int64_t late_us = timers[i].fired_us - timers[i].due_us;
            EXPECT(late_us >= 0);               /* never early */
            EXPECT(timers[i].passed_over <= 1); /* the pulse may come first in a late turn */
            latest_us = late_us > latest_us ? late_us : latest_us;
        }
    }
    EXPECT_INT(pairs_out_of_order(), 0);
    EXPECT_INT(never.passed_over, PULSES_OF_CONTROL);
    unsigned order = timers[1].order; /* control: two that have changed places */
    timers[1].order = timers[2].order;
    timers[2].order = order;
    EXPECT(pairs_out_of_order() > 0);
    printf("  latest timer: %.1f ms\n", (double)latest_us / 1000);
    loop_timer_cancel(loop, &timers[0].timer);
}

static unsigned chain;
static void chain_next(struct loop_timer *timer)
{
    if (++chain < 20) {
        loop_timer_set(loop, timer, 0);
    } else {
        loop_stop(loop);
    }
}

/* A timer that sets itself again at once does not keep the loop from its other work. */
static void test_timer_chain(void)
{
    struct loop_timer timer = {.run = chain_next};
    struct timespec idle = {0, 300000000};
    nanosleep(&idle, NULL); /* the wheel has fallen behind */
    loop_timer_set(loop, &timer, 0);
    loop_run(loop);
    EXPECT_INT(chain, 20);
}

/* --- posting from many threads
 * ------------------------------------------------------------------------------------------ */

static struct loop_task tasks[4][1000];
static unsigned tasks_run;
static void task_run(struct loop_task *task)
{
    (void)task;
    if (++tasks_run == 4000) {
        loop_stop(loop);
    }
}

static void *post_many(void *argument)
{
    struct loop_task *mine = argument;
    for (int i = 0; i < 1000; i++) {
        mine[i].run = task_run;
        loop_post(loop, &mine[i]);
    }
    return NULL;
}

static void test_posting(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        EXPECT(pthread_create(&threads[i], NULL, post_many, tasks[i]) == 0);
    }
    loop_run(loop);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    EXPECT_INT(tasks_run, 4000);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"group commit", test_group_commit},
        {"pool", test_pool},
        {"destroy runs the rest", test_destroy_runs_rest},
        {"posting", test_posting},
        {"timers", test_timers},
        {"timer chain", test_timer_chain},
    };
    if (loop_create(&loop) != STATUS_OK) {
        return 1;
    }
    int result = TEST_MAIN(cases);
    loop_close(loop);
    loop_destroy(loop);
    return result;
}
