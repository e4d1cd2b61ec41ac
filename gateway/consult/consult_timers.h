/* Timers of the states as rows (consultation_timer), so that they survive a restart. Intervals from
 * gateway/config where it has a setting, else from consult_fsm.def. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_TIMERS_H
#define GATEWAY_CONSULT_CONSULT_TIMERS_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

/* How long the timer runs for a consultation of that urgency; config may be NULL. */
int64_t consult_timer_interval_ms(const struct api_config *config, enum consult_timer timer,
                                  const char *urgency);
/* When the present state is overdue: the last of its timers counted from state_since_ms; 0 = it has
 * none. */
int64_t consult_timers_deadline(const struct api_config *config, const struct consult_row *row);
/* The state was entered: the timers of the former one go, those of this one are set. */
MUST_USE enum status consult_timers_enter(struct api_call *call, const struct consult_row *row);

#endif
