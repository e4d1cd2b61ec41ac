/* How many new connections are on their way (TLS handshake, first request, its answer) at once.
 * When thousands come back together after a restart, all handshakes would otherwise advance side by
 * side: everyone is served last, many so late that they are cut for slowness and come again. Here
 * they wait in the order of their arrival, for nothing but a descriptor and 40 octets each.
 *
 * Who waits for the peer rather than for us does not hold up others: a connection that is still on
 * its way after GATE_STALL_TICKS is counted no more. So clients that never finish a handshake
 * cannot close the gate: it lets in at least 64 in 80 ms, about as many as one core can greet. T0.
 */
#ifndef GATEWAY_WEB_GATE_H
#define GATEWAY_WEB_GATE_H

#include "gateway/web/listener.h"

/* Measured, 10,000 sockets back after a restart, generator on the same two cores: median of the
 * wait / memory that remains, MiB: 32: 8 of 14 s / 195; 64: 11 of 21 s / 197; 128: 25 of 27 s /
 * 253; without: 16 of 18 s / 335. Less than 64 would let fewer in each second than a core can greet
 * (0.9 ms each), if all stall. */
#define GATE_COUNT_MAX 64
/* A tick is one turn of the loop at least, however busy that is. */
#define GATE_TICK_US 20000
#define GATE_STALL_TICKS 4 /* hello, finished and request, answer of the store: a turn each */

struct web_gate;

/* A place among those on their way; embed it in the connection, zero-initialised. */
struct web_gate_pass {
    struct web_gate_pass *next, **link; /* internal; link NULL: holds no place */
    uint32_t tick;                      /* internal */
};

struct web_gate_config {
    struct loop *loop;
    void *context;
    /* Owns fd. Calls web_gate_hold(), unless it refuses by itself. */
    void (*admit)(void *context, int fd, const struct web_listener_peer *peer);
    void (*refuse)(void *context, int fd, const struct web_listener_peer *peer);
};

MUST_USE enum status web_gate_create(const struct web_gate_config *config,
                                     struct web_gate **out_gate); /* STATUS_NO_MEMORY */
/* Moves fd: admitted at once, or when its turn comes; refused without memory, or after
 * web_gate_close(). */
void web_gate_enter(struct web_gate *gate, int fd, const struct web_listener_peer *peer);
void web_gate_hold(struct web_gate *gate, struct web_gate_pass *pass);
/* Its first answer is on its way, or it died; a second call does nothing. */
void web_gate_release(struct web_gate *gate, struct web_gate_pass *pass);
unsigned web_gate_waiting(const struct web_gate *gate);
/* Refuses all that wait. */
void web_gate_close(struct web_gate *gate);
/* Closed, and without passes; NULL is fine. */
void web_gate_destroy(struct web_gate *gate);

#endif
