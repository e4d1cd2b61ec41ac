#include "media/dtls/dtls.h"

#include "certs/identity.h"
#include "proto/base/check.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define MAGIC 0x64746c73u /* "dtls": checked when it comes back through OpenSSL's void pointers */
#define UDP_IP_OVERHEAD 28

struct dtls_context {
    SSL_CTX *ssl;
    BIO_METHOD *method;
};

struct dtls {
    uint32_t magic;
    SSL *ssl;
    enum dtls_state state;
    int64_t begun_us;
    struct dtls_fingerprint fingerprints[DTLS_FINGERPRINTS_MAX];
    unsigned fingerprint_count;
    bool mismatch;
    struct span in;  /* the datagram that OpenSSL may read now */
    struct out *out; /* NULL: nothing waits, nor was anything taken since */
};

struct out { /* datagrams that wait to be sent */
    unsigned head, count;
    size_t len[DTLS_OUT_MAX];
    uint8_t data[DTLS_OUT_MAX][DTLS_MTU];
};

/* --- the BIO: one datagram to read, a bounded queue to write --- */

static struct dtls *dtls_of(void *p)
{
    struct dtls *dtls = p;
    CHECK(dtls != NULL && dtls->magic == MAGIC);
    return dtls;
}

static int bio_write(BIO *bio, const char *data, int len)
{
    struct dtls *dtls = dtls_of(BIO_get_data(bio));
    if (len <= 0 || len > DTLS_MTU) {
        return -1;
    }
    if (dtls->out == NULL) {
        dtls->out = calloc(1, sizeof(*dtls->out));
    }
    struct out *out = dtls->out;
    if (out != NULL && out->count < DTLS_OUT_MAX) { /* else lost, as in a network; DTLS resends */
        unsigned at = (out->head + out->count) % DTLS_OUT_MAX;
        memcpy(out->data[at], data, (size_t)len);
        out->len[at] = (size_t)len;
        out->count++;
    }
    return len;
}

static int bio_read(BIO *bio, char *out, int room)
{
    struct dtls *dtls = dtls_of(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (dtls->in.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = room < 0 ? 0 : (size_t)room;
    n = dtls->in.len < n ? dtls->in.len : n;
    memcpy(out, dtls->in.data, n);
    dtls->in = span_of(NULL, 0);
    return (int)n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU: /* asked for after some timeouts; 0 would end the
                                             handshake */
        return DTLS_MTU;
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
        return UDP_IP_OVERHEAD;
    default:
        return 0;
    }
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

/* --- the context --- */

static bool matches(const struct dtls_fingerprint *wanted, const X509 *certificate)
{
    const EVP_MD *md = wanted->hash == DTLS_SHA256   ? EVP_sha256()
                       : wanted->hash == DTLS_SHA384 ? EVP_sha384()
                                                     : EVP_sha512();
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    return X509_digest(certificate, md, digest, &len) == 1 && len == wanted->len &&
           memcmp(digest, wanted->octets, len) == 0;
}

/* RFC 5763 §5: self-signed certificates; what counts is that one fingerprint of the offer is right.
 */
static int verify_certificate(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct dtls *dtls = dtls_of(SSL_get_app_data(ssl));
    const X509 *certificate = X509_STORE_CTX_get0_cert(store);
    for (unsigned i = 0; certificate != NULL && i < dtls->fingerprint_count; i++) {
        if (matches(&dtls->fingerprints[i], certificate)) {
            X509_STORE_CTX_set_error(store, X509_V_OK);
            return 1;
        }
    }
    dtls->mismatch = true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

static bool configure(SSL_CTX *ssl, const struct identity *identity)
{
    int groups[] = {NID_X25519, NID_X9_62_prime256v1, NID_secp384r1};
    SSL_CTX_set_options(ssl, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                 SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(ssl, 1);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ssl, verify_certificate, NULL);
    return SSL_CTX_set_min_proto_version(ssl, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ssl,
                                   "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                                   "ECDHE-ECDSA-CHACHA20-POLY1305") == 1 &&
           SSL_CTX_set1_groups(ssl, groups, sizeof(groups) / sizeof(groups[0])) == 1 &&
           SSL_CTX_use_certificate(ssl, identity_certificate(identity)) == 1 &&
           SSL_CTX_use_PrivateKey(ssl, identity_key(identity)) == 1 &&
           /* ours in order of preference; this call returns 0 for success */
           SSL_CTX_set_tlsext_use_srtp(
               ssl, "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80") == 0;
}

enum status dtls_context_create(const struct identity *identity, struct dtls_context **out_context)
{
    struct dtls_context *context = calloc(1, sizeof(*context));
    if (context == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = STATUS_NO_MEMORY;
    context->ssl = SSL_CTX_new(DTLS_server_method());
    context->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagram queue");
    if (context->ssl == NULL || context->method == NULL) {
        goto out;
    }
    if (BIO_meth_set_write(context->method, bio_write) != 1 ||
        BIO_meth_set_read(context->method, bio_read) != 1 ||
        BIO_meth_set_ctrl(context->method, bio_ctrl) != 1 ||
        BIO_meth_set_create(context->method, bio_create) != 1) {
        goto out;
    }
    status = STATUS_IO;
    if (!configure(context->ssl, identity)) {
        goto out;
    }
    *out_context = context;
    context = NULL;
    status = STATUS_OK;
out:
    ERR_clear_error();
    dtls_context_destroy(context);
    return status;
}

void dtls_context_destroy(struct dtls_context *context)
{
    if (context != NULL) {
        SSL_CTX_free(context->ssl);
        BIO_meth_free(context->method);
        free(context);
    }
}

/* --- an association --- */

/* Called with 0 at first and then with the last value, in microseconds. */
static unsigned resend_timer(SSL *ssl, unsigned last_us)
{
    (void)ssl;
    if (last_us == 0) {
        return DTLS_TIMER_FIRST_US;
    }
    return last_us >= DTLS_TIMER_MAX_US / 2 ? DTLS_TIMER_MAX_US : 2 * last_us;
}

enum status dtls_create(struct dtls_context *context, const struct dtls_fingerprint *fingerprints,
                        unsigned count, int64_t now_us, struct dtls **out_dtls)
{
    CHECK(count <= DTLS_FINGERPRINTS_MAX);
    struct dtls *dtls = calloc(1, sizeof(*dtls));
    if (dtls == NULL) {
        return STATUS_NO_MEMORY;
    }
    dtls->magic = MAGIC;
    dtls->begun_us = now_us;
    dtls->fingerprint_count = count;
    memcpy(dtls->fingerprints, fingerprints, count * sizeof(*fingerprints));
    dtls->ssl = SSL_new(context->ssl);
    BIO *bio = BIO_new(context->method);
    if (dtls->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        dtls_destroy(dtls);
        ERR_clear_error();
        return STATUS_NO_MEMORY;
    }
    BIO_set_data(bio, dtls);
    SSL_set_bio(dtls->ssl, bio, bio);
    SSL_set_app_data(dtls->ssl, dtls);
    SSL_set_accept_state(dtls->ssl);
    (void)SSL_set_mtu(dtls->ssl, DTLS_MTU);
    DTLS_set_timer_cb(dtls->ssl, resend_timer);
    *out_dtls = dtls;
    return STATUS_OK;
}

void dtls_destroy(struct dtls *dtls)
{
    if (dtls != NULL) {
        SSL_free(dtls->ssl);
        free(dtls->out);
        dtls->magic = 0;
        free(dtls);
    }
}

static void fail(struct dtls *dtls)
{
    dtls->state = dtls->mismatch ? DTLS_WRONG_FINGERPRINT : DTLS_FAILED;
}

static void finish_handshake(struct dtls *dtls)
{
    dtls->state =
        SSL_get_selected_srtp_profile(dtls->ssl) == NULL ? DTLS_NO_PROFILE : DTLS_CONNECTED;
}

/* Drives OpenSSL until it has used up the input. An error ends a handshake. After it only an
 * authentic alert counts (OpenSSL then says SSL_RECEIVED_SHUTDOWN): whatever else a forged datagram
 * provokes, media has its keys and goes on. */
static void drive(struct dtls *dtls)
{
    uint8_t scratch[DTLS_MTU]; /* application data has no meaning here: read and forgotten */
    for (int i = 0; i < 8; i++) {
        bool shaking = dtls->state == DTLS_HANDSHAKING;
        ERR_clear_error();
        int n =
            shaking ? SSL_do_handshake(dtls->ssl) : SSL_read(dtls->ssl, scratch, sizeof(scratch));
        if (n > 0) {
            if (shaking) {
                finish_handshake(dtls);
            }
            if (dtls->state == DTLS_CONNECTED) {
                continue;
            }
            break;
        }
        int reason = SSL_get_error(dtls->ssl, n);
        if (!shaking) {
            bool closed = (SSL_get_shutdown(dtls->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
            dtls->state = closed ? DTLS_CLOSED : DTLS_CONNECTED;
        } else if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) {
            fail(dtls);
        }
        break;
    }
    ERR_clear_error();
}

static bool ended(const struct dtls *dtls)
{
    return dtls->state != DTLS_HANDSHAKING && dtls->state != DTLS_CONNECTED;
}

void dtls_input(struct dtls *dtls, int64_t now_us, struct span datagram)
{
    (void)now_us;
    if (ended(dtls)) {
        return;
    }
    dtls->in = datagram;
    drive(dtls);
    dtls->in = span_of(NULL, 0);
    if (dtls->state == DTLS_CONNECTED) {
        (void)SSL_free_buffers(dtls->ssl); /* 33 KiB that SSL_read() gets anew; 0: in use */
    }
}

bool dtls_output(struct dtls *dtls, struct span *out_datagram)
{
    struct out *out = dtls->out;
    if (out == NULL) {
        return false;
    }
    if (out->count == 0) { /* what was taken last is no longer needed */
        free(out);
        dtls->out = NULL;
        return false;
    }
    *out_datagram = span_of(out->data[out->head], out->len[out->head]);
    out->head = (out->head + 1) % DTLS_OUT_MAX;
    out->count--;
    return true;
}

int64_t dtls_deadline(const struct dtls *dtls, int64_t now_us)
{
    if (dtls->state != DTLS_HANDSHAKING) {
        return INT64_MAX;
    }
    struct timeval left;
    int64_t at_us = dtls->begun_us + DTLS_HANDSHAKE_US;
    if (DTLSv1_get_timeout(dtls->ssl, &left) == 1) {
        int64_t resend_us = now_us + (int64_t)left.tv_sec * 1000000 + left.tv_usec;
        at_us = resend_us < at_us ? resend_us : at_us;
    }
    return at_us;
}

void dtls_tick(struct dtls *dtls, int64_t now_us)
{
    if (dtls->state != DTLS_HANDSHAKING) {
        return;
    }
    ERR_clear_error();
    if (DTLSv1_handle_timeout(dtls->ssl) < 0 || now_us - dtls->begun_us >= DTLS_HANDSHAKE_US) {
        fail(dtls);
    }
    ERR_clear_error();
}

enum dtls_state dtls_state(const struct dtls *dtls)
{
    return dtls->state;
}

void dtls_close(struct dtls *dtls)
{
    if (dtls->state == DTLS_CONNECTED) {
        ERR_clear_error();
        (void)SSL_alloc_buffers(dtls->ssl); /* without them the goodbye stays unsaid */
        (void)SSL_shutdown(
            dtls->ssl); /* 0: our close_notify is written, the peer's is not awaited */
        ERR_clear_error();
        dtls->state = DTLS_CLOSED;
    }
}

/* RFC 5764 §4.2: client key, server key, client salt, server salt. We are the server. */
enum status dtls_keys(const struct dtls *dtls, struct rtpsec_keys *out_keys)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    CHECK(dtls->state == DTLS_CONNECTED);
    const SRTP_PROTECTION_PROFILE *chosen = SSL_get_selected_srtp_profile(dtls->ssl);
    CHECK(chosen != NULL);
    struct rtpsec_keys keys = {.profile = (enum rtpsec_profile)chosen->id};
    size_t key_len = rtpsec_key_len(keys.profile);
    size_t salt_len = rtpsec_salt_len(keys.profile);
    uint8_t material[2 * (RTPSEC_KEY_MAX + RTPSEC_SALT_MAX)];
    if (SSL_export_keying_material(dtls->ssl, material, 2 * (key_len + salt_len), label,
                                   sizeof(label) - 1, NULL, 0, 0) != 1) {
        ERR_clear_error();
        return STATUS_IO;
    }
    memcpy(keys.remote.key, material, key_len);
    memcpy(keys.local.key, material + key_len, key_len);
    memcpy(keys.remote.salt, material + 2 * key_len, salt_len);
    memcpy(keys.local.salt, material + 2 * key_len + salt_len, salt_len);
    *out_keys = keys;
    OPENSSL_cleanse(material, sizeof(material));
    rtpsec_keys_wipe(&keys);
    return STATUS_OK;
}
