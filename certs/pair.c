#include "certs/pair.h"

#include "proto/base/check.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/safestack.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RSA_BITS_MIN 2048 /* RFC 9325 §4.5 */
#define EC_BITS_MIN 224   /* RFC 9325 §4.5 */
#define DAY_S 86400

struct pair {
    X509 *certificate;
    EVP_PKEY *key;
    STACK_OF(X509) * chain;
};

__attribute__((format(printf, 3, 4))) static enum status
fail(struct pair_error *error, enum status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    ERR_clear_error();
    return status;
}

/* The whole file as a memory BIO, which owns the octets. */
static enum status read_file(const char *path, bool secret, BIO **out_bio, struct pair_error *error)
{
    enum status status = STATUS_OK;
    char *text = NULL;
    BIO *bio = NULL;
    struct stat about;
    ssize_t len = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        status = fail(error, STATUS_IO, "%s cannot be read", path);
        goto out;
    }
    if (about.st_size > PAIR_FILE_MAX) {
        status = fail(error, STATUS_TOO_LARGE, "%s is too large", path);
        goto out;
    }
    if (secret && (about.st_mode & S_IROTH) != 0) {
        status = fail(error, STATUS_IO, "%s can be read by every user of this machine", path);
        goto out;
    }
    text = malloc((size_t)about.st_size + 1);
    bio = BIO_new(BIO_s_mem());
    if (text == NULL || bio == NULL) {
        status = fail(error, STATUS_NO_MEMORY, "out of memory");
        goto out;
    }
    len = read(fd, text, (size_t)about.st_size);
    if (len != (ssize_t)about.st_size || (len > 0 && BIO_write(bio, text, (int)len) != (int)len)) {
        status = fail(error, STATUS_IO, "%s cannot be read", path);
        goto out;
    }
    *out_bio = bio;
    bio = NULL;
out:
    if (text != NULL && len > 0) {
        OPENSSL_cleanse(text, (size_t)len);
    }
    free(text);
    BIO_free(bio);
    if (fd >= 0) {
        (void)close(fd);
    }
    return status;
}

static enum status read_chain(struct pair *pair, BIO *bio, const char *path,
                              struct pair_error *error)
{
    pair->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    pair->chain = sk_X509_new_null();
    if (pair->certificate == NULL) {
        return fail(error, STATUS_MALFORMED, "%s holds no PEM certificate", path);
    }
    if (pair->chain == NULL) {
        return fail(error, STATUS_NO_MEMORY, "out of memory");
    }
    X509 *below = pair->certificate;
    for (X509 *next; (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL;) {
        if (sk_X509_num(pair->chain) >= PAIR_CHAIN_MAX || sk_X509_push(pair->chain, next) == 0) {
            X509_free(next);
            return fail(error, STATUS_TOO_LARGE, "%s holds too many certificates", path);
        }
        if (X509_check_issued(next, below) != X509_V_OK) {
            return fail(error, STATUS_MALFORMED,
                        "%s: certificate %d did not sign the one before it", path,
                        sk_X509_num(pair->chain) + 1);
        }
        below = next;
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) !=
        PEM_R_NO_START_LINE) { /* the clean end of a PEM file */
        return fail(error, STATUS_MALFORMED, "%s: certificate %d is broken", path,
                    sk_X509_num(pair->chain) + 2);
    }
    ERR_clear_error();
    return STATUS_OK;
}

static int no_password(char *buffer, int len, int writing, void *context)
{
    (void)buffer;
    (void)len;
    (void)writing;
    (void)context;
    return -1; /* never ask on the terminal */
}

static enum status check_pair(const struct pair *pair, int64_t now_s, struct pair_error *error)
{
    time_t now = (time_t)now_s;
    if (X509_check_private_key(pair->certificate, pair->key) != 1) {
        return fail(error, STATUS_MALFORMED, "the private key does not belong to the certificate");
    }
    if (X509_cmp_time(X509_get0_notBefore(pair->certificate), &now) > 0) {
        return fail(error, STATUS_REFUSED, "the certificate is not yet valid");
    }
    if (X509_cmp_time(X509_get0_notAfter(pair->certificate), &now) <= 0) {
        return fail(error, STATUS_REFUSED, "the certificate has expired");
    }
    int bits = EVP_PKEY_get_bits(pair->key);
    int least = EVP_PKEY_is_a(pair->key, "RSA") == 1 ? RSA_BITS_MIN : EC_BITS_MIN;
    if (bits < least) {
        return fail(error, STATUS_REFUSED, "the key of %d bits is too weak", bits);
    }
    return STATUS_OK;
}

enum status pair_load(const char *certificate_file, const char *key_file, int64_t now_s,
                      struct pair **out_pair, struct pair_error *error)
{
    CHECK(certificate_file != NULL && key_file != NULL && out_pair != NULL && error != NULL);
    BIO *certificates = NULL;
    BIO *key = NULL;
    struct pair *pair = calloc(1, sizeof(*pair));
    enum status status = pair != NULL ? STATUS_OK : fail(error, STATUS_NO_MEMORY, "out of memory");
    ERR_clear_error();
    if (status == STATUS_OK) {
        status = read_file(certificate_file, false, &certificates, error);
    }
    if (status == STATUS_OK) {
        status = read_file(key_file, true, &key, error);
    }
    if (status == STATUS_OK) {
        status = read_chain(pair, certificates, certificate_file, error);
    }
    if (status == STATUS_OK) {
        pair->key = PEM_read_bio_PrivateKey(key, NULL, no_password, NULL);
        status = pair->key != NULL ? check_pair(pair, now_s, error)
                                   : fail(error, STATUS_MALFORMED,
                                          "%s holds no unencrypted PEM private key", key_file);
    }
    BIO_free(certificates);
    BIO_free(key); /* a memory BIO wipes what it frees */
    if (status != STATUS_OK) {
        pair_destroy(pair);
        return status;
    }
    *out_pair = pair;
    return STATUS_OK;
}

void pair_destroy(struct pair *pair)
{
    if (pair == NULL) {
        return;
    }
    X509_free(pair->certificate);
    EVP_PKEY_free(pair->key);
    sk_X509_pop_free(pair->chain, X509_free);
    free(pair);
}

X509 *pair_certificate(const struct pair *pair)
{
    return pair->certificate;
}

EVP_PKEY *pair_key(const struct pair *pair)
{
    return pair->key;
}

STACK_OF(X509) * pair_chain(const struct pair *pair)
{
    return pair->chain;
}

int64_t pair_days_left(const struct pair *pair, int64_t now_s)
{
    int days = 0;
    int seconds = 0;
    ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)now_s);
    int known = now == NULL
                    ? 0
                    : ASN1_TIME_diff(&days, &seconds, now, X509_get0_notAfter(pair->certificate));
    ASN1_TIME_free(now);
    if (known != 1) {
        return 0;
    }
    return seconds < 0 ? (int64_t)days - 1 : days;
}

bool pair_names(const struct pair *pair, const char *name_or_address)
{
    return X509_check_ip_asc(pair->certificate, name_or_address, 0) == 1 ||
           X509_check_host(pair->certificate, name_or_address, 0,
                           X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}
