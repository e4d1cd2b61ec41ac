/* Places for referred patients: beds and hours of the out-patient clinic. A place is free, held by
 * a referral that waits for its answer, or taken by one that was accepted. Two who want the same
 * one: the first has it. Store thread, inside call's transaction. */
#ifndef GATEWAY_REFERRAL_REFERRAL_PLACE_H
#define GATEWAY_REFERRAL_REFERRAL_PLACE_H

#include "gateway/api.h"
#include "gateway/referral/referral_row.h"

/* row->place_id, free and of row's institution and department, becomes held. reserved: only one
 * that is kept for referred patients (senders see no others). True, or answered: 409 place.taken,
 * 422. */
bool referral_place_hold(struct api_call *call, const struct referral_row *row, bool reserved);
/* row->place_id, held by row, becomes taken. STATUS_CONFLICT: it is not held by it. */
MUST_USE enum status referral_place_take(struct db *db, const struct referral_row *row);
/* What row holds or has taken is free again; nothing is fine too. */
MUST_USE enum status referral_place_free(struct db *db, const struct referral_row *row);
/* New reference: {id, code, kind, from_ms, until_ms, reserved, state, department}; NULL: no such
 * place or no memory. */
json_t *referral_place_json(struct db *db, const char *place_id);

void referral_places_get(struct api_call *call);   /* GET /places?organisation=&department= */
void referral_place_post(struct api_call *call);   /* POST /places */
void referral_place_delete(struct api_call *call); /* DELETE /places/{id} */

#endif
