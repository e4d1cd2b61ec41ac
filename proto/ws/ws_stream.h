/* WebSocket frames in, messages out (RFC 6455 §5-8), for both roles. Sans-I/O: fed with octets cut
 * anywhere; what comes out depends on the octets only. Messages are assembled in the caller's
 * buffer, whose length is their limit; a declared length over it fails at once (1009), broken UTF-8
 * at its first octet (1007). No extensions. Allocates nothing. One thread a stream.
 *
 *     ws_stream_init(&stream, WS_SERVER, buffer, sizeof(buffer));
 *     while (input.len > 0) {
 *         status = ws_stream_feed(&stream, input, &used, &event);   input = rest from `used` on
 *         STATUS_OK:        an event: a message, ping (answer it by pong), pong, close (answer it
 * by close) STATUS_NEED_MORE: everything was taken STATUS_CLOSED:    after a close frame:
 * everything was taken and dropped (§5.5.1) else:             send a close frame with
 * ws_reason_close_code(stream.reason), then close
 *     } */
#ifndef PROTO_WS_WS_STREAM_H
#define PROTO_WS_WS_STREAM_H

#include "proto/base/span.h"
#include "proto/base/status.h"
#include "proto/http/http_utf8.h"
#include "proto/ws/ws_frame.h"

#define WS_FRAGMENTS_MAX                                                                           \
    16384 /* of one message: empty ones cost the sender 6 octets each and us a turn of the loop */

enum ws_reason {
#define WS_REASON(name, close_code, label, text) WS_REASON_##name,
#include "proto/ws/ws_reason.def"
#undef WS_REASON
    WS_REASON_COUNT
};
unsigned ws_reason_close_code(enum ws_reason reason);
const char *ws_reason_label(enum ws_reason reason); /* metric label; never NULL */
const char *ws_reason_text(enum ws_reason reason);  /* for the close frame; never NULL */

enum ws_event_kind { WS_EVENT_TEXT, WS_EVENT_BINARY, WS_EVENT_PING, WS_EVENT_PONG, WS_EVENT_CLOSE };

struct ws_event {
    enum ws_event_kind kind;
    struct span payload; /* message (text: valid UTF-8), ping or pong payload, close reason; valid
                            until the next feed */
    unsigned close_code; /* of WS_EVENT_CLOSE: as sent, or WS_CLOSE_NO_STATUS for an empty payload;
                            else 0 */
};

struct ws_stream {
    enum ws_reason reason; /* valid after a refusal, else NONE */
    /* private from here */
    uint8_t *buffer;
    size_t buffer_len;
    size_t message_len;  /* octets assembled */
    uint64_t frame_left; /* payload octets of this frame still due */
    size_t frame_at;     /* payload octets of this frame taken */
    struct http_utf8 utf8;
    unsigned fragments;
    enum ws_role role;
    int state;
    uint8_t header[WS_HEADER_LEN_MAX];
    uint8_t header_len, header_at; /* octets wanted (known from the second on), octets taken */
    uint8_t mask[4];
    uint8_t message_opcode; /* of the message being assembled; 0 = none */
    uint8_t opcode;
    bool fin;
    uint8_t control[WS_CONTROL_LEN_MAX];
};

/* role: ours. Borrows the buffer until the stream is dropped. */
void ws_stream_init(struct ws_stream *s, enum ws_role role, uint8_t *buffer, size_t buffer_len);
/* See above. STATUS_MALFORMED, _TOO_LARGE, _REFUSED (too many fragments): s->reason, now and on
 * every further call. *out_used is always written, *out_event on STATUS_OK only. An empty input
 * gives STATUS_NEED_MORE. */
MUST_USE enum status ws_stream_feed(struct ws_stream *s, struct span input, size_t *out_used,
                                    struct ws_event *out_event);
/* In the middle of a frame or message: silence now is a slow peer, not an idle one. */
bool ws_stream_busy(const struct ws_stream *s);

#endif
