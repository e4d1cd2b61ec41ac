/* Is the database whole? Pages, indexes and foreign keys; reads everything, so it is for consultctl
 * and not for the start. */
#ifndef GATEWAY_STORE_DB_CHECK_H
#define GATEWAY_STORE_DB_CHECK_H

#include "gateway/store/db.h"

/* STATUS_OK; STATUS_MALFORMED with the first fault in text; STATUS_IO when it cannot be read. */
MUST_USE enum status db_check(struct db *db, char *text, unsigned text_len);

#endif
