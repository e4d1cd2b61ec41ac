/* Whom the consultant may admit as observers: clinicians and specialists of the own institution,
 * and of institutions that the rule engine lets it teach in the consultation's specialty today.
 * Never the parties or a guest on stage. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_LEARNERS_H
#define GATEWAY_CONSULT_CONSULT_LEARNERS_H

#include "gateway/consult/consult_change.h"

#define CONSULT_LEARNERS_MAX 100 /* in one answer; `search` narrows it */

/* GET /consultations/{id}/invitees?as=observer&search= */
void consult_learners(struct api_call *call);
/* Guard `learner`: the account named may. One who observes already may be admitted again. */
bool consult_guard_learner(struct api_call *call, struct consult_row *row,
                           const struct consult_change *change);
/* The account may still be taught: asked each time it enters the room. False: answered. */
bool consult_learner_may(struct api_call *call, const struct consult_row *row,
                         const char *account_id);

#endif
