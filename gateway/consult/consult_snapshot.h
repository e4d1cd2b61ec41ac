/* Counts of consultations and of the queue from the database, for metrics (consult_snapshot,
 * declared in consult_session.h) and for the operator's overview. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_SNAPSHOT_H
#define GATEWAY_CONSULT_CONSULT_SNAPSHOT_H

#include "gateway/api.h"

/* Sets members consultations, by and queue of object. */
MUST_USE enum status consult_snapshot_add(struct db *db, int64_t now_ms, json_t *object);

#endif
