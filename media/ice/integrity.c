#include "media/ice/integrity.h"

#include "proto/base/check.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define BLOCK 64 /* octets, SHA-1 */

struct integrity {
    EVP_MD_CTX *digest;
};

enum status integrity_create(struct integrity **out_integrity)
{
    struct integrity *integrity = calloc(1, sizeof(*integrity));
    if (integrity == NULL) {
        return STATUS_NO_MEMORY;
    }
    integrity->digest = EVP_MD_CTX_new();
    if (integrity->digest == NULL || EVP_DigestInit_ex(integrity->digest, EVP_sha1(), NULL) != 1) {
        integrity_destroy(integrity);
        return STATUS_NO_MEMORY;
    }
    *out_integrity = integrity;
    return STATUS_OK;
}

void integrity_destroy(struct integrity *integrity)
{
    if (integrity != NULL) {
        EVP_MD_CTX_free(integrity->digest);
        free(integrity);
    }
}

/* One pass of HMAC: H((key xor pad) || a || b). With a NULL type EVP starts the same digest again
 * in place. */
static void pass(EVP_MD_CTX *digest, const uint8_t pad[BLOCK], struct span a, struct span b,
                 uint8_t out[20])
{
    unsigned len = 0;
    CHECK(EVP_DigestInit_ex(digest, NULL, NULL) == 1);
    CHECK(EVP_DigestUpdate(digest, pad, BLOCK) == 1);
    CHECK(EVP_DigestUpdate(digest, a.data, a.len) == 1);
    CHECK(EVP_DigestUpdate(digest, b.data, b.len) == 1);
    CHECK(EVP_DigestFinal_ex(digest, out, &len) == 1);
    CHECK(len == 20);
}

void integrity_hmac(void *key, struct span head, struct span body, uint8_t out_mac[20])
{
    const struct integrity_key *with = key;
    CHECK(with->password.len <= BLOCK);
    uint8_t inner[BLOCK];
    uint8_t outer[BLOCK];
    for (size_t i = 0; i < BLOCK; i++) {
        uint8_t octet = i < with->password.len ? with->password.data[i] : 0;
        inner[i] = octet ^ 0x36;
        outer[i] = octet ^ 0x5c;
    }
    uint8_t first[20];
    pass(with->integrity->digest, inner, head, body, first);
    pass(with->integrity->digest, outer, span_of(first, sizeof(first)), span_of(NULL, 0), out_mac);
    OPENSSL_cleanse(inner, sizeof(inner));
    OPENSSL_cleanse(outer, sizeof(outer));
}
