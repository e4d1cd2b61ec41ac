#include "proto/ws/ws_handshake.h"

#include "proto/base/check.h"
#include "proto/http/http_field.h"
#include "proto/ws/ws_digest.h"

#define ANSWER_HEAD_MAX 8192 /* a server's 101 is some 200 octets */

static const struct {
    unsigned http_status;
    const char *label;
    const char *text;
} refusals[WS_REFUSAL_COUNT] = {
#define WS_REFUSAL(name, http_status, label, text) [WS_REFUSAL_##name] = {http_status, label, text},
#include "proto/ws/ws_handshake.def"
#undef WS_REFUSAL
};

unsigned ws_refusal_http_status(enum ws_refusal refusal)
{
    return (size_t)refusal < WS_REFUSAL_COUNT ? refusals[refusal].http_status : 500;
}

const char *ws_refusal_label(enum ws_refusal refusal)
{
    return (size_t)refusal < WS_REFUSAL_COUNT ? refusals[refusal].label : "invalid";
}

const char *ws_refusal_text(enum ws_refusal refusal)
{
    return (size_t)refusal < WS_REFUSAL_COUNT ? refusals[refusal].text : "invalid refusal";
}

bool ws_handshake_wanted(const struct http_request *r)
{
    return http_request_has_token(r, "Upgrade", "websocket");
}

/* RFC 6455 §4.2.1 item 5: base64 of 16 octets, once. */
static bool key_valid(const struct http_request *r)
{
    struct span key;
    uint8_t octets[16];
    size_t len = 0;
    return http_request_field_count(r, "Sec-WebSocket-Key") == 1 &&
           http_request_field(r, "Sec-WebSocket-Key", &key) && key.len == WS_KEY_LEN &&
           ws_base64_read(key, octets, sizeof(octets), &len) && len == sizeof(octets);
}

/* §4.1 item 10: names of tokens, all different. At most 64 are compared with one another. */
static bool protocols_valid(const struct http_request *r)
{
    struct span seen[64];
    size_t count = 0;
    size_t index = 0;
    struct span value;
    struct span item;
    while (http_request_field_next(r, "Sec-WebSocket-Protocol", &index, &value)) {
        while (http_list_next(&value, &item)) {
            if (!http_is_token(item) || count == sizeof(seen) / sizeof(seen[0])) {
                return false;
            }
            for (size_t i = 0; i < count; i++) {
                if (span_equal(seen[i], item)) {
                    return false;
                }
            }
            seen[count++] = item;
        }
    }
    return count > 0 || http_request_field_count(r, "Sec-WebSocket-Protocol") == 0;
}

enum ws_refusal ws_handshake_check(const struct http_request *r)
{
    struct span version;
    if (r->method != HTTP_METHOD_GET) {
        return WS_REFUSAL_METHOD;
    }
    if (r->minor != 1) {
        return WS_REFUSAL_VERSION;
    }
    if (!ws_handshake_wanted(r)) {
        return WS_REFUSAL_UPGRADE;
    }
    if (!http_request_has_token(r, "Connection", "Upgrade")) {
        return WS_REFUSAL_CONNECTION;
    }
    if (http_request_field_count(r, "Sec-WebSocket-Version") != 1 ||
        !http_request_field(r, "Sec-WebSocket-Version", &version)) {
        return WS_REFUSAL_WS_VERSION_MISSING;
    }
    if (!span_is(version, "13")) { /* §4.4: before the key, whose form other versions may change */
        return WS_REFUSAL_WS_VERSION;
    }
    if (!key_valid(r)) {
        return WS_REFUSAL_KEY;
    }
    if (!protocols_valid(r)) {
        return WS_REFUSAL_PROTOCOL;
    }
    return r->body == HTTP_BODY_NONE ? WS_REFUSAL_NONE : WS_REFUSAL_BODY;
}

bool ws_handshake_offers(const struct http_request *r, const char *protocol)
{
    size_t index = 0;
    struct span value;
    struct span item;
    while (http_request_field_next(r, "Sec-WebSocket-Protocol", &index, &value)) {
        while (http_list_next(&value, &item)) {
            if (span_is(item, protocol)) {
                return true;
            }
        }
    }
    return false;
}

/* §4.2.2 item 5.4 */
void ws_accept_value(struct span key, char out_accept[WS_ACCEPT_LEN + 1])
{
    uint8_t joined[WS_KEY_LEN + 36];
    uint8_t digest[WS_SHA1_LEN];
    CHECK(key.len == WS_KEY_LEN);
    struct writer w = writer_of(joined, sizeof(joined));
    writer_bytes(&w, key);
    writer_text(&w, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    ws_sha1(writer_span(&w), digest);
    w = writer_of(out_accept, WS_ACCEPT_LEN + 1);
    ws_base64_write(&w, span_of(digest, sizeof(digest)));
    writer_u8(&w, 0);
    CHECK(writer_ok(&w));
}

static enum status result(const struct writer *w)
{
    return writer_ok(w) ? STATUS_OK : STATUS_FULL;
}

enum status ws_handshake_write_answer(struct writer *w, const struct http_request *r,
                                      const char *protocol, struct span date)
{
    char accept[WS_ACCEPT_LEN + 1];
    struct span key;
    CHECK(http_request_field(r, "Sec-WebSocket-Key", &key));
    CHECK(protocol == NULL || ws_handshake_offers(r, protocol)); /* §4.2.2 item 5.5 */
    CHECK(http_is_field_value(date));
    ws_accept_value(key, accept);
    writer_text(w, "HTTP/1.1 101 Switching Protocols\r\nDate: ");
    writer_bytes(w, date);
    writer_text(w, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
    writer_text(w, accept);
    if (protocol != NULL) {
        writer_text(w, "\r\nSec-WebSocket-Protocol: ");
        writer_text(w, protocol);
    }
    writer_text(w, "\r\n\r\n");
    return result(w);
}

static void optional_field(struct writer *w, const char *name, const char *value)
{
    if (value != NULL) {
        CHECK(http_is_field_value(span_text(value)));
        writer_text(w, name);
        writer_text(w, ": ");
        writer_text(w, value);
        writer_text(w, "\r\n");
    }
}

enum status ws_handshake_write_request(struct writer *w, const struct ws_handshake_request *request)
{
    writer_text(w, "GET ");
    writer_text(w, request->path);
    writer_text(w, " HTTP/1.1\r\n");
    optional_field(w, "Host", request->host);
    writer_text(w, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: ");
    ws_base64_write(w, span_of(request->key, sizeof(request->key)));
    writer_text(w, "\r\n");
    optional_field(w, "Origin", request->origin);
    optional_field(w, "Sec-WebSocket-Protocol", request->protocol);
    optional_field(w, "Cookie", request->cookie);
    writer_text(w, "\r\n");
    return result(w);
}

/* Takes a line off *rest, without its end; false when there is no whole line. */
static bool take_line(struct span *rest, struct span *out_line)
{
    for (size_t i = 0; i + 1 < rest->len; i++) {
        if (rest->data[i] == '\r' && rest->data[i + 1] == '\n') {
            *out_line = span_of(rest->data, i);
            *rest = span_of(rest->data + i + 2, rest->len - i - 2);
            return true;
        }
    }
    return false;
}

struct answer {
    unsigned http_status;
    struct span upgrade, accept, protocol; /* data NULL = absent */
    bool connection;
};

static bool answer_field(struct answer *answer, struct span line)
{
    const uint8_t *colon = line.len == 0 ? NULL : memchr(line.data, ':', line.len);
    size_t name_len = colon == NULL ? 0 : (size_t)(colon - line.data);
    struct span name = span_of(line.data, name_len);
    if (!http_is_token(name)) {
        return false;
    }
    struct span value = http_trim(span_of(colon + 1, line.len - name_len - 1));
    struct {
        const char *name;
        struct span *to;
    } const wanted[] = {{"Upgrade", &answer->upgrade},
                        {"Sec-WebSocket-Accept", &answer->accept},
                        {"Sec-WebSocket-Protocol", &answer->protocol}};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (span_equal_nocase(name, span_text(wanted[i].name))) {
            if (wanted[i].to->data != NULL) {
                return false; /* twice */
            }
            *wanted[i].to = value;
        }
    }
    struct span item;
    while (span_equal_nocase(name, SPAN_LITERAL("Connection")) && http_list_next(&value, &item)) {
        answer->connection = answer->connection || span_equal_nocase(item, SPAN_LITERAL("Upgrade"));
    }
    /* §4.1: no extension was asked for */
    return !span_equal_nocase(name, SPAN_LITERAL("Sec-WebSocket-Extensions"));
}

/* status-line = HTTP-version SP status-code SP [ reason-phrase ] */
static bool status_line(struct span line, unsigned *out_status)
{
    uint64_t status = 0;
    if (line.len < 13 || memcmp(line.data, "HTTP/1.1 ", 9) != 0 || line.data[12] != ' ' ||
        !span_decimal(span_of(line.data + 9, 3), &status)) {
        return false;
    }
    *out_status = (unsigned)status;
    return true;
}

/* §4.1, the client's checks of a 101 */
static bool answer_right(const struct answer *answer, const struct ws_handshake_request *request)
{
    char key[WS_KEY_LEN];
    char accept[WS_ACCEPT_LEN + 1];
    struct writer w = writer_of(key, sizeof(key));
    ws_base64_write(&w, span_of(request->key, sizeof(request->key)));
    ws_accept_value(writer_span(&w), accept);
    if (!span_equal_nocase(answer->upgrade, SPAN_LITERAL("websocket")) || !answer->connection ||
        !span_is(answer->accept, accept)) {
        return false;
    }
    return answer->protocol.data == NULL ||
           (request->protocol != NULL && span_is(answer->protocol, request->protocol));
}

enum status ws_handshake_read_answer(struct span input, const struct ws_handshake_request *request,
                                     size_t *out_used, unsigned *out_http_status)
{
    struct answer answer = {0};
    struct span rest = input;
    struct span line;
    bool first = true;
    while (take_line(&rest, &line) && input.len - rest.len <= ANSWER_HEAD_MAX) {
        if (!first && line.len == 0) {
            *out_http_status = answer.http_status;
            if (answer.http_status != 101) {
                return STATUS_REFUSED;
            }
            if (!answer_right(&answer, request)) {
                return STATUS_MALFORMED;
            }
            *out_used = input.len - rest.len;
            return STATUS_OK;
        }
        if (first ? !status_line(line, &answer.http_status) : !answer_field(&answer, line)) {
            return STATUS_MALFORMED;
        }
        first = false;
    }
    return input.len > ANSWER_HEAD_MAX ? STATUS_MALFORMED : STATUS_NEED_MORE;
}
