#include "media/net/udp.h"

#include "proto/base/check.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX 65536u                   /* octets: as much as the kernel joins */
#define MESSAGE_STRIDE (MESSAGE_MAX + 1216u) /* their beginnings in different sets of the cache */
#define SEGMENTS_MAX 64                      /* the kernel's UDP_MAX_SEGMENTS before Linux 6.9 */
#define RUN_OCTETS_MAX 61440u                /* below 65,507, what a datagram can hold */
#define RUNS_BACK                                                                                  \
    16u /* runs that are looked at for a packet's receiver: a picture's are neighbours */

struct run {                   /* consecutive packets to one receiver: one message */
    size_t first, last, count; /* indices of items; joined by next[] */
    size_t octets, segment_len;
    bool closed; /* its last packet is shorter: no further one may follow */
};

struct control {
    _Alignas(struct cmsghdr) uint8_t octets[CMSG_SPACE(sizeof(int))];
};

struct taken {        /* what recvmmsg() brought and udp_receive() has not handed out yet */
    size_t count, at; /* messages */
    size_t offset;    /* in the present one */
    bool full;        /* there may be more in the socket */
};

struct udp {
    int fd;
    int family;
    uint16_t port;
    bool segments; /* the kernel and the interface can do it */
    struct mmsghdr in[UDP_BATCH], out[OUTBOX_COUNT];
    struct iovec in_iov[UDP_BATCH], out_iov[OUTBOX_COUNT];
    struct sockaddr_storage in_from[UDP_BATCH], out_to[OUTBOX_COUNT];
    struct control in_control[UDP_BATCH], out_control[OUTBOX_COUNT];
    struct taken taken;
    struct run runs[OUTBOX_COUNT];
    size_t next[OUTBOX_COUNT];
    uint8_t data[UDP_BATCH][MESSAGE_STRIDE]; /* only what was used costs memory */
};

/* With CAP_NET_ADMIN as large as we want, else up to net.core.rmem_max. */
static void set_buffer(int fd, int forced, int plain)
{
    int size = (int)UDP_BUFFER;
    if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof(size)) != 0) {
        (void)setsockopt(fd, SOL_SOCKET, plain, &size,
                         sizeof(size)); /* the default serves as well, only worse */
    }
}

static enum status open_socket(struct udp *udp, const struct addr *at)
{
    udp->family = at->family == 6 ? AF_INET6 : AF_INET;
    udp->fd = socket(udp->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (udp->fd < 0) {
        return STATUS_IO;
    }
    int off = 0;
    if (udp->family == AF_INET6) {
        (void)setsockopt(udp->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
                         sizeof(off)); /* "::" then serves IPv4 too */
    }
    set_buffer(udp->fd, SO_RCVBUFFORCE, SO_RCVBUF);
    set_buffer(udp->fd, SO_SNDBUFFORCE, SO_SNDBUF);
    udp->segments = setsockopt(udp->fd, IPPROTO_UDP, UDP_SEGMENT, &off, sizeof(off)) == 0;
    int on = 1;
    (void)setsockopt(udp->fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)); /* without it one by one */
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
        udp->in_iov[i] = (struct iovec){udp->data[i], MESSAGE_MAX};
        udp->in[i].msg_hdr = (struct msghdr){.msg_name = &udp->in_from[i],
                                             .msg_iov = &udp->in_iov[i],
                                             .msg_iovlen = 1,
                                             .msg_control = udp->in_control[i].octets};
    }
    for (size_t i = 0; i < OUTBOX_COUNT; i++) {
        udp->out[i].msg_hdr = (struct msghdr){.msg_name = &udp->out_to[i]};
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

size_t udp_receive_buffer(const struct udp *udp)
{
    int size = 0;
    socklen_t len = sizeof(size);
    if (getsockopt(udp->fd, SOL_SOCKET, SO_RCVBUF, &size, &len) != 0 || size < 0) {
        return 0;
    }
    return (size_t)size / 2; /* the kernel says twice what was set: its own head of each packet */
}

void udp_count_drops(const struct udp *udp, struct counters *counters)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof(info);
    if (getsockopt(udp->fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0) {
        uint64_t known = counters_get(counters, COUNTER_DROP_SOCKET);
        counters_add(counters, COUNTER_DROP_SOCKET, (uint32_t)(info[SK_MEMINFO_DROPS] - known));
    }
}

/* --- in --- */

static void take_messages(struct udp *udp, struct counters *counters)
{
    for (size_t i = 0; i < UDP_BATCH; i++) {
        udp->in[i].msg_hdr.msg_namelen = sizeof(udp->in_from[i]);
        udp->in[i].msg_hdr.msg_controllen = sizeof(udp->in_control[i].octets);
    }
    int n = recvmmsg(udp->fd, udp->in, UDP_BATCH, 0, NULL);
    udp->taken = (struct taken){.count = n < 0 ? 0 : (size_t)n, .full = n == UDP_BATCH};
    for (int i = 0; i < n; i++) {
        counters_add(counters, COUNTER_RX_BYTES, udp->in[i].msg_len);
    }
    counters_add(counters, COUNTER_RX_MESSAGES, n < 0 ? 0 : (uint64_t)n);
}

/* The length of all packets of a message but the last, which may be shorter. */
static size_t segment_len(struct mmsghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message->msg_hdr); c != NULL;
         c = CMSG_NXTHDR(&message->msg_hdr, c)) {
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            int len = 0;
            memcpy(&len, CMSG_DATA(c), sizeof(len));
            return len <= 0 ? message->msg_len : (size_t)len;
        }
    }
    return message->msg_len;
}

/* The next packets of the present message into out, room of them at most; returns how many. */
static size_t take_apart(struct udp *udp, struct counters *counters, struct udp_datagram *out,
                         size_t room)
{
    struct taken *taken = &udp->taken;
    struct mmsghdr *message = &udp->in[taken->at];
    size_t each = segment_len(message);
    struct addr from;
    bool known = addr_of_sockaddr(&udp->in_from[taken->at], &from) == STATUS_OK;
    size_t count = 0;
    do { /* an empty datagram is one, too */
        size_t left = message->msg_len - taken->offset;
        size_t len = left < each ? left : each;
        counters_add(counters, COUNTER_RX_PACKETS, 1);
        if (len > UDP_DATAGRAM_MAX || (message->msg_hdr.msg_flags & MSG_TRUNC) != 0) {
            counters_add(counters, COUNTER_DROP_TOO_LARGE, 1);
        } else if (known) {
            out[count++] = (struct udp_datagram){from, udp->data[taken->at] + taken->offset, len};
        }
        taken->offset += len;
    } while (taken->offset < message->msg_len && count < room);
    if (taken->offset == message->msg_len) {
        taken->at++;
        taken->offset = 0;
    }
    return count;
}

size_t udp_receive(struct udp *udp, struct counters *counters, struct udp_datagram out[UDP_BATCH])
{
    if (udp->taken.at == udp->taken.count) {
        take_messages(udp, counters);
    }
    size_t count = 0;
    while (udp->taken.at < udp->taken.count && count < UDP_BATCH) {
        count += take_apart(udp, counters, out + count, UDP_BATCH - count);
    }
    return count;
}

bool udp_has_more(const struct udp *udp)
{
    return udp->taken.at < udp->taken.count || udp->taken.full;
}

/* --- out --- */

/* Whether a packet may follow the last one of a run: all of a message have one length, but for its
 * last one, which may be shorter. */
static bool may_follow(const struct udp *udp, const struct run *run, size_t len)
{
    return udp->segments && !run->closed && len <= run->segment_len && run->count < SEGMENTS_MAX &&
           run->octets + len <= RUN_OCTETS_MAX;
}

/* The receiver's latest run among the last RUNS_BACK; count: none. Only the latest may grow, so
 * that a receiver's packets keep their order. */
static size_t run_of(const struct udp *udp, const struct outbox *box, const struct addr *to,
                     size_t count)
{
    for (size_t i = 1; i <= RUNS_BACK && i <= count; i++) {
        if (addr_equal(&box->items[udp->runs[count - i].first].to, to)) {
            return count - i;
        }
    }
    return count;
}

/* Puts the packets into runs; returns how many there are. */
static size_t make_runs(struct udp *udp, const struct outbox *box)
{
    size_t count = 0;
    for (size_t i = 0; i < box->count; i++) {
        const struct outbox_item *item = &box->items[i];
        if (udp->family == AF_INET && item->to.family != 4) {
            continue; /* cannot have come from this socket */
        }
        size_t at = run_of(udp, box, &item->to, count);
        if (at < count && may_follow(udp, &udp->runs[at], item->len)) {
            struct run *run = &udp->runs[at];
            udp->next[run->last] = i;
            run->last = i;
            run->count++;
            run->octets += item->len;
            run->closed = item->len < run->segment_len;
        } else {
            udp->runs[count++] = (struct run){i, i, 1, item->len, item->len, false};
        }
    }
    return count;
}

static void set_segment_len(struct msghdr *head, struct control *control, size_t segment_len)
{
    head->msg_control = control->octets;
    head->msg_controllen = sizeof(control->octets);
    struct cmsghdr *c = CMSG_FIRSTHDR(head);
    c->cmsg_level = IPPROTO_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    uint16_t value = (uint16_t)segment_len;
    memcpy(CMSG_DATA(c), &value, sizeof(value));
}

static void lay_out(struct udp *udp, struct outbox *box, size_t run_count)
{
    size_t vector = 0;
    for (size_t i = 0; i < run_count; i++) {
        const struct run *run = &udp->runs[i];
        struct msghdr *head = &udp->out[i].msg_hdr;
        head->msg_namelen =
            addr_to_sockaddr(&box->items[run->first].to, udp->family, &udp->out_to[i]);
        head->msg_iov = &udp->out_iov[vector];
        head->msg_iovlen = run->count;
        head->msg_control = NULL;
        head->msg_controllen = 0;
        size_t item = run->first;
        for (size_t k = 0; k < run->count; k++) {
            udp->out_iov[vector++] = (struct iovec){box->items[item].data, box->items[item].len};
            item = udp->next[item];
        }
        if (run->count > 1) {
            set_segment_len(head, &udp->out_control[i], run->segment_len);
        }
    }
}

static void count_sent(struct counters *counters, const struct run *run)
{
    counters_add(counters, COUNTER_TX_PACKETS, run->count);
    counters_add(counters, COUNTER_TX_BYTES, run->octets);
    counters_add(counters, COUNTER_TX_MESSAGES, 1);
}

/* A message that the interface cannot cut (no checksum offload, a smaller MTU): packet by packet.
 */
static void send_apart(struct udp *udp, struct counters *counters, size_t at)
{
    struct msghdr head = udp->out[at].msg_hdr;
    struct iovec *vectors = head.msg_iov;
    head.msg_control = NULL;
    head.msg_controllen = 0;
    head.msg_iovlen = 1;
    for (size_t i = 0; i < udp->runs[at].count; i++) {
        head.msg_iov = &vectors[i];
        if (sendmsg(udp->fd, &head, 0) >= 0) {
            const struct run one = {.count = 1, .octets = vectors[i].iov_len};
            count_sent(counters, &one);
        } else {
            counters_add(counters, COUNTER_DROP_SEND, 1);
        }
    }
}

static void count_unsent(struct udp *udp, struct counters *counters, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        counters_add(counters, COUNTER_DROP_SEND, udp->runs[i].count);
    }
}

void udp_send(struct udp *udp, struct counters *counters, struct outbox *box)
{
    size_t count = make_runs(udp, box);
    lay_out(udp, box, count);
    size_t at = 0;
    while (at < count) {
        int n = sendmmsg(udp->fd, udp->out + at, (unsigned)(count - at), 0);
        if (n > 0) {
            for (size_t i = at; i < at + (size_t)n; i++) {
                count_sent(counters, &udp->runs[i]);
            }
            at += (size_t)n;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            count_unsent(udp, counters, at, count);
            break;
        } else if (errno == EINTR) {
            continue;
        } else if (udp->runs[at].count > 1) {
            udp->segments = udp->segments && errno != EIO && errno != EOPNOTSUPP;
            send_apart(udp, counters, at);
            at++;
        } else { /* this receiver cannot be reached now; the others can */
            count_unsent(udp, counters, at, at + 1);
            at++;
        }
    }
    box->count = 0;
}
