#include "tests/load/net.h"

#include "proto/base/check.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (64 * 1024 * 1024) /* octets: a second of 50,000 packets/s */

struct in_control {
    _Alignas(struct cmsghdr)
        uint8_t octets[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct timespec)) +
                       CMSG_SPACE(sizeof(uint32_t))];
};

struct out_control {
    _Alignas(struct cmsghdr)
        uint8_t octets[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
};

struct item {
    unsigned index;
    struct net_addr to;
};

struct net {
    int fd;
    uint32_t first_ip;
    unsigned peers;
    uint16_t port;
    size_t out_count;
    uint64_t unsent, overrun;
    struct item items[NET_BATCH];
    struct mmsghdr in[NET_BATCH], out[NET_BATCH];
    struct iovec in_iov[NET_BATCH], out_iov[NET_BATCH];
    struct sockaddr_in in_from[NET_BATCH], out_to[NET_BATCH];
    struct in_control in_control[NET_BATCH];
    struct out_control out_control[NET_BATCH];
    uint8_t in_data[NET_BATCH][2048], out_data[NET_BATCH][NET_DATAGRAM_MAX];
};

int64_t net_now_ns(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void prepare(struct net *net)
{
    for (size_t i = 0; i < NET_BATCH; i++) {
        net->in_iov[i] = (struct iovec){net->in_data[i], sizeof(net->in_data[i])};
        net->in[i].msg_hdr = (struct msghdr){.msg_name = &net->in_from[i],
                                             .msg_iov = &net->in_iov[i],
                                             .msg_iovlen = 1,
                                             .msg_control = net->in_control[i].octets};
        net->out_iov[i].iov_base = net->out_data[i];
    }
}

static bool set_up_socket(struct net *net)
{
    int on = 1;
    int size = BUFFER;
    if (setsockopt(net->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0) {
        (void)setsockopt(net->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    }
    if (setsockopt(net->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0) {
        (void)setsockopt(net->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    }
    struct sockaddr_in any = {.sin_family = AF_INET};
    socklen_t len = sizeof(any);
    if (setsockopt(net->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) != 0 ||
        setsockopt(net->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0 ||
        setsockopt(net->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on)) != 0 ||
        bind(net->fd, (const struct sockaddr *)&any, sizeof(any)) != 0 ||
        getsockname(net->fd, (struct sockaddr *)&any, &len) != 0) {
        return false;
    }
    net->port = ntohs(any.sin_port);
    return true;
}

enum status net_open(uint32_t first_ip, unsigned peers, struct net **out_net)
{
    struct net *net = calloc(1, sizeof(*net));
    if (net == NULL) {
        return STATUS_NO_MEMORY;
    }
    net->first_ip = first_ip;
    net->peers = peers;
    net->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (net->fd < 0 || !set_up_socket(net)) {
        net_close(net);
        return STATUS_IO;
    }
    prepare(net);
    *out_net = net;
    return STATUS_OK;
}

void net_close(struct net *net)
{
    if (net != NULL) {
        if (net->fd >= 0) {
            (void)close(net->fd);
        }
        free(net);
    }
}

int net_fd(const struct net *net)
{
    return net->fd;
}

struct net_addr net_own(const struct net *net, unsigned index)
{
    return (struct net_addr){net->first_ip + index, net->port};
}

struct writer net_begin(struct net *net)
{
    if (net->out_count == NET_BATCH) {
        net_flush(net);
    }
    return writer_of(net->out_data[net->out_count], NET_DATAGRAM_MAX);
}

void net_commit(struct net *net, const struct writer *w, unsigned index, struct net_addr to)
{
    size_t at = net->out_count;
    CHECK(at < NET_BATCH && w->data == net->out_data[at] && writer_ok(w) && index < net->peers);
    net->out_iov[at].iov_len = w->at;
    net->items[at] = (struct item){index, to};
    net->out_count++;
}

static void *put_control(struct msghdr *head, int level, int type, size_t len)
{
    struct cmsghdr *control =
        (struct cmsghdr *)(void *)((uint8_t *)head->msg_control + head->msg_controllen);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(len);
    head->msg_controllen += CMSG_SPACE(len);
    return CMSG_DATA(control);
}

/* How many items from `at` on are one message: the packets of one picture, of equal length. */
static size_t message_items(const struct net *net, size_t at)
{
    size_t end = at + 1;
    while (end < net->out_count && net->items[end].index == net->items[at].index &&
           net->items[end].to.ip == net->items[at].to.ip &&
           net->items[end].to.port == net->items[at].to.port &&
           net->out_iov[end].iov_len == net->out_iov[at].iov_len) {
        end++;
    }
    return end - at;
}

static void make_message(struct net *net, size_t message, size_t at, size_t count)
{
    const struct item *item = &net->items[at];
    net->out_to[message] = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(item->to.port), .sin_addr = {htonl(item->to.ip)}};
    struct msghdr *head = &net->out[message].msg_hdr;
    *head = (struct msghdr){.msg_name = &net->out_to[message],
                            .msg_namelen = sizeof(net->out_to[message]),
                            .msg_iov = &net->out_iov[at],
                            .msg_iovlen = count,
                            .msg_control = net->out_control[message].octets};
    struct in_pktinfo info = {.ipi_spec_dst = {htonl(net->first_ip + item->index)}};
    memcpy(put_control(head, IPPROTO_IP, IP_PKTINFO, sizeof(info)), &info, sizeof(info));
    if (count > 1) {
        uint16_t len = (uint16_t)net->out_iov[at].iov_len;
        memcpy(put_control(head, IPPROTO_UDP, UDP_SEGMENT, sizeof(len)), &len, sizeof(len));
    }
}

void net_flush(struct net *net)
{
    unsigned messages = 0;
    for (size_t at = 0; at < net->out_count;) {
        size_t count = message_items(net, at);
        make_message(net, messages++, at, count);
        at += count;
    }
    unsigned sent = 0;
    while (sent < messages) {
        int n = sendmmsg(net->fd, net->out + sent, messages - sent, 0);
        if (n > 0) {
            sent += (unsigned)n;
        } else if (errno != EINTR) {
            net->unsent += net->out[sent].msg_hdr.msg_iovlen;
            sent++;
        }
    }
    net->out_count = 0;
}

/* False: no destination address came with it. */
static bool read_control(struct net *net, struct msghdr *head, struct net_datagram *out)
{
    bool known = false;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(head); c != NULL; c = CMSG_NXTHDR(head, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            out->index = ntohl(info.ipi_addr.s_addr) - net->first_ip;
            known = out->index < net->peers;
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec at;
            memcpy(&at, CMSG_DATA(c), sizeof(at));
            out->arrived_ns = (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
            uint32_t dropped;
            memcpy(&dropped, CMSG_DATA(c), sizeof(dropped));
            net->overrun = dropped;
        }
    }
    return known;
}

unsigned net_receive(struct net *net, struct net_datagram out[NET_BATCH])
{
    for (size_t i = 0; i < NET_BATCH; i++) {
        net->in[i].msg_hdr.msg_namelen = sizeof(net->in_from[i]);
        net->in[i].msg_hdr.msg_controllen = sizeof(net->in_control[i].octets);
    }
    int n = recvmmsg(net->fd, net->in, NET_BATCH, 0, NULL);
    unsigned count = 0;
    for (int i = 0; i < n; i++) {
        out[count] = (struct net_datagram){
            .from = {ntohl(net->in_from[i].sin_addr.s_addr), ntohs(net->in_from[i].sin_port)},
            .data = net->in_data[i],
            .len = net->in[i].msg_len};
        count += read_control(net, &net->in[i].msg_hdr, &out[count]) ? 1 : 0;
    }
    return count;
}

uint64_t net_unsent(const struct net *net)
{
    return net->unsent;
}

uint64_t net_overrun(const struct net *net)
{
    return net->overrun;
}
