/* Request bodies: fed whole and fed in pieces gives the same content and the same end. First octet:
 * seed of the cuts and kind; second: limit or length. */
#include "proto/base/check.h"
#include "proto/http/http_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct outcome {
    enum status status;
    enum http_reason reason;
    size_t used;
    uint64_t total;
    uint64_t hash;
};

static struct outcome feed(enum http_body_kind kind, uint64_t length, uint64_t limit, uint32_t seed,
                           struct span input)
{
    struct http_body body;
    struct outcome out = {.status = STATUS_NEED_MORE, .hash = 14695981039346656037u};
    http_body_init(&body, kind, length, limit);
    struct span content = {NULL, 0};
    size_t used = 0;
    out.status = http_body_feed(&body, content, &used, &content);
    while (out.status == STATUS_NEED_MORE && out.used < input.len) {
        size_t n = input.len - out.used;
        if (seed != 0) {
            seed = seed * 1664525 + 1013904223;
            n = (seed >> 24) % 7 < n ? (seed >> 24) % 7 : n;
        }
        out.status = http_body_feed(&body, span_of(input.data + out.used, n), &used, &content);
        CHECK(used <= n && content.len <= used);
        for (size_t i = 0; i < content.len; i++) {
            out.hash = (out.hash ^ content.data[i]) * 1099511628211u;
        }
        out.used += used;
        out.total += content.len;
    }
    CHECK(body.total == out.total && out.total <= limit);
    CHECK(http_body_complete(&body) == (out.status == STATUS_OK));
    out.reason = body.reason;
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2) {
        return 0;
    }
    enum http_body_kind kind = data[0] % 4 == 0 ? HTTP_BODY_LENGTH : HTTP_BODY_CHUNKED;
    struct span input = span_of(data + 2, len - 2);
    uint64_t limit = (uint64_t)data[1] * 16;
    struct outcome whole = feed(kind, data[1], limit, 0, input);
    struct outcome cut = feed(kind, data[1], limit, data[0] + 1u, input);
    CHECK(whole.status == cut.status && whole.reason == cut.reason);
    CHECK(whole.used == cut.used);
    CHECK(whole.total == cut.total && whole.hash == cut.hash);
    return 0;
}
