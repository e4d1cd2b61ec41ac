/* Brings a database to the schema of this program: applies the migrations that are missing, in one
 * transaction, and refuses a database that a newer program made or whose applied migrations differ
 * from ours. Store thread, at open. */
#ifndef GATEWAY_STORE_DB_MIGRATE_H
#define GATEWAY_STORE_DB_MIGRATE_H

#include "gateway/store/db.h"
#include "gateway/store/migrations.h"

/* STATUS_UNSUPPORTED: newer or changed, with a line in the log; STATUS_IO: the store failed and
 * nothing was changed. */
MUST_USE enum status db_migrate(struct db *db, const struct migration *list, int64_t now_ms);

#endif
