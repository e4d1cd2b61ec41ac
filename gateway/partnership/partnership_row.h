/* One partnership as its manager works on it: who may, the version that is changed, the audit row,
 * the answer. Store thread, inside call's transaction. */
#ifndef GATEWAY_PARTNERSHIP_PARTNERSHIP_ROW_H
#define GATEWAY_PARTNERSHIP_PARTNERSHIP_ROW_H

#include "gateway/api.h"
#include "gateway/partnership/rules.h"

#define PARTNERSHIP_NAME_MAX 200 /* characters; as in an import */

struct partnership_row {
    char id[33], lead_id[33];
    enum rules_mode mode;
    int64_t version;
};

/* The partnership of params[0], for the managers of its lead and for admins. Otherwise answered:
 * 404 partnership.unknown, 403 partnership.not-lead for those of another member. */
bool partnership_open(struct api_call *call, struct partnership_row *out_row);
/* Changes name the version they are made from: 428 request.precondition-required without If-Match,
 * 412 partnership.stale (with the present version) when somebody was quicker. */
bool partnership_if_match(struct api_call *call, const struct partnership_row *row);
/* The body is an object with no other members than these (NULL ends); else answered with 422. */
bool partnership_body(struct api_call *call, const char *const *names);
/* Body member that is a date; NULL when absent or null and not required, or answered (*ok). */
const char *partnership_body_date(struct api_call *call, const char *name, bool required, bool *ok);
/* After a change: version + 1, an audit row with the detail (stolen), the whole as answer. */
bool partnership_changed(struct api_call *call, struct partnership_row *row, const char *action,
                         json_t *detail);
/* The whole as answer, with its ETag. */
bool partnership_answer(struct api_call *call, const char *id);

#endif
