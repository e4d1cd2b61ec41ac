/* One request: head and body in, then the handler.
 *
 *   HEAD ──head──> BODY ──body──> HANDLER ──web_reply──> (FILE) ──> done
 *     └── refusal: answered at once, the connection ends after the answer  */
#include "gateway/web/web_internal.h"

#include "media/rt/log.h"
#include "proto/base/check.h"

#include <stdio.h>
#include <stdlib.h>

#define BODY_ROOM_FIRST 4096

struct web_exchange *web_exchange_create(struct web_connection *connection)
{
    struct web_exchange *e = malloc(sizeof(*e));
    if (e == NULL) {
        return NULL;
    }
    memset(e, 0,
           offsetof(struct web_exchange, head)); /* the head buffer is written before it is read */
    e->web = connection->web;
    e->connection = connection;
    e->own_head = e->head;
    e->handled_us = loop_now_us(e->web->loop);
    e->request = (struct web_request){
        .method = e->method, .path = e->path, .query = "", .peer_address = e->peer_address};
    web_listener_peer_text(&connection->peer, e->peer_address);
    http_request_init(&e->parser, e->head, HTTP_HEAD_LEN_USUAL);
    return e;
}

void web_exchange_destroy(struct web_exchange *e)
{
    if (e == NULL) {
        return;
    }
    if (e->file != NULL) {
        web_file_abandon(e->file);
    }
    e->web->body_octets -= e->body_room;
    free(e->body);
    free(e);
}

void web_exchange_orphan(struct web_exchange *e)
{
    e->connection = NULL;
    if (e->state != EXCHANGE_HANDLER) {
        web_exchange_destroy(e);
    }
}

/* A span of the head as text: the octet behind a path, query or value is a blank or a line end, of
 * no further use. */
static char *text_in_head(struct web_exchange *e, struct span part)
{
    CHECK(part.data >= e->head && part.data + part.len <= e->head + HTTP_HEAD_LEN_USUAL);
    char *text = (char *)e->head + (part.data - e->head);
    text[part.len] = '\0';
    return text;
}

const char *web_exchange_header(const struct web_exchange *exchange, const char *name)
{
    struct span value;
    if (!exchange->head_ok || !http_request_field(&exchange->parser.request, name, &value)) {
        return NULL;
    }
    if (value.len == 0) {
        return "";
    }
    /* The exchange is ours, whatever the caller's view of it says: a NUL goes behind the value. */
    uint8_t *head = exchange->own_head;
    head[(size_t)(value.data - head) + value.len] = '\0';
    return (const char *)value.data;
}

static void run_handler(struct web_exchange *e)
{
    struct web *web = e->web;
    e->state = EXCHANGE_HANDLER;
    e->request.body = span_of(e->body, e->body_len);
    e->handled_us = loop_now_us(web->loop);
    loop_timer_cancel(web->loop, &e->connection->timer);
    web->handlers.request(web->handlers.context, e);
}

/* --- body
 * ---------------------------------------------------------------------------------------------------------
 */

/* Doubles, so that a length that was announced and does not come costs nothing. False: answered
 * 503. */
static bool body_append(struct web_exchange *e, struct span data)
{
    size_t need = e->body_len + data.len;
    if (need > e->body_room) {
        size_t room = e->body_room == 0 ? BODY_ROOM_FIRST : e->body_room * 2;
        room = room < need ? need : room;
        uint8_t *larger = room - e->body_room <= WEB_BODIES_MAX - e->web->body_octets
                              ? realloc(e->body, room)
                              : NULL;
        if (larger == NULL) {
            e->web->ended[WEB_END_OVERLOAD]++;
            web_reply_status(e, 503);
            return false;
        }
        e->web->body_octets += room - e->body_room;
        e->body = larger;
        e->body_room = room;
    }
    if (data.len > 0) {
        memcpy(e->body + e->body_len, data.data, data.len);
    }
    e->body_len = need;
    return true;
}

/* A refusal by proto/http: answered with its status, then the connection ends. */
static void refuse(struct web_exchange *e, enum http_reason reason)
{
    e->web->ended[WEB_END_PROTOCOL]++;
    e->body_pending = true;
    log_debug("http_refused", "reason=%s", http_reason_label(reason));
    web_reply_status(e, (int)http_reason_http_status(reason));
}

static void receive_body(struct web_exchange *e, struct span input, size_t *out_used)
{
    enum status status = STATUS_NEED_MORE;
    *out_used = 0;
    while (status == STATUS_NEED_MORE && *out_used < input.len) {
        size_t used = 0;
        struct span data = {0};
        status = http_body_feed(
            &e->body_parser, span_of(input.data + *out_used, input.len - *out_used), &used, &data);
        *out_used += used;
        if (data.len > 0 && !body_append(e, data)) {
            return;
        }
    }
    if (status == STATUS_OK) {
        e->body_pending = false;
        run_handler(e);
    } else if (status != STATUS_NEED_MORE) {
        refuse(e, e->body_parser.reason);
    }
}

static void begin_body(struct web_exchange *e)
{
    const struct http_request *r = &e->parser.request;
    long limit = e->web->handlers.body_limit(e->web->handlers.context, &e->request, e);
    e->body_pending = r->body != HTTP_BODY_NONE;
    if (limit < 0) {
        web_reply_status(e, (int)-limit);
        return;
    }
    size_t used = 0;
    struct span data = {0};
    http_body_init(&e->body_parser, r->body, r->content_length, (uint64_t)limit);
    enum status status = http_body_feed(&e->body_parser, (struct span){0}, &used, &data);
    if (status == STATUS_OK) {
        e->body_pending = false;
        run_handler(e);
    } else if (status != STATUS_NEED_MORE) {
        refuse(e, e->body_parser.reason);
    } else {
        e->state = EXCHANGE_BODY;
        if (r->expect_continue) {
            if (web_outbox_copy(&e->connection->outbox, http_response_continue(),
                                (struct span){0}) == STATUS_OK) {
                web_connection_wake(e->connection);
            }
        }
    }
}

/* --- head
 * ---------------------------------------------------------------------------------------------------------
 */

/* The session cookie (RFC 6265 §5.4). Two different ones: somebody planted one, so neither counts.
 */
static void find_session(struct web_exchange *e)
{
    struct span field;
    struct span value;
    size_t index = 0;
    unsigned found = 0;
    while (http_request_field_next(&e->parser.request, "Cookie", &index, &field)) {
        enum status status = http_cookie_find(field, "__Host-session", &value);
        if (status == STATUS_NONE) {
            continue;
        }
        found++;
        if (status != STATUS_OK || found > 1 ||
            !span_copy_text(value, e->session_token, sizeof(e->session_token))) {
            found = 2;
            break;
        }
    }
    e->request.session_token = found == 1 ? e->session_token : NULL;
}

/* Status to refuse with, 0 to go on. */
static int take_head(struct web_exchange *e)
{
    const struct http_request *r = &e->parser.request;
    if (r->method == HTTP_METHOD_OTHER ||
        !span_copy_text(r->method_text, e->method, sizeof(e->method))) {
        return 501;
    }
    if (r->method == HTTP_METHOD_TRACE) {
        web_exchange_allow(e, "GET, HEAD, POST, PUT, PATCH, DELETE");
        return 405;
    }
    enum status status = http_path_decode(r->path, e->path, sizeof(e->path));
    if (status != STATUS_OK) {
        e->path[0] = '\0';
        return status == STATUS_TOO_LARGE ? 414 : 400;
    }
    if (r->query.len > 0) {
        e->request.query = text_in_head(e, r->query);
    }
    find_session(e);
    return e->web->draining ? 503 : 0;
}

static void head_complete(struct web_exchange *e)
{
    e->head_ok = true;
    e->web->requests++;
    int status = take_head(e);
    if (status != 0) {
        e->body_pending = e->parser.request.body != HTTP_BODY_NONE;
        web_reply_status(e, status);
    } else if (strcmp(e->path, WEB_WS_PATH) == 0) {
        web_ws_upgrade(e);
    } else {
        begin_body(e);
    }
}

void web_exchange_receive(struct web_exchange *e, struct span input, size_t *out_used)
{
    *out_used = 0;
    if (e->state == EXCHANGE_BODY) {
        receive_body(e, input, out_used);
        return;
    }
    CHECK(e->state == EXCHANGE_HEAD);
    enum status status = http_request_feed(&e->parser, input, out_used);
    if (status == STATUS_OK) {
        head_complete(e);
    } else if (status != STATUS_NEED_MORE) {
        *out_used = input.len;
        refuse(e, e->parser.reason);
    }
}

bool web_exchange_timeout(struct web_exchange *e)
{
    struct web *web = e->web;
    if (e->state == EXCHANGE_BODY) {
        uint64_t least = (uint64_t)WEB_BODY_RATE * web->config.header_timeout_ms / 1000;
        if (e->body_parser.total - e->body_seen >= least) {
            e->body_seen = e->body_parser.total;
            return false;
        }
        web->ended[WEB_END_SLOW]++;
    } else {
        web->ended[WEB_END_HEADER_TIMEOUT]++;
    }
    e->body_pending = true;
    web_reply_status(e, 408);
    return true;
}

const struct web_request *web_exchange_request(const struct web_exchange *exchange)
{
    return &exchange->request;
}

void web_exchange_set_data(struct web_exchange *exchange, void *data)
{
    exchange->data = data;
}

void *web_exchange_data(const struct web_exchange *exchange)
{
    return exchange->data;
}

void web_exchange_allow(struct web_exchange *exchange, const char *methods)
{
    (void)snprintf(exchange->allow, sizeof(exchange->allow), "%s", methods);
}
