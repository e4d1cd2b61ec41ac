/* The figures of media legs (MEDIA_STATS events, cumulative for each connection) as metrics:
 * counters by difference, loss, jitter, round-trip time and bit rate as histograms, one observation
 * a second each. T0. */
#ifndef GATEWAY_OPS_LEGS_H
#define GATEWAY_OPS_LEGS_H

#include "gateway/ops/metrics.h"
#include "media/media.h"

struct legs;

/* rooms_max: as in media_config. */
MUST_USE enum status legs_create(struct metrics *metrics, uint32_t rooms_max,
                                 struct legs **out_legs);
void legs_destroy(struct legs *legs); /* NULL is fine */
/* Any media event; those that are no figures are counted as ICE and DTLS results. */
void legs_event(struct legs *legs, const struct media_event *event);

#endif
