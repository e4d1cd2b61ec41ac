/* The list of gaps of one recording: what is missing on its time line, by party and kind. Bounded:
 * further gaps are merged into the last. Plain value, one thread. */
#ifndef MEDIA_RECORDING_GAPS_H
#define MEDIA_RECORDING_GAPS_H

#include "media/recording/recorder.h"

/* Without a lost packet a hole counts only beyond these: Opus with DTX sends every 400 ms (RFC 7587
 * §3.1.3), a starved camera one picture a second. */
#define GAPS_AUDIO_QUIET_MS 1000
#define GAPS_VIDEO_QUIET_MS 2000
#define GAPS_LOSS_MS 100 /* known loss below this is not seen or heard as a gap */

struct gaps {
    unsigned count;
    struct recorder_gap items[RECORDER_GAPS_MAX];
};

/* Looks at the hole between the end of the last frame and the next one, and notes it when it
 * counts. */
void gaps_look(struct gaps *gaps, uint8_t party, bool video, int64_t from_ms, int64_t to_ms,
               bool loss);

#endif
