/* Recordings of a consultation as the interface shows and plays them. Each playback is in the audit
 * trail: a first request, or one after ten minutes without any (ranges of one playback are one
 * row). Store thread, except where said. */
#ifndef GATEWAY_RECORDS_RECORDINGS_H
#define GATEWAY_RECORDS_RECORDINGS_H

#include "gateway/api.h"

/* [{id, part, state, media_type, started_ms, duration_ms, bytes, sha256, gaps, tracks}], new
 * reference. */
MUST_USE enum status recordings_of(struct db *db, const char *consultation_id, json_t **out_list);

void recordings_list(struct api_call *call);        /* GET /consultations/{id}/recordings */
void recordings_content(struct api_call *call);     /* GET /recordings/{id}/content */
void recordings_poster(struct api_call *call);      /* GET /recordings/{id}/poster */
void recordings_poster_blob(struct api_call *call); /* its second part, on a blob thread: decodes */

#endif
