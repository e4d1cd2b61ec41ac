/* The signing keys of the institutions, and of the persons who sign: Ed25519 (RFC 8032, libsodium),
 * one a file DATA/keys/ORGANISATION_ID.key or account-ACCOUNT_ID.key (mode 0600, the 32-octet seed
 * in hex). The public halves are kept in the store, with the organisation and in account_key. A
 * person's key is held by the gateway and used only in the person's own signed-in call. Any thread
 * that may read files. */
#ifndef GATEWAY_AUTH_SIGN_H
#define GATEWAY_AUTH_SIGN_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>

#define SIGN_PUBLIC_KEY_SIZE 65 /* hex and NUL */
#define SIGN_SIGNATURE_SIZE 129 /* hex and NUL */

/* For struct api_services: sign_context is a struct sign_keys that lives as long as the services.
 */
struct sign_keys {
    const char *data_folder; /* keys/ lies below; borrowed */
};
/* Signs message with the key of the organisation. STATUS_UNKNOWN: it has no key file; STATUS_IO:
 * cannot be read or has been tampered with (wrong length, readable by others). Outputs only on
 * STATUS_OK. */
MUST_USE enum status sign_with_organisation(void *sign_keys, const char *organisation_id,
                                            const void *message, size_t len,
                                            char out_signature_hex[SIGN_SIGNATURE_SIZE],
                                            char out_public_key_hex[SIGN_PUBLIC_KEY_SIZE]);
/* The same with the key of a person. */
MUST_USE enum status sign_with_account(void *sign_keys, const char *account_id, const void *message,
                                       size_t len, char out_signature_hex[SIGN_SIGNATURE_SIZE]);
/* The public half of a person's key. make: a missing file is made; else it is STATUS_UNKNOWN. A
 * file that is there is never changed. */
MUST_USE enum status sign_account_key(void *sign_keys, const char *account_id, bool make,
                                      char out_public_key_hex[SIGN_PUBLIC_KEY_SIZE]);
/* True when signature_hex is the signature of message by public_key_hex; false for anything else,
 * bad hex included. Any thread. */
bool sign_verify(const char *public_key_hex, const char *signature_hex, const void *message,
                 size_t len);

/* Makes the key file if it is missing and gives its public half. A file that is there is never
 * changed. */
MUST_USE enum status sign_key_ensure(const char *data_folder, const char *organisation_id,
                                     char out_public_key_hex[SIGN_PUBLIC_KEY_SIZE]);

#endif
