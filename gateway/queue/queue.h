/* The queue: to whom a submitted consultation is offered, in which order it waits, and how long
 * that takes.
 *
 * An offer is a row (consultation_offer) for each specialist on duty whose specialty matches, whose
 * institution is on a route of the rule engine and whose licence the rules accept. It counts while
 * it is `open` and the specialist is on duty, or on call. It stands in the specialist's queue;
 * whether it rings is the ring chain's (ring.h). Institutions are asked tier by tier: the nearest
 * level first, one more with each escalation (row->escalation), unless the agreement's terms know
 * no escalation or the request names an institution. Order: stat, urgent, routine; then the earlier
 * deadline; then the earlier submission. Store thread, in a transaction. */
#ifndef GATEWAY_QUEUE_QUEUE_H
#define GATEWAY_QUEUE_QUEUE_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

/* `PUT /duty` has set the duty row: rings what waits for this specialist. Answers the call on
 * database trouble. */
bool queue_on_duty(struct api_call *call, const char *account_id);
/* The same when duty ended: the specialist's open offers stop ringing (they return with the next
 * duty). */
bool queue_off_duty(struct api_call *call, const char *account_id);

/* Offers row (state offered) to everybody eligible in the tiers asked who has not declined, and
 * begins the ring chain. out_open: how many can accept it now. */
MUST_USE enum status queue_offer(struct api_call *call, const struct consult_row *row,
                                 unsigned *out_open);
/* The same without ringing; on_call: those whom the roster has on call. */
MUST_USE enum status queue_open(struct api_call *call, const struct consult_row *row, bool on_call,
                                unsigned *out_open);
/* How many tiers there are: row->escalation + 1 of them are asked. 0: the rules allow nobody. */
MUST_USE enum status queue_tiers(struct api_call *call, const struct consult_row *row,
                                 int64_t *out_tiers);
/* Ends all open offers: offer.gone with reason to each. winner: its account gets none; NULL =
 * nobody won. */
MUST_USE enum status queue_close(struct api_call *call, const struct consult_row *row,
                                 const char *reason, const char *winner);
/* The open offers of one specialist who declines. out_left: who else on duty can still accept it.
 */
MUST_USE enum status queue_decline(struct api_call *call, const struct consult_row *row,
                                   const char *account_id, const char *reason_code,
                                   const char *reason_text, unsigned *out_left);
/* Offered to this account now? (open, and on duty or on call) */
MUST_USE enum status queue_is_offered(struct db *db, const char *consultation_id,
                                      const char *account_id, bool *out_offered);

struct queue_place {
    int64_t position;         /* 1-based among those of the specialty that wait */
    int64_t ahead;            /* position - 1 */
    int64_t expected_wait_ms; /* -1 = nothing measured yet */
};
MUST_USE enum status queue_place(struct db *db, const struct consult_row *row, int64_t now_ms,
                                 struct queue_place *out_place);
/* Median time from offer to acceptance of the last 20 in the specialty within 30 days; STATUS_NONE
 * when there is none. */
MUST_USE enum status queue_expected_wait(struct db *db, const char *specialty, int64_t now_ms,
                                         int64_t *out_ms);

#endif
