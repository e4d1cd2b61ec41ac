#include "proto/ws/ws_stream.h"

#include "proto/base/check.h"
#include "proto/base/reader.h"

/* HEADER --all its octets--> PAYLOAD --all its octets--> HEADER ...
 *    \                          \--close frame--> CLOSED: everything further is dropped
 *     \---------refusal----------\-------------> FAILED
 *
 * Invariants: message_len <= buffer_len; while in a data frame frame_left <= buffer_len -
 * message_len, checked when the length is known, so payload is copied without a further check;
 * decisions are made octet by octet, so cuts change nothing. */
enum state { STATE_HEADER, STATE_PAYLOAD, STATE_CLOSED, STATE_FAILED };

static const struct {
    unsigned close_code;
    const char *label;
    const char *text;
} reasons[WS_REASON_COUNT] = {
#define WS_REASON(name, close_code, label, text) [WS_REASON_##name] = {close_code, label, text},
#include "proto/ws/ws_reason.def"
#undef WS_REASON
};

unsigned ws_reason_close_code(enum ws_reason reason)
{
    return (size_t)reason < WS_REASON_COUNT ? reasons[reason].close_code : WS_CLOSE_INTERNAL;
}

const char *ws_reason_label(enum ws_reason reason)
{
    return (size_t)reason < WS_REASON_COUNT ? reasons[reason].label : "invalid";
}

const char *ws_reason_text(enum ws_reason reason)
{
    return (size_t)reason < WS_REASON_COUNT ? reasons[reason].text : "invalid reason";
}

void ws_stream_init(struct ws_stream *s, enum ws_role role, uint8_t *buffer, size_t buffer_len)
{
    CHECK(buffer != NULL);
    *s = (struct ws_stream){.role = role,
                            .buffer = buffer,
                            .buffer_len = buffer_len,
                            .state = STATE_HEADER,
                            .header_len = 2};
}

bool ws_stream_busy(const struct ws_stream *s)
{
    return s->state == STATE_PAYLOAD ||
           (s->state == STATE_HEADER && (s->header_at > 0 || s->message_opcode != 0));
}

static bool is_control(uint8_t opcode)
{
    return opcode >= 8;
}

/* FIN, RSV1-3, opcode (RFC 6455 §5.2, §5.4, §5.5) */
static enum ws_reason first_octet(struct ws_stream *s, uint8_t c)
{
    s->fin = (c & 0x80) != 0;
    s->opcode = c & 0x0F;
    if ((c & 0x70) != 0) {
        return WS_REASON_RESERVED_BITS;
    }
    if ((s->opcode > WS_OPCODE_BINARY && s->opcode < WS_OPCODE_CLOSE) ||
        s->opcode > WS_OPCODE_PONG) {
        return WS_REASON_RESERVED_OPCODE;
    }
    if (is_control(s->opcode)) {
        return s->fin ? WS_REASON_NONE : WS_REASON_CONTROL_FRAGMENTED;
    }
    if (s->opcode == WS_OPCODE_CONTINUATION) {
        return s->message_opcode == 0 ? WS_REASON_NOT_STARTED : WS_REASON_NONE;
    }
    return s->message_opcode != 0 ? WS_REASON_NOT_FINISHED : WS_REASON_NONE;
}

/* MASK and the short length: from here on the length of the header is known. */
static enum ws_reason second_octet(struct ws_stream *s, uint8_t c)
{
    bool masked = (c & 0x80) != 0;
    uint8_t len = c & 0x7F;
    if (masked != (s->role == WS_SERVER)) { /* §5.1 */
        return masked ? WS_REASON_MASKED : WS_REASON_NOT_MASKED;
    }
    if (is_control(s->opcode) && len > WS_CONTROL_LEN_MAX) {
        return WS_REASON_CONTROL_TOO_LONG;
    }
    s->header_len = (uint8_t)(2 + (len == 126 ? 2 : 0) + (len == 127 ? 8 : 0) + (masked ? 4 : 0));
    return WS_REASON_NONE;
}

/* §5.2: the top bit of 64 is 0, and the shortest form is used. */
static enum ws_reason payload_length(struct ws_stream *s, struct reader *r)
{
    uint64_t len = s->header[1] & 0x7F;
    uint64_t least = 0;
    if (len == 126) {
        len = reader_u16(r);
        least = 126;
    } else if (len == 127) {
        len = reader_u64(r);
        least = (uint64_t)UINT16_MAX + 1;
    }
    if (len < least || len >> 63 != 0) {
        return WS_REASON_LENGTH;
    }
    s->frame_left = len;
    return WS_REASON_NONE;
}

/* Judged at the last octet of the length, before the mask: "as early as known" must not depend on
 * cuts. */
static enum ws_reason begin_length(struct ws_stream *s)
{
    struct reader r = reader_of(span_of(s->header, s->header_at));
    reader_skip(&r, 2);
    enum ws_reason reason = payload_length(s, &r);
    CHECK(reader_done(&r));
    if (reason != WS_REASON_NONE || is_control(s->opcode)) {
        return reason;
    }
    if (s->frame_left > s->buffer_len - s->message_len) {
        return WS_REASON_TOO_BIG;
    }
    return ++s->fragments > WS_FRAGMENTS_MAX ? WS_REASON_TOO_MANY_FRAGMENTS : WS_REASON_NONE;
}

static void begin_payload(struct ws_stream *s)
{
    if (s->role == WS_SERVER) {
        memcpy(s->mask, s->header + s->header_len - 4, 4);
    }
    if (!is_control(s->opcode) && s->opcode != WS_OPCODE_CONTINUATION) {
        s->message_opcode = s->opcode;
    }
    s->frame_at = 0;
    s->state = STATE_PAYLOAD;
}

static enum ws_reason header_octet(struct ws_stream *s, uint8_t c)
{
    enum ws_reason reason = WS_REASON_NONE;
    s->header[s->header_at++] = c;
    if (s->header_at == 1) {
        return first_octet(s, c);
    }
    if (s->header_at == 2) {
        reason = second_octet(s, c);
    }
    uint8_t mask_len = s->role == WS_SERVER ? 4 : 0;
    if (reason == WS_REASON_NONE && s->header_at == s->header_len - mask_len) {
        reason = begin_length(s);
    }
    if (reason == WS_REASON_NONE && s->header_at == s->header_len) {
        begin_payload(s);
    }
    return reason;
}

/* Copies and unmasks what is there of the frame's payload; text is checked as it comes (§8.1). */
static enum ws_reason payload(struct ws_stream *s, struct span input, size_t *out_used)
{
    size_t n = input.len < s->frame_left ? input.len : (size_t)s->frame_left;
    bool control = is_control(s->opcode);
    uint8_t *to = control ? s->control + s->frame_at : s->buffer + s->message_len;
    if (n > 0) {
        memcpy(to, input.data, n);
    }
    if (s->role == WS_SERVER) {
        ws_mask(to, n, s->mask, s->frame_at);
    }
    s->frame_at += n;
    s->frame_left -= n;
    *out_used = n;
    if (control) {
        return WS_REASON_NONE;
    }
    s->message_len += n;
    bool text = s->message_opcode == WS_OPCODE_TEXT;
    return !text || http_utf8_feed(&s->utf8, span_of(to, n)) ? WS_REASON_NONE : WS_REASON_TEXT;
}

/* §5.5.1, §7.1.5-7.1.6, §7.4 */
static enum ws_reason close_frame(struct ws_stream *s, struct ws_event *event)
{
    *event = (struct ws_event){.kind = WS_EVENT_CLOSE, .close_code = WS_CLOSE_NO_STATUS};
    if (s->frame_at == 0) {
        return WS_REASON_NONE;
    }
    if (s->frame_at == 1) {
        return WS_REASON_CLOSE_PAYLOAD;
    }
    event->close_code = (unsigned)(s->control[0] << 8 | s->control[1]);
    event->payload = span_of(s->control + 2, s->frame_at - 2);
    if (!ws_close_code_valid(event->close_code)) {
        return WS_REASON_CLOSE_CODE;
    }
    return http_utf8_valid(event->payload) ? WS_REASON_NONE : WS_REASON_TEXT;
}

static enum ws_reason control_end(struct ws_stream *s, struct ws_event *event)
{
    if (s->opcode == WS_OPCODE_CLOSE) {
        enum ws_reason reason = close_frame(s, event);
        s->state = STATE_CLOSED;
        return reason;
    }
    *event = (struct ws_event){
        .kind = s->opcode == WS_OPCODE_PING ? WS_EVENT_PING : WS_EVENT_PONG,
        .payload = span_of(s->control, s->frame_at),
    };
    return WS_REASON_NONE;
}

static enum ws_reason message_end(struct ws_stream *s, struct ws_event *event)
{
    bool text = s->message_opcode == WS_OPCODE_TEXT;
    if (text && !http_utf8_done(&s->utf8)) {
        return WS_REASON_TEXT;
    }
    *event = (struct ws_event){
        .kind = text ? WS_EVENT_TEXT : WS_EVENT_BINARY,
        .payload = span_of(s->buffer, s->message_len),
    };
    s->message_len = 0;
    s->message_opcode = 0;
    s->fragments = 0;
    s->utf8 = (struct http_utf8){0};
    return WS_REASON_NONE;
}

/* The frame is whole. *out_have: there is an event. */
static enum ws_reason frame_end(struct ws_stream *s, struct ws_event *event, bool *out_have)
{
    s->state = STATE_HEADER;
    s->header_at = 0;
    s->header_len = 2;
    if (is_control(s->opcode)) {
        *out_have = true;
        return control_end(s, event);
    }
    *out_have = s->fin;
    return s->fin ? message_end(s, event) : WS_REASON_NONE;
}

static enum status refusal(enum ws_reason reason)
{
    if (reason == WS_REASON_TOO_BIG) {
        return STATUS_TOO_LARGE;
    }
    return reason == WS_REASON_TOO_MANY_FRAGMENTS ? STATUS_REFUSED : STATUS_MALFORMED;
}

enum status ws_stream_feed(struct ws_stream *s, struct span input, size_t *out_used,
                           struct ws_event *out_event)
{
    struct ws_event event;
    bool have = false;
    size_t used = 0;
    if (s->state == STATE_CLOSED) {
        *out_used = input.len;
        return STATUS_CLOSED;
    }
    while (s->state != STATE_FAILED && !have && used < input.len) {
        if (s->state == STATE_HEADER) {
            s->reason = header_octet(s, input.data[used++]);
        } else {
            size_t n = 0;
            s->reason = payload(s, span_of(input.data + used, input.len - used), &n);
            used += n;
        }
        if (s->reason == WS_REASON_NONE && s->state == STATE_PAYLOAD && s->frame_left == 0) {
            s->reason = frame_end(s, &event, &have);
        }
        if (s->reason != WS_REASON_NONE) {
            s->state = STATE_FAILED;
        }
    }
    *out_used = used;
    if (s->state == STATE_FAILED) {
        return refusal(s->reason);
    }
    if (!have) {
        return STATUS_NEED_MORE;
    }
    *out_event = event;
    return STATUS_OK;
}
