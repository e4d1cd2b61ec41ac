/* The members of a multi-disciplinary consultation: who is asked, what each one thinks, who was
 * excused. The consultant is the chair, whose opinion is the synthesis. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_MEMBER_H
#define GATEWAY_CONSULT_CONSULT_MEMBER_H

#include "gateway/consult/consult_change.h"

/* Asked, and not excused. */
MUST_USE enum status consult_member_is(struct db *db, const char *consultation_id,
                                       const char *account_id, bool *out_is);
/* [{account, name_zh, name_en, title, organisation, specialty, state, view, opinion,
 * absent_reason, at_ms}], new reference. */
MUST_USE enum status consult_member_list(struct db *db, const char *consultation_id,
                                         json_t **out_list);
/* Guard `mdt`. */
bool consult_guard_mdt(struct api_call *call, struct consult_row *row,
                       const struct consult_change *change);
/* Guard `members`: nobody's opinion is outstanding, at least one was given, and where one disagrees
 * the draft says so (`disagreement`). */
bool consult_guard_members(struct api_call *call, struct consult_row *row,
                           const struct consult_change *change);

#endif
