/* RFC 7983 §7, RFC 5761 §4: every first octet, and the lengths below which nothing is taken. */
#include "proto/demux/demux.h"
#include "tests/unit/test.h"

static const struct {
    const char *name;
    unsigned from, to;
    enum demux_kind kind;
    size_t len_min;
} ranges[] = {
    {"STUN", 0, 3, DEMUX_STUN, 20},   {"unassigned 4-15", 4, 15, DEMUX_DROP, 0},
    {"ZRTP", 16, 19, DEMUX_DROP, 0},  {"DTLS", 20, 63, DEMUX_DTLS, 13},
    {"TURN", 64, 79, DEMUX_TURN, 4},  {"unassigned 80-127", 80, 127, DEMUX_DROP, 0},
    {"RTP", 128, 191, DEMUX_RTP, 12}, {"unassigned 192-255", 192, 255, DEMUX_DROP, 0},
};

static void first_octets(void)
{
    uint8_t d[64] = {0};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        test_row(ranges[i].name);
        for (unsigned first = ranges[i].from; first <= ranges[i].to; first++) {
            d[0] = (uint8_t)first;
            for (size_t len = 1; len <= sizeof(d); len++) {
                EXPECT_INT(demux_classify(span_of(d, len)),
                           len >= ranges[i].len_min ? ranges[i].kind : DEMUX_DROP);
            }
        }
        test_row_end();
    }
    test_row("empty");
    EXPECT_INT(demux_classify(span_of(NULL, 0)), DEMUX_DROP);
    test_row_end();
}

static void rtp_or_rtcp(void)
{
    uint8_t d[64] = {0x80};
    for (unsigned second = 0; second <= 255; second++) {
        d[1] = (uint8_t)second;
        bool rtcp = second >= 192 && second <= 223;
        EXPECT_INT(demux_classify(span_of(d, sizeof(d))), rtcp ? DEMUX_RTCP : DEMUX_RTP);
        EXPECT_INT(demux_classify(span_of(d, 8)), rtcp ? DEMUX_RTCP : DEMUX_DROP);
        EXPECT_INT(demux_classify(span_of(d, 7)), DEMUX_DROP);
    }
    EXPECT_TEXT(demux_name(DEMUX_RTCP), "rtcp");
    EXPECT_TEXT(demux_name((enum demux_kind)99), "unknown");
}

int main(void)
{
    static const struct test_case cases[] = {{"first_octets", first_octets},
                                             {"rtp_or_rtcp", rtp_or_rtcp}};
    return TEST_MAIN(cases);
}
