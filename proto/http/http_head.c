#include "proto/http/http_head.h"

#include "proto/http/http_field.h"
#include "proto/http/http_target.h"

/* Fields that are no lists and decide something here or above: twice is an attempt to show two
 * readers two things (RFC 9110 §5.3). Host and Content-Length have reasons of their own. */
static const char *const singletons[] = {
    "Authorization", "Content-Range",       "Content-Type", "Cookie", "If-Modified-Since",
    "If-Range",      "If-Unmodified-Since", "Origin",       "Range",
};

static enum http_reason repeated(const struct http_request *r)
{
    for (size_t i = 0; i < sizeof(singletons) / sizeof(singletons[0]); i++) {
        if (http_request_field_count(r, singletons[i]) > 1) {
            return HTTP_REASON_FIELD_REPEATED;
        }
    }
    return HTTP_REASON_NONE;
}

/* RFC 9112 §3.2: exactly one in 1.1, valid; §3.2.2: the absolute form then wins over it. */
static enum http_reason host(struct http_request *r)
{
    struct span value;
    size_t count = http_request_field_count(r, "Host");
    if (count > 1) {
        return HTTP_REASON_HOST_REPEATED;
    }
    if (!http_request_field(r, "Host", &value)) {
        return r->minor == 0 ? HTTP_REASON_NONE : HTTP_REASON_HOST_MISSING;
    }
    if (!http_is_host(value)) {
        return HTTP_REASON_HOST;
    }
    if (r->host.len == 0) {
        r->host = value;
    }
    return HTTP_REASON_NONE;
}

/* transfer-coding = token *( OWS ";" OWS transfer-parameter ) (RFC 9112 §6.1, §7). Only the name is
 * looked at. */
static struct span coding_name(struct span item)
{
    const uint8_t *semicolon = memchr(item.data, ';', item.len);
    return semicolon == NULL ? item
                             : http_trim(span_of(item.data, (size_t)(semicolon - item.data)));
}

/* RFC 9112 §6.1 and §6.3 item 4: chunked once and last; other codings are not implemented. */
static enum http_reason transfer_coding(const struct http_request *r)
{
    size_t index = 0;
    size_t codings = 0;
    bool chunked = false;
    struct span value;
    struct span item;
    while (http_request_field_next(r, "Transfer-Encoding", &index, &value)) {
        while (http_list_next(&value, &item)) {
            struct span name = coding_name(item);
            if (chunked || !http_is_token(name)) { /* something behind chunked */
                return HTTP_REASON_CODING;
            }
            chunked = span_equal_nocase(name, SPAN_LITERAL("chunked"));
            if (chunked && name.len != item.len) { /* §7.1: chunked has no parameters */
                return HTTP_REASON_CODING;
            }
            codings++;
        }
    }
    if (!chunked) {
        return HTTP_REASON_CODING;
    }
    return codings > 1 ? HTTP_REASON_CODING_UNSUPPORTED : HTTP_REASON_NONE;
}

/* RFC 9112 §6.3. A request with both is refused (§6.1 allows it), as is any repeated length, equal
 * or not (RFC 9110 §8.6). */
static enum http_reason framing(struct http_request *r)
{
    size_t codings = http_request_field_count(r, "Transfer-Encoding");
    size_t lengths = http_request_field_count(r, "Content-Length");
    r->body = HTTP_BODY_NONE;
    r->content_length = 0;
    if (codings > 0) {
        if (lengths > 0) {
            return HTTP_REASON_LENGTH_AND_CODING;
        }
        if (r->minor == 0) { /* §6.1: framing is then faulty */
            return HTTP_REASON_CODING_VERSION;
        }
        r->body = HTTP_BODY_CHUNKED;
        return transfer_coding(r);
    }
    struct span value;
    if (!http_request_field(r, "Content-Length", &value)) {
        return HTTP_REASON_NONE;
    }
    if (lengths > 1) {
        return HTTP_REASON_LENGTH_REPEATED;
    }
    uint64_t length = 0;
    if (!span_decimal(value, &length) || length > HTTP_CONTENT_LENGTH_MAX) {
        return HTTP_REASON_LENGTH;
    }
    r->content_length = length;
    r->body = length > 0 ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
    return HTTP_REASON_NONE;
}

/* RFC 9112 §9.3: 1.1 stays open unless close; 1.0 closes unless keep-alive. */
static enum http_reason connection(struct http_request *r)
{
    size_t index = 0;
    struct span value;
    struct span item;
    bool close = false;
    bool keep = false;
    while (http_request_field_next(r, "Connection", &index, &value)) {
        while (http_list_next(&value, &item)) {
            if (!http_is_token(item)) {
                return HTTP_REASON_CONNECTION;
            }
            close = close || span_equal_nocase(item, SPAN_LITERAL("close"));
            keep = keep || span_equal_nocase(item, SPAN_LITERAL("keep-alive"));
        }
    }
    r->keep_alive = !close && (r->minor == 1 || keep);
    return HTTP_REASON_NONE;
}

/* RFC 9110 §10.1.1: ignored from 1.0; another expectation is 417. */
static enum http_reason expectation(struct http_request *r)
{
    size_t index = 0;
    struct span value;
    struct span item;
    bool found = false;
    r->expect_continue = false;
    if (r->minor == 0) {
        return HTTP_REASON_NONE;
    }
    while (http_request_field_next(r, "Expect", &index, &value)) {
        while (http_list_next(&value, &item)) {
            if (!span_equal_nocase(item, SPAN_LITERAL("100-continue"))) {
                return HTTP_REASON_EXPECTATION;
            }
            found = true;
        }
    }
    r->expect_continue = found && r->body != HTTP_BODY_NONE;
    return HTTP_REASON_NONE;
}

enum http_reason http_head_decide(struct http_request *r)
{
    static enum http_reason (*const steps[])(struct http_request *) = {host, framing, connection,
                                                                       expectation};
    enum http_reason reason = repeated(r);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && reason == HTTP_REASON_NONE; i++) {
        reason = steps[i](r);
    }
    return reason;
}
