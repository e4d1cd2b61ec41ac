/* The gateway's contract (media.h) with real workers and sockets: rooms, seats, slots, refusals,
 * counters. Browsers themselves: tests/tools/mediapeer. */
#include "media/media.h"
#include "tests/unit/test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static char offers[6][65536]; /* of six browsers: certificates differ */
static atomic_uint wakes;

static void wake(void *context)
{
    (void)context;
    atomic_fetch_add(&wakes, 1);
}

static void load_offers(const char *vector)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/tests/vectors/sdp/%s", CG_SOURCE_DIR, vector);
    FILE *file = fopen(path, "rb");
    EXPECT(file != NULL);
    for (size_t i = 0; i < 6 && file != NULL; i++) {
        rewind(file);
        size_t n = fread(offers[i], 1, sizeof(offers[i]) - 1, file);
        offers[i][n] = '\0';
        for (char *p = offers[i]; (p = strstr(p, "a=fingerprint:sha-256 ")) != NULL; p += 22) {
            p[22] = "012345"[i]; /* another certificate */
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

static struct media *create(unsigned workers, uint32_t rooms)
{
    struct media_config config = {
        .workers = workers, .bind_address = "127.0.0.1", .rooms_max = rooms, .wake = wake};
    struct media *media = NULL;
    EXPECT_INT(media_create(&config, &media), STATUS_OK);
    return media;
}

static char answer[65536];

static enum status offer(struct media *media, struct media_room room, uint8_t seat, const char *sdp,
                         int8_t slots[MEDIA_SEATS_MAX])
{
    struct writer w = writer_of(answer, sizeof(answer) - 1);
    struct media_slot out[MEDIA_SEATS_MAX];
    const char *error = NULL;
    enum status status = media_offer(media, room, seat, span_text(sdp), &w, out, &error);
    if (status == STATUS_OK) {
        answer[w.at] = '\0';
        for (unsigned i = 0; i < MEDIA_SEATS_MAX; i++) {
            slots[i] = out[i].seat;
        }
    } else {
        EXPECT(error != NULL && error[0] != '\0');
    }
    return status;
}

static void seats_and_slots(void)
{
    load_offers("chromium156-two.sdp");
    struct media *media = create(2, 8);
    struct media_room room;
    int8_t slots[MEDIA_SEATS_MAX];
    EXPECT_INT(media_room_open(media, &room), STATUS_OK);
    EXPECT_INT(offer(media, room, 4, offers[0], slots), STATUS_OK);
    EXPECT_INT(slots[0], -1);
    EXPECT(strstr(answer, "127.0.0.1") != NULL && strstr(answer, "a=ice-lite") != NULL);
    EXPECT_INT(offer(media, room, 1, offers[1], slots), STATUS_OK);
    EXPECT_INT(slots[0], 4);
    EXPECT_INT(offer(media, room, 4, offers[0], slots), STATUS_OK); /* renegotiation */
    EXPECT_INT(slots[0], 1);
    EXPECT_INT(offer(media, room, 0, offers[2], slots), STATUS_OK);
    EXPECT_INT(slots[0], 1);
    EXPECT_INT(slots[1], -1); /* its offer has one slot only */
    media_leave(media, room, 1);
    media_leave(media, room, 1);
    EXPECT_INT(offer(media, room, 0, offers[2], slots), STATUS_OK);
    EXPECT_INT(slots[0], 4);
    media_record(media, room, 0);
    media_room_close(media, room);
    media_room_close(media, room);
    EXPECT_INT(offer(media, room, 0, offers[0], slots), STATUS_UNKNOWN);
    EXPECT_INT(offer(media, (struct media_room){99, 1}, 0, offers[0], slots), STATUS_UNKNOWN);
    media_leave(media, room, 0);
    media_record(media, room, 1);
    media_destroy(media);
}

static void expect_slots(struct media *media, struct media_room room, uint8_t seat, unsigned count,
                         const int8_t wanted[MEDIA_SEATS_MAX])
{
    struct media_slot slots[MEDIA_SEATS_MAX];
    EXPECT_INT(media_slots(media, room, seat, slots), count);
    for (unsigned i = 0; i < MEDIA_SEATS_MAX; i++) {
        EXPECT_INT(slots[i].seat, wanted[i]);
    }
}

/* Six parties with a receive slot for each seat: whoever comes or goes, each one's slots show the
 * others that are there, every one once. */
static void a_full_stage(void)
{
    static const int8_t none[MEDIA_SEATS_MAX] = {-1, -1, -1, -1, -1, -1};
    load_offers("chromium156-six.sdp");
    struct media *media = create(2, 8);
    struct media_room room;
    int8_t slots[MEDIA_SEATS_MAX];
    EXPECT_INT(media_room_open(media, &room), STATUS_OK);
    expect_slots(media, room, 0, 0, none);
    for (uint8_t seat = 0; seat < MEDIA_SEATS_MAX; seat++) {
        EXPECT_INT(offer(media, room, seat, offers[seat], slots), STATUS_OK);
        for (uint8_t i = 0; i < MEDIA_SEATS_MAX; i++) {
            EXPECT_INT(slots[i], i < seat ? i : -1); /* the answer: those who were there */
        }
    }
    expect_slots(media, room, 0, 6, (const int8_t[]){1, 2, 3, 4, 5, -1});
    expect_slots(media, room, 3, 6, (const int8_t[]){0, 1, 2, 4, 5, -1}); /* without an offer */
    media_leave(media, room, 2);
    expect_slots(media, room, 0, 6, (const int8_t[]){1, -1, 3, 4, 5, -1}); /* its picture is gone */
    expect_slots(media, room, 2, 0, none);
    EXPECT_INT(offer(media, room, 2, offers[2], slots), STATUS_OK); /* back in its place */
    expect_slots(media, room, 0, 6, (const int8_t[]){1, 2, 3, 4, 5, -1});
    media_leave(media, room, 1);
    media_leave(media, room, 4);
    EXPECT_INT(offer(media, room, 4, offers[4], slots), STATUS_OK);
    expect_slots(media, room, 0, 6, (const int8_t[]){-1, 2, 3, 4, 5, -1}); /* not twice */
    EXPECT_INT(offer(media, room, 1, offers[1], slots), STATUS_OK);
    expect_slots(media, room, 5, 6, (const int8_t[]){0, 1, 2, 3, 4, -1});
    media_room_close(media, room);
    expect_slots(media, room, 0, 0, none);
    media_destroy(media);
    load_offers("chromium156-two.sdp");
}

/* Observers see the seats, the seats do not see them, and what they offer to send is not taken. */
static void observers(void)
{
    static const int8_t none[MEDIA_SEATS_MAX] = {-1, -1, -1, -1, -1, -1};
    load_offers("chromium156-six.sdp");
    struct media *media = create(1, 30);
    struct media_room room;
    int8_t slots[MEDIA_SEATS_MAX];
    EXPECT_INT(media_room_open(media, &room), STATUS_OK);
    EXPECT_INT(offer(media, room, 0, offers[0], slots), STATUS_OK);
    EXPECT(strstr(answer, "a=sendrecv") != NULL);
    EXPECT_INT(offer(media, room, MEDIA_SEATS_MAX, offers[2], slots), STATUS_OK);
    EXPECT(strstr(answer, "a=sendonly") != NULL && strstr(answer, "a=sendrecv") == NULL &&
           strstr(answer, "a=recvonly") == NULL);
    EXPECT_INT(slots[0], 0);
    expect_slots(media, room, 0, 6, none);
    EXPECT_INT(offer(media, room, 1, offers[1], slots), STATUS_OK);
    EXPECT_INT(slots[0], 0);
    EXPECT_INT(slots[1], -1);
    expect_slots(media, room, MEDIA_SEATS_MAX, 6, (const int8_t[]){0, 1, -1, -1, -1, -1});
    EXPECT_INT(offer(media, room, MEDIA_PLACES_MAX - 1, offers[3], slots), STATUS_OK);
    EXPECT_INT(offer(media, room, MEDIA_PLACES_MAX, offers[3], slots), STATUS_UNKNOWN);
    media_leave(media, room, MEDIA_SEATS_MAX);
    expect_slots(media, room, MEDIA_SEATS_MAX, 0, none);
    media_room_close(media, room);
    media_destroy(media);
    load_offers("chromium156-two.sdp");
}

/* The observers of all rooms share one limit; a party is taken beyond it, and a place that becomes
 * free is given again. */
static void too_many_observers(void)
{
    struct media *media = create(1, 30);
    static struct media_room rooms[21];
    int8_t slots[MEDIA_SEATS_MAX];
    unsigned taken = 0;
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < 21; i++) {
        EXPECT_INT(media_room_open(media, &rooms[i]), STATUS_OK);
        for (uint8_t place = MEDIA_SEATS_MAX; place < MEDIA_PLACES_MAX; place++) {
            int tries = 0;
            while ((status = offer(media, rooms[i], place, offers[0], slots)) == STATUS_FULL &&
                   taken < MEDIA_OBSERVERS_WORKER_MAX && tries++ < 5000) {
                struct media_event event; /* its box is full: the worker is behind */
                (void)media_poll(media, &event);
                (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
            }
            taken += status == STATUS_OK ? 1u : 0u;
        }
    }
    EXPECT_INT(taken, MEDIA_OBSERVERS_WORKER_MAX);
    (void)nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    EXPECT_INT(offer(media, rooms[20], MEDIA_SEATS_MAX, offers[0], slots), STATUS_FULL);
    EXPECT_INT(offer(media, rooms[20], 0, offers[0], slots), STATUS_OK);
    media_leave(media, rooms[0], MEDIA_SEATS_MAX);
    EXPECT_INT(offer(media, rooms[20], MEDIA_SEATS_MAX, offers[0], slots), STATUS_OK);
    media_room_close(media, rooms[1]);
    EXPECT_INT(offer(media, rooms[20], MEDIA_SEATS_MAX + 1, offers[0], slots), STATUS_OK);
    media_destroy(media);
}

static void refusals(void)
{
    struct media *media = create(1, 2);
    struct media_room rooms[3];
    int8_t slots[MEDIA_SEATS_MAX];
    EXPECT_INT(media_room_open(media, &rooms[0]), STATUS_OK);
    EXPECT_INT(media_room_open(media, &rooms[1]), STATUS_OK);
    EXPECT_INT(media_room_open(media, &rooms[2]), STATUS_FULL);
    EXPECT_INT(offer(media, rooms[0], MEDIA_PLACES_MAX, offers[0], slots), STATUS_UNKNOWN);
    EXPECT_INT(offer(media, rooms[0], 0, "", slots), STATUS_MALFORMED);
    EXPECT_INT(offer(media, rooms[0], 0, "v=0\r\n", slots), STATUS_MALFORMED);
    EXPECT_INT(offer(media, rooms[0], 1, offers[0], slots), STATUS_OK);
    EXPECT_INT(slots[0], -1); /* the refused ones left nothing behind */
    struct media_room former = rooms[0];
    media_room_close(media, rooms[0]);
    EXPECT_INT(media_room_open(media, &rooms[2]), STATUS_OK);
    EXPECT_INT(rooms[2].index, former.index);
    EXPECT_INT(offer(media, former, 0, offers[0], slots), STATUS_UNKNOWN);
    media_destroy(media);
    struct media_config bad = {.workers = 1, .bind_address = "nowhere", .rooms_max = 1};
    EXPECT_INT(media_create(&bad, &media), STATUS_MALFORMED);
    bad.bind_address = "203.0.113.77"; /* documentation address: not ours */
    EXPECT_INT(media_create(&bad, &media), STATUS_IO);
}

static void ports(void)
{
    struct media *media = create(3, 3);
    EXPECT(media_port(media, 0) != 0 && media_port(media, 0) != media_port(media, 1));
    struct media_config taken = {.workers = 1,
                                 .udp_port_first = media_port(media, 2),
                                 .bind_address = "127.0.0.1",
                                 .rooms_max = 1};
    struct media *second = NULL;
    EXPECT_INT(media_create(&taken, &second), STATUS_IO);
    media_destroy(media);
}

static void sum(void *context, const char *name, const char *labels, const char *help,
                uint64_t value)
{
    (void)labels;
    EXPECT(help != NULL);
    if (strcmp(name, "media_commands_total") == 0) {
        *(uint64_t *)context += value;
    }
}

/* More offers than the box holds: some are refused with FULL in words, none is lost that was taken;
 * leaving always works. */
static void many_offers(void)
{
    struct media *media = create(2, 200);
    static struct media_room rooms[200];
    int8_t slots[MEDIA_SEATS_MAX];
    uint64_t taken = 0;
    for (unsigned i = 0; i < 200; i++) {
        EXPECT_INT(media_room_open(media, &rooms[i]), STATUS_OK);
        taken++;
        for (uint8_t seat = 0; seat < 2; seat++) {
            enum status status = offer(media, rooms[i], seat, offers[seat], slots);
            EXPECT(status == STATUS_OK || status == STATUS_FULL);
            taken += status == STATUS_OK ? 1u + (seat == 1 ? 1u : 0u)
                                         : 0; /* the second comer is shown to the first */
        }
    }
    for (unsigned i = 0; i < 200; i++) {
        media_room_close(media, rooms[i]);
        taken++;
    }
    uint64_t done = 0;
    struct media_event event;
    for (int turn = 0; turn < 2000 && done < taken; turn++) {
        (void)media_poll(media, &event);
        done = 0;
        media_counters(media, sum, &done);
        struct timespec pause = {.tv_nsec = 1000000};
        (void)nanosleep(&pause, NULL);
    }
    EXPECT_INT(done, taken);
    media_destroy(media);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"seats and slots", seats_and_slots},
        {"a full stage", a_full_stage},
        {"observers", observers},
        {"too many observers", too_many_observers},
        {"refusals leave nothing behind", refusals},
        {"ports", ports},
        {"many offers", many_offers},
    };
    return TEST_MAIN(cases);
}
