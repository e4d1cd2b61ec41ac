#include "proto/http/http_response.h"

#include "proto/base/check.h"
#include "proto/http/http_field.h"

static const struct {
    unsigned status;
    const char *phrase;
} phrases[] = {
#define HTTP_STATUS(code, phrase) {code, phrase},
#include "proto/http/http_status.def"
#undef HTTP_STATUS
};

/* Written by http_response_start() alone, so that a message never has two framings. */
static const char *const owned[] = {"Connection", "Content-Length", "Date", "Transfer-Encoding"};

const char *http_status_phrase(unsigned status)
{
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (phrases[i].status == status) {
            return phrases[i].phrase;
        }
    }
    return "";
}

/* RFC 9112 §6.3 item 1; RFC 9110 §15.3.5, §15.4.5 */
bool http_response_sends_body(const struct http_response_head *head)
{
    return head->method != HTTP_METHOD_HEAD && head->status != 204 && head->status != 304 &&
           head->body != HTTP_BODY_NONE;
}

bool http_response_in_chunks(const struct http_response_head *head)
{
    return head->body == HTTP_BODY_CHUNKED && head->request_minor >= 1 &&
           http_response_sends_body(head);
}

bool http_response_closes(const struct http_response_head *head)
{
    bool ended_by_close = head->body == HTTP_BODY_CHUNKED && http_response_sends_body(head) &&
                          !http_response_in_chunks(head);
    return !head->keep_alive || ended_by_close;
}

struct span http_response_continue(void)
{
    return SPAN_LITERAL("HTTP/1.1 100 Continue\r\n\r\n");
}

static enum status result(const struct writer *w)
{
    return writer_ok(w) ? STATUS_OK : STATUS_FULL;
}

static void field(struct writer *w, const char *name, struct span value)
{
    writer_text(w, name);
    writer_text(w, ": ");
    writer_bytes(w, value);
    writer_text(w, "\r\n");
}

/* Content-Length or Transfer-Encoding, as a GET would have it (RFC 9110 §8.6, RFC 9112 §6.1). */
static void framing(struct writer *w, const struct http_response_head *head)
{
    if (head->status == 204 || head->status == 304) {
        return;
    }
    switch (head->body) {
    case HTTP_BODY_NONE:
        writer_text(w, "Content-Length: 0\r\n");
        break;
    case HTTP_BODY_LENGTH:
        writer_text(w, "Content-Length: ");
        writer_decimal(w, head->content_length);
        writer_text(w, "\r\n");
        break;
    case HTTP_BODY_CHUNKED:
        if (head->request_minor >= 1) {
            writer_text(w, "Transfer-Encoding: chunked\r\n");
        }
        break;
    }
}

enum status http_response_start(struct writer *w, const struct http_response_head *head)
{
    CHECK(head->status >= 200 && head->status <= 599);
    CHECK(head->date.len == 0 || http_is_field_value(head->date));
    writer_text(w, "HTTP/1.1 ");
    writer_decimal(w, head->status);
    writer_text(w, " "); /* RFC 9112 §4: also before an empty phrase */
    writer_text(w, http_status_phrase(head->status));
    writer_text(w, "\r\n");
    if (head->date.len > 0) {
        field(w, "Date", head->date);
    }
    framing(w, head);
    if (http_response_closes(head)) {
        field(w, "Connection", SPAN_LITERAL("close"));
    } else if (head->request_minor == 0) {
        field(w, "Connection", SPAN_LITERAL("keep-alive"));
    }
    return result(w);
}

enum status http_response_field(struct writer *w, const char *name, struct span value)
{
    struct span wanted = span_text(name);
    if (!http_is_token(wanted) || !http_is_field_value(value)) {
        return STATUS_MALFORMED;
    }
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
        if (span_equal_nocase(wanted, span_text(owned[i]))) {
            return STATUS_REFUSED;
        }
    }
    field(w, name, value);
    return result(w);
}

enum status http_response_end(struct writer *w)
{
    writer_text(w, "\r\n");
    return result(w);
}

enum status http_chunk_start(struct writer *w, uint64_t len)
{
    CHECK(len > 0); /* a chunk of 0 would end the body */
    char digits[16];
    size_t at = sizeof(digits);
    for (uint64_t left = len; left > 0; left >>= 4) {
        digits[--at] = "0123456789abcdef"[left & 15];
    }
    writer_bytes(w, span_of(digits + at, sizeof(digits) - at));
    writer_text(w, "\r\n");
    return result(w);
}

enum status http_chunk_end(struct writer *w)
{
    writer_text(w, "\r\n");
    return result(w);
}

enum status http_chunk_last(struct writer *w)
{
    writer_text(w, "0\r\n\r\n");
    return result(w);
}
