/* What the same patient had before: the earlier consultations that a present one opens to its
 * parties (consult_continuity.h), newest first, with the sentence of the rules why others would not
 * be shown. The sentence is the same whether there are others or not: how many institutions a
 * patient has been to is no less the patient's than what was found there. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_EARLIER_H
#define GATEWAY_CONSULT_CONSULT_EARLIER_H

#include "gateway/api.h"

#define CONSULT_EARLIER_MAX 50 /* in one answer */

/* GET /consultations/{id}/earlier */
void consult_earlier(struct api_call *call);

#endif
