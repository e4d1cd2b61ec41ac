/* A call in flight goes back and forth between T0 and the workers; whoever holds its job holds it
 * alone.
 *
 *   post_part ──> store (run) ──> part_done ──> pool (blob) ──> part_done ──> store (finish) ──>
 * part_done ──> answer └── status >= 400, or no further part ────────────────────────────────────┘
 */
#include "gateway/dispatch.h"

#include "gateway/auth/auth.h"
#include "gateway/config/config.h"
#include "gateway/dispatch_call.h"
#include "gateway/dispatch_figures.h"
#include "gateway/openapi.h"
#include "gateway/problem.h"
#include "gateway/store/worker.h"
#include "media/rt/clock.h"
#include "proto/base/check.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLIGHT_MAGIC 0x666c6774u /* "flgt" */
#define OVERLOAD_RETRY_S 2
#define OTHER_BODY_MAX 65536 /* read and thrown away, so that 404 and 405 can be told in words */

static const struct api_route *const tables[] = {auth_routes,
                                                 directory_routes,
                                                 duty_routes,
                                                 partnership_routes,
                                                 consult_routes,
                                                 records_routes,
                                                 imaging_routes,
                                                 referral_routes,
                                                 openapi_routes,
                                                 document_routes,
                                                 NULL};

const struct api_route *const *dispatch_tables(void)
{
    return tables;
}

enum part { PART_RUN, PART_BLOB, PART_FINISH };

struct flight {
    struct job job; /* first: the job's address is the flight's */
    uint32_t magic;
    struct app *app;
    struct web_exchange *exchange; /* NULL: app_call */
    app_done done;                 /* NULL: exchange */
    void *context;
    api_fn parts[3]; /* run, blob, finish; NULL = none */
    enum part part;
    struct dispatch_call dispatch;
    struct dispatch_match match;
    char query[DISPATCH_PATH_MAX * 2];
    char if_match[48];
    char chunk_sha256[65];
    char peer_address[64];
    int64_t started_us, posted_us;
};

static struct flight *flight_of(struct job *job)
{
    struct flight *flight = (struct flight *)(void *)job;
    CHECK(flight->magic == FLIGHT_MAGIC);
    return flight;
}

static void flight_free(struct flight *flight)
{
    struct api_call *call = &flight->dispatch.call;
    if (call->data != NULL && call->data_free != NULL) {
        call->data_free(call->data);
    }
    dispatch_effects_free(call->effects);
    json_decref(call->body);
    json_decref(call->reply);
    free(call->bytes);
    flight->magic = 0;
    free(flight);
}

/* ---- answers ---- */

struct headers {
    const char *list[9]; /* four pairs and the end */
    size_t count;
    char retry_after[16];
};

static void add_header(struct headers *headers, const char *name, const char *value)
{
    CHECK(headers->count + 3 <= sizeof headers->list / sizeof headers->list[0]);
    headers->list[headers->count++] = name;
    headers->list[headers->count++] = value;
    headers->list[headers->count] = NULL;
}

/* Before there is a call: sentences in both languages, and a header where one belongs. */
static void refuse(struct app *app, struct web_exchange *exchange, int status, const char *code,
                   const char *zh, const char *en, const char *header, const char *header_value)
{
    struct headers headers = {.count = 0};
    if (header != NULL) {
        add_header(&headers, header, header_value);
    }
    json_t *problem = problem_json(status, code, zh, en, NULL, "zh-CN");
    char *text = json_dumps(problem, JSON_COMPACT);
    json_decref(problem);
    struct web_reply reply = {.status = status,
                              .content_type = PROBLEM_MEDIA_TYPE,
                              .headers = headers.list,
                              .body = text,
                              .body_len = text != NULL ? strlen(text) : 0,
                              .body_free = free};
    dispatch_figures_request(app->metrics, NULL, status, clock_monotonic_us());
    web_reply(exchange, &reply);
}

static void refuse_overload(struct app *app, struct web_exchange *exchange)
{
    refuse(app, exchange, 503, "overload", "系统繁忙，请稍后再试。",
           "Too busy at the moment: try again shortly.", "Retry-After", "2");
}

static bool set_body(struct api_call *call, struct web_reply *reply)
{
    if (call->file[0] != '\0' && call->status < 400) {
        reply->file = call->file;
        reply->content_type = call->content_type;
        return true;
    }
    if (call->bytes != NULL && call->status < 400) {
        reply->body = call->bytes;
        reply->body_len = call->bytes_len;
        reply->body_free = free;
        reply->content_type = call->content_type;
        call->bytes = NULL;
        return true;
    }
    if (call->reply == NULL) {
        return call->status < 400;
    }
    char *text = json_dumps(call->reply, JSON_COMPACT);
    if (text == NULL) {
        return false;
    }
    reply->body = text;
    reply->body_len = strlen(text);
    reply->body_free = free;
    reply->content_type = call->status >= 400 ? PROBLEM_MEDIA_TYPE : "application/json";
    return true;
}

static void answer_exchange(struct flight *flight)
{
    struct api_call *call = &flight->dispatch.call;
    struct headers headers = {.count = 0};
    struct web_reply reply = {.status = call->status, .headers = headers.list};
    char etag[sizeof call->etag + 3];
    if (call->retry_after_s > 0 && call->status >= 400) {
        (void)snprintf(headers.retry_after, sizeof headers.retry_after, "%d", call->retry_after_s);
        add_header(&headers, "Retry-After", headers.retry_after);
    }
    if (call->set_cookie[0] != '\0' && call->status < 400) {
        add_header(&headers, "Set-Cookie", call->set_cookie);
    }
    if (flight->dispatch.replayed) {
        add_header(&headers, "Idempotent-Replayed", "true");
    }
    if (call->etag[0] != '\0') {
        (void)snprintf(etag, sizeof etag, "\"%s\"", call->etag);
        reply.etag = etag;
    }
    if (call->clear_site_data && call->status < 400) {
        add_header(&headers, "Clear-Site-Data", "\"cache\"");
    }
    if (call->reusable && call->status < 400) {
        reply.cache_control = "private, no-cache";
    }
    dispatch_figures_request(flight->app->metrics, flight->dispatch.route, call->status,
                             flight->started_us);
    dispatch_log(&flight->dispatch, flight->started_us);
    if (!set_body(call, &reply)) {
        refuse_overload(flight->app, flight->exchange); /* no memory for the text */
        return;
    }
    web_reply(flight->exchange, &reply);
}

static void finish(struct flight *flight)
{
    if (flight->exchange != NULL) {
        answer_exchange(flight);
    } else if (flight->done != NULL) {
        flight->done(flight->context, &flight->dispatch.call);
    }
    flight_free(flight);
}

/* ---- the parts ---- */

static bool last_part(const struct flight *flight)
{
    for (int part = (int)flight->part + 1; part <= PART_FINISH; part++) {
        if (flight->parts[part] != NULL) {
            return false;
        }
    }
    return true;
}

static void run_on_store(struct job *job, void *context)
{
    struct flight *flight = flight_of(job);
    dispatch_call_part(&flight->dispatch, context, flight->parts[flight->part],
                       flight->part == PART_RUN, last_part(flight));
}

static void run_on_pool(struct job *job, void *context)
{
    (void)context;
    struct flight *flight = flight_of(job);
    flight->parts[PART_BLOB](&flight->dispatch.call);
}

static void part_done(struct job *job);

static enum status post_part(struct flight *flight)
{
    struct app *app = flight->app;
    struct worker *worker = app->store;
    flight->job = (struct job){.run = run_on_store, .done = part_done};
    if (flight->part == PART_BLOB) {
        flight->job.run = run_on_pool;
        enum api_blob threads = flight->dispatch.route->blob_threads;
        worker = threads == API_BLOB_PASSWORD ? app->password
                 : threads == API_BLOB_IMAGES ? app->images
                                              : app->blob;
    }
    flight->posted_us = clock_monotonic_us();
    enum status status = worker_post(worker, &flight->job);
    if (status != STATUS_OK) {
        dispatch_figures_full(app->metrics);
    }
    return status;
}

/* After a part on the store: what others must learn, now that it is durable. */
static void settle(struct flight *flight)
{
    struct api_call *call = &flight->dispatch.call;
    dispatch_call_settle(&flight->dispatch);
    dispatch_figures_job(flight->app->metrics, &flight->dispatch, flight->posted_us);
    dispatch_figures_named(flight->app->metrics, call->effects);
    if (flight->app->hub != NULL && call->effects != NULL) {
        hub_effects(flight->app->hub, call->effects);
    }
    dispatch_effects_free(call->effects);
    call->effects = NULL;
}

static void part_done(struct job *job)
{
    struct flight *flight = flight_of(job);
    struct api_call *call = &flight->dispatch.call;
    if (flight->part != PART_BLOB) {
        settle(flight);
    }
    bool over = call->status >= 400 || flight->dispatch.replayed || last_part(flight);
    if (over) {
        finish(flight);
        return;
    }
    do {
        flight->part++;
    } while (flight->parts[flight->part] == NULL);
    if (post_part(flight) != STATUS_OK) {
        call->retry_after_s = OVERLOAD_RETRY_S;
        (void)api_problem(call, 503, "overload", "系统繁忙，请稍后再试。",
                          "Too busy at the moment: try again shortly.", NULL);
        finish(flight);
    }
}

static struct flight *flight_create(struct app *app)
{
    struct flight *flight = calloc(1, sizeof *flight);
    if (flight == NULL) {
        return NULL;
    }
    flight->magic = FLIGHT_MAGIC;
    flight->app = app;
    flight->started_us = clock_monotonic_us();
    struct api_call *call = &flight->dispatch.call;
    call->config = app->config != NULL ? config_values(app->config) : NULL;
    call->services = &app->services;
    call->status = 200;
    call->method = "";
    call->peer_address = "";
    return flight;
}

enum status app_call(struct app *app, const struct api_actor *actor, api_fn run, json_t *body,
                     app_done done, void *context)
{
    struct flight *flight = flight_create(app);
    if (flight == NULL) {
        json_decref(body);
        return STATUS_NO_MEMORY;
    }
    flight->parts[PART_RUN] = run;
    flight->done = done;
    flight->context = context;
    flight->dispatch.call.body = body;
    if (actor != NULL) {
        flight->dispatch.actor = *actor;
        flight->dispatch.call.actor = &flight->dispatch.actor;
    }
    enum status status = post_part(flight);
    if (status != STATUS_OK) {
        flight_free(flight);
    }
    return status;
}

/* ---- the request ---- */

long app_body_limit(struct app *app, const struct web_request *request)
{
    (void)app;
    struct dispatch_match match;
    if (!dispatch_find(tables, request->method, request->path, &match)) {
        return OTHER_BODY_MAX;
    }
    switch (match.route->body) {
    case API_BODY_NONE:
        return 0;
    case API_BODY_JSON:
        return match.route->body_max > DISPATCH_JSON_MAX ? DISPATCH_JSON_MAX
                                                         : (long)match.route->body_max;
    case API_BODY_OCTETS:
        return (long)match.route->body_max;
    }
    return 0;
}

/* Media types are compared without parameters; ours have none that matter. */
static bool media_type_is(const char *value, const char *type)
{
    size_t len = strcspn(value, "; \t");
    return len == strlen(type) && span_equal_nocase(span_of(value, len), span_text(type));
}

static void copy_header(struct web_exchange *exchange, const char *name, char *buffer,
                        size_t buffer_len)
{
    const char *value = web_exchange_header(exchange, name);
    if (value != NULL && strlen(value) < buffer_len) {
        memcpy(buffer, value, strlen(value) + 1);
    }
}

/* Members of the request that scripts see. False: answered. */
static bool read_head(struct flight *flight)
{
    struct dispatch_call *d = &flight->dispatch;
    struct web_exchange *exchange = flight->exchange;
    const struct web_request *request = web_exchange_request(exchange);
    d->call.method = d->route->method;
    for (int i = 0; i < API_PARAMS_MAX; i++) {
        d->call.params[i] = flight->match.params[i];
    }
    (void)auth_token_hash(request->session_token,
                          d->token_hash); /* a cookie that is none of ours is no cookie */
    copy_header(exchange, "X-CSRF-Token", d->csrf_token, sizeof d->csrf_token);
    copy_header(exchange, "If-Match", flight->if_match, sizeof flight->if_match);
    copy_header(exchange, "X-Chunk-SHA256", flight->chunk_sha256, sizeof flight->chunk_sha256);
    d->call.if_match = flight->if_match[0] != '\0' ? flight->if_match : NULL;
    d->call.chunk_sha256 = flight->chunk_sha256[0] != '\0' ? flight->chunk_sha256 : NULL;
    (void)snprintf(flight->peer_address, sizeof flight->peer_address, "%s", request->peer_address);
    d->call.peer_address = flight->peer_address;
    if (!dispatch_query(request->query, flight->query, sizeof flight->query, d->call.query)) {
        refuse(flight->app, exchange, 400, "request.query", "查询参数无效。",
               "The query string is not valid.", NULL, NULL);
        return false;
    }
    const char *site = web_exchange_header(exchange, "Sec-Fetch-Site");
    bool changes = strcmp(d->route->method, "GET") != 0;
    if (changes && site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0) {
        refuse(flight->app, exchange, 403, "request.cross-site", "拒绝来自其他网站的请求。",
               "Requests from other sites are refused.", NULL, NULL);
        return false;
    }
    return true;
}

static bool read_body(struct flight *flight)
{
    struct dispatch_call *d = &flight->dispatch;
    const struct web_request *request = web_exchange_request(flight->exchange);
    struct span body = request->body;
    const char *type = web_exchange_header(flight->exchange, "Content-Type");
    const char *wanted =
        d->route->body == API_BODY_JSON ? "application/json" : "application/octet-stream";
    if (body.len == 0 || d->route->body == API_BODY_NONE) {
        return true;
    }
    if (type == NULL || !media_type_is(type, wanted)) {
        refuse(flight->app, flight->exchange, 415, "request.media-type", "请求体的类型不受支持。",
               "The media type of the body is not supported.",
               d->route->body == API_BODY_JSON ? "Accept" : NULL, wanted);
        return false;
    }
    if (d->route->body == API_BODY_OCTETS) {
        d->call.raw = body.data;
        d->call.raw_len = body.len;
        return true;
    }
    d->call.body = dispatch_json(body.data, body.len);
    if (d->call.body == NULL) {
        refuse(
            flight->app, flight->exchange, 400, "request.json", "请求体不是有效的 JSON 对象。",
            "The body is not a valid JSON object (duplicate members and deep nesting are refused).",
            NULL, NULL);
        return false;
    }
    return true;
}

static void hash_request(struct flight *flight)
{
    const struct web_request *request = web_exchange_request(flight->exchange);
    crypto_hash_sha256_state state;
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_init(&state);
    const char *texts[] = {request->method, request->path, request->query};
    for (size_t i = 0; i < 3; i++) {
        crypto_hash_sha256_update(&state, (const unsigned char *)texts[i], strlen(texts[i]) + 1);
    }
    if (request->body.len > 0) {
        crypto_hash_sha256_update(&state, request->body.data, request->body.len);
    }
    crypto_hash_sha256_final(&state, hash);
    sodium_bin2hex(flight->dispatch.request_sha256, sizeof flight->dispatch.request_sha256, hash,
                   sizeof hash);
}

/* Only for POST: the other methods are idempotent by themselves. */
static bool read_key(struct flight *flight)
{
    struct dispatch_call *d = &flight->dispatch;
    const char *key = web_exchange_header(flight->exchange, "Idempotency-Key");
    if (key == NULL || strcmp(d->route->method, "POST") != 0) {
        return true;
    }
    size_t len = strlen(key);
    bool good = len >= DISPATCH_KEY_MIN && len <= DISPATCH_KEY_MAX;
    for (size_t i = 0; i < len && good; i++) {
        good = key[i] > 0x20 && key[i] < 0x7f;
    }
    if (!good) {
        refuse(flight->app, flight->exchange, 422, "request.idempotency-key",
               "Idempotency-Key 须为 16 至 64 个可见字符。",
               "The Idempotency-Key must be 16 to 64 visible characters.", NULL, NULL);
        return false;
    }
    memcpy(d->idempotency_key, key, len + 1);
    d->call.idempotency_key = d->idempotency_key;
    hash_request(flight);
    return true;
}

static void refuse_route(struct app *app, struct web_exchange *exchange,
                         const struct dispatch_match *match)
{
    if (match->allow[0] != '\0') {
        refuse(app, exchange, 405, "request.method", "不支持此请求方法。",
               "The method is not possible here.", "Allow", match->allow);
    } else if (strlen(web_exchange_request(exchange)->path) >= DISPATCH_PATH_MAX) {
        refuse(app, exchange, 414, "request.path", "请求地址过长。", "The path is too long.", NULL,
               NULL);
    } else {
        refuse(app, exchange, 404, "request.not-found", "没有这个接口。",
               "There is nothing at this path.", NULL, NULL);
    }
}

void app_request(struct app *app, struct web_exchange *exchange)
{
    const struct web_request *request = web_exchange_request(exchange);
    struct dispatch_match match;
    if (!dispatch_find(tables, request->method, request->path, &match)) {
        refuse_route(app, exchange, &match);
        return;
    }
    struct flight *flight = flight_create(app);
    if (flight == NULL) {
        refuse_overload(app, exchange);
        return;
    }
    (void)dispatch_find(tables, request->method, request->path,
                        &flight->match); /* parameters point into the flight */
    flight->exchange = exchange;
    flight->dispatch.route = flight->match.route;
    flight->parts[PART_RUN] = flight->match.route->run;
    flight->parts[PART_BLOB] = flight->match.route->blob;
    flight->parts[PART_FINISH] = flight->match.route->finish;
    if (!read_head(flight) || !read_key(flight) || !read_body(flight)) {
        flight_free(flight);
        return;
    }
    if (post_part(flight) != STATUS_OK) {
        refuse_overload(app, exchange);
        flight_free(flight);
    }
}
