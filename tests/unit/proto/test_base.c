/* proto/base: reader, writer, span, seq, status, check. */
#include "proto/base/check.h"
#include "proto/base/reader.h"
#include "proto/base/seq.h"
#include "proto/base/status.h"
#include "proto/base/writer.h"
#include "tests/unit/test.h"

#include <setjmp.h>

static const uint8_t octets[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};
#define ALL span_of(octets, sizeof(octets))

static void reader_values(void)
{
    struct reader r = reader_of(ALL);
    EXPECT_INT(reader_u8(&r), 0x01);
    EXPECT_INT(reader_u16(&r), 0x0203);
    EXPECT_INT(reader_u24(&r), 0x040506);
    EXPECT_INT(reader_left(&r), 2);
    EXPECT(reader_ok(&r) && !reader_done(&r));
    EXPECT_INT(reader_u16_le(&r), 0x0807);
    EXPECT(reader_done(&r));
    r = reader_of(ALL);
    EXPECT_INT(reader_u32(&r), 0x01020304);
    EXPECT_INT(reader_u32_le(&r), 0x08070605);
    r = reader_of(ALL);
    EXPECT_INT(reader_u64(&r), 0x0102030405060708);
    r = reader_of(ALL);
    EXPECT_INT(reader_u64_le(&r), 0x0807060504030201);
    EXPECT(reader_done(&r));
}

static void reader_sticks(void)
{
    for (size_t len = 0; len < 8; len++) { /* one octet too few, for the widest value */
        struct reader r = reader_of(span_of(octets, len));
        EXPECT_INT(reader_u64(&r), 0);
        EXPECT(!reader_ok(&r) && !reader_done(&r));
        EXPECT_INT(reader_left(&r), 0);
        EXPECT_INT(r.at, 0);          /* the place of the overrun */
        EXPECT_INT(reader_u8(&r), 0); /* though an octet is there */
        EXPECT_INT(reader_rest(&r).len, 0);
    }
    struct reader r = reader_of(ALL);
    reader_skip(&r, 8);
    EXPECT(reader_done(&r));
    reader_skip(&r, 0);
    EXPECT(reader_done(&r));
    reader_skip(&r, 1);
    EXPECT(!reader_ok(&r));
    r = reader_of(ALL);
    reader_fail(&r);
    EXPECT(!reader_ok(&r));
    EXPECT_INT(reader_u8(&r), 0);
    r = reader_of(ALL);
    reader_skip(&r, SIZE_MAX); /* subtract before compare */
    EXPECT(!reader_ok(&r));
    r = reader_of((struct span){NULL, 0});
    EXPECT(reader_done(&r));
    EXPECT_INT(reader_u8(&r), 0);
}

static void reader_parts(void)
{
    struct reader r = reader_of(ALL);
    struct reader inner = reader_sub(&r, 3);
    EXPECT_INT(reader_u16(&inner), 0x0102);
    EXPECT(!reader_done(&inner));
    EXPECT_INT(reader_u16(&inner), 0); /* never into the outer one */
    EXPECT(!reader_ok(&inner) && reader_ok(&r));
    EXPECT(span_equal(reader_span(&r, 2), span_of(octets + 3, 2)));
    EXPECT_INT(reader_span(&r, 0).len, 0);
    EXPECT(span_equal(reader_rest(&r), span_of(octets + 5, 3)));
    EXPECT(reader_done(&r));
    inner = reader_sub(&r, 1);
    EXPECT(!reader_ok(&inner) && !reader_ok(&r));
    r = reader_of(ALL);
    inner = reader_sub(&r, 0);
    EXPECT(reader_done(&inner));
}

static void writer_values(void)
{
    uint8_t out[64];
    struct writer w = writer_of(out, sizeof(out));
    writer_u8(&w, 1);
    writer_u16(&w, 0x0203);
    writer_u24(&w, 0x040506);
    writer_u32(&w, 0x0708090a);
    writer_u64(&w, 0x0b0c0d0e0f101112);
    for (uint8_t i = 0; i < 18; i++) {
        EXPECT_INT(out[i], i + 1);
    }
    EXPECT_INT(writer_left(&w), 64 - 18);
    writer_patch_u16(&w, 16, 0xabcd);
    EXPECT(out[16] == 0xab && out[17] == 0xcd && w.at == 18);
    w = writer_of(out, sizeof(out));
    writer_text(&w, "a=");
    writer_decimal(&w, 0);
    writer_text(&w, ",");
    writer_decimal(&w, UINT64_MAX);
    writer_format(&w, ",%d,%s", -7, "x");
    writer_bytes(&w, (struct span){NULL, 0});
    EXPECT(span_is(writer_span(&w), "a=0,18446744073709551615,-7,x"));
}

static void writer_sticks(void)
{
    uint8_t out[9];
    for (size_t len = 0; len < 8; len++) {
        struct writer w = writer_of(out, len);
        memset(out, 0xee, sizeof(out));
        writer_u64(&w, 0);
        EXPECT(!writer_ok(&w));
        EXPECT_INT(writer_left(&w), 0);
        EXPECT_INT(writer_span(&w).len, 0);
        writer_u8(&w, 1); /* room for it there is, but it has failed */
        EXPECT(out[0] == 0xee && out[len] == 0xee);
        writer_format(&w, "x");
        writer_patch_u16(&w, 0, 1);
        EXPECT(out[0] == 0xee && out[1] == 0xee);
    }
    struct writer w = writer_of(out, 4);
    memset(out, 0xee, sizeof(out));
    writer_format(&w, "%s", "abcdef");
    EXPECT(!writer_ok(&w));
    EXPECT_INT(out[4], 0xee); /* nothing behind the end */
    w = writer_of(out, 4);
    writer_format(&w, "%s", "abc");
    EXPECT(span_is(writer_span(&w), "abc"));
    writer_fail(&w);
    EXPECT(!writer_ok(&w));
}

static void spans(void)
{
    EXPECT(span_equal((struct span){NULL, 0}, SPAN_LITERAL("")));
    EXPECT(!span_equal(SPAN_LITERAL("a"), SPAN_LITERAL("b")));
    EXPECT(!span_equal(SPAN_LITERAL("a"), SPAN_LITERAL("ab")));
    EXPECT(span_is(SPAN_LITERAL("abc"), "abc"));
    EXPECT(span_equal_nocase(SPAN_LITERAL("Host-09"), SPAN_LITERAL("hOST-09")));
    EXPECT(!span_equal_nocase(SPAN_LITERAL("@"),
                              SPAN_LITERAL("`"))); /* differ by the case bit, are no letters */
    EXPECT(!span_equal_nocase(SPAN_LITERAL("["), SPAN_LITERAL("{")));
    EXPECT(!span_equal_nocase(SPAN_LITERAL("\xc0"), SPAN_LITERAL("\xe0")));
    EXPECT(!span_equal_nocase(SPAN_LITERAL("ab"), SPAN_LITERAL("a")));
    char text[4];
    EXPECT(span_copy_text(SPAN_LITERAL("abc"), text, sizeof(text)));
    EXPECT_TEXT(text, "abc");
    EXPECT(!span_copy_text(SPAN_LITERAL("abcd"), text, sizeof(text)));
    EXPECT(!span_copy_text(SPAN_LITERAL("a\0b"), text, sizeof(text)));
    EXPECT_TEXT(text, "abc"); /* untouched */
    EXPECT(span_copy_text((struct span){NULL, 0}, text, 1));
    EXPECT_TEXT(text, "");
    EXPECT(!span_copy_text((struct span){NULL, 0}, text, 0));
}

static void span_decimals(void)
{
    static const struct {
        const char *text;
        bool valid;
        uint64_t value;
    } rows[] = {
        {"0", true, 0},
        {"7", true, 7},
        {"0000000000000000000000012", true, 12},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 99},
        {"99999999999999999999", false, 99},
        {"184467440737095516150", false, 99},
        {"", false, 99},
        {"-1", false, 99},
        {"+1", false, 99},
        {" 1", false, 99},
        {"1 ", false, 99},
        {"0x1", false, 99},
        {"1e1", false, 99},
        {"a", false, 99},
        {"/", false, 99},
        {":", false, 99},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t value = 99;
        EXPECT_INT(span_decimal(span_text(rows[i].text), &value), rows[i].valid);
        EXPECT(value == rows[i].value);
    }
}

static void sequences(void)
{
    EXPECT_INT(seq16_delta(1, 2), 1);
    EXPECT_INT(seq16_delta(65535, 0), 1);
    EXPECT_INT(seq16_delta(0, 65535), -1);
    EXPECT_INT(seq16_delta(0, 32767), 32767);
    EXPECT_INT(seq16_delta(0, 32769), -32767);
    EXPECT(seq16_newer(0, 65535));
    EXPECT(!seq16_newer(65535, 0));
    EXPECT(!seq16_newer(5, 5));
    EXPECT_INT(seq32_delta(0xffffffff, 1), 2);
    EXPECT_INT(seq32_delta(1, 0xffffffff), -2);
    EXPECT_INT(seq16_extend(65535, 0), 65536);
    EXPECT_INT(seq16_extend(65536, 65535), 65535);
    EXPECT_INT(seq16_extend(0x12345fff0, 0x0005), 0x123460005);
    EXPECT_INT(seq16_extend(7, 7), 7);
}

static void statuses(void)
{
    EXPECT_TEXT(status_name(STATUS_OK), "OK");
    EXPECT_TEXT(status_name(STATUS_TOO_LARGE), "TOO_LARGE");
    EXPECT_TEXT(status_text(STATUS_CONFLICT), "someone else changed it first");
    EXPECT_TEXT(status_name(STATUS_COUNT), "INVALID");
    EXPECT_TEXT(status_text(STATUS_COUNT), "invalid status");
    for (unsigned i = 0; i < STATUS_COUNT; i++) {
        EXPECT(strlen(status_text((enum status)i)) > 0);
        for (unsigned j = 0; j < i; j++) {
            EXPECT(strcmp(status_name((enum status)i), status_name((enum status)j)) != 0);
        }
    }
}

static jmp_buf after_check;
static int check_line;

static void caught(const char *condition, const char *file, int line)
{
    check_line =
        strstr(condition, "1 + 1 == 3") != NULL && strstr(file, "test_base") != NULL ? line : -1;
    longjmp(after_check, 1);
}

static void checks(void)
{
    CHECK(1 + 1 == 2);
    check_set_handler(caught);
    if (setjmp(after_check) == 0) {
        CHECK(1 + 1 == 3);
    }
    check_set_handler(NULL);
    EXPECT(check_line > 0);
}

static const struct test_case cases[] = {
    {"reader reads", reader_values},   {"reader sticks", reader_sticks},
    {"reader in parts", reader_parts}, {"writer writes", writer_values},
    {"writer sticks", writer_sticks},  {"spans", spans},
    {"span decimals", span_decimals},  {"RFC 1982 sequences", sequences},
    {"table of statuses", statuses},   {"a failed CHECK is told", checks},
};

int main(void)
{
    return TEST_MAIN(cases);
}
