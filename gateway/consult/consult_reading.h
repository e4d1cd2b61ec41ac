/* Who reads and who reads again: reads without a session, preliminary opinions, second readers,
 * critical values. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_READING_H
#define GATEWAY_CONSULT_CONSULT_READING_H

#include "gateway/consult/consult_change.h"

/* May call->actor verify it: a specialist of the same institution and specialty, chief or
 * associate chief, three years licensed, other than the consultant and whoever wrote a version of
 * it; the agreement asks for it and a preliminary opinion waits. Also who has verified it. */
MUST_USE enum status consult_may_verify(struct api_call *call, const struct consult_row *row,
                                        bool *out_may);
/* Would guard `readers` hold for that relation? For `actions`. */
MUST_USE enum status consult_may_sign(struct api_call *call, const struct consult_row *row,
                                      unsigned relation, bool *out_may);
/* Guards `readers` and `critical`. */
bool consult_guard_readers(struct api_call *call, struct consult_row *row,
                           const struct consult_change *change);
bool consult_guard_critical(struct api_call *call, struct consult_row *row,
                            const struct consult_change *change);

#endif
