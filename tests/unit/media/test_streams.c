/* The parts of streams, congestion feedback and rt that have arithmetic: specimen rows in virtual
 * time. */
#include "media/cc/downlink.h"
#include "media/cc/twcc_in.h"
#include "media/net/addr.h"
#include "media/rt/mailbox.h"
#include "media/rt/slots.h"
#include "media/stream/cache.h"
#include "media/stream/keyframe.h"
#include "media/stream/nack.h"
#include "media/stream/rx.h"
#include "media/stream/tx.h"
#include "media/worker/directory.h"
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdlib.h>

static void mailboxes(void)
{
    struct mailbox *box = mailbox_create(sizeof(int), 4);
    int value = 0;
    EXPECT(!mailbox_take(box, &value));
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++) {
            EXPECT_INT(mailbox_post(box, &i), STATUS_OK);
        }
        EXPECT_INT(mailbox_room(box), 0);
        EXPECT_INT(mailbox_post(box, &value), STATUS_FULL);
        for (int i = 0; i < 4; i++) {
            EXPECT(mailbox_take(box, &value) && value == i);
        }
    }
    mailbox_destroy(box);
}

#define MESSAGES 100000
static void *producer(void *context)
{
    for (uint32_t i = 0; i < MESSAGES;) {
        uint32_t message[8] = {i, i, i, i, i, i, i, i};
        i += mailbox_post(context, message) == STATUS_OK ? 1 : 0;
    }
    return NULL;
}

static void mailbox_between_threads(void)
{
    struct mailbox *box = mailbox_create(8 * sizeof(uint32_t), 64);
    pthread_t thread;
    EXPECT_INT(pthread_create(&thread, NULL, producer, box), 0);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < MESSAGES;) {
        uint32_t message[8];
        if (mailbox_take(box, message)) {
            wrong += message[0] != i || message[7] != i ? 1 : 0;
            i++;
        }
    }
    EXPECT_INT(pthread_join(thread, NULL), 0);
    EXPECT_INT(wrong, 0);
    mailbox_destroy(box);
}

static void handles(void)
{
    struct slots slots;
    uint32_t index = 9;
    uint32_t generation = 0;
    EXPECT_INT(slots_init(&slots, 2), STATUS_OK);
    EXPECT_INT(slots_take(&slots, &index, &generation), STATUS_OK);
    EXPECT(index == 0 && generation != 0 && slots_valid(&slots, 0, generation));
    uint32_t second = 0;
    EXPECT_INT(slots_take(&slots, &index, &second), STATUS_OK);
    EXPECT_INT(slots_take(&slots, &index, &second), STATUS_FULL);
    slots_free(&slots, 0);
    EXPECT(!slots_valid(&slots, 0, generation) && !slots_valid(&slots, 0, generation + 1) &&
           !slots_valid(&slots, 7, 1));
    EXPECT_INT(slots_take(&slots, &index, &second), STATUS_OK);
    EXPECT(index == 0 && second != generation);
    slots_fini(&slots);
}

static void directories(void)
{
    struct directory *d = NULL;
    static int values[400];
    EXPECT_INT(directory_create(50, 77, &d), STATUS_OK);
    for (unsigned round = 0; round < 20;
         round++) { /* churn: closing gaps must keep every other entry reachable */
        for (unsigned i = 0; i < 400; i++) {
            struct addr a = {.ip = {10, 0, 0, (uint8_t)(i % 7)},
                             .port = (uint16_t)(i + round * 13),
                             .family = 4};
            EXPECT_INT(directory_add_addr(d, &a, &values[i]), STATUS_OK);
        }
        for (unsigned i = 0; i < 400; i += 2) {
            struct addr a = {.ip = {10, 0, 0, (uint8_t)(i % 7)},
                             .port = (uint16_t)(i + round * 13),
                             .family = 4};
            directory_remove_addr(d, &a, &values[i + 1]); /* another's: stays */
            EXPECT(directory_find_addr(d, &a) == &values[i]);
            directory_remove_addr(d, &a, &values[i]);
            EXPECT(directory_find_addr(d, &a) == NULL);
        }
        for (unsigned i = 1; i < 400; i += 2) {
            struct addr a = {.ip = {10, 0, 0, (uint8_t)(i % 7)},
                             .port = (uint16_t)(i + round * 13),
                             .family = 4};
            EXPECT(directory_find_addr(d, &a) == &values[i]);
            directory_remove_addr(d, &a, &values[i]);
        }
    }
    EXPECT_INT(directory_add_ufrag(d, "abcd", &values[0]), STATUS_OK);
    EXPECT(directory_find_ufrag(d, SPAN_LITERAL("abcd")) == &values[0]);
    EXPECT(directory_find_ufrag(d, SPAN_LITERAL("abc")) == NULL &&
           directory_find_ufrag(d, span_of(NULL, 0)) == NULL);
    directory_destroy(d);
}

static void addresses(void)
{
    static const char *const good[] = {"192.0.2.1", "::1", "2001:db8::5", "0.0.0.0"};
    for (size_t i = 0; i < 4; i++) {
        for (int family = 0; family < 2; family++) {
            struct addr a;
            struct addr b;
            struct sockaddr_storage raw;
            char text[64];
            EXPECT_INT(addr_of_text(good[i], 7, &a), STATUS_OK);
            if (a.family == 4 || family == 1) { /* IPv4 through an IPv6 socket stays IPv4 */
                (void)addr_to_sockaddr(&a, family == 1 ? AF_INET6 : AF_INET, &raw);
                EXPECT_INT(addr_of_sockaddr(&raw, &b), STATUS_OK);
                EXPECT(addr_equal(&a, &b));
                EXPECT_TEXT(addr_ip_text(&b, text, sizeof(text)), good[i]);
            }
        }
    }
    struct addr a;
    EXPECT_INT(addr_of_text("localhost", 1, &a), STATUS_MALFORMED);
    EXPECT_INT(addr_of_text("", 1, &a), STATUS_MALFORMED);
}

static void reception(void)
{
    struct rx rx = {0};
    uint64_t sequence = 0;
    struct nack nack = {0};
    rx_begin(&rx, 5, 0, 90000, &nack);
    EXPECT_INT(rx_packet(&rx, 1000, 65534, 0, 100, false, &sequence), RX_NEW);
    EXPECT_INT(rx_packet(&rx, 2000, 65535, 90, 100, false, &sequence), RX_NEW);
    EXPECT_INT(rx_packet(&rx, 3000, 2, 180, 100, false, &sequence), RX_NEW);
    EXPECT_INT(rx_lost(&rx), 2);
    EXPECT_INT(rx_packet(&rx, 3000, 2, 180, 100, false, &sequence), RX_DUPLICATE);
    EXPECT_INT(rx_packet(&rx, 4000, 0, 150, 100, false, &sequence), RX_LATE);
    EXPECT_INT(rx_packet(&rx, 5000, 1, 160, 100, true, &sequence), RX_LATE);
    EXPECT(rx_lost(&rx) == 0 && rx.repaired == 1);
    struct rtcp_report_block block;
    rx_report_block(&rx, 6000, &block);
    EXPECT(block.fraction_lost == 0 && block.highest_sequence == 65536 + 2 &&
           block.cumulative_lost == 0);
    EXPECT_INT(rx_packet(&rx, 7000, 12, 190, 100, false, &sequence), RX_NEW);
    rx_report_block(&rx, 8000, &block);
    EXPECT_INT(block.fraction_lost, 9 * 255 / 10);
    EXPECT_INT(block.cumulative_lost, 9);
    uint32_t epoch = rx.epoch;
    EXPECT_INT(rx_packet(&rx, 9000, 30000, 5000, 100, false, &sequence), RX_RESTART);
    EXPECT(rx.epoch == epoch + 1 && rx_lost(&rx) == 9);
    EXPECT_INT(rx_packet(&rx, 9100, 29999, 5000, 100, false, &sequence),
               RX_OLD); /* before the new beginning */
    EXPECT_INT(rx_packet(&rx, 9200, 10, 5000, 100, true, &sequence),
               RX_OLD); /* a repair never begins anew */
}

static void missing(void)
{
    struct nack nack = {0};
    uint16_t out[300];
    EXPECT(nack_missing(&nack, 0, 100, 104));
    EXPECT_INT(nack_due(&nack, NACK_REORDER_US - 1, 600000, out, 300), 0);
    EXPECT(!nack_arrived(&nack, 102)); /* late, not asked for */
    EXPECT_INT(nack_due(&nack, NACK_REORDER_US, 600000, out, 300), 4);
    EXPECT(out[0] == 100 && out[2] == 103);
    EXPECT_INT(nack_due(&nack, 600000, 600000, out, 300), 0); /* never within a round trip */
    EXPECT(nack_arrived(&nack, 100));
    EXPECT_INT(nack_due(&nack, 700000, 600000, out, 300), 3);
    unsigned tries = 2;
    for (int64_t now_us = 700000; now_us < 10000000; now_us += 10000) {
        tries += nack_due(&nack, now_us, 600000, out, 300) > 0 ? 1 : 0;
    }
    EXPECT_INT(tries, NACK_TRIES);
    EXPECT(nack.gave_up);
    EXPECT_INT(nack.count, 0);
    EXPECT(!nack_missing(&nack, 0, 1, NACK_LIST_MAX + 1)); /* a key frame is cheaper */
}

static void resend_cache(void)
{
    struct cache *cache = NULL;
    EXPECT_INT(cache_create(&cache), STATUS_OK);
    uint8_t payload[1200];
    struct cache_packet packet = {.payload = span_of(payload, sizeof(payload))};
    struct cache_packet found;
    for (uint64_t i = 1; i <= 3000; i++) {
        memset(payload, (int)(i & 0xff), sizeof(payload));
        packet.sequence = i;
        packet.at_us = (int64_t)i * 1000;
        cache_put(cache, &packet);
        for (uint64_t back = 0; back < 430 && back < i; back += 53) { /* 512 KiB hold 436 */
            EXPECT(cache_get(cache, packet.at_us, CACHE_AGE_US, i - back, &found));
            EXPECT(found.payload.len == sizeof(payload) &&
                   found.payload.data[7] == ((i - back) & 0xff));
        }
        EXPECT(i < 500 || !cache_get(cache, packet.at_us, CACHE_AGE_US, i - 500, &found));
    }
    EXPECT(!cache_get(cache, 3000000 + CACHE_AGE_US + 1, CACHE_AGE_US, 3000, &found));
    cache_clear(cache);
    EXPECT(!cache_get(cache, 3000000, CACHE_AGE_US, 3000, &found));
    EXPECT_INT(cache_age_us(0), CACHE_AGE_US); /* clamp(4 x RTT, 1 s, 4 s) */
    EXPECT_INT(cache_age_us(50000), 1000000);
    EXPECT_INT(cache_age_us(300000), 1200000);
    EXPECT_INT(cache_age_us(2000000), 4000000);
    cache_destroy(cache);
}

static void sending(void)
{
    struct plan_receive receive = {.active = true, .ssrc = 1, .rtx_ssrc = 2};
    struct tx tx;
    tx_init(&tx, PLAN_VIDEO, &receive, 0xffff, 0xffff, 1000);
    EXPECT(tx.highest_sequence < 0x8000); /* RFC 3711: below 2^15 */
    uint16_t sequence = 0;
    uint32_t timestamp = 0;
    struct tx_packet p = {
        .source = {1, 10, 1}, .sequence = 5000, .timestamp = 7, .codec = 2, .octets = 10};
    EXPECT_INT(tx_relay(&tx, 0, &p, &sequence, &timestamp), TX_WAIT_KEYFRAME);
    p.keyframe = true;
    EXPECT_INT(tx_relay(&tx, 0, &p, &sequence, &timestamp), TX_SEND);
    uint16_t first = sequence;
    p.keyframe = false;
    p.sequence = 5003;
    EXPECT_INT(tx_relay(&tx, 33000, &p, &sequence, &timestamp), TX_SEND);
    EXPECT_INT((uint16_t)(sequence - first), 3); /* holes stay holes, so that repairs fit in */
    uint64_t original = 0;
    EXPECT(tx_original(&tx, (uint16_t)(first + 2), 5003, &original) && original == 5002);
    EXPECT(!tx_original(&tx, (uint16_t)(first - 1), 5003, &original) &&
           !tx_original(&tx, (uint16_t)(first + 4), 5003, &original));
    p.sequence = 4999;
    EXPECT_INT(tx_relay(&tx, 33000, &p, &sequence, &timestamp), TX_OLD);
    uint32_t before = tx.highest_timestamp;
    p = (struct tx_packet){
        .source = {1, 11, 1}, .sequence = 90, .timestamp = 900000, .codec = 2, .keyframe = true};
    EXPECT_INT(tx_relay(&tx, 1033000, &p, &sequence, &timestamp),
               TX_SEND); /* a fresh connection, 1 s later */
    EXPECT_INT((uint16_t)(sequence - first), 4);
    EXPECT_INT(timestamp - before, 90000);
    struct tx_resent resent = {0};
    EXPECT(tx_may_resend(&tx, &resent, 1000000, 7, 50000) &&
           !tx_may_resend(&tx, &resent, 1040000, 7, 50000) &&
           tx_may_resend(&tx, &resent, 1050000, 7, 50000));
    struct tx other = {.ssrc = tx.ssrc + TX_RESENT};
    EXPECT(tx_may_resend(&other, &resent, 1060000, 7, 50000)); /* another stream's number */
    tx_reported(&tx, 2000000, 0x0001000200030000ULL);
    struct rtcp_report_block block = {.ssrc = 1, .last_sr = 0x00020003, .delay_since_sr = 6554};
    tx_report_block(&tx, 2250000, &block);
    EXPECT(tx.rtt_us > 149000 && tx.rtt_us < 151000);
}

static void key_frames(void)
{
    struct keyframe k = {0};
    EXPECT(!keyframe_due(&k, 1, 0));
    EXPECT(keyframe_want(&k, 1000) && !keyframe_want(&k, 2000));
    EXPECT(keyframe_due(&k, 3000, 0) && !keyframe_due(&k, 4000, 0));
    EXPECT(keyframe_due(&k, 1003000, 0));  /* no answer: again after 1 s */
    EXPECT(!keyframe_due(&k, 2900000, 0)); /* then 2 s */
    EXPECT(keyframe_due(&k, 3003000, 0));
    keyframe_seen(&k, 3100000);
    EXPECT(!keyframe_want(&k, 3100000 + KEYFRAME_FRESH_US - 1)); /* was on its way */
    EXPECT(keyframe_want(&k, 3500000) && !keyframe_due(&k, 3600000, 0) &&
           keyframe_due(&k, 4003000, 0));
    keyframe_need(&k);
    EXPECT(!keyframe_due(&k, 5004000, 800000)); /* 2 RTT */
    EXPECT(
        keyframe_hurry(&k, 4003000) &&
        !keyframe_hurry(&k, 4003000)); /* a receiver that sees nothing yet: 0.3 s or a round trip */
    EXPECT(!keyframe_due(&k, 4003000 + KEYFRAME_HURRY_US - 1, 0));
    EXPECT(!keyframe_due(&k, 4003000 + KEYFRAME_HURRY_US, 400000));
    EXPECT(keyframe_due(&k, 4003000 + KEYFRAME_HURRY_US, 0));
    EXPECT(!keyframe_due(&k, 4003000 + 2 * KEYFRAME_HURRY_US, 0)); /* once */
}

static void feedback(void)
{
    static struct twcc_in in;
    uint8_t buffer[1500];
    twcc_in_packet(&in, 1000, 65534);
    twcc_in_packet(&in, 2000, 65535);
    twcc_in_packet(&in, 5000, 3);
    twcc_in_packet(&in, 5500, 3);
    twcc_in_packet(&in, 6000, 1);
    struct writer w = writer_of(buffer, sizeof(buffer));
    EXPECT(!twcc_in_write(&in, 20000, 1, 2, &w));
    EXPECT(twcc_in_write(&in, 100000, 1, 2, &w));
    struct reader r = reader_of(writer_span(&w));
    struct rtcp_packet packet;
    struct twcc_reader reader;
    unsigned count = 0;
    EXPECT_INT(rtcp_check(writer_span(&w), &count), STATUS_OK);
    EXPECT(rtcp_next(&r, &packet) && twcc_read(&packet, &reader) == STATUS_OK);
    EXPECT(reader.base_sequence == 65534 && reader.packet_count == 6 && packet.media_ssrc == 2);
    struct twcc_item item;
    static const bool received[6] = {true, true, false, true, false, true};
    for (unsigned i = 0; i < 6; i++) {
        EXPECT(twcc_next(&reader, &item) && item.received == received[i]);
    }
    w = writer_of(buffer, sizeof(buffer));
    EXPECT(!twcc_in_write(&in, 200000, 1, 2, &w)); /* everything is reported once */
    twcc_in_packet(&in, 210000, 0);                /* late: was reported as missing */
    EXPECT(!twcc_in_write(&in, 300000, 1, 2, &w));
    twcc_in_packet(&in, 310000, 30000); /* a jump is nobody's loss */
    EXPECT(twcc_in_write(&in, 400000, 1, 2, &w));
    EXPECT(w.at < 40);
}

/* A line of `rate_bps` with an endless queue; the sender sends what the limit says, at most 2
 * Mbit/s. Feedback tells of what has arrived by then, each 100 ms. */
static struct {
    struct twcc_status on_way[65536]; /* by transport sequence number */
    uint16_t told;                    /* first that was not told yet */
    int64_t free_us;                  /* when the line is free again */
} line;

static void tell(struct downlink *d, int64_t now_us)
{
    static struct twcc_status statuses[TWCC_PACKETS_MAX];
    unsigned count = 0;
    uint8_t feedback_count = 0;
    while ((uint16_t)(line.told + count) != (uint16_t)d->next && count < TWCC_PACKETS_MAX &&
           line.on_way[(uint16_t)(line.told + count)].arrival_us <= now_us) {
        statuses[count] = line.on_way[(uint16_t)(line.told + count)];
        count++;
    }
    uint8_t buffer[1500];
    struct writer w = writer_of(buffer, sizeof(buffer));
    unsigned done =
        count == 0 ? 0 : twcc_write(&w, 1, 2, line.told, statuses, count, &feedback_count);
    struct reader r = reader_of(writer_span(&w));
    struct rtcp_packet packet;
    struct twcc_reader reader;
    if (done > 0 && rtcp_next(&r, &packet) && twcc_read(&packet, &reader) == STATUS_OK) {
        downlink_feedback(d, now_us, &reader);
    }
    line.told = (uint16_t)(line.told + done);
}

static uint32_t on_a_line(struct downlink *d, int64_t *now_us, uint32_t rate_bps, unsigned loss,
                          int64_t span_us)
{
    static uint64_t random = 3;
    int64_t end_us = *now_us + span_us;
    int64_t feedback_us = *now_us;
    while (*now_us < end_us) {
        uint32_t send_bps = downlink_limit_bps(d) < 2000000 ? downlink_limit_bps(d) : 2000000;
        *now_us += 1200LL * 8 * 1000000 / send_bps;
        uint16_t sequence = downlink_sent(d, *now_us, 1200);
        line.free_us =
            (line.free_us > *now_us ? line.free_us : *now_us) + 1200LL * 8 * 1000000 / rate_bps;
        random = random * 6364136223846793005u + 1442695040888963407u;
        line.on_way[sequence].arrival_us = (random >> 33) % 100 < loss ? -1 : line.free_us + 20000;
        if (*now_us >= feedback_us) {
            tell(d, *now_us);
            feedback_us = *now_us + 100000;
        }
    }
    return downlink_limit_bps(d);
}

static void estimate(void)
{
    static struct downlink d;
    int64_t now_us = 1000000;
    downlink_init(&d, now_us);
    line.told = (uint16_t)d.next;
    EXPECT_INT(on_a_line(&d, &now_us, 10000000, 0, 5000000),
               DOWNLINK_BPS_MAX); /* nothing speaks against it */
    EXPECT_INT(on_a_line(&d, &now_us, 10000000, 10, 5000000),
               DOWNLINK_BPS_MAX); /* random loss is repaired */
    uint32_t limit = on_a_line(&d, &now_us, 300000, 0, 4000000);
    EXPECT(limit < 300000);
    limit = on_a_line(&d, &now_us, 300000, 0, 20000000);
    EXPECT(limit > 100000 && limit < 450000);
    limit = on_a_line(&d, &now_us, 10000000, 0, 40000000);
    EXPECT(limit > 1500000);
    limit = on_a_line(&d, &now_us, 10000000, 40, 3000000);
    EXPECT(limit < 1500000);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"mailbox", mailboxes},
        {"mailbox between threads", mailbox_between_threads},
        {"handles", handles},
        {"directory", directories},
        {"addresses", addresses},
        {"reception", reception},
        {"missing packets", missing},
        {"resend cache", resend_cache},
        {"sending", sending},
        {"key frames", key_frames},
        {"feedback upstream", feedback},
        {"downlink estimate", estimate},
    };
    return TEST_MAIN(cases);
}
