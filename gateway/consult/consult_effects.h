/* What others learn of a change: signalling messages and metrics as effects of the call (delivered
 * after the commit). Store thread. Out of memory only loses the notice, never the change. */
#ifndef GATEWAY_CONSULT_CONSULT_EFFECTS_H
#define GATEWAY_CONSULT_CONSULT_EFFECTS_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

/* consultation.changed to requester, consultant, members, second reader, guests on stage and
 * whoever it is offered to now; observers too. */
MUST_USE enum status consult_effect_changed(struct api_call *call, const struct consult_row *row);
/* The same to one who is no party any more: it is not theirs to see now. */
void consult_effect_former(struct api_call *call, const struct consult_row *row,
                           const char *account_id);
/* queue.changed to one account (NULL: all coordinators and operators). */
void consult_effect_queue(struct api_call *call, const char *account_id);
void consult_effect_ring(struct api_call *call, const struct consult_row *row,
                         const char *account_id);
/* by: {name_zh, name_en} of who accepted it, borrowed; NULL = nobody. */
void consult_effect_gone(struct api_call *call, const struct consult_row *row,
                         const char *account_id, const char *reason, json_t *by);
/* case.alarm to the coordinators who have to do with it and to the requester; hard: to operators
 * too. */
void consult_effect_alarm(struct api_call *call, const struct consult_row *row, const char *stage,
                          bool hard);
/* case.reminder to one account: something of the case is due. */
void consult_effect_reminder(struct api_call *call, const struct consult_row *row,
                             const char *account_id, const char *what);
/* guest.ring: call->actor calls the account on stage. */
void consult_effect_guest_ring(struct api_call *call, const struct consult_row *row,
                               const char *account_id);
/* guest.gone, and its seat in the room is closed at once. */
void consult_effect_guest_gone(struct api_call *call, const struct consult_row *row,
                               const char *account_id, const char *reason);
/* observer.admitted: call->actor lets the account observe. */
void consult_effect_observer_admitted(struct api_call *call, const struct consult_row *row,
                                      const char *account_id);
/* observer.gone, and its place in the room is closed at once. */
void consult_effect_observer_gone(struct api_call *call, const struct consult_row *row,
                                  const char *account_id, const char *reason);
void consult_effect_room_close(struct api_call *call, const struct consult_row *row,
                               const char *reason);
/* Counter of gateway/ops/metrics.def by name; label values in order, separated by commas. */
void consult_effect_count(struct api_call *call, const char *metric, const char *labels);

#endif
