#include "certs/identity.h"

#include "proto/base/check.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define DAY_S (24L * 3600)
#define VALID_DAYS                                                                                 \
    30 /* longer than a process lives between updates; browsers do not look at it for DTLS */

struct identity {
    X509 *certificate;
    EVP_PKEY *key;
    char fingerprint[IDENTITY_FINGERPRINT_LEN + 1];
};

/* Random, positive and 63 bits long (RFC 5280 §4.1.2.2 asks for a positive serial of at most 20
 * octets). */
static bool set_serial(X509 *certificate)
{
    uint64_t serial = 0;
    if (RAND_bytes((unsigned char *)&serial, (int)sizeof(serial)) != 1) {
        return false;
    }
    serial = (serial >> 1) | 1;
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1;
}

/* The name says nothing about the machine or its owner: it is sent in clear with DTLS 1.2. */
static bool set_names(X509 *certificate)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    const unsigned char *text = (const unsigned char *)"consult-gateway";
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1;
}

static bool fill_certificate(X509 *certificate, EVP_PKEY *key)
{
    return X509_set_version(certificate, 2) == 1 && set_serial(certificate) &&
           set_names(certificate) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S) !=
               NULL && /* clocks of browsers go wrong */
           X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_DAYS * DAY_S) != NULL &&
           X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
}

static bool write_fingerprint(struct identity *identity)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (X509_digest(identity->certificate, EVP_sha256(), digest, &len) != 1 || len != 32) {
        return false;
    }
    char *at = identity->fingerprint;
    for (unsigned i = 0; i < len; i++) {
        if (i > 0) {
            *at++ = ':';
        }
        *at++ = digits[digest[i] >> 4];
        *at++ = digits[digest[i] & 15];
    }
    *at = '\0';
    return true;
}

enum status identity_generate(struct identity **out_identity)
{
    CHECK(out_identity != NULL);
    struct identity *identity = calloc(1, sizeof(*identity));
    if (identity == NULL) {
        return STATUS_NO_MEMORY;
    }
    identity->key = EVP_EC_gen("P-256");
    identity->certificate = X509_new();
    if (identity->key == NULL || identity->certificate == NULL ||
        !fill_certificate(identity->certificate, identity->key) || !write_fingerprint(identity)) {
        identity_destroy(identity);
        return STATUS_IO;
    }
    *out_identity = identity;
    return STATUS_OK;
}

void identity_destroy(struct identity *identity)
{
    if (identity == NULL) {
        return;
    }
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
    free(identity);
}

const char *identity_fingerprint(const struct identity *identity)
{
    return identity->fingerprint;
}

X509 *identity_certificate(const struct identity *identity)
{
    return identity->certificate;
}

EVP_PKEY *identity_key(const struct identity *identity)
{
    return identity->key;
}
