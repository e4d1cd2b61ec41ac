/* Guests on stage: a third to sixth person whom requester or consultant calls into a consultation
 * that is accepted or running. An invitation gives the relation CONSULT_ACTOR_GUEST and a seat
 * (consult_places.h) while the consultation's state has a room and until it is ended. Store thread,
 * in the transaction of the call. */
#ifndef GATEWAY_CONSULT_CONSULT_GUEST_H
#define GATEWAY_CONSULT_CONSULT_GUEST_H

#include "gateway/consult/consult_places.h"

#define CONSULT_GUEST_SEAT_FIRST 2
#define CONSULT_GUESTS_MAX 4 /* media.h: six seats, two of them the parties' */

extern const struct consult_places consult_guests;

/* For struct consult_change's `perform`: the row of the one named, the effects, and the detail of
 * the audit row ({account, seat}). An observer who is invited observes no more. */
bool consult_guest_invite(struct api_call *call, const struct consult_row *row,
                          json_t **out_detail);
bool consult_guest_uninvite(struct api_call *call, const struct consult_row *row,
                            json_t **out_detail);
/* The consultation has no room any more: guests who still ring are told (guest.gone). */
MUST_USE enum status consult_guest_end(struct api_call *call, const struct consult_row *row,
                                       const char *reason);

#endif
