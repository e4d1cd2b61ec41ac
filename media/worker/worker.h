/* A media worker: one thread, one epoll, one UDP socket, one core (core.h). Share-nothing: the rest of the process talks to it by two
 * mailboxes. create, destroy, post, take: T0. */
#ifndef MEDIA_WORKER_WORKER_H
#define MEDIA_WORKER_WORKER_H

#include "media/recording/tap.h"
#include "media/rt/counters.h"
#include "media/worker/worker_msg.h"

struct worker;
struct dtls_context;

struct worker_config {
    unsigned index;
    uint32_t rooms_max;
    const char *bind_address;
    uint16_t port;             /* 0: any */
    struct dtls_context *dtls; /* borrowed, until destroy */
    struct tap_ring *tap;      /* borrowed; NULL: no recorder */
    void (*wake)(void *context); /* called on the worker thread after reports were posted */
    void *context;
};

/* Opens the socket and starts the thread. STATUS_IO: cannot bind, or no thread; STATUS_MALFORMED: no address; STATUS_NO_MEMORY. */
MUST_USE enum status worker_create(const struct worker_config *config, struct worker **out_worker);
/* Ends the thread; connections end without a goodbye. */
void worker_destroy(struct worker *worker);
uint16_t worker_port(const struct worker *worker);
bool worker_is_ipv6(const struct worker *worker); /* the socket serves IPv6 too */
/* STATUS_FULL: nothing was posted. */
MUST_USE enum status worker_post(struct worker *worker, const struct worker_command *command);
uint32_t worker_post_room(const struct worker *worker); /* commands that fit now */
bool worker_take(struct worker *worker, struct worker_report *out_report);
const struct counters *worker_counters(const struct worker *worker);

#endif
