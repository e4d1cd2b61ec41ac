/* RFC 3550 §6, 4585, 5104, 5506, 3611, REMB and transport-wide feedback: specimens, write-back,
 * every cut. */
#include "proto/rtcp/rtcp.h"
#include "proto/rtcp/twcc.h"
#include "tests/unit/proto/hex.h"
#include "tests/unit/test.h"

static const struct {
    const char *name, *hex;
    enum status status;
    unsigned count;
} specimens[] = {
    {"empty", "", STATUS_TRUNCATED, 0},
    {"3550 §6.4.2 RR without blocks", "80c90001 00000001", STATUS_OK, 1},
    {"3550 §6.4.2 RR whose count lies", "81c90001 00000001", STATUS_MALFORMED, 0},
    {"3550 §6.4.1 SR without its info", "80c80001 00000001", STATUS_MALFORMED, 0},
    {"3550 §A.2 version 1", "40c90001 00000001", STATUS_MALFORMED, 0},
    {"3550 §A.2 length beyond the datagram", "80c90002 00000001", STATUS_TRUNCATED, 0},
    {"3550 §A.2 octets behind it", "80c90001 00000001 80c9", STATUS_TRUNCATED, 0},
    {"3550 §6.1 compound RR + SDES", "80c90001 00000001 81ca0003 00000001 01026162 00000000",
     STATUS_OK, 2},
    {"3550 §6.6 BYE", "81cb0001 00000001", STATUS_OK, 1},
    {"3550 §6.6 BYE without sources", "80cb0000", STATUS_OK, 1},
    {"3550 §6.6 BYE whose count lies", "82cb0001 00000001", STATUS_MALFORMED, 0},
    {"3550 §6.4.1 padding", "a0c90002 00000001 00000004", STATUS_OK, 1},
    {"3550 §6.4.1 padding eats the head", "a0c90001 00000008", STATUS_MALFORMED, 0},
    {"3550 §6.4.1 padding 0", "a0c90002 00000001 00000000", STATUS_MALFORMED, 0},
    {"5506 reduced size: PLI alone", "81ce0002 00000001 00000002", STATUS_OK, 1},
    {"4585 §6.1 feedback too short", "81ce0001 00000001", STATUS_MALFORMED, 0},
    {"3611 §2 XR without blocks", "80cf0001 00000001", STATUS_OK, 1},
    {"3550 §6.7 APP too short", "80cc0001 00000001", STATUS_MALFORMED, 0},
    {"unknown type is passed over", "80d20001 00000001 80c90001 00000001", STATUS_OK, 2},
};

static void table(void)
{
    for (size_t i = 0; i < sizeof(specimens) / sizeof(specimens[0]); i++) {
        uint8_t d[128];
        unsigned count = 0;
        size_t len = hex_read(specimens[i].hex, d, sizeof(d));
        test_row(specimens[i].name);
        EXPECT_INT(rtcp_check(span_of(d, len), &count), specimens[i].status);
        EXPECT_INT(count, specimens[i].count);
        test_row_end();
    }
}

static const struct rtcp_report_block blocks[2] = {
    {.ssrc = 7,
     .fraction_lost = 255,
     .cumulative_lost = -5,
     .highest_sequence = 0x1FFFF,
     .jitter = 9,
     .last_sr = 10,
     .delay_since_sr = 11},
    {.ssrc = 8, .cumulative_lost = 0x7FFFFFF},
};

static struct rtcp_packet only(struct writer *w)
{
    struct rtcp_packet p = {0};
    unsigned count = 0;
    EXPECT_INT(rtcp_check(writer_span(w), &count), STATUS_OK);
    EXPECT_INT(count, 1);
    struct reader r = reader_of(writer_span(w));
    EXPECT(rtcp_next(&r, &p));
    EXPECT(reader_done(&r));
    for (size_t cut = 0; cut < w->at; cut++) {
        unsigned n;
        EXPECT_INT(rtcp_check(span_of(w->data, cut), &n), STATUS_TRUNCATED);
    }
    return p;
}

static void reports(void)
{
    uint8_t d[256];
    struct writer w = writer_of(d, sizeof(d));
    struct rtcp_sender_info info = {
        .ntp = 0x0123456789abcdefu, .rtp_timestamp = 5, .packets = 6, .octets = 7};
    rtcp_write_sr(&w, 1, &info, blocks, 2);
    struct rtcp_packet p = only(&w);
    struct rtcp_sender_info back;
    struct rtcp_report_block b;
    EXPECT(p.type == RTCP_SR && p.ssrc == 1 && p.count == 2);
    EXPECT(rtcp_sender_info_read(&p, &back) && back.ntp == info.ntp && back.rtp_timestamp == 5);
    EXPECT(back.packets == 6 && back.octets == 7);
    EXPECT(rtcp_report_block_read(&p, 0, &b) && b.ssrc == 7 && b.fraction_lost == 255 &&
           b.cumulative_lost == -5);
    EXPECT(b.highest_sequence == 0x1FFFF && b.jitter == 9 && b.last_sr == 10 &&
           b.delay_since_sr == 11);
    EXPECT(rtcp_report_block_read(&p, 1, &b) && b.cumulative_lost == 0x7FFFFF); /* clamped, §A.3 */
    EXPECT(!rtcp_report_block_read(&p, 2, &b));
    w = writer_of(d, sizeof(d));
    rtcp_write_rr(&w, 3, blocks, 1);
    p = only(&w);
    EXPECT(p.type == RTCP_RR && p.ssrc == 3 && rtcp_report_block_read(&p, 0, &b) && b.ssrc == 7);
    EXPECT(!rtcp_sender_info_read(&p, &back));
    EXPECT_INT(rtcp_ntp_middle(0x0123456789abcdefu), 0x456789ab);
    EXPECT(rtcp_ntp_of_us(0) == (uint64_t)2208988800u << 32);
    for (int64_t us = 1795000000000000; us < 1795000000100000; us += 9973) {
        EXPECT_INT(rtcp_us_of_ntp(rtcp_ntp_of_us(us)), us);
    }
}

static void sdes_and_bye(void)
{
    uint8_t d[512];
    char name[256];
    memset(name, 'x', sizeof(name));
    for (size_t len = 1; len <= 255; len++) {
        struct writer w = writer_of(d, sizeof(d));
        uint32_t ssrc;
        struct span cname;
        rtcp_write_sdes(&w, 9, span_of(name, len));
        struct rtcp_packet p = only(&w);
        EXPECT(rtcp_sdes_cname(&p, 0, &ssrc, &cname) && ssrc == 9 &&
               span_equal(cname, span_of(name, len)));
        EXPECT(!rtcp_sdes_cname(&p, 1, &ssrc, &cname));
    }
    struct writer w = writer_of(d, sizeof(d));
    uint32_t ssrc;
    rtcp_write_bye(&w, 77);
    struct rtcp_packet p = only(&w);
    EXPECT(rtcp_bye_ssrc(&p, 0, &ssrc) && ssrc == 77 && !rtcp_bye_ssrc(&p, 1, &ssrc));
    /* an SDES item that runs out of its chunk */
    size_t len = hex_read("81ca0002 00000001 01ff6162", d, sizeof(d));
    struct reader r = reader_of(span_of(d, len));
    struct span cname;
    EXPECT(rtcp_next(&r, &p) && !rtcp_sdes_cname(&p, 0, &ssrc, &cname));
}

static void feedback(void)
{
    uint8_t d[256];
    static const uint16_t lost[] = {65534, 65535, 0, 14, 15, 100, 117};
    struct writer w = writer_of(d, sizeof(d));
    rtcp_write_nack(&w, 1, 2, lost, 7);
    struct rtcp_packet p = only(&w);
    uint16_t pid, blp;
    EXPECT(p.ssrc == 1 && p.media_ssrc == 2);
    EXPECT(rtcp_nack_read(&p, 0, &pid, &blp) && pid == 65534 && blp == 0x8003); /* +1, +2, +16 */
    EXPECT(rtcp_nack_read(&p, 1, &pid, &blp) && pid == 15 && blp == 0);
    EXPECT(rtcp_nack_read(&p, 2, &pid, &blp) && pid == 100 && blp == 0);
    EXPECT(rtcp_nack_read(&p, 3, &pid, &blp) && pid == 117 && blp == 0);
    EXPECT(!rtcp_nack_read(&p, 4, &pid, &blp));
    w = writer_of(d, sizeof(d));
    rtcp_write_pli(&w, 1, 2);
    p = only(&w);
    EXPECT(p.type == RTCP_PSFB && p.count == RTCP_FB_PLI && p.media_ssrc == 2);
    w = writer_of(d, sizeof(d));
    rtcp_write_fir(&w, 1, 5, 200);
    p = only(&w);
    uint32_t ssrc;
    uint8_t sequence;
    EXPECT(p.media_ssrc == 0 && rtcp_fir_read(&p, 0, &ssrc, &sequence) && ssrc == 5 &&
           sequence == 200);
    EXPECT(!rtcp_fir_read(&p, 1, &ssrc, &sequence) && !rtcp_nack_read(&p, 0, &pid, &blp));
    static const uint64_t rates[] = {0,      1,       262143,      262144,
                                     150000, 1000000, 4000000000u, UINT64_MAX};
    static const uint32_t ssrcs[] = {5, 6};
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        w = writer_of(d, sizeof(d));
        rtcp_write_remb(&w, 1, rates[i], ssrcs, 2);
        p = only(&w);
        uint64_t bps;
        struct span list;
        EXPECT(rtcp_remb_read(&p, &bps, &list) && list.len == 8);
        EXPECT(bps <= rates[i] && rates[i] - bps <= rates[i] / 131072); /* 18 bits */
    }
}

static void extended_reports(void)
{
    uint8_t d[128];
    struct writer w = writer_of(d, sizeof(d));
    uint64_t ntp;
    rtcp_write_xr_rrtr(&w, 1, 0x1122334455667788u);
    struct rtcp_packet p = only(&w);
    EXPECT(p.ssrc == 1 && rtcp_xr_rrtr_read(&p, &ntp) && ntp == 0x1122334455667788u);
    static const struct rtcp_dlrr items[] = {{1, 2, 3}, {4, 5, 6}};
    struct rtcp_dlrr item;
    w = writer_of(d, sizeof(d));
    rtcp_write_xr_dlrr(&w, 1, items, 2);
    p = only(&w);
    EXPECT(rtcp_xr_dlrr_read(&p, 1, &item) && memcmp(&item, &items[1], sizeof(item)) == 0);
    EXPECT(!rtcp_xr_dlrr_read(&p, 2, &item) && !rtcp_xr_rrtr_read(&p, &ntp));
    /* a block that runs out of the packet */
    size_t len = hex_read("80cf0002 00000001 04000002", d, sizeof(d));
    struct reader r = reader_of(span_of(d, len));
    EXPECT(rtcp_next(&r, &p) && !rtcp_xr_rrtr_read(&p, &ntp));
}

#define TWCC(length, base_count) "8fcd" length "00000001 00000002" base_count "00000a 03"
static const struct {
    const char *name, *hex;
    enum status status;
} twcc_specimens[] = {
    {"§3.1.3 run of 2 small", TWCC("0005", "00050002") "2002 0408", STATUS_OK},
    {"§3.1.3 run longer than the count", TWCC("0005", "00050002") "2003 0408", STATUS_MALFORMED},
    {"§3.1.3 empty run", TWCC("0005", "00050002") "2000 0408", STATUS_MALFORMED},
    {"§3.1.3 reserved symbol", TWCC("0005", "00050002") "6002 0408", STATUS_MALFORMED},
    {"§3.1.4 vector of 1 bit", TWCC("0005", "00050002") "b000 0408", STATUS_OK},
    {"§3.1.4 vector of 2 bits, large and small", TWCC("0006", "00050002") "e400 ff9c 08 000000",
     STATUS_OK},
    {"§3.1.5 delta missing", TWCC("0005", "00050003") "2003 0408", STATUS_TRUNCATED},
    {"chunk missing", TWCC("0004", "00050002"), STATUS_TRUNCATED},
    {"no statuses", TWCC("0004", "00050000"), STATUS_MALFORMED},
};

static void twcc_table(void)
{
    for (size_t i = 0; i < sizeof(twcc_specimens) / sizeof(twcc_specimens[0]); i++) {
        uint8_t d[64];
        unsigned count;
        struct rtcp_packet p;
        struct twcc_reader t;
        size_t len = hex_read(twcc_specimens[i].hex, d, sizeof(d));
        test_row(twcc_specimens[i].name);
        EXPECT_INT(rtcp_check(span_of(d, len), &count), STATUS_OK);
        struct reader r = reader_of(span_of(d, len));
        EXPECT(rtcp_next(&r, &p));
        EXPECT_INT(twcc_read(&p, &t), twcc_specimens[i].status);
        if (twcc_specimens[i].status == STATUS_OK) {
            struct twcc_item a, b, c;
            EXPECT(t.reference_us == 640000 && t.feedback_count == 3 && t.base_sequence == 5);
            EXPECT(twcc_next(&t, &a) && twcc_next(&t, &b) && !twcc_next(&t, &c));
            EXPECT(a.sequence == 5 && b.sequence == 6);
        }
        test_row_end();
    }
}

/* Random arrivals through writer and reader: nothing is lost, times are right to a quarter of a
 * millisecond. */
static void twcc_write_back(void)
{
    uint32_t random = 1;
    uint8_t feedback_count = 250;
    for (unsigned round = 0; round < 400; round++) {
        struct twcc_status statuses[300];
        unsigned count = 1 + round % 300;
        int64_t at = 5000000 + (int64_t)round * 1000000;
        for (unsigned i = 0; i < count; i++) {
            random = random * 1664525u + 1013904223u;
            unsigned dice = random >> 24;
            at += dice < 200
                      ? dice * 50
                      : (int64_t)dice * 2000 - 60000; /* small steps, some large and backwards */
            bool lost = (random >> 12) % 10 < round % 8 && i > 0 && i + 1 < count;
            statuses[i].arrival_us = lost ? -1 : at;
        }
        uint8_t d[1200];
        struct writer w = writer_of(d, sizeof(d));
        uint8_t before = feedback_count;
        unsigned n =
            twcc_write(&w, 1, 2, (uint16_t)(65500 + round), statuses, count, &feedback_count);
        EXPECT_INT(n, count);
        EXPECT_INT((uint8_t)(before + 1), feedback_count);
        EXPECT_INT(w.at % 4, 0);
        struct rtcp_packet p;
        struct twcc_reader t;
        unsigned packets;
        EXPECT_INT(rtcp_check(writer_span(&w), &packets), STATUS_OK);
        struct reader r = reader_of(writer_span(&w));
        EXPECT(rtcp_next(&r, &p) && twcc_read(&p, &t) == STATUS_OK && t.feedback_count == before);
        struct twcc_item item;
        for (unsigned i = 0; i < n; i++) {
            EXPECT(twcc_next(&t, &item) && item.sequence == (uint16_t)(65500 + round + i));
            EXPECT_INT(item.received, statuses[i].arrival_us >= 0);
            int64_t error = item.arrival_us - statuses[i].arrival_us;
            EXPECT(!item.received || (error <= 0 && error > -250));
        }
        EXPECT(!twcc_next(&t, &item));
        for (size_t cut = 0; cut < w.at; cut += 3) {
            EXPECT(rtcp_check(span_of(d, cut), &packets) != STATUS_OK);
            struct writer small = writer_of(d, cut);
            uint8_t same = 9;
            EXPECT(twcc_write(&small, 1, 2, 1, statuses, count, &same) == 0 && same == 9 &&
                   small.at == 0);
        }
    }
}

static void twcc_limits(void)
{
    uint8_t d[2000];
    static struct twcc_status many[2000];
    uint8_t feedback_count = 0;
    for (unsigned i = 0; i < 2000; i++) {
        many[i].arrival_us = (int64_t)i * 100000; /* 100 ms apart: large deltas */
    }
    struct writer w = writer_of(d, sizeof(d));
    EXPECT_INT(twcc_write(&w, 1, 2, 0, many, 2000, &feedback_count), TWCC_PACKETS_MAX);
    EXPECT(w.at <= 1200);
    struct twcc_status far[] = {{1000}, {-1}, {9000000}}; /* 9 s: no delta can say it */
    w = writer_of(d, sizeof(d));
    EXPECT_INT(twcc_write(&w, 1, 2, 0, far, 3, &feedback_count), 1);
    struct twcc_status none[] = {{-1}, {-1}};
    w = writer_of(d, sizeof(d));
    EXPECT_INT(twcc_write(&w, 1, 2, 0, none, 2, &feedback_count), 0);
    EXPECT_INT(w.at, 0);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"table", table},
        {"reports", reports},
        {"sdes_and_bye", sdes_and_bye},
        {"feedback", feedback},
        {"extended_reports", extended_reports},
        {"twcc_table", twcc_table},
        {"twcc_write_back", twcc_write_back},
        {"twcc_limits", twcc_limits},
    };
    return TEST_MAIN(cases);
}
