#include "certs/tls_server.h"

#include "proto/base/check.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

/* RFC 9325 §4.2: ECDHE with AEAD only. TLS 1.3 suites are all of that kind: OpenSSL's default list
 * stays. */
#define CIPHERS                                                                                    \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                   \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define GROUPS "X25519:P-256:P-384"

/* RFC 7301 §3.2: a client that offers protocols, none of which is ours, gets
 * no_application_protocol. */
static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *context)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl;
    (void)context;
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

enum status tls_server_configure(void *ssl_ctx)
{
    CHECK(ssl_ctx != NULL);
    SSL_CTX *ctx = ssl_ctx;
    char groups[] = GROUPS; /* the macro casts const away */
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                       SSL_OP_PRIORITIZE_CHACHA);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(ctx,
                           SSL_MODE_RELEASE_BUFFERS); /* some 34 kB less for each idle connection */
    SSL_CTX_set_alpn_select_cb(ctx, select_protocol, NULL);
    bool done = SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
                SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
                SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1 &&
                SSL_CTX_set1_groups_list(ctx, groups) == 1;
    ERR_clear_error();
    return done ? STATUS_OK : STATUS_UNSUPPORTED;
}

enum status tls_server_use(void *ssl_ctx, const struct pair *pair)
{
    CHECK(ssl_ctx != NULL && pair != NULL);
    SSL_CTX *ctx = ssl_ctx;
    int used =
        SSL_CTX_use_cert_and_key(ctx, pair_certificate(pair), pair_key(pair), pair_chain(pair), 1);
    ERR_clear_error();
    return used == 1 ? STATUS_OK : STATUS_REFUSED;
}

bool tls_server_established(const void *ssl)
{
    return ssl != NULL && SSL_is_init_finished((const SSL *)ssl) == 1;
}

void tls_server_goodbye(void *ssl)
{
    if (tls_server_established(ssl)) {
        (void)SSL_shutdown((SSL *)ssl); /* 0 or 1: sent; -1: the peer reads nothing any more */
        ERR_clear_error();
    }
}
