/* GET /presence: for a clinician, by specialty, who is on duty at the institutions that the rules
 * let the own one ask today, when the next shift begins, and how long it takes until somebody
 * accepts. Store thread, in a transaction script. */
#ifndef GATEWAY_DIRECTORY_DUTY_PRESENCE_H
#define GATEWAY_DIRECTORY_DUTY_PRESENCE_H

#include "gateway/api.h"

void duty_presence_get(struct api_call *call);

#endif
