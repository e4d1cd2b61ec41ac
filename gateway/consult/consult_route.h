/* Where a request goes next: to the approver, to triage, to specialists, a tier higher, back.
 * Nothing waits where nobody is: without an approver at the institution nothing is held, without a
 * coordinator nothing waits for triage, and what nobody can take ends up with coordinators and at
 * last with the requester. The steps of consult_step.h for these are here too. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_ROUTE_H
#define GATEWAY_CONSULT_CONSULT_ROUTE_H

#include "gateway/consult/consult_change.h"

/* From `submitted` on. approved: the approver has released it. True, or answered. */
bool consult_route(struct api_call *call, struct consult_row *row, bool approved);
/* Offers a request that is `submitted` or `triaged`. */
bool consult_offer(struct api_call *call, struct consult_row *row);
/* The deadline of an offer has passed, or nobody is left: one tier higher; at the top coordinators
 * are alarmed, and after the second alarm it expires (stat never does). */
bool consult_escalate(struct api_call *call, struct consult_row *row, const char *reason);
/* The timer `ring`. */
bool consult_ring(struct api_call *call, struct consult_row *row);

#endif
