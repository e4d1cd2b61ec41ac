/* A browser's end of DTLS-SRTP in tests and in the load generator: an OpenSSL DTLS client over
 * datagrams in memory (RFC 6347, RFC 5764). Sends through a callback; takes any certificate,
 * because the fingerprint was in the answer of a gateway that the test started. Header only. One
 * thread. */
#ifndef TESTS_TOOLS_DTLS_CLIENT_H
#define TESTS_TOOLS_DTLS_CLIENT_H

#include "certs/identity.h"
#include "media/rtpsec/rtpsec.h"
#include "proto/base/check.h"
#include "proto/base/span.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>

struct dtls_client {
    SSL *ssl;
    bool done, failed;
    unsigned close_heard;
    struct span in; /* datagram that the BIO reads */
    void (*send)(void *owner, const void *datagram, size_t len);
    void *owner;
};

static int dtls_client_write(BIO *bio, const char *data, int len)
{
    struct dtls_client *client = BIO_get_data(bio);
    client->send(client->owner, data, (size_t)len);
    return len;
}

static int dtls_client_read(BIO *bio, char *out, int room)
{
    struct dtls_client *client = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (client->in.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = client->in.len < (size_t)room ? client->in.len : (size_t)room;
    memcpy(out, client->in.data, n);
    client->in = span_of(NULL, 0);
    return (int)n;
}

static long dtls_client_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : command == BIO_CTRL_DGRAM_QUERY_MTU ? 1200 : 0;
}

static int dtls_client_verify(int ok, X509_STORE_CTX *store)
{
    (void)ok;
    (void)store;
    return 1;
}

static BIO_METHOD *dtls_client_bio(void)
{
    static BIO_METHOD *method;
    if (method == NULL) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "test client");
        CHECK(method != NULL);
        BIO_meth_set_write(method, dtls_client_write);
        BIO_meth_set_read(method, dtls_client_read);
        BIO_meth_set_ctrl(method, dtls_client_ctrl);
    }
    return method;
}

/* As browsers do: 50 ms, doubled. */
static inline unsigned dtls_client_timer(SSL *ssl, unsigned last_us)
{
    (void)ssl;
    return last_us == 0 ? 50000 : 2 * last_us;
}

/* profiles: as SSL_CTX_set_tlsext_use_srtp takes them; "": none is offered. */
static inline SSL_CTX *dtls_client_context(const struct identity *identity, const char *profiles)
{
    SSL_CTX *context = SSL_CTX_new(DTLS_client_method());
    CHECK(context != NULL);
    CHECK(SSL_CTX_use_certificate(context, identity_certificate(identity)) == 1);
    CHECK(SSL_CTX_use_PrivateKey(context, identity_key(identity)) == 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, dtls_client_verify);
    if (profiles[0] != '\0') {
        CHECK(SSL_CTX_set_tlsext_use_srtp(context, profiles) == 0);
    }
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU);
    return context;
}

/* send and owner stand already. */
static inline void dtls_client_open(struct dtls_client *client, SSL_CTX *context)
{
    client->ssl = SSL_new(context);
    BIO *bio = BIO_new(dtls_client_bio());
    CHECK(client->ssl != NULL && bio != NULL);
    BIO_set_init(bio, 1);
    BIO_set_data(bio, client);
    SSL_set_bio(client->ssl, bio, bio);
    SSL_set_mtu(client->ssl, 1200);
    SSL_set_connect_state(client->ssl);
    DTLS_set_timer_cb(client->ssl, dtls_client_timer);
}

/* One datagram; empty: begins. */
static inline void dtls_client_input(struct dtls_client *client, struct span datagram)
{
    client->in = datagram;
    for (int i = 0; i < 4; i++) {
        uint8_t scratch[2048];
        int n = client->done ? SSL_read(client->ssl, scratch, sizeof(scratch))
                             : SSL_do_handshake(client->ssl);
        if (n == 1 && !client->done) {
            client->done = true;
            continue;
        }
        int reason = SSL_get_error(client->ssl, n);
        client->close_heard += (SSL_get_shutdown(client->ssl) & SSL_RECEIVED_SHUTDOWN) != 0 ? 1 : 0;
        client->failed = client->failed || reason == SSL_ERROR_SSL;
        break;
    }
    client->in = span_of(NULL, 0);
}

/* Its resend timer; runs on the clock that OpenSSL sees. */
static inline void dtls_client_tick(struct dtls_client *client)
{
    if (!client->done) {
        (void)DTLSv1_handle_timeout(client->ssl); /* 0: not due */
    }
}

/* RFC 5764 §4.2, the client's view. False: not done, or no profile was agreed on. */
static inline bool dtls_client_keys(const struct dtls_client *client, struct rtpsec_keys *out_keys)
{
    if (!client->done || SSL_get_selected_srtp_profile(client->ssl) == NULL) {
        return false;
    }
    *out_keys = (struct rtpsec_keys){
        .profile = (enum rtpsec_profile)SSL_get_selected_srtp_profile(client->ssl)->id};
    size_t key_len = rtpsec_key_len(out_keys->profile);
    size_t salt_len = rtpsec_salt_len(out_keys->profile);
    uint8_t material[128];
    CHECK(SSL_export_keying_material(client->ssl, material, 2 * (key_len + salt_len),
                                     "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0) == 1);
    memcpy(out_keys->local.key, material, key_len);
    memcpy(out_keys->remote.key, material + key_len, key_len);
    memcpy(out_keys->local.salt, material + 2 * key_len, salt_len);
    memcpy(out_keys->remote.salt, material + 2 * key_len + salt_len, salt_len);
    return true;
}

#endif
