#include "gateway/auth/sign.h"

#include "media/rt/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEED_HEX_LEN ((size_t)crypto_sign_SEEDBYTES * 2)

static bool id_valid(const char *id)
{
    return strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32; /* never a path */
}

#define NAME_SIZE 48 /* "account-" and 32 digits */

/* name: of the file without its suffix. */
static bool key_path(const char *data_folder, const char *name, const char *suffix, char *buffer,
                     size_t buffer_len)
{
    int n = snprintf(buffer, buffer_len, "%s/keys/%s%s", data_folder, name, suffix);
    return n > 0 && (size_t)n < buffer_len;
}

static bool account_name(const char *account_id, char out_name[NAME_SIZE])
{
    (void)snprintf(out_name, NAME_SIZE, "account-%.32s", account_id);
    return id_valid(account_id);
}

static enum status read_seed(const char *path, unsigned char out_seed[crypto_sign_SEEDBYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT ? STATUS_UNKNOWN : STATUS_IO;
    }
    struct stat st;
    char hex[SEED_HEX_LEN + 2];
    enum status status = STATUS_IO;
    size_t len = 0;
    bool plain = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0;
    ssize_t n = plain ? read(fd, hex, sizeof hex) : -1;
    close(fd);
    if (n == (ssize_t)SEED_HEX_LEN + 1 && hex[SEED_HEX_LEN] == '\n' &&
        sodium_hex2bin(out_seed, crypto_sign_SEEDBYTES, hex, SEED_HEX_LEN, NULL, &len, NULL) == 0 &&
        len == crypto_sign_SEEDBYTES) {
        status = STATUS_OK;
    }
    sodium_memzero(hex, sizeof hex);
    return status;
}

/* The seed in the file of that name; told to the log when it cannot be used. */
static enum status read_key(const struct sign_keys *keys, const char *name,
                            unsigned char out_seed[crypto_sign_SEEDBYTES])
{
    char path[PATH_MAX];
    if (!key_path(keys->data_folder, name, ".key", path, sizeof path)) {
        return STATUS_UNKNOWN;
    }
    enum status status = read_seed(path, out_seed);
    if (status != STATUS_OK) {
        log_error("sign_key_unusable", "key=%s reason=%s", name, status_name(status));
    }
    return status;
}

/* out_public_key_hex NULL: not asked for. Wipes the seed. */
static void sign_message(unsigned char seed[crypto_sign_SEEDBYTES], const void *message, size_t len,
                         char out_signature_hex[SIGN_SIGNATURE_SIZE],
                         char out_public_key_hex[SIGN_PUBLIC_KEY_SIZE])
{
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
    unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
    unsigned char signature[crypto_sign_BYTES];
    (void)crypto_sign_seed_keypair(public_key, secret_key, seed); /* cannot fail */
    (void)crypto_sign_detached(signature, NULL, message, len, secret_key);
    sodium_bin2hex(out_signature_hex, SIGN_SIGNATURE_SIZE, signature, sizeof signature);
    if (out_public_key_hex != NULL) {
        sodium_bin2hex(out_public_key_hex, SIGN_PUBLIC_KEY_SIZE, public_key, sizeof public_key);
    }
    sodium_memzero(seed, crypto_sign_SEEDBYTES);
    sodium_memzero(secret_key, sizeof secret_key);
}

enum status sign_with_organisation(void *sign_keys, const char *organisation_id,
                                   const void *message, size_t len,
                                   char out_signature_hex[SIGN_SIGNATURE_SIZE],
                                   char out_public_key_hex[SIGN_PUBLIC_KEY_SIZE])
{
    unsigned char seed[crypto_sign_SEEDBYTES];
    if (!id_valid(organisation_id)) {
        return STATUS_UNKNOWN;
    }
    enum status status = read_key(sign_keys, organisation_id, seed);
    if (status == STATUS_OK) {
        sign_message(seed, message, len, out_signature_hex, out_public_key_hex);
    }
    return status;
}

enum status sign_with_account(void *sign_keys, const char *account_id, const void *message,
                              size_t len, char out_signature_hex[SIGN_SIGNATURE_SIZE])
{
    char name[NAME_SIZE];
    unsigned char seed[crypto_sign_SEEDBYTES];
    if (!account_name(account_id, name)) {
        return STATUS_UNKNOWN;
    }
    enum status status = read_key(sign_keys, name, seed);
    if (status == STATUS_OK) {
        sign_message(seed, message, len, out_signature_hex, NULL);
    }
    return status;
}

bool sign_verify(const char *public_key_hex, const char *signature_hex, const void *message,
                 size_t len)
{
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
    unsigned char signature[crypto_sign_BYTES];
    size_t key_len = 0;
    size_t signature_len = 0;
    if (strlen(public_key_hex) != sizeof public_key * 2 ||
        strlen(signature_hex) != sizeof signature * 2 ||
        sodium_hex2bin(public_key, sizeof public_key, public_key_hex, sizeof public_key * 2, NULL,
                       &key_len, NULL) != 0 ||
        sodium_hex2bin(signature, sizeof signature, signature_hex, sizeof signature * 2, NULL,
                       &signature_len, NULL) != 0 ||
        key_len != sizeof public_key || signature_len != sizeof signature) {
        return false;
    }
    return crypto_sign_verify_detached(signature, message, len, public_key) == 0;
}

/* Under another name first and linked into place: a key file is whole or not there, and never
 * replaces one. */
static enum status write_seed(const char *data_folder, const char *name,
                              const unsigned char seed[crypto_sign_SEEDBYTES])
{
    char path[PATH_MAX];
    char fresh[PATH_MAX];
    char hex[SEED_HEX_LEN + 2];
    if (!key_path(data_folder, name, ".key", path, sizeof path) ||
        !key_path(data_folder, name, ".new", fresh, sizeof fresh)) {
        return STATUS_TOO_LARGE;
    }
    sodium_bin2hex(hex, SEED_HEX_LEN + 1, seed, crypto_sign_SEEDBYTES);
    hex[SEED_HEX_LEN] = '\n';
    (void)unlink(fresh); /* of a process that died here */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok =
        fd >= 0 && write(fd, hex, SEED_HEX_LEN + 1) == (ssize_t)SEED_HEX_LEN + 1 && fsync(fd) == 0;
    sodium_memzero(hex, sizeof hex);
    if (fd >= 0) {
        ok = close(fd) == 0 && ok;
    }
    ok = ok && link(fresh, path) == 0;
    int error = errno;
    (void)unlink(fresh);
    if (!ok) {
        log_error("sign_key_write_failed", "path=%s error=\"%s\"", path, strerror(error));
    }
    return ok ? STATUS_OK : STATUS_IO;
}

static enum status sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return ok ? STATUS_OK : STATUS_IO;
}

/* Makes the key file of that name if it is missing (make) and gives its public half. */
static enum status ensure(const char *data_folder, const char *name, bool make,
                          char out_public_key_hex[SIGN_PUBLIC_KEY_SIZE])
{
    char folder[PATH_MAX], file[PATH_MAX];
    unsigned char seed[crypto_sign_SEEDBYTES];
    if (sodium_init() < 0 || !key_path(data_folder, "", "", folder, sizeof folder) ||
        !key_path(data_folder, name, ".key", file, sizeof file)) {
        return STATUS_UNKNOWN;
    }
    if (make && mkdir(folder, 0700) != 0 && errno != EEXIST) {
        log_error("sign_folder_failed", "path=%s error=\"%s\"", folder, strerror(errno));
        return STATUS_IO;
    }
    enum status status = read_seed(file, seed);
    if (status == STATUS_UNKNOWN && make) {
        randombytes_buf(seed, sizeof seed);
        status = write_seed(data_folder, name, seed);
        if (status == STATUS_OK) {
            status = sync_folder(folder);
        }
    } else if (status != STATUS_OK) {
        log_error("sign_key_unusable",
                  "path=%s hint=\"it must be a plain file of mode 0600 with 64 hex digits\"", file);
    }
    if (status == STATUS_OK) {
        char signature[SIGN_SIGNATURE_SIZE];
        sign_message(seed, "", 0, signature, out_public_key_hex);
    }
    sodium_memzero(seed, sizeof seed);
    return status;
}

enum status sign_key_ensure(const char *data_folder, const char *organisation_id,
                            char out_public_key_hex[SIGN_PUBLIC_KEY_SIZE])
{
    return id_valid(organisation_id)
               ? ensure(data_folder, organisation_id, true, out_public_key_hex)
               : STATUS_UNKNOWN;
}

enum status sign_account_key(void *sign_keys, const char *account_id, bool make,
                             char out_public_key_hex[SIGN_PUBLIC_KEY_SIZE])
{
    const struct sign_keys *keys = sign_keys;
    char name[NAME_SIZE];
    return account_name(account_id, name)
               ? ensure(keys->data_folder, name, make, out_public_key_hex)
               : STATUS_UNKNOWN;
}
