/* The one function through which a referral changes: table, guards, row (version + 1), step, audit
 * row, place, timers and notices, all in the transaction of the call. Store thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_CHANGE_H
#define GATEWAY_REFERRAL_REFERRAL_CHANGE_H

#include "gateway/api.h"
#include "gateway/referral/referral_row.h"

struct referral_change {
    enum referral_event event;
    unsigned actor;          /* enum referral_actor bits of who causes it */
    const char *actor_id;    /* account; NULL: the system */
    const char *reason_code; /* NULL: none; [a-z0-9-], at most 64 */
    const char *reason_text; /* NULL: none */
    const json_t *body;      /* of an action; NULL: none */
};

/* True: done, row is as stored. False: the call has been answered (409 by the table, 403 not this
 * actor, 4xx a guard, 409 place.taken, 409 referral.conflict, 503), and its transaction must be
 * rolled back, which a status of 400 and above does. */
bool referral_change(struct api_call *call, struct referral_row *row,
                     const struct referral_change *change);
/* A step and an audit row that change nothing of the row: "overdue". True, or answered. */
bool referral_note(struct api_call *call, const struct referral_row *row, const char *actor_id,
                   const char *event, const char *reason_code);

#endif
