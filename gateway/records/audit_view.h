/* GET /api/v1/consultations/{id}/audit: the rows of one consultation and whether the whole chain
 * holds. Store thread. */
#ifndef GATEWAY_RECORDS_AUDIT_VIEW_H
#define GATEWAY_RECORDS_AUDIT_VIEW_H

#include "gateway/api.h"

void audit_view(struct api_call *call);

#endif
