/* The seal that an institution puts on its documents: an RSA-3072 key with a self-issued
 * certificate, both in one PEM file (mode 0600), and detached CMS signatures by it (RFC 5652,
 * SHA-256, as PDF readers check them: adbe.pkcs7.detached). RSA with PKCS #1 v1.5 padding rather
 * than ECDSA, because it has no random part: the same document gives the same octets each time it
 * is made.
 *
 * A signature has one encoding only (seal_der.h): whoever checks builds it again from the
 * certificate, the time and the RSA signature, and any other octet is refused. No general ASN.1
 * parser meets what a stranger sent, but OpenSSL's for the certificate. Any thread; reads and
 * writes files (blocking). */
#ifndef CERTS_SEAL_H
#define CERTS_SEAL_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_CMS_MAX 4096 /* octets; one has some 2000 */
#define SEAL_NAME_MAX 64  /* characters of X.520 names (RFC 5280 ub-common-name) */

struct seal;

/* Opens the file, or makes it: `name` (UTF-8, cut to what a certificate takes) and `code` of the
 * institution stand in the certificate, which begins at now_s. A file that is there is never
 * changed. STATUS_IO (cannot be read or written), STATUS_MALFORMED (not ours), STATUS_REFUSED
 * (others may read it), STATUS_NO_MEMORY. */
MUST_USE enum status seal_ensure(const char *path, const char *name, const char *code,
                                 int64_t now_s, struct seal **out_seal);
void seal_destroy(struct seal *seal); /* NULL is fine */
/* SHA-256 of the certificate, lower-case hex. */
void seal_fingerprint(const struct seal *seal, char out_hex[65]);

struct seal_octets {
    const uint8_t *data;
    size_t len;
};
/* Signs the two parts as one after the other. at_s: the time that the signature tells. */
MUST_USE enum status seal_sign(const struct seal *seal, const struct seal_octets parts[2],
                               int64_t at_s, uint8_t out_cms[SEAL_CMS_MAX], size_t *out_len);

enum seal_fault {
    SEAL_HOLDS,
    SEAL_OTHER_OCTETS, /* the signature is whole; what it signs has been changed */
    SEAL_DAMAGED       /* the signature itself has been changed, or was never one of these */
};
struct seal_verdict {
    enum seal_fault fault;
    char fingerprint[65]; /* of the certificate inside; "" when there is none */
    char name[256];       /* whom it names; says nothing about who made it */
};
/* Compares with nothing but itself: that the certificate is the right one is the caller's to ask.
 */
void seal_check(const uint8_t *cms, size_t len, const struct seal_octets parts[2],
                struct seal_verdict *out_verdict);

#endif
