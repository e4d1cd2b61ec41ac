/* Specimens of WebSocket octets by section of RFC 6455. Each row is written as a server sends it
 * and runs in both roles: as it stands for a client, and masked for a server; whole, octet by
 * octet, cut at every place and cut off at every place. Accepted rows are written back with the
 * frame writer and read again. */
#include "proto/ws/ws_stream.h"
#include "tests/unit/test.h"

#define ROOM 300 /* of the message buffer */
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Frames without mask: FIN and opcode, length, payload. */
#define T "\x81"
#define B "\x82"
#define CLOSE "\x88"
#define PING "\x89"
#define PONG "\x8a"
#define X10 "0123456789"
#define X50 X10 X10 X10 X10 X10
#define X125 X50 X50 X10 X10 "01234"
#define X126 X125 "5"
#define ROW(section, octets, events)                                                               \
    {                                                                                              \
        section, {(const uint8_t *)(octets), sizeof(octets) - 1}, events                           \
    }

struct specimen {
    const char *section;
    struct span octets;
    const char *events; /* T:text B:binary P:ping O:pong C:code:reason, then !label if it fails;
                           long ones by length */
};

/* clang-format off */
static const struct specimen specimens[] = {
    /* §5.6 data frames, §5.2 lengths */
    ROW("6455 5.7 text", T "\x05" "Hello", "T:Hello"),
    ROW("6455 5.6 empty text", T "\x00", "T:"),
    ROW("6455 5.6 empty binary", B "\x00", "B:"),
    ROW("6455 5.6 one octet", T "\x01" "x", "T:x"),
    ROW("6455 5.6 binary", B "\x03" "\x00\xff\x80", "B:\\00\\ff\\80"),
    ROW("6455 5.6 binary need not be UTF-8", B "\x02" "\xc0\xaf", "B:\\c0\\af"),
    ROW("6455 5.6 NUL in text", T "\x03" "a\0b", "T:a\\00b"),
    ROW("6455 5.6 two messages", T "\x01" "a" T "\x01" "b", "T:a T:b"),
    ROW("6455 5.6 text and binary", T "\x01" "a" B "\x01" "b", "T:a B:b"),
    ROW("6455 5.2 125 octets", T "\x7d" X125, "T(125)"),
    ROW("6455 5.2 126 octets", T "\x7e\x00\x7e" X126, "T(126)"),
    ROW("6455 5.2 256 octets in binary", B "\x7e\x01\x00" X126 X126 "0123", "B(256)"),
    ROW("6455 5.2 at the limit", T "\x7e\x01\x2c" X50 X50 X50 X50 X50 X50, "T(300)"),
    ROW("6455 5.2 16 bits for 125", T "\x7e\x00\x7d" X125, "!length"),
    ROW("6455 5.2 16 bits for 1", T "\x7e\x00\x01" "x", "!length"),
    ROW("6455 5.2 16 bits for 0", T "\x7e\x00\x00", "!length"),
    ROW("6455 5.2 64 bits for 1", T "\x7f\0\0\0\0\0\0\0\x01" "x", "!length"),
    ROW("6455 5.2 64 bits for 0", B "\x7f\0\0\0\0\0\0\0\0", "!length"),
    ROW("6455 5.2 64 bits for 126", T "\x7f\0\0\0\0\0\0\0\x7e" X126, "!length"),
    ROW("6455 5.2 64 bits for 65535", T "\x7f\0\0\0\0\0\0\xff\xff" "x", "!length"),
    ROW("6455 5.2 top bit of 64", T "\x7f\x80\0\0\0\0\0\0\x01" "x", "!length"),
    ROW("6455 5.2 all bits of 64", T "\x7f\xff\xff\xff\xff\xff\xff\xff\xff" "x", "!length"),
    ROW("6455 7.4.1 one over the limit", T "\x7e\x01\x2d" X50 X50 X50 X50 X50 X50 "x", "!too-big"),
    ROW("6455 7.4.1 65535 declared", T "\x7e\xff\xff" "x", "!too-big"),
    ROW("6455 7.4.1 65536 declared", T "\x7f\0\0\0\0\0\x01\0\0" "x", "!too-big"),
    ROW("6455 7.4.1 1 GiB declared", T "\x7f\0\0\0\0\x40\0\0\0" "x", "!too-big"),
    ROW("6455 7.4.1 2^63 - 1 declared", B "\x7f\x7f\xff\xff\xff\xff\xff\xff\xff" "x", "!too-big"),
    ROW("6455 7.4.1 fragments over the limit", "\x01\x7d" X125 "\x00\x7d" X125 "\x80\x33" X50 "x", "!too-big"),
    ROW("6455 7.4.1 fragments at the limit", "\x01\x7d" X125 "\x00\x7d" X125 "\x80\x32" X50, "T(300)"),
    ROW("6455 7.4.1 the limit is a message's", T "\x7d" X125 T "\x7d" X125 T "\x7d" X125, "T(125) T(125) T(125)"),
    /* §5.2 reserved bits and opcodes */
    ROW("6455 5.2 RSV1", "\xc1\x05" "Hello", "!reserved-bits"),
    ROW("6455 5.2 RSV2", "\xa1\x05" "Hello", "!reserved-bits"),
    ROW("6455 5.2 RSV3", "\x91\x05" "Hello", "!reserved-bits"),
    ROW("6455 5.2 RSV1 and 2", "\xe1\x05" "Hello", "!reserved-bits"),
    ROW("6455 5.2 all RSV", "\xf1\x05" "Hello", "!reserved-bits"),
    ROW("6455 5.2 RSV1 on binary", "\xc2\x01" "x", "!reserved-bits"),
    ROW("6455 5.2 RSV1 on ping", "\xc9\x00", "!reserved-bits"),
    ROW("6455 5.2 RSV1 on pong", "\xca\x00", "!reserved-bits"),
    ROW("6455 5.2 RSV1 on close", "\xc8\x00", "!reserved-bits"),
    ROW("6455 5.2 RSV1 on continuation", "\x01\x01" "a" "\xc0\x01" "b", "!reserved-bits"),
    ROW("6455 5.2 RSV after a good message", T "\x01" "a" "\xc1\x00", "T:a !reserved-bits"),
    ROW("6455 5.2 opcode 3", "\x83\x00", "!reserved-opcode"),
    ROW("6455 5.2 opcode 4", "\x84\x01" "x", "!reserved-opcode"),
    ROW("6455 5.2 opcode 5", "\x85\x00", "!reserved-opcode"),
    ROW("6455 5.2 opcode 6", "\x86\x00", "!reserved-opcode"),
    ROW("6455 5.2 opcode 7", "\x87\x00", "!reserved-opcode"),
    ROW("6455 5.2 opcode 3 not final", "\x03\x00", "!reserved-opcode"),
    ROW("6455 5.2 opcode 11", "\x8b\x00", "!reserved-opcode"),
    ROW("6455 5.2 opcode 12", "\x8c\x01" "x", "!reserved-opcode"),
    ROW("6455 5.2 opcode 13", "\x8d\x00", "!reserved-opcode"),
    ROW("6455 5.2 opcode 14", "\x8e\x00", "!reserved-opcode"),
    ROW("6455 5.2 opcode 15", "\x8f\x00", "!reserved-opcode"),
    ROW("6455 5.2 opcode 15 not final", "\x0f\x00", "!reserved-opcode"),
    ROW("6455 5.2 reserved inside a message", "\x01\x01" "a" "\x83\x00", "!reserved-opcode"),
    ROW("6455 5.2 HTTP instead of frames", "GET / HTTP/1.1\r\n", "!reserved-bits"),
    ROW("6455 5.2 TLS instead of frames", "\x16\x03\x01\x02", "!reserved-bits"),
    /* §5.4 fragmentation */
    ROW("6455 5.7 two fragments", "\x01\x03" "Hel" "\x80\x02" "lo", "T:Hello"),
    ROW("6455 5.4 three fragments", "\x01\x01" "a" "\x00\x01" "b" "\x80\x01" "c", "T:abc"),
    ROW("6455 5.4 binary fragments", "\x02\x01" "a" "\x80\x01" "b", "B:ab"),
    ROW("6455 5.4 empty first", "\x01\x00" "\x80\x01" "a", "T:a"),
    ROW("6455 5.4 empty last", "\x01\x01" "a" "\x80\x00", "T:a"),
    ROW("6455 5.4 all empty", "\x01\x00" "\x00\x00" "\x80\x00", "T:"),
    ROW("6455 5.4 empty between", "\x01\x01" "a" "\x00\x00" "\x00\x00" "\x80\x01" "b", "T:ab"),
    ROW("6455 5.4 not finished is no message", "\x01\x01" "a" "\x00\x01" "b", ""),
    ROW("6455 5.4 fragments then a message", "\x01\x01" "a" "\x80\x01" "b" T "\x01" "c", "T:ab T:c"),
    ROW("6455 5.4 continuation first, final", "\x80\x01" "a", "!not-started"),
    ROW("6455 5.4 continuation first", "\x00\x01" "a", "!not-started"),
    ROW("6455 5.4 empty continuation first", "\x80\x00", "!not-started"),
    ROW("6455 5.4 continuation after a message", T "\x01" "a" "\x80\x01" "b", "T:a !not-started"),
    ROW("6455 5.4 continuation after the last", "\x01\x01" "a" "\x80\x01" "b" "\x80\x01" "c", "T:ab !not-started"),
    ROW("6455 5.4 continuation after a ping", PING "\x00" "\x80\x00", "P: !not-started"),
    ROW("6455 5.4 text inside text", "\x01\x01" "a" T "\x01" "b", "!not-finished"),
    ROW("6455 5.4 unfinished text inside text", "\x01\x01" "a" "\x01\x01" "b", "!not-finished"),
    ROW("6455 5.4 binary inside text", "\x01\x01" "a" B "\x01" "b", "!not-finished"),
    ROW("6455 5.4 text inside binary", "\x02\x01" "a" T "\x01" "b", "!not-finished"),
    ROW("6455 5.4 text after empty start", "\x01\x00" T "\x01" "b", "!not-finished"),
    /* §5.5 control frames */
    ROW("6455 5.5.2 ping", PING "\x05" "Hello", "P:Hello"),
    ROW("6455 5.5.2 empty ping", PING "\x00", "P:"),
    ROW("6455 5.5.2 ping need not be UTF-8", PING "\x02" "\xff\x00", "P:\\ff\\00"),
    ROW("6455 5.5.2 125 octets", PING "\x7d" X125, "P(125)"),
    ROW("6455 5.5.2 several", PING "\x01" "a" PING "\x01" "b" PING "\x01" "c", "P:a P:b P:c"),
    ROW("6455 5.5.3 pong", PONG "\x05" "Hello", "O:Hello"),
    ROW("6455 5.5.3 unasked pong", PONG "\x00", "O:"),
    ROW("6455 5.5.3 125 octets", PONG "\x7d" X125, "O(125)"),
    ROW("6455 5.4 ping between fragments", "\x01\x01" "a" PING "\x01" "p" "\x80\x01" "b", "P:p T:ab"),
    ROW("6455 5.4 pong between fragments", "\x01\x01" "a" PONG "\x01" "p" "\x80\x01" "b", "O:p T:ab"),
    ROW("6455 5.4 pings between all", "\x02\x01" "a" PING "\x00" "\x00\x01" "b" PING "\x01" "q" "\x80\x01" "c", "P: P:q B:abc"),
    ROW("6455 5.5 ping of 126", PING "\x7e\x00\x7e" X126, "!control-too-long"),
    ROW("6455 5.5 ping, 16 bits for 5", PING "\x7e\x00\x05" "Hello", "!control-too-long"),
    ROW("6455 5.5 ping, 64 bits", PING "\x7f\0\0\0\0\0\0\0\x05" "Hello", "!control-too-long"),
    ROW("6455 5.5 pong of 126", PONG "\x7e\x00\x7e" X126, "!control-too-long"),
    ROW("6455 5.5 close of 126", CLOSE "\x7e\x00\x7e" "\x03\xe8" X50 X50 X10 X10 "0123", "!control-too-long"),
    ROW("6455 5.5 ping not final", "\x09\x01" "a", "!control-fragmented"),
    ROW("6455 5.5 pong not final", "\x0a\x00", "!control-fragmented"),
    ROW("6455 5.5 close not final", "\x08\x02" "\x03\xe8", "!control-fragmented"),
    ROW("6455 5.5 ping not final inside a message", "\x01\x01" "a" "\x09\x00", "!control-fragmented"),
    ROW("6455 5.5 continued ping", "\x09\x01" "a" "\x80\x01" "b", "!control-fragmented"),
    /* §5.5.1, §7.4 close */
    ROW("6455 5.5.1 empty", CLOSE "\x00", "C:1005:"),
    ROW("6455 7.4.1 1000", CLOSE "\x02" "\x03\xe8", "C:1000:"),
    ROW("6455 7.4.1 1001 with reason", CLOSE "\x06" "\x03\xe9" "away", "C:1001:away"),
    ROW("6455 7.4.1 1002", CLOSE "\x02" "\x03\xea", "C:1002:"),
    ROW("6455 7.4.1 1003", CLOSE "\x02" "\x03\xeb", "C:1003:"),
    ROW("6455 7.4.1 1007", CLOSE "\x02" "\x03\xef", "C:1007:"),
    ROW("6455 7.4.1 1008", CLOSE "\x02" "\x03\xf0", "C:1008:"),
    ROW("6455 7.4.1 1009", CLOSE "\x02" "\x03\xf1", "C:1009:"),
    ROW("6455 7.4.1 1010", CLOSE "\x02" "\x03\xf2", "C:1010:"),
    ROW("6455 7.4.1 1011", CLOSE "\x02" "\x03\xf3", "C:1011:"),
    ROW("6455 11.7 1012", CLOSE "\x02" "\x03\xf4", "C:1012:"),
    ROW("6455 11.7 1013", CLOSE "\x02" "\x03\xf5", "C:1013:"),
    ROW("6455 11.7 1014", CLOSE "\x02" "\x03\xf6", "C:1014:"),
    ROW("6455 7.4.2 3000", CLOSE "\x02" "\x0b\xb8", "C:3000:"),
    ROW("6455 7.4.2 3999", CLOSE "\x02" "\x0f\x9f", "C:3999:"),
    ROW("6455 7.4.2 4000", CLOSE "\x02" "\x0f\xa0", "C:4000:"),
    ROW("6455 7.4.2 4999", CLOSE "\x02" "\x13\x87", "C:4999:"),
    ROW("6455 5.5.1 reason of 123", CLOSE "\x7d" "\x03\xe8" X50 X50 X10 X10 "012", "C(125):1000"),
    ROW("6455 5.5.1 reason in UTF-8", CLOSE "\x05" "\x03\xe8\xe4\xbd\xa0", "C:1000:\\e4\\bd\\a0"),
    ROW("6455 5.5.1 one octet", CLOSE "\x01" "\x03", "!close-payload"),
    ROW("6455 7.4.2 0", CLOSE "\x02" "\x00\x00", "!close-code"),
    ROW("6455 7.4.2 1", CLOSE "\x02" "\x00\x01", "!close-code"),
    ROW("6455 7.4.2 999", CLOSE "\x02" "\x03\xe7", "!close-code"),
    ROW("6455 7.4.1 1004", CLOSE "\x02" "\x03\xec", "!close-code"),
    ROW("6455 7.4.1 1005", CLOSE "\x02" "\x03\xed", "!close-code"),
    ROW("6455 7.4.1 1006", CLOSE "\x02" "\x03\xee", "!close-code"),
    ROW("6455 7.4.1 1015", CLOSE "\x02" "\x03\xf7", "!close-code"),
    ROW("6455 7.4.2 1016", CLOSE "\x02" "\x03\xf8", "!close-code"),
    ROW("6455 7.4.2 1100", CLOSE "\x02" "\x04\x4c", "!close-code"),
    ROW("6455 7.4.2 2000", CLOSE "\x02" "\x07\xd0", "!close-code"),
    ROW("6455 7.4.2 2999", CLOSE "\x02" "\x0b\xb7", "!close-code"),
    ROW("6455 7.4.2 5000", CLOSE "\x02" "\x13\x88", "!close-code"),
    ROW("6455 7.4.2 65535", CLOSE "\x02" "\xff\xff", "!close-code"),
    ROW("6455 7.4.2 bad code with good reason", CLOSE "\x04" "\x00\x01" "ok", "!close-code"),
    ROW("6455 8.1 bad reason", CLOSE "\x04" "\x03\xe8\xc0\xaf", "!text"),
    ROW("6455 8.1 cut reason", CLOSE "\x04" "\x03\xe8\xe4\xbd", "!text"),
    ROW("6455 8.1 surrogate in the reason", CLOSE "\x05" "\x03\xe8\xed\xa0\x80", "!text"),
    ROW("6455 5.5.1 message before", T "\x01" "a" CLOSE "\x02" "\x03\xe8", "T:a C:1000:"),
    ROW("6455 5.5.1 inside a message", "\x01\x01" "a" CLOSE "\x02" "\x03\xe8", "C:1000:"),
    ROW("6455 5.5.1 message behind is dropped", CLOSE "\x02" "\x03\xe8" T "\x01" "a", "C:1000:"),
    ROW("6455 5.5.1 ping behind is dropped", CLOSE "\x00" PING "\x01" "a", "C:1005:"),
    ROW("6455 5.5.1 rubbish behind is dropped", CLOSE "\x00" "\xff\xff\xff", "C:1005:"),
    ROW("6455 5.5.1 second close is dropped", CLOSE "\x02" "\x03\xe8" CLOSE "\x02" "\x03\xe9", "C:1000:"),
    /* §8.1 UTF-8 */
    ROW("6455 8.1 Greek", T "\x0b" "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", "T:\\ce\\ba\\e1\\bd\\b9\\cf\\83\\ce\\bc\\ce\\b5"),
    ROW("6455 8.1 four octets", T "\x04" "\xf4\x8f\xbf\xbf", "T:\\f4\\8f\\bf\\bf"),
    ROW("6455 8.1 noncharacter U+FFFF", T "\x03" "\xef\xbf\xbf", "T:\\ef\\bf\\bf"),
    ROW("6455 8.1 character in two frames", "\x01\x01" "\xe4" "\x80\x02" "\xbd\xa0", "T:\\e4\\bd\\a0"),
    ROW("6455 8.1 character in three frames", "\x01\x01" "\xe4" "\x00\x01" "\xbd" "\x80\x01" "\xa0", "T:\\e4\\bd\\a0"),
    ROW("6455 8.1 character around a ping", "\x01\x01" "\xe4" PING "\x01" "\xff" "\x80\x02" "\xbd\xa0", "P:\\ff T:\\e4\\bd\\a0"),
    ROW("6455 8.1 character around an empty frame", "\x01\x01" "\xe4" "\x00\x00" "\x80\x02" "\xbd\xa0", "T:\\e4\\bd\\a0"),
    ROW("6455 8.1 state begins anew", T "\x03" "\xe4\xbd\xa0" T "\x03" "\xe4\xbd\xa0", "T:\\e4\\bd\\a0 T:\\e4\\bd\\a0"),
    ROW("6455 8.1 binary between", B "\x01" "\xe4" T "\x01" "a", "B:\\e4 T:a"),
    ROW("6455 8.1 lone continuation", T "\x01" "\x80", "!text"),
    ROW("6455 8.1 overlong slash", T "\x02" "\xc0\xaf", "!text"),
    ROW("6455 8.1 overlong of three", T "\x03" "\xe0\x80\xaf", "!text"),
    ROW("6455 8.1 overlong of four", T "\x04" "\xf0\x80\x80\xaf", "!text"),
    ROW("6455 8.1 surrogate", T "\x03" "\xed\xa0\x80", "!text"),
    ROW("6455 8.1 surrogate pair", T "\x06" "\xed\xa0\x80\xed\xb0\x80", "!text"),
    ROW("6455 8.1 above U+10FFFF", T "\x04" "\xf4\x90\x80\x80", "!text"),
    ROW("6455 8.1 F5", T "\x04" "\xf5\x80\x80\x80", "!text"),
    ROW("6455 8.1 FF", T "\x01" "\xff", "!text"),
    ROW("6455 8.1 cut at the end", T "\x02" "\xe4\xbd", "!text"),
    ROW("6455 8.1 cut at the end of fragments", "\x01\x01" "\xe4" "\x80\x01" "\xbd", "!text"),
    ROW("6455 8.1 cut, then empty last", "\x01\x02" "\xe4\xbd" "\x80\x00", "!text"),
    ROW("6455 8.1 broken across frames", "\x01\x01" "\xe4" "\x80\x01" "a", "!text"),
    ROW("6455 8.1 fails in the first fragment", "\x01\x03" "a\xffz" "\x80\x01" "b", "!text"),
    ROW("6455 8.1 fails before the frame ends", T "\x7d" "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80", "!text"),
    ROW("6455 8.1 good message before", T "\x01" "a" T "\x01" "\xff", "T:a !text"),
};
/* clang-format on */

static uint8_t message[ROOM];
static struct ws_stream stream;

/* Puts a mask into each frame, as a client would; what is no whole frame is masked as far as it
 * goes. */
static struct span masked(struct span octets, uint8_t *out)
{
    size_t at = 0;
    size_t n = 0;
    uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d}; /* RFC 6455 §5.7 */
    while (at < octets.len) {
        size_t header = 2;
        uint64_t len = 0;
        if (octets.len - at >= 2) {
            len = octets.data[at + 1] & 0x7F;
            size_t more = len == 126 ? 2 : (len == 127 ? 8 : 0);
            header += more;
            for (size_t i = 0; i < more && at + 2 + i < octets.len; i++) {
                len = (i == 0 ? 0 : len << 8) | octets.data[at + 2 + i];
            }
        }
        header = header > octets.len - at ? octets.len - at : header;
        memcpy(out + n, octets.data + at, header);
        out[n + 1] |= header >= 2 ? 0x80 : 0;
        n += header;
        at += header;
        memcpy(out + n, key, 4);
        n += 4;
        size_t payload = len > octets.len - at ? octets.len - at : (size_t)len;
        if (payload > 0) {
            memcpy(out + n, octets.data + at, payload);
        }
        ws_mask(out + n, payload, key, 0);
        n += payload;
        at += payload;
        key[3]++;
    }
    return span_of(out, n);
}

static void show(struct writer *w, const struct ws_event *event)
{
    static const char letters[] = "TBPOC";
    writer_format(w, "%s%c", w->at > 0 ? " " : "", letters[event->kind]);
    size_t long_len = event->kind == WS_EVENT_CLOSE ? 100 : 124;
    if (event->payload.len > long_len) {
        writer_format(w, "(%zu)", event->payload.len + (event->kind == WS_EVENT_CLOSE ? 2 : 0));
        if (event->kind == WS_EVENT_CLOSE) {
            writer_format(w, ":%u", event->close_code);
        }
        return;
    }
    writer_text(w, ":");
    if (event->kind == WS_EVENT_CLOSE) {
        writer_format(w, "%u:", event->close_code);
    }
    for (size_t i = 0; i < event->payload.len; i++) {
        uint8_t c = event->payload.data[i];
        writer_format(w, c > 0x20 && c < 0x7F ? "%c" : "\\%02x", c);
    }
}

struct outcome {
    char events[1024];
    size_t decided; /* octets until the close or failure */
};

static void outcome_of(enum ws_role role, struct span octets, size_t first, size_t step,
                       struct outcome *out)
{
    struct writer w = writer_of(out->events, sizeof(out->events) - 64);
    size_t at = 0;
    size_t piece = first;
    bool over = false;
    ws_stream_init(&stream, role, message, sizeof(message));
    out->decided = octets.len;
    while (at < octets.len && !over) {
        size_t end = piece > octets.len - at ? octets.len : at + piece;
        while (at < end && !over) {
            struct ws_event event;
            size_t used = 0;
            enum status status =
                ws_stream_feed(&stream, span_of(octets.data + at, end - at), &used, &event);
            at += used;
            if (status == STATUS_OK) {
                EXPECT_INT(stream.reason, WS_REASON_NONE);
                show(&w, &event);
            } else if (status == STATUS_NEED_MORE) {
                EXPECT_INT(at, end);
            } else if (status != STATUS_CLOSED) {
                over = true;
                EXPECT(ws_reason_close_code(stream.reason) != 0);
                writer_format(&w, "%s!%s", w.at > 0 ? " " : "", ws_reason_label(stream.reason));
                EXPECT_INT(ws_stream_feed(&stream, octets, &used, &event),
                           status); /* stays failed */
                EXPECT_INT(used, 0);
            }
        }
        piece = step;
    }
    out->decided = over ? at : octets.len;
    writer_u8(&w, 0);
    EXPECT(writer_ok(&w));
}

/* Cut off, a row gives a prefix of its events. */
static void expect_prefix(const char *part, const char *whole)
{
    size_t n = strlen(part);
    EXPECT(strncmp(part, whole, n) == 0 && (whole[n] == '\0' || whole[n] == ' ' || n == 0));
}

static void run_role(enum ws_role role, struct span octets, const char *events)
{
    struct outcome whole;
    struct outcome out;
    outcome_of(role, octets, octets.len, 1, &whole);
    EXPECT_TEXT(whole.events, events);
    outcome_of(role, octets, 1, 1, &out);
    EXPECT_TEXT(out.events, events);
    for (size_t cut = 0; cut <= octets.len && test_bad == 0; cut++) {
        outcome_of(role, octets, cut == 0 ? 1 : cut, octets.len, &out);
        EXPECT_TEXT(out.events, events);
        outcome_of(role, span_of(octets.data, cut), cut, 1, &out);
        expect_prefix(out.events, events);
    }
}

static const enum ws_opcode opcodes[] = {WS_OPCODE_TEXT, WS_OPCODE_BINARY, WS_OPCODE_PING,
                                         WS_OPCODE_PONG, WS_OPCODE_CLOSE};

/* Every event of an accepted row becomes one frame again. */
static void write_back(const struct specimen *s)
{
    uint8_t again[1024];
    struct writer w = writer_of(again, sizeof(again));
    size_t at = 0;
    ws_stream_init(&stream, WS_CLIENT, message, sizeof(message));
    while (at < s->octets.len) {
        struct ws_event event;
        size_t used = 0;
        enum status status = ws_stream_feed(
            &stream, span_of(s->octets.data + at, s->octets.len - at), &used, &event);
        at += used;
        if (status != STATUS_OK) {
            continue;
        }
        if (event.kind == WS_EVENT_CLOSE) {
            EXPECT_INT(ws_write_close(&w, NULL, event.close_code, event.payload), STATUS_OK);
        } else {
            const struct ws_frame frame = {
                .fin = true, .opcode = opcodes[event.kind], .payload = event.payload};
            EXPECT_INT(ws_frame_write(&w, &frame), STATUS_OK);
        }
    }
    run_role(WS_CLIENT, writer_span(&w), s->events);
}

static void all_specimens(void)
{
    uint8_t buffer[1024];
    for (size_t i = 0; i < COUNT(specimens); i++) {
        const struct specimen *s = &specimens[i];
        char name[96];
        (void)snprintf(name, sizeof(name), "%s, client", s->section);
        test_row(name);
        run_role(WS_CLIENT, s->octets, s->events);
        if (strchr(s->events, '!') == NULL) {
            write_back(s);
        }
        test_row_end();
        (void)snprintf(name, sizeof(name), "%s, server", s->section);
        test_row(name);
        run_role(WS_SERVER, masked(s->octets, buffer), s->events);
        test_row_end();
    }
}

static enum ws_reason reason_of(enum ws_role role, struct span octets)
{
    struct outcome out;
    outcome_of(role, octets, octets.len, 1, &out);
    return stream.reason;
}

static void masking(void)
{
    /* RFC 6455 §5.7: the examples */
    EXPECT_INT(reason_of(WS_SERVER, SPAN_LITERAL("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")),
               WS_REASON_NONE);
    EXPECT(memcmp(message, "Hello", 5) == 0);
    EXPECT_INT(reason_of(WS_SERVER, SPAN_LITERAL("\x81\x05Hello")), WS_REASON_NOT_MASKED);
    EXPECT_INT(reason_of(WS_SERVER, SPAN_LITERAL("\x89\x00")), WS_REASON_NOT_MASKED);
    EXPECT_INT(reason_of(WS_SERVER, SPAN_LITERAL("\x88\x00")), WS_REASON_NOT_MASKED);
    EXPECT_INT(reason_of(WS_SERVER, SPAN_LITERAL("\x81\x00")), WS_REASON_NOT_MASKED);
    EXPECT_INT(reason_of(WS_SERVER, SPAN_LITERAL("\x01\x81\0\0\0\0a\x80\x01"
                                                 "b")),
               WS_REASON_NOT_MASKED);
    EXPECT_INT(reason_of(WS_CLIENT, SPAN_LITERAL("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")),
               WS_REASON_MASKED);
    EXPECT_INT(reason_of(WS_CLIENT, SPAN_LITERAL("\x8a\x80\0\0\0\0")), WS_REASON_MASKED);
    uint8_t data[9] = {0};
    const uint8_t key[4] = {1, 2, 3, 4};
    ws_mask(data, 5, key, 0);
    ws_mask(data + 5, 4, key, 5); /* goes on in the middle of the key */
    EXPECT(memcmp(data, "\1\2\3\4\1\2\3\4\1", 9) == 0);
}

/* Every first octet, alone: legal are FIN with 1, 2, 8, 9, 10, and 1, 2 without. */
static void first_octets(void)
{
    for (unsigned c = 0; c < 256; c++) {
        uint8_t octets[2] = {(uint8_t)c, 0};
        enum ws_reason reason = reason_of(WS_CLIENT, span_of(octets, 2));
        bool legal = c == 0x01 || c == 0x02 || c == 0x81 || c == 0x82 || (c >= 0x88 && c <= 0x8a);
        EXPECT_INT(reason == WS_REASON_NONE, legal);
        EXPECT_INT(reason_of(WS_CLIENT, span_of(octets, 1)), reason); /* known at the first octet */
    }
}

static void close_codes(void)
{
    for (unsigned code = 0; code <= 65535; code++) {
        uint8_t octets[4] = {0x88, 2, (uint8_t)(code >> 8), (uint8_t)code};
        bool valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                     (code >= 3000 && code <= 4999);
        EXPECT_INT(reason_of(WS_CLIENT, span_of(octets, 4)),
                   valid ? WS_REASON_NONE : WS_REASON_CLOSE_CODE);
        EXPECT_INT(ws_close_code_valid(code), valid);
    }
}

/* The octet at which a row is refused: as early as it can be known. */
static void fails_fast(void)
{
    static const struct {
        struct span octets;
        size_t decided;
    } rows[] = {
        {{(const uint8_t *)"\xc1\x85\0\0\0\0Hello", 11}, 1},       /* reserved bit */
        {{(const uint8_t *)"\x81\x05Hello", 7}, 2},                /* no mask */
        {{(const uint8_t *)"\x89\xfe\0\x7e\0\0\0\0", 8}, 2},       /* long ping */
        {{(const uint8_t *)"\x81\xfe\0\x05\0\0\0\0Hello", 13}, 4}, /* length not the shortest */
        {{(const uint8_t *)"\x81\xff\0\0\0\0\x40\0\0\0\0\0\0\0xxxx", 18},
         10}, /* 1 GiB declared: before the mask */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct outcome out;
        outcome_of(WS_SERVER, rows[i].octets, rows[i].octets.len, 1, &out);
        EXPECT_INT(out.decided, rows[i].decided);
    }
    struct outcome out; /* octet by octet, text fails at the octet that breaks it */
    outcome_of(WS_CLIENT,
               SPAN_LITERAL("\x81\x05"
                            "ab\xff"
                            "de"),
               1, 1, &out);
    EXPECT_INT(out.decided, 5);
}

static void many_fragments(void)
{
    struct ws_event event;
    size_t used = 0;
    enum status status = STATUS_NEED_MORE;
    unsigned count = 0;
    ws_stream_init(&stream, WS_CLIENT, message, sizeof(message));
    status = ws_stream_feed(&stream, SPAN_LITERAL("\x01\x00"), &used, &event);
    for (count = 1; status == STATUS_NEED_MORE && count < 100000; count++) {
        status = ws_stream_feed(&stream, SPAN_LITERAL("\x00\x00"), &used, &event);
    }
    EXPECT_INT(status, STATUS_REFUSED);
    EXPECT_INT(count, WS_FRAGMENTS_MAX + 1);
    EXPECT_INT(ws_reason_close_code(stream.reason), 1008);
    /* The count is a message's. */
    ws_stream_init(&stream, WS_CLIENT, message, sizeof(message));
    for (count = 0; count < WS_FRAGMENTS_MAX + 10; count++) {
        status = ws_stream_feed(&stream, SPAN_LITERAL("\x81\x00"), &used, &event);
        EXPECT_INT(status, STATUS_OK);
    }
}

static void ten_thousand_fragments_of_one(void)
{
    static uint8_t room[10000];
    struct ws_event event;
    size_t used = 0;
    ws_stream_init(&stream, WS_CLIENT, room, sizeof(room));
    enum status status = ws_stream_feed(&stream, SPAN_LITERAL("\x01\x01x"), &used, &event);
    for (unsigned i = 1; i < 9999 && status == STATUS_NEED_MORE; i++) {
        status = ws_stream_feed(&stream, SPAN_LITERAL("\x00\x01x"), &used, &event);
    }
    EXPECT_INT(status, STATUS_NEED_MORE);
    EXPECT_INT(ws_stream_feed(&stream, SPAN_LITERAL("\x80\x01x"), &used, &event), STATUS_OK);
    EXPECT_INT(event.payload.len, 10000);
}

static void busy(void)
{
    struct ws_event event;
    size_t used = 0;
    ws_stream_init(&stream, WS_CLIENT, message, sizeof(message));
    EXPECT(!ws_stream_busy(&stream));
    EXPECT_INT(ws_stream_feed(&stream, (struct span){NULL, 0}, &used, &event), STATUS_NEED_MORE);
    EXPECT(!ws_stream_busy(&stream));
    EXPECT_INT(ws_stream_feed(&stream, SPAN_LITERAL("\x01"), &used, &event), STATUS_NEED_MORE);
    EXPECT(ws_stream_busy(&stream));
    EXPECT_INT(ws_stream_feed(&stream, SPAN_LITERAL("\x01"), &used, &event), STATUS_NEED_MORE);
    EXPECT(ws_stream_busy(&stream));
    EXPECT_INT(ws_stream_feed(&stream, SPAN_LITERAL("x"), &used, &event), STATUS_NEED_MORE);
    EXPECT(ws_stream_busy(&stream)); /* in a message, between frames */
    EXPECT_INT(ws_stream_feed(&stream, SPAN_LITERAL("\x80\x00"), &used, &event), STATUS_OK);
    EXPECT(!ws_stream_busy(&stream));
    EXPECT_INT(ws_stream_feed(&stream, SPAN_LITERAL("\x88\x00"), &used, &event), STATUS_OK);
    EXPECT_INT(ws_stream_feed(&stream, SPAN_LITERAL("abc"), &used, &event), STATUS_CLOSED);
    EXPECT_INT(used, 3);
    EXPECT(!ws_stream_busy(&stream));
}

static void no_room_at_all(void)
{
    struct ws_event event;
    size_t used = 0;
    ws_stream_init(&stream, WS_CLIENT, message, 0);
    EXPECT_INT(ws_stream_feed(&stream, SPAN_LITERAL("\x81\x00"), &used, &event), STATUS_OK);
    EXPECT_INT(ws_stream_feed(&stream, SPAN_LITERAL("\x81\x01x"), &used, &event), STATUS_TOO_LARGE);
}

static void reason_table(void)
{
    for (unsigned i = 0; i < WS_REASON_COUNT; i++) {
        enum ws_reason reason = (enum ws_reason)i;
        EXPECT(i == 0 || ws_close_code_valid(ws_reason_close_code(reason)));
        EXPECT(strlen(ws_reason_text(reason)) <= WS_REASON_LEN_MAX);
        for (unsigned j = 0; j < i; j++) {
            EXPECT(strcmp(ws_reason_label(reason), ws_reason_label((enum ws_reason)j)) != 0);
        }
    }
    EXPECT_INT(ws_reason_close_code(WS_REASON_COUNT), 1011);
    EXPECT_TEXT(ws_reason_label(WS_REASON_COUNT), "invalid");
    EXPECT_TEXT(ws_reason_text(WS_REASON_COUNT), "invalid reason");
}

static const struct test_case cases[] = {
    {"specimens in both roles", all_specimens},
    {"6455 5.1, 5.3, 5.7 masking", masking},
    {"6455 5.2 every first octet", first_octets},
    {"6455 7.4 every close code", close_codes},
    {"6455 7.1.7 fails fast", fails_fast},
    {"6455 5.4 endless fragments", many_fragments},
    {"6455 5.4 ten thousand fragments of one octet", ten_thousand_fragments_of_one},
    {"6455 5.4 busy or idle", busy},
    {"6455 7.4.1 no room at all", no_room_at_all},
    {"table of reasons", reason_table},
};

int main(void)
{
    return TEST_MAIN(cases);
}
