/* What duty does by the clock: pauses that have run out end, hand-overs that nobody answered lapse,
 * and who is not there at the begin of a shift is reminded. A shift's reminded_ms is written in the
 * same transaction as the reminder is decided in, so a restart neither repeats nor forgets it; who
 * is not connected then finds it in GET /duty. */
#ifndef GATEWAY_DIRECTORY_DUTY_ROUND_H
#define GATEWAY_DIRECTORY_DUTY_ROUND_H

#include "gateway/api.h"

/* Transaction script for app_call(), each few seconds. Does a bounded part of what is due. */
void duty_round(struct api_call *call);

#endif
