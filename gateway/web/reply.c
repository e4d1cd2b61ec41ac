/* Replies: conditions, ranges, the head, and what becomes of the connection. */
#include "gateway/web/web_internal.h"

#include "gateway/web/problem.h"
#include "gateway/web/security.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAD_MAX 8192 /* our own fields take some 900 octets */
#define PROBLEM_MAX 2048
#define RETRY_AFTER_S "2"

bool web_reply_keep_alive(const struct web_exchange *e)
{
    return e->head_ok && e->parser.request.keep_alive && !e->body_pending && !e->web->draining;
}

void web_reply_finish(struct web_exchange *e, int status, bool keep_alive)
{
    struct web *web = e->web;
    struct web_connection *connection = e->connection;
    if (web->handlers.observed != NULL) {
        web->handlers.observed(web->handlers.context, &e->request, status,
                               loop_now_us(web->loop) - e->handled_us);
    }
    web_exchange_destroy(e);
    if (connection != NULL) {
        web_connection_exchange_done(connection, keep_alive);
    }
}

/* --- conditions and ranges (RFC 9110 §13.2.2, §14.2)
 * -------------------------------------------------------------- */

static bool not_modified(const struct web_exchange *e, const char *etag, int64_t last_modified_s)
{
    const struct http_request *r = &e->parser.request;
    struct span field;
    int64_t since_s = 0;
    if (http_request_field(r, "If-None-Match", &field)) {
        return etag != NULL && http_if_none_match(field, span_text(etag));
    }
    return last_modified_s != 0 && http_request_field(r, "If-Modified-Since", &field) &&
           http_date_read(field, e->web->date_s, &since_s) && last_modified_s <= since_s;
}

struct web_reply_choice web_reply_choose(const struct web_exchange *e, const char *etag,
                                         int64_t last_modified_s, uint64_t len)
{
    const struct http_request *r = &e->parser.request;
    struct web_reply_choice choice = {.status = 200};
    struct span field;
    struct span if_range;
    if (r->method != HTTP_METHOD_GET && r->method != HTTP_METHOD_HEAD) {
        return choice;
    }
    (void)web_date(e->web); /* date_s is of now */
    if (not_modified(e, etag, last_modified_s)) {
        choice.status = 304;
        return choice;
    }
    if (r->method != HTTP_METHOD_GET || http_request_field_count(r, "Range") != 1 ||
        !http_request_field(r, "Range", &field)) {
        return choice;
    }
    if (http_request_field(r, "If-Range", &if_range) &&
        !http_if_range(if_range, span_text(etag == NULL ? "" : etag), last_modified_s)) {
        return choice;
    }
    switch (http_range_parse(field, len, &choice.range)) {
    case HTTP_RANGE_ALL:
        break;
    case HTTP_RANGE_PART:
        choice.status = 206;
        break;
    case HTTP_RANGE_UNSATISFIABLE:
        choice.status = 416;
        break;
    }
    return choice;
}

/* --- head
 * ---------------------------------------------------------------------------------------------------------
 */

static void put(struct writer *w, const char *name, const char *value)
{
    enum status status = http_response_field(w, name, span_text(value));
    if (status == STATUS_MALFORMED || status == STATUS_REFUSED) {
        log_error("reply_header_refused", "name=%s reason=%s", name,
                  status_name(status)); /* a handler's mistake */
    }
}

static void put_fields(struct writer *w, const struct web_exchange *e,
                       const struct web_reply_head *head)
{
    const struct web_reply *reply = head->reply;
    struct span host = e->head_ok ? e->parser.request.host : (struct span){0};
    if (reply->content_type != NULL && head->status != 304) {
        put(w, "Content-Type", reply->content_type);
    }
    web_security_write(w, reply->content_type, host);
    put(w, "Cache-Control", reply->cache_control != NULL ? reply->cache_control : "no-store");
    if (head->etag != NULL) {
        put(w, "ETag", head->etag);
    }
    if (head->last_modified_s != 0) {
        char date[HTTP_DATE_LEN + 1];
        http_date_write(head->last_modified_s, date);
        put(w, "Last-Modified", date);
    }
    if (head->content_range != NULL) {
        put(w, "Content-Range", head->content_range);
    }
    if (head->accept_ranges) {
        put(w, "Accept-Ranges", "bytes");
    }
    if (head->status == 405 && e->allow[0] != '\0') {
        put(w, "Allow", e->allow);
    }
    for (const char *const *h = reply->headers; h != NULL && h[0] != NULL; h += 2) {
        put(w, h[0], h[1]);
    }
}

enum status web_reply_write_head(struct web_exchange *e, const struct web_reply_head *head,
                                 struct span body)
{
    char buffer[HEAD_MAX];
    struct writer w = writer_of(buffer, sizeof(buffer));
    struct http_response_head start = {
        .status = (unsigned)head->status,
        .method = e->head_ok ? e->parser.request.method : HTTP_METHOD_GET,
        .request_minor = e->head_ok ? e->parser.request.minor : 1,
        .keep_alive = head->keep_alive,
        .date = web_date(e->web),
        .body = head->body_len > 0 ? HTTP_BODY_LENGTH : HTTP_BODY_NONE,
        .content_length = head->body_len,
    };
    if (http_response_start(&w, &start) != STATUS_OK) {
        return STATUS_FULL;
    }
    put_fields(&w, e, head);
    if (http_response_end(&w) != STATUS_OK) {
        return STATUS_FULL;
    }
    enum status status =
        web_outbox_copy(&e->connection->outbox, writer_span(&w),
                        http_response_sends_body(&start) ? body : (struct span){0});
    if (status == STATUS_OK) {
        web_connection_wake(e->connection);
    }
    return status;
}

/* --- bodies
 * -------------------------------------------------------------------------------------------------------
 */

static void give_back(const struct web_reply *reply)
{
    if (reply->body_free != NULL) {
        union {
            const void *given;
            void *owned;
        } body = {.given = reply->body}; /* body_free says that it is the reply's own */
        reply->body_free(body.owned);
    }
}

static bool may_send(const struct web_exchange *e)
{
    return e->connection != NULL && e->connection->phase == CONNECTION_HTTP;
}

static void reply_body(struct web_exchange *e, const struct web_reply *reply)
{
    bool choosable = reply->status == 200 && reply->etag != NULL;
    struct web_reply_choice choice = {.status = reply->status};
    struct span body = span_of(reply->body, reply->content_type == NULL ? 0 : reply->body_len);
    char range_text[80];
    struct writer range = writer_of(range_text, sizeof(range_text) - 1);
    if (choosable) {
        choice = web_reply_choose(e, reply->etag, 0, body.len);
    }
    if (choice.status == 206) {
        http_content_range_write(&range, &choice.range, body.len);
        body = span_of(body.data + choice.range.first,
                       (size_t)(choice.range.last - choice.range.first + 1));
    } else if (choice.status == 416) {
        http_content_range_write(&range, NULL, body.len);
        body = (struct span){0};
    } else if (choice.status == 304) {
        body = (struct span){0};
    }
    range_text[range.at] = '\0';
    struct web_reply_head head = {
        .status = choice.status,
        .reply = reply,
        .body_len = body.len,
        .etag = reply->etag,
        .content_range = range.at > 0 ? range_text : NULL,
        .accept_ranges = choosable,
        .keep_alive = web_reply_keep_alive(e),
    };
    bool sent = web_reply_write_head(e, &head, body) == STATUS_OK;
    give_back(reply);
    if (!sent) {
        log_error("reply_failed", "status=%d", reply->status);
        web_connection_kill(e->connection);
    }
    web_reply_finish(e, choice.status, head.keep_alive);
}

void web_reply(struct web_exchange *exchange, const struct web_reply *reply)
{
    CHECK(exchange->state != EXCHANGE_FILE && reply->status >= 200 && reply->status <= 599);
    if (!may_send(exchange)) {
        exchange->state = EXCHANGE_HANDLER;
        give_back(reply);
        web_reply_finish(exchange, reply->status, false);
    } else if (reply->file != NULL) {
        web_file_begin(exchange, reply);
    } else {
        reply_body(exchange, reply);
    }
}

static void reply_problem(struct web_exchange *e, const struct web_problem *problem)
{
    char buffer[PROBLEM_MAX];
    struct writer w = writer_of(buffer, sizeof(buffer));
    const char *const retry[] = {"Retry-After", RETRY_AFTER_S, NULL};
    const char *const upgrade[] = {"Upgrade", "websocket", "Sec-WebSocket-Version", "13", NULL};
    web_problem_write(&w, problem, web_exchange_header(e, "Accept-Language"));
    struct web_reply reply = {
        .status = problem->status,
        .content_type = "application/problem+json",
        .headers = problem->status == 503 || problem->status == 429 ? retry
                   : problem->status == 426                         ? upgrade
                                                                    : NULL,
        .body = buffer,
        .body_len = writer_span(&w).len,
    };
    web_reply(e, &reply);
}

void web_reply_problem(struct web_exchange *exchange, int status, const char *code, const char *zh,
                       const char *en)
{
    struct web_problem problem = {status, code, zh, en};
    reply_problem(exchange, &problem);
}

void web_reply_status(struct web_exchange *e, int status)
{
    struct web_problem problem = *web_problem_of(status);
    problem.status = status;
    reply_problem(e, &problem);
}
