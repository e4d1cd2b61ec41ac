#include "gateway/partnership/activity.h"

#include "proto/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024u   /* some hundred pairs, three kinds, three urgencies, a version or two */
#define DECLINED_MAX 32 /* institutions that decline one submission; more are counted each time */

struct bucket {
    size_t *cells; /* indices */
    size_t count, room;
};

/* The consultation that is being read. */
struct reading {
    char id[33];
    int64_t submitted_ms, waiting_since_ms;
    bool seen_submit, late, delivered;
    char acceptor[33];
    char declined[DECLINED_MAX][33];
    size_t declined_count;
};

struct activity {
    int64_t from_ms, until_ms;
    struct activity_cell *cells;
    size_t count, room;
    struct bucket buckets[BUCKETS];
    struct reading reading;
    int64_t submitted, kept;
    struct activity_cell *total; /* NULL: not asked for yet */
};

struct activity *activity_create(int64_t from_ms, int64_t until_ms)
{
    struct activity *activity = calloc(1, sizeof *activity);
    CHECK(from_ms <= until_ms);
    if (activity != NULL) {
        activity->from_ms = from_ms;
        activity->until_ms = until_ms;
    }
    return activity;
}

static void clear_cell(struct activity_cell *cell)
{
    free(cell->to_acceptance.ms);
    free(cell->to_opinion.ms);
}

void activity_destroy(struct activity *activity)
{
    if (activity == NULL) {
        return;
    }
    for (size_t i = 0; i < activity->count; i++) {
        clear_cell(&activity->cells[i]);
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        free(activity->buckets[i].cells);
    }
    if (activity->total != NULL) {
        clear_cell(activity->total);
        free(activity->total);
    }
    free(activity->cells);
    free(activity);
}

/* The block with room for one more of `size` octets; it may have moved. NULL: out of memory, and
 * the old one stands. */
static void *with_room(void *block, size_t count, size_t *room, size_t size)
{
    if (count < *room) {
        return block;
    }
    size_t wanted = *room == 0 ? 8 : *room * 2;
    void *bigger = realloc(block, wanted * size);
    if (bigger != NULL) {
        *room = wanted;
    }
    return bigger;
}

static uint32_t mix(uint32_t hash, const char *text)
{
    for (; *text != '\0'; text++) { /* FNV-1a */
        hash = (hash ^ (unsigned char)*text) * UINT32_C(16777619);
    }
    return hash;
}

static bool is_of(const struct activity_cell *cell, const struct activity_case *about,
                  const char *consultant)
{
    return cell->agreement_version == about->agreement_version &&
           strcmp(cell->requester, about->requester) == 0 &&
           strcmp(cell->consultant, consultant) == 0 && strcmp(cell->kind, about->kind) == 0 &&
           strcmp(cell->urgency, about->urgency) == 0;
}

static struct activity_cell *new_cell(struct activity *a, struct bucket *bucket,
                                      const struct activity_case *about, const char *consultant)
{
    size_t *indices = with_room(bucket->cells, bucket->count, &bucket->room, sizeof *bucket->cells);
    bucket->cells = indices != NULL ? indices : bucket->cells;
    struct activity_cell *cells = with_room(a->cells, a->count, &a->room, sizeof *a->cells);
    a->cells = cells != NULL ? cells : a->cells;
    if (indices == NULL || cells == NULL) {
        return NULL;
    }
    struct activity_cell *cell = &a->cells[a->count];
    memset(cell, 0, sizeof *cell);
    cell->agreement_version = about->agreement_version;
    (void)snprintf(cell->requester, sizeof cell->requester, "%s", about->requester);
    (void)snprintf(cell->consultant, sizeof cell->consultant, "%s", consultant);
    (void)snprintf(cell->kind, sizeof cell->kind, "%s", about->kind);
    (void)snprintf(cell->urgency, sizeof cell->urgency, "%s", about->urgency);
    bucket->cells[bucket->count++] = a->count++;
    return cell;
}

/* The cell of this pair, made when it is met first; valid until the next one is made. */
static struct activity_cell *cell_of(struct activity *a, const struct activity_case *about,
                                     const char *consultant)
{
    uint32_t hash = mix(mix(UINT32_C(2166136261), about->requester), consultant);
    hash = mix(mix(hash, about->kind), about->urgency) + (uint32_t)about->agreement_version;
    struct bucket *bucket = &a->buckets[hash % BUCKETS];
    for (size_t i = 0; i < bucket->count; i++) {
        if (is_of(&a->cells[bucket->cells[i]], about, consultant)) {
            return &a->cells[bucket->cells[i]];
        }
    }
    return new_cell(a, bucket, about, consultant);
}

static bool sample(struct activity_samples *samples, int64_t ms)
{
    int64_t *grown = with_room(samples->ms, samples->count, &samples->room, sizeof *samples->ms);
    if (grown == NULL) {
        return false;
    }
    samples->ms = grown;
    samples->ms[samples->count++] = ms;
    return true;
}

/* ---- events ---- */

static bool in_period(const struct activity *a, int64_t at_ms)
{
    return a->from_ms <= at_ms && at_ms < a->until_ms;
}

static enum status submitted(struct activity *a, int64_t at_ms)
{
    struct reading *r = &a->reading;
    a->submitted += !r->seen_submit && in_period(a, at_ms);
    r->seen_submit = true;
    r->submitted_ms = r->waiting_since_ms = at_ms;
    r->late = false;
    r->acceptor[0] = '\0';
    r->declined_count = 0;
    return STATUS_OK;
}

static enum status accepted(struct activity *a, const struct activity_case *about, int64_t at_ms,
                            const char *by)
{
    struct reading *r = &a->reading;
    (void)snprintf(r->acceptor, sizeof r->acceptor, "%s", by);
    if (!in_period(a, at_ms)) {
        return STATUS_OK;
    }
    struct activity_cell *cell = cell_of(a, about, by);
    if (cell == NULL || !sample(&cell->to_acceptance, at_ms - r->waiting_since_ms)) {
        return STATUS_NO_MEMORY;
    }
    cell->accepted++;
    cell->in_time += !r->late;
    return STATUS_OK;
}

static enum status signed_first(struct activity *a, const struct activity_case *about,
                                int64_t at_ms, const char *by)
{
    struct reading *r = &a->reading;
    bool first = !r->delivered;
    r->delivered = true;
    if (!first || !in_period(a, at_ms)) {
        return STATUS_OK;
    }
    struct activity_cell *cell =
        cell_of(a, about, about->consultant[0] != '\0' ? about->consultant : by);
    if (cell == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (about->in_error) {
        cell->in_error++;
        return STATUS_OK;
    }
    cell->signed_count++;
    a->kept += !about->referred_up;
    return sample(&cell->to_opinion, at_ms - r->submitted_ms) ? STATUS_OK : STATUS_NO_MEMORY;
}

static bool declined_before(struct reading *r, const char *by)
{
    for (size_t i = 0; i < r->declined_count; i++) {
        if (strcmp(r->declined[i], by) == 0) {
            return true;
        }
    }
    if (r->declined_count < DECLINED_MAX) {
        (void)snprintf(r->declined[r->declined_count++], 33, "%s", by);
    }
    return false;
}

/* Returned, declined, expired: one more in the cell of whoever did it. */
static enum status unanswered(struct activity *a, const struct activity_case *about,
                              enum activity_event event, const char *by)
{
    struct activity_cell *cell = cell_of(a, about, by);
    if (cell == NULL) {
        return STATUS_NO_MEMORY;
    }
    cell->returned += event == ACTIVITY_RETURN;
    cell->declined += event == ACTIVITY_DECLINE;
    cell->expired += event == ACTIVITY_EXPIRE;
    return STATUS_OK;
}

/* What the requester's own institution sends back or refuses was asked of nobody. */
static enum status refused(struct activity *a, const struct activity_case *about,
                           enum activity_event event, int64_t at_ms, const char *by)
{
    struct reading *r = &a->reading;
    bool own = strcmp(by, about->requester) == 0;
    bool again = event == ACTIVITY_DECLINE && !own && declined_before(r, by);
    return own || again || !in_period(a, at_ms) ? STATUS_OK : unanswered(a, about, event, by);
}

enum status activity_add(struct activity *a, const struct activity_case *about,
                         enum activity_event event, int64_t at_ms, const char *by)
{
    struct reading *r = &a->reading;
    if (strcmp(r->id, about->id) != 0) {
        memset(r, 0, sizeof *r);
        (void)snprintf(r->id, sizeof r->id, "%s", about->id);
    }
    switch (event) {
    case ACTIVITY_SUBMIT:
        return submitted(a, at_ms);
    case ACTIVITY_LATE:
        r->late = true;
        return STATUS_OK;
    case ACTIVITY_HAND_OVER:
        r->waiting_since_ms = at_ms;
        r->late = false;
        r->acceptor[0] = '\0';
        return STATUS_OK;
    case ACTIVITY_ACCEPT:
        return accepted(a, about, at_ms, by);
    case ACTIVITY_DECLINE:
    case ACTIVITY_RETURN:
        return refused(a, about, event, at_ms, by);
    case ACTIVITY_EXPIRE:
        return in_period(a, at_ms)
                   ? unanswered(a, about, event,
                                r->acceptor[0] != '\0' ? r->acceptor : about->target)
                   : STATUS_OK;
    case ACTIVITY_SIGN:
        return signed_first(a, about, at_ms, by);
    }
    return STATUS_OK;
}

/* ---- the outcome ---- */

size_t activity_cells(const struct activity *activity)
{
    return activity->count;
}

struct activity_cell *activity_cell(struct activity *activity, size_t index)
{
    CHECK(index < activity->count);
    return &activity->cells[index];
}

static bool add_samples(struct activity_samples *to, const struct activity_samples *from)
{
    for (size_t i = 0; i < from->count; i++) {
        if (!sample(to, from->ms[i])) {
            return false;
        }
    }
    return true;
}

struct activity_cell *activity_total(struct activity *a)
{
    if (a->total != NULL) {
        return a->total;
    }
    struct activity_cell *total = calloc(1, sizeof *total);
    for (size_t i = 0; total != NULL && i < a->count; i++) {
        const struct activity_cell *cell = &a->cells[i];
        total->signed_count += cell->signed_count;
        total->in_error += cell->in_error;
        total->accepted += cell->accepted;
        total->in_time += cell->in_time;
        total->returned += cell->returned;
        total->declined += cell->declined;
        total->expired += cell->expired;
        if (!add_samples(&total->to_acceptance, &cell->to_acceptance) ||
            !add_samples(&total->to_opinion, &cell->to_opinion)) {
            clear_cell(total);
            free(total);
            return NULL;
        }
    }
    a->total = total;
    return total;
}

int64_t activity_submitted(const struct activity *activity)
{
    return activity->submitted;
}

int64_t activity_kept(const struct activity *activity)
{
    return activity->kept;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t activity_median(struct activity_samples *samples)
{
    if (samples->count == 0) {
        return -1;
    }
    qsort(samples->ms, samples->count, sizeof *samples->ms, by_value);
    return samples->ms[(samples->count - 1) / 2];
}
