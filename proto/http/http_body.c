#include "proto/http/http_body.h"

#include "proto/base/check.h"
#include "proto/http/http_field.h"

/* States of the chunked coding (RFC 9112 §7.1):
 *
 *   SIZE --;--> EXT_* --CR--> SIZE_LF --LF--> DATA --all--> DATA_CR -> DATA_LF -> SIZE
 *     \----------CR-----------/   \--LF, size 0--> TRAILER_START --CR--> END_LF --LF--> DONE
 *                                                     ^  \--name--> TRAILER_NAME --:-->
 * TRAILER_VALUE
 *                                                     \------LF------ TRAILER_LF <--CR------/
 * Content-Length uses DATA alone and is then DONE. A refusal sets reason and stays. */
enum state {
    STATE_SIZE,
    STATE_EXT_GAP,        /* white space before ';' */
    STATE_EXT_NAME_GAP,   /* white space before '=' or ';' */
    STATE_EXT_NAME_START, /* after ';' */
    STATE_EXT_NAME,
    STATE_EXT_VALUE_START, /* after '=' */
    STATE_EXT_VALUE,
    STATE_EXT_QUOTED,
    STATE_EXT_ESCAPED,
    STATE_EXT_VALUE_END, /* after a quoted value */
    STATE_SIZE_LF,
    STATE_DATA,
    STATE_DATA_CR,
    STATE_DATA_LF,
    STATE_TRAILER_START,
    STATE_TRAILER_NAME,
    STATE_TRAILER_VALUE,
    STATE_TRAILER_LF,
    STATE_END_LF,
    STATE_LENGTH, /* content of known length */
    STATE_DONE
};

void http_body_init(struct http_body *b, enum http_body_kind kind, uint64_t content_length,
                    uint64_t limit)
{
    *b = (struct http_body){.limit = limit, .state = STATE_DONE};
    switch (kind) {
    case HTTP_BODY_NONE:
        break;
    case HTTP_BODY_LENGTH:
        b->left = content_length;
        b->state = content_length == 0 ? STATE_DONE : STATE_LENGTH;
        b->reason = content_length > limit ? HTTP_REASON_BODY_TOO_LARGE : HTTP_REASON_NONE;
        break;
    case HTTP_BODY_CHUNKED:
        b->state = STATE_SIZE;
        break;
    }
}

static enum http_reason go(struct http_body *b, enum state next)
{
    b->state = (int)next;
    return HTTP_REASON_NONE;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static enum http_reason size_octet(struct http_body *b, uint8_t c)
{
    int digit = span_hex_value(c);
    if (digit >= 0) {
        if (b->digits == HTTP_CHUNK_DIGITS_MAX) {
            return HTTP_REASON_CHUNK_SIZE;
        }
        b->digits++;
        b->left = b->left << 4 | (uint64_t)digit;
        /* total <= limit always, so this cannot wrap */
        return b->left > b->limit - b->total ? HTTP_REASON_BODY_TOO_LARGE : HTTP_REASON_NONE;
    }
    if (b->digits == 0) {
        return HTTP_REASON_CHUNK_SIZE;
    }
    if (c == ';') {
        return go(b, STATE_EXT_NAME_START);
    }
    if (is_space(c)) {
        return go(b, STATE_EXT_GAP);
    }
    return c == '\r' ? go(b, STATE_SIZE_LF) : HTTP_REASON_CHUNK_SIZE;
}

static enum http_reason size_line_end(struct http_body *b, uint8_t c)
{
    if (c != '\n') {
        return HTTP_REASON_CHUNK_SIZE;
    }
    b->digits = 0;
    return go(b, b->left > 0 ? STATE_DATA : STATE_TRAILER_START);
}

/* qdtext and quoted-pair share everything but '"' and '\' (RFC 9110 §5.6.4). */
static bool is_quotable(uint8_t c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7F);
}

/* In front of a name or a value: BWS may stand there. */
static enum http_reason extension_start(struct http_body *b, uint8_t c, enum state next)
{
    if (http_is_token(span_of(&c, 1))) {
        return go(b, next);
    }
    if (c == '"' && next == STATE_EXT_VALUE) {
        return go(b, STATE_EXT_QUOTED);
    }
    return is_space(c) ? HTTP_REASON_NONE : HTTP_REASON_CHUNK_EXTENSION;
}

static enum http_reason extension_quoted(struct http_body *b, uint8_t c)
{
    if (b->state == STATE_EXT_ESCAPED) {
        return is_quotable(c) ? go(b, STATE_EXT_QUOTED) : HTTP_REASON_CHUNK_EXTENSION;
    }
    if (c == '"' || c == '\\') {
        return go(b, c == '"' ? STATE_EXT_VALUE_END : STATE_EXT_ESCAPED);
    }
    return is_quotable(c) ? HTTP_REASON_NONE : HTTP_REASON_CHUNK_EXTENSION;
}

/* In or behind a name or a value: more of it, the value, the next extension, or the end of the
 * line. */
static enum http_reason extension_next(struct http_body *b, uint8_t c)
{
    bool in_name = b->state == STATE_EXT_NAME;
    bool in_token = in_name || b->state == STATE_EXT_VALUE;
    bool in_gap = b->state == STATE_EXT_GAP || b->state == STATE_EXT_NAME_GAP;
    if (in_token && http_is_token(span_of(&c, 1))) {
        return HTTP_REASON_NONE;
    }
    if (c == '=' && (in_name || b->state == STATE_EXT_NAME_GAP)) {
        return go(b, STATE_EXT_VALUE_START);
    }
    if (c == ';') {
        return go(b, STATE_EXT_NAME_START);
    }
    if (is_space(c)) {
        return in_gap ? HTTP_REASON_NONE : go(b, in_name ? STATE_EXT_NAME_GAP : STATE_EXT_GAP);
    }
    /* White space must be followed by something: "5 CR LF" is no chunk size line. */
    return c == '\r' && !in_gap ? go(b, STATE_SIZE_LF) : HTTP_REASON_CHUNK_EXTENSION;
}

/* chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ) (RFC 9112 §7.1.1) */
static enum http_reason extension_state(struct http_body *b, uint8_t c)
{
    if (b->state == STATE_EXT_NAME_START) {
        return extension_start(b, c, STATE_EXT_NAME);
    }
    if (b->state == STATE_EXT_VALUE_START) {
        return extension_start(b, c, STATE_EXT_VALUE);
    }
    if (b->state == STATE_EXT_QUOTED || b->state == STATE_EXT_ESCAPED) {
        return extension_quoted(b, c);
    }
    return extension_next(b, c);
}

static enum http_reason extension_octet(struct http_body *b, uint8_t c)
{
    if (++b->extensions > HTTP_CHUNK_EXTENSIONS_MAX) {
        return HTTP_REASON_CHUNK_EXTENSION_TOO_LARGE;
    }
    return extension_state(b, c);
}

/* trailer-section = *( field-line CRLF ) (RFC 9112 §7.1.2): checked like the head's fields, then
 * dropped. */
static enum http_reason trailer_octet(struct http_body *b, uint8_t c)
{
    if (++b->trailers > HTTP_TRAILERS_MAX) {
        return HTTP_REASON_TRAILERS_TOO_LARGE;
    }
    bool token = http_is_token(span_of(&c, 1));
    if (b->state == STATE_TRAILER_START) {
        if (c == '\r') {
            return go(b, STATE_END_LF);
        }
        return token ? go(b, STATE_TRAILER_NAME) : HTTP_REASON_TRAILER;
    }
    if (b->state == STATE_TRAILER_NAME) {
        if (c == ':') {
            return go(b, STATE_TRAILER_VALUE);
        }
        return token ? HTTP_REASON_NONE : HTTP_REASON_TRAILER;
    }
    if (b->state == STATE_TRAILER_VALUE) {
        if (c == '\r') {
            return go(b, STATE_TRAILER_LF);
        }
        return is_quotable(c) ? HTTP_REASON_NONE : HTTP_REASON_TRAILER;
    }
    CHECK(b->state == STATE_TRAILER_LF);
    return c == '\n' ? go(b, STATE_TRAILER_START) : HTTP_REASON_TRAILER;
}

/* Any octet that is not content. */
static enum http_reason frame_octet(struct http_body *b, uint8_t c)
{
    switch ((enum state)b->state) {
    case STATE_SIZE:
        return size_octet(b, c);
    case STATE_SIZE_LF:
        return size_line_end(b, c);
    case STATE_DATA_CR:
        return c == '\r' ? go(b, STATE_DATA_LF) : HTTP_REASON_CHUNK_END;
    case STATE_DATA_LF:
        return c == '\n' ? go(b, STATE_SIZE) : HTTP_REASON_CHUNK_END;
    case STATE_END_LF:
        return c == '\n' ? go(b, STATE_DONE) : HTTP_REASON_TRAILER;
    case STATE_TRAILER_START:
    case STATE_TRAILER_NAME:
    case STATE_TRAILER_VALUE:
    case STATE_TRAILER_LF:
        return trailer_octet(b, c);
    case STATE_EXT_GAP:
    case STATE_EXT_NAME_GAP:
    case STATE_EXT_NAME_START:
    case STATE_EXT_NAME:
    case STATE_EXT_VALUE_START:
    case STATE_EXT_VALUE:
    case STATE_EXT_QUOTED:
    case STATE_EXT_ESCAPED:
    case STATE_EXT_VALUE_END:
        return extension_octet(b, c);
    case STATE_DATA:
    case STATE_LENGTH:
    case STATE_DONE:
    default:
        check_failed("a framing state", __FILE__, __LINE__);
    }
}

static bool in_content(const struct http_body *b)
{
    return b->state == STATE_DATA || b->state == STATE_LENGTH;
}

static struct span content(struct http_body *b, struct span input)
{
    size_t n = input.len < b->left ? input.len : (size_t)b->left;
    b->left -= n;
    b->total += n;
    if (b->left == 0) {
        b->state = b->state == STATE_LENGTH ? STATE_DONE : STATE_DATA_CR;
    }
    return span_of(input.data, n);
}

enum status http_body_feed(struct http_body *b, struct span input, size_t *out_used,
                           struct span *out_data)
{
    size_t used = 0;
    *out_data = (struct span){NULL, 0};
    while (b->reason == HTTP_REASON_NONE && b->state != STATE_DONE && used < input.len &&
           !in_content(b)) {
        b->reason = frame_octet(b, input.data[used++]);
    }
    if (b->reason == HTTP_REASON_NONE && in_content(b) && used < input.len) {
        *out_data = content(b, span_of(input.data + used, input.len - used));
        used += out_data->len;
    }
    *out_used = used;
    if (b->reason != HTTP_REASON_NONE) {
        return http_reason_status(b->reason);
    }
    return b->state == STATE_DONE ? STATUS_OK : STATUS_NEED_MORE;
}

bool http_body_complete(const struct http_body *b)
{
    return b->reason == HTTP_REASON_NONE && b->state == STATE_DONE;
}
