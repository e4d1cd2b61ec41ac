/* What the running room tells the consultation, and what the process does at start and on a clock.
 * Each is an api_fn for app_call(): body and actor go in, `reply` comes out, effects follow after
 * the commit. Bodies are borrowed.
 *
 * Seats: requester 0, consultant 1, guests 2..5, observers' places 6..29; a seat belongs to the
 * account for the whole consultation. Presence is a column of `participation`, so that start-up
 * knows who was there. */
#ifndef GATEWAY_CONSULT_CONSULT_SESSION_H
#define GATEWAY_CONSULT_CONSULT_SESSION_H

#include "gateway/api.h"

/* actor: who joins. body {"consultation"}. 404 not a party, 409 room.closed when the state has no
 * room. Marks the seat present; with both parties present an accepted or interrupted consultation
 * becomes in-session, which may start the recording. reply
 * {"consultation","seat","state","version","recording_allowed","parties":[{"seat","account","name_zh","name_en","role"}],
 *        "recording":{"recording_id","file","part"}|null}   recording: the one that should be
 * running now */
void consult_session_join(struct api_call *call);
/* actor NULL or the party. body {"consultation","seat" or "account"}: that seat has been empty for
 * 10 s. in-session becomes interrupted, unless it is a guest's. reply {"state","version"}. A
 * consultation in another state is left as it is (200). */
void consult_session_absent(struct api_call *call);
/* body {"consultation","recording_id"?}: the recorder has begun. Idempotent. reply
 * {"recording_id","file","part"}; 409 recording.not-allowed when consents or state do not allow one
 * now: then stop at once. Without recording_id a row is made. */
void consult_session_recording_started(struct api_call *call);
/* body {"recording_id","reason"}: the recorder cannot go on ("disk", "technical"); what was written
 * before is completed later, by this process or by the next. Idempotent. */
void consult_session_recording_stopped(struct api_call *call);
/* body
 * {"recording_id","failed":bool?,"recovered":bool?,"reason"?,"file","media_type","sha256","started_ms","duration_ms",
 * "bytes","gaps":[{"party","kind","from_ms","to_ms"}],"tracks":[{"party","kind","codec"}]}: the
 * file is whole (or never will be). */
void consult_session_recording_complete(struct api_call *call);
/* Once, before the port opens. in-session becomes interrupted, who waited in the room has left it,
 * nobody is present.
 * reply {"interrupted":[ids],"recordings":[{"recording_id","consultation","file","part"}]}: files
 * left behind, to be given to recorder_recover() and then to consult_session_recording_complete. */
void consult_startup(struct api_call *call);
/* reply {"consultations":{state:count},"by":[{"state","mode","urgency","count"}],
 *        "queue":{"depth","oldest_ms","by_urgency":{"stat","urgent","routine"},"oldest_by_urgency":{the
 * same}}} */
void consult_snapshot(struct api_call *call);

#endif
