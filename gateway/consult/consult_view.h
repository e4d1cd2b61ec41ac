/* A consultation as the interface shows it (proto/signal/README.md): the whole object and the
 * summary, with the `actions` that the state table leaves to the one who asks. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_VIEW_H
#define GATEWAY_CONSULT_CONSULT_VIEW_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

/* Sets reply and ETag to the whole object as call->actor may see it; status stays. Who has lost the
 * relation meanwhile (a candidate who declined) gets the summary without the patient, an observer
 * that with sex and age. */
void consult_reply(struct api_call *call, const struct consult_row *row);
/* New reference; NULL: the call has been answered with 503. */
json_t *consult_summary(struct api_call *call, const struct consult_row *row, unsigned relation);
/* New reference: names of the actions that table, relation and presence allow now. What else is
 * needed (a reason, a consent, a field) is said when the action is tried. */
json_t *consult_actions(struct api_call *call, const struct consult_row *row, unsigned relation);
/* If-Match absent or the present version: true. Else 412 consultation.stale. */
bool consult_if_match(struct api_call *call, const struct consult_row *row);

#endif
