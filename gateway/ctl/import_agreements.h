/* Agreements of a partnership in an import: versions, services, terms, clauses. Declared in
 * import_parts.h. */
#ifndef GATEWAY_CTL_IMPORT_AGREEMENTS_H
#define GATEWAY_CTL_IMPORT_AGREEMENTS_H

#include "gateway/ctl/import_parts.h"

#endif
