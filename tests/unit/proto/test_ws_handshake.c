/* Handshakes by section of RFC 6455 §4, SHA-1 and base64 by their vectors, and the frame writer. */
#include "proto/ws/ws_digest.h"
#include "proto/ws/ws_frame.h"
#include "proto/ws/ws_handshake.h"
#include "tests/unit/test.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define DATE SPAN_LITERAL("Sun, 06 Nov 1994 08:49:37 GMT")
#define START "GET /chat HTTP/1.1\r\nHost: h\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13 "Sec-WebSocket-Version: 13\r\n"
#define E "\r\n"

/* clang-format off */
static const struct {
    const char *section;
    const char *head;
    enum ws_refusal refusal;
} specimens[] = {
    {"6455 1.2 the example", "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY
     "Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n" V13 E, WS_REFUSAL_NONE},
    {"6455 4.2.1 least", START UPGRADE KEY V13 E, WS_REFUSAL_NONE},
    {"6455 4.2.1 case of values", START "Upgrade: WebSocket\r\nConnection: upgrade\r\n" KEY V13 E, WS_REFUSAL_NONE},
    {"6455 4.2.1 Firefox", START "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" KEY V13 E, WS_REFUSAL_NONE},
    {"6455 4.2.1 two Connection lines", START "Upgrade: websocket\r\nConnection: keep-alive\r\nConnection: Upgrade\r\n" KEY V13 E, WS_REFUSAL_NONE},
    {"6455 4.2.1 several upgrades", START "Upgrade: h2c, websocket\r\nConnection: Upgrade\r\n" KEY V13 E, WS_REFUSAL_NONE},
    {"6455 9.1 extensions offered", START UPGRADE KEY V13 "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" E, WS_REFUSAL_NONE},
    {"6455 4.2.1 length 0", START UPGRADE KEY V13 "Content-Length: 0\r\n" E, WS_REFUSAL_NONE},
    {"6455 4.2.1 absolute form", "GET http://h/chat HTTP/1.1\r\nHost: h\r\n" UPGRADE KEY V13 E, WS_REFUSAL_NONE},
    {"6455 4.2.1 POST", "POST /chat HTTP/1.1\r\nHost: h\r\n" UPGRADE KEY V13 E, WS_REFUSAL_METHOD},
    {"6455 4.2.1 HEAD", "HEAD /chat HTTP/1.1\r\nHost: h\r\n" UPGRADE KEY V13 E, WS_REFUSAL_METHOD},
    {"6455 4.2.1 PUT", "PUT /chat HTTP/1.1\r\nHost: h\r\n" UPGRADE KEY V13 E, WS_REFUSAL_METHOD},
    {"6455 4.2.1 OPTIONS", "OPTIONS /chat HTTP/1.1\r\nHost: h\r\n" UPGRADE KEY V13 E, WS_REFUSAL_METHOD},
    {"6455 4.2.1 get", "get /chat HTTP/1.1\r\nHost: h\r\n" UPGRADE KEY V13 E, WS_REFUSAL_METHOD},
    {"6455 4.2.1 HTTP/1.0", "GET /chat HTTP/1.0\r\nHost: h\r\n" UPGRADE KEY V13 E, WS_REFUSAL_VERSION},
    {"6455 4.2.1 no Upgrade", START "Connection: Upgrade\r\n" KEY V13 E, WS_REFUSAL_UPGRADE},
    {"6455 4.2.1 empty Upgrade", START "Upgrade:\r\nConnection: Upgrade\r\n" KEY V13 E, WS_REFUSAL_UPGRADE},
    {"6455 4.2.1 other Upgrade", START "Upgrade: h2c\r\nConnection: Upgrade\r\n" KEY V13 E, WS_REFUSAL_UPGRADE},
    {"6455 4.2.1 longer", START "Upgrade: websockets\r\nConnection: Upgrade\r\n" KEY V13 E, WS_REFUSAL_UPGRADE},
    {"9110 7.8 versioned", START "Upgrade: websocket/13\r\nConnection: Upgrade\r\n" KEY V13 E, WS_REFUSAL_UPGRADE},
    {"6455 4.2.1 no Connection", START "Upgrade: websocket\r\n" KEY V13 E, WS_REFUSAL_CONNECTION},
    {"6455 4.2.1 Connection keep-alive", START "Upgrade: websocket\r\nConnection: keep-alive\r\n" KEY V13 E, WS_REFUSAL_CONNECTION},
    {"6455 4.2.1 Connection longer", START "Upgrade: websocket\r\nConnection: Upgraded\r\n" KEY V13 E, WS_REFUSAL_CONNECTION},
    {"6455 4.2.1 no key", START UPGRADE V13 E, WS_REFUSAL_KEY},
    {"6455 11.3.1 two keys", START UPGRADE KEY KEY V13 E, WS_REFUSAL_KEY},
    {"6455 4.2.1 empty key", START UPGRADE "Sec-WebSocket-Key:\r\n" V13 E, WS_REFUSAL_KEY},
    {"6455 4.2.1 key of 15 octets", START UPGRADE "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA\r\n" V13 E, WS_REFUSAL_KEY},
    {"6455 4.2.1 key of 17 octets", START UPGRADE "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=\r\n" V13 E, WS_REFUSAL_KEY},
    {"6455 4.2.1 key of 18 octets", START UPGRADE "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAA\r\n" V13 E, WS_REFUSAL_KEY},
    {"6455 4.2.1 key of 32 octets", START UPGRADE "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n" V13 E, WS_REFUSAL_KEY},
    {"6455 4.2.1 key without padding", START UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n" V13 E, WS_REFUSAL_KEY},
    {"6455 4.2.1 key in hexadecimal", START UPGRADE "Sec-WebSocket-Key: 0123456789abcdef0123456789abcdef\r\n" V13 E, WS_REFUSAL_KEY},
    {"4648 4 key with other letters", START UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j_Q==\r\n" V13 E, WS_REFUSAL_KEY},
    {"4648 3.5 key with stray bits", START UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n" V13 E, WS_REFUSAL_KEY},
    {"6455 4.2.1 key with a space", START UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j Q==\r\n" V13 E, WS_REFUSAL_KEY},
    {"6455 4.2.1 no version", START UPGRADE KEY E, WS_REFUSAL_WS_VERSION_MISSING},
    {"6455 11.3.5 two versions", START UPGRADE KEY V13 V13 E, WS_REFUSAL_WS_VERSION_MISSING},
    {"6455 4.4 version 8", START UPGRADE KEY "Sec-WebSocket-Version: 8\r\n" E, WS_REFUSAL_WS_VERSION},
    {"6455 4.4 version 14", START UPGRADE KEY "Sec-WebSocket-Version: 14\r\n" E, WS_REFUSAL_WS_VERSION},
    {"6455 4.4 version 0", START UPGRADE KEY "Sec-WebSocket-Version: 0\r\n" E, WS_REFUSAL_WS_VERSION},
    {"6455 4.4 version 013", START UPGRADE KEY "Sec-WebSocket-Version: 013\r\n" E, WS_REFUSAL_WS_VERSION},
    {"6455 4.4 version 256", START UPGRADE KEY "Sec-WebSocket-Version: 256\r\n" E, WS_REFUSAL_WS_VERSION},
    {"6455 4.4 list of versions", START UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n" E, WS_REFUSAL_WS_VERSION},
    {"6455 4.4 empty version", START UPGRADE KEY "Sec-WebSocket-Version:\r\n" E, WS_REFUSAL_WS_VERSION},
    {"6455 4.4 version before key", START UPGRADE "Sec-WebSocket-Version: 7\r\n" E, WS_REFUSAL_WS_VERSION},
    {"6455 4.1 no protocols in the list", START UPGRADE KEY V13 "Sec-WebSocket-Protocol: ,\r\n" E, WS_REFUSAL_PROTOCOL},
    {"6455 4.1 empty list", START UPGRADE KEY V13 "Sec-WebSocket-Protocol:\r\n" E, WS_REFUSAL_PROTOCOL},
    {"6455 4.1 same twice", START UPGRADE KEY V13 "Sec-WebSocket-Protocol: a, b, a\r\n" E, WS_REFUSAL_PROTOCOL},
    {"6455 4.1 same in two lines", START UPGRADE KEY V13 "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n" E, WS_REFUSAL_PROTOCOL},
    {"6455 4.1 no token", START UPGRADE KEY V13 "Sec-WebSocket-Protocol: a b\r\n" E, WS_REFUSAL_PROTOCOL},
    {"6455 4.1 quotes", START UPGRADE KEY V13 "Sec-WebSocket-Protocol: \"a\"\r\n" E, WS_REFUSAL_PROTOCOL},
    {"6455 4.1 two lines", START UPGRADE KEY V13 "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n" E, WS_REFUSAL_NONE},
    {"6455 4.1 case makes them differ", START UPGRADE KEY V13 "Sec-WebSocket-Protocol: a, A\r\n" E, WS_REFUSAL_NONE},
    {"6455 4.1 too many", START UPGRADE KEY V13 "Sec-WebSocket-Protocol: a0,a1,a2,a3,a4,a5,a6,a7,a8,a9,b0,b1,b2,b3,b4,b5,b6,b7,b8,b9,c0,c1,c2,c3,c4,c5,c6,c7,c8,c9,"
     "d0,d1,d2,d3,d4,d5,d6,d7,d8,d9,e0,e1,e2,e3,e4,e5,e6,e7,e8,e9,f0,f1,f2,f3,f4,f5,f6,f7,f8,f9,g0,g1,g2,g3,g4\r\n" E, WS_REFUSAL_PROTOCOL},
    {"6455 4.2.1 with a body", START UPGRADE KEY V13 "Content-Length: 5\r\n" E, WS_REFUSAL_BODY},
    {"6455 4.2.1 with chunks", START UPGRADE KEY V13 "Transfer-Encoding: chunked\r\n" E, WS_REFUSAL_BODY},
};
/* clang-format on */

static uint8_t buffer[HTTP_HEAD_LEN_USUAL];
static struct http_request_parser parser;

static const struct http_request *parse(const char *head)
{
    size_t used = 0;
    http_request_init(&parser, buffer, sizeof(buffer));
    EXPECT_INT(http_request_feed(&parser, span_text(head), &used), STATUS_OK);
    return &parser.request;
}

static void all_specimens(void)
{
    for (size_t i = 0; i < COUNT(specimens); i++) {
        test_row(specimens[i].section);
        const struct http_request *r = parse(specimens[i].head);
        EXPECT_TEXT(ws_refusal_label(ws_handshake_check(r)),
                    ws_refusal_label(specimens[i].refusal));
        EXPECT(specimens[i].refusal != WS_REFUSAL_NONE || ws_handshake_wanted(r));
        test_row_end();
    }
}

static void refusal_table(void)
{
    for (unsigned i = 0; i < WS_REFUSAL_COUNT; i++) {
        enum ws_refusal refusal = (enum ws_refusal)i;
        unsigned status = ws_refusal_http_status(refusal);
        EXPECT(i == 0 ? status == 0 : status == (refusal == WS_REFUSAL_WS_VERSION ? 426 : 400));
        EXPECT(strlen(ws_refusal_text(refusal)) > 0);
    }
    EXPECT_INT(ws_refusal_http_status(WS_REFUSAL_COUNT), 500);
    EXPECT_TEXT(ws_refusal_label(WS_REFUSAL_COUNT), "invalid");
    EXPECT_TEXT(ws_refusal_text(WS_REFUSAL_COUNT), "invalid refusal");
}

static void answer(void)
{
    char text[512];
    const struct http_request *r = parse(specimens[0].head);
    EXPECT(ws_handshake_offers(r, "superchat"));
    EXPECT(!ws_handshake_offers(r, "Chat"));
    EXPECT(!ws_handshake_offers(r, "super"));
    struct writer w = writer_of(text, sizeof(text));
    EXPECT_INT(ws_handshake_write_answer(&w, r, "chat", DATE), STATUS_OK);
    EXPECT(span_is(writer_span(&w),
                   "HTTP/1.1 101 Switching Protocols\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                   "Sec-WebSocket-Protocol: chat\r\n\r\n"));
    w = writer_of(text, sizeof(text));
    EXPECT_INT(ws_handshake_write_answer(&w, r, NULL, DATE), STATUS_OK);
    for (size_t room = 0; room < w.at; room++) {
        struct writer small = writer_of(text, room);
        EXPECT_INT(ws_handshake_write_answer(&small, r, NULL, DATE), STATUS_FULL);
    }
}

static const struct ws_handshake_request asked = {.host = "h:8443",
                                                  .path = "/ws",
                                                  .origin = "https://h:8443",
                                                  .protocol = "consult.v1",
                                                  .cookie = "a=b",
                                                  .key = "the sample nonc"};

/* A client's request passes our own server, and the server's answer the client. */
static void there_and_back(void)
{
    char text[512];
    char reply[512];
    struct writer w = writer_of(text, sizeof(text) - 1);
    EXPECT_INT(ws_handshake_write_request(&w, &asked), STATUS_OK);
    text[w.at] = '\0';
    const struct http_request *r = parse(text);
    EXPECT_INT(ws_handshake_check(r), WS_REFUSAL_NONE);
    struct writer answer_writer = writer_of(reply, sizeof(reply));
    EXPECT_INT(ws_handshake_write_answer(&answer_writer, r, "consult.v1", DATE), STATUS_OK);
    size_t used = 0;
    unsigned status = 0;
    for (size_t len = 0; len < answer_writer.at; len++) {
        EXPECT_INT(ws_handshake_read_answer(span_of(reply, len), &asked, &used, &status),
                   STATUS_NEED_MORE);
    }
    memcpy(reply + answer_writer.at, "\x81", 1); /* a frame behind the head */
    EXPECT_INT(
        ws_handshake_read_answer(span_of(reply, answer_writer.at + 1), &asked, &used, &status),
        STATUS_OK);
    EXPECT_INT(used, answer_writer.at);
    EXPECT_INT(status, 101);
    struct ws_handshake_request plain = asked;
    plain.origin = plain.protocol = plain.cookie = NULL;
    w = writer_of(text, sizeof(text));
    EXPECT_INT(ws_handshake_write_request(&w, &plain), STATUS_OK);
    w = writer_of(text, 20);
    EXPECT_INT(ws_handshake_write_request(&w, &plain), STATUS_FULL);
}

#define OK101 "HTTP/1.1 101 Switching Protocols\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

/* clang-format off */
static const struct {
    const char *section;
    const char *head;
    enum status status;
    unsigned http_status;
} answers[] = {
    {"6455 4.1 right", OK101 UPGRADE ACCEPT E, STATUS_OK, 101},
    {"6455 4.1 with the subprotocol", OK101 UPGRADE ACCEPT "Sec-WebSocket-Protocol: consult.v1\r\n" E, STATUS_OK, 101},
    {"6455 4.1 no phrase", "HTTP/1.1 101 \r\n" UPGRADE ACCEPT E, STATUS_OK, 101},
    {"6455 4.1 refused", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", STATUS_REFUSED, 403},
    {"6455 4.1 other subprotocol", OK101 UPGRADE ACCEPT "Sec-WebSocket-Protocol: other\r\n" E, STATUS_MALFORMED, 101},
    {"6455 4.1 two subprotocols", OK101 UPGRADE ACCEPT "Sec-WebSocket-Protocol: consult.v1\r\nSec-WebSocket-Protocol: consult.v1\r\n" E, STATUS_MALFORMED, 0},
    {"6455 4.1 no accept value", OK101 UPGRADE E, STATUS_MALFORMED, 101},
    {"6455 4.1 wrong accept value", OK101 UPGRADE "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n" E, STATUS_MALFORMED, 101},
    {"6455 4.1 no Upgrade", OK101 "Connection: Upgrade\r\n" ACCEPT E, STATUS_MALFORMED, 101},
    {"6455 4.1 no Connection", OK101 "Upgrade: websocket\r\n" ACCEPT E, STATUS_MALFORMED, 101},
    {"6455 4.1 an extension", OK101 UPGRADE ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n" E, STATUS_MALFORMED, 0},
    {"6455 4.1 no field", OK101 "nonsense\r\n" E, STATUS_MALFORMED, 0},
    {"6455 4.1 no status line", "nonsense\r\n" E, STATUS_MALFORMED, 0},
    {"6455 4.1 other version", "HTTP/1.0 101 Switching Protocols\r\n" UPGRADE ACCEPT E, STATUS_MALFORMED, 0},
    {"6455 4.1 status of letters", "HTTP/1.1 1o1 Switching Protocols\r\n" UPGRADE ACCEPT E, STATUS_MALFORMED, 0},
    {"6455 4.1 not yet all", OK101 UPGRADE ACCEPT, STATUS_NEED_MORE, 0},
};
/* clang-format on */

static void all_answers(void)
{
    struct ws_handshake_request request = asked;
    memcpy(request.key, "the sample nonce", 16); /* RFC 6455 §1.3 */
    for (size_t i = 0; i < COUNT(answers); i++) {
        size_t used = 0;
        unsigned http_status = 0;
        test_row(answers[i].section);
        EXPECT_INT(
            ws_handshake_read_answer(span_text(answers[i].head), &request, &used, &http_status),
            answers[i].status);
        EXPECT_INT(http_status, answers[i].http_status);
        test_row_end();
    }
    static uint8_t endless[9000];
    size_t used = 0;
    unsigned http_status = 0;
    memset(endless, 'a', sizeof(endless));
    EXPECT_INT(
        ws_handshake_read_answer(span_of(endless, sizeof(endless)), &request, &used, &http_status),
        STATUS_MALFORMED);
}

static void sha1(void)
{
    static const struct {
        const char *text;
        unsigned repeat;
        const char *hex;
    } vectors[] = {
        {"abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"}, /* RFC 3174 §7.3 */
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
        {"0123456701234567012345670123456701234567012345670123456701234567", 10,
         "dea356a2cddd90c7a7ecedc5ebb563934f460452"},
        {"", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"a", 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
        {"a", 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"},
        {"a", 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
        {"a", 1000, "291e9a6c66994949b57ba5e650361e98fc36b1ba"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) {
        uint8_t text[1000];
        uint8_t digest[WS_SHA1_LEN];
        char hex[41];
        struct writer w = writer_of(text, sizeof(text));
        for (unsigned n = 0; n < vectors[i].repeat; n++) {
            writer_text(&w, vectors[i].text);
        }
        ws_sha1(writer_span(&w), digest);
        for (size_t at = 0; at < WS_SHA1_LEN; at++) {
            (void)snprintf(hex + 2 * at, 3, "%02x", digest[at]);
        }
        EXPECT_TEXT(hex, vectors[i].hex);
    }
}

static void base64(void)
{
    static const char *const vectors[][2] = {/* RFC 4648 §10 */
                                             {"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"},
                                             {"\xfb\xff", "+/8="}};
    static const char *const bad[] = {
        "Z",     "Zg",   "Zg=",  "Zg==Zg==", "Z===", "====", "Zh==", "Zm9=",
        "Zm9v ", "Zm-v", "Zm_v", "Zm9v\n",   "=m9v", "Z=9v", "Zg=v", "\xff\xff\xff\xff"};
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char text[16];
        uint8_t octets[16];
        size_t len = 0;
        struct writer w = writer_of(text, sizeof(text));
        ws_base64_write(&w, span_text(vectors[i][0]));
        EXPECT(span_is(writer_span(&w), vectors[i][1]));
        EXPECT(ws_base64_read(span_text(vectors[i][1]), octets, sizeof(octets), &len));
        EXPECT(span_is(span_of(octets, len), vectors[i][0]));
        EXPECT(len == 0 ||
               !ws_base64_read(span_text(vectors[i][1]), octets, len - 1, &len)); /* no room */
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint8_t octets[16];
        size_t len = 0;
        EXPECT(!ws_base64_read(span_text(bad[i]), octets, sizeof(octets), &len));
    }
}

static void headers(void)
{
    static const struct {
        uint64_t len;
        const char *octets;
        size_t octets_len;
    } rows[] = {
        {0, "\x82\x00", 2},
        {125, "\x82\x7d", 2},
        {126, "\x82\x7e\x00\x7e", 4},
        {65535, "\x82\x7e\xff\xff", 4},
        {65536, "\x82\x7f\0\0\0\0\0\x01\0\0", 10},
        {INT64_MAX, "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t text[16];
        struct writer w = writer_of(text, sizeof(text));
        EXPECT_INT(ws_frame_write_header(&w, true, WS_OPCODE_BINARY, rows[i].len), STATUS_OK);
        EXPECT(span_equal(writer_span(&w), span_of(rows[i].octets, rows[i].octets_len)));
        struct writer small = writer_of(text, rows[i].octets_len - 1);
        EXPECT_INT(ws_frame_write_header(&small, true, WS_OPCODE_BINARY, rows[i].len), STATUS_FULL);
    }
}

static void messages(void)
{
    static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t text[200];
    uint8_t payload[126] = {0};
    struct writer w = writer_of(text, sizeof(text));
    EXPECT_INT(ws_write_text(&w, NULL, SPAN_LITERAL("Hello")), STATUS_OK); /* RFC 6455 §5.7 */
    EXPECT_INT(ws_write_text(&w, key, SPAN_LITERAL("Hello")), STATUS_OK);
    EXPECT_INT(ws_write_ping(&w, NULL, SPAN_LITERAL("Hello")), STATUS_OK);
    EXPECT_INT(ws_write_pong(&w, key, SPAN_LITERAL("Hello")), STATUS_OK);
    EXPECT(span_equal(
        writer_span(&w),
        SPAN_LITERAL("\x81\x05Hello\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x89\x05Hello"
                     "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")));
    w = writer_of(text, sizeof(text));
    EXPECT_INT(ws_write_ping(&w, NULL, span_of(payload, 126)), STATUS_TOO_LARGE);
    EXPECT_INT(ws_write_pong(&w, NULL, span_of(payload, 126)), STATUS_TOO_LARGE);
    EXPECT_INT(w.at, 0);
    EXPECT_INT(ws_write_ping(&w, NULL, span_of(payload, 125)), STATUS_OK);
    w = writer_of(text, 6);
    EXPECT_INT(ws_write_text(&w, NULL, SPAN_LITERAL("Hello")), STATUS_FULL);
    w = writer_of(text, 10);
    EXPECT_INT(ws_write_text(&w, key, SPAN_LITERAL("Hello")), STATUS_FULL);
}

static void closes(void)
{
    uint8_t text[200];
    struct writer w = writer_of(text, sizeof(text));
    EXPECT_INT(ws_write_close(&w, NULL, WS_CLOSE_NORMAL, SPAN_LITERAL("bye")), STATUS_OK);
    EXPECT_INT(ws_write_close(&w, NULL, WS_CLOSE_NO_STATUS, SPAN_LITERAL("dropped")), STATUS_OK);
    EXPECT(span_equal(writer_span(&w), SPAN_LITERAL("\x88\x05\x03\xe8"
                                                    "bye\x88\x00")));
    /* A reason that is too long is cut between characters: 122 octets are 40 characters of three
     * and two to spare. */
    uint8_t reason[126];
    for (size_t i = 0; i < sizeof(reason); i += 3) {
        memcpy(reason + i, "\xe4\xbd\xa0", 3);
    }
    w = writer_of(text, sizeof(text));
    EXPECT_INT(ws_write_close(&w, NULL, 4999, span_of(reason, sizeof(reason))), STATUS_OK);
    EXPECT_INT(w.at, 2 + 2 + 123);
    reason[0] = 'a'; /* now 'aaa' and characters of three: 123 falls between, so shift by two */
    reason[1] = 'a';
    memcpy(reason + 2, "\xc3\xa9", 2);
    for (size_t i = 4; i + 3 <= sizeof(reason); i += 3) {
        memcpy(reason + i, "\xe4\xbd\xa0", 3);
    }
    w = writer_of(text, sizeof(text));
    EXPECT_INT(ws_write_close(&w, NULL, 4999, span_of(reason, 124)), STATUS_OK);
    EXPECT_INT(w.at, 2 + 2 + 121);
}

static const struct test_case cases[] = {
    {"specimens", all_specimens},      {"table of refusals", refusal_table},
    {"6455 4.2.2 answer", answer},     {"6455 4.1 there and back", there_and_back},
    {"6455 4.1 answers", all_answers}, {"3174 7.3 SHA-1", sha1},
    {"4648 10 base64", base64},        {"6455 5.2 headers", headers},
    {"6455 5.7 messages", messages},   {"6455 5.5.1 closes", closes},
};

int main(void)
{
    return TEST_MAIN(cases);
}
