/* The record of one patient across consultations: what a party of a present consultation may read
 * of the patient's earlier ones. The one decision of it; consult_access.h asks it for the routes
 * that have ACCESS_CONTINUES in gateway/access.def, consult_earlier.h for the list.
 *
 * A present consultation opens an earlier one to a party (requester, consultant, member of several)
 * while all of this holds, and not a moment longer:
 *   present   it was submitted, and is not over
 *   earlier   it has a signed opinion, and is not marked as entered in error
 *   patient   both name the same identity document, kind and number, and the same name: a number
 *             that was mistyped must not bring up somebody else. Without a number nothing is found
 *   consent   the patient's `consultation` is in force in both (a stat request whose consent is
 *             deferred: not refused); the list of files needs `imaging` in the earlier one besides,
 *             but for the institution whose patient it was
 *   record    the reader's institution was a party of the earlier one (asked, answered, or gave a
 *             member), or the rules let it see the record of the one that asked, today: the act
 *             `see`, which asks for a partnership that keeps one record (`continuous`), both
 *             memberships and an agreement in force
 * It opens the signed opinions, their printed report and the list of files; no picture, file, chat,
 * recording, trail or action. Store thread, inside call's transaction. */
#ifndef GATEWAY_CONSULT_CONSULT_CONTINUITY_H
#define GATEWAY_CONSULT_CONSULT_CONTINUITY_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"
#include "gateway/partnership/rules.h"

/* How an earlier one is open to a reader. */
enum consult_opening {
    CONSULT_CLOSED_TO,        /* it is not */
    CONSULT_OPEN_INSTITUTION, /* the own institution was a party of it */
    CONSULT_OPEN_CONTINUOUS   /* the partnership keeps one record */
};

struct consult_earlier {
    enum consult_opening opening;
    bool files; /* the list of files is open too */
};

/* Submitted and not over. */
bool consult_is_present(const struct consult_row *row);
/* Does `present`, of which call->actor is a party, open `earlier`? world: of the actor's
 * institution (rules_load). STATUS_IO, STATUS_NO_MEMORY. */
MUST_USE enum status consult_continuity_opens(struct api_call *call,
                                              const struct rules_world *world,
                                              const struct consult_row *present,
                                              const struct consult_row *earlier,
                                              struct consult_earlier *out_earlier);
/* Does any present consultation of call->actor open it? present_id: which; "" = none. */
MUST_USE enum status consult_continuity_find(struct api_call *call,
                                             const struct consult_row *earlier,
                                             struct consult_earlier *out_earlier,
                                             char out_present_id[33]);

#endif
