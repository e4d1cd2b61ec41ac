/* Specimens of ranges, entity tags, If-Range and dates by section of RFC 9110. Each value is also
 * cut off at every length, in a heap copy of exactly that many octets: ASan sees one octet too
 * many. */
#include "proto/http/http_condition.h"
#include "proto/http/http_date.h"
#include "tests/unit/test.h"

#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define S(text)                                                                                    \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
#define NOV94 784111777 /* RFC 9110 §5.6.7: Sun, 06 Nov 1994 08:49:37 GMT */

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
    uint64_t length;
    enum http_range_result result;
    uint64_t first, last;
} ranges[] = {
    {"9110 14.1.2 first 500", S("bytes=0-499"), 10000, HTTP_RANGE_PART, 0, 499},
    {"9110 14.1.2 second 500", S("bytes=500-999"), 10000, HTTP_RANGE_PART, 500, 999},
    {"9110 14.1.2 final 500", S("bytes=-500"), 10000, HTTP_RANGE_PART, 9500, 9999},
    {"9110 14.1.2 from 9500", S("bytes=9500-"), 10000, HTTP_RANGE_PART, 9500, 9999},
    {"9110 14.1.2 all", S("bytes=0-"), 10000, HTTP_RANGE_PART, 0, 9999},
    {"9110 14.1.2 one octet", S("bytes=0-0"), 10000, HTTP_RANGE_PART, 0, 0},
    {"9110 14.1.2 last octet", S("bytes=-1"), 10000, HTTP_RANGE_PART, 9999, 9999},
    {"9110 14.1.2 end beyond", S("bytes=9999-20000"), 10000, HTTP_RANGE_PART, 9999, 9999},
    {"9110 14.1.2 end beyond 64 bits", S("bytes=5-99999999999999999999999"), 10, HTTP_RANGE_PART, 5, 9},
    {"9110 14.1.2 suffix longer than all", S("bytes=-20000"), 10000, HTTP_RANGE_PART, 0, 9999},
    {"9110 14.1.2 suffix beyond 64 bits", S("bytes=-99999999999999999999999"), 10, HTTP_RANGE_PART, 0, 9},
    {"9110 14.1 unit case", S("BYTES=1-2"), 10, HTTP_RANGE_PART, 1, 2},
    {"9110 14.1.1 empty elements", S("bytes=,1-2,"), 10, HTTP_RANGE_PART, 1, 2},
    {"9110 14.1.1 white space", S("bytes= 1-2 "), 10, HTTP_RANGE_PART, 1, 2},
    {"9110 14.1.2 one of two satisfiable", S("bytes=20-30, 1-2"), 10, HTTP_RANGE_PART, 1, 2},
    {"9110 14.1.2 start at the length", S("bytes=10-"), 10, HTTP_RANGE_UNSATISFIABLE, 0, 0},
    {"9110 14.1.2 start beyond", S("bytes=11-12"), 10, HTTP_RANGE_UNSATISFIABLE, 0, 0},
    {"9110 14.1.2 start beyond 64 bits", S("bytes=99999999999999999999999-"), 10, HTTP_RANGE_UNSATISFIABLE, 0, 0},
    {"9110 14.1.2 suffix of nothing", S("bytes=-0"), 10, HTTP_RANGE_UNSATISFIABLE, 0, 0},
    {"9110 14.1.2 nothing there", S("bytes=0-"), 0, HTTP_RANGE_UNSATISFIABLE, 0, 0},
    {"9110 14.1.2 suffix of an empty one", S("bytes=-5"), 0, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 two parts", S("bytes=0-0,-1"), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 17.15 four parts", S("bytes=0-0,2-2,4-4,6-6"), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 17.15 five parts", S("bytes=0-0,2-2,4-4,6-6,8-8"), 10, HTTP_RANGE_UNSATISFIABLE, 0, 0},
    {"9110 17.15 overlapping many", S("bytes=0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-"), 10, HTTP_RANGE_UNSATISFIABLE, 0, 0},
    {"9110 14.2 other unit", S("lines=0-1"), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 no unit", S("0-1"), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 unit alone", S("bytes="), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 commas alone", S("bytes=,,"), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 empty", S(""), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 dash alone", S("bytes=-"), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 no dash", S("bytes=5"), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 backwards", S("bytes=5-4"), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 letters", S("bytes=a-b"), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 letters behind", S("bytes=1-b"), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 minus twice", S("bytes=--1"), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 plus", S("bytes=+1-2"), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 space inside", S("bytes=1 -2"), 10, HTTP_RANGE_ALL, 0, 0},
    {"9110 14.2 good then bad", S("bytes=1-2,x"), 10, HTTP_RANGE_ALL, 0, 0},
};

static const struct {
    const char *section;
    struct span field;
    struct span current;
    bool none_match, match; /* weak and strong comparison */
} etags[] = {
    {"9110 8.8.3.2 strong and same", S("\"1\""), S("\"1\""), true, true},
    {"9110 8.8.3.2 W/1 W/1", S("W/\"1\""), S("W/\"1\""), true, false},
    {"9110 8.8.3.2 W/1 W/2", S("W/\"1\""), S("W/\"2\""), false, false},
    {"9110 8.8.3.2 W/1 1", S("W/\"1\""), S("\"1\""), true, false},
    {"9110 8.8.3.2 1 W/1", S("\"1\""), S("W/\"1\""), true, false},
    {"9110 8.8.3.2 1 2", S("\"1\""), S("\"2\""), false, false},
    {"9110 13.1.1 list", S("\"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\""), S("\"c3piozzzz\""), true, true},
    {"9110 13.1.1 list without white space", S("\"a\",\"b\""), S("\"b\""), true, true},
    {"9110 13.1.1 empty elements", S("\"a\",, \t,\"b\""), S("\"b\""), true, true},
    {"9110 13.1.1 asterisk", S("*"), S("\"b\""), true, true},
    {"9110 13.1.1 asterisk and nothing there", S("*"), S(""), false, false},
    {"9110 13.1.1 tag and nothing there", S("\"a\""), S(""), false, false},
    {"9110 8.8.3 comma in the tag", S("\"a,b\""), S("\"a,b\""), true, true},
    {"9110 8.8.3 comma does not split", S("\"a,\"b\""), S("\"b\""), false, false},
    {"9110 8.8.3 backslash is itself", S("\"a\\\", \"b\""), S("\"b\""), true, true},
    {"9110 8.8.3 obs-text", S("\"\xe4\""), S("\"\xe4\""), true, true},
    {"9110 8.8.3 empty tag", S("\"\""), S("\"\""), true, true},
    {"9110 8.8.3 no quotes", S("a"), S("\"a\""), false, false},
    {"9110 8.8.3 open quote", S("\"a"), S("\"a\""), false, false},
    {"9110 8.8.3 lower-case w", S("w/\"a\""), S("\"a\""), false, false},
    {"9110 8.8.3 space in the tag", S("\"a b\""), S("\"a b\""), false, false},
    {"9110 8.8.3 W alone", S("W/"), S("\"a\""), false, false},
    {"9110 13.1.1 no comma", S("\"a\" \"b\""), S("\"b\""), false, false},
    {"9110 13.1.1 bad before good", S("x, \"b\""), S("\"b\""), false, false},
    {"9110 13.1.1 good before bad", S("\"b\", x"), S("\"b\""), true, true},
    {"9110 13.1.1 empty", S(""), S("\"b\""), false, false},
};

static const struct {
    const char *section;
    struct span text;
    bool valid;
    int64_t unix_s;
} dates[] = {
    {"9110 5.6.7 IMF-fixdate", S("Sun, 06 Nov 1994 08:49:37 GMT"), true, NOV94},
    {"9110 5.6.7 rfc850-date", S("Sunday, 06-Nov-94 08:49:37 GMT"), true, NOV94},
    {"9110 5.6.7 asctime-date", S("Sun Nov  6 08:49:37 1994"), true, NOV94},
    {"9110 5.6.7 asctime-date, two digits", S("Sat Nov 21 23:00:00 2026"), true, 1795302000},
    {"9110 5.6.7 epoch", S("Thu, 01 Jan 1970 00:00:00 GMT"), true, 0},
    {"9110 5.6.7 before the epoch", S("Wed, 31 Dec 1969 23:59:59 GMT"), true, -1},
    {"9110 5.6.7 leap day", S("Thu, 29 Feb 2024 12:00:00 GMT"), true, 1709208000},
    {"9110 5.6.7 leap day of 2000", S("Tue, 29 Feb 2000 00:00:00 GMT"), true, 951782400},
    {"9110 5.6.7 leap second", S("Sat, 31 Dec 2016 23:59:60 GMT"), true, 1483228800},
    {"9110 5.6.7 year 1", S("Mon, 01 Jan 0001 00:00:00 GMT"), true, -62135596800},
    {"9110 5.6.7 year 9999", S("Fri, 31 Dec 9999 23:59:59 GMT"), true, 253402300799},
    {"9110 5.6.7 two-digit year within 50", S("Wednesday, 01-Jan-70 00:00:00 GMT"), true, 3155760000},
    {"9110 5.6.7 two-digit year beyond 50", S("Saturday, 01-Jan-77 00:00:00 GMT"), true, 220924800},
    {"9110 5.6.7 beyond year 9999", S("Fri, 31 Dec 9999 23:59:60 GMT"), false, 0},
    {"9110 5.6.7 wrong day of the week", S("Mon, 06 Nov 1994 08:49:37 GMT"), false, 0},
    {"9110 5.6.7 no leap day", S("Wed, 29 Feb 2023 00:00:00 GMT"), false, 0},
    {"9110 5.6.7 no leap day of 1900", S("Thu, 29 Feb 1900 00:00:00 GMT"), false, 0},
    {"9110 5.6.7 day 0", S("Sun, 00 Nov 1994 08:49:37 GMT"), false, 0},
    {"9110 5.6.7 day 31 of November", S("Thu, 31 Nov 1994 08:49:37 GMT"), false, 0},
    {"9110 5.6.7 hour 24", S("Sun, 06 Nov 1994 24:00:00 GMT"), false, 0},
    {"9110 5.6.7 minute 60", S("Sun, 06 Nov 1994 08:60:37 GMT"), false, 0},
    {"9110 5.6.7 second 61", S("Sun, 06 Nov 1994 08:49:61 GMT"), false, 0},
    {"9110 5.6.7 year 0", S("Sat, 01 Jan 0000 00:00:00 GMT"), false, 0},
    {"9110 5.6.7 month", S("Sun, 06 Foo 1994 08:49:37 GMT"), false, 0},
    {"9110 5.6.7 month case", S("Sun, 06 NOV 1994 08:49:37 GMT"), false, 0},
    {"9110 5.6.7 other zone", S("Sun, 06 Nov 1994 08:49:37 UTC"), false, 0},
    {"9110 5.6.7 no zone", S("Sun, 06 Nov 1994 08:49:37"), false, 0},
    {"9110 5.6.7 offset", S("Sun, 06 Nov 1994 08:49:37 +0000"), false, 0},
    {"9110 5.6.7 something behind", S("Sun, 06 Nov 1994 08:49:37 GMT "), false, 0},
    {"9110 5.6.7 one digit", S("Sun, 6 Nov 1994 08:49:37 GMT"), false, 0},
    {"9110 5.6.7 minus", S("Sun, 06 Nov -994 08:49:37 GMT"), false, 0},
    {"9110 5.6.7 ISO", S("1994-11-06T08:49:37Z"), false, 0},
    {"9110 5.6.7 number", S("784111777"), false, 0},
    {"9110 5.6.7 empty", S(""), false, 0},
};
/* clang-format on */

static void run_ranges(void)
{
    for (size_t i = 0; i < COUNT(ranges); i++) {
        test_row(ranges[i].section);
        for (size_t len = ranges[i].field.len + 1; len-- > 0;) {
            struct http_range range = {0, 0};
            uint8_t *owned = NULL;
            enum http_range_result result = http_range_parse(
                exact(span_of(ranges[i].field.data, len), &owned), ranges[i].length, &range);
            if (result == HTTP_RANGE_PART) {
                EXPECT(range.first <= range.last && range.last < ranges[i].length);
            }
            if (len == ranges[i].field.len) {
                EXPECT_INT(result, ranges[i].result);
                EXPECT_INT(range.first, ranges[i].first);
                EXPECT_INT(range.last, ranges[i].last);
            }
            free(owned);
        }
        test_row_end();
    }
}

static void content_range(void)
{
    char text[64];
    struct writer w = writer_of(text, sizeof(text));
    http_content_range_write(&w, &(struct http_range){42, 1233}, 1234); /* RFC 9110 §14.4 */
    EXPECT(span_is(writer_span(&w), "bytes 42-1233/1234"));
    w = writer_of(text, sizeof(text));
    http_content_range_write(&w, NULL, 1234);
    EXPECT(span_is(writer_span(&w), "bytes */1234"));
}

static void run_etags(void)
{
    for (size_t i = 0; i < COUNT(etags); i++) {
        test_row(etags[i].section);
        for (size_t len = etags[i].field.len + 1; len-- > 0;) {
            uint8_t *owned = NULL;
            struct span field = exact(span_of(etags[i].field.data, len), &owned);
            bool none_match = http_if_none_match(field, etags[i].current);
            bool match = http_if_match(field, etags[i].current);
            EXPECT(!match || none_match); /* strong implies weak */
            if (len == etags[i].field.len) {
                EXPECT_INT(none_match, etags[i].none_match);
                EXPECT_INT(match, etags[i].match);
            }
            free(owned);
        }
        test_row_end();
    }
    EXPECT(http_is_etag(SPAN_LITERAL("W/\"\"")));
    EXPECT(!http_is_etag(SPAN_LITERAL("\"a\" ")));
    EXPECT(!http_is_etag(SPAN_LITERAL("\"")));
    EXPECT(!http_is_etag((struct span){NULL, 0}));
}

static void if_range(void)
{
    const struct span tag = SPAN_LITERAL("\"1\"");
    EXPECT(http_if_range(SPAN_LITERAL("\"1\""), tag, 0));
    EXPECT(!http_if_range(SPAN_LITERAL("\"2\""), tag, 0));
    EXPECT(!http_if_range(SPAN_LITERAL("W/\"1\""), SPAN_LITERAL("W/\"1\""),
                          0)); /* §13.1.5: strong only */
    EXPECT(!http_if_range(tag, (struct span){NULL, 0}, 0));
    EXPECT(http_if_range(SPAN_LITERAL("Sun, 06 Nov 1994 08:49:37 GMT"), tag, NOV94));
    EXPECT(!http_if_range(SPAN_LITERAL("Sun, 06 Nov 1994 08:49:37 GMT"), tag, NOV94 - 1));
    EXPECT(!http_if_range(SPAN_LITERAL("Sun, 06 Nov 1994 08:49:37 GMT"), tag, 0));
    EXPECT(!http_if_range(SPAN_LITERAL("yesterday"), tag, NOV94));
    EXPECT(!http_if_range(SPAN_LITERAL("*"), tag, NOV94));
}

static void run_dates(void)
{
    const int64_t now_s = 1795302000; /* 21 Nov 2026 */
    for (size_t i = 0; i < COUNT(dates); i++) {
        test_row(dates[i].section);
        for (size_t len = dates[i].text.len + 1; len-- > 0;) {
            int64_t unix_s = 0;
            uint8_t *owned = NULL;
            bool valid =
                http_date_read(exact(span_of(dates[i].text.data, len), &owned), now_s, &unix_s);
            bool whole = len == dates[i].text.len;
            /* Cut off, no date is one; the table has one row where something stands behind a whole
             * one. */
            EXPECT(whole || !valid || dates[i].text.data[len] == ' ');
            if (whole) {
                EXPECT_INT(valid, dates[i].valid);
                EXPECT_INT(unix_s, dates[i].unix_s);
            }
            free(owned);
        }
        test_row_end();
    }
}

static void dates_there_and_back(void)
{
    char text[HTTP_DATE_LEN + 1];
    int64_t read = 0;
    http_date_write(NOV94, text);
    EXPECT_TEXT(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    /* Every 11th day and some seconds of the 400 years in which the calendar repeats itself. */
    for (int64_t t = -2208988800; t < 10413792000; t += 11 * 86400 + 3607) {
        http_date_write(t, text);
        EXPECT(http_date_read(span_text(text), t, &read) && read == t);
    }
    for (int64_t t = -62135596800; t < 253402300799; t += 97 * 365 * 86400LL) {
        http_date_write(t, text);
        EXPECT(http_date_read(span_text(text), t, &read) && read == t);
    }
}

static const struct test_case cases[] = {
    {"ranges", run_ranges},     {"9110 14.4", content_range},
    {"entity tags", run_etags}, {"9110 13.1.5", if_range},
    {"dates", run_dates},       {"9110 5.6.7 there and back", dates_there_and_back},
};

int main(void)
{
    return TEST_MAIN(cases);
}
