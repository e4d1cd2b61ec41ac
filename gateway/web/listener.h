/* The listening socket: accepts, counts connections per peer address, and looks at the first octet:
 * a TLS handshake (0x16, RFC 8446 §5.1) is handed on, anything else is closed and counted. T0. */
#ifndef GATEWAY_WEB_LISTENER_H
#define GATEWAY_WEB_LISTENER_H

#include "gateway/web/loop_engine.h"

#include <netinet/in.h>
#include <stdbool.h>

#define LISTENER_ADDRESS_SIZE INET6_ADDRSTRLEN

struct web_listener;

/* IPv4 addresses as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2). */
struct web_listener_peer {
    uint8_t address[16];
};

struct web_listener_config {
    struct loop *loop;
    const char *address; /* text, IPv4 or IPv6; "::" takes both */
    unsigned port;       /* 0 = any */
    unsigned connections_max, per_address_max;
    unsigned first_octets_timeout_ms;
    void *context;
    /* Owns fd from here on; every one is given back by web_listener_release() once. */
    void (*tls)(void *context, int fd, const struct web_listener_peer *peer);
};

struct web_listener_stats {
    uint64_t accepted, over_limit, over_address_limit, not_tls, silent;
    unsigned connections; /* accepted and not released */
};

/* STATUS_MALFORMED (address), STATUS_IO (in use, not allowed; logged). */
MUST_USE enum status web_listener_open(const struct web_listener_config *config,
                                       struct web_listener **out_listener);
unsigned web_listener_port(const struct web_listener *listener);
void web_listener_release(struct web_listener *listener, const struct web_listener_peer *peer);
/* Accepts no more; connections that have not said anything yet are closed. */
void web_listener_close(struct web_listener *listener);
/* After the loop was closed (loop_close); NULL is fine. */
void web_listener_destroy(struct web_listener *listener);
void web_listener_stats(const struct web_listener *listener, struct web_listener_stats *out_stats);
/* "192.0.2.1" or "2001:db8::1". */
void web_listener_peer_text(const struct web_listener_peer *peer,
                            char out_text[LISTENER_ADDRESS_SIZE]);

#endif
