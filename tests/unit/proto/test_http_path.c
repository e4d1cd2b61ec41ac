/* Specimens of paths and queries (RFC 3986, WHATWG URL) and of UTF-8 (RFC 3629). Each value is also
 * cut off at every length, in a heap copy of exactly that many octets: ASan sees one octet too
 * many. */
#include "proto/http/http_path.h"
#include "proto/http/http_utf8.h"
#include "tests/unit/test.h"

#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define S(text)                                                                                    \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

/* A heap copy of exactly len octets, so that ASan sees one octet too many. */
static struct span exact(struct span text, uint8_t **out_owned)
{
    *out_owned = malloc(text.len > 0 ? text.len : 1);
    if (text.len > 0) {
        memcpy(*out_owned, text.data, text.len);
    }
    return span_of(*out_owned, text.len);
}

/* clang-format off */
static const struct {
    const char *section;
    struct span raw;
    enum status status;
    const char *decoded;
} paths[] = {
    {"3986 3.3 root", S("/"), STATUS_OK, "/"},
    {"3986 3.3 segments", S("/a/b/c.html"), STATUS_OK, "/a/b/c.html"},
    {"3986 3.3 slash at the end", S("/a/"), STATUS_OK, "/a/"},
    {"3986 2.1 escape", S("/a%20b"), STATUS_OK, "/a b"},
    {"3986 2.1 either case", S("/%4a%4A"), STATUS_OK, "/JJ"},
    {"3986 2.1 once only", S("/%2541"), STATUS_OK, "/%41"},
    {"3986 2.1 plus stays", S("/a+b"), STATUS_OK, "/a+b"},
    {"3986 2.1 marks escaped", S("/a%3Fb%23c"), STATUS_OK, "/a?b#c"},
    {"3629 Chinese", S("/%e4%bd%a0"), STATUS_OK, "/\xe4\xbd\xa0"},
    {"3629 four octets", S("/%F0%9F%98%80"), STATUS_OK, "/\xf0\x9f\x98\x80"},
    {"3986 3.3 dots in names", S("/..a/a../.a/a./..."), STATUS_OK, "/..a/a../.a/a./..."},
    {"3986 3.3 empty", S(""), STATUS_MALFORMED, NULL},
    {"3986 3.3 no slash", S("a"), STATUS_MALFORMED, NULL},
    {"9112 3.2.4 asterisk", S("*"), STATUS_MALFORMED, NULL},
    {"3986 2.1 cut", S("/%"), STATUS_MALFORMED, NULL},
    {"3986 2.1 cut after one", S("/%4"), STATUS_MALFORMED, NULL},
    {"3986 2.1 not hexadecimal", S("/%zz"), STATUS_MALFORMED, NULL},
    {"3986 2.1 second not hexadecimal", S("/%4z"), STATUS_MALFORMED, NULL},
    {"3986 7.3 NUL", S("/a%00b"), STATUS_MALFORMED, NULL},
    {"3986 7.3 raw NUL", S("/a\0b"), STATUS_MALFORMED, NULL},
    {"3986 7.3 escaped CR LF", S("/a%0d%0ab"), STATUS_MALFORMED, NULL},
    {"3986 7.3 DEL", S("/a%7f"), STATUS_MALFORMED, NULL},
    {"3986 2.2 escaped slash", S("/a%2Fb"), STATUS_MALFORMED, NULL},
    {"3986 2.2 escaped slash, lower", S("/a%2fb"), STATUS_MALFORMED, NULL},
    {"3986 7.3 escaped backslash", S("/a%5c..%5cb"), STATUS_MALFORMED, NULL},
    {"3986 7.3 backslash", S("/a\\b"), STATUS_MALFORMED, NULL},
    {"3986 5.2.4 ..", S("/.."), STATUS_MALFORMED, NULL},
    {"3986 5.2.4 .. inside", S("/a/../b"), STATUS_MALFORMED, NULL},
    {"3986 5.2.4 .. at the end", S("/a/.."), STATUS_MALFORMED, NULL},
    {"3986 5.2.4 ../", S("/a/../"), STATUS_MALFORMED, NULL},
    {"3986 5.2.4 .", S("/."), STATUS_MALFORMED, NULL},
    {"3986 5.2.4 ./", S("/./a"), STATUS_MALFORMED, NULL},
    {"3986 6.2.2 %2e%2e", S("/%2e%2e/a"), STATUS_MALFORMED, NULL},
    {"3986 6.2.2 .%2E", S("/a/.%2E/b"), STATUS_MALFORMED, NULL},
    {"3986 6.2.2 %2e", S("/%2e/a"), STATUS_MALFORMED, NULL},
    {"3986 5.2.4 climbing", S("/../../../etc/passwd"), STATUS_MALFORMED, NULL},
    {"3986 3.3 //", S("//"), STATUS_MALFORMED, NULL},
    {"3986 3.3 // first", S("//a"), STATUS_MALFORMED, NULL},
    {"3986 3.3 // inside", S("/a//b"), STATUS_MALFORMED, NULL},
    {"3986 3.3 // at the end", S("/a//"), STATUS_MALFORMED, NULL},
    {"3629 3 overlong slash", S("/%c0%af"), STATUS_MALFORMED, NULL},
    {"3629 3 overlong dots", S("/%c0%ae%c0%ae/"), STATUS_MALFORMED, NULL},
    {"3629 3 overlong NUL", S("/%c0%80"), STATUS_MALFORMED, NULL},
    {"3629 3 overlong of three", S("/%e0%80%af"), STATUS_MALFORMED, NULL},
    {"3629 3 overlong of four", S("/%f0%80%80%af"), STATUS_MALFORMED, NULL},
    {"3629 3 surrogate", S("/%ed%a0%80"), STATUS_MALFORMED, NULL},
    {"3629 3 above 10FFFF", S("/%f4%90%80%80"), STATUS_MALFORMED, NULL},
    {"3629 3 cut character", S("/%e4%bd"), STATUS_MALFORMED, NULL},
    {"3629 3 lone continuation", S("/%80"), STATUS_MALFORMED, NULL},
    {"3629 3 FF", S("/%ff"), STATUS_MALFORMED, NULL},
    {"limit 31", S("/012345678901234567890123456789"), STATUS_OK, "/012345678901234567890123456789"},
    {"limit 32", S("/0123456789012345678901234567890"), STATUS_TOO_LARGE, NULL},
};

static const struct {
    const char *section;
    struct span query;
    const char *name;
    enum status status;
    const char *value;
} queries[] = {
    {"URL 5.1 one", S("a=b"), "a", STATUS_OK, "b"},
    {"URL 5.1 second", S("a=b&c=d"), "c", STATUS_OK, "d"},
    {"URL 5.1 empty value", S("a="), "a", STATUS_OK, ""},
    {"URL 5.1 no equals", S("a&b"), "b", STATUS_OK, ""},
    {"URL 5.1 equals inside", S("a=b=c"), "a", STATUS_OK, "b=c"},
    {"URL 5.1 empty pairs", S("&&a=b&&"), "a", STATUS_OK, "b"},
    {"URL 5.1 empty name", S("=b"), "", STATUS_OK, "b"},
    {"URL 5.1 plus", S("a=b+c"), "a", STATUS_OK, "b c"},
    {"URL 5.1 escaped plus", S("a=b%2Bc"), "a", STATUS_OK, "b+c"},
    {"URL 5.1 escaped ampersand", S("a=b%26c=d"), "a", STATUS_OK, "b&c=d"},
    {"URL 5.1 escaped name", S("%61=b"), "a", STATUS_OK, "b"},
    {"URL 5.1 slash", S("a=%2Fetc/%2e%2e"), "a", STATUS_OK, "/etc/.."},
    {"URL 5.1 line end is a value", S("a=b%0Ac"), "a", STATUS_OK, "b\nc"},
    {"URL 5.1 Chinese", S("a=%e4%bd%a0"), "a", STATUS_OK, "\xe4\xbd\xa0"},
    {"URL 5.1 absent", S("a=b"), "b", STATUS_NONE, NULL},
    {"URL 5.1 prefix", S("ab=c"), "a", STATUS_NONE, NULL},
    {"URL 5.1 longer", S("a=c"), "ab", STATUS_NONE, NULL},
    {"URL 5.1 case", S("A=c"), "a", STATUS_NONE, NULL},
    {"URL 5.1 empty", S(""), "a", STATUS_NONE, NULL},
    {"URL 5.1 bad name elsewhere", S("%zz=1&a=b"), "a", STATUS_OK, "b"},
    {"9110 4.2 twice", S("a=b&a=c"), "a", STATUS_CONFLICT, NULL},
    {"9110 4.2 twice the same", S("a=b&a=b"), "a", STATUS_CONFLICT, NULL},
    {"9110 4.2 twice, once escaped", S("a=b&%61=c"), "a", STATUS_CONFLICT, NULL},
    {"3986 2.1 bad escape", S("a=%zz"), "a", STATUS_MALFORMED, NULL},
    {"3986 2.1 cut escape", S("a=b%4"), "a", STATUS_MALFORMED, NULL},
    {"3986 7.3 NUL", S("a=%00"), "a", STATUS_MALFORMED, NULL},
    {"3629 3 overlong", S("a=%c0%af"), "a", STATUS_MALFORMED, NULL},
    {"3629 3 cut", S("a=%e4"), "a", STATUS_MALFORMED, NULL},
    {"limit 31", S("a=0123456789012345678901234567890"), "a", STATUS_OK, "0123456789012345678901234567890"},
    {"limit 32", S("a=01234567890123456789012345678901"), "a", STATUS_TOO_LARGE, NULL},
};

static const struct {
    const char *section;
    struct span text;
    bool valid;
    size_t fails_at; /* octets until the failure shows; 0 = at the end only */
} texts[] = {
    {"3629 ASCII", S("plain"), true, 0},
    {"3629 4 two, least", S("\xc2\x80"), true, 0},
    {"3629 4 two, most", S("\xdf\xbf"), true, 0},
    {"3629 4 three, least", S("\xe0\xa0\x80"), true, 0},
    {"3629 4 before surrogates", S("\xed\x9f\xbf"), true, 0},
    {"3629 4 after surrogates", S("\xee\x80\x80"), true, 0},
    {"3629 4 three, most", S("\xef\xbf\xbf"), true, 0},
    {"3629 4 four, least", S("\xf0\x90\x80\x80"), true, 0},
    {"3629 4 U+10FFFF", S("\xf4\x8f\xbf\xbf"), true, 0},
    {"3629 7 the example", S("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"), true, 0},
    {"3629 NUL is a character", S("\0"), true, 0},
    {"3629 empty", S(""), true, 0},
    {"3629 3 C0", S("\xc0\x80"), false, 1},
    {"3629 3 C1", S("\xc1\xbf"), false, 1},
    {"3629 4 overlong of three", S("\xe0\x9f\xbf"), false, 2},
    {"3629 4 overlong of four", S("\xf0\x8f\xbf\xbf"), false, 2},
    {"3629 3 surrogate, least", S("\xed\xa0\x80"), false, 2},
    {"3629 3 surrogate, most", S("\xed\xbf\xbf"), false, 2},
    {"3629 3 above U+10FFFF", S("\xf4\x90\x80\x80"), false, 2},
    {"3629 4 F5", S("\xf5\x80\x80\x80"), false, 1},
    {"3629 4 FE", S("\xfe"), false, 1},
    {"3629 4 FF", S("\xff"), false, 1},
    {"3629 4 lone continuation", S("a\x80"), false, 2},
    {"3629 4 cut of two", S("\xc2"), false, 0},
    {"3629 4 cut of four", S("\xf0\x90\x80"), false, 0},
    {"3629 4 lead after lead", S("\xc2\xc2"), false, 2},
    {"3629 4 ASCII in a character", S("\xe4\xbd" "a"), false, 3},
};
/* clang-format on */

static void run_paths(void)
{
    for (size_t i = 0; i < COUNT(paths); i++) {
        test_row(paths[i].section);
        for (size_t len = paths[i].raw.len + 1; len-- > 0;) {
            char *out = malloc(32);
            uint8_t *owned = NULL;
            enum status status =
                http_path_decode(exact(span_of(paths[i].raw.data, len), &owned), out, 32);
            if (len == paths[i].raw.len) {
                EXPECT_INT(status, paths[i].status);
                EXPECT(paths[i].status != STATUS_OK || strcmp(out, paths[i].decoded) == 0);
            }
            /* What was accepted is valid, absolute, and decodes to itself unless it holds a percent
             * sign. */
            if (status == STATUS_OK && strchr(out, '%') == NULL) {
                char again[32];
                EXPECT_INT(http_path_decode(span_text(out), again, sizeof(again)), STATUS_OK);
                EXPECT_TEXT(again, out);
            }
            free(owned);
            free(out);
        }
        test_row_end();
    }
}

static void run_queries(void)
{
    for (size_t i = 0; i < COUNT(queries); i++) {
        test_row(queries[i].section);
        for (size_t len = queries[i].query.len + 1; len-- > 0;) {
            char out[32];
            uint8_t *owned = NULL;
            enum status status = http_query_find(exact(span_of(queries[i].query.data, len), &owned),
                                                 queries[i].name, out, sizeof(out));
            if (len == queries[i].query.len) {
                EXPECT_INT(status, queries[i].status);
                EXPECT(queries[i].status != STATUS_OK || strcmp(out, queries[i].value) == 0);
            }
            free(owned);
        }
        test_row_end();
    }
}

static void run_texts(void)
{
    for (size_t i = 0; i < COUNT(texts); i++) {
        test_row(texts[i].section);
        EXPECT_INT(http_utf8_valid(texts[i].text), texts[i].valid);
        struct http_utf8 u = {0};
        size_t failed_at = 0;
        for (size_t at = 0; at < texts[i].text.len; at++) {
            bool ok = http_utf8_feed(&u, span_of(texts[i].text.data + at, 1));
            failed_at = ok || failed_at != 0 ? failed_at : at + 1;
        }
        EXPECT_INT(failed_at, texts[i].fails_at);
        EXPECT_INT(http_utf8_done(&u), texts[i].valid);
        test_row_end();
    }
}

static const struct test_case cases[] = {
    {"paths", run_paths},
    {"queries", run_queries},
    {"3629 UTF-8", run_texts},
};

int main(void)
{
    return TEST_MAIN(cases);
}
