/* The store contract (db.h) on SQLite: what the files of this back end share. sqlite3.h is included
 * in gateway/store only. One connection, one thread; db_sqlite.c opens and keeps transactions,
 * db_statement.c runs statements, db_migrate.c brings the schema up to date, db_batch.c commits in
 * groups. */
#ifndef GATEWAY_STORE_DB_SQLITE_H
#define GATEWAY_STORE_DB_SQLITE_H

#include "gateway/store/db.h"
#include "gateway/store/db_batch.h"

#include <sqlite3.h>

#define DB_MAGIC 0x64625f73u
#define DB_STATEMENTS_MAX                                                                          \
    1024 /* cached; the whole gateway has some 300 literals of about 5 kB each */
#define DB_APPLICATION_ID 0x43475731 /* "CGW1" in the file's header: a database of ours */
#define DB_BUSY_TIMEOUT_MS 5000      /* consultctl may hold the write lock for one import */
#define DB_PARAMETERS_MAX 64         /* of one statement; the widest table has 50 columns */

struct db_statement {
    sqlite3_stmt *handle;
    const char *sql; /* the literal */
    uint8_t parameter_count;
    uint8_t parameters[DB_PARAMETERS_MAX]; /* [n]: SQLite's index of $n+1, 0 when the text does not
                                              use it */
    bool cached, busy, stepped, done;
};

struct db {
    uint32_t magic;
    sqlite3 *handle;
    struct db_statement *statements[DB_STATEMENTS_MAX]; /* open addressing by hash of the text */
    unsigned statement_count;
    unsigned queries_open;
    bool in_transaction, in_savepoint;
    enum status
        failed; /* of the running transaction or savepoint; STATUS_OK while nothing failed */
    int64_t changes;
    /* group commit */
    bool in_batch;
    struct db_batch_item *batch_items;
    unsigned batch_count;
    enum status batch_status;
    int64_t batch_total_changes;
    db_commit_observer observer;
    void *observer_context;
};

/* SQLite's result -> ours, logged when it is not a plain constraint. what: "open", "step" ... */
enum status db_sqlite_status(struct db *db, int result, const char *what);
/* Notes that the running transaction cannot be kept. */
void db_sqlite_fail(struct db *db, enum status status);
/* A fixed statement without values (BEGIN, PRAGMA ...). */
enum status db_sqlite_exec(struct db *db, const char *sql);
void db_statements_finalize(struct db *db);

#endif
