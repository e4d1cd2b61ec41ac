/* GET /api/v1/consultations?list=mine|queue|assigned|history&limit=&before_ms=: summaries.
 *   mine      asked by me and not over (coordinator: by anybody of my institution)
 *   queue     offered to me now, by urgency, then deadline (coordinator: offered to my institution,
 * or asked by it) assigned  accepted by me and not over history   over: closed, withdrawn, expired,
 * failed; asked or accepted by me (coordinator: my institution) All but queue go by created_ms,
 * newest first; the next page is before_ms = created_ms of the last one. A page never ends between
 * two of the same millisecond. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_LIST_H
#define GATEWAY_CONSULT_CONSULT_LIST_H

#include "gateway/api.h"

void consult_list(struct api_call *call);

#endif
