/* GET /partnerships/{id}/what-if: whom could this member ask, see, refer to, learn from, have
 * reports from on that day, and why not the others? The same engine and the same table as the real
 * thing (rules.h). Store thread; the route is in partnership.c. */
#ifndef GATEWAY_PARTNERSHIP_PARTNERSHIP_WHATIF_H
#define GATEWAY_PARTNERSHIP_PARTNERSHIP_WHATIF_H

#include "gateway/api.h"

#define WHATIF_ROWS_MAX 300 /* institutions in one answer; the allowed ones come first */

void partnership_whatif(struct api_call *call);

#endif
