/* gateway/web/static: the console's files over a real connection: types, caching, precompressed
 * variants, unknown addresses. */
#include "tests/unit/gateway/web_client.h"
#include "tests/unit/test.h"

static struct server server;
static struct client client;
static char folder[] = "/tmp/test-static-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

static void test_rows(void)
{
    static const struct {
        const char *name, *path, *fields;
        int status;
        const char *has, *lacks;
    } rows[] = {
        {"root", "/", "", 200, "INDEX", NULL},
        {"root is a page", "/", "", 200, "Content-Type: text/html; charset=utf-8", NULL},
        {"root is asked again", "/", "", 200, "Cache-Control: no-cache", NULL},
        {"page of the console", "/case/0123", "", 200, "INDEX", NULL},
        {"missing asset", "/assets/gone-abcdefgh.js", "", 404, "problem+json", "INDEX"},
        {"hashed", "/assets/index-aB3_x-9Z.js", "", 200,
         "Cache-Control: public, max-age=31536000, immutable", NULL},
        {"hashed is script", "/assets/index-aB3_x-9Z.js", "", 200, "Content-Type: text/javascript",
         NULL},
        {"not hashed", "/assets/plain.css", "", 200, "Cache-Control: no-cache", "immutable"},
        {"outside assets", "/icon-abcdefgh.svg", "", 200, "Cache-Control: no-cache", "immutable"},
        {"brotli", "/assets/index-aB3_x-9Z.js", "Accept-Encoding: gzip, br\r\n", 200,
         "Content-Encoding: br\r\n", NULL},
        {"gzip", "/assets/index-aB3_x-9Z.js", "Accept-Encoding: gzip\r\n", 200,
         "Content-Encoding: gzip\r\n", NULL},
        {"brotli unwanted", "/assets/index-aB3_x-9Z.js", "Accept-Encoding: br;q=0\r\n", 200,
         "PLAIN", "Content-Encoding"},
        {"plain, but may vary", "/assets/index-aB3_x-9Z.js", "", 200, "Vary: Accept-Encoding",
         "Content-Encoding"},
        {"dot file", "/.secret", "", 404, NULL, "SECRET"},
        {"link out of the folder", "/link.txt", "", 404, NULL, "root:"},
        {"dots", "/../../../etc/passwd", "", 400, NULL, "root:"},
        {"coded dots", "/%2e%2e/%2e%2e/etc/passwd", "", 400, NULL, "root:"},
        {"coded slash", "/..%2f..%2fetc%2fpasswd", "", 400, NULL, "root:"},
        {"part", "/assets/plain.css", "Range: bytes=1-3\r\n", 206, "Content-Range: bytes 1-3/5",
         NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char request[512];
        test_row(rows[i].name);
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
                 rows[i].path, rows[i].fields);
        EXPECT_INT(client_ask(&client, server.port, request), rows[i].status);
        EXPECT(rows[i].has == NULL || client_has(&client, rows[i].has));
        EXPECT(rows[i].lacks == NULL || !client_has(&client, rows[i].lacks));
        test_row_end();
    }
}

static void test_methods(void)
{
    EXPECT_INT(client_ask(&client, server.port,
                          "DELETE /icon-abcdefgh.svg HTTP/1.1\r\nHost: localhost\r\n\r\n"),
               405);
    EXPECT(client_has(&client, "Allow: GET, HEAD"));
    EXPECT_INT(client_ask(&client, server.port, "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 200);
    EXPECT(client_has(&client, "Content-Length: 5") && !client_has(&client, "INDEX"));
}

static void test_validators(void)
{
    char request[512];
    EXPECT_INT(client_ask(&client, server.port, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 200);
    char *etag = strstr(client.answer, "ETag: ");
    EXPECT(etag != NULL);
    if (etag != NULL) {
        snprintf(request, sizeof(request),
                 "GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: %.*s\r\n\r\n",
                 (int)strcspn(etag + 6, "\r"), etag + 6);
        EXPECT_INT(client_ask(&client, server.port, request), 304);
        EXPECT(!client_has(&client, "INDEX"));
    }
}

static void test_no_folder(void)
{
    struct web_static *none = NULL;
    EXPECT_INT(web_static_open("/nonexistent", &none), STATUS_IO);
    EXPECT_INT(web_static_open(server.folder, &none), STATUS_IO); /* no index.html */
}

int main(void)
{
    static const struct test_case cases[] = {{"requests", test_rows},
                                             {"methods", test_methods},
                                             {"validators", test_validators},
                                             {"no folder", test_no_folder}};
    char command[128];
    signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    snprintf(command, sizeof(command), "mkdir %s/assets && ln -s /etc/passwd %s/link.txt", folder,
             folder);
    if (system(command) != 0) {
        return 1;
    }
    put("index.html", "INDEX");
    put("icon-abcdefgh.svg", "<svg/>");
    put("assets/index-aB3_x-9Z.js", "PLAIN");
    put("assets/index-aB3_x-9Z.js.br", "BROTLI");
    put("assets/index-aB3_x-9Z.js.gz", "GZIP");
    put("assets/plain.css", "PLAIN");
    put(".secret", "SECRET");
    if (!server_start(&server, SERVER_CONFIG)) {
        return 1;
    }
    if (web_static_open(folder, &server.console) != STATUS_OK) {
        return 1;
    }
    int result = TEST_MAIN(cases);
    server_end(&server);
    web_static_close(server.console);
    SSL_CTX_free(client_ctx);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command) == 0 ? result : 1;
}
