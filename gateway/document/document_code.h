/* The verification code of a signed opinion: 20 characters of Crockford's base 32 (no I, L, O, U),
 * in groups of five, made of the first 100 bits of SHA-256 over "consult-verify-1", NUL, the
 * canonical record, NUL, the institution's signature in hex. So whoever has the record can tell
 * that the code is its own, and nobody finds one by trying. Pure; any thread. */
#ifndef GATEWAY_DOCUMENT_DOCUMENT_CODE_H
#define GATEWAY_DOCUMENT_DOCUMENT_CODE_H

#include <stdbool.h>
#include <stddef.h>

#define DOCUMENT_CODE_SIZE 24 /* "XXXXX-XXXXX-XXXXX-XXXXX" and NUL */

void document_code_make(const char *canonical, size_t len, const char *signature_hex,
                        char out_code[DOCUMENT_CODE_SIZE]);
/* What a person typed: blanks and hyphens anywhere, small letters, O for 0, I and L for 1. False:
 * not such a code. */
bool document_code_read(const char *typed, char out_code[DOCUMENT_CODE_SIZE]);

#endif
