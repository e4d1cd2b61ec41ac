/* The guards of the state table by name. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_GUARD_H
#define GATEWAY_CONSULT_CONSULT_GUARD_H

#include "gateway/consult/consult_change.h"

/* All guards of the bits, in the order of the table: true, or the call has been answered with the
 * sentence of the first that does not hold. `rules` and `licence` write partnership, agreement and
 * mode of the way they found into the row. */
bool consult_guards_hold(struct api_call *call, struct consult_row *row,
                         const struct consult_change *change, unsigned guards);
/* The rule engine allows the request as it stands in the row (specialty, kind, urgency, institution
 * that has it, else the one named); writes partnership, agreement and mode of the way into it.
 * True, or answered. */
bool consult_rules_hold(struct api_call *call, struct consult_row *row);
/* Both parties are in the room. */
MUST_USE enum status consult_both_present(struct db *db, const char *consultation_id,
                                          bool *out_present);

#endif
