/* RFC 3550 §5.1, RFC 8285, RFC 4588: specimens, write-back, every cut. */
#include "proto/rtp/rtp.h"
#include "tests/unit/proto/hex.h"
#include "tests/unit/test.h"

#define FIXED "6f 1234 00001000 cafebabe"
static const struct {
    const char *name, *hex;
    enum status status;
    size_t header_len, payload_len;
    unsigned padding, elements;
} specimens[] = {
    {"3550 §5.1 header alone", "80" FIXED, STATUS_OK, 12, 0, 0, 0},
    {"3550 §5.1 payload", "80" FIXED "010203", STATUS_OK, 12, 3, 0, 0},
    {"3550 §5.1 version 1", "40" FIXED "010203", STATUS_MALFORMED, 0, 0, 0, 0},
    {"3550 §5.1 version 3", "c0" FIXED "010203", STATUS_MALFORMED, 0, 0, 0, 0},
    {"3550 §5.1 two CSRCs", "82" FIXED "00000001 00000002 aa", STATUS_OK, 20, 1, 0, 0},
    {"3550 §5.1 CSRCs cut", "82" FIXED "00000001 000000", STATUS_TRUNCATED, 0, 0, 0, 0},
    {"3550 §5.1 padding", "a0" FIXED "aabb 000002", STATUS_OK, 12, 3, 2, 0},
    {"3550 §5.1 padding only", "a0" FIXED "00000003", STATUS_OK, 12, 1, 3, 0},
    {"3550 §5.1 all padding", "a0" FIXED "000003", STATUS_OK, 12, 0, 3, 0},
    {"3550 §5.1 padding 0", "a0" FIXED "aabb00", STATUS_MALFORMED, 0, 0, 0, 0},
    {"3550 §5.1 padding too long", "a0" FIXED "aabb04", STATUS_MALFORMED, 0, 0, 0, 0},
    {"3550 §5.1 padding without octets", "a0" FIXED, STATUS_MALFORMED, 0, 0, 0, 0},
    {"3550 §5.3.1 extension cut", "90" FIXED "bede 0001", STATUS_TRUNCATED, 0, 0, 0, 0},
    {"8285 §4.2 one-byte", "90" FIXED "bede 0002 10aa 21bbcc 0000 00 dd", STATUS_OK, 24, 1, 0, 2},
    {"8285 §4.2 padding between", "90" FIXED "bede 0002 10aa 0000 21bbcc 00", STATUS_OK, 24, 0, 0,
     2},
    {"8285 §4.2 id 15 stops", "90" FIXED "bede 0002 10aa f0bb 21cc dd 00", STATUS_OK, 24, 0, 0, 1},
    {"8285 §4.2 element too long", "90" FIXED "bede 0001 10aa 2fbb", STATUS_OK, 20, 0, 0, 1},
    {"8285 §4.3 two-byte", "90" FIXED "1000 0002 1001aa 2000 0302", STATUS_OK, 0, 0, 0, 0},
    {"8285 §4.3 two-byte, empty value", "90" FIXED "1000 0002 1001aa 2000 000000", STATUS_OK, 24, 0,
     0, 2},
    {"8285 §4.3 appbits", "90" FIXED "100f 0001 1f02aabb", STATUS_OK, 20, 0, 0, 1},
    {"other profile", "90" FIXED "abcd 0001 10aabbcc", STATUS_OK, 20, 0, 0, 0},
};

static unsigned count_elements(const struct rtp_packet *p)
{
    struct rtp_extension_item item = {0};
    unsigned n = 0;
    while (rtp_extension_next(p, &item)) {
        n++;
    }
    return n;
}

static void table(void)
{
    for (size_t i = 0; i < sizeof(specimens) / sizeof(specimens[0]); i++) {
        uint8_t d[64];
        struct rtp_packet p;
        size_t len = hex_read(specimens[i].hex, d, sizeof(d));
        test_row(specimens[i].name);
        if (specimens[i].header_len == 0 && specimens[i].status == STATUS_OK) {
            EXPECT_INT(len, 12 + 4 + 7); /* an extension that is one octet short */
            EXPECT_INT(rtp_read(span_of(d, len), &p), STATUS_TRUNCATED);
        } else {
            EXPECT_INT(rtp_read(span_of(d, len), &p), specimens[i].status);
        }
        if (specimens[i].status == STATUS_OK && specimens[i].header_len > 0) {
            EXPECT(!p.marker && p.payload_type == 0x6f && p.sequence == 0x1234);
            EXPECT(p.timestamp == 0x1000 && p.ssrc == 0xcafebabe);
            EXPECT_INT(p.header_len, specimens[i].header_len);
            EXPECT_INT(p.payload.len, specimens[i].payload_len);
            EXPECT_INT(p.padding_len, specimens[i].padding);
            EXPECT_INT(count_elements(&p), specimens[i].elements);
            for (size_t cut = 0; cut < p.header_len; cut++) {
                struct rtp_packet q;
                EXPECT_INT(rtp_read(span_of(d, cut), &q), STATUS_TRUNCATED);
            }
        }
        test_row_end();
    }
}

static void write_back(void)
{
    uint8_t long_value[20];
    memset(long_value, 7, sizeof(long_value));
    const struct rtp_extension_out small[] = {{3, SPAN_LITERAL("\x12\x34")},
                                              {14, SPAN_LITERAL("abc")}};
    const struct rtp_extension_out large[] = {
        {3, SPAN_LITERAL("\x12\x34")}, {15, {long_value, 20}}, {200, {NULL, 0}}};
    const struct {
        const struct rtp_extension_out *items;
        unsigned count;
        uint16_t profile;
    } forms[] = {{NULL, 0, 0}, {small, 2, RTP_PROFILE_ONE_BYTE}, {large, 3, RTP_PROFILE_TWO_BYTE}};
    for (size_t i = 0; i < 3; i++) {
        struct rtp_header_out h = {.marker = true,
                                   .payload_type = 96,
                                   .sequence = 65535,
                                   .timestamp = 0xFFFFFFFF,
                                   .ssrc = 1,
                                   .extension_count = forms[i].count,
                                   .extensions = forms[i].items};
        uint8_t d[128];
        struct rtp_packet p;
        struct writer w = writer_of(d, sizeof(d));
        rtp_write_header(&w, &h);
        writer_text(&w, "payload");
        EXPECT_INT(rtp_read(writer_span(&w), &p), STATUS_OK);
        EXPECT(p.marker && p.payload_type == 96 && p.sequence == 65535 &&
               p.timestamp == 0xFFFFFFFF && p.ssrc == 1);
        EXPECT(span_is(p.payload, "payload") && p.profile == forms[i].profile &&
               p.header_len % 4 == 0);
        EXPECT_INT(count_elements(&p), forms[i].count);
        for (unsigned k = 0; k < forms[i].count; k++) {
            struct span value;
            EXPECT(rtp_extension_find(&p, forms[i].items[k].id, &value) &&
                   span_equal(value, forms[i].items[k].value));
        }
        for (size_t room = 0; room < p.header_len; room++) {
            struct writer short_writer = writer_of(d, room);
            rtp_write_header(&short_writer, &h);
            EXPECT(!writer_ok(&short_writer));
        }
    }
}

static void in_place(void)
{
    uint8_t d[64];
    struct rtp_packet p;
    struct span value;
    size_t len = hex_read("90" FIXED "bede 0003 10aa 32bbccdd 51eeff 0000 00 99", d, sizeof(d));
    rtp_set_marker(d, true);
    rtp_set_payload_type(d, 45);
    rtp_set_sequence(d, 7);
    rtp_set_timestamp(d, 8);
    rtp_set_ssrc(d, 9);
    uint8_t map[256] = {0};
    map[1] = 4;                       /* renamed */
    map[5] = 15;                      /* not possible in one-byte form: removed */
    rtp_extension_remap(d, len, map); /* 3 is removed */
    EXPECT_INT(rtp_read(span_of(d, len), &p), STATUS_OK);
    EXPECT(p.marker && p.payload_type == 45 && p.sequence == 7 && p.timestamp == 8 && p.ssrc == 9);
    EXPECT_INT(count_elements(&p), 1);
    EXPECT(rtp_extension_find(&p, 4, &value) && value.len == 1 && value.data[0] == 0xaa);
    EXPECT(p.payload.len == 1 && p.payload.data[0] == 0x99);
    EXPECT(rtp_extension_set(d, len, 4, SPAN_LITERAL("\x55")) &&
           !rtp_extension_set(d, len, 4, SPAN_LITERAL("ab")));
    EXPECT(!rtp_extension_set(d, len, 9, SPAN_LITERAL("a")));
    EXPECT(rtp_extension_find(&p, 4, &value) && value.data[0] == 0x55);
    len = hex_read("91" FIXED "00000001 1000 0002 1401aa 0302 ffff 00", d, sizeof(d));
    map[20] = 200;
    map[3] = 0;
    rtp_extension_remap(d, len, map);
    EXPECT_INT(rtp_read(span_of(d, len), &p), STATUS_OK);
    EXPECT(count_elements(&p) == 1 && rtp_extension_find(&p, 200, &value) && value.data[0] == 0xaa);
}

static void rtx(void)
{
    uint8_t original[64];
    uint8_t d[64];
    struct rtp_packet p;
    size_t len = hex_read("b1" FIXED "00000001 bede 0001 10aa 0000 01020304 0002", original,
                          sizeof(original));
    struct writer w = writer_of(d, sizeof(d));
    EXPECT_INT(rtp_rtx_wrap(span_of(original, len), 0x11223344, 97, 500, &w), STATUS_OK);
    EXPECT_INT(rtp_read(writer_span(&w), &p), STATUS_OK);
    EXPECT(p.ssrc == 0x11223344 && p.payload_type == 97 && p.sequence == 500 && p.padding_len == 0);
    EXPECT(p.payload.len == 6 && p.payload.data[0] == 0x12 && p.payload.data[1] == 0x34);
    size_t back = 0;
    EXPECT_INT(rtp_rtx_unwrap(d, w.at, 0xcafebabe, 0x6f, &back), STATUS_OK);
    original[0] = (uint8_t)(original[0] & ~0x20); /* padding is left out */
    EXPECT(back == len - 2 && memcmp(d, original, back) == 0);
    for (size_t room = 0; room < len; room++) {
        struct writer small = writer_of(d, room);
        EXPECT_INT(rtp_rtx_wrap(span_of(original, len - 2), 1, 97, 1, &small), STATUS_TOO_LARGE);
    }
    len = hex_read("a0" FIXED "00000004", d, sizeof(d)); /* a probe: padding only */
    EXPECT_INT(rtp_rtx_unwrap(d, len, 1, 1, &back), STATUS_NONE);
    len = hex_read("80" FIXED "00", d, sizeof(d));
    EXPECT_INT(rtp_rtx_unwrap(d, len, 1, 1, &back), STATUS_TRUNCATED);
    EXPECT_INT(rtp_rtx_unwrap(d, 5, 1, 1, &back), STATUS_TRUNCATED);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"table", table}, {"write_back", write_back}, {"in_place", in_place}, {"rtx", rtx}};
    return TEST_MAIN(cases);
}
