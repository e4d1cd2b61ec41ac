/* What the members of a partnership did for each other in a period, counted from the events of each
 * consultation: one cell for each agreement version, pair of institutions, kind and urgency. No
 * SQL, no JSON, no clock: the events come in the order in which they happened
 * (partnership_activity.h reads them).
 *
 * An event counts in the period in which it happened, so that a statement that was drawn stays as
 * it is. Per consultation:
 *   signed            its first signature; an amended opinion is the same service. Marked as
 * entered in error later: in_error instead, which alone changes a statement afterwards accepted
 * each acceptance by the institution; in_time: the agreement's time for an offer had not run out
 * (no escalation by deadline since it was submitted) returned          for material, by the
 * institution that was asked declined          once for each institution and submission, however
 * many specialists decline; a refusal by its coordinator too expired           nobody took it, or
 * it was taken and not begun; not: the requester never supplied what it was returned for Times to
 * acceptance and to the opinion begin with the last submission (or hand-over, to acceptance). The
 * consulting institution is the one whose specialist acted; "" where nobody was named and nobody
 * took it. Store thread; a table belongs to its caller. */
#ifndef GATEWAY_PARTNERSHIP_ACTIVITY_H
#define GATEWAY_PARTNERSHIP_ACTIVITY_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum activity_event {
    ACTIVITY_SUBMIT, /* or renew */
    ACTIVITY_LATE,   /* the time for an offer ran out */
    ACTIVITY_HAND_OVER,
    ACTIVITY_ACCEPT,
    ACTIVITY_DECLINE,
    ACTIVITY_RETURN,
    ACTIVITY_EXPIRE,
    ACTIVITY_SIGN
};

/* What all events of a consultation have in common; texts are borrowed for the call. */
struct activity_case {
    const char *id, *requester, *consultant, *target; /* organisation ids; "" = none */
    const char *kind, *urgency;
    int64_t agreement_version;
    bool in_error;    /* it was marked as entered in error */
    bool referred_up; /* a referral up went out from it */
};

struct activity_samples {
    int64_t *ms; /* owned by the table */
    size_t count, room;
};

struct activity_cell {
    int64_t agreement_version;
    char requester[33], consultant[33]; /* organisation ids; consultant "" = nobody */
    char kind[16], urgency[16];
    int64_t signed_count, in_error, accepted, in_time, returned, declined, expired;
    struct activity_samples to_acceptance, to_opinion;
};

struct activity; /* opaque: cells by key, and the consultation that is being read */

/* from_ms <= t < until_ms counts. NULL: out of memory. */
struct activity *activity_create(int64_t from_ms, int64_t until_ms);
void activity_destroy(struct activity *activity); /* NULL is fine */

/* The next event: those of one consultation follow each other. by: organisation of whoever caused
 * it, "" = the system. STATUS_NO_MEMORY. */
MUST_USE enum status activity_add(struct activity *activity, const struct activity_case *about,
                                  enum activity_event event, int64_t at_ms, const char *by);

/* Cells in no order; index < activity_cells(). */
size_t activity_cells(const struct activity *activity);
struct activity_cell *activity_cell(struct activity *activity, size_t index);
/* All cells in one (keys empty), with all samples: computed at the first call, events after that
 * are not in it. NULL: out of memory. */
struct activity_cell *activity_total(struct activity *activity);
/* Submitted in the period for the first time; signed and not referred up afterwards. */
int64_t activity_submitted(const struct activity *activity);
int64_t activity_kept(const struct activity *activity);

/* Sorts the samples; the lower one of two in the middle; -1 when there are none. */
int64_t activity_median(struct activity_samples *samples);

#endif
