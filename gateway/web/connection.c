/* A connection and its phases:
 *
 *   HTTP ──101──> WS ──close frames──┐
 *    │  └── last reply, refusal ─────┴──> DRAIN ──all sent──> LINGER ──2 s, or the peer's end──>
 * closed └── any phase: time-out, broken ───────────────────────> KILLED
 * ──────────────────────────> closed
 *
 * Reading is on only while nothing is unsent and no pipelined octets wait: that is what keeps the
 * library from spinning, and what makes a peer that does not read stop being read from. */
#include "gateway/web/web_internal.h"

#include "media/rt/log.h"
#include "proto/base/check.h"

#include <stdlib.h>
#include <unistd.h>

static void set_timer(struct web_connection *c, int64_t delay_us)
{
    loop_timer_set(c->web->loop, &c->timer, delay_us);
}

static void update_reading(struct web_connection *c)
{
    bool want = c->phase != CONNECTION_KILLED && !c->sending && c->leftover_len == 0;
    if (want != c->reading) {
        c->reading = want;
        web_engine_reading(c->socket, want);
    }
}

void web_connection_wake(struct web_connection *c)
{
    if (c->phase == CONNECTION_KILLED || c->phase == CONNECTION_LINGER) {
        return;
    }
    if (!c->sending) {
        c->sending = true;
        c->outbox_seen = c->outbox.taken;
        if (c->phase != CONNECTION_WS) {
            set_timer(c, WEB_STALL_US);
        }
    }
    web_engine_want_writable(c->socket);
    update_reading(c);
}

void web_connection_kill(struct web_connection *c)
{
    if (c->phase != CONNECTION_KILLED) {
        c->phase = CONNECTION_KILLED;
        loop_timer_cancel(c->web->loop, &c->timer);
        web_outbox_clear(&c->outbox);
        c->sending = false;
        update_reading(c);
        web_engine_kill(c->web->engine, c->socket);
    }
}

void web_connection_end(struct web_connection *c, enum web_end reason)
{
    if (c->phase != CONNECTION_KILLED) {
        c->web->ended[reason]++;
        web_connection_kill(c);
    }
}

static void goodbye(struct web_connection *c)
{
    c->phase = CONNECTION_LINGER;
    web_engine_goodbye(c->socket);
    set_timer(c, WEB_LINGER_US);
    update_reading(c);
}

void web_connection_drain(struct web_connection *c)
{
    if (c->phase == CONNECTION_HTTP || c->phase == CONNECTION_WS) {
        c->phase = CONNECTION_DRAIN;
        free(c->leftover);
        c->leftover = NULL;
        c->leftover_len = 0;
        if (c->sending) {
            c->outbox_seen = c->outbox.taken;
            set_timer(c, c->ws != NULL ? WEB_LINGER_US : WEB_STALL_US);
        } else {
            goodbye(c);
        }
        update_reading(c);
    }
}

/* --- input
 * --------------------------------------------------------------------------------------------------------
 */

static bool busy(const struct web_connection *c)
{
    return c->sending || c->leftover_len > 0 ||
           (c->exchange != NULL &&
            (c->exchange->state == EXCHANGE_HANDLER || c->exchange->state == EXCHANGE_FILE));
}

static void keep_leftover(struct web_connection *c, struct span input)
{
    if (input.len == 0) {
        return;
    }
    uint8_t *larger = input.len <= WEB_LEFTOVER_MAX - c->leftover_len
                          ? realloc(c->leftover, c->leftover_len + input.len)
                          : NULL;
    if (larger == NULL) {
        web_connection_end(c, WEB_END_OVERLOAD);
        return;
    }
    memcpy(larger + c->leftover_len, input.data, input.len);
    c->leftover = larger;
    c->leftover_len += input.len;
}

static void begin_exchange(struct web_connection *c)
{
    c->exchange = web_exchange_create(c);
    if (c->exchange == NULL) {
        web_connection_end(c, WEB_END_OVERLOAD);
    } else {
        set_timer(c, (int64_t)c->web->config.header_timeout_ms * 1000);
    }
}

static void consume(struct web_connection *c, struct span input)
{
    while (input.len > 0 && c->phase == CONNECTION_HTTP && !busy(c)) {
        if (c->exchange == NULL) {
            begin_exchange(c);
            continue;
        }
        size_t used = 0;
        web_exchange_receive(c->exchange, input,
                             &used); /* may end the exchange and change the phase */
        input = span_of(input.data + used, input.len - used);
    }
    if (c->phase == CONNECTION_HTTP || c->phase == CONNECTION_WS) {
        keep_leftover(c, input);
    }
    update_reading(c);
}

static void consume_leftover(struct web_connection *c)
{
    uint8_t *octets = c->leftover;
    size_t len = c->leftover_len;
    c->leftover = NULL;
    c->leftover_len = 0;
    if (len > 0 && c->phase == CONNECTION_WS) {
        web_ws_receive(c->ws, span_of(octets, len));
    } else if (len > 0) {
        consume(c, span_of(octets, len));
    }
    free(octets);
    update_reading(c);
}

static void on_received(void *connection, struct span octets)
{
    struct web_connection *c = connection;
    switch (c->phase) {
    case CONNECTION_HTTP:
        c->received_any = true;
        if (busy(c)) {
            keep_leftover(c, octets);
            update_reading(c);
        } else {
            consume(c, octets);
        }
        break;
    case CONNECTION_WS:
        if (c->sending || c->leftover_len > 0) { /* came with the same wake-up as the last write */
            keep_leftover(c, octets);
        } else {
            web_ws_receive(c->ws, octets);
        }
        update_reading(c);
        break;
    case CONNECTION_DRAIN:
    case CONNECTION_LINGER:
    case CONNECTION_KILLED:
        break;
    }
}

/* --- output
 * -------------------------------------------------------------------------------------------------------
 */

static void arm_between_requests(struct web_connection *c)
{
    if (c->phase != CONNECTION_HTTP || c->sending) {
        return;
    }
    if (c->exchange == NULL) {
        set_timer(c, (int64_t)c->web->config.idle_timeout_ms * 1000);
    } else if (c->exchange->state == EXCHANGE_BODY || c->exchange->state == EXCHANGE_HEAD) {
        set_timer(c, (int64_t)c->web->config.header_timeout_ms * 1000);
    } else {
        loop_timer_cancel(c->web->loop, &c->timer);
    }
}

static void drained(struct web_connection *c)
{
    c->sending = false;
    if (c->phase == CONNECTION_DRAIN) {
        goodbye(c);
        return;
    }
    if (c->phase == CONNECTION_HTTP && c->exchange != NULL && c->exchange->state == EXCHANGE_FILE) {
        web_file_continue(c->exchange);
        return;
    }
    arm_between_requests(c);
    if (c->phase == CONNECTION_WS || !busy(c) || c->leftover_len > 0) {
        consume_leftover(c);
    }
}

static void on_writable(void *connection)
{
    struct web_connection *c = connection;
    if (!c->sending || web_engine_holds_output(c->socket)) {
        return; /* what the library holds goes first; it calls again */
    }
    if (c->outbox.octets > 0) {
        size_t len =
            web_outbox_take(&c->outbox, web_engine_buffer(c->web->engine), WEB_ENGINE_WRITE_MAX);
        if (!web_engine_write(c->web->engine, c->socket, len)) {
            web_connection_kill(c);
            return;
        }
    }
    if (c->outbox.octets > 0) {
        web_engine_want_writable(c->socket);
    } else if (!web_engine_holds_output(c->socket)) {
        drained(c);
    }
    update_reading(c);
}

void web_connection_exchange_done(struct web_connection *c, bool keep_alive)
{
    c->exchange = NULL;
    web_gate_release(c->web->gate, &c->pass);
    if (!keep_alive) {
        web_connection_drain(c);
    } else if (!c->sending) {
        arm_between_requests(c);
    }
}

/* --- time
 * ---------------------------------------------------------------------------------------------------------
 */

static void http_tick(struct web_connection *c)
{
    if (c->exchange != NULL &&
        (c->exchange->state == EXCHANGE_HEAD || c->exchange->state == EXCHANGE_BODY)) {
        if (!web_exchange_timeout(c->exchange)) {
            set_timer(c, (int64_t)c->web->config.header_timeout_ms * 1000);
        }
    } else if (c->exchange == NULL && !c->received_any) {
        web_connection_end(c, WEB_END_HEADER_TIMEOUT); /* handshake, or first silence */
    } else if (c->exchange == NULL) {
        c->web->ended[WEB_END_IDLE_TIMEOUT]++;
        web_connection_drain(c);
    }
}

static void on_timer(struct loop_timer *timer)
{
    struct web_connection *c =
        (struct web_connection *)(void *)((char *)timer - offsetof(struct web_connection, timer));
    if (c->phase == CONNECTION_WS) {
        web_ws_tick(c->ws);
    } else if (c->phase == CONNECTION_LINGER) {
        web_connection_kill(c);
    } else if (c->sending) {
        if (c->outbox.taken != c->outbox_seen) {
            c->outbox_seen = c->outbox.taken;
            set_timer(c, WEB_STALL_US);
        } else if (c->ws != NULL) {
            web_connection_kill(c); /* its reason was counted when it was closed */
        } else {
            web_connection_end(c, WEB_END_SLOW);
        }
    } else if (c->phase == CONNECTION_HTTP) {
        http_tick(c);
    }
}

/* --- beginning and end
 * -------------------------------------------------------------------------------------------- */

static void on_closed(void *connection, bool handshaken)
{
    struct web_connection *c = connection;
    struct web *web = c->web;
    if (!handshaken && c->phase != CONNECTION_KILLED) {
        web->ended[WEB_END_TLS_FAILED]++;
    }
    c->phase = CONNECTION_KILLED;
    loop_timer_cancel(web->loop, &c->timer);
    if (c->next != NULL) {
        c->next->previous = c->previous;
    }
    if (c->previous != NULL) {
        c->previous->next = c->next;
    } else {
        web->connections = c->next;
    }
    web->connection_count--;
    web_gate_release(web->gate, &c->pass);
    if (c->exchange != NULL) {
        web_exchange_orphan(c->exchange);
    }
    if (c->ws != NULL) {
        web_ws_ended(c->ws);
    }
    web_listener_release(web->listener, &c->peer);
    web_outbox_clear(&c->outbox);
    free(c->leftover);
    free(c);
    web_maybe_drained(web);
}

const struct web_engine_events *web_connection_events(void)
{
    static const struct web_engine_events events = {on_received, on_writable, on_closed};
    return &events;
}

void web_connection_begin(struct web *web, int fd, const struct web_listener_peer *peer)
{
    struct web_connection *c = web->draining ? NULL : calloc(1, sizeof(*c));
    if (c == NULL) {
        web->ended[web->draining ? WEB_END_DRAINING : WEB_END_OVERLOAD]++;
        (void)close(fd);
        web_listener_release(web->listener, peer);
        return;
    }
    c->web = web;
    c->peer = *peer;
    c->timer.run = on_timer;
    c->phase = CONNECTION_HTTP;
    c->reading = true;
    c->socket = web_engine_adopt(web->engine, fd, c);
    if (c->socket == NULL) {
        web->ended[WEB_END_TLS_FAILED]++;
        free(c);
        web_listener_release(web->listener, peer);
        return;
    }
    c->next = web->connections;
    if (c->next != NULL) {
        c->next->previous = c;
    }
    web->connections = c;
    web->connection_count++;
    web_gate_hold(web->gate, &c->pass);
    set_timer(c, (int64_t)web->config.header_timeout_ms * 1000);
}
