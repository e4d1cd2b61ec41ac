/* From RTP timestamps to the one time line of a recording (microseconds of the monotonic clock of
 * this machine).
 *
 * Each SSRC runs on an anchor (timestamp, time). Until its first sender report the anchor is the
 * arrival of its first packet; from then on the target is SR time (RFC 3550 §6.4.1) plus the
 * party's offset, and the anchor slides there by at most 5 % of media time, so that sound does not
 * jump. The offset of a party (its wall clock against our clock) is one for audio and video, which
 * keeps the lips in step; it is the least transit seen, and follows the drift of the clocks at no
 * more than 2 ms per second. Plain values, recorder thread; time is an argument. */
#ifndef MEDIA_RECORDING_TIMELINE_H
#define MEDIA_RECORDING_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

struct timeline_party {
    bool set;
    int64_t offset_us;     /* our clock minus the party's */
    int64_t window_min_us; /* least transit in the present window */
    int64_t window_end_us;
    int64_t target_us;
    int64_t slewed_us; /* when offset_us last moved */
};

struct timeline_stream {
    uint32_t clock_hz;
    bool set, has_report;
    int64_t anchor_ts, anchor_us; /* extended timestamp and its time */
    int64_t last_ts;              /* newest extended timestamp that came in */
    int64_t mapped_ts;            /* last one that timeline_map() saw */
    int64_t report_ts, report_us; /* the last SR: extended timestamp, sender's clock */
};

void timeline_stream_init(struct timeline_stream *s, uint32_t clock_hz);
/* Every packet as it arrives. */
void timeline_packet(struct timeline_stream *s, struct timeline_party *p, uint32_t timestamp,
                     int64_t arrival_us);
/* A sender report. ntp: 32.32. */
void timeline_report(struct timeline_stream *s, struct timeline_party *p, uint64_t ntp,
                     uint32_t timestamp, int64_t arrival_us);
/* Time of a frame, in sequence order; at least one packet came before. */
int64_t timeline_map(struct timeline_stream *s, const struct timeline_party *p, uint32_t timestamp);

#endif
