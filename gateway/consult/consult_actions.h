/* POST /api/v1/consultations/{id}/actions/{action}. Each action brings its own members into the row
 * (before the state table and the guards are asked) and may have work to do afterwards; both are
 * named in one table in the .c. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_ACTIONS_H
#define GATEWAY_CONSULT_CONSULT_ACTIONS_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

void consult_action(struct api_call *call);
/* Submits a stat request that was just stored, consent deferred for the reason why. True, or
 * answered. */
bool consult_submit_stat(struct api_call *call, struct consult_row *row, const char *why);

#endif
