/* A room on its worker: six seats, who sees whom, and what all of them need to send. Plain struct,
 * owned by the worker. */
#ifndef MEDIA_RELAY_ROOM_H
#define MEDIA_RELAY_ROOM_H

#include "media/recording/tap.h"
#include "media/relay/party.h"

struct room {
    struct media_room handle;
    struct party *parties[MEDIA_SEATS_MAX]; /* NULL: nobody, or not connected */
    uint32_t recording;                     /* 0: none */
    /* of the worker, borrowed */
    struct outbox *box;
    struct counters *counters;
    struct tap_ring *tap; /* NULL: no recorder */
    int64_t
        wall_us; /* wall clock - monotonic clock, fixed at start: one time line for all records */
};

#endif
