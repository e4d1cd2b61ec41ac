#include "gateway/ops/legs.h"

#include "proto/base/check.h"

#include <stdlib.h>
#include <string.h>

enum { UP, DOWN, DIRECTIONS };
enum { AUDIO, VIDEO, KINDS };

/* What was seen last, to take differences from. */
struct seat_seen {
    uint32_t generation; /* of the room; 0 = nothing seen */
    struct media_stream_stats last[DIRECTIONS][KINDS];
};

struct legs {
    struct metrics *metrics;
    uint32_t rooms_max;
    struct seat_seen *rooms[]; /* MEDIA_SEATS_MAX each, made at first use */
};

enum status legs_create(struct metrics *metrics, uint32_t rooms_max, struct legs **out_legs)
{
    struct legs *legs = calloc(1, sizeof(*legs) + rooms_max * sizeof(legs->rooms[0]));
    if (legs == NULL) {
        return STATUS_NO_MEMORY;
    }
    legs->metrics = metrics;
    legs->rooms_max = rooms_max;
    *out_legs = legs;
    return STATUS_OK;
}

void legs_destroy(struct legs *legs)
{
    for (uint32_t i = 0; legs != NULL && i < legs->rooms_max; i++) {
        free(legs->rooms[i]);
    }
    free(legs);
}

/* A count that fell belongs to a fresh connection. */
static uint64_t risen(uint64_t now, uint64_t before)
{
    return now >= before ? now - before : now;
}

static void count(struct metrics *m, unsigned direction, unsigned kind,
                  const struct media_stream_stats *now, const struct media_stream_stats *before)
{
    metrics_add(m, METRIC_LEG_PACKETS, direction, kind, 0, risen(now->packets, before->packets));
    metrics_add(m, METRIC_LEG_BYTES, direction, kind, 0, risen(now->bytes, before->bytes));
    metrics_add(m, METRIC_LEG_LOST, direction, kind, 0, risen(now->lost, before->lost));
    metrics_add(m, METRIC_LEG_REPAIRED, direction, kind, 0, risen(now->repaired, before->repaired));
    metrics_add(m, METRIC_LEG_NACK, direction, kind, 0,
                risen(now->nack_sent, before->nack_sent) +
                    risen(now->nack_received, before->nack_received));
    metrics_add(m, METRIC_LEG_PLI, direction, kind, 0,
                risen(now->pli_sent, before->pli_sent) +
                    risen(now->pli_received, before->pli_received));
    if (now->packets == before->packets) {
        return; /* nothing flowed: no figure of a second without packets */
    }
    metrics_observe(m, METRIC_LEG_LOSS, direction, kind, 0, now->loss_permille);
    metrics_observe(m, METRIC_LEG_JITTER, direction, kind, 0, now->jitter_us);
    metrics_observe(m, METRIC_LEG_BITRATE, direction, kind, 0, now->bitrate_bps);
    if (now->rtt_us != 0) {
        metrics_observe(m, METRIC_LEG_RTT, direction, kind, 0, now->rtt_us);
    }
}

static struct seat_seen *seen_of(struct legs *legs, const struct media_event *event)
{
    if (event->room.index >= legs->rooms_max || event->seat >= MEDIA_SEATS_MAX) {
        return NULL;
    }
    struct seat_seen **room = &legs->rooms[event->room.index];
    if (*room == NULL) {
        *room = calloc(MEDIA_SEATS_MAX, sizeof(**room));
        if (*room == NULL) {
            return NULL;
        }
    }
    struct seat_seen *seen = &(*room)[event->seat];
    if (seen->generation != event->room.generation) {
        memset(seen, 0, sizeof(*seen));
        seen->generation = event->room.generation;
    }
    return seen;
}

static void figures(struct legs *legs, const struct media_event *event)
{
    struct seat_seen *seen = seen_of(legs, event);
    for (unsigned kind = 0; seen != NULL && kind < KINDS; kind++) {
        count(legs->metrics, UP, kind, &event->up[kind], &seen->last[UP][kind]);
        count(legs->metrics, DOWN, kind, &event->down[kind], &seen->last[DOWN][kind]);
        seen->last[UP][kind] = event->up[kind];
        seen->last[DOWN][kind] = event->down[kind];
    }
}

static void gone(struct legs *legs, const char *reason)
{
    bool dtls = reason != NULL && strncmp(reason, "dtls", 4) == 0;
    if (dtls) {
        const char *result = strstr(reason, "fingerprint") != NULL ? "fingerprint"
                             : strstr(reason, "timeout") != NULL   ? "timeout"
                                                                   : "alert";
        metrics_add(legs->metrics, METRIC_DTLS, metrics_label(METRICS_LABELS_DTLS_RESULT, result),
                    0, 0, 1);
    } else {
        metrics_add(legs->metrics, METRIC_ICE, metrics_label(METRICS_LABELS_ICE_RESULT, reason), 0,
                    0, 1);
    }
}

void legs_event(struct legs *legs, const struct media_event *event)
{
    switch (event->type) {
    case MEDIA_SEAT_CONNECTED:
        metrics_add(legs->metrics, METRIC_DTLS, metrics_label(METRICS_LABELS_DTLS_RESULT, "ok"), 0,
                    0, 1);
        metrics_add(legs->metrics, METRIC_ICE,
                    metrics_label(METRICS_LABELS_ICE_RESULT, "connected"), 0, 0, 1);
        break;
    case MEDIA_SEAT_GONE:
        gone(legs, event->reason);
        break;
    case MEDIA_STATS:
        figures(legs, event);
        break;
    case MEDIA_SEAT_LIVE:
    case MEDIA_SEAT_SILENT:
        break;
    }
}
