/* The one UDP socket that all peers of the generator share: each peer has a source address of its
 * own (first + index), set and read per datagram by IP_PKTINFO, so that batches serve all of them.
 * Arrival times are the kernel's (SO_TIMESTAMPNS): what waits in our own queue does not count as
 * the server's delay. IPv4, non-blocking. One thread. */
#ifndef TESTS_LOAD_NET_H
#define TESTS_LOAD_NET_H

#include "proto/base/status.h"
#include "proto/base/writer.h"

#include <stdbool.h>
#include <stdint.h>

#define NET_BATCH 64
#define NET_DATAGRAM_MAX 1600 /* octets */

struct net;

struct net_addr {
    uint32_t ip; /* host order */
    uint16_t port;
};

struct net_datagram {
    unsigned index; /* the peer it is for */
    struct net_addr from;
    uint8_t *data; /* valid until the next net_receive */
    size_t len;
    int64_t arrived_ns; /* CLOCK_REALTIME */
};

/* first_ip: of peer 0, host order; peers: how many addresses. STATUS_IO, STATUS_NO_MEMORY. */
MUST_USE enum status net_open(uint32_t first_ip, unsigned peers, struct net **out_net);
void net_close(struct net *net);
int net_fd(const struct net *net);
struct net_addr net_own(const struct net *net, unsigned index);
/* A writer over the next free item; sends the batch first when there is none. */
struct writer net_begin(struct net *net);
/* Queues what was written since net_begin(). */
void net_commit(struct net *net, const struct writer *w, unsigned index, struct net_addr to);
void net_flush(struct net *net);
/* Up to NET_BATCH datagrams; 0: nothing there. */
unsigned net_receive(struct net *net, struct net_datagram out[NET_BATCH]);
uint64_t net_unsent(const struct net *net);  /* what the socket did not take */
uint64_t net_overrun(const struct net *net); /* what our own receive buffer dropped */
int64_t net_now_ns(void);                    /* CLOCK_REALTIME */

#endif
