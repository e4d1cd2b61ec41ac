/* The routes of consents, opinions, audit trail and recordings (records_routes[] of gateway/api.h).
 * Constant data. */
#ifndef GATEWAY_RECORDS_RECORDS_ROUTES_H
#define GATEWAY_RECORDS_RECORDS_ROUTES_H

#include "gateway/api.h"

#endif
