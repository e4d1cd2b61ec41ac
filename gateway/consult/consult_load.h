/* Reading a consultation for somebody: what consult, records and queue share (consult_access.c).
 * Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_LOAD_H
#define GATEWAY_CONSULT_CONSULT_LOAD_H

#include "gateway/access.h"
#include "gateway/consult/consult_access.h"

/* Loads it if call->actor has a relation to it by which the case is seen (not an observer). True:
 * *row is the caller's to clear. False: answered, nothing to clear. */
bool consult_load(struct api_call *call, const char *id, struct consult_row *out_row,
                  unsigned *out_relation);
/* The same, also for an observer and with no relation (*out_relation 0). */
bool consult_load_any(struct api_call *call, const char *id, struct consult_row *out_row,
                      unsigned *out_relation);
/* Loads it for a call that reads, if call->actor has one of the relations that the call's row in
 * gateway/access.def names. Where ACCESS_CONTINUES is among them: also for a party of a present
 * consultation that opens it (consult_continuity.h); *out_relation is ACCESS_CONTINUES then, and
 * the trail has a row `earlier.read` with the present one. For the list of files that may be
 * answered with 403 consent.imaging. */
bool consult_load_for(struct api_call *call, const char *id, enum access_id access,
                      struct consult_row *out_row, unsigned *out_relation);
/* 404; returns false. */
bool consult_unknown(struct api_call *call);

#endif
