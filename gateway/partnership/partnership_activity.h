/* The activity statement of a partnership (proto/signal/README.md: activity): what its members did
 * for each other in a period of at most a year, for the manager of the lead. Counts and names of
 * institutions; no patient, no person. Store thread. */
#ifndef GATEWAY_PARTNERSHIP_PARTNERSHIP_ACTIVITY_H
#define GATEWAY_PARTNERSHIP_PARTNERSHIP_ACTIVITY_H

#include "gateway/api.h"

#define ACTIVITY_DAYS_MAX 366 /* a year */

/* GET /partnerships/{id}/activity?from=&to=: days of China Standard Time, both included; default:
 * from the first of this month until today. */
void partnership_activity(struct api_call *call);

#endif
