/* The places of those who are no parties in a consultation's room: rows of `participation` with
 * role `guest` (seats 2..5, on stage) or `observer` (places 6..29). A row stays when its invitation
 * ends, so that the place is still the account's own if asked again, unless all are used up: then
 * the one that was given up first goes to the next. Store thread, in the transaction of the call.
 */
#ifndef GATEWAY_CONSULT_CONSULT_PLACES_H
#define GATEWAY_CONSULT_CONSULT_PLACES_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

#define CONSULT_PLACES_MAX 24 /* of one role */

struct consult_places {
    const char *role;
    int64_t first; /* number of the first place */
    size_t count;  /* CONSULT_PLACES_MAX at most */
};

struct consult_place {
    char account[33];
    int64_t place, present, since_ms; /* since_ms: of the last change of present */
    int64_t ended_ms;                 /* 0: it stands */
};

/* Whom an action names: `account` of the body, else the one who calls. Borrowed. */
const char *consult_place_named(const struct api_call *call);
/* `account` of the body: absent or an account's id (required: only the latter). Else answered. */
bool consult_place_read(struct api_call *call, bool required);

/* It stands (the consultation's state is not looked at). */
MUST_USE enum status consult_place_is(struct db *db, const struct consult_places *places,
                                      const char *consultation_id, const char *account_id,
                                      bool *out_is);
/* Role of the account's row if it stands, else "". */
MUST_USE enum status consult_place_role(struct db *db, const char *consultation_id,
                                        const char *account_id, char out_role[16]);
MUST_USE enum status consult_place_count(struct db *db, const struct consult_places *places,
                                         const char *consultation_id, int64_t *out_count);
/* Those that stand, by place. */
MUST_USE enum status consult_place_standing(struct db *db, const struct consult_places *places,
                                            const char *consultation_id,
                                            struct consult_place out[CONSULT_PLACES_MAX],
                                            size_t *out_count);
/* Appends the accounts of those that stand. */
MUST_USE enum status consult_place_accounts(struct db *db, const struct consult_places *places,
                                            const char *consultation_id, json_t *accounts);
/* [{account, name_zh, name_en, title, organisation, seat, present}], new reference; empty when the
 * consultation does not run. */
MUST_USE enum status consult_place_list(struct db *db, const struct consult_places *places,
                                        const struct consult_row *row, json_t **out_list);
/* Gives the account a place. STATUS_FULL: all stand. */
MUST_USE enum status consult_place_give(struct db *db, const struct consult_places *places,
                                        const char *consultation_id, const char *account_id,
                                        int64_t *out_place);
/* It stands no more. STATUS_NONE: it never did. */
MUST_USE enum status consult_place_end(struct db *db, const struct consult_places *places,
                                       const char *consultation_id, const char *account_id,
                                       int64_t now_ms, int64_t *out_place);

#endif
