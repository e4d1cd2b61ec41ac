/* GET /referrals?list=: the worklists of sender, receiving department and coordinator. Store
 * thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_LIST_H
#define GATEWAY_REFERRAL_REFERRAL_LIST_H

#include "gateway/api.h"

void referral_list(struct api_call *call);

#endif
