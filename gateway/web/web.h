/* The one TLS port: HTTP/1.1 (proto/http) and WebSocket (proto/ws) over libwebsockets' raw role,
 * seen from the rest of the gateway. T0 only. libwebsockets is included in gateway/web/ *.c alone.
 *
 * An exchange is one request and its one reply. It may be answered at once or later; when its
 * connection dies first, the exchange stays valid until it is answered, and the answer is thrown
 * away. */
#ifndef GATEWAY_WEB_WEB_H
#define GATEWAY_WEB_WEB_H

#include "gateway/web/loop.h"
#include "proto/base/span.h"

#include <stdbool.h>

struct web;
struct web_exchange;
struct web_ws;
struct worker;

struct web_request {
    const char *method;        /* upper case */
    const char *path;          /* decoded, normalised, begins with '/' */
    const char *query;         /* raw, "" when absent */
    struct span body;          /* whole; bounded by the handler's body_limit() */
    const char *peer_address;  /* text without port */
    const char *session_token; /* value of the cookie __Host-session; NULL when absent */
};

struct web_reply {
    int status;
    const char *content_type;   /* NULL: no body */
    const char *const *headers; /* name, value, name, value, NULL; copied; may be NULL */
    const void *body;           /* copied, unless body_free is set */
    size_t body_len;
    void (*body_free)(void *body);
    const char *file; /* instead of body: path; ranges, If-Range, HEAD, ETag handled by web; read on
                         the blob thread */
    const char *etag; /* with quotes; NULL = none. If-None-Match is answered 304 by web */
    const char *cache_control; /* NULL = "no-store" */
};

struct web_handlers {
    void *context;
    /* Before the body is read: largest body in octets for this head; 0 = none allowed. Negative:
     * refuse with that status negated (-404, -405, -413 ...). */
    long (*body_limit)(void *context, const struct web_request *request,
                       struct web_exchange *exchange);
    void (*request)(void *context, struct web_exchange *exchange);
    /* Upgrade to /ws was asked, Origin and subprotocol are right; the handler calls web_ws_accept
     * or web_reply. */
    void (*ws_request)(void *context, struct web_exchange *exchange);
    void (*ws_message)(void *context, struct web_ws *ws,
                       struct span text); /* whole text message, valid UTF-8 */
    void (*ws_closed)(
        void *context,
        struct web_ws *ws); /* last call for this ws; its data is the handler's to free */
    /* For metrics, may be NULL: an exchange was answered (101: became a WebSocket) so long after
     * the handler got it. */
    void (*observed)(void *context, const struct web_request *request, int status,
                     int64_t duration_us);
};

/* Texts and lists are borrowed as long as the web lives. */
struct web_config {
    const char *listen_address;
    unsigned port;                           /* 0 = any */
    const char *certificate_file, *key_file; /* PEM */
    unsigned connections_max, header_timeout_ms, idle_timeout_ms, ws_send_queue_bytes;
    unsigned connections_per_address; /* of one IPv4 address or IPv6 /64; 0 = 256 */
    const char *const *origins;       /* allowed besides https://HOST of the request; NULL ends */
    struct worker *blob;              /* for files; may come later by web_set_blob() */
};

MUST_USE enum status web_create(const struct web_config *config,
                                const struct web_handlers *handlers, struct web **out_web);
struct loop *web_loop(struct web *web);
/* The blob worker needs the loop, so it is made after the web. Before web_run(). */
void web_set_blob(struct web *web, struct worker *blob);
unsigned web_port(const struct web *web);
int web_run(struct web *web); /* turns the loop until web_stop; 0 */
void web_stop(struct web *web);
/* One turn without waiting: lets what was posted run after web_run() has ended. */
void web_turn(struct web *web);
/* Calls fn on T0 each time the process gets the signal; at most WEB_SIGNALS_MAX different ones.
 * False: no more. */
#define WEB_SIGNALS_MAX 4
bool web_on_signal(struct web *web, int signal_number, void (*fn)(void *context, int signal_number),
                   void *context);
/* Version of the socket library, for build information. */
const char *web_library(void);
/* Stops accepting, closes WebSockets with 1001, finishes running exchanges; what is left after
 * grace is cut. Then done. */
void web_drain(struct web *web, int64_t grace_us, void (*done)(void *context), void *context);
/* New pair for new handshakes; running connections keep theirs. A bad pair changes nothing:
 * STATUS_MALFORMED, reason logged. */
MUST_USE enum status web_reload_certificate(struct web *web, const char *certificate_file,
                                            const char *key_file);
/* Whole days until the certificate in use expires. */
int64_t web_certificate_days(const struct web *web);
/* Runs what was posted, closes all connections (ws_closed is called), ends the loop. Workers must
 * be idle or destroyed. */
void web_destroy(struct web *web);

const struct web_request *web_exchange_request(const struct web_exchange *exchange);
/* First value of a header field, trimmed; NULL when absent. Borrowed until the reply. */
const char *web_exchange_header(const struct web_exchange *exchange, const char *name);
void web_exchange_set_data(struct web_exchange *exchange, void *data);
void *web_exchange_data(const struct web_exchange *exchange);
/* For a 405 that body_limit() refuses with: the methods of the resource, "GET, POST" (RFC 9110
 * §10.2.1). */
void web_exchange_allow(struct web_exchange *exchange, const char *methods);
void web_reply(struct web_exchange *exchange, const struct web_reply *reply);
/* problem+json in both languages without a store behind it (404, 413, 503 ...). */
void web_reply_problem(struct web_exchange *exchange, int status, const char *code, const char *zh,
                       const char *en);

/* Answers 101. The exchange is gone afterwards. NULL when its connection died meanwhile. */
struct web_ws *web_ws_accept(struct web_exchange *exchange, void *data);
void *web_ws_data(const struct web_ws *ws);
/* Queues a text message (copied). A connection whose queue is over ws_send_queue_bytes is closed
 * with 1008 "slow". */
void web_ws_send(struct web_ws *ws, const char *text, size_t len);
void web_ws_close(struct web_ws *ws, unsigned code, const char *reason); /* after what is queued */

/* For metrics. */
struct web_stats {
    uint64_t accepted, tls_failed, requests, ws_opened, refused_overload, closed_slow, closed_flood,
        closed_protocol;
    uint64_t refused_limit, refused_address_limit, not_tls, header_timeout, idle_timeout,
        ping_timeout, refused_origin, draining;
    unsigned connections, websockets, waiting; /* waiting: accepted, before the gate (gate.h) */
};
void web_stats(const struct web *web, struct web_stats *out_stats);

#endif
