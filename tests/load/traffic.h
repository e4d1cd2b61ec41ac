/* When each peer sends: 120 packets of video and 50 of sound a second, at phases of its own that a
 * seed fixes; and the loop that sends what is due and receives what comes. One thread. */
#ifndef TESTS_LOAD_TRAFFIC_H
#define TESTS_LOAD_TRAFFIC_H

#include "tests/load/peer.h"

enum traffic_pattern {
    TRAFFIC_EVEN = 0, /* packets evenly spaced: a pacer's output */
    TRAFFIC_FRAME     /* the four packets of a picture back to back, 30 pictures a second */
};

struct traffic;

/* peers: borrowed. */
struct traffic *traffic_create(struct peer_shared *peers, enum traffic_pattern pattern,
                               uint32_t seed);
void traffic_destroy(struct traffic *traffic); /* NULL is fine */
/* Media of all connected peers on or off; reports and checks go on either way. */
void traffic_media(struct traffic *traffic, bool on);
/* Sends and receives until then, or until done() says so (NULL: only time counts). True: it did. */
bool traffic_run(struct traffic *traffic, int64_t until_ns, bool (*done)(void *context),
                 void *context);

#endif
