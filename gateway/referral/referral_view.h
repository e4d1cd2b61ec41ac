/* A referral as the interface shows it (proto/signal/README.md): the whole object and the summary,
 * with the `actions` that the state table leaves to the one who asks. Store thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_VIEW_H
#define GATEWAY_REFERRAL_REFERRAL_VIEW_H

#include "gateway/api.h"
#include "gateway/referral/referral_row.h"

/* Sets reply and ETag to the whole object as call->actor may see it; status stays. */
void referral_reply(struct api_call *call, const struct referral_row *row);
/* New reference; NULL: the call has been answered with 503. */
json_t *referral_summary(struct api_call *call, const struct referral_row *row, unsigned relation);

#endif
