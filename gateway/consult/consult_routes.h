/* The routes of consultations (consult_routes[] of gateway/api.h), and create, read and change of a
 * request. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_ROUTES_H
#define GATEWAY_CONSULT_CONSULT_ROUTES_H

#include "gateway/api.h"

void consult_create(struct api_call *call); /* POST /consultations */
void consult_stat(struct api_call *call);   /* POST /stat: create and submit at once */
void consult_get(struct api_call *call);    /* GET /consultations/{id} */
void consult_patch(struct api_call *call);  /* PATCH /consultations/{id} */

#endif
