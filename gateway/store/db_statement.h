/* Statements on SQLite: the cache by SQL text, values in, rows out (db_begin_query to db_one_int of
 * db.h). A statement that is used while its cached twin is running (a query inside the rows of the
 * same query) gets a handle of its own. Store thread. */
#ifndef GATEWAY_STORE_DB_STATEMENT_H
#define GATEWAY_STORE_DB_STATEMENT_H

#include "gateway/store/db_sqlite.h"

/* Gives a statement that nobody else is using, NULL with *out_status set when it cannot be had. */
struct db_statement *db_statement_take(struct db *db, const char *sql, enum status *out_status);
void db_statement_give(struct db *db, struct db_statement *statement);

#endif
