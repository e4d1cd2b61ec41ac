/* WebSockets of subprotocol consult.v1 (RFC 6455): upgrade, messages, ping, limits, close. */
#include "gateway/web/web_internal.h"

#include "gateway/web/problem.h"
#include "media/rt/log.h"
#include "proto/base/check.h"
#include "proto/ws/ws_handshake.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ANSWER_MAX 512
#define SHORT_MS 1000
#define LONG_MS 10000

/* --- upgrade
 * ------------------------------------------------------------------------------------------------------
 */

/* RFC 6455 §10.2: only pages of this gateway, or of origins that were configured. */
static bool origin_allowed(const struct web_exchange *e)
{
    const struct http_request *r = &e->parser.request;
    struct span origin;
    if (http_request_field_count(r, "Origin") != 1 || !http_request_field(r, "Origin", &origin)) {
        return false;
    }
    static const char scheme[] = "https://";
    size_t scheme_len = sizeof(scheme) - 1;
    if (origin.len > scheme_len && r->host.len > 0 &&
        memcmp(origin.data, scheme, scheme_len) == 0 &&
        span_equal_nocase(span_of(origin.data + scheme_len, origin.len - scheme_len), r->host)) {
        return true;
    }
    for (const char *const *o = e->web->config.origins; o != NULL && *o != NULL; o++) {
        if (span_equal_nocase(origin, span_text(*o))) {
            return true;
        }
    }
    return false;
}

void web_ws_upgrade(struct web_exchange *e)
{
    const struct http_request *r = &e->parser.request;
    struct web *web = e->web;
    enum ws_refusal refusal = ws_handshake_wanted(r) ? ws_handshake_check(r) : WS_REFUSAL_UPGRADE;
    e->body_pending = r->body != HTTP_BODY_NONE;
    e->state = EXCHANGE_HANDLER;
    e->handled_us = loop_now_us(web->loop);
    if (refusal == WS_REFUSAL_UPGRADE || refusal == WS_REFUSAL_WS_VERSION) {
        web_reply_status(e, 426);
    } else if (refusal != WS_REFUSAL_NONE) {
        web->ended[WEB_END_PROTOCOL]++;
        web_reply_problem(e, (int)ws_refusal_http_status(refusal), "websocket.handshake",
                          "WebSocket 握手有误。", ws_refusal_text(refusal));
    } else if (!origin_allowed(e)) {
        web->ended[WEB_END_ORIGIN]++;
        web_reply_problem(e, 403, "websocket.origin", "不允许从该网站连接。",
                          "Pages of that origin may not connect.");
    } else if (!ws_handshake_offers(r, WEB_SUBPROTOCOL)) {
        web_reply_problem(e, 400, "websocket.subprotocol", "需要子协议 consult.v1。",
                          "The subprotocol consult.v1 must be offered.");
    } else if (web->handlers.ws_request == NULL) {
        web_reply_status(e, 404);
    } else {
        loop_timer_cancel(web->loop, &e->connection->timer);
        web->handlers.ws_request(web->handlers.context, e);
    }
}

/* --- the message buffer: nearly always a message comes whole, and one buffer serves all sockets. A
 * page of its own for each were 4 of 21 KiB of an idle one. --- */

static void unmap_message(uint8_t *message)
{
    if (message != NULL) {
        (void)munmap(message, WEB_WS_MESSAGE_MAX); /* of our own mapping: cannot fail */
    }
}

/* Between two messages a stream has no memory of what was: it begins anew. False: no memory. */
static bool borrow_message(struct web_ws *ws)
{
    struct web *web = ws->connection->web;
    if (ws->message != NULL) {
        return true;
    }
    ws->message = web->spare_message;
    web->spare_message = NULL;
    if (ws->message == NULL) {
        void *message = mmap(NULL, WEB_WS_MESSAGE_MAX, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (message == MAP_FAILED) {
            return false;
        }
        ws->message = message;
    }
    ws_stream_init(&ws->stream, WS_SERVER, ws->message, WEB_WS_MESSAGE_MAX);
    return true;
}

static void return_message(struct web_ws *ws)
{
    struct web *web = ws->connection->web;
    if (web->spare_message == NULL) {
        web->spare_message = ws->message;
    } else {
        unmap_message(ws->message);
    }
    ws->message = NULL;
}

void web_ws_drop_spare(struct web *web)
{
    unmap_message(web->spare_message);
    web->spare_message = NULL;
}

static struct web_ws *make_ws(struct web_connection *connection, void *data)
{
    struct web_ws *ws = calloc(1, sizeof(*ws));
    if (ws == NULL) {
        return NULL;
    }
    ws->connection = connection;
    ws->data = data;
    ws->last_received_us = loop_now_us(connection->web->loop);
    return ws;
}

static void free_ws(struct web_ws *ws)
{
    return_message(ws);
    free(ws->times_ms);
    free(ws);
}

struct web_ws *web_ws_accept(struct web_exchange *exchange, void *data)
{
    struct web *web = exchange->web;
    struct web_connection *c = exchange->connection;
    CHECK(exchange->state == EXCHANGE_HANDLER);
    if (c == NULL || c->phase != CONNECTION_HTTP) {
        web_reply_finish(exchange, 101, false);
        return NULL;
    }
    char answer[ANSWER_MAX];
    struct writer w = writer_of(answer, sizeof(answer));
    enum status status =
        ws_handshake_write_answer(&w, &exchange->parser.request, WEB_SUBPROTOCOL, web_date(web));
    struct web_ws *ws = status == STATUS_OK ? make_ws(c, data) : NULL;
    if (ws == NULL || web_outbox_copy(&c->outbox, writer_span(&w), (struct span){0}) != STATUS_OK) {
        if (ws != NULL) {
            free_ws(ws);
        }
        web_reply_status(exchange, 503);
        return NULL;
    }
    c->ws = ws;
    c->phase = CONNECTION_WS;
    web->ws_opened++;
    web->websocket_count++;
    web_reply_finish(exchange, 101, true);
    loop_timer_set(web->loop, &c->timer, WEB_WS_PING_US);
    web_connection_wake(c);
    return ws;
}

void *web_ws_data(const struct web_ws *ws)
{
    return ws->data;
}

/* --- output
 * -------------------------------------------------------------------------------------------------------
 */

/* False: no memory; the connection is being killed. */
static bool queue(struct web_ws *ws, struct span head, struct span rest)
{
    struct web_connection *c = ws->connection;
    if (web_outbox_copy(&c->outbox, head, rest) != STATUS_OK) {
        web_connection_end(c, WEB_END_OVERLOAD);
        return false;
    }
    web_connection_wake(c);
    return true;
}

void web_ws_close(struct web_ws *ws, unsigned code, const char *reason)
{
    if (ws->closing || ws->connection->phase != CONNECTION_WS) {
        return;
    }
    uint8_t frame[WS_HEADER_LEN_MAX + WS_CONTROL_LEN_MAX];
    struct writer w = writer_of(frame, sizeof(frame));
    enum status status = ws_write_close(&w, NULL, code, span_text(reason == NULL ? "" : reason));
    CHECK(status == STATUS_OK);
    ws->closing = true;
    if (queue(ws, writer_span(&w), (struct span){0})) {
        loop_timer_set(ws->connection->web->loop, &ws->connection->timer,
                       WEB_LINGER_US); /* for the peer's close frame */
    }
}

/* We do not wait for anything more from this peer. */
static void fail(struct web_ws *ws, enum web_end end, unsigned code, const char *reason)
{
    ws->connection->web->ended[end]++;
    web_ws_close(ws, code, reason);
    web_connection_drain(ws->connection);
}

void web_ws_send(struct web_ws *ws, const char *text, size_t len)
{
    struct web_connection *c = ws->connection;
    if (ws->closing || c->phase != CONNECTION_WS) {
        return;
    }
    if (c->outbox.octets + len > c->web->config.ws_send_queue_bytes) {
        web_outbox_drop_unsent(&c->outbox);
        fail(ws, WEB_END_SLOW, WS_CLOSE_POLICY, "slow");
        return;
    }
    uint8_t header[WS_HEADER_LEN_MAX];
    struct writer w = writer_of(header, sizeof(header));
    enum status status = ws_frame_write_header(&w, true, WS_OPCODE_TEXT, len);
    CHECK(status == STATUS_OK);
    (void)queue(ws, writer_span(&w), span_of(text, len));
}

static void pong(struct web_ws *ws, struct span payload)
{
    uint8_t frame[WS_HEADER_LEN_MAX + WS_CONTROL_LEN_MAX];
    struct writer w = writer_of(frame, sizeof(frame));
    enum status status = ws_write_pong(&w, NULL, payload);
    CHECK(status == STATUS_OK);
    (void)queue(ws, writer_span(&w), (struct span){0});
}

static void ping(struct web_ws *ws)
{
    uint8_t frame[WS_HEADER_LEN_MAX];
    struct writer w = writer_of(frame, sizeof(frame));
    enum status status = ws_write_ping(&w, NULL, (struct span){0});
    CHECK(status == STATUS_OK);
    (void)queue(ws, writer_span(&w), (struct span){0});
}

/* --- input
 * --------------------------------------------------------------------------------------------------------
 */

/* After LONG_MS of silence nothing that came before can tell a flood any more: the ring, 800
 * octets, is let go. */
static void forget_old_times(struct web_ws *ws, uint32_t now_ms)
{
    uint64_t last = ws->message_count - 1;
    if (ws->message_count > 0 &&
        now_ms - (ws->times_ms == NULL ? ws->few_ms[last]
                                       : ws->times_ms[last % WEB_WS_FLOOD_LONG]) >=
            LONG_MS) {
        free(ws->times_ms);
        ws->times_ms = NULL;
        ws->message_count = 0;
    }
}

/* False: no memory. */
static bool make_ring(struct web_ws *ws)
{
    ws->times_ms = calloc(WEB_WS_FLOOD_LONG, sizeof(*ws->times_ms));
    if (ws->times_ms != NULL) {
        memcpy(ws->times_ms, ws->few_ms, sizeof(ws->few_ms));
    }
    return ws->times_ms != NULL;
}

/* More than 50 messages in a second or 200 in 10 s: the times of the 50th message before this one,
 * and of the 200th, tell. Ends the connection and says so. */
static bool flooding(struct web_ws *ws, int64_t now_us)
{
    uint32_t now_ms = (uint32_t)(now_us / 1000);
    forget_old_times(ws, now_ms);
    uint64_t count = ws->message_count; /* before this one */
    if (count < WEB_WS_FLOOD_FEW && ws->times_ms == NULL) {
        ws->few_ms[count] = now_ms;
        ws->message_count++;
        return false;
    }
    if (ws->times_ms == NULL && !make_ring(ws)) {
        web_connection_end(ws->connection, WEB_END_OVERLOAD);
        return true;
    }
    const uint32_t *times = ws->times_ms;
    bool flood =
        (count >= WEB_WS_FLOOD_SHORT &&
         now_ms - times[(count - WEB_WS_FLOOD_SHORT) % WEB_WS_FLOOD_LONG] < SHORT_MS) ||
        (count >= WEB_WS_FLOOD_LONG && now_ms - times[count % WEB_WS_FLOOD_LONG] < LONG_MS);
    ws->times_ms[count % WEB_WS_FLOOD_LONG] = now_ms;
    ws->message_count++;
    if (flood) {
        fail(ws, WEB_END_FLOOD, WS_CLOSE_POLICY, "flood");
    }
    return flood;
}

static void take_close(struct web_ws *ws, const struct ws_event *event)
{
    struct web_connection *c = ws->connection;
    if (!ws->closing) {
        uint8_t frame[WS_HEADER_LEN_MAX + WS_CONTROL_LEN_MAX];
        struct writer w = writer_of(frame, sizeof(frame));
        enum status status = ws_write_close(&w, NULL, event->close_code,
                                            (struct span){0}); /* §5.5.1: echo the code */
        CHECK(status == STATUS_OK);
        ws->closing = true;
        (void)queue(ws, writer_span(&w), (struct span){0});
    }
    web_connection_drain(c);
}

static void take_text(struct web_ws *ws, struct span text)
{
    struct web *web = ws->connection->web;
    web->handlers.ws_message(web->handlers.context, ws, text);
}

static void take_event(struct web_ws *ws, const struct ws_event *event)
{
    if (event->kind == WS_EVENT_CLOSE) {
        take_close(ws, event);
        return;
    }
    if (ws->closing) {
        return;
    }
    if (flooding(ws, ws->last_received_us)) {
        return;
    }
    if (event->kind == WS_EVENT_TEXT) {
        take_text(ws, event->payload);
    } else if (event->kind == WS_EVENT_PING) {
        pong(ws, event->payload);
    } else if (event->kind == WS_EVENT_BINARY) {
        fail(ws, WEB_END_PROTOCOL, WS_CLOSE_UNSUPPORTED, "text only");
    }
}

void web_ws_receive(struct web_ws *ws, struct span input)
{
    struct web_connection *c = ws->connection;
    ws->last_received_us = loop_now_us(c->web->loop);
    if (!borrow_message(ws)) {
        web_connection_end(c, WEB_END_OVERLOAD);
        return;
    }
    while (input.len > 0 && c->phase == CONNECTION_WS) {
        struct ws_event event;
        size_t used = 0;
        enum status status = ws_stream_feed(&ws->stream, input, &used, &event);
        input = span_of(input.data + used, input.len - used);
        if (status == STATUS_OK) {
            take_event(ws, &event);
        } else if (status != STATUS_NEED_MORE && status != STATUS_CLOSED) {
            log_debug("ws_failed", "reason=%s", ws_reason_label(ws->stream.reason));
            fail(ws, WEB_END_PROTOCOL, ws_reason_close_code(ws->stream.reason),
                 ws_reason_text(ws->stream.reason));
        }
    }
    if (c->phase != CONNECTION_WS || !ws_stream_busy(&ws->stream)) {
        return_message(ws);
    }
}

/* --- time and end
 * -------------------------------------------------------------------------------------------------
 */

void web_ws_tick(struct web_ws *ws)
{
    struct web_connection *c = ws->connection;
    int64_t now_us = loop_now_us(c->web->loop);
    forget_old_times(ws, (uint32_t)(now_us / 1000));
    if (ws->closing) {
        web_connection_drain(c);
        return;
    }
    if (c->outbox.taken != c->outbox_seen) {
        c->outbox_seen = c->outbox.taken;
        if (c->sending) {
            ws->last_received_us =
                now_us; /* it takes what we send, and is not read from meanwhile: alive */
        }
    }
    if (now_us - ws->last_received_us >= WEB_WS_SILENCE_US) {
        web_connection_end(c, WEB_END_PING_TIMEOUT);
        return;
    }
    if (!c->sending) {
        ping(ws);
    }
    loop_timer_set(c->web->loop, &c->timer, WEB_WS_PING_US);
}

void web_ws_ended(struct web_ws *ws)
{
    struct web *web = ws->connection->web;
    web->websocket_count--;
    if (web->handlers.ws_closed != NULL) {
        web->handlers.ws_closed(web->handlers.context, ws);
    }
    free_ws(ws);
}
