/* Who coordinates: for one consultation, for one institution. Enabled accounts with the role, of
 * practitioners who are active. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_COORDINATORS_H
#define GATEWAY_CONSULT_CONSULT_COORDINATORS_H

#include "gateway/consult/consult_row.h"

#define CONSULT_COORDINATORS_MAX 32 /* of the two or three institutions of a consultation */

struct consult_coordinators {
    char account[CONSULT_COORDINATORS_MAX][33];
    size_t count;
};

/* Of the institutions that ask, answer or are named, and of those that lead the partnership or are
 * hubs of it; in order. */
MUST_USE enum status consult_coordinators(struct db *db, const struct consult_row *row,
                                          struct consult_coordinators *out);
/* Has the institution one of its own? */
MUST_USE enum status consult_coordinated(struct db *db, const char *organisation_id,
                                         bool *out_coordinated);

#endif
