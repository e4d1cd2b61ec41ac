/* The patient's way as one picture: what happened where and when, over consultations and referrals
 * that go on from each other. Only what the asker may see is in it; the rest appears as nothing.
 * Store thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_WAY_H
#define GATEWAY_REFERRAL_REFERRAL_WAY_H

#include "gateway/api.h"

void referral_way_of_consultation(struct api_call *call); /* GET /consultations/{id}/way */
void referral_way_of_referral(struct api_call *call);     /* GET /referrals/{id}/way */

#endif
