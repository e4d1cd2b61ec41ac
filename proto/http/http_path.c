#include "proto/http/http_path.h"

#include "proto/base/check.h"
#include "proto/base/writer.h"
#include "proto/http/http_utf8.h"

/* The octet at *at, an escape resolved, *at moved behind it; -1 for a bad escape. *out_escaped
 * tells which it was. */
static int decoded_octet(struct span raw, size_t *at, bool *out_escaped)
{
    uint8_t c = raw.data[(*at)++];
    *out_escaped = c == '%';
    if (c != '%') {
        return c;
    }
    if (raw.len - *at < 2) {
        return -1;
    }
    int high = span_hex_value(raw.data[*at]);
    int low = span_hex_value(raw.data[*at + 1]);
    *at += 2;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Closes the text in buffer: valid UTF-8, NUL behind. w was given one octet less than the buffer
 * has. */
static enum status close_text(const struct writer *w, char *buffer)
{
    if (!writer_ok(w)) {
        return STATUS_TOO_LARGE;
    }
    if (!http_utf8_valid(writer_span(w))) {
        return STATUS_MALFORMED;
    }
    buffer[w->at] = '\0';
    return STATUS_OK;
}

/* "" (inside), "." and ".." would let one resource have two names, or climb (RFC 3986 §5.2.4,
 * §6.2.2.3). */
static bool segments_plain(struct span path)
{
    size_t start = 1;
    for (size_t i = 1; i <= path.len; i++) {
        if (i < path.len && path.data[i] != '/') {
            continue;
        }
        struct span segment = span_of(path.data + start, i - start);
        bool last = i == path.len;
        if ((segment.len == 0 && !last) || span_is(segment, ".") || span_is(segment, "..")) {
            return false;
        }
        start = i + 1;
    }
    return true;
}

enum status http_path_decode(struct span raw, char *buffer, size_t buffer_len)
{
    CHECK(buffer_len > 0);
    if (raw.len == 0 || raw.data[0] != '/') {
        return STATUS_MALFORMED;
    }
    struct writer w = writer_of(buffer, buffer_len - 1);
    size_t at = 0;
    while (at < raw.len) {
        bool escaped = false;
        int c = decoded_octet(raw, &at, &escaped);
        if (c < 0x20 || c == 0x7F || c == '\\' || (escaped && c == '/')) {
            return STATUS_MALFORMED;
        }
        writer_u8(&w, (uint8_t)c);
    }
    if (writer_ok(&w) && !segments_plain(writer_span(&w))) {
        return STATUS_MALFORMED;
    }
    return close_text(&w, buffer);
}

bool http_query_next(struct span *rest, struct span *out_name, struct span *out_value)
{
    while (rest->len > 0) {
        const uint8_t *end = memchr(rest->data, '&', rest->len);
        size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
        struct span pair = span_of(rest->data, len);
        size_t taken = end == NULL ? len : len + 1;
        *rest = span_of(rest->data + taken, rest->len - taken);
        if (pair.len == 0) {
            continue;
        }
        const uint8_t *equals = memchr(pair.data, '=', pair.len);
        size_t name_len = equals == NULL ? pair.len : (size_t)(equals - pair.data);
        size_t value_at = equals == NULL ? pair.len : name_len + 1;
        *out_name = span_of(pair.data, name_len);
        *out_value = span_of(pair.data + value_at, pair.len - value_at);
        return true;
    }
    return false;
}

/* '+' is a space, but not when it was escaped. */
static int query_octet(struct span raw, size_t *at)
{
    bool escaped = false;
    int c = decoded_octet(raw, at, &escaped);
    return c == '+' && !escaped ? ' ' : c;
}

enum status http_query_decode(struct span raw, char *buffer, size_t buffer_len)
{
    CHECK(buffer_len > 0);
    struct writer w = writer_of(buffer, buffer_len - 1);
    size_t at = 0;
    while (at < raw.len) {
        int c = query_octet(raw, &at);
        if (c <= 0) {
            return STATUS_MALFORMED;
        }
        writer_u8(&w, (uint8_t)c);
    }
    return close_text(&w, buffer);
}

static bool decodes_to(struct span raw, const char *text)
{
    size_t at = 0;
    while (at < raw.len && *text != '\0') {
        if (query_octet(raw, &at) != (uint8_t)*text++) {
            return false;
        }
    }
    return at == raw.len && *text == '\0';
}

enum status http_query_find(struct span query, const char *name, char *buffer, size_t buffer_len)
{
    struct span raw_name;
    struct span raw_value;
    struct span found = {NULL, 0};
    bool any = false;
    while (http_query_next(&query, &raw_name, &raw_value)) {
        if (!decodes_to(raw_name, name)) {
            continue;
        }
        if (any) {
            return STATUS_CONFLICT;
        }
        any = true;
        found = raw_value;
    }
    return any ? http_query_decode(found, buffer, buffer_len) : STATUS_NONE;
}
