/* The media socket over loopback: what one message carries to a receiver arrives as the packets
 * that were queued, in their order; nothing is lost at the borders of messages. */
#include "media/net/udp.h"

#include "proto/base/check.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define RECEIVERS 3

struct stage {
    struct udp *sender, *receivers[RECEIVERS];
    struct addr to[RECEIVERS];
    struct counters counters, received;
    struct outbox box;
    unsigned next[RECEIVERS]; /* number of the packet sent, and expected, next */
    unsigned sent[RECEIVERS];
};

static void flush(void *context, struct outbox *box)
{
    struct stage *stage = context;
    udp_send(stage->sender, &stage->counters, box);
}

static struct stage *open_stage(const char *address)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    CHECK(stage != NULL && udp_open(address, 0, &stage->sender) == STATUS_OK);
    for (unsigned i = 0; i < RECEIVERS; i++) {
        CHECK(udp_open(address, 0, &stage->receivers[i]) == STATUS_OK);
        CHECK(addr_of_text(address, udp_port(stage->receivers[i]), &stage->to[i]) == STATUS_OK);
    }
    outbox_init(&stage->box, flush, stage);
    return stage;
}

static void close_stage(struct stage *stage)
{
    udp_close(stage->sender);
    for (unsigned i = 0; i < RECEIVERS; i++) {
        udp_close(stage->receivers[i]);
    }
    free(stage);
}

static void queue(struct stage *stage, unsigned receiver, size_t len)
{
    struct writer w = outbox_begin(&stage->box);
    writer_u32(&w, stage->sent[receiver]++);
    while (w.at < len) {
        writer_u8(&w, (uint8_t)(receiver + w.at));
    }
    outbox_commit(&stage->box, &w, &stage->to[receiver]);
}

/* All that was queued for a receiver arrives: numbers in order, lengths and octets right. */
static void expect_all(struct stage *stage, unsigned receiver, const size_t *lens)
{
    struct udp_datagram in[UDP_BATCH];
    while (stage->next[receiver] < stage->sent[receiver]) {
        struct pollfd fd = {udp_fd(stage->receivers[receiver]), POLLIN, 0};
        if (poll(&fd, 1, 2000) != 1) {
            break;
        }
        size_t count = udp_receive(stage->receivers[receiver], &stage->received, in);
        for (size_t i = 0; i < count; i++) {
            unsigned number = stage->next[receiver]++;
            uint32_t got;
            memcpy(&got, in[i].data, sizeof(got));
            EXPECT_INT(ntohl(got), number);
            EXPECT_INT(in[i].len, lens[number]);
            EXPECT_INT(in[i].data[in[i].len - 1], (uint8_t)(receiver + in[i].len - 1));
        }
    }
    EXPECT_INT(stage->next[receiver], stage->sent[receiver]);
}

/* Pictures of four equal packets, sound between them, to three receivers in turn. */
static void pictures_on(const char *address, bool expect_fewer)
{
    struct stage *stage = open_stage(address);
    size_t lens[RECEIVERS][64];
    for (unsigned frame = 0; frame < 4; frame++) {
        for (unsigned i = 0; i < 4; i++) {
            for (unsigned r = 0; r < RECEIVERS; r++) {
                size_t len = i == 3 ? 700 + frame : 1200;
                lens[r][stage->sent[r]] = len;
                queue(stage, r, len);
            }
        }
        lens[frame % RECEIVERS][stage->sent[frame % RECEIVERS]] = 90;
        queue(stage, frame % RECEIVERS, 90);
    }
    outbox_flush(&stage->box);
    for (unsigned r = 0; r < RECEIVERS; r++) {
        expect_all(stage, r, lens[r]);
    }
    uint64_t packets = counters_get(&stage->counters, COUNTER_TX_PACKETS);
    uint64_t messages = counters_get(&stage->counters, COUNTER_TX_MESSAGES);
    EXPECT_INT(packets, 3 * 16 + 4);
    EXPECT(!expect_fewer || messages <= packets / 3);
    printf("     %s: %llu packets in %llu messages\n", address, (unsigned long long)packets,
           (unsigned long long)messages);
    close_stage(stage);
}

static void pictures(void)
{
    pictures_on("127.0.0.1", true);
    pictures_on("::1", true);
}

/* One receiver, rising and falling lengths: a longer packet never follows a shorter one in a
 * message. */
static void lengths(void)
{
    struct stage *stage = open_stage("127.0.0.1");
    size_t lens[60];
    for (unsigned i = 0; i < 60; i++) {
        lens[i] = 40 + (i * 37) % 1100;
        queue(stage, 0, lens[i]);
    }
    outbox_flush(&stage->box);
    expect_all(stage, 0, lens);
    close_stage(stage);
}

/* A full box of the largest packets to one receiver is more than a datagram can hold. */
static void large(void)
{
    struct stage *stage = open_stage("127.0.0.1");
    size_t lens[OUTBOX_COUNT];
    for (unsigned i = 0; i < OUTBOX_COUNT; i++) {
        lens[i] = 1400;
        queue(stage, 1, lens[i]);
    }
    outbox_flush(&stage->box);
    expect_all(stage, 1, lens);
    EXPECT(counters_get(&stage->counters, COUNTER_TX_MESSAGES) >= 2);
    EXPECT_INT(counters_get(&stage->counters, COUNTER_DROP_SEND), 0);
    close_stage(stage);
}

/* A receiver that cannot be reached costs its own packets only; each of them is counted. */
static void unreachable(void)
{
    struct stage *stage = open_stage("127.0.0.1");
    size_t lens[8];
    struct addr good = stage->to[0];
    struct addr bad;
    CHECK(addr_of_text("255.255.255.255", 9, &bad) == STATUS_OK); /* EACCES without SO_BROADCAST */
    for (unsigned i = 0; i < 4; i++) {
        stage->to[0] = good;
        lens[i] = 500;
        queue(stage, 0, 500);
        stage->to[1] = bad;
        queue(stage, 1, 500);
    }
    outbox_flush(&stage->box);
    expect_all(stage, 0, lens);
    EXPECT_INT(counters_get(&stage->counters, COUNTER_DROP_SEND), 4);
    close_stage(stage);
}

/* What the kernel drops because nobody reads is counted. */
static void overrun(void)
{
    struct stage *stage = open_stage("127.0.0.1");
    struct counters counters = {0};
    udp_count_drops(stage->receivers[2], &counters);
    EXPECT_INT(counters_get(&counters, COUNTER_DROP_SOCKET), 0);
    uint64_t room = 2 * udp_receive_buffer(stage->receivers[2]);
    EXPECT(room > 0);
    for (uint64_t octets = 0; octets < 2 * room; octets += 1400) {
        queue(stage, 2, 1400);
    }
    outbox_flush(&stage->box);
    udp_count_drops(stage->receivers[2], &counters);
    EXPECT(counters_get(&counters, COUNTER_DROP_SOCKET) > 0);
    uint64_t once = counters_get(&counters, COUNTER_DROP_SOCKET);
    udp_count_drops(stage->receivers[2], &counters);
    EXPECT_INT(counters_get(&counters, COUNTER_DROP_SOCKET), once);
    close_stage(stage);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"pictures and sound to several receivers", pictures},
        {"every order of lengths", lengths},
        {"more than one message can hold", large},
        {"a receiver that cannot be reached", unreachable},
        {"the socket's own drops", overrun},
    };
    return TEST_MAIN(cases);
}
