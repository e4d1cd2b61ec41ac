/* A throw-away DTLS identity: a fresh ECDSA P-256 key with a self-signed certificate, made in
 * memory and never written (RFC 8827 §6.5; fingerprint text as in RFC 8122 §5). One a process:
 * browsers do not handshake again while the fingerprint is the same. The identity owns certificate
 * and key; whoever hands them to OpenSSL takes references of its own (SSL_CTX_use_certificate
 * does). Any thread; read-only after identity_generate(). */
#ifndef CERTS_IDENTITY_H
#define CERTS_IDENTITY_H

#include "proto/base/status.h"

#include <openssl/types.h>

#define IDENTITY_FINGERPRINT_LEN 95 /* 32 octets as "AA:BB:..", without the NUL */

struct identity;

/* STATUS_NO_MEMORY, or STATUS_IO when OpenSSL has no randomness. Allocates; give back with
 * identity_destroy(). */
MUST_USE enum status identity_generate(struct identity **out_identity);
void identity_destroy(
    struct identity *identity); /* NULL is fine; the private key is wiped by OpenSSL */

/* SHA-256 of the certificate, upper-case hex with colons: goes behind "a=fingerprint:sha-256 ". */
const char *identity_fingerprint(const struct identity *identity);
X509 *identity_certificate(const struct identity *identity); /* borrowed */
EVP_PKEY *identity_key(const struct identity *identity);     /* borrowed */

#endif
