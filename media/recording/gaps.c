#include "media/recording/gaps.h"

void gaps_look(struct gaps *gaps, uint8_t party, bool video, int64_t from_ms, int64_t to_ms,
               bool loss)
{
    int64_t quiet_ms = video ? GAPS_VIDEO_QUIET_MS : GAPS_AUDIO_QUIET_MS;
    if (to_ms - from_ms < (loss ? GAPS_LOSS_MS : quiet_ms)) {
        return;
    }
    if (gaps->count < RECORDER_GAPS_MAX) {
        gaps->items[gaps->count++] = (struct recorder_gap){
            .party = party, .video = video, .from_ms = from_ms, .to_ms = to_ms};
        return;
    }
    struct recorder_gap *last = &gaps->items[RECORDER_GAPS_MAX - 1];
    last->from_ms = from_ms < last->from_ms ? from_ms : last->from_ms;
    last->to_ms = to_ms > last->to_ms ? to_ms : last->to_ms;
}
