#include "gateway/ops/front.h"

#include "gateway/config/config.h"
#include "gateway/ops/metrics.h"
#include "gateway/ops/rounds.h"
#include "gateway/session/hub.h"
#include "media/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool under(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(path, prefix, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static bool is_get(const struct web_request *request)
{
    return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

static void emit_media(void *sink, const char *name, const char *labels, const char *help,
                       uint64_t value)
{
    metrics_sink_counter(sink, name, labels, help, value);
}

static void media_metrics(void *context, struct metrics_sink *sink)
{
    struct front *f = context;
    media_counters(f->app->media, emit_media, sink);
}

static void reply_metrics(struct front *f, struct web_exchange *exchange)
{
    const char *peer = web_exchange_request(exchange)->peer_address;
    bool allowed = false;
    for (const char *const *a = config_values(f->app->config)->metrics_allow; *a != NULL; a++) {
        allowed = allowed || strcmp(*a, peer) == 0;
    }
    if (!allowed) {
        web_reply_problem(exchange, 403, "metrics.address", "该地址不允许读取指标。",
                          "This address may not read the metrics.");
        return;
    }
    char *text = NULL;
    size_t len = 0;
    rounds_measure(f->app, &f->health);
    if (metrics_render(f->app->metrics, f->build_info, media_metrics, f, &text, &len) !=
        STATUS_OK) {
        web_reply_problem(exchange, 503, "gateway.busy", "网关繁忙，请稍后再试。",
                          "The gateway is busy; please try again shortly.");
        return;
    }
    struct web_reply reply = {.status = 200,
                              .content_type = "text/plain; version=0.0.4; charset=utf-8",
                              .body = text,
                              .body_len = len,
                              .body_free = free};
    web_reply(exchange, &reply);
}

static long on_body_limit(void *context, const struct web_request *request,
                          struct web_exchange *exchange)
{
    struct front *f = context;
    (void)exchange;
    return under(request->path, "/api/v1") ? app_body_limit(f->app, request) : 0;
}

static void on_request(void *context, struct web_exchange *exchange)
{
    struct front *f = context;
    const struct web_request *request = web_exchange_request(exchange);
    if (under(request->path, "/api/v1")) {
        app_request(f->app, exchange);
    } else if (is_get(request) && strcmp(request->path, "/healthz") == 0) {
        health_reply_alive(exchange);
    } else if (is_get(request) && strcmp(request->path, "/readyz") == 0) {
        health_reply_ready(&f->health, exchange);
    } else if (is_get(request) && strcmp(request->path, "/metrics") == 0) {
        reply_metrics(f, exchange);
    } else if (under(request->path, "/api")) {
        web_reply_problem(exchange, 404, "request.not-found", "没有找到。",
                          "There is nothing here.");
    } else {
        web_static_request(f->console, exchange);
    }
}

static void on_ws_request(void *context, struct web_exchange *exchange)
{
    struct front *f = context;
    hub_ws_request(f->app->hub, exchange);
}

static void on_ws_message(void *context, struct web_ws *ws, struct span text)
{
    struct front *f = context;
    hub_ws_message(f->app->hub, ws, text);
}

static void on_ws_closed(void *context, struct web_ws *ws)
{
    struct front *f = context;
    hub_ws_closed(f->app->hub, ws);
}

/* Calls of the API are counted where their route is known (dispatch.c). */
static void on_observed(void *context, const struct web_request *request, int status,
                        int64_t duration_us)
{
    struct front *f = context;
    if (under(request->path, "/api/v1")) {
        return;
    }
    bool health = strcmp(request->path, "/healthz") == 0 || strcmp(request->path, "/readyz") == 0;
    const char *route = status == 101                            ? "ws"
                        : health                                 ? "health"
                        : strcmp(request->path, "/metrics") == 0 ? "metrics"
                                                                 : "console";
    char class[16];
    (void)snprintf(class, sizeof(class), "%dxx", status / 100);
    unsigned label = metrics_label(METRICS_LABELS_ROUTE, route);
    metrics_add(f->app->metrics, METRIC_HTTP_REQUESTS, label,
                metrics_label(METRICS_LABELS_STATUS_CLASS, class), 0, 1);
    metrics_observe(f->app->metrics, METRIC_HTTP_SECONDS, label, 0, 0, duration_us);
}

struct web_handlers front_handlers(struct front *front)
{
    return (struct web_handlers){
        .context = front,
        .body_limit = on_body_limit,
        .request = on_request,
        .ws_request = on_ws_request,
        .ws_message = on_ws_message,
        .ws_closed = on_ws_closed,
        .observed = on_observed,
    };
}
