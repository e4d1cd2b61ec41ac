#include "tests/unit/gateway/web_client.h"
#include "tests/unit/test.h"

static struct server server;
static struct client client;

static void test_hello(void)
{
    EXPECT_INT(client_ask(&client, server.port, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"), 200);
    EXPECT(client_has(&client, "\r\n\r\nhello"));
    EXPECT(client_has(&client, "X-Test: yes\r\n"));
}

static void test_ws_echo(void)
{
    char text[64];
    size_t len = 0;
    EXPECT(client_upgrade(&client, server.port));
    EXPECT(client_frame(&client, WS_OPCODE_TEXT, "hi", 2));
    EXPECT_INT(client_read_frame(&client, text, sizeof(text), &len), WS_OPCODE_TEXT);
    EXPECT_TEXT(text, "hi");
    client_close(&client);
}

int main(void)
{
    static const struct test_case cases[] = {{"hello", test_hello}, {"ws echo", test_ws_echo}};
    if (!server_start(&server, SERVER_CONFIG)) {
        printf("0 passed, 1 failed\n");
        return 1;
    }
    int result = TEST_MAIN(cases);
    server_end(&server);
    return result;
}
