/* The ring chain: whose telephone an offered consultation makes ring, and when the next one's.
 *
 *   candidate    one after the other of those to whom it is offered, who are on duty, not paused
 * and not in a session; who was rung longest ago comes first, so that rings are spread pool all of
 * them at once                                    (urgent and stat from here) on-call      those
 * whom the roster has on call, off duty too coordinator  the coordinators are told to telephone
 *   alarm        hard alarm to coordinators, operators and the requester, again at each step
 *
 * Two people ring for one case in `pool` and later only. A routine case stays with `candidate`,
 * round and round, until its deadline. Each step is the timer `ring`; the stage is a row
 * (consultation_ring), so that a restart goes on where it was. Store thread. */
#ifndef GATEWAY_QUEUE_RING_H
#define GATEWAY_QUEUE_RING_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

/* The first ring of an offer that was just opened. */
MUST_USE enum status ring_begin(struct api_call *call, const struct consult_row *row);
/* More are asked now: those among them who were not rung yet come first. */
MUST_USE enum status ring_widened(struct api_call *call, const struct consult_row *row);
/* Nobody took it in time: the next one, or the next stage. */
MUST_USE enum status ring_next(struct api_call *call, const struct consult_row *row);
/* Is there somebody who has not been rung yet, one by one? */
MUST_USE enum status ring_has_next(struct api_call *call, const struct consult_row *row,
                                   bool *out_has);
/* Straight to the alarm: the deadline has passed and nobody higher can be asked. out_alarms: how
 * often a deadline has passed so. */
MUST_USE enum status ring_alarm(struct api_call *call, const struct consult_row *row,
                                int64_t *out_alarms);
/* A specialist came on duty, and has an open offer: rings at once if nobody else is being rung. */
MUST_USE enum status ring_arrived(struct api_call *call, const struct consult_row *row,
                                  const char *account_id);
/* A specialist declined or left: if that was the one being rung, the next one is. */
MUST_USE enum status ring_left(struct api_call *call, const struct consult_row *row,
                               const char *account_id);
/* {stage, rung, since_ms, alarms}; json null when it is not offered. New reference. */
MUST_USE enum status ring_view(struct db *db, const struct consult_row *row, json_t **out_view);

#endif
