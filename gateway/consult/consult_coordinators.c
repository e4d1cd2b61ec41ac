#include "gateway/consult/consult_coordinators.h"

#include <stdio.h>

#define COORDINATOR                                                                                \
    "account a JOIN account_role r ON r.account_id = a.id AND r.role = 'coordinator' JOIN "        \
    "practitioner p ON p.id = a.practitioner_id AND p.active = 1 WHERE a.disabled = 0 AND "

enum status consult_coordinators(struct db *db, const struct consult_row *row,
                                 struct consult_coordinators *out)
{
    struct db_query q;
    out->count = 0;
    db_begin_query(&q, db,
                   "SELECT DISTINCT a.id FROM " COORDINATOR
                   "p.organisation_id IN (SELECT $1 UNION SELECT $2 UNION SELECT $3 UNION SELECT "
                   "m.organisation_id FROM partnership_member m WHERE m.partnership_id = $4 AND "
                   "m.role IN ('lead', 'hub')) ORDER BY 1");
    db_bind_text(&q, row->requester_organisation_id);
    db_bind_text(&q, row->consultant_organisation_id);
    db_bind_text(&q, row->target_organisation_id);
    db_bind_text(&q, row->partnership_id);
    while (out->count < CONSULT_COORDINATORS_MAX && db_next(&q)) {
        (void)snprintf(out->account[out->count++], 33, "%s", db_text(&q, 0));
    }
    return db_end(&q);
}

enum status consult_coordinated(struct db *db, const char *organisation_id, bool *out_coordinated)
{
    int64_t count = 0;
    enum status status =
        db_one_int(db, &count, "SELECT COUNT(*) FROM " COORDINATOR "p.organisation_id = $1", "s",
                   organisation_id);
    *out_coordinated = count > 0;
    return status;
}
