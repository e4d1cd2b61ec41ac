#include "proto/http/http_request.h"

#include "proto/base/check.h"
#include "proto/http/http_field.h"
#include "proto/http/http_head.h"
#include "proto/http/http_target.h"

/* Octet by octet, line by line:
 *
 *   REQUEST_LINE --line--> FIELDS --line--> FIELDS --empty line--> DONE
 *        \___________________\________ refusal ________________> FAILED
 *
 * Invariants: the buffer holds the lines without their ends, one behind the other; line_start <= at
 * <= buffer_len; every decision is made at an octet that depends on the octets before it alone, so
 * cutting the input changes nothing. */

static const struct {
    enum http_method method;
    const char *name;
} methods[] = {
    {HTTP_METHOD_GET, "GET"},         {HTTP_METHOD_HEAD, "HEAD"},   {HTTP_METHOD_POST, "POST"},
    {HTTP_METHOD_PUT, "PUT"},         {HTTP_METHOD_PATCH, "PATCH"}, {HTTP_METHOD_DELETE, "DELETE"},
    {HTTP_METHOD_OPTIONS, "OPTIONS"}, {HTTP_METHOD_TRACE, "TRACE"},
};

static enum http_method method_of(struct span text)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (span_is(text, methods[i].name)) { /* RFC 9110 §9.1: case-sensitive */
            return methods[i].method;
        }
    }
    return HTTP_METHOD_OTHER;
}

void http_request_init(struct http_request_parser *p, uint8_t *buffer, size_t buffer_len)
{
    CHECK(buffer != NULL);
    CHECK(buffer_len >= HTTP_HEAD_LEN_MIN);
    p->request.field_count = 0; /* the fields themselves need no clearing: 2 KiB a request saved */
    p->request.method = HTTP_METHOD_OTHER;
    p->reason = HTTP_REASON_NONE;
    p->buffer = buffer;
    p->buffer_len = buffer_len;
    p->at = 0;
    p->line_start = 0;
    p->method_len = 0;
    p->empty_lines = 0;
    p->state = HTTP_HEAD_REQUEST_LINE;
    p->after_cr = false;
}

bool http_request_idle(const struct http_request_parser *p)
{
    return p->state == HTTP_HEAD_REQUEST_LINE && p->at == 0;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* HTTP-version = "HTTP" "/" DIGIT "." DIGIT (RFC 9112 §2.3) */
static enum http_reason version(struct span text, unsigned *out_minor)
{
    if (text.len != 8 || memcmp(text.data, "HTTP/", 5) != 0 || !is_digit(text.data[5]) ||
        text.data[6] != '.' || !is_digit(text.data[7])) {
        return HTTP_REASON_VERSION;
    }
    if (text.data[5] != '1' || text.data[7] > '1') {
        return HTTP_REASON_VERSION_UNSUPPORTED;
    }
    *out_minor = (unsigned)(text.data[7] - '0');
    return HTTP_REASON_NONE;
}

/* request-line = method SP request-target SP HTTP-version (RFC 9112 §3). The method was checked as
 * it came. */
static enum http_reason request_line(struct http_request_parser *p, struct span line)
{
    struct http_request *r = &p->request;
    if (p->method_len == 0) {
        return HTTP_REASON_REQUEST_LINE;
    }
    size_t start = p->method_len + 1;
    size_t space = line.len;
    while (space > start && line.data[space - 1] != ' ') {
        space--;
    }
    if (space <= start + 1) { /* no second space, or nothing before it */
        return HTTP_REASON_REQUEST_LINE;
    }
    r->method_text = span_of(line.data, p->method_len);
    r->target = span_of(line.data + start, space - 1 - start);
    if (memchr(r->target.data, ' ', r->target.len) != NULL) {
        return HTTP_REASON_REQUEST_LINE;
    }
    enum http_reason reason = version(span_of(line.data + space, line.len - space), &r->minor);
    if (reason != HTTP_REASON_NONE) {
        return reason;
    }
    if (span_is(r->method_text, "CONNECT")) {
        return HTTP_REASON_CONNECT;
    }
    CHECK(r->target.len <= HTTP_TARGET_LEN_MAX); /* look() refused a longer one as it came */
    r->method = method_of(r->method_text);
    struct http_target target;
    if (!http_target_parse(r->method, r->target, &target)) {
        return HTTP_REASON_TARGET;
    }
    r->path = target.path;
    r->query = target.query;
    r->host = target.authority;
    return HTTP_REASON_NONE;
}

/* field-line = field-name ":" OWS field-value OWS (RFC 9112 §5) */
static enum http_reason field_line(struct http_request *r, struct span line)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    if (colon == NULL) {
        return HTTP_REASON_FIELD_NAME;
    }
    size_t name_len = (size_t)(colon - line.data);
    struct span name = span_of(line.data, name_len);
    if (!http_is_token(name)) { /* §5.1: also white space before the colon */
        return HTTP_REASON_FIELD_NAME;
    }
    if (r->field_count == HTTP_FIELDS_MAX) {
        return HTTP_REASON_FIELDS_TOO_MANY;
    }
    r->fields[r->field_count++] = (struct http_field){
        .name = name, .value = http_trim(span_of(colon + 1, line.len - name_len - 1))};
    return HTTP_REASON_NONE;
}

static enum http_reason line_end(struct http_request_parser *p)
{
    struct span line = span_of(p->buffer + p->line_start, p->at - p->line_start);
    enum http_reason reason = HTTP_REASON_NONE;
    if (line.len > 0) { /* the octet behind each line is nobody's: a caller may end a value there */
        if (p->at == p->buffer_len) {
            return p->state == HTTP_HEAD_REQUEST_LINE ? HTTP_REASON_TARGET_TOO_LONG
                                                      : HTTP_REASON_FIELDS_TOO_LARGE;
        }
        p->buffer[p->at++] = '\0';
    }
    p->line_start = p->at;
    if (p->state == HTTP_HEAD_REQUEST_LINE) {
        if (line.len == 0) { /* RFC 9112 §2.2: at least one is ignored */
            return ++p->empty_lines > 1 ? HTTP_REASON_EMPTY_LINES : HTTP_REASON_NONE;
        }
        reason = request_line(p, line);
        p->state = HTTP_HEAD_FIELDS;
        return reason;
    }
    if (line.len > 0) {
        return field_line(&p->request, line);
    }
    p->state = HTTP_HEAD_DONE;
    return http_head_decide(&p->request);
}

/* What is known before the octet is stored. */
static enum http_reason look(struct http_request_parser *p, uint8_t c)
{
    size_t len = p->at - p->line_start;
    if ((c < 0x20 && c != '\t') || c == 0x7F) { /* RFC 9110 §5.5 */
        return HTTP_REASON_CONTROL_OCTET;
    }
    if (p->state == HTTP_HEAD_FIELDS) {
        if (len == 0 && (c == ' ' || c == '\t')) { /* RFC 9112 §5.2, §2.2 */
            return HTTP_REASON_OBS_FOLD;
        }
        return p->at == p->buffer_len ? HTTP_REASON_FIELDS_TOO_LARGE : HTTP_REASON_NONE;
    }
    if (p->method_len == 0) {
        if (c == ' ' && len > 0) {
            p->method_len = len;
            return HTTP_REASON_NONE;
        }
        if (!http_is_token(span_of(&c, 1))) {
            return HTTP_REASON_METHOD;
        }
        return len == HTTP_METHOD_LEN_MAX ? HTTP_REASON_METHOD_TOO_LONG : HTTP_REASON_NONE;
    }
    /* The version and its space are 9 octets; nothing longer than that can follow a target of full
     * length. */
    if (p->at == p->buffer_len || len == p->method_len + 1 + HTTP_TARGET_LEN_MAX + 9) {
        return HTTP_REASON_TARGET_TOO_LONG;
    }
    return HTTP_REASON_NONE;
}

static enum http_reason take(struct http_request_parser *p, uint8_t c)
{
    if (p->after_cr) {
        p->after_cr = false;
        return c == '\n' ? line_end(p) : HTTP_REASON_BARE_CR; /* RFC 9112 §2.2 */
    }
    if (c == '\r') {
        p->after_cr = true;
        return HTTP_REASON_NONE;
    }
    if (c == '\n') {
        return HTTP_REASON_BARE_LF;
    }
    enum http_reason reason = look(p, c);
    if (reason == HTTP_REASON_NONE) {
        CHECK(p->at < p->buffer_len);
        p->buffer[p->at++] = c;
    }
    return reason;
}

enum status http_request_feed(struct http_request_parser *p, struct span input, size_t *out_used)
{
    CHECK(p->state != HTTP_HEAD_DONE);
    size_t used = 0;
    while (used < input.len && p->state != HTTP_HEAD_DONE && p->reason == HTTP_REASON_NONE) {
        p->reason = take(p, input.data[used++]);
    }
    *out_used = used;
    if (p->reason != HTTP_REASON_NONE) {
        p->state = HTTP_HEAD_FAILED;
        return http_reason_status(p->reason);
    }
    return p->state == HTTP_HEAD_DONE ? STATUS_OK : STATUS_NEED_MORE;
}

bool http_request_field_next(const struct http_request *r, const char *name, size_t *index,
                             struct span *out_value)
{
    struct span wanted = span_text(name);
    for (size_t i = *index; i < r->field_count; i++) {
        if (span_equal_nocase(r->fields[i].name, wanted)) {
            *index = i + 1;
            *out_value = r->fields[i].value;
            return true;
        }
    }
    *index = r->field_count;
    return false;
}

bool http_request_field(const struct http_request *r, const char *name, struct span *out_value)
{
    size_t index = 0;
    return http_request_field_next(r, name, &index, out_value);
}

size_t http_request_field_count(const struct http_request *r, const char *name)
{
    size_t count = 0;
    size_t index = 0;
    struct span value;
    while (http_request_field_next(r, name, &index, &value)) {
        count++;
    }
    return count;
}

bool http_request_has_token(const struct http_request *r, const char *name, const char *token)
{
    size_t index = 0;
    struct span value;
    struct span item;
    while (http_request_field_next(r, name, &index, &value)) {
        while (http_list_next(&value, &item)) {
            if (span_equal_nocase(item, span_text(token))) {
                return true;
            }
        }
    }
    return false;
}
