/* GET /duty/roster: who is on duty now, who should be, and the shifts of some days. Everybody sees
 * the own institution; coordinators and managers also the members of partnerships that it leads.
 * Store thread, in a transaction script. */
#ifndef GATEWAY_DIRECTORY_DUTY_ROSTER_H
#define GATEWAY_DIRECTORY_DUTY_ROSTER_H

#include "gateway/api.h"

#define DUTY_ROSTER_DAYS_MAX 31
#define DUTY_ROSTER_PEOPLE_MAX 500  /* 0.5 MB of answer; on duty first, then by code */
#define DUTY_ROSTER_SHIFTS_MAX 2000 /* the same; a month of 60 people */

void duty_roster_get(struct api_call *call);

#endif
