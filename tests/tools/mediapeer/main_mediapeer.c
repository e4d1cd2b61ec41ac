/* mediapeer: one room of the media plane on stdin and stdout, for tests with real browsers and
 * nothing else around it.
 *
 *   in:   offer SEAT LEN\n<LEN octets of SDP>      leave SEAT\n     counters\n     quit\n
 *   out:  answer SEAT LEN SLOTS\n<LEN octets>      error SEAT TEXT\n
 *         event TYPE SEAT REASON key=value ...\n   counter METRIC{LABELS} VALUE\n ...
 * counters-end\n
 *
 * Usage: mediapeer [ADDRESS...] (addresses named in candidates; none: all of this machine). */
#include "media/media.h"
#include "proto/base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SDP_MAX 131072

struct peer {
    struct media *media;
    struct media_room room;
    int wake_read, wake_write;
    size_t held; /* octets in input */
    char input[SDP_MAX + 256];
    char answer[SDP_MAX];
};

static void wake(void *context)
{
    const struct peer *peer = context;
    ssize_t n = write(peer->wake_write, "", 1);
    (void)n; /* a full pipe wakes as well */
}

static void print_stream(const char *name, const struct media_stream_stats *s)
{
    printf(" %s=%llu,%llu,%llu,%llu,%u,%u,%u,%u", name, (unsigned long long)s->packets,
           (unsigned long long)s->bytes, (unsigned long long)s->lost,
           (unsigned long long)s->repaired, s->jitter_us, s->rtt_us, s->bitrate_bps,
           s->loss_permille);
}

static void print_events(struct peer *peer)
{
    static const char *const names[] = {"", "connected", "live", "silent", "gone", "stats"};
    char octets[64];
    while (read(peer->wake_read, octets, sizeof(octets)) > 0) {
    }
    struct media_event event;
    while (media_poll(peer->media, &event)) {
        printf("event %s %u %s", names[event.type], event.seat,
               event.reason == NULL ? "-" : event.reason);
        printf(" transport=%s profile=%s", event.transport, event.srtp_profile);
        if (event.type == MEDIA_STATS) {
            print_stream("up_audio", &event.up[0]);
            print_stream("up_video", &event.up[1]);
            print_stream("down_audio", &event.down[0]);
            print_stream("down_video", &event.down[1]);
        }
        printf("\n");
    }
    (void)fflush(stdout);
}

static void print_counter(void *context, const char *name, const char *labels, const char *help,
                          uint64_t value)
{
    (void)context;
    (void)help;
    if (value != 0) {
        printf("counter %s{%s} %llu\n", name, labels, (unsigned long long)value);
    }
}

static void take_offer(struct peer *peer, uint8_t seat, struct span offer)
{
    struct writer w = writer_of(peer->answer, sizeof(peer->answer));
    struct media_slot slots[MEDIA_SEATS_MAX];
    const char *error = "";
    enum status status = media_offer(peer->media, peer->room, seat, offer, &w, slots, &error);
    if (status != STATUS_OK) {
        printf("error %u %s: %s\n", seat, status_name(status), error);
    } else {
        printf("answer %u %zu ", seat, w.at);
        for (unsigned i = 0; i < MEDIA_SEATS_MAX; i++) {
            printf("%s%d", i == 0 ? "" : ",", slots[i].seat);
        }
        printf("\n");
        (void)fwrite(w.data, 1, w.at, stdout);
    }
    (void)fflush(stdout);
}

/* One command at the start of the input; 0: not complete yet. */
static size_t take_command(struct peer *peer, bool *out_quit)
{
    char *end = memchr(peer->input, '\n', peer->held);
    if (end == NULL) {
        return 0;
    }
    size_t line = (size_t)(end - peer->input) + 1;
    *end = '\0';
    unsigned seat = 0;
    size_t len = 0;
    if (sscanf(peer->input, "offer %u %zu", &seat, &len) == 2 && len <= SDP_MAX) {
        if (peer->held < line + len) {
            *end = '\n';
            return 0;
        }
        take_offer(peer, (uint8_t)seat, span_of(peer->input + line, len));
        return line + len;
    }
    if (sscanf(peer->input, "leave %u", &seat) == 1) {
        media_leave(peer->media, peer->room, (uint8_t)seat);
    } else if (strcmp(peer->input, "counters") == 0) {
        media_counters(peer->media, print_counter, NULL);
        printf("counters-end\n");
        (void)fflush(stdout);
    } else {
        *out_quit = true;
    }
    return line;
}

/* False: end of input, or quit. */
static bool take_input(struct peer *peer)
{
    ssize_t n = read(STDIN_FILENO, peer->input + peer->held, sizeof(peer->input) - peer->held);
    if (n <= 0) {
        return n < 0 && errno == EINTR;
    }
    peer->held += (size_t)n;
    bool quit = false;
    size_t used;
    while (!quit && (used = take_command(peer, &quit)) > 0) {
        memmove(peer->input, peer->input + used, peer->held - used);
        peer->held -= used;
    }
    return !quit && peer->held < sizeof(peer->input);
}

static bool open_peer(struct peer *peer, int argc, char **argv)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0) {
        return false;
    }
    peer->wake_read = pipe_fds[0];
    peer->wake_write = pipe_fds[1];
    struct media_config config = {
        .workers = 1, .bind_address = "0.0.0.0", .rooms_max = 4, .wake = wake, .context = peer};
    for (int i = 1; i < argc && i <= MEDIA_ADDRESSES_MAX; i++) {
        config.candidates[i - 1] = argv[i];
    }
    return media_create(&config, &peer->media) == STATUS_OK &&
           media_room_open(peer->media, &peer->room) == STATUS_OK;
}

int main(int argc, char **argv)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    if (peer == NULL || !open_peer(peer, argc, argv)) {
        (void)fprintf(stderr, "mediapeer: cannot start\n");
        free(peer);
        return 1;
    }
    bool going = true;
    while (going) {
        struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {peer->wake_read, POLLIN, 0}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR) {
            break;
        }
        if (fds[1].revents != 0) {
            print_events(peer);
        }
        if (fds[0].revents != 0) {
            going = take_input(peer);
        }
    }
    media_destroy(peer->media);
    (void)close(peer->wake_read);
    (void)close(peer->wake_write);
    free(peer);
    return 0;
}
