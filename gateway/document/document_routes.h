/* The routes of printed reports and their checking (document_routes[] of gateway/api.h). Constant
 * data. */
#ifndef GATEWAY_DOCUMENT_DOCUMENT_ROUTES_H
#define GATEWAY_DOCUMENT_DOCUMENT_ROUTES_H

#include "gateway/api.h"

#endif
