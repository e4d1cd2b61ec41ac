/* One UDP socket, read and written in batches (recvmmsg, sendmmsg), with segmentation offload for
 * packets of one batch to one receiver (UDP_SEGMENT, udp(7); decisions/005-batches.md).
 * Non-blocking. Owned by one worker thread; allocates at open. */
#ifndef MEDIA_NET_UDP_H
#define MEDIA_NET_UDP_H

#include "media/net/addr.h"
#include "media/net/outbox.h"
#include "media/rt/counters.h"

#define UDP_BATCH 64
#define UDP_BUFFER                                                                                 \
    (4u * 1024u * 1024u)      /* octets: 20 ms of 100,000 packets/s, as the kernel counts them */
#define UDP_DATAGRAM_MAX 2048 /* octets; longer ones are dropped */

struct udp;

struct udp_datagram {
    struct addr from;
    uint8_t *data; /* valid until the next udp_receive */
    size_t len;
};

/* address: numeric. port 0: any. STATUS_IO with errno set by the system: cannot bind;
 * STATUS_MALFORMED: no address. */
MUST_USE enum status udp_open(const char *address, uint16_t port, struct udp **out_udp);
void udp_close(struct udp *udp);
int udp_fd(const struct udp *udp);
uint16_t udp_port(const struct udp *udp);
bool udp_is_ipv6(const struct udp *udp);
/* Octets that the kernel lets wait in the receive buffer; UDP_BUFFER was asked for. */
size_t udp_receive_buffer(const struct udp *udp);
/* Sets DROP_SOCKET to what the kernel dropped because the receive buffer was full. */
void udp_count_drops(const struct udp *udp, struct counters *counters);
/* Takes up to UDP_BATCH datagrams; returns how many. Ones that are too long are counted and left
 * out. */
size_t udp_receive(struct udp *udp, struct counters *counters, struct udp_datagram out[UDP_BATCH]);
/* After udp_receive(): there may be more. */
bool udp_has_more(const struct udp *udp);
/* Sends all of the box; what the socket buffer does not take is dropped and counted. */
void udp_send(struct udp *udp, struct counters *counters, struct outbox *box);

#endif
