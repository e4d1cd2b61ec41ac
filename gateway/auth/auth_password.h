/* Passwords: Argon2id (RFC 9106) by libsodium, 64 MiB and 3 passes, 0.1 to 0.3 s each on small
 * machines: password threads, consultctl and tests only. The memory in use is bounded by the number
 * of password threads. */
#ifndef GATEWAY_AUTH_AUTH_PASSWORD_H
#define GATEWAY_AUTH_AUTH_PASSWORD_H

#include "proto/base/status.h"

#include <stdbool.h>

#define AUTH_PASSWORD_MIN 8         /* characters; ASVS 6.2.1 */
#define AUTH_PASSWORD_MAX 128       /* characters; ASVS 6.2.9 asks for at least 64 */
#define AUTH_PASSWORD_HASH_SIZE 128 /* crypto_pwhash_STRBYTES */

/* STATUS_NO_MEMORY when the 64 MiB cannot be had. */
MUST_USE enum status auth_password_hash(const char *password,
                                        char out_hash[AUTH_PASSWORD_HASH_SIZE]);
/* hash NULL or "": takes as long and is false. */
bool auth_password_verify(const char *hash, const char *password);
/* Between AUTH_PASSWORD_MIN and AUTH_PASSWORD_MAX characters of UTF-8, no control characters. */
bool auth_password_acceptable(const char *password);

#endif
