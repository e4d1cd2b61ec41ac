/* Timers of the states as rows (consultation_timer), so that they survive a restart. How long:
 * what the terms of the agreement say, else the setting in gateway/config, else the default in
 * consult_fsm.def. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_TIMERS_H
#define GATEWAY_CONSULT_CONSULT_TIMERS_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"
#include "gateway/partnership/terms.h"

/* How long the timer runs for a consultation of that urgency; config and terms may be NULL. 0: it
 * does not run. */
int64_t consult_timer_interval_ms(const struct api_config *config, const struct terms *terms,
                                  enum consult_timer timer, const char *urgency);
/* Sets row->deadline_ms: when the present state is overdue, the last of its timers that count; 0 =
 * it has none. */
MUST_USE enum status consult_timers_deadline(struct api_call *call, struct consult_row *row);
/* The state was entered: the timers of the former one go, those of this one are set. */
MUST_USE enum status consult_timers_enter(struct api_call *call, const struct consult_row *row);
/* Sets one timer anew, from now; *out_due_ms is when it is due. */
MUST_USE enum status consult_timer_again(struct api_call *call, const struct consult_row *row,
                                         enum consult_timer timer, int64_t *out_due_ms);

#endif
