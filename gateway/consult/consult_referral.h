/* Between a consultation and the referral it led to (gateway/referral). Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_REFERRAL_H
#define GATEWAY_CONSULT_CONSULT_REFERRAL_H

#include "gateway/api.h"

/* The referral has come to its end: the consultation goes on from `referral-open` to
 * `acknowledged`, where it can be closed or followed up. outcome: [a-z0-9-]{1,64}, such as
 * "arrived", "refused". One that is in another state is left as it is. True, or answered. */
bool consult_referral_settled(struct api_call *call, const char *consultation_id,
                              const char *outcome);

#endif
