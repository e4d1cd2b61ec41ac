#include "media/worker/warm.h"

#include "media/relay/room.h"
#include "media/rt/prefetch.h"
#include "media/worker/directory.h"

#define VIDEO_OCTETS 400 /* longer: a picture's; a wrong guess costs time only */

/* Each step looks at what the step before has fetched, for all datagrams of the batch in turn, so
 * that their loads overlap. */

struct step {
    struct party *from; /* NULL: nobody is known there */
    struct party *to;   /* the first other one in the room */
    enum plan_kind kind;
};

static void fetch_party(struct step *step, size_t len)
{
    (void)len;
    const struct party *party = step->from;
    prefetch_range(party, offsetof(struct party, transport) + PREFETCH_LINE);
    prefetch_range(&party->transport.ice, 2 * (size_t)PREFETCH_LINE);
    prefetch_range(party->plan.publish, sizeof(party->plan.publish));
}

static void fetch_stream(struct step *step, size_t len)
{
    (void)len;
    const struct party_up *up = &step->from->up[step->kind];
    prefetch_range(&up->rx, offsetof(struct rx, report_arrival_us));
    prefetch(&up->cache);
    prefetch(&step->from->twcc_in);
    prefetch_range(step->from->room, offsetof(struct room, parties[MEDIA_SEATS_MAX]));
    rtpsec_prefetch(step->from->transport.srtp);
}

static struct party *other_in(const struct room *room, const struct party *from)
{
    for (unsigned seat = 0; seat < MEDIA_SEATS_MAX; seat++) {
        if (room->parties[seat] != NULL && room->parties[seat] != from) {
            return room->parties[seat];
        }
    }
    return NULL;
}

static void fetch_receiver(struct step *step, size_t len)
{
    (void)len;
    step->to = other_in(step->from->room, step->from);
    rtpsec_prefetch_deep(step->from->transport.srtp);
    if (step->from->up[step->kind].cache != NULL) {
        prefetch(step->from->up[step->kind].cache);
    }
    if (step->to != NULL) {
        prefetch_range(step->to, offsetof(struct party, transport) + PREFETCH_LINE);
        prefetch_range(&step->to->transport.ice, 2 * (size_t)PREFETCH_LINE);
        prefetch_range(&step->to->down[0][step->kind], offsetof(struct tx, reports));
        prefetch(&step->to->pacer);
        prefetch(&step->to->downlink);
        prefetch(&step->to->downlink.limit_bps);
    }
}

static void fetch_keys(struct step *step, size_t len)
{
    const struct party_up *up = &step->from->up[step->kind];
    rtpsec_prefetch_in(step->from->transport.srtp);
    if (up->cache != NULL) {
        cache_prefetch_put(up->cache, up->rx.highest + 1, len);
    }
    if (step->to != NULL) {
        downlink_prefetch_sent(&step->to->downlink);
        rtpsec_prefetch(step->to->transport.srtp);
    }
}

static void fetch_receiver_keys(struct step *step, size_t len)
{
    (void)len;
    if (step->to != NULL) {
        rtpsec_prefetch_deep(step->to->transport.srtp);
    }
}

static void fetch_receiver_sources(struct step *step, size_t len)
{
    (void)len;
    if (step->to != NULL) {
        rtpsec_prefetch_out(step->to->transport.srtp);
    }
}

void warm_datagrams(const struct directory *directory, const struct warm_datagram *datagrams,
                    size_t count)
{
    static void (*const fetches[])(struct step * step, size_t len) = {
        fetch_party, fetch_stream,        fetch_receiver,
        fetch_keys,  fetch_receiver_keys, fetch_receiver_sources,
    };
    struct step steps[WARM_MAX];
    count = count < WARM_MAX ? count : WARM_MAX;
    for (size_t i = 0; i < count; i++) {
        directory_prefetch_addr(directory, datagrams[i].from);
    }
    for (size_t i = 0; i < count; i++) {
        steps[i] =
            (struct step){.from = directory_find_addr(directory, datagrams[i].from),
                          .kind = datagrams[i].len >= VIDEO_OCTETS ? PLAN_VIDEO : PLAN_AUDIO};
    }
    for (size_t k = 0; k < sizeof(fetches) / sizeof(fetches[0]); k++) {
        for (size_t i = 0; i < count; i++) {
            if (steps[i].from != NULL) {
                fetches[k](&steps[i], datagrams[i].len);
            }
        }
    }
}
