#include "gateway/web/web.h"

#include "certs/pair.h"
#include "gateway/web/web_internal.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <stdlib.h>
#include <unistd.h>

#define PER_ADDRESS_USUAL 256
#define DAY_S 86400
#define CUT_US 200000       /* for connections that are cut at the end of a drain to be gone */
#define HANDSHAKE_SPARE_S 5 /* the library's own limit comes after ours, which counts */

struct span web_date(struct web *web)
{
    int64_t now_s = clock_wall_ms() / 1000;
    if (now_s != web->date_s) {
        web->date_s = now_s;
        http_date_write(now_s, web->date_text);
    }
    return span_of(web->date_text, HTTP_DATE_LEN);
}

static void on_tls(void *context, int fd, const struct web_listener_peer *peer)
{
    struct web *web = context;
    web_gate_enter(web->gate, fd, peer);
}

static void on_admitted(void *context, int fd, const struct web_listener_peer *peer)
{
    web_connection_begin(context, fd, peer);
}

static void on_refused(void *context, int fd, const struct web_listener_peer *peer)
{
    struct web *web = context;
    web->ended[web->draining ? WEB_END_DRAINING : WEB_END_OVERLOAD]++;
    (void)close(fd);
    web_listener_release(web->listener, peer);
}

static enum status load_pair(const char *certificate_file, const char *key_file,
                             struct pair **out_pair)
{
    struct pair_error error = {{0}};
    char quoted[256];
    enum status status =
        pair_load(certificate_file, key_file, clock_wall_ms() / 1000, out_pair, &error);
    if (status != STATUS_OK) {
        log_error("certificate_refused", "reason=%s",
                  log_quote(error.text, quoted, sizeof(quoted)));
    }
    return status;
}

static void note_expiry(struct web *web, const struct pair *pair)
{
    int64_t now_s = clock_wall_ms() / 1000;
    web->certificate_expires_s = now_s + pair_days_left(pair, now_s) * DAY_S;
}

int64_t web_certificate_days(const struct web *web)
{
    return (web->certificate_expires_s - clock_wall_ms() / 1000) / DAY_S;
}

static enum status open_gate(struct web *web)
{
    struct web_gate_config config = {
        .loop = web->loop, .context = web, .admit = on_admitted, .refuse = on_refused};
    return web_gate_create(&config, &web->gate);
}

static enum status open_listener(struct web *web)
{
    unsigned per_address = web->config.connections_per_address;
    struct web_listener_config config = {
        .loop = web->loop,
        .address = web->config.listen_address,
        .port = web->config.port,
        .connections_max = web->config.connections_max,
        .per_address_max = per_address == 0 ? PER_ADDRESS_USUAL : per_address,
        .first_octets_timeout_ms = web->config.header_timeout_ms,
        .context = web,
        .tls = on_tls,
    };
    return web_listener_open(&config, &web->listener);
}

enum status web_create(const struct web_config *config, const struct web_handlers *handlers,
                       struct web **out_web)
{
    CHECK(handlers->body_limit != NULL && handlers->request != NULL);
    CHECK(config->header_timeout_ms > 0 && config->idle_timeout_ms > 0 &&
          config->connections_max > 0);
    struct pair *pair = NULL;
    struct web *web = calloc(1, sizeof(*web));
    if (web == NULL) {
        return STATUS_NO_MEMORY;
    }
    web->config = *config;
    web->handlers = *handlers;
    enum status status = load_pair(config->certificate_file, config->key_file, &pair);
    if (status == STATUS_OK) {
        status = loop_create(&web->loop);
    }
    if (status == STATUS_OK) {
        status =
            web_engine_create(web->loop, pair, config->header_timeout_ms / 1000 + HANDSHAKE_SPARE_S,
                              web_connection_events(), &web->engine);
    }
    if (status == STATUS_OK) {
        status = open_gate(web);
    }
    if (status == STATUS_OK) {
        status = open_listener(web);
    }
    if (pair != NULL) {
        note_expiry(web, pair);
    }
    pair_destroy(pair); /* the TLS context has its own references */
    if (status != STATUS_OK) {
        web_destroy(web);
        return status;
    }
    *out_web = web;
    return STATUS_OK;
}

struct loop *web_loop(struct web *web)
{
    return web->loop;
}

void web_set_blob(struct web *web, struct worker *blob)
{
    web->config.blob = blob;
}

unsigned web_port(const struct web *web)
{
    return web_listener_port(web->listener);
}

int web_run(struct web *web)
{
    while (!web->stopped) {
        loop_run(web->loop);
    }
    return 0;
}

void web_turn(struct web *web)
{
    loop_turn(web->loop);
}

const char *web_library(void)
{
    return web_engine_version();
}

static void on_signal(uv_signal_t *handle, int signal_number)
{
    struct web_signal *signal = handle->data;
    signal->fn(signal->context, signal_number);
}

bool web_on_signal(struct web *web, int signal_number, void (*fn)(void *context, int signal_number),
                   void *context)
{
    struct web_signal *signal = &web->signals[web->signal_count];
    if (web->signal_count == WEB_SIGNALS_MAX ||
        uv_signal_init(loop_uv(web->loop), &signal->handle) != 0) {
        return false;
    }
    web->signal_count++;
    signal->fn = fn;
    signal->context = context;
    signal->handle.data = signal;
    return uv_signal_start(&signal->handle, on_signal, signal_number) == 0;
}

void web_stop(struct web *web)
{
    web->stopped = true;
    loop_stop(web->loop);
}

/* --- drain
 * --------------------------------------------------------------------------------------------------------
 */

static void call_drained(struct loop_task *task)
{
    struct web *web = (struct web *)(void *)((char *)task - offsetof(struct web, drain_done));
    void (*call)(void *context) = web->drain_call;
    web->drain_call = NULL;
    if (call != NULL) {
        call(web->drain_context);
    }
}

/* From inside a connection's end: the caller is told in a turn of its own. */
void web_maybe_drained(struct web *web)
{
    if (web->draining && web->connection_count == 0 && web->drain_call != NULL &&
        web->drain_timer.due_us != 0) {
        loop_timer_cancel(web->loop, &web->drain_timer);
        loop_post(web->loop, &web->drain_done);
    }
}

static void drain_timeout(struct loop_timer *timer)
{
    struct web *web = (struct web *)(void *)((char *)timer - offsetof(struct web, drain_timer));
    if (web->cut) {
        call_drained(&web->drain_done);
        return;
    }
    log_warn("drain_timeout", "connections=%u", web->connection_count);
    web->cut = true;
    for (struct web_connection *c = web->connections; c != NULL; c = c->next) {
        web_connection_end(c, WEB_END_DRAINING);
    }
    loop_timer_set(web->loop, &web->drain_timer, CUT_US);
}

void web_drain(struct web *web, int64_t grace_us, void (*done)(void *context), void *context)
{
    CHECK(!web->draining);
    web->draining = true;
    web->drain_call = done;
    web->drain_context = context;
    web->drain_done.run = call_drained;
    web->drain_timer.run = drain_timeout;
    web_listener_close(web->listener);
    web_gate_close(web->gate);
    for (struct web_connection *c = web->connections; c != NULL; c = c->next) {
        if (c->phase == CONNECTION_WS) {
            web_ws_close(c->ws, WS_CLOSE_GOING_AWAY, "restart");
        } else if (c->phase == CONNECTION_HTTP && c->exchange == NULL) {
            web_connection_drain(c); /* the others end with their answer */
        }
    }
    loop_timer_set(web->loop, &web->drain_timer, grace_us);
    web_maybe_drained(web);
}

/* --- the rest
 * -----------------------------------------------------------------------------------------------------
 */

enum status web_reload_certificate(struct web *web, const char *certificate_file,
                                   const char *key_file)
{
    struct pair *pair = NULL;
    enum status status = load_pair(certificate_file, key_file, &pair);
    if (status == STATUS_OK) {
        status = web_engine_use_pair(web->engine, pair);
    }
    if (status == STATUS_OK) {
        note_expiry(web, pair);
        log_info("certificate_loaded", "days_left=%lld",
                 (long long)pair_days_left(pair, clock_wall_ms() / 1000));
    }
    pair_destroy(pair);
    return status == STATUS_OK ? STATUS_OK : STATUS_MALFORMED;
}

void web_destroy(struct web *web)
{
    if (web == NULL) {
        return;
    }
    if (web->loop != NULL) {
        loop_turn(web->loop); /* what was posted */
        loop_timer_cancel(web->loop, &web->drain_timer);
    }
    for (unsigned i = 0; i < web->signal_count; i++) {
        uv_close((uv_handle_t *)&web->signals[i].handle, NULL);
    }
    if (web->listener != NULL) {
        web_listener_close(web->listener);
    }
    if (web->gate != NULL) {
        web_gate_close(web->gate);
    }
    if (web->engine != NULL) {
        web_engine_shut(web->engine);
    }
    if (web->loop != NULL) {
        loop_close(web->loop);
    }
    web_engine_destroy(web->engine);
    web_listener_destroy(web->listener);
    web_gate_destroy(web->gate);
    web_ws_drop_spare(web);
    loop_destroy(web->loop);
    free(web);
}

void web_stats(const struct web *web, struct web_stats *out_stats)
{
    struct web_listener_stats listener;
    web_listener_stats(web->listener, &listener);
    *out_stats = (struct web_stats){
        .accepted = listener.accepted,
        .tls_failed = web->ended[WEB_END_TLS_FAILED],
        .requests = web->requests,
        .ws_opened = web->ws_opened,
        .refused_overload = web->ended[WEB_END_OVERLOAD],
        .closed_slow = web->ended[WEB_END_SLOW],
        .closed_flood = web->ended[WEB_END_FLOOD],
        .closed_protocol = web->ended[WEB_END_PROTOCOL],
        .refused_limit = listener.over_limit,
        .refused_address_limit = listener.over_address_limit,
        .not_tls = listener.not_tls,
        .header_timeout = web->ended[WEB_END_HEADER_TIMEOUT] + listener.silent,
        .idle_timeout = web->ended[WEB_END_IDLE_TIMEOUT],
        .ping_timeout = web->ended[WEB_END_PING_TIMEOUT],
        .refused_origin = web->ended[WEB_END_ORIGIN],
        .draining = web->ended[WEB_END_DRAINING],
        .connections = listener.connections,
        .websockets = web->websocket_count,
        .waiting = web->gate != NULL ? web_gate_waiting(web->gate) : 0,
    };
}
