/* A media worker: one thread, one epoll, one UDP socket, one core (core.h). Share-nothing: the rest
 * of the process talks to it by two mailboxes. create, destroy, post, take: T0. */
#ifndef MEDIA_WORKER_WORKER_H
#define MEDIA_WORKER_WORKER_H

#include "media/recording/tap.h"
#include "media/rt/counters.h"
#include "media/worker/worker_msg.h"

struct media_worker;
struct dtls_context;

struct media_worker_config {
    unsigned index;
    uint32_t rooms_max;
    const char *bind_address;
    uint16_t port;               /* 0: any */
    struct dtls_context *dtls;   /* borrowed, until destroy */
    struct tap_ring *tap;        /* borrowed; NULL: no recorder */
    void (*wake)(void *context); /* called on the worker thread after reports were posted */
    void *context;
};

/* Opens the socket and starts the thread. STATUS_IO: cannot bind, or no thread; STATUS_MALFORMED:
 * no address; STATUS_NO_MEMORY. */
MUST_USE enum status media_worker_create(const struct media_worker_config *config,
                                         struct media_worker **out_worker);
/* Ends the thread; connections end without a goodbye. */
void media_worker_destroy(struct media_worker *worker);
uint16_t media_worker_port(const struct media_worker *worker);
bool media_worker_is_ipv6(const struct media_worker *worker); /* the socket serves IPv6 too */
/* STATUS_FULL: nothing was posted. */
MUST_USE enum status media_worker_post(struct media_worker *worker,
                                       const struct worker_command *command);
uint32_t media_worker_post_room(const struct media_worker *worker); /* commands that fit now */
bool media_worker_take(struct media_worker *worker, struct worker_report *out_report);
const struct counters *media_worker_counters(const struct media_worker *worker);

#endif
