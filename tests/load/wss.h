/* A WebSocket client over TLS (RFC 6455, RFC 8446) for the load generator: non-blocking, one epoll of
 * its owner, a few KiB each, so that one process holds 10,000 of them. It checks what a browser would
 * (accept key, no mask, opcodes, lengths) and answers pings. It verifies no certificate: it talks to
 * gateways that the bench started. One thread. */
#ifndef TESTS_LOAD_WSS_H
#define TESTS_LOAD_WSS_H

#include "media/net/addr.h"
#include "proto/base/span.h"

#include <openssl/ssl.h>
#include <stdbool.h>

#define WSS_MESSAGE_MAX (96u * 1024u) /* octets; proto/signal/README.md */

enum wss_state { WSS_CONNECTING = 0, WSS_OPEN, WSS_CLOSED };

struct wss_config {
    SSL_CTX *context;      /* borrowed; wss_context() makes one */
    struct addr to;        /* the gateway */
    struct addr from;      /* local address, port 0; family 0: any */
    const char *authority; /* host:port for Host and Origin; borrowed during wss_open */
    const char *cookie;    /* value of __Host-session; borrowed during wss_open */
};

struct wss;

/* A client context that suits many connections: TLS 1.3, released buffers, no verification. NULL: no
 * memory. The caller frees it with SSL_CTX_free. */
SSL_CTX *wss_context(void);
/* Begins to connect (GET /ws, subprotocol consult.v1). NULL: no descriptor, no memory. */
struct wss *wss_open(const struct wss_config *config);
void wss_close(struct wss *wss); /* NULL is fine; without a goodbye */
int wss_fd(const struct wss *wss);
/* EPOLLIN, or EPOLLIN | EPOLLOUT while something could not be written yet. */
unsigned wss_wants(const struct wss *wss);
/* Reads and writes what is possible now. The state after it; WSS_CLOSED stays. */
enum wss_state wss_work(struct wss *wss);
/* Why it is closed: a static word, or the reason of the close frame; "" while it is not. */
const char *wss_reason(const struct wss *wss);
/* The next whole text message; valid until the next call on this connection. False: none. */
bool wss_take(struct wss *wss, struct span *out_text);
/* Queues a text message and writes what is possible. False: not open, or no memory. */
bool wss_send(struct wss *wss, struct span text);

#endif
