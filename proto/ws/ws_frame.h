/* WebSocket frames (RFC 6455 §5.2-5.3): opcodes, header, masking, and the writer for both roles.
 * Pure functions over the caller's memory, any thread. The reader is ws_stream.h. */
#ifndef PROTO_WS_WS_FRAME_H
#define PROTO_WS_WS_FRAME_H

#include "proto/base/span.h"
#include "proto/base/status.h"
#include "proto/base/writer.h"

#define WS_HEADER_LEN_MAX 14   /* 2 + 8 + mask 4 */
#define WS_CONTROL_LEN_MAX 125 /* §5.5 */
#define WS_REASON_LEN_MAX 123  /* close reason: 125 less the code */

enum ws_role { WS_SERVER, WS_CLIENT };

enum ws_opcode {
    WS_OPCODE_CONTINUATION = 0,
    WS_OPCODE_TEXT = 1,
    WS_OPCODE_BINARY = 2,
    WS_OPCODE_CLOSE = 8,
    WS_OPCODE_PING = 9,
    WS_OPCODE_PONG = 10
};

enum ws_close_code {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_GOING_AWAY = 1001,
    WS_CLOSE_PROTOCOL = 1002,
    WS_CLOSE_UNSUPPORTED = 1003,
    WS_CLOSE_NO_STATUS = 1005, /* never on the wire: a close frame without payload */
    WS_CLOSE_ABNORMAL = 1006,  /* never on the wire: no close frame at all */
    WS_CLOSE_INVALID_TEXT = 1007,
    WS_CLOSE_POLICY = 1008,
    WS_CLOSE_TOO_BIG = 1009,
    WS_CLOSE_INTERNAL = 1011,
    WS_CLOSE_RESTART = 1012,
    WS_CLOSE_OVERLOAD = 1013
};

/* May stand in a close frame: 1000-1003, 1007-1014, 3000-4999 (§7.4 and the IANA registry). */
bool ws_close_code_valid(unsigned code);

/* XORs data in place; offset: octets of this frame's payload that came before (§5.3). */
void ws_mask(uint8_t *data, size_t len, const uint8_t key[4], size_t offset);

struct ws_frame {
    bool fin;
    enum ws_opcode opcode;
    const uint8_t *mask; /* 4 octets; NULL = unmasked. §5.1: a client masks, a server does not */
    struct span payload;
};
/* Any frame, also illegal ones (tests send those). STATUS_FULL: no room, the writer has failed. */
MUST_USE enum status ws_frame_write(struct writer *w, const struct ws_frame *frame);
/* Header only, for a payload of `len` octets that is sent from where it lies (unmasked, so servers
 * only). */
MUST_USE enum status ws_frame_write_header(struct writer *w, bool fin, enum ws_opcode opcode,
                                           uint64_t len);

/* A whole message in one frame. mask: 4 fresh random octets in the client role, NULL in the server
 * role. */
MUST_USE enum status ws_write_text(struct writer *w, const uint8_t *mask, struct span text);
/* STATUS_TOO_LARGE: payload over WS_CONTROL_LEN_MAX, nothing written. */
MUST_USE enum status ws_write_ping(struct writer *w, const uint8_t *mask, struct span payload);
MUST_USE enum status ws_write_pong(struct writer *w, const uint8_t *mask, struct span payload);
/* WS_CLOSE_NO_STATUS writes an empty payload; other codes are CHECKed by ws_close_code_valid(). A
 * reason over WS_REASON_LEN_MAX octets is cut at a character; it must be UTF-8 (CHECKed). */
MUST_USE enum status ws_write_close(struct writer *w, const uint8_t *mask, unsigned code,
                                    struct span reason);

#endif
