/* Shifts of the roster: POST /duty/shifts and DELETE /duty/shifts/{id}; the object `shift`. A
 * coordinator plans for the specialists of the own institution; specialists publish the own times
 * that can be booked. A shift is not edited but removed and set again: it has no version. Store
 * thread, in a transaction. */
#ifndef GATEWAY_DIRECTORY_DUTY_SHIFT_H
#define GATEWAY_DIRECTORY_DUTY_SHIFT_H

#include "gateway/api.h"

#define DUTY_SHIFT_LENGTH_MAX_MS (INT64_C(31) * 86400000) /* on call for a month at most */
#define DUTY_SHIFT_AHEAD_MAX_MS (INT64_C(400) * 86400000) /* a year is planned before it begins */

void duty_shift_post(struct api_call *call);
void duty_shift_delete(struct api_call *call);

/* Everything borrowed; specialty, partnership_id, created_by may be NULL. */
struct duty_shift {
    const char *account_id, *kind, *specialty, *partnership_id, *created_by;
    int64_t from_ms, until_ms;
};
bool duty_shift_kind(const char *word); /* duty, on-call, bookable */
/* May the actor set and remove shifts of that kind for that person of that institution? */
bool duty_may_plan(const struct api_actor *actor, const char *account_id,
                   const char *organisation_id, const char *kind);
/* The first shift of the same kind and person that shares time with it; STATUS_NONE: there is none.
 */
MUST_USE enum status duty_shift_overlap(struct db *db, const struct duty_shift *shift,
                                        char out_id[33]);
/* Writes it under a fresh id. STATUS_IO, STATUS_CONFLICT. */
MUST_USE enum status duty_shift_add(struct db *db, const struct duty_shift *shift, int64_t now_ms,
                                    char out_id[33]);

/* Columns that duty_shift_json() reads, in its order; WHERE and ORDER BY follow. s, a, p:
 * duty_shift, account, practitioner. */
#define DUTY_SHIFT_SELECT                                                                          \
    "SELECT s.id, s.account_id, p.name_zh, p.name_en, s.kind, s.specialty, g.id, g.name_zh,"       \
    " g.name_en, s.from_ms, s.until_ms, p.organisation_id FROM duty_shift s"                       \
    " JOIN account a ON a.id = s.account_id JOIN practitioner p ON p.id = a.practitioner_id"       \
    " LEFT JOIN partnership g ON g.id = s.partnership_id "
/* The object of the present row, new; may_remove as seen by the actor of the call. */
json_t *duty_shift_json(const struct api_call *call, struct db_query *q);
/* Shifts of one account that touch the interval, earliest first; a new array. STATUS_IO. */
MUST_USE enum status duty_shifts_of(struct api_call *call, const char *account_id, int64_t from_ms,
                                    int64_t until_ms, json_t **out_shifts);

#endif
