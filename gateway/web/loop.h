/* T0, the signalling loop, as the rest of the gateway sees it: run this on the loop, call me later.
 * Implemented over libwebsockets' libuv loop by web/loop.c; nothing here names the library. */
#ifndef GATEWAY_WEB_LOOP_H
#define GATEWAY_WEB_LOOP_H

#include "proto/base/status.h"

#include <stdint.h>

struct loop;

/* Intrusive, so that posting never allocates: embed it in what is handed over. */
struct loop_task {
    void (*run)(struct loop_task *task); /* on T0 */
    struct loop_task *next;
};

/* Any thread. Tasks run in the order in which they were posted. Never fails: the task is the
 * caller's memory. */
void loop_post(struct loop *loop, struct loop_task *task);

/* One-shot timers in a wheel of 10 ms; T0 only. Embed; zero-initialise before first use. */
struct loop_timer {
    void (*run)(struct loop_timer *timer);
    int64_t due_us;                     /* internal */
    struct loop_timer *next, *previous; /* internal; NULL while not set */
};
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_us);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer); /* not set: nothing happens */
int64_t loop_now_us(struct loop *loop);                              /* monotonic */

#endif
