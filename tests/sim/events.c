#include "tests/sim/events.h"

#include "proto/base/check.h"

#include <stdlib.h>

static bool before(const struct event *a, const struct event *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

void events_add(struct events *events, int64_t at_ms, enum event_kind kind, int person, int kase)
{
    if (events->count == events->room) {
        events->room = events->room == 0 ? 1024 : events->room * 2;
        events->heap = realloc(events->heap, events->room * sizeof *events->heap);
        CHECK(events->heap != NULL);
    }
    struct event added = {at_ms, events->planned++, kind, person, kase};
    size_t at = events->count++;
    while (at > 0 && before(&added, &events->heap[(at - 1) / 2])) {
        events->heap[at] = events->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    events->heap[at] = added;
}

bool events_peek(const struct events *events, int64_t *out_at_ms)
{
    if (events->count > 0) {
        *out_at_ms = events->heap[0].at_ms;
    }
    return events->count > 0;
}

struct event events_take(struct events *events)
{
    CHECK(events->count > 0);
    struct event taken = events->heap[0];
    struct event moved = events->heap[--events->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < events->count && before(&events->heap[child + 1], &events->heap[child])) {
            child++;
        }
        if (child >= events->count || !before(&events->heap[child], &moved)) {
            break;
        }
        events->heap[at] = events->heap[child];
        at = child;
    }
    events->heap[at] = moved;
    return taken;
}

void events_clear(struct events *events)
{
    free(events->heap);
    *events = (struct events){.heap = NULL};
}
