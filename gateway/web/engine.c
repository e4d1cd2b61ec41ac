#include "gateway/web/engine.h"

#include "certs/tls_server.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <sys/socket.h>

#define PROTOCOL "raw"
/* More than the largest TLS record (16,384): SSL_read then never fills it, and the library keeps no
 * list of sockets with octets left in TLS, which it would serve whatever web_engine_reading() says.
 */
#define READ_BUFFER (LWS_PRE + 16384 + 1024)

struct web_engine {
    struct lws_context *context; /* set to NULL by the library when it is gone */
    struct lws_vhost *vhost;
    void *ssl_ctx; /* SSL_CTX *, the vhost's */
    struct web_engine_events events;
    bool shut;
    uint8_t write_buffer[LWS_PRE + WEB_ENGINE_WRITE_MAX];
};

static struct lws *wsi_of(struct web_engine_socket *socket)
{
    return (struct lws *)socket;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len);

static const struct lws_protocols protocols[] = {
    {.name = PROTOCOL,
     .callback = on_event,
     .rx_buffer_size = 0,
     .tx_packet_size = WEB_ENGINE_WRITE_MAX},
    {.name = NULL},
};

static int received(struct web_engine *engine, struct lws *wsi, void *connection,
                    struct span octets)
{
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT,
                    0); /* the library's limit for handshake and first silence */
    engine->events.received(connection, octets);
    return 0;
}

/* Called by the library with -Wswitch-enum's hundred reasons; four matter. */
static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct web_engine *engine = lws_context_user(lws_get_context(wsi));
    if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS) {
        engine->ssl_ctx = user;
        return 0;
    }
    if (reason != LWS_CALLBACK_RAW_RX && reason != LWS_CALLBACK_RAW_WRITEABLE &&
        reason != LWS_CALLBACK_RAW_CLOSE) {
        return 0;
    }
    void *connection = lws_get_opaque_user_data(wsi);
    if (connection == NULL) {
        return 0;
    }
    if (reason == LWS_CALLBACK_RAW_RX) {
        return received(engine, wsi, connection, span_of(in, len));
    }
    if (reason == LWS_CALLBACK_RAW_WRITEABLE) {
        engine->events.writable(connection);
        return 0;
    }
    lws_set_opaque_user_data(wsi, NULL);
    engine->events.closed(connection, tls_server_established(lws_get_ssl(wsi)));
    return 0;
}

static void on_library_log(int level, const char *line)
{
    char quoted[256];
    log_line(level == LLL_ERR ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "libwebsockets", "text=%s",
             log_quote(line, quoted, sizeof(quoted)));
}

static bool make_context(struct web_engine *engine, struct loop *loop, unsigned handshake_timeout_s)
{
    void *loops[] = {loop_uv(loop)};
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .user = engine,
        .foreign_loops = loops,
        .pcontext = &engine->context,
        .pt_serv_buf_size = READ_BUFFER,
        .timeout_secs = handshake_timeout_s,
    };
    engine->context = lws_create_context(&info);
    return engine->context != NULL;
}

static bool make_vhost(struct web_engine *engine)
{
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   LWS_SERVER_OPTION_ADOPT_APPLY_LISTEN_ACCEPT_CONFIG |
                   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .vhost_name = "tls",
        .protocols = protocols,
        .alpn = "http/1.1", /* otherwise h2 is offered, and its parser used */
        .listen_accept_role = "raw-skt",
        .listen_accept_protocol = PROTOCOL,
    };
    engine->vhost = lws_create_vhost(engine->context, &info);
    return engine->vhost != NULL && engine->ssl_ctx != NULL;
}

enum status web_engine_create(struct loop *loop, const struct pair *pair,
                              unsigned handshake_timeout_s, const struct web_engine_events *events,
                              struct web_engine **out_engine)
{
    lws_set_log_level(LLL_ERR | LLL_WARN, on_library_log);
    struct web_engine *engine = calloc(1, sizeof(*engine));
    if (engine == NULL) {
        return STATUS_NO_MEMORY;
    }
    engine->events = *events;
    enum status status = STATUS_OK;
    if (!make_context(engine, loop, handshake_timeout_s)) {
        log_error("web_no_loop", "library=%s hint=%s", web_engine_version(),
                  "libwebsockets-evlib-uv");
        status = STATUS_UNSUPPORTED;
    } else if (!make_vhost(engine)) {
        status = STATUS_UNSUPPORTED;
    } else {
        status = tls_server_configure(engine->ssl_ctx);
    }
    if (status == STATUS_OK) {
        status = tls_server_use(engine->ssl_ctx, pair);
    }
    if (status != STATUS_OK) {
        web_engine_shut(engine);
        while (engine->context != NULL) {
            loop_turn(loop);
            lws_context_destroy(engine->context);
        }
        free(engine);
        return status;
    }
    *out_engine = engine;
    return STATUS_OK;
}

enum status web_engine_use_pair(struct web_engine *engine, const struct pair *pair)
{
    return tls_server_use(engine->ssl_ctx, pair);
}

struct web_engine_socket *web_engine_adopt(struct web_engine *engine, int fd, void *connection)
{
    CHECK(connection != NULL && !engine->shut);
    lws_adopt_desc_t how = {
        .vh = engine->vhost,
        .type = (lws_adoption_type)(LWS_ADOPT_SOCKET | LWS_ADOPT_ALLOW_SSL),
        .fd = {.sockfd = fd},
        .vh_prot_name = PROTOCOL,
    };
    struct lws *wsi = lws_adopt_descriptor_vhost_via_info(&how);
    if (wsi == NULL) {
        return NULL; /* the opaque pointer was not set yet, so no event has named the connection */
    }
    lws_set_opaque_user_data(wsi, connection);
    /* Its own limit is a sorted list of all sockets, walked for each new one: 40 % of the processor
     * time when 10,000 come at once. The owner's timer is the limit that counts. */
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
    return (struct web_engine_socket *)wsi;
}

void web_engine_want_writable(struct web_engine_socket *socket)
{
    (void)lws_callback_on_writable(wsi_of(socket));
}

uint8_t *web_engine_buffer(struct web_engine *engine)
{
    return engine->write_buffer + LWS_PRE;
}

bool web_engine_write(struct web_engine *engine, struct web_engine_socket *socket, size_t len)
{
    CHECK(len > 0 && len <= WEB_ENGINE_WRITE_MAX);
    return lws_write(wsi_of(socket), engine->write_buffer + LWS_PRE, len, LWS_WRITE_RAW) ==
           (int)len;
}

bool web_engine_holds_output(struct web_engine_socket *socket)
{
    return lws_partial_buffered(wsi_of(socket)) != 0;
}

void web_engine_reading(struct web_engine_socket *socket, bool on)
{
    (void)lws_rx_flow_control(wsi_of(socket), on ? 1 : 0);
}

void web_engine_goodbye(struct web_engine_socket *socket)
{
    tls_server_goodbye(lws_get_ssl(wsi_of(socket)));
    (void)shutdown(lws_get_socket_fd(wsi_of(socket)), SHUT_WR); /* already gone: fine */
}

void web_engine_kill(struct web_engine *engine, struct web_engine_socket *socket)
{
    lws_set_timeout(wsi_of(socket), PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    lws_cancel_service(engine->context); /* its timers are looked at after socket events only */
}

void web_engine_shut(struct web_engine *engine)
{
    if (!engine->shut && engine->context != NULL) {
        engine->shut = true;
        lws_context_destroy(engine->context);
    }
}

void web_engine_destroy(struct web_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    CHECK(engine->shut);
    for (int i = 0; i < 3 && engine->context != NULL; i++) {
        lws_context_destroy(engine->context); /* the library's second and third step */
    }
    free(engine);
}

const char *web_engine_version(void)
{
    return lws_get_library_version();
}
