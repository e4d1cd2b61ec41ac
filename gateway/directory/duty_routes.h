/* The table duty_routes (gateway/api.h): duty, its hand-over, roster, presence. */
#ifndef GATEWAY_DIRECTORY_DUTY_ROUTES_H
#define GATEWAY_DIRECTORY_DUTY_ROUTES_H

#include "gateway/api.h"

#define DUTY_BODY_MAX 1024 /* a shift: three ids, two times, each character escaped */

#endif
