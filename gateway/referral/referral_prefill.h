/* A new referral from what is known already: from a consultation (patient, summary, diagnosis,
 * treatment, tests and images), or from the referral that it answers (the way back). The writer
 * goes over it before it is sent. Store thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_PREFILL_H
#define GATEWAY_REFERRAL_REFERRAL_PREFILL_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"
#include "gateway/referral/referral_row.h"

/* Each of the next fills row->patient and row->body, which must be empty objects. STATUS_IO,
 * STATUS_NO_MEMORY. */
MUST_USE enum status referral_prefill_consultation(struct db *db, const struct consult_row *from,
                                                   struct referral_row *row);
/* Also direction (the other one) and receiving institution (whence it came). */
MUST_USE enum status referral_prefill_answer(const struct referral_row *from,
                                             struct referral_row *row);

#endif
