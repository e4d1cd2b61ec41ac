/* Who is there: questions about duty (a fact: a person's own act) and the roster (a plan: shifts).
 *
 * A person is on duty or not; on duty, a pause or break keeps offers from ringing and nothing else.
 * A pause whose end has passed counts as ended, whether or not the round has cleared it yet. A
 * shift is `duty` (planned presence), `on-call` (rung when nobody on duty answers) or `bookable`
 * (appointments go there); specialty or partnership NULL means any. Nobody comes on duty by a
 * shift. Store thread, in a transaction. */
#ifndef GATEWAY_DIRECTORY_DUTY_H
#define GATEWAY_DIRECTORY_DUTY_H

#include "gateway/store/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SQL: on duty and not paused. d: alias of the table duty; now: a placeholder ("$3"), used once. */
#define DUTY_RINGS(d, now)                                                                         \
    "(" d ".on_duty = 1 AND (" d ".pause IS NULL OR (" d ".pause_until_ms IS NOT NULL AND " d      \
    ".pause_until_ms <= " now ")))"
/* SQL: on duty, but paused; as DUTY_RINGS. */
#define DUTY_PAUSED(d, now)                                                                        \
    "(" d ".on_duty = 1 AND " d ".pause IS NOT NULL AND (" d ".pause_until_ms IS NULL OR " d       \
    ".pause_until_ms > " now "))"

struct duty_state {
    bool on_duty;
    char pause[8];          /* "pause", "break"; "" = none, always when off duty */
    int64_t since_ms;       /* of on_duty; 0 = never was */
    int64_t pause_until_ms; /* 0 = until it is ended by hand, or no pause */
};
/* Off duty when nothing is known of the account. STATUS_IO. */
MUST_USE enum status duty_state_load(struct db *db, const char *account_id, int64_t now_ms,
                                     struct duty_state *out_state);
bool duty_state_rings(const struct duty_state *state);

struct duty_accounts {
    char (*ids)[33];
    size_t count;
};
/* Enabled specialists with an on-call shift now for that specialty (one of theirs) and that
 * partnership, on duty or not: the earliest shift first, then by id. partnership_id NULL: shifts of
 * any. On STATUS_OK the caller clears the list. STATUS_IO, STATUS_NO_MEMORY. */
MUST_USE enum status duty_on_call(struct db *db, const char *specialty, const char *partnership_id,
                                  int64_t now_ms, struct duty_accounts *out_accounts);
void duty_accounts_clear(struct duty_accounts *accounts);

/* May an appointment stand there? True when the account has published no bookable shift that
 * touches the days (China Standard Time) of the interval, or when the interval lies within one.
 * STATUS_IO; from_ms < until_ms. */
MUST_USE enum status duty_bookable(struct db *db, const char *account_id, int64_t from_ms,
                                   int64_t until_ms, bool *out_bookable);

#define DUTY_DAY_MS INT64_C(86400000)
/* Midnight, China Standard Time, at or before that time. Any thread. */
int64_t duty_day_start(int64_t ms);

#endif
