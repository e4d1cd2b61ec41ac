/* The one encoding of a detached CMS SignedData (RFC 5652 §5) with one certificate and one signer
 * of an RSA-3072 key: DER, SHA-256, signed attributes contentType, signingTime, messageDigest.
 * Pure; any thread. */
#ifndef CERTS_SEAL_DER_H
#define CERTS_SEAL_DER_H

#include "proto/base/status.h"

#include <stddef.h>
#include <stdint.h>

#define SEAL_RSA_OCTETS 384u /* 3072 bits */
#define SEAL_TIME_LEN 13u    /* UTCTime: YYMMDDHHMMSSZ */
#define SEAL_DIGEST_LEN 32u
#define SEAL_ATTRIBUTES_LEN 107u /* as they are signed: a DER SET OF */

struct seal_der {
    const uint8_t *certificate; /* DER */
    size_t certificate_len;
    const uint8_t *issuer, *serial; /* of it, DER with tag and length */
    size_t issuer_len, serial_len;
    uint8_t time[SEAL_TIME_LEN];
    uint8_t digest[SEAL_DIGEST_LEN];
    uint8_t signature[SEAL_RSA_OCTETS];
};

/* The signed attributes of time and digest. */
void seal_der_attributes(const struct seal_der *der, uint8_t out[SEAL_ATTRIBUTES_LEN]);
/* STATUS_TOO_LARGE. */
MUST_USE enum status seal_der_write(const struct seal_der *der, uint8_t *out, size_t room,
                                    size_t *out_len);
/* Where certificate, time, digest and signature would be in such an encoding, taken from there;
 * issuer and serial are left alone. Nothing is checked: write it again and compare. certificate
 * points into the input. STATUS_MALFORMED: too short, or no certificate at its place. */
MUST_USE enum status seal_der_take(const uint8_t *cms, size_t len, struct seal_der *out_der);

#endif
