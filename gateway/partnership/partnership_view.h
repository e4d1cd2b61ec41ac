/* Partnerships as the interface shows them (proto/signal/README.md: partnership,
 * partnership_whole). Store thread. JSON objects are new references, the caller's. */
#ifndef GATEWAY_PARTNERSHIP_PARTNERSHIP_VIEW_H
#define GATEWAY_PARTNERSHIP_PARTNERSHIP_VIEW_H

#include "gateway/partnership/rules.h"
#include "gateway/store/db.h"

#include <jansson.h>
#include <stdint.h>

/* For the list: members, scope, and the one agreement that counts. */
json_t *partnership_short(const struct rules_world *world, const struct rules_partnership *p,
                          const char *today);
/* For its manager: switches, and every agreement with terms and clauses. STATUS_NONE: no such id.
 */
MUST_USE enum status partnership_whole(struct db *db, const char *id, int64_t now_ms,
                                       json_t **out_whole);
/* partnership_name: id, names, mode, type. */
json_t *partnership_name_json(const struct rules_partnership *p);
/* organisation: id, names, level, region. */
json_t *partnership_organisation_json(const struct rules_organisation *o);

#endif
