/* Many people who are signed in and do nothing: one WebSocket each, which comes back by itself when
 * it is lost, as a browser's does (proto/signal/README.md, "How a session goes" 5). One thread; the
 * owner calls crowd_turn() all the time, because the gateway's pings want answers. */
#ifndef TESTS_LOAD_CROWD_H
#define TESTS_LOAD_CROWD_H

#include "tests/load/wss.h"

#include <jansson.h>

/* A signed-in session; several sockets may share one, like tabs of a browser. */
struct crowd_session {
    char cookie[64];
    char csrf[72];
};

struct crowd_config {
    struct addr to;
    const char *authority; /* host:port */
    unsigned sockets;      /* at most 60,000 */
    unsigned opens_s; /* how many may begin in a second, of those that open for the first time */
    unsigned opening_max;                 /* and how many of those may be under way at once */
    unsigned from_address;                /* sockets that share a source address 127.1.y.z */
    const struct crowd_session *sessions; /* borrowed while the crowd lives */
    unsigned session_count;
};

/* Times in microseconds; the owner frees `us`. */
struct crowd_times {
    uint32_t *us;
    size_t count, room;
};
void crowd_times_add(struct crowd_times *times, int64_t us);
/* Sorts. {"p50": ms, "p99": ms, "max": ms, "n": int} */
json_t *crowd_times_json(struct crowd_times *times);

struct crowd;

int64_t crowd_now_us(void);
/* NULL: no memory. Borrows authority and sessions. */
struct crowd *crowd_create(const struct crowd_config *config);
void crowd_destroy(struct crowd *crowd); /* NULL is fine */
/* Waits at most timeout_ms, then reads, writes, opens and reopens what is due. */
void crowd_turn(struct crowd *crowd, int timeout_ms);
/* Those that have their welcome. */
unsigned crowd_welcomed(const struct crowd *crowd);
/* From connect to welcome, of each success since the last crowd_forget(). */
struct crowd_times *crowd_welcome_times(struct crowd *crowd);
/* From the loss of a socket to its next welcome. */
struct crowd_times *crowd_outage_times(struct crowd *crowd);
/* From ping to pong. */
struct crowd_times *crowd_pong_times(struct crowd *crowd);
/* When the first of those that were lost went, since all were there; 0: none is missing. */
int64_t crowd_outage_began_us(const struct crowd *crowd);
/* {"reason": count} of connections that failed or were lost, since the last crowd_forget(). */
json_t *crowd_failures_json(const struct crowd *crowd);
void crowd_forget(struct crowd *crowd);
/* Sends a consult.v1 ping on the next socket in turn. False: that one is not there. */
bool crowd_ping(struct crowd *crowd);

#endif
