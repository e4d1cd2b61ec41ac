/* Request heads: whatever the octets, fed whole and fed in pieces must come out the same, and what
 * is accepted must keep its promises. First octet: seed of the cuts. */
#include "proto/base/check.h"
#include "proto/http/http_field.h"
#include "proto/http/http_path.h"
#include "proto/http/http_request.h"
#include "proto/http/http_target.h"
#include "proto/ws/ws_handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint8_t whole_buffer[2048];
static uint8_t cut_buffer[2048];
static struct http_request_parser whole;
static struct http_request_parser cut;

static enum status feed_cut(uint32_t seed, struct span input, size_t *out_used)
{
    enum status status = STATUS_NEED_MORE;
    size_t at = 0;
    http_request_init(&cut, cut_buffer, sizeof(cut_buffer));
    while (status == STATUS_NEED_MORE && at < input.len) {
        seed = seed * 1664525 + 1013904223;
        size_t n = (seed >> 24) % 9;
        n = n > input.len - at ? input.len - at : n;
        size_t used = 0;
        status = http_request_feed(&cut, span_of(input.data + at, n), &used);
        at += used;
    }
    *out_used = at;
    return status;
}

static void same(const struct http_request *a, const struct http_request *b)
{
    CHECK(a->method == b->method && a->minor == b->minor && a->body == b->body);
    CHECK(a->content_length == b->content_length && a->keep_alive == b->keep_alive);
    CHECK(a->expect_continue == b->expect_continue && a->field_count == b->field_count);
    CHECK(span_equal(a->path, b->path) && span_equal(a->query, b->query) &&
          span_equal(a->host, b->host));
    for (size_t i = 0; i < a->field_count; i++) {
        CHECK(span_equal(a->fields[i].name, b->fields[i].name));
        CHECK(span_equal(a->fields[i].value, b->fields[i].value));
    }
}

static void promises(const struct http_request *r)
{
    CHECK(r->path.len > 0 && (r->path.data[0] == '/' || span_is(r->path, "*")));
    CHECK(r->minor == 0 || http_is_host(r->host));
    CHECK(r->minor == 0 || http_request_field_count(r, "Host") == 1);
    CHECK(r->body != HTTP_BODY_LENGTH ||
          (r->content_length > 0 && r->content_length <= HTTP_CONTENT_LENGTH_MAX));
    CHECK(r->body != HTTP_BODY_CHUNKED || http_request_field_count(r, "Content-Length") == 0);
    CHECK(r->body == HTTP_BODY_CHUNKED || http_request_field_count(r, "Transfer-Encoding") == 0);
    for (size_t i = 0; i < r->field_count; i++) {
        CHECK(http_is_token(r->fields[i].name) && http_is_field_value(r->fields[i].value));
    }
    char path[256];
    if (http_path_decode(r->path, path, sizeof(path)) == STATUS_OK) {
        CHECK(path[0] == '/' && strstr(path, "/../") == NULL && strstr(path, "//") == NULL);
    }
    if (ws_handshake_check(r) == WS_REFUSAL_NONE) {
        uint8_t answer[512];
        struct writer w = writer_of(answer, sizeof(answer));
        CHECK(ws_handshake_write_answer(
                  &w, r, NULL, SPAN_LITERAL("Sun, 06 Nov 1994 08:49:37 GMT")) == STATUS_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    struct span input = span_of(data + 1, len - 1);
    size_t whole_used = 0;
    size_t cut_used = 0;
    http_request_init(&whole, whole_buffer, sizeof(whole_buffer));
    enum status status = http_request_feed(&whole, input, &whole_used);
    enum status cut_status = feed_cut(data[0], input, &cut_used);
    CHECK(status == cut_status);
    CHECK(whole_used == cut_used);
    CHECK(whole.reason == cut.reason);
    CHECK(http_reason_status(whole.reason) == (status == STATUS_NEED_MORE ? STATUS_OK : status));
    if (status == STATUS_OK) {
        same(&whole.request, &cut.request);
        promises(&whole.request);
    }
    return 0;
}
