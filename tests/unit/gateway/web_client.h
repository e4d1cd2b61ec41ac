/* A blocking TLS client and a small server for the tests of gateway/web: real sockets on loopback.
 * The server's loop (T0) runs in a thread of its own; the test is the client. */
#ifndef TESTS_UNIT_GATEWAY_WEB_CLIENT_H
#define TESTS_UNIT_GATEWAY_WEB_CLIENT_H

#include "certs/identity.h"
#include "gateway/store/worker.h"
#include "gateway/web/static.h"
#include "gateway/web/web.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"
#include "proto/ws/ws_frame.h"
#include "proto/ws/ws_handshake.h"
#include "proto/ws/ws_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* --- client
 * -------------------------------------------------------------------------------------------------------
 */

struct client {
    int fd;
    SSL *ssl;
    char answer[1 << 18];
    size_t answer_len;
};

static SSL_CTX *client_ctx;

static inline int tcp_open(unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval limit = {.tv_sec = 10};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static inline SSL *tls_over(int fd)
{
    if (client_ctx == NULL) {
        client_ctx = SSL_CTX_new(TLS_client_method());
    }
    SSL *ssl = SSL_new(client_ctx);
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) != 1) {
        ERR_clear_error();
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}

static inline bool client_open(struct client *c, unsigned port)
{
    c->answer_len = 0;
    c->answer[0] = '\0';
    c->fd = tcp_open(port);
    c->ssl = c->fd < 0 ? NULL : tls_over(c->fd);
    if (c->ssl == NULL && c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
    return c->ssl != NULL;
}

static inline void client_close(struct client *c)
{
    SSL_free(c->ssl);
    if (c->fd >= 0) {
        close(c->fd);
    }
    c->ssl = NULL;
    c->fd = -1;
}

static inline bool client_send(struct client *c, const void *octets, size_t len)
{
    int n = SSL_write(c->ssl, octets, (int)len);
    ERR_clear_error();
    return n == (int)len;
}

__attribute__((format(printf, 2, 3))) static inline bool client_say(struct client *c,
                                                                    const char *format, ...)
{
    char text[8192];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return client_send(c, text, (size_t)n);
}

/* Reads more into answer; false at the end or on error. */
static inline bool client_more(struct client *c)
{
    int n =
        SSL_read(c->ssl, c->answer + c->answer_len, (int)(sizeof(c->answer) - 1 - c->answer_len));
    if (n <= 0) {
        ERR_clear_error();
        return false;
    }
    c->answer_len += (size_t)n;
    c->answer[c->answer_len] = '\0';
    return true;
}

/* Reads one whole HTTP answer (Content-Length framing; head alone for HEAD, 204, 304) and gives its
 * status; 0 = none came. *out_len: octets of answer that it takes. */
static inline int client_answer(struct client *c, bool head_only, size_t *out_len)
{
    char *end = NULL;
    while ((end = strstr(c->answer, "\r\n\r\n")) == NULL) {
        if (!client_more(c)) {
            return 0;
        }
    }
    int status = 0;
    sscanf(c->answer, "HTTP/1.1 %d", &status);
    size_t head_len = (size_t)(end - c->answer) + 4;
    size_t body_len = 0;
    char *length = strstr(c->answer, "Content-Length: ");
    if (length != NULL && length < end && !head_only && status != 304 && status != 204) {
        body_len = strtoul(length + 16, NULL, 10);
    }
    while (c->answer_len < head_len + body_len) {
        if (!client_more(c)) {
            return 0;
        }
    }
    *out_len = head_len + body_len;
    return status;
}

static inline void client_drop(struct client *c, size_t len)
{
    memmove(c->answer, c->answer + len, c->answer_len - len + 1);
    c->answer_len -= len;
}

/* True when the server ends the connection within the client's time limit. */
static inline bool client_ended(struct client *c)
{
    while (client_more(c)) {
        c->answer_len = 0;
    }
    return true;
}

static inline bool client_has(const struct client *c, const char *text)
{
    return strstr(c->answer, text) != NULL;
}

/* One request on a connection of its own; status. The answer stays in c. */
static inline int client_ask(struct client *c, unsigned port, const char *request)
{
    size_t len = 0;
    if (!client_open(c, port)) {
        return -1;
    }
    client_send(c, request, strlen(request));
    int status = client_answer(c, strncmp(request, "HEAD", 4) == 0, &len);
    client_close(c);
    return status;
}

/* --- WebSocket
 * ------------------------------------------------------------------------------------------------------
 */

static inline bool client_upgrade(struct client *c, unsigned port)
{
    size_t len = 0;
    return client_open(c, port) &&
           client_say(c,
                      "GET /ws HTTP/1.1\r\nHost: localhost\r\nOrigin: "
                      "https://localhost\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: consult.v1\r\n\r\n") &&
           client_answer(c, true, &len) == 101 && (client_drop(c, len), true);
}

static inline bool client_frame(struct client *c, enum ws_opcode opcode, const void *payload,
                                size_t payload_len)
{
    static uint8_t buffer[200000];
    static const uint8_t mask[4] = {1, 2, 3, 4};
    struct writer w = writer_of(buffer, sizeof(buffer));
    struct ws_frame frame = {
        .fin = true, .opcode = opcode, .mask = mask, .payload = span_of(payload, payload_len)};
    return ws_frame_write(&w, &frame) == STATUS_OK && client_send(c, buffer, w.at);
}

/* Next frame's opcode, payload into text; -1 at the end. */
static inline int client_read_frame(struct client *c, char *text, size_t text_len, size_t *out_len)
{
    for (;;) {
        const uint8_t *a = (const uint8_t *)c->answer;
        size_t head = 2;
        size_t len = c->answer_len >= 2 ? a[1] & 127u : 0;
        if (len == 126) {
            head = 4;
            len = c->answer_len >= 4 ? (size_t)a[2] << 8 | a[3] : 0;
        } else if (len == 127) {
            head = 10;
            len = c->answer_len >= 10
                      ? (size_t)a[6] << 24 | (size_t)a[7] << 16 | (size_t)a[8] << 8 | a[9]
                      : 0;
        }
        if (c->answer_len >= head && c->answer_len >= head + len) {
            int opcode = a[0] & 15;
            size_t copy = len < text_len - 1 ? len : text_len - 1;
            memcpy(text, c->answer + head, copy);
            text[copy] = '\0';
            *out_len = len;
            client_drop(c, head + len);
            return opcode;
        }
        if (!client_more(c)) {
            return -1;
        }
    }
}

/* Reads until the close frame; its code, or 0 when the connection ended without one. */
static inline unsigned client_close_code(struct client *c, char *reason, size_t reason_len)
{
    static char text[1 << 17];
    size_t len = 0;
    for (int opcode; (opcode = client_read_frame(c, text, sizeof(text), &len)) != -1;) {
        if (opcode == WS_OPCODE_CLOSE && len >= 2) {
            snprintf(reason, reason_len, "%.100s", text + 2);
            return (unsigned)((uint8_t)text[0] << 8 | (uint8_t)text[1]);
        }
    }
    return 0;
}

/* --- server
 * ---------------------------------------------------------------------------------------------------------
 */

struct server {
    struct web *web;
    struct worker *blob;
    pthread_t thread;
    unsigned port;
    char folder[64], certificate[96], key[96], file[96];
    _Atomic unsigned ws_open, ws_closed, ws_messages, later_pending;
    struct loop_task stop, call;
    void (*call_run)(struct server *server);
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool call_done;
    const char *file_to_send;
    struct web_static *console; /* when set, it answers everything */
};

struct later {
    struct loop_timer timer;
    struct web_exchange *exchange;
    struct server *server;
};

static inline void later_run(struct loop_timer *timer)
{
    struct later *later = (struct later *)(void *)timer;
    struct web_reply reply = {
        .status = 200, .content_type = "text/plain", .body = "later", .body_len = 5};
    web_reply(later->exchange, &reply);
    later->server->later_pending--;
    free(later);
}

static inline long server_body_limit(void *context, const struct web_request *request,
                                     struct web_exchange *exchange)
{
    (void)context;
    if (strcmp(request->path, "/echo") == 0) {
        return 1 << 20;
    }
    if (strcmp(request->path, "/nowhere") == 0) {
        return -404;
    }
    if (strcmp(request->path, "/getonly") == 0 && strcmp(request->method, "GET") != 0) {
        web_exchange_allow(exchange, "GET, HEAD");
        return -405;
    }
    return 0;
}

static inline void server_request(void *context, struct web_exchange *exchange)
{
    struct server *server = context;
    const struct web_request *r = web_exchange_request(exchange);
    static const char *const headers[] = {"X-Test", "yes", NULL};
    struct web_reply reply = {.status = 200,
                              .content_type = "text/plain",
                              .body = "hello",
                              .body_len = 5,
                              .headers = headers};
    char text[512];
    if (server->console != NULL) {
        web_static_request(server->console, exchange);
        return;
    }
    if (strcmp(r->path, "/echo") == 0) {
        reply.body = r->body.data;
        reply.body_len = r->body.len;
    } else if (strcmp(r->path, "/tagged") == 0) {
        reply.body = "0123456789";
        reply.body_len = 10;
        reply.etag = "\"v1\"";
    } else if (strcmp(r->path, "/page") == 0) {
        reply.content_type = "text/html; charset=utf-8";
    } else if (strcmp(r->path, "/file") == 0) {
        reply.file = server->file_to_send;
        reply.content_type = "application/octet-stream";
    } else if (strcmp(r->path, "/big") == 0) {
        reply.body = calloc(1, 3000000);
        reply.body_len = 3000000;
        reply.body_free = free;
    } else if (strcmp(r->path, "/who") == 0) {
        const char *tag = web_exchange_header(exchange, "X-Tag");
        reply.body_len = (size_t)snprintf(
            text, sizeof(text), "%s|%s|%s|%s|%s", r->method, r->query, r->peer_address,
            r->session_token == NULL ? "-" : r->session_token, tag == NULL ? "-" : tag);
        reply.body = text;
    } else if (strcmp(r->path, "/later") == 0) {
        struct later *later = calloc(1, sizeof(*later));
        later->timer.run = later_run;
        later->exchange = exchange;
        later->server = server;
        server->later_pending++;
        loop_timer_set(web_loop(server->web), &later->timer, 200000);
        return;
    }
    web_reply(exchange, &reply);
}

static inline void server_ws_request(void *context, struct web_exchange *exchange)
{
    struct server *server = context;
    if (web_ws_accept(exchange, server) != NULL) {
        server->ws_open++;
    }
}

/* "send N M": N messages of M octets; "close": 4000; anything else comes back. */
static inline void server_ws_message(void *context, struct web_ws *ws, struct span text)
{
    struct server *server = context;
    unsigned count = 0;
    unsigned size = 0;
    char command[64];
    server->ws_messages++;
    if (span_copy_text(text, command, sizeof(command)) &&
        sscanf(command, "send %u %u", &count, &size) == 2) {
        char *octets = malloc(size);
        memset(octets, 'x', size);
        while (count-- > 0) {
            web_ws_send(ws, octets, size);
        }
        free(octets);
    } else if (span_is(text, "close")) {
        web_ws_close(ws, 4000, "asked");
    } else {
        web_ws_send(ws, (const char *)text.data, text.len);
    }
}

static inline void server_ws_closed(void *context, struct web_ws *ws)
{
    struct server *server = context;
    if (web_ws_data(ws) == server) {
        server->ws_closed++;
    }
}

static inline void write_identity(const char *certificate, const char *key)
{
    struct identity *identity = NULL;
    if (identity_generate(&identity) != STATUS_OK) {
        abort();
    }
    FILE *f = fopen(certificate, "w");
    PEM_write_X509(f, identity_certificate(identity));
    fclose(f);
    f = fopen(key, "w");
    fchmod(fileno(f), 0600);
    PEM_write_PrivateKey(f, identity_key(identity), NULL, NULL, 0, NULL, NULL);
    fclose(f);
    identity_destroy(identity);
}

static inline void *server_thread(void *argument)
{
    web_run(((struct server *)argument)->web);
    return NULL;
}

static inline bool server_start(struct server *server, struct web_config config)
{
    memset(server, 0, sizeof(*server));
    log_set_level(LOG_LEVEL_ERROR);
    snprintf(server->folder, sizeof(server->folder), "/tmp/test-web-XXXXXX");
    if (mkdtemp(server->folder) == NULL) {
        return false;
    }
    snprintf(server->certificate, sizeof(server->certificate), "%s/server.crt", server->folder);
    snprintf(server->key, sizeof(server->key), "%s/server.key", server->folder);
    snprintf(server->file, sizeof(server->file), "%s/file", server->folder);
    write_identity(server->certificate, server->key);
    server->file_to_send = server->file;
    config.listen_address = "127.0.0.1";
    config.certificate_file = server->certificate;
    config.key_file = server->key;
    struct web_handlers handlers = {.context = server,
                                    .body_limit = server_body_limit,
                                    .request = server_request,
                                    .ws_request = server_ws_request,
                                    .ws_message = server_ws_message,
                                    .ws_closed = server_ws_closed};
    if (web_create(&config, &handlers, &server->web) != STATUS_OK ||
        worker_create("blob", 1, 100, web_loop(server->web), NULL, NULL, &server->blob) !=
            STATUS_OK) {
        return false;
    }
    web_set_blob(server->web, server->blob);
    server->port = web_port(server->web);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->done, NULL);
    return pthread_create(&server->thread, NULL, server_thread, server) == 0;
}

static inline void server_called(struct loop_task *task)
{
    struct server *server = (struct server *)(void *)((char *)task - offsetof(struct server, call));
    server->call_run(server);
    pthread_mutex_lock(&server->lock);
    server->call_done = true;
    pthread_cond_signal(&server->done);
    pthread_mutex_unlock(&server->lock);
}

/* Runs a function on T0 and waits for it. */
static inline void server_call(struct server *server, void (*run)(struct server *server))
{
    server->call_run = run;
    server->call_done = false;
    server->call.run = server_called;
    loop_post(web_loop(server->web), &server->call);
    pthread_mutex_lock(&server->lock);
    while (!server->call_done) {
        pthread_cond_wait(&server->done, &server->lock);
    }
    pthread_mutex_unlock(&server->lock);
}

static inline void server_stop_run(struct server *server)
{
    web_stop(server->web);
}

static inline void server_end(struct server *server)
{
    server_call(server, server_stop_run);
    pthread_join(server->thread, NULL);
    worker_destroy(server->blob);
    web_destroy(server->web);
    unlink(server->certificate);
    unlink(server->key);
    unlink(server->file);
    rmdir(server->folder);
}

static struct web_stats stats_now;
static inline void server_stats_run(struct server *server)
{
    web_stats(server->web, &stats_now);
}
static inline struct web_stats server_stats(struct server *server)
{
    server_call(server, server_stats_run);
    return stats_now;
}

static inline double server_cpu_s(const struct server *server)
{
    clockid_t clock;
    struct timespec t;
    pthread_getcpuclockid(server->thread, &clock);
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void nap_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* Waits up to 5 s for *value to become `wanted`. */
static inline bool wait_for(const _Atomic unsigned *value, unsigned wanted)
{
    for (int i = 0; i < 500 && *value != wanted; i++) {
        nap_ms(10);
    }
    return *value == wanted;
}

static inline bool wait_at_least(const _Atomic unsigned *value, unsigned wanted)
{
    for (int i = 0; i < 500 && *value < wanted; i++) {
        nap_ms(10);
    }
    return *value >= wanted;
}

#define SERVER_CONFIG                                                                              \
    ((struct web_config){.connections_max = 3000,                                                  \
                         .connections_per_address = 3000,                                          \
                         .header_timeout_ms = 1000,                                                \
                         .idle_timeout_ms = 2000,                                                  \
                         .ws_send_queue_bytes = 1 << 20})

#endif
