/* Observers: colleagues who learn, up to 24 in one consultation that is accepted or running. The
 * consultant admits them while the patient's consent `teaching` stands; they receive what the stage
 * sends, and nothing else of the case (decisions/009). Being admitted gives the relation
 * CONSULT_ACTOR_OBSERVER and a place (consult_places.h). It ends with the consent, with the room,
 * or when a party or the observer ends it; the place in the room is closed in the same transaction.
 * Each coming and going is an audit row: observer.join, observer.leave. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_OBSERVER_H
#define GATEWAY_CONSULT_CONSULT_OBSERVER_H

#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_places.h"

#define CONSULT_OBSERVER_FIRST 6 /* media.h: the places after the six seats */
#define CONSULT_OBSERVERS_MAX 24

extern const struct consult_places consult_observers;

/* For struct consult_change's `perform`: the row of the one named, the effects, and the detail of
 * the audit row ({account, seat}). */
bool consult_observer_admit(struct api_call *call, const struct consult_row *row,
                            json_t **out_detail);
bool consult_observer_dismiss(struct api_call *call, const struct consult_row *row,
                              json_t **out_detail);
/* One who may be an observer observes no more. True also when it is none; false: answered. */
bool consult_observer_leave(struct api_call *call, const struct consult_row *row,
                            const char *account_id, const char *reason);
/* All of them: consent withdrawn, no room any more. */
MUST_USE enum status consult_observer_end(struct api_call *call, const struct consult_row *row,
                                          const char *reason);
/* Attendance: call->actor came to the room; the account of the body went, if it was there. */
bool consult_observer_came(struct api_call *call, const struct consult_row *row, int64_t place);
MUST_USE enum status consult_observer_went(struct api_call *call, const struct consult_row *row);
/* Start-up: who was in a room when the process ended has left it. */
MUST_USE enum status consult_observer_startup(struct api_call *call);

/* Guard `teaching`: the patient has consented to it. */
bool consult_guard_teaching(struct api_call *call, struct consult_row *row,
                            const struct consult_change *change);
/* Guard `place`: one of the 24 is free, or the one named has it. */
bool consult_guard_place(struct api_call *call, struct consult_row *row,
                         const struct consult_change *change);
/* Guard `observer`: the one named is one; an observer names nobody else. */
bool consult_guard_observer(struct api_call *call, struct consult_row *row,
                            const struct consult_change *change);

#endif
