/* rtcclient: a scripted browser's media, for tests that need sessions with sound and pictures but
 * no browser: the client of the unit tests (client.h) over a real UDP socket on this machine.
 *
 *   out:  offer LEN\n<LEN octets of SDP>
 *   in:   answer PORT LEN\n<LEN octets>     (PORT: of the gateway's candidate, on 127.0.0.1)
 *   out:  stats connected=0|1 audio=N video=N keyframes_asked=N ssrcs=N slotI=N...\n  each 250 ms:
 *         packets of slot 0, changes of their source, pictures of each slot
 *
 * Usage: rtcclient SEED [SLOTS]: so many receive pairs, one without it. It offers to send and
 * sends, whatever the answer says. Ends with its input. */
#include "media/rt/clock.h"
#include "tests/unit/media/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SDP_MAX 65536
#define STATS_MS 250

struct program {
    struct client *client;
    int socket;
    struct sockaddr_in gateway;
    size_t held;
    char input[SDP_MAX + 64];
};

static void send_offer(struct program *p)
{
    char offer[8192];
    size_t len = client_offer(p->client, offer, sizeof(offer));
    printf("offer %zu\n", len);
    (void)fwrite(offer, 1, len, stdout);
    (void)fflush(stdout);
}

/* False: end of input. */
static bool take_input(struct program *p)
{
    ssize_t n = read(STDIN_FILENO, p->input + p->held, sizeof(p->input) - p->held);
    if (n <= 0) {
        return false;
    }
    p->held += (size_t)n;
    const char *end = memchr(p->input, '\n', p->held);
    unsigned port = 0;
    size_t len = 0;
    if (end == NULL || sscanf(p->input, "answer %u %zu", &port, &len) != 2) {
        return end == NULL;
    }
    size_t head = (size_t)(end - p->input) + 1;
    if (p->held < head + len) {
        return true;
    }
    client_answer(p->client, span_of(p->input + head, len));
    p->gateway = (struct sockaddr_in){.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)port),
                                      .sin_addr = {htonl(INADDR_LOOPBACK)}};
    p->held = 0;
    return true;
}

static void take_datagrams(struct program *p)
{
    uint8_t data[2048];
    ssize_t n;
    while ((n = recv(p->socket, data, sizeof(data), MSG_DONTWAIT)) > 0) {
        client_input(p->client, clock_monotonic_us(), data, (size_t)n);
    }
}

static void send_datagrams(struct program *p)
{
    struct client *c = p->client;
    while (c->out_count > 0) {
        const struct client_datagram *d = &c->out[c->out_head];
        ssize_t n = sendto(p->socket, d->data, d->len, 0, (const struct sockaddr *)&p->gateway,
                           sizeof(p->gateway));
        (void)n; /* lost, as on any line */
        c->out_head = (c->out_head + 1) % CLIENT_QUEUE;
        c->out_count--;
    }
}

static void each_millisecond(struct program *p, int64_t ms)
{
    static const struct client_check plain = {0};
    struct client *c = p->client;
    if (p->gateway.sin_port == 0) {
        return;
    }
    if (ms % 1000 == 0 || (!c->nominated && ms % 50 == 0)) {
        client_stun(c, &plain);
    }
    client_dtls_tick(c);
    if (c->srtp == NULL) {
        return;
    }
    if (ms % 20 == 0) {
        client_send_audio(c);
    }
    if (ms % 33 == 0) {
        client_send_frame(c, 3);
    }
    if (ms % 500 == 0) {
        client_send_report(c, clock_monotonic_us());
    }
    if (ms % 100 == 0) {
        client_send_feedback(c);
    }
}

static void print_stats(const struct program *p)
{
    const struct client *c = p->client;
    printf("stats connected=%d audio=%u video=%u keyframes_asked=%u ssrcs=%u", c->srtp != NULL,
           c->rx[0].packets, c->rx[1].packets, c->keyframes_asked,
           c->rx[0].ssrc_changes + c->rx[1].ssrc_changes);
    for (unsigned slot = 0; slot < c->slots; slot++) {
        printf(" slot%u=%u", slot, c->slot_packets[slot][1]);
    }
    (void)putchar('\n');
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    struct program *p = calloc(1, sizeof(*p));
    CHECK(p != NULL && (argc == 2 || argc == 3));
    p->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK(p->socket >= 0);
    p->client =
        client_create("scripted", "SRTP_AEAD_AES_128_GCM", (uint32_t)strtoul(argv[1], NULL, 10));
    p->client->slots = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    CHECK(p->client->slots <= 6);
    send_offer(p);
    int64_t done_ms = clock_monotonic_us() / 1000;
    for (bool going = true; going;) {
        struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {p->socket, POLLIN, 0}};
        (void)poll(fds, 2, 1);
        if (fds[0].revents != 0) {
            going = take_input(p);
        }
        take_datagrams(p);
        int64_t now_ms = clock_monotonic_us() / 1000;
        for (int64_t ms = done_ms + 1; ms <= now_ms; ms++) {
            each_millisecond(p, ms);
            if (ms % STATS_MS == 0) {
                print_stats(p);
            }
            send_datagrams(p);
        }
        done_ms = now_ms;
    }
    client_destroy(p->client);
    (void)close(p->socket);
    free(p);
    return test_failed == 0 && test_bad == 0 ? 0 : 1;
}
