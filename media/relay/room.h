/* A room on its worker: six seats and the observers' places, who sees whom, and what all of them
 * need to send. Plain struct, owned by the worker. */
#ifndef MEDIA_RELAY_ROOM_H
#define MEDIA_RELAY_ROOM_H

#include "media/recording/tap.h"
#include "media/relay/party.h"
#include "proto/base/check.h"

/* Connections that something is due for sooner than in the worker's round (core.h). */
struct hurry {
    struct party **parties; /* as many as there may be */
    uint32_t count;
};

struct room {
    struct media_room handle;
    uint32_t recording; /* 0: none */
    /* of the worker, borrowed */
    struct outbox *box;
    struct counters *counters;
    struct tap_ring *tap; /* NULL: no recorder */
    struct hurry *hurry;
    const int64_t *strained_until_us; /* core.h: until then nothing is asked for or sent again */
    int64_t
        wall_us; /* wall clock - monotonic clock, fixed at start: one time line for all records */
    unsigned place_end; /* no party at this place or above; MEDIA_SEATS_MAX without observers */
    struct party *parties[MEDIA_PLACES_MAX]; /* NULL: nobody, or not connected */
};

/* Something is due for that connection: a packet waits for its line, one is missing, a key frame is
 * wanted, the other thread is to be told. Its next tick is the worker's next, not its next round.
 */
static inline void room_hurry(const struct room *room, struct party *party)
{
    if (!party->hurried) {
        party->hurried = true;
        room->hurry->parties[room->hurry->count++] = party;
    }
}

/* party->seat: a place that nobody has. */
static inline void room_take_place(struct room *room, struct party *party)
{
    CHECK(room->parties[party->seat] == NULL);
    room->parties[party->seat] = party;
    party->room = room;
    if (party->seat >= room->place_end) {
        room->place_end = party->seat + 1u;
    }
}

/* Nothing, when another connection has the place already. */
static inline void room_leave_place(const struct party *party)
{
    struct room *room = party->room;
    if (room->parties[party->seat] == party) {
        room->parties[party->seat] = NULL;
    }
    while (room->place_end > MEDIA_SEATS_MAX && room->parties[room->place_end - 1] == NULL) {
        room->place_end--;
    }
}

#endif
