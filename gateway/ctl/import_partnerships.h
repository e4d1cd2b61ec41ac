/* Partnerships with members, scope and agreements; see import_parts.h. */
#ifndef GATEWAY_CTL_IMPORT_PARTNERSHIPS_H
#define GATEWAY_CTL_IMPORT_PARTNERSHIPS_H

#include "gateway/ctl/import_parts.h"

#endif
