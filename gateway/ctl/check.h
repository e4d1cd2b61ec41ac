/* consultctl check: is the data folder whole? Database pages and references, the audit chain, the
 * signing keys. Read-only. consultctl and tests. */
#ifndef GATEWAY_CTL_CHECK_H
#define GATEWAY_CTL_CHECK_H

#include "gateway/store/db.h"

#include <stdio.h>

/* One line for each check, "ok NAME ..." or "FAULT NAME ...". Returns the number of faults. */
unsigned check_all(struct db *db, const char *data_folder, FILE *out);

#endif
