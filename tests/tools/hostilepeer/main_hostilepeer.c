/* hostilepeer: two honest browsers in a call through a gateway that runs, and beside them a
 * stranger, somebody on the path, and one of the two turned hostile. Loopback only.
 *
 *   in:   answer SEAT LEN\n<LEN octets of SDP>, for seats 0 and 1
 *   out:  offer SEAT LEN\n<LEN octets>, then lines "ok|FAIL what (figures)", at the end "done"
 *
 * Usage: hostilepeer PORT: the UDP port of the media worker on 127.0.0.1. */
#include "tests/unit/media/client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PARTIES 2
#define HELD 4096

struct line { /* one browser and its socket */
    struct client *client;
    int fd;
    unsigned received; /* RTP datagrams that arrived and were authentic */
};

struct stage {
    struct sockaddr_in gateway;
    struct line lines[PARTIES];
    int stranger;
    unsigned stranger_sent, stranger_answers;
    struct client *forger; /* its ClientHello */
    uint32_t random;
    bool keep; /* what seat 0 sends is kept for replay */
    unsigned held_count;
    struct client_datagram held[HELD];
    unsigned (*attack)(struct stage *stage);
};

static int64_t monotonic_us(void)
{
    struct timespec t;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static uint32_t next_random(struct stage *stage)
{
    stage->random = stage->random * 1664525u + 1013904223u; /* Numerical Recipes, section 7.1 */
    return stage->random >> 8;
}

static int open_socket(const struct sockaddr_in *gateway)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    int octets = 1 << 20;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets)); /* as much as there is */
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = gateway->sin_addr};
    CHECK(bind(fd, (const struct sockaddr *)&own, sizeof(own)) == 0);
    CHECK(connect(fd, (const struct sockaddr *)gateway, sizeof(*gateway)) == 0);
    return fd;
}

static void put(int fd, const void *data, size_t len)
{
    ssize_t n = send(fd, data, len, 0);
    (void)n; /* a full socket loses it, as a network does */
}

static void take_all(struct stage *stage)
{
    uint8_t buffer[2048];
    ssize_t n;
    for (unsigned i = 0; i < PARTIES; i++) {
        struct line *line = &stage->lines[i];
        while ((n = recv(line->fd, buffer, sizeof(buffer), 0)) >= 0) {
            line->received += demux_classify(span_of(buffer, (size_t)n)) == DEMUX_RTP ? 1 : 0;
            client_input(line->client, monotonic_us(), buffer, (size_t)n);
        }
    }
    while (recv(stage->stranger, buffer, sizeof(buffer), 0) >= 0) {
        stage->stranger_answers++;
    }
}

static void give_all(struct stage *stage)
{
    for (unsigned i = 0; i < PARTIES; i++) {
        struct client *c = stage->lines[i].client;
        while (c->out_count > 0) {
            const struct client_datagram *d = &c->out[c->out_head];
            put(stage->lines[i].fd, d->data, d->len);
            if (i == 0 && stage->keep && stage->held_count < HELD) {
                stage->held[stage->held_count++] = *d;
            }
            c->out_head = (c->out_head + 1) % CLIENT_QUEUE;
            c->out_count--;
        }
    }
}

static void live(struct client *c, unsigned seat, int64_t ms, bool media)
{
    static const struct client_check plain = {0};
    if (ms % 1000 == seat || (!c->nominated && ms % 50 == 0)) {
        client_stun(c, &plain);
    }
    if (c->srtp == NULL) {
        if (ms % 50 == 0 && !c->dtls.done) {
            client_dtls_tick(c);
        }
        return;
    }
    if (media && ms % 20 == 0) {
        client_send_audio(c);
    }
    if (media && ms % 33 == 0) {
        client_send_frame(c, 2);
    }
    if (media && ms % 500 == 0) {
        client_send_report(c, monotonic_us());
    }
    if (ms % 100 == 0) {
        client_send_feedback(c);
    }
}

/* The call for so long, with the attack each millisecond; the attack says how many it sent. */
static unsigned run(struct stage *stage, int64_t span_ms, bool media)
{
    int64_t begin_us = monotonic_us();
    unsigned sent = 0;
    for (int64_t ms = 0; ms < span_ms; ms++) {
        while (monotonic_us() < begin_us + ms * 1000) {
            struct timespec nap = {.tv_nsec = 200000};
            (void)nanosleep(&nap, NULL);
        }
        for (unsigned i = 0; i < PARTIES; i++) {
            live(stage->lines[i].client, i, ms, media);
        }
        sent += stage->attack != NULL ? stage->attack(stage) : 0;
        give_all(stage);
        take_all(stage);
    }
    return sent;
}

/* --- the attacks, each millisecond --- */

static size_t rtp_of(struct stage *stage, uint8_t *out, size_t room)
{
    const struct client *c = stage->lines[0].client;
    struct writer w = writer_of(out, room);
    struct rtp_header_out header = {.payload_type = CLIENT_VP8_PT,
                                    .sequence = (uint16_t)(c->sequence[1] + 3),
                                    .timestamp = c->timestamp[1],
                                    .ssrc = c->ssrc[1]};
    rtp_write_header(&w, &header);
    for (unsigned i = 0; i < 60; i++) {
        writer_u8(&w, (uint8_t)next_random(stage));
    }
    return w.at;
}

static size_t check_of(struct stage *stage, uint8_t *out)
{
    struct client *c = stage->lines[0].client;
    static const struct client_check wrong = {.wrong_pwd = true};
    unsigned before = c->out_count;
    client_stun(c, &wrong);
    const struct client_datagram *d = &c->out[(c->out_head + before) % CLIENT_QUEUE];
    size_t len = d->len;
    memcpy(out, d->data, len);
    c->out_count = before;
    return len;
}

/* A1, A3, A7, A9 from an address that nobody knows: 5 a millisecond. */
static unsigned stranger(struct stage *stage)
{
    uint8_t buffer[1500];
    const struct client_datagram *hello = &stage->forger->out[0];
    put(stage->stranger, hello->data, hello->len);
    put(stage->stranger, buffer, rtp_of(stage, buffer, sizeof(buffer)));
    put(stage->stranger, buffer, check_of(stage, buffer));
    for (unsigned i = 0; i < 2; i++) {
        size_t len = next_random(stage) % sizeof(buffer);
        for (size_t k = 0; k < len; k++) {
            buffer[k] = (uint8_t)next_random(stage);
        }
        buffer[0] = (uint8_t)stage->stranger_sent++; /* every first octet */
        put(stage->stranger, buffer, len);
    }
    return 5;
}

/* A2, A4 from the address that was checked: forged tags, a ClientHello, a plain alert, a record of
 * a later epoch. */
static unsigned on_path(struct stage *stage)
{
    static const uint8_t alert[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0};
    static const uint8_t later[] = {23, 0xfe, 0xfd, 0, 9, 0, 0, 0, 0, 0, 1, 0, 3, 1, 2, 3};
    uint8_t buffer[1500];
    int fd = stage->lines[0].fd;
    for (unsigned i = 0; i < 8; i++) {
        put(fd, buffer, rtp_of(stage, buffer, sizeof(buffer)));
    }
    size_t len = rtp_of(stage, buffer, sizeof(buffer));
    buffer[1] = 200; /* as SRTCP */
    put(fd, buffer, len);
    put(fd, stage->forger->out[0].data, stage->forger->out[0].len);
    put(fd, alert, sizeof(alert));
    put(fd, later, sizeof(later));
    return 12;
}

/* A5: everything that was sent in the phase before, again. */
static unsigned replay(struct stage *stage)
{
    static unsigned at;
    for (unsigned i = 0; i < 4 && stage->held_count > 0; i++) {
        const struct client_datagram *d = &stage->held[at++ % stage->held_count];
        put(stage->lines[0].fd, d->data, d->len);
    }
    return 4;
}

/* A6: 50 Mbit/s of authentic video. */
static unsigned flood(struct stage *stage)
{
    client_send_frame(stage->lines[0].client, 6);
    return 6;
}

static void mutate(struct stage *stage, uint8_t *data, size_t len)
{
    unsigned count = 1 + next_random(stage) % 4;
    for (unsigned i = 0; i < count; i++) {
        size_t at = next_random(stage) % len;
        at = at >= 2 && at < 12 ? 1
                                : at; /* number and source as they are: libsrtp sends none twice */
        data[at] = (uint8_t)next_random(stage);
    }
    data[0] = (uint8_t)(0x80 | (data[0] & 0x3f));
}

/* A10: packets that are wrong inside, protected with the right keys. */
static unsigned mutants(struct stage *stage)
{
    struct client *c = stage->lines[0].client;
    unsigned sent = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t buffer[CLIENT_DATAGRAM];
        size_t len = rtp_of(stage, buffer, sizeof(buffer));
        if (i < 2) {
            buffer[2] = (uint8_t)(c->sequence[1] >> 8);
            buffer[3] = (uint8_t)c->sequence[1]++;
            buffer[12] = 0x90;
            len = next_random(stage) % 3 == 0 ? 12 + next_random(stage) % 8 : len;
            mutate(stage, buffer, len);
            buffer[1] = next_random(stage) % 4 == 0 ? CLIENT_RTX_PT : buffer[1];
            if (rtpsec_protect_rtp(c->srtp, buffer, &len, sizeof(buffer)) == STATUS_OK) {
                (void)client_push(c, buffer, len);
                sent++;
            }
            continue;
        }
        struct writer w = writer_of(buffer, sizeof(buffer));
        uint16_t numbers[4] = {1, 2, 3, 4};
        rtcp_write_nack(&w, c->ssrc[1], c->receive_ssrc[1], numbers, 4);
        rtcp_write_remb(&w, c->ssrc[1], 300000, &c->receive_ssrc[1], 1);
        len = w.at;
        mutate(stage, buffer, len);
        buffer[1] = (uint8_t)(200 + next_random(stage) % 8);
        if (rtpsec_protect_rtcp(c->srtp, buffer, &len, sizeof(buffer)) == STATUS_OK) {
            (void)client_push(c, buffer, len);
            sent++;
        }
    }
    return sent;
}

/* --- judging --- */

static void judge(bool good, const char *what, const char *figure, unsigned n, unsigned m)
{
    printf("%s %s (%s %u, %u)\n", good ? "ok" : "FAIL", what, figure, n, m);
    (void)fflush(stdout);
}

struct heard {
    unsigned at[PARTIES];
};

static struct heard heard(const struct stage *stage)
{
    return (struct heard){{stage->lines[0].received, stage->lines[1].received}};
}

/* Two seconds bring about 100 of audio and 120 of video. */
#define PHASE_MS 2000
#define ENOUGH 190

static void phase(struct stage *stage, const char *what, unsigned (*attack)(struct stage *stage),
                  unsigned first, unsigned second)
{
    struct heard before = heard(stage);
    stage->attack = attack;
    unsigned sent = run(stage, PHASE_MS, true);
    stage->attack = NULL;
    unsigned a = stage->lines[0].received - before.at[0];
    unsigned b = stage->lines[1].received - before.at[1];
    judge(a >= first && b >= second && (attack == NULL || sent > 0), what, "heard", a, b);
}

static void set_up(struct stage *stage)
{
    stage->attack = stranger;
    int64_t begin_us = monotonic_us();
    while ((stage->lines[0].client->srtp == NULL || stage->lines[1].client->srtp == NULL) &&
           monotonic_us() - begin_us < 8000000) {
        (void)run(stage, 50, false);
    }
    unsigned ms = (unsigned)((monotonic_us() - begin_us) / 1000);
    judge(stage->lines[0].client->srtp != NULL && stage->lines[1].client->srtp != NULL,
          "A1 set-up while strangers spray", "ms", ms, stage->stranger_sent);
}

static void replayed(struct stage *stage)
{
    stage->keep = true;
    (void)run(stage, 1000, true);
    stage->keep = false;
    unsigned before = stage->lines[1].received;
    stage->attack = replay;
    unsigned sent = run(stage, 1000, false);
    stage->attack = NULL;
    unsigned got = stage->lines[1].received - before;
    judge(stage->held_count > 100 && got <= 20, "A5 nothing that was replayed is relayed",
          "replayed, relayed", sent, got);
}

static void all_phases(struct stage *stage)
{
    set_up(stage);
    (void)run(stage, 500, true);
    phase(stage, "the call alone", NULL, ENOUGH, ENOUGH);
    phase(stage, "A3 A7 A9 beside a stranger", stranger, ENOUGH, ENOUGH);
    judge(stage->stranger_answers == 0, "no octet for strangers", "sent, answers",
          stage->stranger_sent, stage->stranger_answers);
    phase(stage, "A2 A4 beside forged packets of the own address", on_path, ENOUGH, ENOUGH);
    replayed(stage);
    phase(stage, "A6 a flood leaves the other direction whole", flood, ENOUGH, ENOUGH);
    (void)run(stage, 1000, false);
    phase(stage, "A10 mutants with the right keys", mutants, ENOUGH, 0);
    (void)run(stage, 500, true);
    phase(stage, "and the call goes on", NULL, ENOUGH, ENOUGH);
    judge(!stage->lines[0].client->dtls.close_heard && !stage->lines[1].client->dtls.close_heard,
          "nobody was sent away", "failed expectations", test_bad, 0);
}

static void exchange_sdp(struct stage *stage)
{
    char text[16384];
    for (unsigned i = 0; i < PARTIES; i++) {
        size_t len = client_offer(stage->lines[i].client, text, sizeof(text));
        printf("offer %u %zu\n", i, len);
        (void)fwrite(text, 1, len, stdout);
        (void)fflush(stdout);
        unsigned seat = 0;
        size_t n = 0;
        CHECK(scanf("answer %u %zu", &seat, &n) == 2 && seat == i && n < sizeof(text));
        CHECK(getchar() == '\n' && fread(text, 1, n, stdin) == n);
        CHECK(getchar() == '\n');
        client_answer(stage->lines[i].client, span_of(text, n));
    }
}

int main(int argc, char **argv)
{
    static struct stage stage = {.random = 1};
    long port = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (port <= 0 || port > 65535) {
        (void)fprintf(stderr, "usage: hostilepeer PORT\n");
        return 2;
    }
    stage.gateway = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    stage.gateway.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    stage.stranger = open_socket(&stage.gateway);
    stage.forger = client_create("forger", "SRTP_AEAD_AES_128_GCM", 11);
    client_dtls(stage.forger, span_of(NULL, 0));
    for (unsigned i = 0; i < PARTIES; i++) {
        stage.lines[i].fd = open_socket(&stage.gateway);
        stage.lines[i].client = client_create("browser", "SRTP_AEAD_AES_128_GCM", i + 1);
    }
    exchange_sdp(&stage);
    all_phases(&stage);
    for (unsigned i = 0; i < PARTIES; i++) {
        client_destroy(stage.lines[i].client);
        (void)close(stage.lines[i].fd);
    }
    client_destroy(stage.forger);
    (void)close(stage.stranger);
    printf("done\n");
    return 0;
}
