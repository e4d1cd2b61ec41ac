/* One connection, from the socket to messages:
 *
 *   TCP ──connected──> TLS ──handshake──> UPGRADE ──101──> MESSAGES
 *    └──────────────────┴───── failed ──────┴── not 101 ──────┴── lost, close frame ──> CLOSED
 *
 * step() makes each transition, close_for() the last one. Memory that an idle connection does not
 * need (head of the answer, message being assembled, unsent octets) is allocated while it is needed
 * only: 10,000 of them share a process. */
#include "tests/load/wss.h"

#include "proto/base/check.h"
#include "proto/ws/ws_handshake.h"
#include "proto/ws/ws_stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <netinet/tcp.h>

#define PATH "/ws"
#define SUBPROTOCOL "consult.v1"
#define ASSEMBLY_LEN ((size_t)WSS_MESSAGE_MAX)
#define READ_MAX 16384 /* one TLS record */
#define UNSENT_MAX                                                                                 \
    ((size_t)256 * 1024) /* more than two of the largest messages: the gateway is stuck            \
                          */
#define UNTAKEN_MAX 512u /* messages that the owner has not taken */

enum phase { PHASE_TCP, PHASE_TLS, PHASE_UPGRADE, PHASE_MESSAGES, PHASE_CLOSED };

struct message {
    struct message *next;
    size_t len;
    uint8_t text[];
};

struct wss {
    int fd;
    enum phase phase;
    bool tls_wants_write;
    SSL *ssl;
    uint8_t *unsent; /* NULL: none */
    size_t unsent_len;
    uint8_t *head; /* of the answer to the upgrade, until it is whole */
    size_t head_len;
    struct message *first, *last, *taken;
    unsigned untaken;
    uint8_t *assembly; /* WSS_MESSAGE_MAX, while a frame or message is cut */
    struct ws_stream stream;
    uint8_t key[16];
    char reason[WS_REASON_LEN_MAX + 1];
};

/* --- end --- */

static void close_for(struct wss *wss, const char *reason)
{
    if (wss->phase != PHASE_CLOSED) {
        wss->phase = PHASE_CLOSED;
        (void)snprintf(wss->reason, sizeof(wss->reason), "%s", reason);
    }
}

static const char *socket_error(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return "refused";
    case ECONNRESET:
    case EPIPE:
        return "reset";
    case ETIMEDOUT:
        return "timeout";
    default:
        return "lost";
    }
}

/* --- output --- */

/* What a call of OpenSSL that did not succeed means. True: try again later. */
static bool again(struct wss *wss, int result, const char *what)
{
    int saved = errno;
    int error = SSL_get_error(wss->ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        wss->tls_wants_write = error == SSL_ERROR_WANT_WRITE;
        return true;
    }
    ERR_clear_error();
    close_for(wss, error == SSL_ERROR_SYSCALL && saved != 0 ? socket_error(saved)
                   : error == SSL_ERROR_ZERO_RETURN         ? "closed"
                                                            : what);
    return false;
}

static void flush(struct wss *wss)
{
    while (wss->unsent_len > 0 && wss->phase != PHASE_CLOSED) {
        ERR_clear_error();
        errno = 0;
        int n = SSL_write(wss->ssl, wss->unsent, (int)wss->unsent_len);
        if (n <= 0) {
            (void)again(wss, n, "lost");
            return;
        }
        wss->tls_wants_write = false;
        wss->unsent_len -= (size_t)n;
        memmove(wss->unsent, wss->unsent + n, wss->unsent_len);
    }
    free(wss->unsent);
    wss->unsent = NULL;
    wss->unsent_len = 0;
}

/* Room for `len` octets more behind what is unsent. */
static bool make_room(struct wss *wss, size_t len, struct writer *out_writer)
{
    uint8_t *larger =
        len <= UNSENT_MAX - wss->unsent_len ? realloc(wss->unsent, wss->unsent_len + len) : NULL;
    if (larger == NULL) {
        return false;
    }
    wss->unsent = larger;
    *out_writer = writer_of(larger + wss->unsent_len, len);
    return true;
}

static void send_written(struct wss *wss, const struct writer *w)
{
    wss->unsent_len += writer_span(w).len;
    flush(wss);
}

static void make_mask(uint8_t out_mask[4])
{
    CHECK(RAND_bytes(out_mask, 4) == 1);
}

bool wss_send(struct wss *wss, struct span text)
{
    struct writer w;
    uint8_t mask[4];
    if (wss->phase != PHASE_MESSAGES || !make_room(wss, text.len + WS_HEADER_LEN_MAX, &w)) {
        return false;
    }
    make_mask(mask);
    enum status status = ws_write_text(&w, mask, text);
    CHECK(status == STATUS_OK);
    send_written(wss, &w);
    return wss->phase == PHASE_MESSAGES;
}

static void answer_ping(struct wss *wss, struct span payload)
{
    struct writer w;
    uint8_t mask[4];
    if (!make_room(wss, WS_HEADER_LEN_MAX + WS_CONTROL_LEN_MAX, &w)) {
        close_for(wss, "no memory");
        return;
    }
    make_mask(mask);
    enum status status = ws_write_pong(&w, mask, payload);
    CHECK(status == STATUS_OK);
    send_written(wss, &w);
}

/* RFC 6455 §5.5.1: the code is echoed, as far as the socket takes it at once. */
static void answer_close(struct wss *wss, const struct ws_event *event)
{
    struct writer w;
    uint8_t mask[4];
    char reason[WS_REASON_LEN_MAX + 1];
    if (!span_copy_text(event->payload, reason, sizeof(reason)) || reason[0] == '\0') {
        (void)snprintf(reason, sizeof(reason), "close %u", event->close_code);
    }
    if (make_room(wss, WS_HEADER_LEN_MAX + WS_CONTROL_LEN_MAX, &w)) {
        make_mask(mask);
        enum status status = ws_write_close(&w, mask, event->close_code, (struct span){0});
        CHECK(status == STATUS_OK);
        send_written(wss, &w);
    }
    close_for(wss, reason);
}

/* --- input --- */

static void keep_message(struct wss *wss, struct span text)
{
    struct message *m = wss->untaken < UNTAKEN_MAX ? malloc(sizeof(*m) + text.len) : NULL;
    if (m == NULL) {
        close_for(wss, "messages not taken");
        return;
    }
    m->next = NULL;
    m->len = text.len;
    if (text.len > 0) {
        memcpy(m->text, text.data, text.len);
    }
    if (wss->last == NULL) {
        wss->first = m;
    } else {
        wss->last->next = m;
    }
    wss->last = m;
    wss->untaken++;
}

static void take_event(struct wss *wss, const struct ws_event *event)
{
    switch (event->kind) {
    case WS_EVENT_TEXT:
        keep_message(wss, event->payload);
        break;
    case WS_EVENT_PING:
        answer_ping(wss, event->payload);
        break;
    case WS_EVENT_CLOSE:
        answer_close(wss, event);
        break;
    case WS_EVENT_BINARY:
        close_for(wss, "binary message");
        break;
    case WS_EVENT_PONG:
        break;
    }
}

/* Between two messages a stream has no memory of what was, so buffer and stream are made anew for
 * each run of octets. */
static void take_frames(struct wss *wss, struct span input)
{
    if (input.len > 0 && wss->assembly == NULL) {
        wss->assembly = malloc(ASSEMBLY_LEN);
        if (wss->assembly == NULL) {
            close_for(wss, "no memory");
            return;
        }
        ws_stream_init(&wss->stream, WS_CLIENT, wss->assembly, ASSEMBLY_LEN);
    }
    while (input.len > 0 && wss->phase == PHASE_MESSAGES) {
        struct ws_event event;
        size_t used = 0;
        enum status status = ws_stream_feed(&wss->stream, input, &used, &event);
        input = span_of(input.data + used, input.len - used);
        if (status == STATUS_OK) {
            take_event(wss, &event);
        } else if (status != STATUS_NEED_MORE) {
            close_for(wss, ws_reason_label(wss->stream.reason));
        }
    }
    if (wss->assembly != NULL && (wss->phase == PHASE_CLOSED || !ws_stream_busy(&wss->stream))) {
        free(wss->assembly);
        wss->assembly = NULL;
    }
}

/* The answer to the upgrade, in any number of pieces; frames may follow in the same one. */
static void take_head(struct wss *wss, struct span input)
{
    uint8_t *larger = realloc(wss->head, wss->head_len + input.len);
    if (larger == NULL) {
        close_for(wss, "no memory");
        return;
    }
    memcpy(larger + wss->head_len, input.data, input.len);
    wss->head = larger;
    wss->head_len += input.len;
    struct ws_handshake_request request = {.protocol = SUBPROTOCOL};
    memcpy(request.key, wss->key, sizeof(request.key));
    size_t used = 0;
    unsigned http_status = 0;
    enum status status =
        ws_handshake_read_answer(span_of(wss->head, wss->head_len), &request, &used, &http_status);
    if (status == STATUS_NEED_MORE) {
        return;
    }
    uint8_t *head = wss->head;
    size_t head_len = wss->head_len;
    wss->head = NULL;
    wss->head_len = 0;
    if (status == STATUS_OK) {
        wss->phase = PHASE_MESSAGES;
        take_frames(wss, span_of(head + used, head_len - used));
    } else {
        char reason[32];
        (void)snprintf(reason, sizeof(reason), "http %u", http_status);
        close_for(wss, status == STATUS_REFUSED ? reason : "malformed answer");
    }
    free(head);
}

static void receive(struct wss *wss)
{
    uint8_t octets[READ_MAX];
    while (wss->phase == PHASE_UPGRADE || wss->phase == PHASE_MESSAGES) {
        ERR_clear_error();
        errno = 0;
        int n = SSL_read(wss->ssl, octets, sizeof(octets));
        if (n <= 0) {
            (void)again(wss, n, "lost");
            return;
        }
        if (wss->phase == PHASE_UPGRADE) {
            take_head(wss, span_of(octets, (size_t)n));
        } else {
            take_frames(wss, span_of(octets, (size_t)n));
        }
    }
}

/* --- the way up --- */

static void tcp_step(struct wss *wss)
{
    int error = 0;
    socklen_t len = sizeof(error);
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof(peer);
    if (getsockopt(wss->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
        close_for(wss, socket_error(error));
    } else if (getpeername(wss->fd, (struct sockaddr *)&peer, &peer_len) == 0) {
        wss->phase = PHASE_TLS; /* else it is still on its way */
    }
}

static void tls_step(struct wss *wss)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_connect(wss->ssl);
    if (result == 1) {
        wss->tls_wants_write = false;
        wss->phase = PHASE_UPGRADE;
        flush(wss); /* the request has waited since wss_open() */
    } else {
        (void)again(wss, result, "tls failed");
    }
}

enum wss_state wss_work(struct wss *wss)
{
    if (wss->phase == PHASE_TCP) {
        tcp_step(wss);
    }
    if (wss->phase == PHASE_TLS) {
        tls_step(wss);
    }
    if (wss->phase == PHASE_UPGRADE || wss->phase == PHASE_MESSAGES) {
        flush(wss);
        receive(wss);
    }
    return wss->phase == PHASE_CLOSED     ? WSS_CLOSED
           : wss->phase == PHASE_MESSAGES ? WSS_OPEN
                                          : WSS_CONNECTING;
}

static bool write_request(struct wss *wss, const struct wss_config *config)
{
    char origin[300];
    char cookie[300];
    struct writer w;
    CHECK(RAND_bytes(wss->key, sizeof(wss->key)) == 1);
    int origin_len = snprintf(origin, sizeof(origin), "https://%s", config->authority);
    int cookie_len = snprintf(cookie, sizeof(cookie), "__Host-session=%s", config->cookie);
    if (origin_len < 0 || origin_len >= (int)sizeof(origin) || cookie_len < 0 ||
        cookie_len >= (int)sizeof(cookie) || !make_room(wss, 1024, &w)) {
        return false;
    }
    struct ws_handshake_request request = {.host = config->authority,
                                           .path = PATH,
                                           .origin = origin,
                                           .protocol = SUBPROTOCOL,
                                           .cookie = cookie};
    memcpy(request.key, wss->key, sizeof(request.key));
    if (ws_handshake_write_request(&w, &request) != STATUS_OK) {
        return false;
    }
    wss->unsent_len += writer_span(&w).len;
    return true;
}

/* A refusal that comes at once is a matter for wss_work(): false is for what this process lacks. */
static bool connect_socket(struct wss *wss, const struct wss_config *config)
{
    struct sockaddr_storage address;
    int family = config->to.family == 6 ? AF_INET6 : AF_INET;
    int on = 1;
    wss->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wss->fd < 0) {
        return false;
    }
    (void)setsockopt(wss->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (config->from.family != 0) {
        /* The port is chosen when the other end is known: not 28,000 for an address, but for each
         * pair of addresses. */
        (void)setsockopt(wss->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
        socklen_t len = addr_to_sockaddr(&config->from, family, &address);
        if (bind(wss->fd, (const struct sockaddr *)&address, len) != 0) {
            return false;
        }
    }
    socklen_t len = addr_to_sockaddr(&config->to, family, &address);
    if (connect(wss->fd, (const struct sockaddr *)&address, len) != 0 && errno != EINPROGRESS) {
        close_for(wss, socket_error(errno));
    }
    return true;
}

struct wss *wss_open(const struct wss_config *config)
{
    struct wss *wss = calloc(1, sizeof(*wss));
    if (wss == NULL) {
        return NULL;
    }
    wss->fd = -1;
    wss->ssl = SSL_new(config->context);
    if (wss->ssl == NULL || !write_request(wss, config) || !connect_socket(wss, config) ||
        SSL_set_fd(wss->ssl, wss->fd) != 1) {
        ERR_clear_error();
        wss_close(wss);
        return NULL;
    }
    return wss;
}

void wss_close(struct wss *wss)
{
    if (wss == NULL) {
        return;
    }
    while (wss->first != NULL) {
        struct message *m = wss->first;
        wss->first = m->next;
        free(m);
    }
    free(wss->taken);
    free(wss->assembly);
    free(wss->head);
    free(wss->unsent);
    SSL_free(wss->ssl);
    if (wss->fd >= 0) {
        (void)close(wss->fd);
    }
    free(wss);
}

/* --- what the owner asks --- */

SSL_CTX *wss_context(void)
{
    static const unsigned char alpn[] = "\x08http/1.1";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL) {
        return NULL;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes with write() */
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_alpn_protos(context, alpn, sizeof(alpn) - 1) != 0) {
        ERR_clear_error();
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

int wss_fd(const struct wss *wss)
{
    return wss->fd;
}

unsigned wss_wants(const struct wss *wss)
{
    bool write = wss->phase == PHASE_TCP || wss->tls_wants_write ||
                 (wss->phase >= PHASE_UPGRADE && wss->unsent_len > 0);
    return write ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

const char *wss_reason(const struct wss *wss)
{
    return wss->reason;
}

bool wss_take(struct wss *wss, struct span *out_text)
{
    free(wss->taken);
    wss->taken = wss->first;
    if (wss->taken == NULL) {
        return false;
    }
    wss->first = wss->taken->next;
    if (wss->first == NULL) {
        wss->last = NULL;
    }
    wss->untaken--;
    *out_text = span_of(wss->taken->text, wss->taken->len);
    return true;
}
