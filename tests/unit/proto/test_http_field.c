/* Specimens of lists, cookies, weights and media types by section of RFC 9110 and 6265. Each value
 * is also cut off at every length, in a heap copy of exactly that many octets: ASan sees one octet
 * too many. */
#include "proto/base/writer.h"
#include "proto/http/http_field.h"
#include "proto/http/http_path.h"
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
    struct span field;
    const char *items; /* joined by | */
} lists[] = {
    {"9110 5.6.1 one", S("a"), "a"},
    {"9110 5.6.1 two", S("a,b"), "a|b"},
    {"9110 5.6.1 white space", S(" a \t,\t b "), "a|b"},
    {"9110 5.6.1 empty elements", S(",a,, ,b,"), "a|b"},
    {"9110 5.6.1 empty", S(""), ""},
    {"9110 5.6.1 commas", S(", ,"), ""},
    {"9110 5.6.4 quoted comma", S("\"a,b\",c"), "\"a,b\"|c"},
    {"9110 5.6.4 quoted quote", S("\"a\\\",b\",c"), "\"a\\\",b\"|c"},
    {"9110 5.6.4 open quote", S("\"a,b"), "\"a,b"},
    {"9110 5.6.4 backslash at the end", S("\"a\\"), "\"a\\"},
    {"9110 5.6.1 parameters", S("a;b=c, d;e=\"f,g\""), "a;b=c|d;e=\"f,g\""},
};

static const struct {
    const char *section;
    struct span field;
    const char *name;
    enum status status;
    const char *value;
} cookies[] = {
    {"6265 4.2.1 one", S("SID=31d4d96e407aad42"), "SID", STATUS_OK, "31d4d96e407aad42"},
    {"6265 4.2.1 second", S("SID=31d4; lang=en-US"), "lang", STATUS_OK, "en-US"},
    {"6265bis 4.1.3.2 __Host-", S("a=b; __Host-session=Zm9v; c=d"), "__Host-session", STATUS_OK, "Zm9v"},
    {"6265 4.2.1 no space", S("a=b;c=d"), "c", STATUS_OK, "d"},
    {"6265 4.2.1 much white space", S("a=b ;\t c=d "), "c", STATUS_OK, "d"},
    {"6265 4.2.1 quotes", S("a=\"b\""), "a", STATUS_OK, "b"},
    {"6265 4.2.1 empty", S("a="), "a", STATUS_OK, ""},
    {"6265 4.2.1 equals inside", S("a=b=c=="), "a", STATUS_OK, "b=c=="},
    {"6265 4.2.1 same twice", S("a=b; a=b"), "a", STATUS_OK, "b"},
    {"6265 4.2.1 absent", S("a=b"), "b", STATUS_NONE, NULL},
    {"6265 4.2.1 nothing", S(""), "a", STATUS_NONE, NULL},
    {"6265 4.2.1 prefix", S("ab=c"), "a", STATUS_NONE, NULL},
    {"6265 4.2.1 suffix", S("xa=c"), "a", STATUS_NONE, NULL},
    {"6265 4.2.1 case", S("A=c"), "a", STATUS_NONE, NULL},
    {"6265 4.2.1 no equals", S("a"), "a", STATUS_NONE, NULL},
    {"6265 4.2.1 value looks like it", S("x=a=b"), "a", STATUS_NONE, NULL},
    {"6265 4.2.1 space before equals", S("a =b"), "a", STATUS_NONE, NULL},
    {"6265bis 4.1.3 name case", S("__host-session=x"), "__Host-session", STATUS_NONE, NULL},
    {"6265 8.6 planted", S("a=b; a=c"), "a", STATUS_CONFLICT, NULL},
    {"6265 4.1.1 space in the value", S("a=b c"), "a", STATUS_MALFORMED, NULL},
    {"6265 4.1.1 comma", S("a=b,c"), "a", STATUS_MALFORMED, NULL},
    {"6265 4.1.1 quote inside", S("a=b\"c"), "a", STATUS_MALFORMED, NULL},
    {"6265 4.1.1 one quote", S("a=\""), "a", STATUS_MALFORMED, NULL},
    {"6265 4.1.1 backslash", S("a=b\\c"), "a", STATUS_MALFORMED, NULL},
    {"6265 4.1.1 UTF-8", S("a=\xe4\xbd\xa0"), "a", STATUS_MALFORMED, NULL},
    {"6265 4.1.1 others may be anything", S("x=\xe4,\"; a=b; =; ;;y"), "a", STATUS_OK, "b"},
};

static const struct {
    const char *section;
    struct span field;
    const char *coding;
    unsigned weight;
} codings[] = {
    {"9110 12.5.3 named", S("compress, gzip"), "gzip", 1000},
    {"9110 12.5.3 not named", S("compress, gzip"), "br", 0},
    {"9110 12.5.3 empty", S(""), "gzip", 0},
    {"9110 12.5.3 empty, identity", S(""), "identity", 1000},
    {"9110 12.5.3 any", S("*"), "br", 1000},
    {"9110 12.5.3 weights", S("compress;q=0.5, gzip;q=1.0"), "compress", 500},
    {"9110 12.5.3 named wins over any", S("gzip;q=1.0, identity; q=0.5, *;q=0"), "gzip", 1000},
    {"9110 12.5.3 identity named", S("gzip;q=1.0, identity; q=0.5, *;q=0"), "identity", 500},
    {"9110 12.5.3 any is 0", S("gzip;q=1.0, identity; q=0.5, *;q=0"), "br", 0},
    {"9110 12.5.3 any behind named", S("br;q=0, *;q=0.7"), "br", 0},
    {"9110 12.5.3 named behind any", S("*;q=0.7, br;q=0"), "br", 0},
    {"9110 12.5.3 identity by any", S("*;q=0"), "identity", 0},
    {"9110 12.5.3 identity excluded", S("gzip, identity;q=0"), "identity", 0},
    {"9110 12.5.3 browser", S("gzip, deflate, br, zstd"), "br", 1000},
    {"9110 8.4.1 case", S("GZIP"), "gzip", 1000},
    {"9110 12.4.2 three digits", S("gzip;q=0.001"), "gzip", 1},
    {"9110 12.4.2 upper-case Q", S("gzip;Q=0.5"), "gzip", 500},
    {"9110 12.4.2 one dot", S("gzip;q=1."), "gzip", 1000},
    {"9110 12.4.2 zero dot", S("gzip;q=0."), "gzip", 0},
    {"9110 12.4.2 four digits", S("gzip;q=0.0001"), "gzip", 0},
    {"9110 12.4.2 above one", S("gzip;q=1.1"), "gzip", 0},
    {"9110 12.4.2 two", S("gzip;q=2"), "gzip", 0},
    {"9110 12.4.2 minus", S("gzip;q=-1"), "gzip", 0},
    {"9110 12.4.2 letters", S("gzip;q=0.x"), "gzip", 0},
    {"9110 12.4.2 no digit", S("gzip;q="), "gzip", 0},
    {"9110 12.4.2 comma for a dot", S("gzip;q=0,5"), "gzip", 0},
    {"9110 12.5.3 other parameter", S("gzip;a=b"), "gzip", 0},
    {"9110 12.5.3 prefix", S("gzi, gzipp"), "gzip", 0},
};

static const struct {
    const char *section;
    struct span field;
    const char *type;
    unsigned weight;
} accepts[] = {
    {"9110 12.5.1 audio", S("audio/*; q=0.2, audio/basic"), "audio/basic", 1000},
    {"9110 12.5.1 other audio", S("audio/*; q=0.2, audio/basic"), "audio/mpeg", 200},
    {"9110 12.5.1 text", S("text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c"), "text/plain", 500},
    {"9110 12.5.1 more specific wins", S("text/*;q=0.3, text/plain;q=0.7, */*;q=0.5"), "text/plain", 700},
    {"9110 12.5.1 subtype", S("text/*;q=0.3, text/plain;q=0.7, */*;q=0.5"), "text/html", 300},
    {"9110 12.5.1 any", S("text/*;q=0.3, text/plain;q=0.7, */*;q=0.5"), "image/png", 500},
    {"9110 12.5.1 parameters are narrower", S("text/plain;format=flowed, text/*;q=0.3"), "text/plain", 300},
    {"9110 12.5.1 none", S("text/html"), "application/json", 0},
    {"9110 12.5.1 refused", S("*/*, application/json;q=0"), "application/json", 0},
    {"9110 12.5.1 case", S("APPLICATION/Json"), "application/json", 1000},
    {"9110 12.5.1 empty", S(""), "application/json", 0},
    {"9110 12.5.1 malformed passed over", S("a/b;q=x, */*;q=0.1"), "a/b", 100},
    {"9110 12.5.1 half a range", S("text/"), "text/html", 0},
    {"9110 12.5.1 asterisk alone", S("*"), "text/html", 0},
    {"9110 12.5.1 suffix asterisk", S("text/h*"), "text/html", 0},
};

static const struct {
    const char *section;
    struct span field;
    bool is_json;
    const char *charset; /* NULL = none */
} media_types[] = {
    {"9110 8.3.1", S("application/json"), true, NULL},
    {"9110 8.3.1 case", S("Application/JSON"), true, NULL},
    {"9110 8.3.1 parameter", S("application/json;charset=utf-8"), true, "utf-8"},
    {"9110 8.3.1 white space", S("application/json ; \t charset=utf-8 "), true, "utf-8"},
    {"9110 8.3.1 quotes", S("application/json; charset=\"utf-8\""), true, "utf-8"},
    {"9110 8.3.1 name case", S("application/json; Charset=UTF-8"), true, "UTF-8"},
    {"9110 5.6.6 second parameter", S("application/json; a=b; charset=x"), true, "x"},
    {"9110 5.6.6 semicolon in quotes", S("application/json; a=\"b;c\"; charset=x"), true, "x"},
    {"9110 5.6.6 empty parameters", S("application/json;; charset=x;"), true, "x"},
    {"9110 5.6.4 escape in quotes", S("application/json; a=\"\\\"\"; charset=x"), true, "x"},
    {"9110 8.3.1 other", S("text/plain; charset=x"), false, "x"},
    {"9110 8.3.1 longer", S("application/json5"), false, NULL},
    {"9110 8.3.1 suffix", S("application/problem+json"), false, NULL},
    {"9110 8.3.1 no slash", S("application"), false, NULL},
    {"9110 8.3.1 no subtype", S("application/"), false, NULL},
    {"9110 8.3.1 no type", S("/json"), false, NULL},
    {"9110 8.3.1 two slashes", S("application/json/x"), false, NULL},
    {"9110 8.3.1 list", S("application/json, text/plain"), false, NULL},
    {"9110 8.3.1 empty", S(""), false, NULL},
    {"9110 5.6.6 no value", S("application/json; charset"), false, NULL},
    {"9110 5.6.6 empty value", S("application/json; charset="), false, NULL},
    {"9110 5.6.6 space before equals", S("application/json; charset =x"), false, NULL},
    {"9110 5.6.6 open quote", S("application/json; charset=\"x"), false, NULL},
    {"9110 5.6.6 quote inside", S("application/json; charset=\"x\"y\""), false, NULL},
    {"9110 5.6.6 no name", S("application/json; =x"), false, NULL},
    {"9110 5.6.4 backslash at the end", S("application/json; a=\"x\\\""), false, NULL},
};
/* clang-format on */

static void run_lists(void)
{
    for (size_t i = 0; i < COUNT(lists); i++) {
        test_row(lists[i].section);
        for (size_t len = lists[i].field.len + 1; len-- > 0;) {
            char text[128];
            uint8_t *owned = NULL;
            struct writer w = writer_of(text, sizeof(text));
            struct span rest = exact(span_of(lists[i].field.data, len), &owned);
            struct span item;
            while (http_list_next(&rest, &item)) {
                writer_text(&w, w.at > 0 ? "|" : "");
                writer_bytes(&w, item);
                EXPECT(item.len > 0 && http_trim(item).len == item.len);
            }
            EXPECT(len < lists[i].field.len || span_is(writer_span(&w), lists[i].items));
            free(owned);
        }
        test_row_end();
    }
    struct span item;
    struct span none = {NULL, 0};
    EXPECT(!http_list_next(&none, &item));
}

static void run_cookies(void)
{
    for (size_t i = 0; i < COUNT(cookies); i++) {
        test_row(cookies[i].section);
        for (size_t len = cookies[i].field.len + 1; len-- > 0;) {
            struct span value = {NULL, 0};
            uint8_t *owned = NULL;
            enum status status = http_cookie_find(
                exact(span_of(cookies[i].field.data, len), &owned), cookies[i].name, &value);
            if (len == cookies[i].field.len) {
                EXPECT_INT(status, cookies[i].status);
                EXPECT(status != STATUS_OK || span_is(value, cookies[i].value));
            }
            free(owned);
        }
        test_row_end();
    }
}

static void run_codings(void)
{
    for (size_t i = 0; i < COUNT(codings); i++) {
        test_row(codings[i].section);
        for (size_t len = codings[i].field.len + 1; len-- > 0;) {
            uint8_t *owned = NULL;
            unsigned weight = http_accept_encoding(
                exact(span_of(codings[i].field.data, len), &owned), codings[i].coding);
            EXPECT(weight <= 1000);
            EXPECT(len < codings[i].field.len || weight == codings[i].weight);
            free(owned);
        }
        test_row_end();
    }
}

static void run_accepts(void)
{
    for (size_t i = 0; i < COUNT(accepts); i++) {
        test_row(accepts[i].section);
        for (size_t len = accepts[i].field.len + 1; len-- > 0;) {
            uint8_t *owned = NULL;
            unsigned weight =
                http_accept(exact(span_of(accepts[i].field.data, len), &owned), accepts[i].type);
            EXPECT(weight <= 1000);
            EXPECT(len < accepts[i].field.len || weight == accepts[i].weight);
            free(owned);
        }
        test_row_end();
    }
}

static void run_media_types(void)
{
    for (size_t i = 0; i < COUNT(media_types); i++) {
        test_row(media_types[i].section);
        for (size_t len = media_types[i].field.len + 1; len-- > 0;) {
            uint8_t *owned = NULL;
            struct span charset = {NULL, 0};
            struct span field = exact(span_of(media_types[i].field.data, len), &owned);
            bool is_json = http_media_type_is(field, "application/json");
            bool has = http_media_type_parameter(field, "charset", &charset);
            if (len == media_types[i].field.len) {
                EXPECT_INT(is_json, media_types[i].is_json);
                EXPECT_INT(has, media_types[i].charset != NULL);
                EXPECT(!has || span_is(charset, media_types[i].charset));
            }
            free(owned);
        }
        test_row_end();
    }
    EXPECT(!http_media_type_is((struct span){NULL, 0}, "a/b"));
}

static void tokens(void)
{
    EXPECT(http_is_token(SPAN_LITERAL("a-b")));
    EXPECT(!http_is_token((struct span){NULL, 0}));
    EXPECT(http_is_field_value((struct span){NULL, 0}));
    EXPECT(http_trim(SPAN_LITERAL(" \t ")).len == 0);
    struct span name;
    struct span value;
    struct span none = {NULL, 0};
    EXPECT(!http_query_next(&none, &name, &value));
}

static const struct test_case cases[] = {
    {"lists", run_lists},
    {"cookies", run_cookies},
    {"accepted codings", run_codings},
    {"accepted types", run_accepts},
    {"media types", run_media_types},
    {"9110 5.6.2 tokens", tokens},
};

int main(void)
{
    return TEST_MAIN(cases);
}
