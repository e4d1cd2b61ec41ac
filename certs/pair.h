/* A certificate with its chain and private key, read from PEM files and checked before anybody uses
 * it: the key belongs to the leaf, the leaf is valid now, every certificate of the chain signed the
 * one before it. The pair owns all of them. Reads files (blocking); otherwise any thread, read-only
 * after pair_load(). */
#ifndef CERTS_PAIR_H
#define CERTS_PAIR_H

#include "proto/base/status.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAIR_FILE_MAX 262144 /* octets: a chain of ten has some 20 kB */
#define PAIR_CHAIN_MAX 10    /* certificates behind the leaf; browsers give up earlier */

struct pair;

struct pair_error {
    char text[192]; /* one phrase in English, without key material */
};

/* now_s: UTC seconds. STATUS_IO (file cannot be read, or the key is readable by everybody),
 * STATUS_TOO_LARGE, STATUS_MALFORMED (no PEM, wrong key, broken chain), STATUS_REFUSED (expired,
 * not yet valid, key too weak), STATUS_NO_MEMORY; error->text then says why. */
MUST_USE enum status pair_load(const char *certificate_file, const char *key_file, int64_t now_s,
                               struct pair **out_pair, struct pair_error *error);
void pair_destroy(struct pair *pair); /* NULL is fine */

X509 *pair_certificate(const struct pair *pair); /* borrowed, as the next two */
EVP_PKEY *pair_key(const struct pair *pair);
STACK_OF(X509) * pair_chain(const struct pair *pair);
/* Whole days until it expires; negative: has expired. */
int64_t pair_days_left(const struct pair *pair, int64_t now_s);
/* A subjectAltName covers this DNS name or IP address (RFC 6125; the common name does not count).
 */
bool pair_names(const struct pair *pair, const char *name_or_address);

#endif
