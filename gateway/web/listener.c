#include "gateway/web/listener.h"

#include "media/rt/log.h"
#include "proto/base/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024       /* a thousand browsers that come back at once after a restart */
#define ACCEPTS_A_TURN 64  /* so that open connections have their turn */
#define PAUSE_US 100000    /* without descriptors or memory: try again then */
#define BUCKETS 1024       /* of peer addresses */
#define TLS_HANDSHAKE 0x16 /* content type, RFC 8446 §5.1 */

struct peer_count {
    struct peer_count *next;
    struct web_listener_peer peer;
    unsigned count;
};

/* A connection that has not sent its first octets yet. */
struct waiting {
    struct waiting *next, **link; /* in listener->waiting */
    struct web_listener *listener;
    struct web_listener_peer peer;
    int fd; /* -1: given away or closed */
    bool is_tls;
    uv_poll_t poll;
    struct loop_timer timer;
};

struct web_listener {
    struct web_listener_config config;
    int fd;
    unsigned port;
    uv_poll_t poll;
    bool closed;
    struct loop_timer pause;
    struct waiting *waiting;
    struct web_listener_stats stats;
    struct peer_count *buckets[BUCKETS];
};

/* --- peers
 * --------------------------------------------------------------------------------------------------------
 */

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const struct web_listener_peer *peer)
{
    return memcmp(peer->address, v4_mapped, sizeof(v4_mapped)) == 0;
}

/* Whoever has one IPv6 address has 2^64 of them: the network is counted (RFC 6177). */
static struct web_listener_peer counted_as(const struct web_listener_peer *peer)
{
    struct web_listener_peer key = *peer;
    if (!is_v4(peer)) {
        memset(key.address + 8, 0, 8);
    }
    return key;
}

static struct peer_count **peer_find(struct web_listener *listener,
                                     const struct web_listener_peer *key)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < sizeof(key->address); i++) {
        hash = (hash ^ key->address[i]) * 16777619u;
    }
    struct peer_count **at = &listener->buckets[hash % BUCKETS];
    while (*at != NULL && memcmp((*at)->peer.address, key->address, sizeof(key->address)) != 0) {
        at = &(*at)->next;
    }
    return at;
}

/* False: over the limit (or no memory to count), nothing was counted. */
static bool peer_enter(struct web_listener *listener, const struct web_listener_peer *peer)
{
    struct web_listener_peer key = counted_as(peer);
    struct peer_count **at = peer_find(listener, &key);
    if (*at == NULL) {
        *at = calloc(1, sizeof(**at));
        if (*at == NULL) {
            return false;
        }
        (*at)->peer = key;
    }
    if ((*at)->count >= listener->config.per_address_max) {
        return false;
    }
    (*at)->count++;
    listener->stats.connections++;
    return true;
}

void web_listener_release(struct web_listener *listener, const struct web_listener_peer *peer)
{
    struct web_listener_peer key = counted_as(peer);
    struct peer_count **at = peer_find(listener, &key);
    CHECK(*at != NULL && (*at)->count > 0 && listener->stats.connections > 0);
    listener->stats.connections--;
    if (--(*at)->count == 0) {
        struct peer_count *gone = *at;
        *at = gone->next;
        free(gone);
    }
}

void web_listener_peer_text(const struct web_listener_peer *peer,
                            char out_text[LISTENER_ADDRESS_SIZE])
{
    bool v4 = is_v4(peer);
    if (inet_ntop(v4 ? AF_INET : AF_INET6, peer->address + (v4 ? 12 : 0), out_text,
                  LISTENER_ADDRESS_SIZE) == NULL) {
        out_text[0] = '\0';
    }
}

/* For an IPv4 connection on a "::" socket the kernel gives the mapped form by itself. */
static void peer_of(const struct sockaddr_storage *from, struct web_listener_peer *out_peer)
{
    memset(out_peer, 0, sizeof(*out_peer));
    if (from->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from, sizeof(v4));
        out_peer->address[10] = 0xff;
        out_peer->address[11] = 0xff;
        memcpy(out_peer->address + 12, &v4.sin_addr, 4);
    } else {
        struct sockaddr_in6 v6;
        memcpy(&v6, from, sizeof(v6));
        memcpy(out_peer->address, &v6.sin6_addr, 16);
    }
}

/* --- first octets
 * -------------------------------------------------------------------------------------------------
 */

static void refuse(struct web_listener *listener, int fd, const struct web_listener_peer *peer)
{
    (void)close(fd);
    web_listener_release(listener, peer);
}

enum first { FIRST_NOTHING, FIRST_TLS, FIRST_OTHER };

/* Octet 0 decides: an RFC 4571 frame (ICE-TCP) begins with its length, and no STUN request that a
 * browser sends is as long as 0x1600 octets. So a client that sends octet by octet is told apart as
 * well. */
static enum first look(int fd)
{
    uint8_t octet = 0;
    ssize_t n = recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? FIRST_NOTHING : FIRST_OTHER;
    }
    return n == 1 && octet == TLS_HANDSHAKE ? FIRST_TLS : FIRST_OTHER;
}

static void waiting_unlink(struct waiting *w)
{
    *w->link = w->next;
    if (w->next != NULL) {
        w->next->link = w->link;
    }
    loop_timer_cancel(w->listener->config.loop, &w->timer);
}

/* Only now may somebody else watch the descriptor. */
static void waiting_closed(uv_handle_t *handle)
{
    struct waiting *w = handle->data;
    struct web_listener *listener = w->listener;
    if (w->is_tls && !listener->closed) {
        listener->config.tls(listener->config.context, w->fd, &w->peer);
    } else {
        refuse(listener, w->fd, &w->peer);
    }
    free(w);
}

static void waiting_end(struct waiting *w, bool is_tls)
{
    waiting_unlink(w);
    w->is_tls = is_tls;
    uv_close((uv_handle_t *)&w->poll, waiting_closed);
}

static void waiting_readable(uv_poll_t *poll, int status, int events)
{
    struct waiting *w = poll->data;
    (void)events;
    enum first first = status < 0 ? FIRST_OTHER : look(w->fd);
    if (first == FIRST_NOTHING) {
        return; /* woken for nothing */
    }
    if (first == FIRST_OTHER) {
        w->listener->stats.not_tls++;
    }
    waiting_end(w, first == FIRST_TLS);
}

static void waiting_timeout(struct loop_timer *timer)
{
    struct waiting *w = (struct waiting *)(void *)((char *)timer - offsetof(struct waiting, timer));
    w->listener->stats.silent++;
    waiting_end(w, false);
}

static void waiting_begin(struct web_listener *listener, int fd,
                          const struct web_listener_peer *peer)
{
    struct waiting *w = calloc(1, sizeof(*w));
    if (w == NULL || uv_poll_init(loop_uv(listener->config.loop), &w->poll, fd) != 0) {
        free(w);
        refuse(listener, fd, peer);
        return;
    }
    w->listener = listener;
    w->peer = *peer;
    w->fd = fd;
    w->poll.data = w;
    w->timer.run = waiting_timeout;
    w->next = listener->waiting;
    if (w->next != NULL) {
        w->next->link = &w->next;
    }
    w->link = &listener->waiting;
    listener->waiting = w;
    (void)uv_poll_start(&w->poll, UV_READABLE, waiting_readable);
    loop_timer_set(listener->config.loop, &w->timer,
                   (int64_t)listener->config.first_octets_timeout_ms * 1000);
}

/* --- accepting
 * ----------------------------------------------------------------------------------------------------
 */

static void accepted(struct web_listener *listener, int fd, const struct web_listener_peer *peer)
{
    listener->stats.accepted++;
    if (listener->stats.connections >= listener->config.connections_max) {
        listener->stats.over_limit++;
        (void)close(fd);
        return;
    }
    if (!peer_enter(listener, peer)) {
        listener->stats.over_address_limit++;
        (void)close(fd);
        return;
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
                     sizeof(on)); /* measured: 3-4 ms instead of 43-59 */
    switch (look(fd)) {
    case FIRST_TLS:
        listener->config.tls(listener->config.context, fd, peer);
        break;
    case FIRST_NOTHING:
        waiting_begin(listener, fd, peer);
        break;
    case FIRST_OTHER:
        listener->stats.not_tls++;
        refuse(listener, fd, peer);
        break;
    }
}

static void accept_some(uv_poll_t *poll, int status, int events)
{
    struct web_listener *listener = poll->data;
    (void)events;
    for (int i = 0; status == 0 && i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage from = {0};
        socklen_t from_len = sizeof(from);
        int fd = accept4(listener->fd, (struct sockaddr *)&from, &from_len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            struct web_listener_peer peer;
            peer_of(&from, &peer);
            accepted(listener, fd, &peer);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            log_warn("accept_failed", "errno=%d connections=%u", errno,
                     listener->stats.connections);
            (void)uv_poll_stop(&listener->poll); /* level-triggered: would spin */
            loop_timer_set(listener->config.loop, &listener->pause, PAUSE_US);
            return;
        }
    }
}

static void pause_over(struct loop_timer *timer)
{
    struct web_listener *listener =
        (struct web_listener *)(void *)((char *)timer - offsetof(struct web_listener, pause));
    (void)uv_poll_start(&listener->poll, UV_READABLE, accept_some);
}

/* --- open, close
 * --------------------------------------------------------------------------------------------------
 */

static bool sockaddr_of(const char *text, unsigned port, struct sockaddr_storage *out,
                        socklen_t *out_len)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(out, &v4, sizeof(v4));
        *out_len = sizeof(v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(out, &v6, sizeof(v6));
        *out_len = sizeof(v6);
        return true;
    }
    return false;
}

static int open_socket(const struct sockaddr_storage *address, socklen_t len)
{
    int on = 1;
    int off = 0;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->ss_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if (bind(fd, (const struct sockaddr *)address, len) != 0 || listen(fd, BACKLOG) != 0) {
        int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    struct sockaddr_in v4;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        return 0;
    }
    memcpy(&v4, &address, sizeof(v4)); /* the port lies at the same place for both families */
    return ntohs(v4.sin_port);
}

enum status web_listener_open(const struct web_listener_config *config,
                              struct web_listener **out_listener)
{
    struct sockaddr_storage address;
    socklen_t address_len = 0;
    if (config->port > 65535 ||
        !sockaddr_of(config->address, config->port, &address, &address_len)) {
        log_error("listen_failed", "address=%s reason=not_an_address", config->address);
        return STATUS_MALFORMED;
    }
    struct web_listener *listener = calloc(1, sizeof(*listener));
    if (listener == NULL) {
        return STATUS_NO_MEMORY;
    }
    listener->config = *config;
    listener->pause.run = pause_over;
    listener->fd = open_socket(&address, address_len);
    if (listener->fd < 0) {
        log_error("listen_failed", "address=%s port=%u error=%s", config->address, config->port,
                  strerror(errno));
        free(listener);
        return STATUS_IO;
    }
    listener->port = port_of(listener->fd);
    if (uv_poll_init(loop_uv(config->loop), &listener->poll, listener->fd) != 0) {
        (void)close(listener->fd);
        free(listener);
        return STATUS_IO;
    }
    listener->poll.data = listener;
    (void)uv_poll_start(&listener->poll, UV_READABLE, accept_some);
    *out_listener = listener;
    return STATUS_OK;
}

unsigned web_listener_port(const struct web_listener *listener)
{
    return listener->port;
}

void web_listener_stats(const struct web_listener *listener, struct web_listener_stats *out_stats)
{
    *out_stats = listener->stats;
}

void web_listener_close(struct web_listener *listener)
{
    if (listener->closed) {
        return;
    }
    listener->closed = true;
    loop_timer_cancel(listener->config.loop, &listener->pause);
    uv_close((uv_handle_t *)&listener->poll, NULL);
    (void)close(listener->fd);
    while (listener->waiting != NULL) {
        waiting_end(listener->waiting, false);
    }
}

void web_listener_destroy(struct web_listener *listener)
{
    if (listener == NULL) {
        return;
    }
    CHECK(listener->closed && listener->stats.connections == 0);
    free(listener);
}
