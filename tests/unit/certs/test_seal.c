/* The seal of documents: one file, one encoding; any changed octet of the signature or of what is
 * signed shows. */
#include "certs/seal.h"
#include "certs/seal_der.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_S 1790000000LL /* 2026-09-21 */

static char folder[64], path[96];

static void make_folder(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/cg-seal-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        abort();
    }
    (void)snprintf(path, sizeof path, "%s/a.document.pem", folder);
}

static struct seal *open_seal(void)
{
    struct seal *seal = NULL;
    EXPECT_INT(seal_ensure(path, "市第一医院", "C1", NOW_S, &seal), STATUS_OK);
    return seal;
}

static void one_file(void)
{
    char first[65], again[65];
    struct stat st;
    struct seal *seal = open_seal();
    seal_fingerprint(seal, first);
    seal_destroy(seal);
    EXPECT_INT(stat(path, &st), 0);
    EXPECT_INT(st.st_mode & 0777, 0600);
    seal = open_seal(); /* a file that is there stays */
    seal_fingerprint(seal, again);
    seal_destroy(seal);
    EXPECT_TEXT(again, first);
    EXPECT_INT(strlen(first), 64);
    seal = NULL;
    EXPECT_INT(chmod(path, 0644), 0);
    EXPECT_INT(seal_ensure(path, "x", "y", NOW_S, &seal), STATUS_REFUSED); /* others may read it */
    EXPECT(seal == NULL);
    EXPECT_INT(chmod(path, 0600), 0);
    EXPECT_INT(seal_ensure("/nonexistent/x.pem", "x", "y", NOW_S, &seal), STATUS_IO);
}

static void signs(void)
{
    struct seal *seal = open_seal();
    const struct seal_octets parts[2] = {{(const uint8_t *)"abc", 3}, {(const uint8_t *)"def", 3}};
    const struct seal_octets joined[2] = {{(const uint8_t *)"abcd", 4}, {(const uint8_t *)"ef", 2}};
    const struct seal_octets other[2] = {{(const uint8_t *)"abc", 3}, {(const uint8_t *)"deF", 3}};
    uint8_t cms[SEAL_CMS_MAX], again[SEAL_CMS_MAX];
    size_t len = 0, again_len = 0;
    char fingerprint[65];
    struct seal_verdict verdict;
    EXPECT_INT(seal_sign(seal, parts, NOW_S, cms, &len), STATUS_OK);
    EXPECT_INT(seal_sign(seal, parts, NOW_S, again, &again_len), STATUS_OK);
    EXPECT(len == again_len && memcmp(cms, again, len) == 0); /* no random part */
    seal_check(cms, len, parts, &verdict);
    EXPECT_INT(verdict.fault, SEAL_HOLDS);
    EXPECT_TEXT(verdict.name, "市第一医院");
    seal_fingerprint(seal, fingerprint);
    EXPECT_TEXT(verdict.fingerprint, fingerprint);
    seal_check(cms, len, joined, &verdict); /* the same octets, cut elsewhere */
    EXPECT_INT(verdict.fault, SEAL_HOLDS);
    seal_check(cms, len, other, &verdict);
    EXPECT_INT(verdict.fault, SEAL_OTHER_OCTETS);
    for (size_t i = 0; i < len; i++) { /* every octet of it, one bit each */
        cms[i] ^= (uint8_t)(1u << (i % 8));
        seal_check(cms, len, parts, &verdict);
        if (verdict.fault == SEAL_HOLDS) {
            printf("  octet %zu may be changed\n", i);
            EXPECT(false);
        }
        cms[i] ^= (uint8_t)(1u << (i % 8));
    }
    for (size_t i = 0; i < len; i += 7) { /* cut anywhere, in a block of just that size */
        uint8_t *cut = malloc(i + 1);
        memcpy(cut, cms, i);
        seal_check(cut, i, parts, &verdict);
        EXPECT_INT(verdict.fault, SEAL_DAMAGED);
        free(cut);
    }
    cms[len] = 0;
    seal_check(cms, len + 1, parts, &verdict); /* one more than it has */
    EXPECT_INT(verdict.fault, SEAL_DAMAGED);
    seal_check(cms, len, parts, &verdict);
    EXPECT_INT(verdict.fault, SEAL_HOLDS);
    seal_destroy(seal);
}

static void long_names(void)
{
    struct seal *seal = NULL;
    struct seal_verdict verdict;
    char name[400] = "";
    uint8_t cms[SEAL_CMS_MAX];
    size_t len = 0;
    const struct seal_octets parts[2] = {{(const uint8_t *)"a", 1}, {(const uint8_t *)"b", 1}};
    for (int i = 0; i < 100; i++) {
        (void)snprintf(name + strlen(name), 4, "医");
    }
    (void)unlink(path);
    EXPECT_INT(seal_ensure(path, name, "", NOW_S, &seal), STATUS_OK);
    EXPECT_INT(seal_sign(seal, parts, NOW_S, cms, &len), STATUS_OK);
    seal_check(cms, len, parts, &verdict);
    EXPECT_INT(verdict.fault, SEAL_HOLDS);
    EXPECT_INT(strlen(verdict.name), 64 * 3); /* cut to whole characters */
    seal_destroy(seal);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"one file", one_file}, {"signs", signs}, {"long names", long_names}};
    make_folder();
    int result = TEST_MAIN(cases);
    (void)unlink(path);
    (void)rmdir(folder);
    return result;
}
