/* certs: throw-away identities, and pairs on disk: good ones, and each way in which one is refused.
 */
#include "certs/identity.h"
#include "certs/pair.h"
#include "tests/unit/test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DAY_S 86400

static char folder[] = "/tmp/test-pair-XXXXXX";
static char ca_file[64], certificate[64], key[64], other_key[64];
static int64_t now_s;

static void test_identity(void)
{
    struct identity *a = NULL;
    struct identity *b = NULL;
    EXPECT_INT(identity_generate(&a), STATUS_OK);
    EXPECT_INT(identity_generate(&b), STATUS_OK);
    EXPECT_INT(strlen(identity_fingerprint(a)), IDENTITY_FINGERPRINT_LEN);
    EXPECT(strcmp(identity_fingerprint(a), identity_fingerprint(b)) != 0);
    EXPECT_INT(strspn(identity_fingerprint(a), "0123456789ABCDEF:"), IDENTITY_FINGERPRINT_LEN);
    EXPECT(X509_check_private_key(identity_certificate(a), identity_key(a)) == 1);
    EXPECT(X509_check_private_key(identity_certificate(a), identity_key(b)) != 1);
    EXPECT(X509_verify(identity_certificate(a), identity_key(a)) == 1);
    EXPECT_INT(EVP_PKEY_get_bits(identity_key(a)), 256);
    time_t now = time(NULL);
    EXPECT(X509_cmp_time(X509_get0_notBefore(identity_certificate(a)), &now) < 0);
    EXPECT(X509_cmp_time(X509_get0_notAfter(identity_certificate(a)), &now) > 0);
    identity_destroy(a);
    identity_destroy(b);
    identity_destroy(NULL);
}

/* certs/devca.sh makes what pair_load() takes, and keeps it the second time. */
static void test_devca(void)
{
    char command[256];
    struct pair *pair = NULL;
    struct pair_error error = {""};
    struct stat first;
    struct stat second;
    snprintf(command, sizeof(command), "%s/certs/devca.sh %s test.example >/dev/null",
             CG_SOURCE_DIR, folder);
    EXPECT_INT(system(command), 0);
    EXPECT(stat(certificate, &first) == 0);
    EXPECT_INT(system(command), 0);
    EXPECT(stat(certificate, &second) == 0 && first.st_mtim.tv_nsec == second.st_mtim.tv_nsec);
    EXPECT_INT(pair_load(certificate, key, now_s, &pair, &error), STATUS_OK);
    if (pair == NULL) {
        printf("  %s\n", error.text);
        return;
    }
    EXPECT(pair_names(pair, "localhost") && pair_names(pair, "127.0.0.1") &&
           pair_names(pair, "::1"));
    EXPECT(pair_names(pair, "test.example") && !pair_names(pair, "other.example") &&
           !pair_names(pair, "consult-gateway"));
    EXPECT_INT(pair_days_left(pair, now_s), 396);
    EXPECT_INT(pair_days_left(pair, now_s + 400 * (int64_t)DAY_S) < 0, 1);
    EXPECT_INT(stat(key, &first), 0);
    EXPECT_INT(first.st_mode & 077, 0);
    pair_destroy(pair);
    snprintf(
        command, sizeof(command),
        "%s/certs/devca.sh %s more.example >/dev/null && openssl verify -CAfile %s %s >/dev/null",
        CG_SOURCE_DIR, folder, ca_file, certificate);
    EXPECT_INT(system(command), 0);
    EXPECT_INT(pair_load(certificate, key, now_s, &pair, &error), STATUS_OK);
    EXPECT(pair_names(pair, "more.example"));
    pair_destroy(pair);
}

static void write_text(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    chmod(path, mode);
}

static void refused(const char *name, const char *certificate_file, const char *key_file,
                    int64_t at_s, enum status status, const char *says)
{
    struct pair *pair = NULL;
    struct pair_error error = {""};
    test_row(name);
    EXPECT_INT(pair_load(certificate_file, key_file, at_s, &pair, &error), status);
    EXPECT(strstr(error.text, says) != NULL);
    EXPECT(pair == NULL);
    if (test_bad > 0) {
        printf("  %s\n", error.text);
    }
    test_row_end();
}

static void test_refusals(void)
{
    char path[80];
    char command[512];
    struct identity *identity = NULL;
    EXPECT_INT(identity_generate(&identity), STATUS_OK);
    FILE *f = fopen(other_key, "w");
    PEM_write_PrivateKey(f, identity_key(identity), NULL, NULL, 0, NULL, NULL);
    fclose(f);
    chmod(other_key, 0600);
    identity_destroy(identity);
    refused("no certificate file", "/nonexistent", key, now_s, STATUS_IO, "cannot be read");
    refused("no key file", certificate, "/nonexistent", now_s, STATUS_IO, "cannot be read");
    refused("a folder", "/tmp", key, now_s, STATUS_IO, "cannot be read");
    refused("another's key", certificate, other_key, now_s, STATUS_MALFORMED, "does not belong");
    refused("key as certificate", key, key, now_s, STATUS_MALFORMED, "holds no PEM certificate");
    refused("certificate as key", certificate, certificate, now_s, STATUS_IO,
            "can be read by every user");
    refused("expired", certificate, key, now_s + 500 * (int64_t)DAY_S, STATUS_REFUSED,
            "has expired");
    refused("not yet valid", certificate, key, now_s - 500 * (int64_t)DAY_S, STATUS_REFUSED,
            "not yet valid");
    snprintf(path, sizeof(path), "%s/text", folder);
    write_text(path, "no certificate at all\n", 0600);
    refused("text", path, key, now_s, STATUS_MALFORMED, "holds no PEM certificate");
    refused("text as key", certificate, path, now_s, STATUS_MALFORMED,
            "holds no unencrypted PEM private key");
    write_text(path, "", 0600);
    refused("empty", path, key, now_s, STATUS_MALFORMED, "holds no PEM certificate");
    snprintf(command, sizeof(command), "cat %s %s > %s", ca_file, certificate, path);
    EXPECT_INT(system(command), 0);
    refused("chain in the wrong order", path, key, now_s, STATUS_MALFORMED, "did not sign");
    snprintf(command, sizeof(command), "head -c 900 %s > %s", certificate, path);
    EXPECT_INT(system(command), 0);
    refused("cut", path, key, now_s, STATUS_MALFORMED, "");
    snprintf(command, sizeof(command),
             "openssl ec -in %s -aes128 -passout pass:x -out %s 2>/dev/null && chmod 600 %s", key,
             path, path);
    EXPECT_INT(system(command), 0);
    refused("encrypted key", certificate, path, now_s, STATUS_MALFORMED, "holds no unencrypted");
    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey rsa:1024 -nodes -days 9 -subj /CN=x -keyout %s/weak.key "
             "-out %s/weak.pem 2>/dev/null && "
             "chmod 600 %s/weak.key",
             folder, folder, folder);
    if (system(command) == 0) {
        char weak[80];
        char weak_key[80];
        snprintf(weak, sizeof(weak), "%s/weak.pem", folder);
        snprintf(weak_key, sizeof(weak_key), "%s/weak.key", folder);
        refused("weak key", weak, weak_key, now_s + 60, STATUS_REFUSED, "too weak");
    }
    snprintf(command, sizeof(command), "head -c 300000 /dev/zero > %s", path);
    EXPECT_INT(system(command), 0);
    refused("too large", path, key, now_s, STATUS_TOO_LARGE, "too large");
    chmod(key, 0644);
    refused("key for everybody", certificate, key, now_s, STATUS_IO, "can be read by every user");
}

int main(void)
{
    static const struct test_case cases[] = {
        {"identity", test_identity}, {"devca", test_devca}, {"refusals", test_refusals}};
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    now_s = (int64_t)time(NULL) + 5; /* certificates that were made this second are valid */
    snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", folder);
    snprintf(certificate, sizeof(certificate), "%s/server.pem", folder);
    snprintf(key, sizeof(key), "%s/server.key", folder);
    snprintf(other_key, sizeof(other_key), "%s/other.key", folder);
    int result = TEST_MAIN(cases);
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command) == 0 ? result : 1;
}
