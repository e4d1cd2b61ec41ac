/* When to ask a publisher for a key frame: requests of all receivers and of the recording are
 * joined, one goes out at most each max(1 s, 2 RTT), and without an answer again after 1, 2, 4 s
 * (media-peers 4.4). A receiver that sees nothing at all yet does not wait for that: its request
 * goes out at most each max(0.3 s, RTT). Plain storage, one thread. */
#ifndef MEDIA_STREAM_KEYFRAME_H
#define MEDIA_STREAM_KEYFRAME_H

#include <stdbool.h>
#include <stdint.h>

#define KEYFRAME_INTERVAL_US 1000000
#define KEYFRAME_INTERVAL_MAX_US 4000000
#define KEYFRAME_HURRY_US 300000
#define KEYFRAME_FRESH_US                                                                          \
    150000 /* a request that was on its way when the last key frame passed by is already answered  \
            */

struct keyframe {
    bool wanted, hurry;
    int64_t asked_us, seen_us; /* 0: never */
    int64_t interval_us;       /* until the next try */
};

/* Somebody needs one. False: an earlier request or the key frame just relayed covers it. */
bool keyframe_want(struct keyframe *keyframe, int64_t now_us);
/* One must come whatever was before (another publisher is shown, a recording starts). */
void keyframe_need(struct keyframe *keyframe);
/* As keyframe_want, for a connection that is fresh: its first picture does not wait for the
 * throttle. */
bool keyframe_hurry(struct keyframe *keyframe, int64_t now_us);
void keyframe_seen(struct keyframe *keyframe, int64_t now_us);
/* True: send PLI now. */
bool keyframe_due(struct keyframe *keyframe, int64_t now_us, uint32_t rtt_us);

#endif
