#include "certs/seal.h"

#include "certs/seal_der.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RSA_BITS 3072u               /* 128 bits of strength: NIST SP 800-57, good beyond 2030 */
#define VALID_S (30LL * 365 * 86400) /* records are kept for 15 years and more */
#define FILE_MAX 65536

struct seal {
    EVP_PKEY *key;
    X509 *certificate;
};

void seal_destroy(struct seal *seal)
{
    if (seal != NULL) {
        EVP_PKEY_free(seal->key);
        X509_free(seal->certificate);
        free(seal);
    }
}

static void fingerprint_of(const X509 *certificate, char out_hex[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    out_hex[0] = '\0';
    if (X509_digest(certificate, EVP_sha256(), digest, &len) == 1) {
        for (unsigned i = 0; i < len && i < 32; i++) {
            (void)snprintf(out_hex + 2 * (size_t)i, 3, "%02x", digest[i]);
        }
    }
}

void seal_fingerprint(const struct seal *seal, char out_hex[65])
{
    fingerprint_of(seal->certificate, out_hex);
}

/* ---- making one ---- */

/* At most SEAL_NAME_MAX characters of UTF-8. */
static int name_len(const char *name)
{
    size_t octets = 0;
    for (size_t chars = 0; name[octets] != '\0'; octets++) {
        chars += ((unsigned char)name[octets] & 0xc0u) != 0x80u;
        if (chars > SEAL_NAME_MAX) {
            break;
        }
    }
    return (int)octets;
}

static bool add_name(X509_NAME *subject, const char *field, const char *text)
{
    return text[0] == '\0' ||
           X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8, (const unsigned char *)text,
                                      name_len(text), -1, 0) == 1;
}

static bool set_names(X509 *certificate, const char *name, const char *code)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    return add_name(subject, "O", name) && add_name(subject, "OU", code) &&
           add_name(subject, "CN", name) && X509_set_issuer_name(certificate, subject) == 1;
}

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

/* Random, positive, 63 bits (RFC 5280 §4.1.2.2). */
static bool set_serial(X509 *certificate)
{
    uint64_t serial = 0;
    return RAND_bytes((unsigned char *)&serial, (int)sizeof serial) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), (serial >> 1) | 1) == 1;
}

static bool fill_certificate(struct seal *seal, const char *name, const char *code, int64_t now_s)
{
    X509 *c = seal->certificate;
    return X509_set_version(c, 2) == 1 && set_serial(c) && set_names(c, name, code) &&
           ASN1_TIME_set(X509_getm_notBefore(c), (time_t)now_s) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(c), (time_t)(now_s + VALID_S)) != NULL &&
           X509_set_pubkey(c, seal->key) == 1 &&
           add_extension(c, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(c, NID_key_usage, "critical,digitalSignature,nonRepudiation") &&
           X509_sign(c, seal->key, EVP_sha256()) > 0;
}

static enum status generate(const char *name, const char *code, int64_t now_s,
                            struct seal **out_seal)
{
    struct seal *seal = calloc(1, sizeof *seal);
    if (seal == NULL) {
        return STATUS_NO_MEMORY;
    }
    seal->key = EVP_RSA_gen(RSA_BITS);
    seal->certificate = X509_new();
    if (seal->key == NULL || seal->certificate == NULL ||
        !fill_certificate(seal, name, code, now_s)) {
        seal_destroy(seal);
        return STATUS_IO;
    }
    *out_seal = seal;
    return STATUS_OK;
}

/* ---- the file ---- */

static enum status parse(const char *text, size_t len, struct seal **out_seal)
{
    struct seal *seal = calloc(1, sizeof *seal);
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    if (seal == NULL || bio == NULL) {
        free(seal);
        BIO_free(bio);
        return STATUS_NO_MEMORY;
    }
    seal->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    seal->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    if (seal->key == NULL || seal->certificate == NULL ||
        EVP_PKEY_get_base_id(seal->key) != EVP_PKEY_RSA ||
        EVP_PKEY_get_size(seal->key) != (int)SEAL_RSA_OCTETS ||
        X509_check_private_key(seal->certificate, seal->key) != 1) {
        seal_destroy(seal);
        return STATUS_MALFORMED;
    }
    *out_seal = seal;
    return STATUS_OK;
}

/* STATUS_NONE: there is no such file. */
static enum status read_file(const char *path, struct seal **out_seal)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT ? STATUS_NONE : STATUS_IO;
    }
    struct stat st;
    char text[FILE_MAX];
    enum status status = STATUS_REFUSED;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0) {
        ssize_t len = read(fd, text, sizeof text);
        status = len > 0 ? parse(text, (size_t)len, out_seal) : STATUS_IO;
    }
    (void)close(fd);
    OPENSSL_cleanse(text, sizeof text);
    return status;
}

static bool write_pem(int fd, const struct seal *seal)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool made = bio != NULL &&
                PEM_write_bio_PrivateKey(bio, seal->key, NULL, NULL, 0, NULL, NULL) == 1 &&
                PEM_write_bio_X509(bio, seal->certificate) == 1;
    long len = made ? BIO_get_mem_data(bio, &text) : 0;
    bool written = len > 0 && write(fd, text, (size_t)len) == (ssize_t)len && fsync(fd) == 0;
    if (len > 0) {
        OPENSSL_cleanse(text, (size_t)len);
    }
    BIO_free(bio);
    return written;
}

static bool sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return done;
}

/* Under a name of its own first and linked into place: whole or not there, and never over
 * another's. STATUS_CONFLICT: somebody else was first. */
static enum status write_file(const char *path, const struct seal *seal)
{
    char fresh[PATH_MAX];
    int n = snprintf(fresh, sizeof fresh, "%s.XXXXXX", path);
    int fd = n > 0 && (size_t)n < sizeof fresh ? mkstemp(fresh) : -1; /* mode 0600 */
    if (fd < 0) {
        return STATUS_IO;
    }
    bool ok = write_pem(fd, seal);
    ok = close(fd) == 0 && ok;
    bool first = ok && link(fresh, path) == 0;
    bool second = ok && !first && errno == EEXIST;
    (void)unlink(fresh);
    return first ? (sync_folder_of(path) ? STATUS_OK : STATUS_IO)
                 : (second ? STATUS_CONFLICT : STATUS_IO);
}

enum status seal_ensure(const char *path, const char *name, const char *code, int64_t now_s,
                        struct seal **out_seal)
{
    struct seal *seal = NULL;
    enum status status = read_file(path, &seal);
    if (status == STATUS_NONE) {
        status = generate(name, code, now_s, &seal);
        if (status == STATUS_OK) {
            status = write_file(path, seal);
        }
        if (status == STATUS_CONFLICT) {
            seal_destroy(seal);
            seal = NULL;
            status = read_file(path, &seal);
        }
    }
    if (status != STATUS_OK) {
        seal_destroy(seal);
        return status == STATUS_NONE ? STATUS_IO : status;
    }
    *out_seal = seal;
    return STATUS_OK;
}

/* ---- signatures ---- */

static bool digest_of(const struct seal_octets parts[2], uint8_t out_digest[SEAL_DIGEST_LEN])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned len = 0;
    bool done = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(context, parts[0].data, parts[0].len) == 1 &&
                EVP_DigestUpdate(context, parts[1].data, parts[1].len) == 1 &&
                EVP_DigestFinal_ex(context, out_digest, &len) == 1 && len == SEAL_DIGEST_LEN;
    EVP_MD_CTX_free(context);
    return done;
}

/* Issuer and serial of the certificate into der; both malloc'd by OpenSSL, given back by
 * names_free. */
static bool names_make(const X509 *certificate, struct seal_der *der)
{
    unsigned char *issuer = NULL, *serial = NULL;
    int issuer_len = i2d_X509_NAME(X509_get_issuer_name(certificate), &issuer);
    int serial_len = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &serial);
    der->issuer = issuer;
    der->serial = serial;
    der->issuer_len = issuer_len > 0 ? (size_t)issuer_len : 0;
    der->serial_len = serial_len > 0 ? (size_t)serial_len : 0;
    return issuer_len > 0 && serial_len > 0;
}

static void names_free(struct seal_der *der)
{
    OPENSSL_free((void *)(uintptr_t)der->issuer);
    OPENSSL_free((void *)(uintptr_t)der->serial);
    der->issuer = der->serial = NULL;
}

static bool set_time(struct seal_der *der, int64_t at_s)
{
    struct tm utc;
    time_t at = (time_t)at_s;
    char text[64];
    bool done = gmtime_r(&at, &utc) != NULL && utc.tm_year >= 50 && utc.tm_year < 150; /* UTCTime */
    int len = done ? snprintf(text, sizeof text, "%02d%02d%02d%02d%02d%02dZ", utc.tm_year % 100,
                              utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec)
                   : 0;
    done = len == (int)SEAL_TIME_LEN;
    memcpy(der->time, text, done ? SEAL_TIME_LEN : 0);
    return done;
}

static bool rsa_sign(EVP_PKEY *key, struct seal_der *der)
{
    uint8_t attributes[SEAL_ATTRIBUTES_LEN];
    size_t len = SEAL_RSA_OCTETS;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    seal_der_attributes(der, attributes);
    bool done = context != NULL &&
                EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, der->signature, &len, attributes, sizeof attributes) == 1 &&
                len == SEAL_RSA_OCTETS;
    EVP_MD_CTX_free(context);
    return done;
}

enum status seal_sign(const struct seal *seal, const struct seal_octets parts[2], int64_t at_s,
                      uint8_t out_cms[SEAL_CMS_MAX], size_t *out_len)
{
    struct seal_der der = {.certificate = NULL};
    unsigned char *certificate = NULL;
    int len = i2d_X509(seal->certificate, &certificate);
    enum status status = STATUS_IO;
    der.certificate = certificate;
    der.certificate_len = len > 0 ? (size_t)len : 0;
    if (len > 0 && names_make(seal->certificate, &der) && set_time(&der, at_s) &&
        digest_of(parts, der.digest) && rsa_sign(seal->key, &der)) {
        status = seal_der_write(&der, out_cms, SEAL_CMS_MAX, out_len);
    }
    names_free(&der);
    OPENSSL_free(certificate);
    return status;
}

static bool rsa_holds(const X509 *certificate, const struct seal_der *der)
{
    uint8_t attributes[SEAL_ATTRIBUTES_LEN];
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    seal_der_attributes(der, attributes);
    bool holds = context != NULL && key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
                 EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                 EVP_DigestVerify(context, der->signature, SEAL_RSA_OCTETS, attributes,
                                  sizeof attributes) == 1;
    EVP_MD_CTX_free(context);
    return holds;
}

/* The certificate is self-issued: its own key signed it, so that a changed octet in it shows. */
static X509 *certificate_of(const struct seal_der *der)
{
    const unsigned char *at = der->certificate;
    X509 *certificate = d2i_X509(NULL, &at, (long)der->certificate_len);
    if (certificate != NULL && (at != der->certificate + der->certificate_len ||
                                X509_verify(certificate, X509_get0_pubkey(certificate)) != 1)) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

static bool encoded_so(const struct seal_der *der, const uint8_t *cms, size_t len)
{
    uint8_t again[SEAL_CMS_MAX];
    size_t again_len = 0;
    return seal_der_write(der, again, sizeof again, &again_len) == STATUS_OK && again_len == len &&
           memcmp(again, cms, len) == 0;
}

static void name_of(const X509 *certificate, char *out, size_t out_len)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    unsigned char *text = NULL;
    if (at >= 0 && ASN1_STRING_to_UTF8(
                       &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))) >= 0) {
        (void)snprintf(out, out_len, "%s", (const char *)text);
        OPENSSL_free(text);
    }
}

void seal_check(const uint8_t *cms, size_t len, const struct seal_octets parts[2],
                struct seal_verdict *out_verdict)
{
    struct seal_der der = {.certificate = NULL};
    uint8_t digest[SEAL_DIGEST_LEN];
    *out_verdict = (struct seal_verdict){.fault = SEAL_DAMAGED};
    X509 *certificate = len <= SEAL_CMS_MAX && seal_der_take(cms, len, &der) == STATUS_OK
                            ? certificate_of(&der)
                            : NULL;
    if (certificate == NULL) {
        return;
    }
    fingerprint_of(certificate, out_verdict->fingerprint);
    name_of(certificate, out_verdict->name, sizeof out_verdict->name);
    if (names_make(certificate, &der) && encoded_so(&der, cms, len) &&
        rsa_holds(certificate, &der) && digest_of(parts, digest)) {
        bool same = memcmp(digest, der.digest, sizeof digest) == 0;
        out_verdict->fault = same ? SEAL_HOLDS : SEAL_OTHER_OCTETS;
    }
    names_free(&der);
    X509_free(certificate);
}
