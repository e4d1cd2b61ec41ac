/* Recordings of a session: one row a part; a part begins when the session runs and both consents
 * are there, and ends when one is withdrawn or the session ends. The recorder itself is
 * media/recording; this is its book-keeping. Store thread. The api_fns consult_session_recording_*
 * of consult_session.h are here. */
#ifndef GATEWAY_CONSULT_CONSULT_RECORDING_H
#define GATEWAY_CONSULT_CONSULT_RECORDING_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

/* Patient and present consultant both consent to recording, and the gateway records at all. */
MUST_USE enum status consult_recording_allowed(struct api_call *call, const struct consult_row *row,
                                               bool *out_allowed);
/* A new part with EFFECT_RECORDING_START, unless one runs, the session does not, or it is not
 * allowed. */
MUST_USE enum status consult_recording_start(struct api_call *call, const struct consult_row *row);
/* EFFECT_RECORDING_STOP for the part that runs, if any. reason: "ended", "consent-withdrawn",
 * "restart". */
MUST_USE enum status consult_recording_stop(struct api_call *call, const struct consult_row *row,
                                            const char *reason);
/* {"recording_id","file","part"} of the part that runs; json null when none does. New reference. */
MUST_USE enum status consult_recording_running(struct db *db, const char *consultation_id,
                                               json_t **out_running);

#endif
