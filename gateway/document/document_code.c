#include "gateway/document/document_code.h"

#include <sodium.h>
#include <stdint.h>
#include <string.h>

#define SYMBOLS 20
#define GROUP 5

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void put(char out_code[DOCUMENT_CODE_SIZE], int index, char symbol)
{
    int at = index + index / GROUP;
    if (index > 0 && index % GROUP == 0) {
        out_code[at - 1] = '-';
    }
    out_code[at] = symbol;
    out_code[at + 1] = '\0';
}

void document_code_make(const char *canonical, size_t len, const char *signature_hex,
                        char out_code[DOCUMENT_CODE_SIZE])
{
    static const char domain[] = "consult-verify-1"; /* with its NUL */
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)domain, sizeof domain);
    crypto_hash_sha256_update(&state, (const unsigned char *)canonical, len);
    crypto_hash_sha256_update(&state, (const unsigned char *)"", 1);
    crypto_hash_sha256_update(&state, (const unsigned char *)signature_hex, strlen(signature_hex));
    crypto_hash_sha256_final(&state, hash);
    uint32_t bits = 0;
    unsigned held = 0;
    const unsigned char *next = hash;
    for (int i = 0; i < SYMBOLS; i++) {
        if (held < 5) {
            bits = (bits << 8) | *next++;
            held += 8;
        }
        held -= 5;
        put(out_code, i, alphabet[(bits >> held) & 31u]);
    }
}

static char symbol_of(char typed)
{
    char c = typed >= 'a' && typed <= 'z' ? (char)(typed - 'a' + 'A') : typed;
    c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
    return c != '\0' && strchr(alphabet, c) != NULL ? c : '\0';
}

bool document_code_read(const char *typed, char out_code[DOCUMENT_CODE_SIZE])
{
    char code[DOCUMENT_CODE_SIZE];
    int count = 0;
    for (; *typed != '\0'; typed++) {
        if (*typed == '-' || *typed == ' ') {
            continue;
        }
        char symbol = symbol_of(*typed);
        if (symbol == '\0' || count == SYMBOLS) {
            return false;
        }
        put(code, count++, symbol);
    }
    if (count == SYMBOLS) {
        memcpy(out_code, code, sizeof code);
    }
    return count == SYMBOLS;
}
