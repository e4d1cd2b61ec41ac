/* Shifts of the roster; see import_parts.h. */
#ifndef GATEWAY_CTL_IMPORT_SHIFTS_H
#define GATEWAY_CTL_IMPORT_SHIFTS_H

#include "gateway/ctl/import_parts.h"

#include <stdint.h>

/* "2026-12-01T08:00", China Standard Time, years 1970 to 2999; false: it is none. Any thread. */
bool import_time(const char *text, int64_t *out_ms);

#endif
