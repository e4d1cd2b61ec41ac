#include "gateway/imaging/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE_LEN 262144

static enum status finish(EVP_MD_CTX *context, char out_hex[DIGEST_HEX_LEN])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_DigestFinal_ex(context, hash, &len) != 1 || len != 32) {
        return STATUS_NO_MEMORY;
    }
    for (unsigned i = 0; i < 32; i++) {
        out_hex[2 * i] = digits[hash[i] >> 4];
        out_hex[2 * i + 1] = digits[hash[i] & 15u];
    }
    out_hex[64] = 0;
    return STATUS_OK;
}

static EVP_MD_CTX *begin(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        context = NULL;
    }
    return context;
}

enum status digest_octets(const void *data, size_t len, char out_hex[DIGEST_HEX_LEN])
{
    EVP_MD_CTX *context = begin();
    enum status status = STATUS_NO_MEMORY;
    if (context != NULL && EVP_DigestUpdate(context, data, len) == 1) {
        status = finish(context, out_hex);
    }
    EVP_MD_CTX_free(context);
    return status;
}

static enum status add_file(EVP_MD_CTX *context, int fd, unsigned char *piece)
{
    off_t at = 0;
    for (;;) {
        ssize_t n = pread(fd, piece, PIECE_LEN, at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 || (n > 0 && EVP_DigestUpdate(context, piece, (size_t)n) != 1)) {
            return STATUS_IO;
        }
        if (n == 0) {
            return STATUS_OK;
        }
        at += n;
    }
}

enum status digest_file(int fd, char out_hex[DIGEST_HEX_LEN])
{
    EVP_MD_CTX *context = begin();
    unsigned char *piece = malloc(PIECE_LEN);
    enum status status =
        context != NULL && piece != NULL ? add_file(context, fd, piece) : STATUS_NO_MEMORY;
    if (status == STATUS_OK) {
        status = finish(context, out_hex);
    }
    free(piece);
    EVP_MD_CTX_free(context);
    return status;
}
