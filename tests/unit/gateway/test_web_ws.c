/* gateway/web: WebSockets of consult.v1 over real TLS sockets: handshake, frames, limits, closes.
 */
#include "tests/unit/gateway/web_client.h"
#include "tests/unit/test.h"

static struct server server;
static struct client client;
static char text[1 << 18];

#define UPGRADE                                                                                    \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: consult.v1\r\n"
#define START "GET /ws HTTP/1.1\r\nHost: localhost\r\n"
#define ORIGIN "Origin: https://localhost\r\n"

static void test_handshakes(void)
{
    static const struct {
        const char *name, *request;
        int status;
    } rows[] = {
        {"right", START ORIGIN UPGRADE VERSION PROTOCOL "\r\n", 101},
        {"among other protocols",
         START ORIGIN UPGRADE VERSION "Sec-WebSocket-Protocol: x, consult.v1\r\n\r\n", 101},
        {"allowed other origin",
         START "Origin: https://console.example\r\n" UPGRADE VERSION PROTOCOL "\r\n", 101},
        {"origin in capitals",
         START "Origin: https://LOCALHOST\r\n" UPGRADE VERSION PROTOCOL "\r\n", 101},
        {"no origin", START UPGRADE VERSION PROTOCOL "\r\n", 403},
        {"foreign origin", START "Origin: https://evil.example\r\n" UPGRADE VERSION PROTOCOL "\r\n",
         403},
        {"origin without tls", START "Origin: http://localhost\r\n" UPGRADE VERSION PROTOCOL "\r\n",
         403},
        {"origin with the host as prefix",
         START "Origin: https://localhost.evil.example\r\n" UPGRADE VERSION PROTOCOL "\r\n", 403},
        {"null origin", START "Origin: null\r\n" UPGRADE VERSION PROTOCOL "\r\n", 403},
        {"no subprotocol", START ORIGIN UPGRADE VERSION "\r\n", 400},
        {"other subprotocol",
         START ORIGIN UPGRADE VERSION "Sec-WebSocket-Protocol: consult.v2\r\n\r\n", 400},
        {"other version", START ORIGIN UPGRADE "Sec-WebSocket-Version: 8\r\n" PROTOCOL "\r\n", 426},
        {"post", "POST /ws HTTP/1.1\r\nHost: localhost\r\n" ORIGIN UPGRADE VERSION PROTOCOL "\r\n",
         400},
        {"elsewhere",
         "GET /hello HTTP/1.1\r\nHost: localhost\r\n" ORIGIN UPGRADE VERSION PROTOCOL "\r\n", 200},
        {"h2c", START ORIGIN "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 426},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_row(rows[i].name);
        EXPECT(client_open(&client, server.port));
        size_t len = 0;
        EXPECT(client_send(&client, rows[i].request, strlen(rows[i].request)));
        EXPECT_INT(client_answer(&client, true, &len), rows[i].status);
        EXPECT(rows[i].status != 101 || client_has(&client, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        EXPECT(rows[i].status != 101 ||
               client_has(&client, "Sec-WebSocket-Protocol: consult.v1\r\n"));
        client_close(&client);
        test_row_end();
    }
}

static bool echoes(const char *payload, size_t len)
{
    size_t got = 0;
    return client_frame(&client, WS_OPCODE_TEXT, payload, len) &&
           client_read_frame(&client, text, sizeof(text), &got) == WS_OPCODE_TEXT && got == len &&
           memcmp(text, payload, len) == 0;
}

static void test_echo(void)
{
    static char large[WS_HEADER_LEN_MAX + 98304];
    memset(large, 'l', sizeof(large));
    EXPECT(client_upgrade(&client, server.port));
    EXPECT(echoes("", 0));
    EXPECT(echoes("hi", 2));
    EXPECT(echoes(large, 126));
    EXPECT(echoes(large, 70000));
    EXPECT(echoes(large, 98304)); /* the limit: 96 KiB */
    client_close(&client);
}

/* A frame that comes in the same segment as the handshake. */
static void test_early_frame(void)
{
    static const char octets[] = START ORIGIN UPGRADE VERSION PROTOCOL "\r\n"
                                                                       "\x81\x82\x00\x00\x00\x00hi";
    size_t len = 0;
    EXPECT(client_open(&client, server.port));
    EXPECT(client_send(&client, octets, sizeof(octets) - 1));
    EXPECT_INT(client_answer(&client, true, &len), 101);
    client_drop(&client, len);
    EXPECT_INT(client_read_frame(&client, text, sizeof(text), &len), WS_OPCODE_TEXT);
    EXPECT_TEXT(text, "hi");
    client_close(&client);
}

/* Sockets share the buffer that messages are assembled in (web_ws.message): what comes in pieces
 * must not meet the pieces of others, nor be lost to a whole message of somebody else, and one that
 * goes away in the middle takes nothing along. */
static void test_cut_messages(void)
{
    static struct client several[4];
    static const uint8_t first[] = {0x01, 0x83, 0, 0, 0, 0}; /* text, more follows, 3 octets */
    static const uint8_t rest[] = {0x80, 0x82, 0, 0, 0, 0};  /* the last fragment, 2 octets */
    char octets[3] = "";
    size_t len = 0;
    for (int i = 0; i < 4; i++) {
        EXPECT(client_upgrade(&several[i], server.port));
    }
    EXPECT(client_upgrade(&client, server.port));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++) { /* up to one octet of the payload */
            octets[0] = (char)('a' + i);
            EXPECT(client_send(&several[i], first, sizeof(first)));
            EXPECT(client_send(&several[i], octets, 1));
        }
        EXPECT(echoes("whole", 5));
        for (int i = 0; i < 4; i++) {
            octets[0] = octets[1] = (char)('a' + i);
            EXPECT(client_send(&several[i], octets, 2));
            EXPECT(client_frame(&several[i], WS_OPCODE_PING, octets, 1)); /* between fragments */
            EXPECT_INT(client_read_frame(&several[i], text, sizeof(text), &len), WS_OPCODE_PONG);
        }
        EXPECT(echoes("another", 7));
        for (int i = 0; i < 4; i++) {
            char expected[6] = "";
            octets[0] = octets[1] = (char)('a' + i);
            memset(expected, 'a' + i, 5);
            EXPECT(client_send(&several[i], rest, sizeof(rest)));
            EXPECT(client_send(&several[i], octets, 2));
            EXPECT_INT(client_read_frame(&several[i], text, sizeof(text), &len), WS_OPCODE_TEXT);
            EXPECT_TEXT(text, expected);
        }
    }
    EXPECT(client_send(&several[0], first, sizeof(first)));
    EXPECT(client_send(&several[1], first, 1));
    for (int i = 0; i < 4; i++) {
        client_close(&several[i]);
    }
    EXPECT(echoes("after", 5));
    client_close(&client);
}

static void test_pings(void)
{
    size_t len = 0;
    EXPECT(client_upgrade(&client, server.port));
    for (int i = 0; i < 10; i++) {
        EXPECT(client_frame(&client, WS_OPCODE_PING, &"0123456789"[i], 1));
    }
    for (int i = 0; i < 10; i++) { /* each is answered, in order */
        EXPECT_INT(client_read_frame(&client, text, sizeof(text), &len), WS_OPCODE_PONG);
        EXPECT(len == 1 && text[0] == '0' + i);
    }
    client_close(&client);
}

static void test_close_codes(void)
{
    static const struct {
        const char *name, *octets;
        size_t len;
        unsigned code;
    } rows[] = {
#define FRAME(octets) octets, sizeof(octets) - 1
        {"unmasked", FRAME("\x81\x02hi"), 1002},
        {"reserved bit", FRAME("\xc1\x82\x00\x00\x00\x00hi"), 1002},
        {"reserved opcode", FRAME("\x83\x80\x00\x00\x00\x00"), 1002},
        {"continuation first", FRAME("\x80\x80\x00\x00\x00\x00"), 1002},
        {"not UTF-8", FRAME("\x81\x81\x00\x00\x00\x00\xff"), 1007},
        {"binary", FRAME("\x82\x81\x00\x00\x00\x00x"), 1003},
        {"too big by its length", FRAME("\x81\xff\x00\x00\x00\x00\x00\x01\x80\x01\x00\x00\x00\x00"),
         1009},
        {"close with one octet", FRAME("\x88\x81\x00\x00\x00\x00\x03"), 1002},
        {"close 1005", FRAME("\x88\x82\x00\x00\x00\x00\x03\xed"), 1002},
        {"close 1000", FRAME("\x88\x82\x00\x00\x00\x00\x03\xe8"), 1000},
        {"close 4321 with a reason", FRAME("\x88\x84\x00\x00\x00\x00\x10\xe1ok"), 4321},
        {"the handler closes",
         FRAME("\x81\x85\x00\x00\x00\x00"
               "close"),
         4000},
#undef FRAME
    };
    char reason[128];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_row(rows[i].name);
        EXPECT(client_upgrade(&client, server.port));
        EXPECT(client_send(&client, rows[i].octets, rows[i].len));
        EXPECT_INT(client_close_code(&client, reason, sizeof(reason)), rows[i].code);
        EXPECT(client_ended(&client)); /* TCP follows */
        client_close(&client);
        test_row_end();
    }
    EXPECT(wait_for(&server.ws_closed, server.ws_open));
}

static void test_flood(void)
{
    char reason[128] = "";
    struct web_stats before = server_stats(&server);
    EXPECT(client_upgrade(&client, server.port));
    for (int i = 0; i < 50; i++) { /* allowed within a second */
        size_t len = 0;
        EXPECT(client_frame(&client, WS_OPCODE_TEXT, "x", 1));
        EXPECT_INT(client_read_frame(&client, text, sizeof(text), &len), WS_OPCODE_TEXT);
    }
    client_close(&client);
    EXPECT(client_upgrade(&client, server.port));
    for (int i = 0; i < 51; i++) {
        EXPECT(client_frame(&client, WS_OPCODE_TEXT, "x", 1));
    }
    EXPECT_INT(client_close_code(&client, reason, sizeof(reason)), 1008);
    EXPECT_TEXT(reason, "flood");
    client_close(&client);
    EXPECT_INT(server_stats(&server).closed_flood - before.closed_flood, 1);
}

/* 200 in 10 s: 45 a second come to it in the fifth. */
static void test_slow_flood(void)
{
    char reason[128] = "";
    EXPECT(client_upgrade(&client, server.port));
    unsigned code = 0;
    int sent = 0;
    while (sent < 260 && code == 0) {
        if (!client_frame(&client, WS_OPCODE_TEXT, "x", 1)) {
            break;
        }
        sent++;
        size_t len = 0;
        int opcode = client_read_frame(&client, text, sizeof(text), &len);
        if (opcode == WS_OPCODE_CLOSE && len >= 2) {
            code = (unsigned)((uint8_t)text[0] << 8 | (uint8_t)text[1]);
            snprintf(reason, sizeof(reason), "%.100s", text + 2);
        }
        nap_ms(22);
    }
    EXPECT_INT(code, 1008);
    EXPECT_TEXT(reason, "flood");
    EXPECT_INT(sent, 201);
    client_close(&client);
}

/* A client that does not read what is sent to it: closed as slow, its memory given back. */
static void test_slow(void)
{
    char reason[128] = "";
    struct web_stats before = server_stats(&server);
    EXPECT(client_upgrade(&client, server.port));
    EXPECT(client_frame(&client, WS_OPCODE_TEXT, "send 400 30000", 14));
    nap_ms(300);
    EXPECT_INT(server_stats(&server).closed_slow - before.closed_slow, 1);
    EXPECT_INT(client_close_code(&client, reason, sizeof(reason)),
               1008); /* when it reads after all */
    EXPECT_TEXT(reason, "slow");
    client_close(&client);
    EXPECT(client_upgrade(&client, server.port));
    unsigned closed = server.ws_closed;
    EXPECT(client_frame(&client, WS_OPCODE_TEXT, "send 400 30000", 14));
    EXPECT(wait_at_least(&server.ws_closed,
                         closed + 1)); /* never reads: gone within seconds all the same */
    client_close(&client);
    EXPECT(wait_for(&server.ws_closed, server.ws_open));
}

static void test_vanish(void)
{
    for (int i = 0; i < 20; i++) {
        EXPECT(client_upgrade(&client, server.port));
        EXPECT(client_frame(&client, WS_OPCODE_TEXT, i % 2 == 0 ? "send 20 30000" : "hi",
                            i % 2 == 0 ? 13 : 2));
        struct linger reset = {1, 0};
        setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        client_close(&client);
    }
    EXPECT(wait_for(&server.ws_closed, server.ws_open));
    EXPECT_INT(server_stats(&server).websockets, 0);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"handshakes", test_handshakes},
        {"echo", test_echo},
        {"early frame", test_early_frame},
        {"cut messages", test_cut_messages},
        {"pings", test_pings},
        {"close codes", test_close_codes},
        {"flood", test_flood},
        {"slow flood", test_slow_flood},
        {"slow", test_slow},
        {"vanish", test_vanish},
    };
    static const char *const origins[] = {"https://console.example", NULL};
    struct web_config config = SERVER_CONFIG;
    config.origins = origins;
    signal(SIGPIPE, SIG_IGN);
    if (!server_start(&server, config)) {
        printf("0 passed, 1 failed\n");
        return 1;
    }
    int result = TEST_MAIN(cases);
    server_end(&server);
    SSL_CTX_free(client_ctx);
    return result;
}
