/* The end of a consultation: the requester's own decision, follow-up, the sample of the quality
 * review, and the archive. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_CLOSING_H
#define GATEWAY_CONSULT_CONSULT_CLOSING_H

#include "gateway/consult/consult_change.h"

/* Guard `sample`. */
bool consult_guard_sample(struct api_call *call, struct consult_row *row,
                          const struct consult_change *change);
/* Writes the manifest of every original (consultation_archive) and its hash into row; for the event
 * `archive`. */
MUST_USE enum status consult_archive_make(struct api_call *call, struct consult_row *row);
/* GET /consultations/{id}/archive: {sha256, manifest, at_ms}; the parties and coordinators. */
void consult_archive_get(struct api_call *call);

#endif
