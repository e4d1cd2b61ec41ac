#include "proto/ws/ws_frame.h"

#include "proto/base/check.h"
#include "proto/http/http_utf8.h"

bool ws_close_code_valid(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

void ws_mask(uint8_t *data, size_t len, const uint8_t key[4], size_t offset)
{
    for (size_t i = 0; i < len; i++) {
        data[i] ^= key[(offset + i) & 3];
    }
}

/* RFC 6455 §5.2: the shortest form of the length. */
static void header(struct writer *w, bool fin, enum ws_opcode opcode, bool masked, uint64_t len)
{
    uint8_t mask_bit = masked ? 0x80 : 0;
    CHECK(len >> 63 == 0);
    writer_u8(w, (uint8_t)((fin ? 0x80u : 0u) | (unsigned)opcode));
    if (len <= 125) {
        writer_u8(w, (uint8_t)(mask_bit | len));
    } else if (len <= UINT16_MAX) {
        writer_u8(w, mask_bit | 126);
        writer_u16(w, (uint16_t)len);
    } else {
        writer_u8(w, mask_bit | 127);
        writer_u64(w, len);
    }
}

static enum status result(const struct writer *w)
{
    return writer_ok(w) ? STATUS_OK : STATUS_FULL;
}

enum status ws_frame_write_header(struct writer *w, bool fin, enum ws_opcode opcode, uint64_t len)
{
    header(w, fin, opcode, false, len);
    return result(w);
}

enum status ws_frame_write(struct writer *w, const struct ws_frame *frame)
{
    header(w, frame->fin, frame->opcode, frame->mask != NULL, frame->payload.len);
    if (frame->mask != NULL) {
        writer_bytes(w, span_of(frame->mask, 4));
    }
    writer_bytes(w, frame->payload);
    if (writer_ok(w) && frame->mask != NULL) {
        ws_mask(w->data + (w->at - frame->payload.len), frame->payload.len, frame->mask, 0);
    }
    return result(w);
}

static enum status whole(struct writer *w, enum ws_opcode opcode, const uint8_t *mask,
                         struct span payload)
{
    const struct ws_frame frame = {.fin = true, .opcode = opcode, .mask = mask, .payload = payload};
    return ws_frame_write(w, &frame);
}

enum status ws_write_text(struct writer *w, const uint8_t *mask, struct span text)
{
    return whole(w, WS_OPCODE_TEXT, mask, text);
}

enum status ws_write_ping(struct writer *w, const uint8_t *mask, struct span payload)
{
    return payload.len > WS_CONTROL_LEN_MAX ? STATUS_TOO_LARGE
                                            : whole(w, WS_OPCODE_PING, mask, payload);
}

enum status ws_write_pong(struct writer *w, const uint8_t *mask, struct span payload)
{
    return payload.len > WS_CONTROL_LEN_MAX ? STATUS_TOO_LARGE
                                            : whole(w, WS_OPCODE_PONG, mask, payload);
}

enum status ws_write_close(struct writer *w, const uint8_t *mask, unsigned code, struct span reason)
{
    uint8_t buffer[WS_CONTROL_LEN_MAX];
    struct writer payload = writer_of(buffer, sizeof(buffer));
    CHECK(code == WS_CLOSE_NO_STATUS || ws_close_code_valid(code));
    CHECK(http_utf8_valid(reason));
    if (code != WS_CLOSE_NO_STATUS) {
        size_t len = reason.len;
        if (len > WS_REASON_LEN_MAX) {
            len = WS_REASON_LEN_MAX;
            while (len > 0 && (reason.data[len] & 0xC0) == 0x80) { /* never inside a character */
                len--;
            }
        }
        writer_u16(&payload, (uint16_t)code);
        writer_bytes(&payload, span_of(reason.data, len));
    }
    return whole(w, WS_OPCODE_CLOSE, mask, writer_span(&payload));
}
