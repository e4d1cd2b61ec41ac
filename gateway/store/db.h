/* SQL access for transaction scripts, written so that SQLite (now) and PostgreSQL (next) can both
 * stand behind it.
 *
 * The dialect is the common part of both: placeholders $1, $2 ... in order of first appearance,
 * TEXT, BIGINT, INTEGER and DOUBLE PRECISION columns, INSERT ... ON CONFLICT DO NOTHING/UPDATE,
 * RETURNING, CTEs, no AUTOINCREMENT, no date functions: times are BIGINT milliseconds UTC (suffix
 * _ms), dates TEXT YYYY-MM-DD, hashes and signatures lower-case hex TEXT, booleans INTEGER 0/1,
 * JSON TEXT.
 *
 * Only the store thread (and consultctl, and tests) touches a db. Statements are prepared once per
 * SQL text and cached. SQL text must be a literal: values are always bound (a value that is pasted
 * into SQL is a bug, see A32).
 *
 * A query is a struct on the caller's stack:
 *     struct db_query q;
 *     db_begin_query(&q, db, "SELECT id, state FROM consultation WHERE requester_org=$1 AND
 * created_ms>$2"); db_bind_text(&q, org);  db_bind_int(&q, since_ms); while (db_next(&q)) {
 * db_text(&q, 0); db_int(&q, 1); } status = db_end(&q);            // STATUS_OK, STATUS_CONFLICT
 * (constraint), STATUS_IO (disk, full, corrupt) Errors are sticky: once failed, db_next() is false
 * and db_end() says why; the transaction must then roll back. db_run() is db_begin_query + binds by
 * format + step + end for statements without rows. */
#ifndef GATEWAY_STORE_DB_H
#define GATEWAY_STORE_DB_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stdint.h>

#define DB_FILE_NAME "consult.db" /* in the data folder */

struct db;

struct db_query {
    struct db *db;
    void *statement; /* the back end's; NULL once failed */
    int next_bind;   /* 1-based */
    enum status status;
};

/* path: file, or ":memory:" for tests. WAL, synchronous=FULL, foreign keys on. Runs every migration
 * that is missing. STATUS_IO when the file cannot be opened or is no database of ours; detail is
 * logged. */
MUST_USE enum status db_open(const char *path, struct db **out_db);
void db_close(struct db *db); /* NULL is fine */

/* Transactions do not nest. A commit returns only after the data is durable. */
MUST_USE enum status db_begin(struct db *db);
MUST_USE enum status db_commit(struct db *db);
void db_rollback(struct db *db);
/* Within a transaction: a part that can be undone alone (one job of a group commit). */
MUST_USE enum status db_savepoint(struct db *db);
MUST_USE enum status db_savepoint_release(struct db *db);
void db_savepoint_rollback(struct db *db);

void db_begin_query(struct db_query *q, struct db *db, const char *sql_literal);
void db_bind_text(struct db_query *q,
                  const char *text); /* NULL binds NULL; borrowed until db_end */
void db_bind_int(struct db_query *q, int64_t value);
void db_bind_real(struct db_query *q, double value);
void db_bind_null(struct db_query *q);
/* "" and NULL bind NULL, as rows in memory have it; so does a time of 0. */
void db_bind_optional(struct db_query *q, const char *text);
void db_bind_time(struct db_query *q, int64_t ms);
bool db_next(struct db_query *q);
const char *db_text(struct db_query *q,
                    int column); /* "" for NULL; valid until the next db_next/db_end */
bool db_is_null(struct db_query *q, int column);
int64_t db_int(struct db_query *q, int column);
double db_real(struct db_query *q, int column);
MUST_USE enum status db_end(struct db_query *q);
/* Rows changed by the last statement that ended. */
int64_t db_changes(struct db *db);

/* Statement without rows; kinds: one letter a value: s text (NULL allowed), i int64_t, r double.
 * Example: db_run(db, "UPDATE duty SET on_duty=$1 WHERE account_id=$2", "is", (int64_t)1, account);
 */
MUST_USE enum status db_run(struct db *db, const char *sql_literal, const char *kinds, ...);
/* First column of the first row as text into buffer; STATUS_NONE without a row, STATUS_TOO_LARGE if
 * it does not fit. */
MUST_USE enum status db_one_text(struct db *db, char *buffer, unsigned buffer_len,
                                 const char *sql_literal, const char *kinds, ...);
/* First column of the first row as integer; STATUS_NONE without a row. */
MUST_USE enum status db_one_int(struct db *db, int64_t *out_value, const char *sql_literal,
                                const char *kinds, ...);

#endif
