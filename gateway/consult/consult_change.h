/* The one function through which a consultation changes: table, guards, row (version + 1), audit
 * row, timers, offers, recording and effects, all in the transaction of the call. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_CHANGE_H
#define GATEWAY_CONSULT_CONSULT_CHANGE_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

struct consult_change {
    enum consult_event event;
    unsigned actor;           /* enum consult_actor bits of who causes it */
    const char *actor_id;     /* account; NULL: the system */
    const char *reason_code;  /* NULL: none; [a-z0-9-], at most 64 */
    const char *reason_text;  /* NULL: none */
    const char *audit_action; /* NULL: "consultation." and the event's name */
    json_t *detail; /* for the audit row, borrowed; NULL: none. Ids and hashes, no content */
    /* NULL, or what must happen after the guards and before row and audit are written, such as the
     * signature, whose hash belongs into the audit row: *out_detail (new reference) replaces
     * detail. False: it has answered the call. */
    bool (*perform)(struct api_call *call, const struct consult_row *row, json_t **out_detail);
};

/* The caller has put what the event brings (fields, decision, consultant) into *row. True: done,
 * row is as stored. False: the call has been answered (409 by the table, 403 not this actor, 4xx a
 * guard, 409 consultation.conflict, 503), and its transaction must be rolled back, which a status
 * of 400 and above does. */
bool consult_change(struct api_call *call, struct consult_row *row,
                    const struct consult_change *change);
/* An audit row about row that changes nothing of it (a reminder, an opened room). */
bool consult_audit(struct api_call *call, const struct consult_row *row, const char *actor_id,
                   const char *action, const char *reason_code, json_t *detail);
/* [a-z0-9-]{1,64} */
bool consult_reason_code_valid(const char *code);

#endif
