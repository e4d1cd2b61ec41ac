#include "media/net/udp.h"

#include "proto/base/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_BUFFER (4 * 1024 * 1024) /* octets: 30 ms of 1 Gbit/s; the kernel's limit cuts it   \
                                         */

struct udp {
    int fd;
    int family;
    uint16_t port;
    struct mmsghdr in[UDP_BATCH], out[OUTBOX_COUNT];
    struct iovec in_iov[UDP_BATCH], out_iov[OUTBOX_COUNT];
    struct sockaddr_storage in_from[UDP_BATCH], out_to[OUTBOX_COUNT];
    uint8_t data[UDP_BATCH][UDP_DATAGRAM_MAX];
};

static enum status open_socket(struct udp *udp, const struct addr *at)
{
    udp->family = at->family == 6 ? AF_INET6 : AF_INET;
    udp->fd = socket(udp->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (udp->fd < 0) {
        return STATUS_IO;
    }
    int off = 0;
    int size = SOCKET_BUFFER;
    if (udp->family == AF_INET6) {
        (void)setsockopt(udp->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
                         sizeof(off)); /* "::" then serves IPv4 too */
    }
    (void)setsockopt(udp->fd, SOL_SOCKET, SO_RCVBUF, &size,
                     sizeof(size)); /* the default serves as well, only worse */
    (void)setsockopt(udp->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    struct sockaddr_storage name;
    socklen_t len = addr_to_sockaddr(at, udp->family, &name);
    if (bind(udp->fd, (const struct sockaddr *)&name, len) != 0) {
        return STATUS_IO;
    }
    len = sizeof(name);
    struct addr bound;
    if (getsockname(udp->fd, (struct sockaddr *)&name, &len) != 0 ||
        addr_of_sockaddr(&name, &bound) != STATUS_OK) {
        return STATUS_IO;
    }
    udp->port = bound.port;
    return STATUS_OK;
}

static void prepare_batches(struct udp *udp)
{
    for (size_t i = 0; i < UDP_BATCH; i++) {
        udp->in_iov[i] = (struct iovec){udp->data[i], UDP_DATAGRAM_MAX};
        udp->in[i].msg_hdr = (struct msghdr){
            .msg_name = &udp->in_from[i], .msg_iov = &udp->in_iov[i], .msg_iovlen = 1};
    }
    for (size_t i = 0; i < OUTBOX_COUNT; i++) {
        udp->out[i].msg_hdr = (struct msghdr){
            .msg_name = &udp->out_to[i], .msg_iov = &udp->out_iov[i], .msg_iovlen = 1};
    }
}

enum status udp_open(const char *address, uint16_t port, struct udp **out_udp)
{
    struct addr at;
    enum status status = addr_of_text(address, port, &at);
    if (status != STATUS_OK) {
        return status;
    }
    struct udp *udp = calloc(1, sizeof(*udp));
    if (udp == NULL) {
        return STATUS_NO_MEMORY;
    }
    status = open_socket(udp, &at);
    if (status != STATUS_OK) {
        int reason = errno;
        udp_close(udp);
        errno = reason;
        return status;
    }
    prepare_batches(udp);
    *out_udp = udp;
    return STATUS_OK;
}

void udp_close(struct udp *udp)
{
    if (udp != NULL) {
        if (udp->fd >= 0) {
            (void)close(udp->fd);
        }
        free(udp);
    }
}

int udp_fd(const struct udp *udp)
{
    return udp->fd;
}

uint16_t udp_port(const struct udp *udp)
{
    return udp->port;
}

bool udp_is_ipv6(const struct udp *udp)
{
    return udp->family == AF_INET6;
}

size_t udp_receive(struct udp *udp, struct counters *counters, struct udp_datagram out[UDP_BATCH])
{
    for (size_t i = 0; i < UDP_BATCH; i++) {
        udp->in[i].msg_hdr.msg_namelen = sizeof(udp->in_from[i]);
    }
    int n = recvmmsg(udp->fd, udp->in, UDP_BATCH, 0, NULL);
    size_t count = 0;
    for (int i = 0; i < n; i++) {
        counters_add(counters, COUNTER_RX_PACKETS, 1);
        counters_add(counters, COUNTER_RX_BYTES, udp->in[i].msg_len);
        if ((udp->in[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
            counters_add(counters, COUNTER_DROP_TOO_LARGE, 1);
        } else if (addr_of_sockaddr(&udp->in_from[i], &out[count].from) == STATUS_OK) {
            out[count].data = udp->data[i];
            out[count].len = udp->in[i].msg_len;
            count++;
        }
    }
    return count;
}

static size_t fill(struct udp *udp, struct outbox *box)
{
    size_t count = 0;
    for (size_t i = 0; i < box->count; i++) {
        const struct outbox_item *item = &box->items[i];
        if (udp->family == AF_INET && item->to.family != 4) {
            continue; /* cannot have come from this socket */
        }
        struct msghdr *head = &udp->out[count].msg_hdr;
        head->msg_namelen = addr_to_sockaddr(&item->to, udp->family, &udp->out_to[count]);
        udp->out_iov[count].iov_base = box->items[i].data;
        udp->out_iov[count].iov_len = item->len;
        count++;
    }
    return count;
}

void udp_send(struct udp *udp, struct counters *counters, struct outbox *box)
{
    size_t count = fill(udp, box);
    size_t at = 0;
    while (at < count) {
        int n = sendmmsg(udp->fd, udp->out + at, (unsigned)(count - at), 0);
        if (n > 0) {
            for (size_t i = at; i < at + (size_t)n; i++) {
                counters_add(counters, COUNTER_TX_BYTES, udp->out[i].msg_len);
            }
            counters_add(counters, COUNTER_TX_PACKETS, (uint64_t)n);
            at += (size_t)n;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            counters_add(counters, COUNTER_DROP_SEND, count - at);
            break;
        } else if (errno != EINTR) {
            counters_add(counters, COUNTER_DROP_SEND,
                         1); /* this receiver cannot be reached now; the others can */
            at++;
        }
    }
    box->count = 0;
}
