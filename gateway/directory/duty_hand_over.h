/* Duty handed to a colleague of the same institution and a shared specialty: POST /duty/hand-over.
 * One who is on duty has it at once; one who is only on call is asked, and the giver stays on duty
 * until the other comes (PUT /duty), so that nobody is missing meanwhile. Store thread, in a
 * transaction script; false: the call has been answered. */
#ifndef GATEWAY_DIRECTORY_DUTY_HAND_OVER_H
#define GATEWAY_DIRECTORY_DUTY_HAND_OVER_H

#include "gateway/api.h"

#define DUTY_HAND_OVER_MS (INT64_C(15) * 60000) /* [M] how long an answer may take */

void duty_hand_over(struct api_call *call);

/* The account came on duty: whoever had asked it goes off duty. */
bool duty_hand_over_take(struct api_call *call, const char *account_id);
/* The account says no: whoever had asked it is told. */
bool duty_hand_over_decline(struct api_call *call, const char *account_id);
/* What the account had asked for is gone. */
bool duty_hand_over_drop(struct api_call *call, const char *account_id);
/* Those whose time has run out: the giver is told. */
bool duty_hand_over_lapse(struct api_call *call);

/* The own request (or null) and those to the account, as new objects. STATUS_IO. */
MUST_USE enum status duty_hand_over_json(struct api_call *call, const char *account_id,
                                         json_t **out_own, json_t **out_asked);

#endif
