/* gateway/web over real TLS sockets: requests, replies, conditions, ranges, files, the ends of
 * connections. */
#include "tests/unit/gateway/web_client.h"
#include "tests/unit/test.h"

#include <poll.h>

#define FILE_LEN 300000

static struct server server;
static struct client client;

/* --- a table of single requests
 * ------------------------------------------------------------------------------------- */

#define HOST "Host: localhost\r\n"

struct row {
    const char *name, *request;
    int status;
    const char *has; /* in the answer; NULL = anything */
};

static const struct row rows[] = {
    {"get", "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "\r\n\r\nhello"},
    {"head", "HEAD /hello HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Length: 5\r\n"},
    {"handler's header", "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "X-Test: yes\r\n"},
    {"date", "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "\r\nDate: "},
    {"no-store unless told", "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200,
     "Cache-Control: no-store\r\n"},
    {"hsts", "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200, "Strict-Transport-Security: max-age="},
    {"hsts on errors", "GET /nowhere HTTP/1.1\r\n" HOST "\r\n", 404,
     "Strict-Transport-Security: max-age="},
    {"nosniff on malformed", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400,
     "X-Content-Type-Options: nosniff"},
    {"csp of data", "GET /hello HTTP/1.1\r\n" HOST "\r\n", 200,
     "Content-Security-Policy: default-src 'none'"},
    {"csp of pages", "GET /page HTTP/1.1\r\n" HOST "\r\n", 200,
     "connect-src 'self' wss://localhost\r\n"},
    {"permissions of pages", "GET /page HTTP/1.1\r\n" HOST "\r\n", 200,
     "camera=(self), microphone=(self)"},
    {"csp of a strange host", "GET /page HTTP/1.1\r\nHost: a;b\r\n\r\n", 200,
     "connect-src 'self'\r\n"},
    {"problem in words", "GET /nowhere HTTP/1.1\r\n" HOST "\r\n", 404,
     "\"code\":\"request.not-found\""},
    {"problem in Chinese", "GET /nowhere HTTP/1.1\r\n" HOST "Accept-Language: zh-CN\r\n\r\n", 404,
     "\"detail\":\"没有找到。\""},
    {"allow", "POST /getonly HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405,
     "Allow: GET, HEAD\r\n"},
    {"trace", "TRACE /hello HTTP/1.1\r\n" HOST "\r\n", 405, "Allow: "},
    {"unknown method", "BREW /hello HTTP/1.1\r\n" HOST "\r\n", 501, NULL},
    {"connect", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501, NULL},
    {"no host", "GET /hello HTTP/1.1\r\n\r\n", 400, "Connection: close"},
    {"http/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, NULL},
    {"dots", "GET /../etc/passwd HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"coded dots", "GET /%2e%2e/etc HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"coded nul", "GET /a%00b HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"length and chunked",
     "POST /echo HTTP/1.1\r\n" HOST
     "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400, "Connection: close"},
    {"length with sign", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc", 400, NULL},
    {"white space before colon", "GET /hello HTTP/1.1\r\nHost : a\r\n\r\n", 400, NULL},
    {"length", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 200, "\r\n\r\nabc"},
    {"chunked",
     "POST /echo HTTP/1.1\r\n" HOST
     "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n",
     200, "\r\n\r\nabcde"},
    {"empty body", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 200,
     "Content-Length: 0\r\n"},
    {"too large by length", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n", 413,
     "Connection: close"},
    {"too large, expecting",
     "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1048577\r\n\r\n", 413,
     NULL},
    {"body where none may be", "POST /hello HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 413,
     NULL},
    {"other expectation",
     "POST /echo HTTP/1.1\r\n" HOST "Expect: tea\r\nContent-Length: 1\r\n\r\nx", 417, NULL},
    {"query, peer, header", "GET /who?a=1&b=%20 HTTP/1.1\r\n" HOST "X-Tag:  t \r\n\r\n", 200,
     "GET|a=1&b=%20|127.0.0.1|-|t"},
    {"cookie", "GET /who HTTP/1.1\r\n" HOST "Cookie: a=b; __Host-session=tok; c=d\r\n\r\n", 200,
     "|tok|"},
    {"two cookies",
     "GET /who HTTP/1.1\r\n" HOST "Cookie: __Host-session=one; __Host-session=two\r\n\r\n", 200,
     "|-|"},
    {"two cookie lines",
     "GET /who HTTP/1.1\r\n" HOST
     "Cookie: __Host-session=one\r\nCookie: __Host-session=two\r\n\r\n",
     400, NULL},
    {"http/1.0", "GET /hello HTTP/1.0\r\n\r\n", 200, "\r\n\r\nhello"},
    {"close asked", "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200,
     "Connection: close"},
    {"answered later", "GET /later HTTP/1.1\r\n" HOST "\r\n", 200, "\r\n\r\nlater"},
    {"etag", "GET /tagged HTTP/1.1\r\n" HOST "\r\n", 200, "ETag: \"v1\"\r\n"},
    {"none-match", "GET /tagged HTTP/1.1\r\n" HOST "If-None-Match: W/\"v1\"\r\n\r\n", 304,
     "ETag: \"v1\"\r\n"},
    {"none-match other", "GET /tagged HTTP/1.1\r\n" HOST "If-None-Match: \"v2\"\r\n\r\n", 200,
     "0123456789"},
    {"range", "GET /tagged HTTP/1.1\r\n" HOST "Range: bytes=2-4\r\n\r\n", 206,
     "Content-Range: bytes 2-4/10\r\n"},
    {"range's octets", "GET /tagged HTTP/1.1\r\n" HOST "Range: bytes=-3\r\n\r\n", 206,
     "\r\n\r\n789"},
    {"range unsatisfiable", "GET /tagged HTTP/1.1\r\n" HOST "Range: bytes=10-\r\n\r\n", 416,
     "Content-Range: bytes */10\r\n"},
    {"range, changed",
     "GET /tagged HTTP/1.1\r\n" HOST "Range: bytes=2-4\r\nIf-Range: \"v0\"\r\n\r\n", 200,
     "0123456789"},
    {"file", "HEAD /file HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Length: 300000\r\n"},
    {"file's ranges", "HEAD /file HTTP/1.1\r\n" HOST "\r\n", 200, "Accept-Ranges: bytes\r\n"},
    {"file, part", "GET /file HTTP/1.1\r\n" HOST "Range: bytes=299990-\r\n\r\n", 206,
     "Content-Range: bytes 299990-299999/300000\r\n"},
    {"file, none", "GET /file HTTP/1.1\r\n" HOST "Range: bytes=300000-\r\n\r\n", 416, NULL},
    {"file, not changed",
     "GET /file HTTP/1.1\r\n" HOST "If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT\r\n\r\n", 304,
     NULL},
    {"websocket without upgrade", "GET /ws HTTP/1.1\r\n" HOST "\r\n", 426,
     "Sec-WebSocket-Version: 13"},
};

static void test_rows(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_row(rows[i].name);
        EXPECT_INT(client_ask(&client, server.port, rows[i].request), rows[i].status);
        EXPECT(rows[i].has == NULL || client_has(&client, rows[i].has));
        EXPECT(!client_has(&client, "unsafe-inline"));
        if (test_bad > 0) {
            printf("%s\n", client.answer);
        }
        test_row_end();
    }
}

/* --- connections
 * ----------------------------------------------------------------------------------------------------
 */

static void test_keep_alive(void)
{
    size_t len = 0;
    EXPECT(client_open(&client, server.port));
    for (int i = 0; i < 20; i++) {
        EXPECT(client_say(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n"));
        EXPECT_INT(client_answer(&client, false, &len), 200);
        client_drop(&client, len);
    }
    client_close(&client);
}

static void test_pipelined(void)
{
    static const char *const requests =
        "GET /hello HTTP/1.1\r\n" HOST "\r\nPOST /echo HTTP/1.1\r\n" HOST
        "Content-Length: 2\r\n\r\nhiGET /later HTTP/1.1\r\n" HOST "\r\n";
    static const char *const bodies[] = {"hello", "hi", "later"};
    size_t len = 0;
    EXPECT(client_open(&client, server.port));
    for (int i = 0; i < 5; i++) {
        EXPECT(client_send(&client, requests, strlen(requests)));
    }
    for (int i = 0; i < 15; i++) {
        EXPECT_INT(client_answer(&client, false, &len), 200);
        const char *body = bodies[i % 3];
        EXPECT(len > strlen(body) &&
               memcmp(client.answer + len - strlen(body), body, strlen(body)) == 0);
        client_drop(&client, len);
    }
    client_close(&client);
}

static void test_byte_by_byte(void)
{
    static const char request[] =
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    size_t len = 0;
    EXPECT(client_open(&client, server.port));
    for (size_t i = 0; i < sizeof(request) - 1; i++) {
        EXPECT(client_send(&client, request + i, 1));
    }
    EXPECT_INT(client_answer(&client, false, &len), 200);
    EXPECT(client_has(&client, "\r\n\r\nabc"));
    client_close(&client);
}

static void test_expect_continue(void)
{
    size_t len = 0;
    EXPECT(client_open(&client, server.port));
    EXPECT(client_say(&client, "POST /echo HTTP/1.1\r\n" HOST
                               "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
    EXPECT_INT(client_answer(&client, true, &len), 100);
    client_drop(&client, len);
    EXPECT(client_say(&client, "12345"));
    EXPECT_INT(client_answer(&client, false, &len), 200);
    EXPECT(client_has(&client, "\r\n\r\n12345"));
    client_close(&client);
}

static void test_large_body(void)
{
    static char body[1 << 20];
    size_t got = 0;
    memset(body, 'b', sizeof(body));
    EXPECT(client_open(&client, server.port));
    EXPECT(client_say(
        &client, "POST /echo HTTP/1.1\r\n" HOST "Connection: close\r\nContent-Length: %zu\r\n\r\n",
        sizeof(body)));
    EXPECT(client_send(&client, body, sizeof(body)));
    while (client_more(&client)) {
        got += client.answer_len;
        client.answer_len = 0;
    }
    EXPECT(got > sizeof(body));
    client_close(&client);
}

/* A good close: everything arrives, then close_notify. */
static void test_good_close(void)
{
    size_t got = 0;
    size_t head = 0;
    EXPECT(client_open(&client, server.port));
    EXPECT(client_say(&client, "GET /big HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
    int n = 0;
    nap_ms(300); /* its buffers fill up */
    while ((n = SSL_read(client.ssl, client.answer, (int)sizeof(client.answer) - 1)) > 0) {
        if (head == 0) {
            client.answer[n] = '\0';
            head = (size_t)(strstr(client.answer, "\r\n\r\n") - client.answer) + 4;
        }
        got += (size_t)n;
    }
    EXPECT_INT(got - head, 3000000);
    EXPECT_INT(SSL_get_error(client.ssl, n), SSL_ERROR_ZERO_RETURN);
    client_close(&client);
}

static void test_file(void)
{
    size_t len = 0;
    size_t got = 0;
    bool same = true;
    EXPECT(client_open(&client, server.port));
    EXPECT(client_say(&client, "GET /file HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
    while (strstr(client.answer, "\r\n\r\n") == NULL && client_more(&client)) {
    }
    len = (size_t)(strstr(client.answer, "\r\n\r\n") - client.answer) + 4;
    do {
        for (size_t i = len; i < client.answer_len; i++, got++) {
            same = same && client.answer[i] == (char)('a' + got % 26);
        }
        client.answer_len = 0;
        len = 0;
    } while (client_more(&client));
    EXPECT_INT(got, FILE_LEN);
    EXPECT(same);
    client_close(&client);
    server.file_to_send = "/nonexistent/file";
    EXPECT_INT(client_ask(&client, server.port, "GET /file HTTP/1.1\r\n" HOST "\r\n"), 404);
    server.file_to_send = "/tmp";
    EXPECT_INT(client_ask(&client, server.port, "GET /file HTTP/1.1\r\n" HOST "\r\n"), 404);
    server.file_to_send = server.file;
}

static void test_modified_since(void)
{
    char date[64];
    char request[256];
    EXPECT_INT(client_ask(&client, server.port, "HEAD /file HTTP/1.1\r\n" HOST "\r\n"), 200);
    char *field = strstr(client.answer, "Last-Modified: ");
    EXPECT(field != NULL);
    if (field == NULL) {
        return;
    }
    snprintf(date, sizeof(date), "%.29s", field + 15);
    snprintf(request, sizeof(request),
             "GET /file HTTP/1.1\r\n" HOST "If-Modified-Since: %s\r\n\r\n", date);
    EXPECT_INT(client_ask(&client, server.port, request), 304);
    EXPECT(!client_has(&client, "Content-Length: 300000") || client_has(&client, "304"));
}

/* Gone while the handler works on it: the answer is thrown away, nothing else happens. */
static void test_gone_meanwhile(void)
{
    for (int i = 0; i < 20; i++) {
        EXPECT(client_open(&client, server.port));
        EXPECT(client_say(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n"));
        client_close(&client);
        EXPECT(client_open(&client, server.port));
        EXPECT(
            client_say(&client, "GET /%s HTTP/1.1\r\n" HOST "\r\n", i % 2 == 0 ? "big" : "file"));
        struct linger reset = {1, 0};
        setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        client_close(&client);
    }
    nap_ms(50);
    EXPECT(wait_for(&server.later_pending, 0));
    EXPECT_INT(client_ask(&client, server.port, "GET /hello HTTP/1.1\r\n" HOST "\r\n"), 200);
}

static void test_timeouts(void)
{
    size_t len = 0;
    struct web_stats before = server_stats(&server);
    EXPECT(client_open(&client, server.port));
    EXPECT(client_say(&client, "GET /hello HTTP/1.1\r\nHo"));
    EXPECT_INT(client_answer(&client, false, &len), 408); /* header_timeout_ms: 1 s */
    EXPECT(client_ended(&client));
    client_close(&client);
    EXPECT(client_open(&client, server.port));
    EXPECT(client_say(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nab"));
    EXPECT_INT(client_answer(&client, false, &len), 408);
    client_close(&client);
    EXPECT(client_open(&client, server.port)); /* silent after the handshake */
    EXPECT(client_ended(&client));
    client_close(&client);
    struct web_stats after = server_stats(&server);
    EXPECT_INT(after.header_timeout - before.header_timeout, 2);
    EXPECT_INT(after.closed_slow - before.closed_slow, 1);
}

static void test_idle_timeout(void)
{
    size_t len = 0;
    EXPECT(client_open(&client, server.port));
    EXPECT(client_say(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n"));
    EXPECT_INT(client_answer(&client, false, &len), 200);
    client_drop(&client, len);
    /* idle_timeout_ms: 2 s. Later than that is told by order, for the clock of a busy machine runs
     * on: who connects after 1.5 s and says nothing is cut after a second more. */
    int64_t start = clock_monotonic_us();
    uint64_t idle = server_stats(&server).idle_timeout;
    nap_ms(1500);
    struct pollfd ends[] = {{.fd = client.fd, .events = POLLIN},
                            {.fd = tcp_open(server.port), .events = POLLIN}};
    EXPECT(poll(ends, 2, 10000) > 0 && ends[0].revents != 0); /* not the silent one alone */
    EXPECT(clock_monotonic_us() - start > 1500000 + 100000);
    EXPECT(client_ended(&client));
    EXPECT_INT(server_stats(&server).idle_timeout - idle, 1);
    EXPECT(poll(&ends[1], 1, 10000) == 1); /* control: it is cut, too */
    close(ends[1].fd);
    client_close(&client);
}

/* --- TLS
 * --------------------------------------------------------------------------------------------------------------
 */

static SSL *connect_with(SSL_CTX *ctx, int *out_fd)
{
    *out_fd = tcp_open(server.port);
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, *out_fd);
    int connected = SSL_connect(ssl);
    ERR_clear_error();
    if (connected != 1) {
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}

static void test_tls(void)
{
    static const struct {
        const char *name;
        int version; /* highest */
        const char *ciphers;
        const char *alpn;
        bool ok;
    } tries[] = {
        {"tls 1.3", TLS1_3_VERSION, NULL, NULL, true},
        {"tls 1.2", TLS1_2_VERSION, NULL, NULL, true},
        {"tls 1.1", TLS1_1_VERSION, "ALL:@SECLEVEL=0", NULL, false},
        {"tls 1.2 cbc", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", NULL, false},
        {"tls 1.2 rsa key exchange", TLS1_2_VERSION, "AES128-GCM-SHA256", NULL, false},
        {"http/1.1", TLS1_3_VERSION, NULL, "\x08http/1.1", true},
        {"h2 and http/1.1", TLS1_3_VERSION, NULL, "\x02h2\x08http/1.1", true},
        {"h2 alone", TLS1_3_VERSION, NULL, "\x02h2", false},
    };
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        test_row(tries[i].name);
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(ctx, tries[i].version);
        if (tries[i].ciphers != NULL) {
            SSL_CTX_set_cipher_list(ctx, tries[i].ciphers);
        }
        if (tries[i].alpn != NULL) {
            SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)tries[i].alpn,
                                    (unsigned)strlen(tries[i].alpn));
        }
        int fd = -1;
        SSL *ssl = connect_with(ctx, &fd);
        EXPECT((ssl != NULL) == tries[i].ok);
        if (ssl != NULL) {
            const unsigned char *chosen = NULL;
            unsigned chosen_len = 0;
            char answer[16] = "";
            SSL_get0_alpn_selected(ssl, &chosen, &chosen_len);
            EXPECT_INT(chosen_len, tries[i].alpn == NULL ? 0 : 8);
            EXPECT(SSL_write(ssl, "GET /hello HTTP/1.1\r\n" HOST "\r\n", 40) == 40);
            EXPECT(SSL_read(ssl, answer, 12) == 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0);
            EXPECT(SSL_session_reused(ssl) == 0);
            SSL_free(ssl);
        }
        close(fd);
        SSL_CTX_free(ctx);
        test_row_end();
    }
}

static bool fingerprint_of(struct client *c, unsigned char out[32])
{
    X509 *peer = SSL_get1_peer_certificate(c->ssl);
    unsigned len = 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    bool ok = peer != NULL && X509_digest(peer, EVP_sha256(), digest, &len) == 1;
    memcpy(out, digest, 32);
    X509_free(peer);
    return ok;
}

static enum status reload_status;
static void reload(struct server *s)
{
    reload_status = web_reload_certificate(s->web, s->certificate, s->key);
}

static void test_certificate_reload(void)
{
    static struct client old;
    unsigned char first[32];
    unsigned char now[32];
    size_t len = 0;
    EXPECT(client_open(&old, server.port) && fingerprint_of(&old, first));
    char other[128];
    snprintf(other, sizeof(other), "%s/other.key", server.folder);
    write_identity(server.certificate, other); /* the key is another's */
    server_call(&server, reload);
    EXPECT_INT(reload_status, STATUS_MALFORMED);
    EXPECT(client_open(&client, server.port) && fingerprint_of(&client, now));
    EXPECT(memcmp(first, now, 32) == 0); /* the old pair is kept */
    client_close(&client);
    write_identity(server.certificate, server.key);
    server_call(&server, reload);
    EXPECT_INT(reload_status, STATUS_OK);
    EXPECT(client_open(&client, server.port) && fingerprint_of(&client, now));
    EXPECT(memcmp(first, now, 32) != 0);
    client_close(&client);
    EXPECT(client_say(&old, "GET /hello HTTP/1.1\r\n" HOST
                            "\r\n")); /* the running connection is not touched */
    EXPECT_INT(client_answer(&old, false, &len), 200);
    client_close(&old);
    unlink(other);
}

static void test_not_tls(void)
{
    struct web_stats before = server_stats(&server);
    char octets[64];
    int fd = tcp_open(server.port);
    EXPECT(write(fd, "GET / HTTP/1.1\r\n\r\n", 18) == 18);
    EXPECT(read(fd, octets, sizeof(octets)) <= 0);
    close(fd);
    fd = tcp_open(
        server.port); /* a STUN request in an RFC 4571 frame: ICE-TCP is not spoken here yet */
    EXPECT(write(fd, "\x00\x14\x00\x01\x00\x00\x21\x12\xa4\x42", 10) == 10);
    EXPECT(read(fd, octets, sizeof(octets)) <= 0);
    close(fd);
    EXPECT_INT(server_stats(&server).not_tls - before.not_tls, 2);
}

/* --- drain: last
 * ------------------------------------------------------------------------------------------------------
 */

static _Atomic unsigned drained;
static void on_drained(void *context)
{
    (void)context;
    drained = 1;
}
static void drain(struct server *s)
{
    web_drain(s->web, 3000000, on_drained, NULL);
}

static void test_drain(void)
{
    static struct client idle;
    static struct client working;
    static struct client socket;
    char reason[128] = "";
    size_t len = 0;
    EXPECT(client_open(&idle, server.port) && client_open(&working, server.port));
    EXPECT(client_say(&idle, "GET /hello HTTP/1.1\r\n" HOST "\r\n"));
    EXPECT_INT(client_answer(&idle, false, &len), 200);
    client_drop(&idle, len);
    EXPECT(client_upgrade(&socket, server.port));
    EXPECT(client_say(&working, "GET /later HTTP/1.1\r\n" HOST "\r\n"));
    EXPECT(wait_for(&server.later_pending, 1));
    server_call(&server, drain);
    EXPECT_INT(client_answer(&working, false, &len), 200); /* what runs is finished */
    EXPECT(client_has(&working, "Connection: close"));
    EXPECT(client_ended(&idle));
    EXPECT_INT(client_close_code(&socket, reason, sizeof(reason)), 1001);
    EXPECT_TEXT(reason, "restart");
    EXPECT(client_frame(&socket, WS_OPCODE_CLOSE, "\x03\xe9", 2));
    client_close(&socket);
    client_close(&working);
    client_close(&idle);
    EXPECT(wait_for(&drained, 1));
    EXPECT(wait_for(&server.ws_closed, server.ws_open));
    EXPECT(!client_open(&client, server.port));
}

int main(void)
{
    static const struct test_case cases[] = {
        {"single requests", test_rows},
        {"keep-alive", test_keep_alive},
        {"pipelined", test_pipelined},
        {"byte by byte", test_byte_by_byte},
        {"100-continue", test_expect_continue},
        {"large body", test_large_body},
        {"good close", test_good_close},
        {"file", test_file},
        {"modified since", test_modified_since},
        {"gone meanwhile", test_gone_meanwhile},
        {"time-outs", test_timeouts},
        {"idle time-out", test_idle_timeout},
        {"tls", test_tls},
        {"certificate reload", test_certificate_reload},
        {"not tls", test_not_tls},
        {"drain", test_drain},
    };
    signal(SIGPIPE, SIG_IGN);
    if (!server_start(&server, SERVER_CONFIG)) {
        printf("0 passed, 1 failed\n");
        return 1;
    }
    FILE *f = fopen(server.file, "w");
    for (int i = 0; i < FILE_LEN; i++) {
        fputc('a' + i % 26, f);
    }
    fclose(f);
    int result = TEST_MAIN(cases);
    server_end(&server);
    SSL_CTX_free(client_ctx);
    return result;
}
