/* consultctl check: is the data folder whole? Database pages and references, the audit chain, the
 * signing keys, the files that rows name. Read-only. consultctl and tests. */
#ifndef GATEWAY_CTL_CHECK_H
#define GATEWAY_CTL_CHECK_H

#include "gateway/store/db.h"

#include <stdbool.h>
#include <stdio.h>

/* One line for each check, "ok NAME ..." or "FAULT NAME ...". hashes: files are read and compared
 * by SHA-256, not by size alone. Returns the number of faults. */
unsigned check_all(struct db *db, const char *data_folder, bool hashes, FILE *out);

#endif
