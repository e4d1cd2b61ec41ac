/* Reading a consultation for somebody: what consult, records and queue share (consult_access.c).
 * Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_LOAD_H
#define GATEWAY_CONSULT_CONSULT_LOAD_H

#include "gateway/consult/consult_access.h"

/* Loads it if call->actor has a relation to it by which the case is seen (not an observer). True:
 * *row is the caller's to clear. False: answered, nothing to clear. */
bool consult_load(struct api_call *call, const char *id, struct consult_row *out_row,
                  unsigned *out_relation);
/* The same, also for an observer and with no relation (*out_relation 0). */
bool consult_load_any(struct api_call *call, const char *id, struct consult_row *out_row,
                      unsigned *out_relation);
/* 404; returns false. */
bool consult_unknown(struct api_call *call);

#endif
