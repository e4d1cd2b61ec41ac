#include "media/recording/timeline.h"

#include "proto/base/check.h"
#include "proto/base/seq.h"
#include "proto/rtcp/rtcp.h"

#define SECOND_US 1000000
#define WINDOW_US                                                                                  \
    (10 * SECOND_US) /* least transit over 10 s: rides out bursts, sees 50 ppm drift (0.5 ms) */
#define DRIFT_DIVISOR 500 /* 2 ms per second, 40 times the drift of a bad crystal */
#define SLEW_DIVISOR                                                                               \
    20 /* 5 % of media time: 100 ms are taken up in 2 s, not heard as pitch (no resampling is      \
          done) */
#define JUMP_US                                                                                    \
    SECOND_US /* beyond it the clocks were set or the sender began anew: follow at once */

void timeline_stream_init(struct timeline_stream *s, uint32_t clock_hz)
{
    CHECK(clock_hz > 0);
    *s = (struct timeline_stream){.clock_hz = clock_hz};
}

static int64_t extend(int64_t last, uint32_t timestamp)
{
    return last + seq32_delta((uint32_t)last, timestamp);
}

static int64_t us_between(const struct timeline_stream *s, int64_t from_ts, int64_t to_ts)
{
    return (to_ts - from_ts) * SECOND_US / (int64_t)s->clock_hz;
}

static int64_t clamp(int64_t value, int64_t limit)
{
    return value > limit ? limit : value < -limit ? -limit : value;
}

/* transit: arrival minus the sender's clock at capture. */
static void learn_transit(struct timeline_party *p, int64_t transit_us, int64_t now_us)
{
    int64_t away = transit_us - p->offset_us;
    if (!p->set || away > 4 * SECOND_US || away < -4 * SECOND_US) {
        *p = (struct timeline_party){.set = true,
                                     .offset_us = transit_us,
                                     .window_min_us = transit_us,
                                     .window_end_us = now_us + WINDOW_US,
                                     .target_us = transit_us,
                                     .slewed_us = now_us};
        return;
    }
    p->window_min_us = transit_us < p->window_min_us ? transit_us : p->window_min_us;
    p->target_us = p->window_min_us < p->target_us ? p->window_min_us : p->target_us;
    if (now_us >= p->window_end_us) {
        p->target_us = p->window_min_us;
        p->window_min_us = transit_us;
        p->window_end_us = now_us + WINDOW_US;
    }
    int64_t elapsed = now_us > p->slewed_us ? now_us - p->slewed_us : 0;
    if (elapsed / DRIFT_DIVISOR > 0) {
        p->offset_us += clamp(p->target_us - p->offset_us, elapsed / DRIFT_DIVISOR);
        p->slewed_us = now_us;
    }
}

void timeline_packet(struct timeline_stream *s, struct timeline_party *p, uint32_t timestamp,
                     int64_t arrival_us)
{
    if (!s->set) {
        s->set = true;
        s->last_ts = s->anchor_ts = s->mapped_ts = (int64_t)0x100000000 + timestamp;
        s->anchor_us = arrival_us;
        return;
    }
    int64_t ts = extend(s->last_ts, timestamp);
    s->last_ts = ts > s->last_ts ? ts : s->last_ts;
    if (s->has_report) {
        learn_transit(p, arrival_us - (s->report_us + us_between(s, s->report_ts, ts)), arrival_us);
    }
}

void timeline_report(struct timeline_stream *s, struct timeline_party *p, uint64_t ntp,
                     uint32_t timestamp, int64_t arrival_us)
{
    if (!s->set || ntp == 0) {
        return; /* RFC 3550 §6.4.1: a sender without a clock may give 0 */
    }
    s->report_ts = extend(s->last_ts, timestamp);
    s->report_us = rtcp_us_of_ntp(ntp);
    if (!s->has_report || !p->set) {
        learn_transit(p, arrival_us - s->report_us, arrival_us);
    }
    s->has_report = true;
}

int64_t timeline_map(struct timeline_stream *s, const struct timeline_party *p, uint32_t timestamp)
{
    CHECK(s->set);
    int64_t ts = extend(s->mapped_ts, timestamp);
    int64_t at = s->anchor_us + us_between(s, s->anchor_ts, ts);
    if (s->has_report && p->set) {
        int64_t error = s->report_us + us_between(s, s->report_ts, ts) + p->offset_us - at;
        int64_t passed = ts > s->mapped_ts ? us_between(s, s->mapped_ts, ts) : 0;
        bool jump = error > JUMP_US || error < -JUMP_US;
        at += jump ? error : clamp(error, passed / SLEW_DIVISOR);
    }
    s->anchor_ts = ts;
    s->anchor_us = at;
    s->mapped_ts = ts;
    return at;
}
