/* A copy of a database that is in use: one state of it, as it was between two commits, while others
 * read and write. For consultctl, on a connection of its own. */
#ifndef GATEWAY_STORE_DB_BACKUP_H
#define GATEWAY_STORE_DB_BACKUP_H

#include "gateway/store/db.h"

/* Writes the copy to path, which must not exist, with the mark beside it (README.md), both mode
 * 0600 and on disk when it returns. STATUS_IO: disk, space, or the file is there; detail is logged.
 */
MUST_USE enum status db_backup(struct db *db, const char *path);

#endif
