/* POST /referrals/{id}/actions/{action}: what people do with a referral. Store thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_ACTIONS_H
#define GATEWAY_REFERRAL_REFERRAL_ACTIONS_H

#include "gateway/api.h"

void referral_action(struct api_call *call);

#endif
