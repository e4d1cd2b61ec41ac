/* load-floor: what forwarding one packet of two-party calls cannot cost less than on this machine.
 * SRTP by the project's own engine plus recvmmsg and sendmmsg, for the load's mix, and nothing else
 * of a server: no epoll, STUN, RTCP, repair, statistics, limits.
 *
 * The feeder, on CPU 1, sends a burst of protected packets; then the server, on CPU 0, forwards it;
 * then the feeder takes and checks each packet. One thread moves to and fro, since neither may work
 * while the other does: so batches are full and the server never waits. Only its CPU time counts,
 * user and system; on loopback, the delivery into the receiver's queue is part of sending. */
#include "media/rtpsec/rtpsec.h"
#include "proto/base/check.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/crypto.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define CALLS_MAX 1000   /* 6 contexts a party, 20 kB each: 240 MB */
#define SECONDS_MAX 3600 /* nobody waits longer by mistake */
#define ROUNDS 9         /* odd: the median is a measured value; a round 0 before is not counted */
#define BATCH 64         /* messages a system call, as media/net/udp.h */
#define BURST 256        /* messages: 4 full batches; up to 1 MB of queue */
#define FRAME_PACKETS 4  /* 30 frames/s of 4 packets are the load's 120 video packets/s */
#define VIDEO_LEN 1150   /* octets of RTP, header included: a typical full video packet */
#define AUDIO_LEN 100    /* octets of RTP: 20 ms of Opus at 35 kbit/s */
#define TAG_LEN 16       /* RFC 7714 §13 */
#define PACKET_ROOM 1280 /* octets: VIDEO_LEN + RTPSEC_OVERHEAD_MAX, in whole cache lines */
#define MERGED_ROOM (FRAME_PACKETS * (VIDEO_LEN + TAG_LEN)) /* octets; longer ones are cut */
#define QUEUE_ROOM (16 * 1024 * 1024)                       /* octets: a burst several times */
#define WAIT_US 300000            /* nothing for so long on loopback: it is lost */
#define FIRST_ADDRESS 0x7f4e0101u /* 127.78.1.1: 127/8 is local; 250 parties a third octet */

enum work { CRYPTO, UDP, BOTH }; /* CRYPTO: as BOTH, but only the work between is timed */
enum keys { KEYS_OWN, KEYS_LIBSRTP, KEYS_SHARED, KEYS_COUNT }; /* SHARED: both parties' are one */
enum kind { VIDEO, AUDIO, MIX };
enum pattern { EVEN, FRAME };

struct scenario {
    const char *name;
    enum work work;
    enum keys keys;
    enum kind kind;
    enum pattern least; /* FRAME: measured with that pattern only */
    bool gso;           /* the server sends a frame as one message (UDP_SEGMENT) */
    bool gro;           /* the feeder does too, and the server takes it as one message (UDP_GRO) */
};

/* clang-format off */
static const struct scenario scenarios[] = {
    {"crypto_mix",           CRYPTO, KEYS_OWN,     MIX,   EVEN,  false, false},
    {"crypto_1150",          CRYPTO, KEYS_OWN,     VIDEO, EVEN,  false, false},
    {"crypto_100",           CRYPTO, KEYS_OWN,     AUDIO, EVEN,  false, false},
    {"crypto_mix_libsrtp",   CRYPTO, KEYS_LIBSRTP, MIX,   EVEN,  false, false},
    {"crypto_1150_libsrtp",  CRYPTO, KEYS_LIBSRTP, VIDEO, EVEN,  false, false},
    {"crypto_100_libsrtp",   CRYPTO, KEYS_LIBSRTP, AUDIO, EVEN,  false, false},
    {"udp_plain",            UDP,    KEYS_SHARED,  MIX,   EVEN,  false, false},
    {"udp_gso",              UDP,    KEYS_SHARED,  MIX,   FRAME, true,  false},
    {"udp_gso_gro",          UDP,    KEYS_SHARED,  MIX,   FRAME, true,  true},
    {"both_plain",           BOTH,   KEYS_OWN,     MIX,   EVEN,  false, false},
    {"both_gso",             BOTH,   KEYS_OWN,     MIX,   FRAME, true,  false},
    {"both_gso_gro",         BOTH,   KEYS_OWN,     MIX,   FRAME, true,  true},
};
/* clang-format on */
#define SCENARIO_COUNT (sizeof(scenarios) / sizeof(scenarios[0]))

struct packet { /* in a buffer of somebody else */
    uint8_t *data;
    size_t len;
    unsigned party; /* whose address it came from, or goes to */
};

struct server {
    int fd;
    struct sockaddr_in at;
    struct mmsghdr in[BATCH], out[BATCH];
    struct iovec in_iov[BATCH], out_iov[BATCH * FRAME_PACKETS];
    struct sockaddr_in in_from[BATCH];
    size_t packet_count;
    struct packet packets[BATCH * FRAME_PACKETS]; /* of the batch in hand */
    uint8_t data[BATCH * MERGED_ROOM];
};

struct party {
    struct sockaddr_in at;
    struct rtpsec *server[KEYS_COUNT], *feeder[KEYS_COUNT];
    uint16_t sequence[KEYS_COUNT][2];
};

struct figures {
    unsigned party, turn, left; /* whose turn it is to send what; left: of a frame */
    double ns[ROUNDS];          /* per packet, in order of size */
};

struct bench {
    unsigned parties, seconds, burst, turns; /* turns: of a party until the pattern repeats */
    enum pattern pattern;
    bool pinned;
    int feeder_fd;
    struct server server;
    struct party *party;
    struct figures figures[SCENARIO_COUNT];
    const struct scenario *scenario;  /* the current one, and of its slice: */
    uint64_t fed;                     /* packets of the burst in hand */
    uint64_t timed_ns, timed_packets; /* of bursts that came in full batches */
    unsigned long long verified, missing, wrong, bursts, bursts_not_full; /* altogether */
};

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;
    CHECK(clock_gettime(clock, &t) == 0);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool move_to(size_t cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof(set), &set) == 0;
}

/* --- sockets --- */

/* Nobody's address is taken for party 0's: its packet will not be authentic. */
static unsigned party_of(const struct bench *bench, struct in_addr address)
{
    uint32_t offset = ntohl(address.s_addr) - FIRST_ADDRESS;
    unsigned party = (offset >> 8) * 250 + (offset & 0xff);
    return party < bench->parties ? party : 0;
}

static bool set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* *at: the address wanted, port 0; filled. *burst becomes less when the queue may not be large. */
static int open_socket(struct sockaddr_in *at, bool gso, bool gro, unsigned *burst)
{
    const struct timeval wait = {.tv_usec = WAIT_US};
    socklen_t len = sizeof(*at);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || (gro && !set_option(fd, IPPROTO_UDP, UDP_GRO, 1)) ||
        (gso && !set_option(fd, IPPROTO_UDP, UDP_SEGMENT, VIDEO_LEN + TAG_LEN)) ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
        bind(fd, (const struct sockaddr *)at, len) != 0 ||
        getsockname(fd, (struct sockaddr *)at, &len) != 0) {
        return -1;
    }
    if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, QUEUE_ROOM)) {
        *burst = BATCH; /* one batch fits into Linux's default limit of 208 KiB, doubled */
        (void)set_option(fd, SOL_SOCKET, SO_RCVBUF, QUEUE_ROOM);
    }
    return fd;
}

/* Sockets of its own for each slice: a kernel that has a socket with UDP_GRO takes longer ways. */
static bool open_sockets(struct bench *bench)
{
    const struct scenario *scenario = bench->scenario;
    struct server *server = &bench->server;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    server->at = (struct sockaddr_in){AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {0}};
    bench->burst = BURST;
    server->fd = open_socket(&server->at, scenario->gso, scenario->gro, &bench->burst);
    bench->feeder_fd = open_socket(&at, scenario->gro, false, &bench->burst);
    if (server->fd < 0 || bench->feeder_fd < 0 ||
        !set_option(bench->feeder_fd, IPPROTO_IP, IP_PKTINFO, 1)) {
        perror("load-floor: socket");
        return false;
    }
    for (unsigned i = 0; i < bench->parties; i++) {
        uint32_t address = FIRST_ADDRESS + ((i / 250) << 8) + i % 250;
        bench->party[i].at = (struct sockaddr_in){AF_INET, at.sin_port, {htonl(address)}, {0}};
    }
    for (size_t i = 0; i < BATCH; i++) {
        size_t room = scenario->gro ? MERGED_ROOM : PACKET_ROOM;
        server->in_iov[i] = (struct iovec){server->data + i * room, room};
        server->in[i].msg_hdr = (struct msghdr){
            .msg_name = &server->in_from[i], .msg_iov = &server->in_iov[i], .msg_iovlen = 1};
    }
    return true;
}

/* --- the server --- */

/* Messages taken; 0: nothing came. Only frames are merged, so the length says where to part. */
static size_t receive(struct bench *bench)
{
    struct server *server = &bench->server;
    for (size_t i = 0; i < BATCH; i++) {
        server->in[i].msg_hdr.msg_namelen = sizeof(server->in_from[i]);
    }
    server->packet_count = 0;
    int n = recvmmsg(server->fd, server->in, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < n; i++) {
        unsigned party = party_of(bench, server->in_from[i].sin_addr);
        uint8_t *data = server->in_iov[i].iov_base;
        for (size_t left = server->in[i].msg_len; left > 0;) {
            size_t len = left < VIDEO_LEN + TAG_LEN ? left : VIDEO_LEN + TAG_LEN;
            server->packets[server->packet_count++] = (struct packet){data, len, party};
            data += len;
            left -= len;
        }
    }
    return n < 0 ? 0 : (size_t)n;
}

/* From the one who sent it to the other party of the call. One refused goes on: the feeder sees. */
static void forward(struct bench *bench)
{
    enum keys keys = bench->scenario->keys;
    for (size_t i = 0; i < bench->server.packet_count; i++) {
        struct packet *packet = &bench->server.packets[i];
        struct rtpsec *from = bench->party[packet->party].server[keys];
        packet->party ^= 1u;
        struct rtpsec *to = bench->party[packet->party].server[keys];
        size_t room = packet->len;
        if (keys != KEYS_SHARED &&
            (rtpsec_unprotect_rtp(from, packet->data, &packet->len) != STATUS_OK ||
             rtpsec_protect_rtp(to, packet->data, &packet->len, room) != STATUS_OK)) {
            packet->len = room;
        }
    }
}

static void send_on(struct bench *bench)
{
    struct server *server = &bench->server;
    bool gso = bench->scenario->gso;
    unsigned count = 0;
    for (size_t at = 0, run; at < server->packet_count; at += run) {
        const struct packet *packets = &server->packets[at];
        run = 0;
        do {
            server->out_iov[at + run] = (struct iovec){packets[run].data, packets[run].len};
            run++;
        } while (gso && run < FRAME_PACKETS && at + run < server->packet_count &&
                 packets[run].party == packets->party && packets[run].len == packets->len);
        server->out[count++].msg_hdr = (struct msghdr){.msg_name = &bench->party[packets->party].at,
                                                       .msg_namelen = sizeof(struct sockaddr_in),
                                                       .msg_iov = &server->out_iov[at],
                                                       .msg_iovlen = run};
    }
    int n = 1; /* 0 or less: cannot be sent, the feeder will miss them */
    for (unsigned sent = 0; sent < count && n > 0; sent += n > 0 ? (unsigned)n : 0) {
        n = sendmmsg(server->fd, server->out + sent, count - sent, 0);
    }
}

static void serve_burst(struct bench *bench)
{
    bool crypto_only = bench->scenario->work == CRYPTO;
    bool full = true; /* every batch was */
    uint64_t packets = 0;
    uint64_t ns = 0;
    uint64_t start_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (size_t messages = 1; packets < bench->fed && messages > 0;) {
        messages = receive(bench);
        full = full && messages == BATCH;
        packets += bench->server.packet_count;
        start_ns = crypto_only ? now_ns(CLOCK_THREAD_CPUTIME_ID) : start_ns;
        forward(bench);
        ns += crypto_only ? now_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns : 0;
        send_on(bench);
    }
    ns = crypto_only ? ns : now_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;
    bench->bursts++;
    bench->bursts_not_full += full ? 0 : 1;
    bench->timed_ns += full ? ns : 0;
    bench->timed_packets += full ? packets : 0;
}

/* --- the feeder: not timed, so one message at a time --- */

union control {
    struct cmsghdr head;
    uint8_t octets[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

/* A function of its names, so that the receiver can compare. RFC 3550 §5.1 */
static size_t make_packet(unsigned party, enum kind kind, uint16_t sequence, uint8_t *out)
{
    size_t len = kind == VIDEO ? VIDEO_LEN : AUDIO_LEN;
    uint32_t ssrc_net = htonl(2 * party + (uint32_t)kind);
    uint16_t sequence_net = htons(sequence);
    memset(out, (int)((party + sequence) & 0xff), len);
    out[0] = 0x80; /* version 2 */
    out[1] = kind == VIDEO ? 96 : 111;
    memcpy(out + 2, &sequence_net, sizeof(sequence_net));
    memcpy(out + 8, &ssrc_net, sizeof(ssrc_net));
    return len;
}

/* Audio's 50 of 170 packets, or of 80 turns with frames, spread evenly; parties out of step. */
static enum kind kind_of_turn(const struct bench *bench, const struct figures *f)
{
    enum kind kind = bench->scenario->kind;
    bool audio = (f->turn + 7 * f->party) * 5 % bench->turns < 5;
    return kind != MIX ? kind : audio ? AUDIO : VIDEO;
}

/* The next packet of the pattern, or with gro the next frame, from the party's address. */
static void feed_message(struct bench *bench, struct figures *f)
{
    uint8_t data[MERGED_ROOM];
    size_t len = 0;
    enum keys keys = bench->scenario->keys;
    enum kind kind = kind_of_turn(bench, f);
    struct party *party = &bench->party[f->party];
    if (f->left == 0) {
        f->left = kind == VIDEO && bench->pattern == FRAME ? FRAME_PACKETS : 1;
    }
    for (unsigned n = bench->scenario->gro ? f->left : 1; n > 0; n--, f->left--, bench->fed++) {
        size_t one = make_packet(f->party, kind, party->sequence[keys][kind]++, data + len);
        CHECK(rtpsec_protect_rtp(party->feeder[keys], data + len, &one, sizeof(data) - len) ==
              STATUS_OK);
        len += one;
    }
    if (f->left == 0) {
        f->party = (f->party + 1) % bench->parties;
        f->turn += f->party == 0 ? 1 : 0;
    }
    union control control = {.head = {.cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)),
                                      .cmsg_level = IPPROTO_IP,
                                      .cmsg_type = IP_PKTINFO}};
    const struct in_pktinfo source = {.ipi_spec_dst = party->at.sin_addr};
    memcpy(control.octets + CMSG_LEN(0), &source, sizeof(source));
    struct iovec iov = {data, len};
    const struct msghdr head = {.msg_name = &bench->server.at,
                                .msg_namelen = sizeof(bench->server.at),
                                .msg_iov = &iov,
                                .msg_iovlen = 1,
                                .msg_control = &control,
                                .msg_controllen = CMSG_SPACE(sizeof(source))};
    (void)sendmsg(bench->feeder_fd, &head, 0); /* if not sent, it will be missed */
}

/* Is this what the other party of the call sent, protected for the party that got it? */
static bool is_right(const struct bench *bench, unsigned party, uint8_t *data, size_t len)
{
    uint8_t sent[PACKET_ROOM];
    struct rtpsec *rtpsec = bench->party[party].feeder[bench->scenario->keys];
    if (rtpsec_unprotect_rtp(rtpsec, data, &len) != STATUS_OK) {
        return false;
    }
    size_t sent_len = make_packet(party ^ 1u, len == VIDEO_LEN ? VIDEO : AUDIO,
                                  (uint16_t)(data[2] << 8 | data[3]), sent);
    return len == sent_len && memcmp(data, sent, len) == 0;
}

/* Takes and checks a forwarded packet. False: nothing came. */
static bool take_packet(struct bench *bench)
{
    uint8_t data[PACKET_ROOM];
    union control control;
    struct in_pktinfo to = {0};
    struct iovec iov = {data, sizeof(data)};
    struct msghdr head = {.msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = &control,
                          .msg_controllen = sizeof(control)};
    ssize_t len = recvmsg(bench->feeder_fd, &head, 0);
    if (len <= 0) {
        return false;
    }
    CHECK(control.head.cmsg_type == IP_PKTINFO); /* the only one asked for */
    memcpy(&to, control.octets + CMSG_LEN(0), sizeof(to));
    bool right = is_right(bench, party_of(bench, to.ipi_addr), data, (size_t)len);
    bench->verified += right ? 1 : 0;
    bench->wrong += right ? 0 : 1;
    return true;
}

static void run_burst(struct bench *bench, struct figures *f)
{
    bench->fed = 0;
    for (unsigned i = 0; i < bench->burst; i++) {
        feed_message(bench, f);
    }
    bool moved = move_to(0);
    serve_burst(bench);
    bench->pinned = move_to(1) && moved;
    while (bench->fed > 0 && take_packet(bench)) {
        bench->fed--;
    }
    bench->missing += bench->fed;
}

/* One scenario until end_ns, and until each party has sent each kind. False: with a message. */
static bool run_slice(struct bench *bench, size_t index, uint64_t end_ns)
{
    bench->scenario = &scenarios[index];
    if (!open_sockets(bench)) {
        return false;
    }
    run_burst(bench, &bench->figures[index]); /* not counted: the caches were another scenario's */
    bench->timed_ns = bench->timed_packets = 0;
    do {
        run_burst(bench, &bench->figures[index]);
    } while (bench->missing + bench->wrong == 0 &&
             (now_ns(CLOCK_MONOTONIC) < end_ns || bench->figures[index].turn < bench->turns));
    (void)close(bench->server.fd);
    (void)close(bench->feeder_fd);
    if (bench->missing + bench->wrong > 0 || bench->timed_packets == 0) {
        (void)fprintf(stderr, "load-floor: %s: %llu packets missing, %llu wrong, %llu not full\n",
                      scenarios[index].name, bench->missing, bench->wrong, bench->bursts_not_full);
        return false;
    }
    return true;
}

/* The scenarios take turns, so that a machine that changes changes for all. Round 0 warms up. */
static bool run_rounds(struct bench *bench)
{
    uint64_t end_ns = now_ns(CLOCK_MONOTONIC) + bench->seconds * UINT64_C(1000000000);
    size_t left = 0;
    for (size_t i = 0; i < SCENARIO_COUNT; i++) {
        left += scenarios[i].least <= bench->pattern ? ROUNDS : 0;
    }
    for (size_t at = 0; at < (ROUNDS + 1) * SCENARIO_COUNT; at++) {
        size_t round = at / SCENARIO_COUNT;
        size_t i = at % SCENARIO_COUNT;
        uint64_t now = now_ns(CLOCK_MONOTONIC);
        if (scenarios[i].least > bench->pattern) {
            continue;
        }
        (void)fprintf(stderr, "round %zu of %d: %s\n", round, ROUNDS, scenarios[i].name);
        if (!run_slice(bench, i, round > 0 && now < end_ns ? now + (end_ns - now) / left : 0)) {
            return false;
        }
        if (round > 0) {
            double ns = (double)bench->timed_ns / (double)bench->timed_packets;
            double *at_ns = &bench->figures[i].ns[round - 1];
            for (; at_ns > bench->figures[i].ns && at_ns[-1] > ns; at_ns--) {
                at_ns[0] = at_ns[-1];
            }
            *at_ns = ns;
            left--;
        }
    }
    return true;
}

/* --- set-up and report --- */

static bool make_parties(struct bench *bench)
{
    bench->party = calloc(bench->parties, sizeof(*bench->party));
    for (unsigned i = 0; bench->party != NULL && i < bench->parties * KEYS_COUNT; i++) {
        unsigned at = i / KEYS_COUNT;
        unsigned keys = i % KEYS_COUNT;
        struct party *party = &bench->party[at];
        struct rtpsec_keys server = {.profile = RTPSEC_AEAD_AES_128_GCM};
        server.local.key[0] = (uint8_t)(keys == KEYS_SHARED ? at / 2 : at);
        server.local.key[1] = (uint8_t)(at >> 8);
        server.remote = server.local;
        server.remote.key[2] = keys == KEYS_SHARED ? 0 : 1;
        struct rtpsec_keys feeder = {server.profile, server.remote, server.local};
        enum rtpsec_engine engine =
            keys == KEYS_LIBSRTP ? RTPSEC_ENGINE_LIBSRTP : RTPSEC_ENGINE_AUTO;
        if (rtpsec_create(&server, engine, &party->server[keys]) != STATUS_OK ||
            rtpsec_create(&feeder, RTPSEC_ENGINE_AUTO, &party->feeder[keys]) != STATUS_OK) {
            return false;
        }
    }
    return bench->party != NULL;
}

static void destroy(struct bench *bench)
{
    for (unsigned i = 0; bench->party != NULL && i < bench->parties * KEYS_COUNT; i++) {
        rtpsec_destroy(bench->party[i / KEYS_COUNT].server[i % KEYS_COUNT]);
        rtpsec_destroy(bench->party[i / KEYS_COUNT].feeder[i % KEYS_COUNT]);
    }
    free(bench->party);
    free(bench);
}

static void report_conditions(const struct bench *bench)
{
    char line[256];
    char cpu[128] = "unknown";
    struct utsname kernel;
    CHECK(uname(&kernel) == 0);
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL &&
           sscanf(line, "model name : %127[^\"\\\n]", cpu) != 1) {
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    printf("{\"conditions\": {\"cpu\": \"%s\", \"cpus\": %ld, \"kernel\": \"%s\", "
           "\"openssl\": \"%s\", \"calls\": %u, \"seconds\": %u, \"pattern\": \"%s\", "
           "\"rounds\": %d, \"batch\": %d, \"burst\": %u, \"pinned\": %s},\n",
           cpu, sysconf(_SC_NPROCESSORS_ONLN), kernel.release, OpenSSL_version(OPENSSL_VERSION),
           bench->parties / 2, bench->seconds, bench->pattern == EVEN ? "even" : "frame", ROUNDS,
           BATCH, bench->burst, bench->pinned ? "true" : "false");
}

static void report(const struct bench *bench)
{
    report_conditions(bench);
    const struct figures *floor = NULL;
    printf(" \"ns_per_packet\": {");
    for (size_t i = 0; i < SCENARIO_COUNT; i++) {
        const struct figures *f = &bench->figures[i];
        if (scenarios[i].least > bench->pattern) {
            continue;
        }
        printf("%s\n  \"%s\": {\"median\": %.0f, \"min\": %.0f, \"max\": %.0f}", i == 0 ? "" : ",",
               scenarios[i].name, f->ns[ROUNDS / 2], f->ns[0], f->ns[ROUNDS - 1]);
        if (scenarios[i].work == BOTH && !scenarios[i].gro && /* nothing that peers must do */
            (floor == NULL || f->ns[ROUNDS / 2] < floor->ns[ROUNDS / 2])) {
            floor = f;
        }
    }
    CHECK(floor != NULL);
    printf("},\n \"floor\": \"%s\", \"floor_us_per_packet\": %.2f, \"floor_us_min\": %.2f, "
           "\"floor_us_max\": %.2f,\n",
           scenarios[floor - bench->figures].name, floor->ns[ROUNDS / 2] / 1000,
           floor->ns[0] / 1000, floor->ns[ROUNDS - 1] / 1000);
    printf(" \"check\": {\"verified\": %llu, \"missing\": %llu, \"wrong\": %llu, "
           "\"bursts\": %llu, \"bursts_not_full\": %llu}}\n",
           bench->verified, bench->missing, bench->wrong, bench->bursts, bench->bursts_not_full);
}

static const char usage[] =
    "usage: load-floor [--calls N] [--seconds S] [--pattern even|frame]\n"
    "CPU time (user + system) of one forwarded packet of two-party calls, in ns, on this machine:\n"
    "  crypto_*  SRTP unprotect and protect (AEAD_AES_128_GCM), timed between the system calls\n"
    "  udp_*     recvmmsg and sendmmsg of 64 messages over loopback\n"
    "  both_*    the two together: the floor of a relay\n"
    "Each party has its own address and contexts; it sends 120 video packets/s of 1150 octets and\n"
    "50 audio packets/s of 100. even: each packet from the next party. frame: 4 video packets of "
    "a\n"
    "party in a row; gso: the server sends them as one message (UDP_SEGMENT); gso_gro: so does "
    "the\n"
    "sender, and the server takes them as one (UDP_GRO), which is not counted as the floor.\n"
    "Default: 200 calls, 10 seconds, even. One JSON object on stdout: median, min, max of 9 "
    "rounds.\n"
    "Each forwarded packet is checked, untimed; exit 1: missing or not right.\n";

static bool number(const char *text, unsigned max, unsigned *out)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    *out = value <= max ? (unsigned)value : 0;
    return *out > 0 && *end == '\0';
}

static bool parse(struct bench *bench, int argc, char **argv)
{
    unsigned calls = 200;
    bool ok = argc % 2 == 1;
    for (int i = 1; ok && i < argc; i += 2) {
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--calls") == 0) {
            ok = number(value, CALLS_MAX, &calls);
        } else if (strcmp(argv[i], "--seconds") == 0) {
            ok = number(value, SECONDS_MAX, &bench->seconds);
        } else {
            ok = strcmp(argv[i], "--pattern") == 0 &&
                 (strcmp(value, "even") == 0 || strcmp(value, "frame") == 0);
            bench->pattern = strcmp(value, "frame") == 0 ? FRAME : EVEN;
        }
    }
    bench->parties = 2 * calls;
    bench->turns = bench->pattern == EVEN ? 17 : 8; /* 12:5 packets, 3 frames to 5 packets */
    return ok;
}

int main(int argc, char **argv)
{
    bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
    struct bench *bench = calloc(1, sizeof(*bench));
    CHECK(bench != NULL);
    bench->seconds = 10;
    if (help || !parse(bench, argc, argv)) {
        (void)fputs(usage, help ? stdout : stderr);
        free(bench);
        return help ? 0 : 2;
    }
    (void)move_to(1); /* the report says whether one can */
    bool ok = make_parties(bench) && run_rounds(bench);
    if (ok) {
        report(bench);
    }
    destroy(bench);
    return ok ? 0 : 1;
}
