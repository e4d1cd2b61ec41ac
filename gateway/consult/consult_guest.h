/* Guests on stage: a third to sixth person whom requester or consultant calls into a consultation
 * that is accepted or running. An invitation is a row of `participation` with role `guest` and a
 * seat of 2..5; it gives the relation CONSULT_ACTOR_GUEST while the consultation's state has a room
 * and until it is ended. A seat stays the account's own for the whole consultation, unless all four
 * are used up: then the one that was given up first goes to the next guest. Store thread, in the
 * transaction of the call. */
#ifndef GATEWAY_CONSULT_CONSULT_GUEST_H
#define GATEWAY_CONSULT_CONSULT_GUEST_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

#define CONSULT_GUEST_SEAT_FIRST 2
#define CONSULT_GUESTS_MAX 4 /* media.h: six seats, two of them the parties' */

/* Whom an invite or uninvite names: `account` of the body, else the one who calls. Borrowed. */
const char *consult_guest_named(const struct api_call *call);
/* `account` of the body: absent or an account's id (required: only the latter). Else answered. */
bool consult_guest_read(struct api_call *call, bool required);

/* The invitation stands (the state is not looked at). */
MUST_USE enum status consult_guest_is(struct db *db, const char *consultation_id,
                                      const char *account_id, bool *out_is);
MUST_USE enum status consult_guest_count(struct db *db, const char *consultation_id,
                                         int64_t *out_count);
/* Appends the accounts of those whose invitation stands. */
MUST_USE enum status consult_guest_accounts(struct db *db, const char *consultation_id,
                                            json_t *accounts);
/* [{account, name_zh, name_en, title, organisation, seat, present}], new reference. */
MUST_USE enum status consult_guest_list(struct db *db, const struct consult_row *row,
                                        json_t **out_list);

/* For struct consult_change's `perform`: the row of the one named, the effects, and the detail of
 * the audit row ({account, seat}). */
bool consult_guest_invite(struct api_call *call, const struct consult_row *row,
                          json_t **out_detail);
bool consult_guest_uninvite(struct api_call *call, const struct consult_row *row,
                            json_t **out_detail);
/* The consultation has no room any more: guests who still ring are told (guest.gone). */
MUST_USE enum status consult_guest_end(struct api_call *call, const struct consult_row *row,
                                       const char *reason);

#endif
