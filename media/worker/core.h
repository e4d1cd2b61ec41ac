/* A media worker without its thread and socket: commands, datagrams and a time go in; datagrams go
 * to an outbox, reports to a callback. This is what tests drive in virtual time; worker.h adds
 * epoll. Owns rooms and connections. Allocates when a room opens or a connection is made, never per
 * packet. One thread. */
#ifndef MEDIA_WORKER_CORE_H
#define MEDIA_WORKER_CORE_H

#include "media/net/outbox.h"
#include "media/recording/tap.h"
#include "media/rt/counters.h"
#include "media/worker/warm.h"
#include "media/worker/worker_msg.h"

#define CORE_TICK_US 5000 /* for connections that something is due for: NACK waits 10 ms */
#define CORE_STRAINED_US 100000 /* two rounds */
#define CORE_ROUND 10 /* ticks until each of the others had its turn: reports, feedback, consent   \
                       */

struct core;
struct dtls_context;
struct party;

struct core_config {
    uint32_t rooms_max;        /* indices of rooms are below it */
    struct dtls_context *dtls; /* borrowed */
    struct tap_ring *tap;      /* borrowed; NULL: no recorder */
    int64_t wall_us;           /* wall clock - monotonic clock */
    bool (*random)(void *context, uint8_t *out, size_t len);
    void *random_context;
    /* Takes a report; false: the box is full. */
    bool (*report)(void *context, const struct worker_report *report);
    void *report_context;
};

/* box: borrowed, flushed by its owner. STATUS_NO_MEMORY. */
MUST_USE enum status core_create(const struct core_config *config, struct outbox *box,
                                 struct core **out_core);
void core_destroy(struct core *core);
struct counters *core_counters(struct core *core);
/* The connection in a seat, NULL: none. Borrowed until the next command, datagram or tick: for
 * those who look closer (tests, fuzzers). */
struct party *core_party(struct core *core, struct media_room room, uint8_t seat);

/* Before a batch of datagrams is handed in: fetches into the cache what they will need. May be left
 * out. */
void core_warm(const struct core *core, const struct warm_datagram *datagrams, size_t count);
void core_command(struct core *core, int64_t now_us, const struct worker_command *command);
/* data is changed in place. */
void core_datagram(struct core *core, int64_t now_us, const struct addr *from, uint8_t *data,
                   size_t len);
/* More datagrams wait than the worker gets through. What is lost then is lost here: asking for it, and
 * sending again what receivers miss, would make it worse (each loss costs up to eight packets, and
 * what began as a moment goes on for good). Repairs rest for CORE_STRAINED_US from now. */
void core_strained(struct core *core, int64_t now_us);
/* Called at core_deadline() or later. */
void core_tick(struct core *core, int64_t now_us);
int64_t core_deadline(const struct core *core); /* INT64_MAX: no connection */

#endif
