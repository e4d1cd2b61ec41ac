/* Specialties, organisations, practitioners and their accounts; see import_parts.h. */
#ifndef GATEWAY_CTL_IMPORT_PEOPLE_H
#define GATEWAY_CTL_IMPORT_PEOPLE_H

#include "gateway/ctl/import_parts.h"

#endif
