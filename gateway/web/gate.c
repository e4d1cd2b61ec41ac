/* waiting (FIFO of descriptors) ──admit──> passes (FIFO, at most GATE_COUNT_MAX) ──release,
 * stalled──>
 *
 * Invariants: something waits only while the passes are full or a task is posted that admits it;
 * the timer is set while something waits. Places that become free are filled from a task of the
 * loop, not from inside the event of another socket. */
#include "gateway/web/gate.h"

#include "gateway/web/loop.h"
#include "proto/base/check.h"

#include <stddef.h>
#include <stdlib.h>

struct waiting {
    struct waiting *next;
    struct web_listener_peer peer;
    int fd;
};

struct web_gate {
    struct web_gate_config config;
    struct waiting *first, **last;
    unsigned waiting_count;
    struct web_gate_pass *passes, **passes_last; /* oldest first */
    unsigned pass_count;
    uint32_t tick;
    struct loop_timer timer;
    struct loop_task task;
    bool posted, closed;
};

static void unlink_pass(struct web_gate *gate, struct web_gate_pass *pass)
{
    CHECK(gate->pass_count > 0 && pass->link != NULL);
    *pass->link = pass->next;
    if (pass->next != NULL) {
        pass->next->link = pass->link;
    } else {
        gate->passes_last = pass->link;
    }
    pass->link = NULL;
    pass->next = NULL;
    gate->pass_count--;
}

static void take_first(struct web_gate *gate,
                       void (*to)(void *context, int fd, const struct web_listener_peer *peer))
{
    struct waiting *w = gate->first;
    gate->first = w->next;
    if (gate->first == NULL) {
        gate->last = &gate->first;
    }
    gate->waiting_count--;
    to(gate->config.context, w->fd, &w->peer);
    free(w);
}

static void admit_waiting(struct web_gate *gate)
{
    while (gate->first != NULL && gate->pass_count < GATE_COUNT_MAX) {
        take_first(gate, gate->config.admit);
    }
    if (gate->first == NULL) {
        loop_timer_cancel(gate->config.loop, &gate->timer);
    } else if (gate->timer.due_us == 0) {
        loop_timer_set(gate->config.loop, &gate->timer, GATE_TICK_US);
    }
}

static void on_task(struct loop_task *task)
{
    struct web_gate *gate =
        (struct web_gate *)(void *)((char *)task - offsetof(struct web_gate, task));
    gate->posted = false;
    admit_waiting(gate);
}

static void on_tick(struct loop_timer *timer)
{
    struct web_gate *gate =
        (struct web_gate *)(void *)((char *)timer - offsetof(struct web_gate, timer));
    gate->tick++;
    while (gate->passes != NULL && gate->tick - gate->passes->tick >= GATE_STALL_TICKS) {
        unlink_pass(gate, gate->passes);
    }
    admit_waiting(gate);
}

enum status web_gate_create(const struct web_gate_config *config, struct web_gate **out_gate)
{
    CHECK(config->admit != NULL && config->refuse != NULL);
    struct web_gate *gate = calloc(1, sizeof(*gate));
    if (gate == NULL) {
        return STATUS_NO_MEMORY;
    }
    gate->config = *config;
    gate->last = &gate->first;
    gate->passes_last = &gate->passes;
    gate->timer.run = on_tick;
    gate->task.run = on_task;
    *out_gate = gate;
    return STATUS_OK;
}

void web_gate_enter(struct web_gate *gate, int fd, const struct web_listener_peer *peer)
{
    if (!gate->closed && gate->first == NULL && gate->pass_count < GATE_COUNT_MAX) {
        gate->config.admit(gate->config.context, fd, peer);
        return;
    }
    struct waiting *w = gate->closed ? NULL : malloc(sizeof(*w));
    if (w == NULL) {
        gate->config.refuse(gate->config.context, fd, peer);
        return;
    }
    *w = (struct waiting){.peer = *peer, .fd = fd};
    *gate->last = w;
    gate->last = &w->next;
    gate->waiting_count++;
    if (gate->timer.due_us == 0) {
        loop_timer_set(gate->config.loop, &gate->timer, GATE_TICK_US);
    }
}

void web_gate_hold(struct web_gate *gate, struct web_gate_pass *pass)
{
    CHECK(pass->link == NULL);
    pass->tick = gate->tick;
    pass->next = NULL;
    pass->link = gate->passes_last;
    *gate->passes_last = pass;
    gate->passes_last = &pass->next;
    gate->pass_count++;
}

void web_gate_release(struct web_gate *gate, struct web_gate_pass *pass)
{
    if (pass->link == NULL) {
        return;
    }
    unlink_pass(gate, pass);
    if (gate->first != NULL && !gate->posted) {
        gate->posted = true;
        loop_post(gate->config.loop, &gate->task);
    }
}

unsigned web_gate_waiting(const struct web_gate *gate)
{
    return gate->waiting_count;
}

void web_gate_close(struct web_gate *gate)
{
    gate->closed = true;
    loop_timer_cancel(gate->config.loop, &gate->timer);
    while (gate->first != NULL) {
        take_first(gate, gate->config.refuse);
    }
}

void web_gate_destroy(struct web_gate *gate)
{
    if (gate == NULL) {
        return;
    }
    CHECK(gate->closed && gate->passes == NULL && gate->first == NULL);
    free(gate);
}
