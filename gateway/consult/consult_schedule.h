/* Appointments: a time that is free for both sides. Busy is who has another appointment then, as
 * requester, consultant or member; where somebody has published bookable times for that day, the
 * appointment lies within one. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_SCHEDULE_H
#define GATEWAY_CONSULT_CONSULT_SCHEDULE_H

#include "gateway/consult/consult_change.h"

/* Guard `slot`, for the times in the row. */
bool consult_guard_slot(struct api_call *call, struct consult_row *row,
                        const struct consult_change *change);

#endif
