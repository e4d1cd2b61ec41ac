#include "gateway/auth/auth_password.h"

#include "proto/base/check.h"

#include <sodium.h>
#include <string.h>

#define PASSES 3u /* OWASP: at least m=19 MiB t=2; measured: 0.07 s on the build machine */
#define MEMORY ((size_t)64 * 1024 * 1024)

_Static_assert(AUTH_PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "libsodium's string form");

/* Made with the same parameters from 32 random octets that nobody kept: what an unknown name is
 * compared with. */
static const char decoy[] = "$argon2id$v=19$m=65536,t=3,p=1$OUY9yjGvQZuRwTiQm3bjwA$"
                            "loSKYAOMIuoUeJJ2b6jbDe/p5Ehd7QlIIgaXFqV1NsQ";

enum status auth_password_hash(const char *password, char out_hash[AUTH_PASSWORD_HASH_SIZE])
{
    CHECK(sodium_init() >= 0);
    char hash[AUTH_PASSWORD_HASH_SIZE];
    if (crypto_pwhash_str_alg(hash, password, strlen(password), PASSES, MEMORY,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return STATUS_NO_MEMORY;
    }
    memcpy(out_hash, hash, sizeof hash);
    return STATUS_OK;
}

bool auth_password_verify(const char *hash, const char *password)
{
    CHECK(sodium_init() >= 0);
    bool known = hash != NULL && hash[0] != '\0';
    bool same = crypto_pwhash_str_verify(known ? hash : decoy, password, strlen(password)) == 0;
    return known && same;
}

bool auth_password_acceptable(const char *password)
{
    size_t chars = 0;
    for (const unsigned char *p = (const unsigned char *)password; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            return false;
        }
        chars += (*p & 0xc0) != 0x80;
    }
    return chars >= AUTH_PASSWORD_MIN && chars <= AUTH_PASSWORD_MAX;
}
