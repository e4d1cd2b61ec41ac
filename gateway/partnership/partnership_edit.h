/* What a partnership's manager changes: PATCH /partnerships/{id}, PUT
 * /partnerships/{id}/members/{organisation_id}, POST /partnerships/{id}/agreements. Each is all or
 * nothing, one version and one audit row. Store thread; the routes are in partnership.c. */
#ifndef GATEWAY_PARTNERSHIP_PARTNERSHIP_EDIT_H
#define GATEWAY_PARTNERSHIP_PARTNERSHIP_EDIT_H

#include "gateway/api.h"

void partnership_patch(struct api_call *call);
void partnership_put_member(struct api_call *call);
/* partnership_agreement.c */
void partnership_add_agreement(struct api_call *call);

#endif
