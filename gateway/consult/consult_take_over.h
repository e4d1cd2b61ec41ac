/* Another doctor of the same institution is put in charge of a party's place: of one whose account
 * is closed, who has left, or who is ill. A coordinator names whom. In the states in which a report
 * is written it is the consultant's place, in the others the requester's. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_TAKE_OVER_H
#define GATEWAY_CONSULT_CONSULT_TAKE_OVER_H

#include "gateway/consult/consult_change.h"

/* Guard `house`, and the same for `actions`: call->actor coordinates for the institution whose
 * place it is, or nobody does and the other institution's coordinator stands in. */
bool consult_guard_house(struct api_call *call, struct consult_row *row,
                         const struct consult_change *change);
MUST_USE enum status consult_may_name(struct api_call *call, const struct consult_row *row,
                                      bool *out_may);
/* "consultant", "requester": who cannot act any more and has to, by account, practitioner or role;
 * NULL: nobody. */
MUST_USE enum status consult_unattended(struct db *db, const struct consult_row *row,
                                        const char **out_party);
/* Who may take the place now, of the institution whose place it is: enabled, active, with the role;
 * for the consultant's on the specialty and three years licensed. Neither of the two parties.
 * {invitees, more} as GET .../invitees, new reference; `search` of the call narrows it. */
MUST_USE enum status consult_successors(struct api_call *call, const struct consult_row *row,
                                        json_t **out_list);

#endif
