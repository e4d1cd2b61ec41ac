/* Any datagram into the RTCP walk and every accessor; transport-wide feedback that it accepts is
 * written again and must say the same. */
#include "proto/base/check.h"
#include "proto/rtcp/rtcp.h"
#include "proto/rtcp/twcc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void accessors(const struct rtcp_packet *p)
{
    struct rtcp_sender_info info;
    struct rtcp_report_block block;
    struct rtcp_dlrr dlrr;
    struct span span;
    uint64_t wide;
    uint32_t ssrc;
    uint16_t pid, blp;
    uint8_t sequence;
    (void)rtcp_sender_info_read(p, &info);
    (void)rtcp_remb_read(p, &wide, &span);
    (void)rtcp_xr_rrtr_read(p, &wide);
    for (unsigned i = 0; i < 40; i++) {
        (void)rtcp_report_block_read(p, i, &block);
        (void)rtcp_sdes_cname(p, i, &ssrc, &span);
        (void)rtcp_bye_ssrc(p, i, &ssrc);
        (void)rtcp_nack_read(p, i, &pid, &blp);
        (void)rtcp_fir_read(p, i, &ssrc, &sequence);
        (void)rtcp_xr_dlrr_read(p, i, &dlrr);
    }
}

static void feedback(const struct rtcp_packet *p)
{
    static struct twcc_status statuses[TWCC_PACKETS_MAX];
    static uint8_t buffer[4096];
    struct twcc_reader t;
    struct twcc_item item;
    if (twcc_read(p, &t) != STATUS_OK) {
        return;
    }
    unsigned count = 0;
    uint16_t base = t.base_sequence;
    while (twcc_next(&t, &item)) {
        CHECK(item.sequence == (uint16_t)(base + count % 65536));
        if (count < TWCC_PACKETS_MAX) {
            statuses[count].arrival_us =
                item.received && item.arrival_us >= 0 ? item.arrival_us : -1;
        }
        count++;
    }
    CHECK(count == t.packet_count);
    uint8_t number = 0;
    struct writer w = writer_of(buffer, sizeof(buffer));
    unsigned n = twcc_write(&w, 1, 2, base, statuses,
                            count < TWCC_PACKETS_MAX ? count : TWCC_PACKETS_MAX, &number);
    if (n == 0) {
        return;
    }
    struct reader r = reader_of(writer_span(&w));
    struct rtcp_packet q;
    CHECK(rtcp_next(&r, &q) && twcc_read(&q, &t) == STATUS_OK && t.packet_count == n);
    for (unsigned i = 0; i < n; i++) {
        CHECK(twcc_next(&t, &item) && item.received == (statuses[i].arrival_us >= 0));
        CHECK(!item.received ||
              (item.arrival_us - statuses[i].arrival_us) % ((int64_t)64000 << 24) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned count = 0;
    if (rtcp_check(span_of(data, size), &count) != STATUS_OK) {
        return 0;
    }
    struct reader r = reader_of(span_of(data, size));
    struct rtcp_packet p;
    unsigned walked = 0;
    while (rtcp_next(&r, &p)) {
        accessors(&p);
        feedback(&p);
        walked++;
    }
    CHECK(walked == count && reader_done(&r));
    return 0;
}
