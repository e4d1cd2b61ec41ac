/* The person's own act: GET and PUT /duty (on, off, pause, break), and every other way in which
 * duty ends. Routes in duty_routes.h. Store thread, in a transaction script; false: the call has
 * been answered. */
#ifndef GATEWAY_DIRECTORY_DUTY_SWITCH_H
#define GATEWAY_DIRECTORY_DUTY_SWITCH_H

#include "gateway/api.h"

#define DUTY_PAUSE_MINUTES_MAX 480 /* a shift: who stays away longer goes off duty */
#define DUTY_SHIFTS_AHEAD_MS (INT64_C(7) * 86400000) /* of the own shifts in GET /duty */

void duty_get(struct api_call *call);
void duty_put(struct api_call *call);
/* The object `duty` of the actor into call->reply. */
bool duty_reply(struct api_call *call);

/* Ends the duty of that account, if it is on duty: offers stop, a hand-over that was asked for is
 * gone, audit row duty.off with reason_code (NULL: by the own switch). */
bool duty_end(struct api_call *call, const char *account_id, const char *reason_code);
/* Ends the pause of somebody who is on duty: what waits rings again. reason_code "time": it had run
 * out. */
bool duty_resume(struct api_call *call, const char *account_id, const char *reason_code);

#endif
