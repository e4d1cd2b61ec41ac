/* What the files of gateway/web share and nobody else sees. T0.
 *
 *   listener ── fd ──> gate ──> connection ── octets ──> engine (TLS socket)
 *                                   │
 *                                   ├── exchange   one request and its reply (HTTP phase),
 *                                   │              made when its first octet comes
 *                                   └── web_ws     after the upgrade
 *
 * A connection lives from the adopted socket until the engine says `closed`. An exchange belongs to
 * its connection; when that dies while the handler has the exchange (EXCHANGE_HANDLER), it belongs
 * to the handler until web_reply() or web_ws_accept(). */
#ifndef GATEWAY_WEB_WEB_INTERNAL_H
#define GATEWAY_WEB_WEB_INTERNAL_H

#include "gateway/web/engine.h"
#include "gateway/web/gate.h"
#include "gateway/web/listener.h"
#include "gateway/web/outbox.h"
#include "gateway/web/web.h"
#include "proto/http/http_body.h"
#include "proto/http/http_date.h"
#include "proto/http/http_field.h"
#include "proto/http/http_path.h"
#include "proto/http/http_request.h"
#include "proto/http/http_response.h"
#include "proto/ws/ws_stream.h"

/* Limits, each with its reason. */
#define WEB_BODIES_MAX                                                                             \
    ((size_t)256 << 20)   /* octets of request bodies in memory at once, all connections: more are \
                             answered 503 */
#define WEB_PATH_MAX 1024 /* decoded; the longest of ours is under 200 */
#define WEB_LEFTOVER_MAX                                                                           \
    65536 /* pipelined octets kept while a request is worked on; reading is off after the first    \
             run */
#define WEB_LINGER_US                                                                              \
    2000000 /* good close: the peer has this long to read the rest (RFC 9112 §9.6) */
#define WEB_STALL_US 30000000    /* nothing taken by the peer for this long: slow */
#define WEB_BODY_RATE 1024       /* octets a second that a request body must come with */
#define WEB_FILE_CHUNK 131072    /* octets of a file in memory, each download */
#define WEB_FILE_RETRY_US 20000  /* the blob worker is full: ask again */
#define WEB_WS_MESSAGE_MAX 98304 /* 96 KiB: proto/signal/README.md */
#define WEB_WS_PING_US 20000000
#define WEB_WS_SILENCE_US 60000000
#define WEB_WS_FLOOD_SHORT 50 /* messages in 1 s */
#define WEB_WS_FLOOD_LONG 200 /* messages in 10 s */
#define WEB_WS_FLOOD_FEW 4    /* an idle browser: pings of both sides */
#define WEB_SUBPROTOCOL "consult.v1"
#define WEB_WS_PATH "/ws"

enum web_phase {
    CONNECTION_HTTP,   /* handshake, requests, replies */
    CONNECTION_WS,     /* frames; after our own close frame it still waits for the peer's */
    CONNECTION_DRAIN,  /* what is queued is sent, then goodbye; input is thrown away */
    CONNECTION_LINGER, /* goodbye was sent; waits for the peer's end */
    CONNECTION_KILLED  /* `closed` will come */
};

/* Why a connection was ended by us; names are metric labels (metrics.def REFUSAL). */
enum web_end {
    WEB_END_TLS_FAILED,
    WEB_END_HEADER_TIMEOUT,
    WEB_END_IDLE_TIMEOUT,
    WEB_END_SLOW,
    WEB_END_FLOOD,
    WEB_END_PROTOCOL,
    WEB_END_PING_TIMEOUT,
    WEB_END_ORIGIN,
    WEB_END_OVERLOAD,
    WEB_END_DRAINING,
    WEB_END_COUNT
};

struct web {
    struct web_config config; /* texts are the caller's */
    struct web_handlers handlers;
    struct loop *loop;
    struct web_engine *engine;
    struct web_listener *listener;
    struct web_gate *gate;              /* between listener and connections */
    struct web_connection *connections; /* doubly linked */
    unsigned connection_count, websocket_count;
    size_t body_octets;     /* of all requests, against WEB_BODIES_MAX */
    uint8_t *spare_message; /* for web_ws.message of whoever receives next; NULL: lent or none */
    uint64_t requests, ws_opened, ended[WEB_END_COUNT];
    int64_t date_s; /* of date_text */
    char date_text[HTTP_DATE_LEN + 1];
    bool stopped;
    bool draining, cut;
    struct loop_timer drain_timer;
    struct loop_task drain_done;
    void (*drain_call)(void *context);
    void *drain_context;
    int64_t certificate_expires_s;
    struct web_signal {
        uv_signal_t handle;
        void (*fn)(void *context, int signal_number);
        void *context;
    } signals[WEB_SIGNALS_MAX];
    unsigned signal_count;
};

struct web_connection {
    struct web *web;
    struct web_engine_socket *socket;
    struct web_connection *next, *previous;
    struct web_listener_peer peer;
    struct web_gate_pass pass; /* until its first answer */
    struct web_outbox outbox;
    uint64_t outbox_seen; /* outbox.taken when the stall timer last looked */
    struct loop_timer timer;
    enum web_phase phase;
    bool reading; /* what the engine was told */
    bool sending; /* something was queued and is not wholly gone */
    bool received_any;
    struct web_exchange *exchange; /* HTTP phase; NULL between requests */
    struct web_ws *ws;
    uint8_t *leftover;
    size_t leftover_len;
};

enum web_exchange_state {
    EXCHANGE_HEAD,
    EXCHANGE_BODY,
    EXCHANGE_HANDLER, /* waits for web_reply() or web_ws_accept() */
    EXCHANGE_FILE     /* the reply is a file that is being sent */
};

struct web_file;

struct web_exchange {
    struct web *web;
    struct web_connection *connection; /* NULL: died meanwhile */
    enum web_exchange_state state;
    struct web_request request;
    struct http_request_parser parser;
    struct http_body body_parser;
    uint8_t *body;
    size_t body_len, body_room;
    uint64_t body_seen; /* octets when the rate timer last looked */
    bool body_pending;  /* announced, not (wholly) read: the connection cannot go on after the reply
                         */
    bool head_ok;       /* parser.request is valid */
    int64_t handled_us; /* when the handler got it */
    void *data;
    struct web_file *file;
    char allow[64];
    char method[HTTP_METHOD_LEN_MAX + 1];
    char path[WEB_PATH_MAX];
    char peer_address[LISTENER_ADDRESS_SIZE];
    char session_token[128];
    uint8_t
        *own_head; /* = head: web_exchange_header() puts NULs into it through a const exchange */
    uint8_t head[HTTP_HEAD_LEN_USUAL + 1]; /* one octet more, for a NUL behind a value */
};

struct web_ws {
    struct web_connection *connection;
    void *data;
    struct ws_stream stream;
    uint8_t *message; /* WEB_WS_MESSAGE_MAX octets, only while a frame or message is cut; else NULL
                       */
    int64_t last_received_us;
    bool closing; /* our close frame is queued: nothing more is sent or handed to the handler */
    uint64_t message_count; /* since it was last silent for the longer time of the two limits */
    uint32_t few_ms[WEB_WS_FLOOD_FEW]; /* when the first of those came */
    uint32_t *times_ms; /* ring of the last WEB_WS_FLOOD_LONG of them; NULL while they are few */
};

/* web.c */
struct span web_date(struct web *web);
void web_maybe_drained(struct web *web);

/* connection.c */
void web_connection_begin(struct web *web, int fd, const struct web_listener_peer *peer);
const struct web_engine_events *web_connection_events(void);
/* Something was put into the outbox. */
void web_connection_wake(struct web_connection *connection);
/* The exchange is over; keep_alive: the next request may come. */
void web_connection_exchange_done(struct web_connection *connection, bool keep_alive);
/* Sends what is queued, then a good close. */
void web_connection_drain(struct web_connection *connection);
void web_connection_kill(struct web_connection *connection);
/* web_connection_kill() with a counted reason. */
void web_connection_end(struct web_connection *connection, enum web_end reason);

/* exchange.c: reading */
struct web_exchange *web_exchange_create(struct web_connection *connection);
void web_exchange_destroy(struct web_exchange *exchange);
/* The connection died. */
void web_exchange_orphan(struct web_exchange *exchange);
/* Octets for head or body; *out_used of them were taken. */
void web_exchange_receive(struct web_exchange *exchange, struct span input, size_t *out_used);
/* Head or body did not come in time: answered 408, or closed when nothing had come. False: it may
 * go on. */
bool web_exchange_timeout(struct web_exchange *exchange);

/* reply.c: writing */
void web_reply_status(struct web_exchange *exchange,
                      int status); /* the usual problem for a status */
/* Puts a response head into the outbox. body_len: Content-Length. */
struct web_reply_head {
    int status;
    const struct web_reply *reply; /* headers, content_type, cache_control */
    uint64_t body_len;
    const char *etag;
    const char *content_range; /* NULL: none */
    bool accept_ranges;
    int64_t last_modified_s; /* 0: unknown */
    bool keep_alive;
};
MUST_USE enum status web_reply_write_head(struct web_exchange *exchange,
                                          const struct web_reply_head *head, struct span body);
bool web_reply_keep_alive(const struct web_exchange *exchange);
/* Counts and ends the exchange. */
void web_reply_finish(struct web_exchange *exchange, int status, bool keep_alive);

/* What the conditions and ranges of a request make of a representation (RFC 9110 §13.2.2). */
struct web_reply_choice {
    int status;              /* 200, 206, 304, 416 */
    struct http_range range; /* of 206 */
};
struct web_reply_choice web_reply_choose(const struct web_exchange *exchange, const char *etag,
                                         int64_t last_modified_s, uint64_t len);

/* file.c */
void web_file_begin(struct web_exchange *exchange, const struct web_reply *reply);
/* The outbox is empty: the next piece. */
void web_file_continue(struct web_exchange *exchange);
void web_file_abandon(struct web_file *file);

/* websocket.c */
/* After the head of a request that wants a WebSocket; answers itself when it is refused. */
void web_ws_upgrade(struct web_exchange *exchange);
void web_ws_receive(struct web_ws *ws, struct span input);
void web_ws_tick(struct web_ws *ws);
void web_ws_ended(struct web_ws *ws);
/* At the end of all, when no WebSocket is left. */
void web_ws_drop_spare(struct web *web);

#endif
