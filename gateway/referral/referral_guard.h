/* What must hold before an event of referral_fsm.def may happen. A guard may write what it has
 * found out into the row (agreement, department and time, return message). Store thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_GUARD_H
#define GATEWAY_REFERRAL_REFERRAL_GUARD_H

#include "gateway/referral/referral_change.h"

/* guards: REFERRAL_GUARD_BIT()s. True: all hold. False: the call has been answered. */
bool referral_guards_hold(struct api_call *call, struct referral_row *row,
                          const struct referral_change *change, unsigned guards);

#endif
