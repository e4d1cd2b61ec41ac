/* WebSocket octets: fed whole and fed in pieces gives the same events and the same end; each event
 * keeps its promises. First octet: role and seed of the cuts. */
#include "proto/base/check.h"
#include "proto/ws/ws_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct outcome {
    enum status status;
    enum ws_reason reason;
    unsigned events;
    uint64_t hash;
};

static void mix(struct outcome *out, uint64_t value)
{
    out->hash = (out->hash ^ value) * 1099511628211u;
}

static void promises(struct outcome *out, const struct ws_event *event)
{
    mix(out, (uint64_t)event->kind << 32 | event->close_code);
    for (size_t i = 0; i < event->payload.len; i++) {
        mix(out, event->payload.data[i]);
    }
    mix(out, 256);
    out->events++;
    if (event->kind == WS_EVENT_TEXT || event->kind == WS_EVENT_CLOSE) {
        CHECK(http_utf8_valid(event->payload));
    }
    if (event->kind >= WS_EVENT_PING) {
        CHECK(event->payload.len <= WS_CONTROL_LEN_MAX);
    }
    uint8_t answer[WS_HEADER_LEN_MAX + WS_CONTROL_LEN_MAX];
    struct writer w = writer_of(answer, sizeof(answer));
    if (event->kind == WS_EVENT_CLOSE) { /* what came can be sent back */
        CHECK(ws_write_close(&w, NULL, event->close_code, event->payload) == STATUS_OK);
    } else if (event->kind == WS_EVENT_PING) {
        CHECK(ws_write_pong(&w, NULL, event->payload) == STATUS_OK);
    }
}

static struct outcome feed(enum ws_role role, uint32_t seed, struct span input)
{
    static uint8_t message[300];
    struct ws_stream stream;
    struct outcome out = {.status = STATUS_NEED_MORE, .hash = 14695981039346656037u};
    size_t at = 0;
    ws_stream_init(&stream, role, message, sizeof(message));
    while (at < input.len && (out.status == STATUS_NEED_MORE || out.status == STATUS_OK)) {
        size_t n = input.len - at;
        if (seed != 0) {
            seed = seed * 1664525 + 1013904223;
            n = (seed >> 24) % 11 < n ? (seed >> 24) % 11 : n;
        }
        struct ws_event event;
        size_t used = 0;
        out.status = ws_stream_feed(&stream, span_of(input.data + at, n), &used, &event);
        CHECK(used <= n);
        CHECK(out.status != STATUS_NEED_MORE || used == n);
        if (out.status == STATUS_OK) {
            CHECK(event.payload.len <= sizeof(message));
            promises(&out, &event);
        }
        at += used;
    }
    out.reason = stream.reason;
    CHECK(
        (out.reason == WS_REASON_NONE) ==
        (out.status == STATUS_NEED_MORE || out.status == STATUS_OK || out.status == STATUS_CLOSED));
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    enum ws_role role = (data[0] & 1) != 0 ? WS_CLIENT : WS_SERVER;
    struct span input = span_of(data + 1, len - 1);
    struct outcome whole = feed(role, 0, input);
    struct outcome cut = feed(role, data[0] + 1u, input);
    CHECK(whole.reason == cut.reason && whole.events == cut.events && whole.hash == cut.hash);
    CHECK(whole.reason == WS_REASON_NONE || whole.status == cut.status);
    return 0;
}
