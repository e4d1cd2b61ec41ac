#include "gateway/store/db_sqlite.h"

#include "gateway/store/db_migrate.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum status db_sqlite_status(struct db *db, int result, const char *what)
{
    int primary = result & 0xff;
    if (primary == SQLITE_OK || primary == SQLITE_ROW || primary == SQLITE_DONE) {
        return STATUS_OK;
    }
    if (primary == SQLITE_CONSTRAINT) {
        return STATUS_CONFLICT;
    }
    /* SQLite's own messages name tables and columns, never values. */
    char text[200];
    log_error("store_failed", "at=%s code=%d message=%s", what, result,
              log_quote(db->handle != NULL ? sqlite3_errmsg(db->handle) : sqlite3_errstr(result),
                        text, sizeof text));
    switch (primary) {
    case SQLITE_NOMEM:
        return STATUS_NO_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STATUS_TIMEOUT;
    case SQLITE_TOOBIG:
        return STATUS_TOO_LARGE;
    case SQLITE_ERROR:
    case SQLITE_RANGE:
    case SQLITE_MISUSE:
        return STATUS_MALFORMED; /* our own SQL is wrong */
    default:
        return STATUS_IO;
    }
}

void db_sqlite_fail(struct db *db, enum status status)
{
    if (db->in_transaction && db->failed == STATUS_OK) {
        db->failed = status;
    }
}

enum status db_sqlite_exec(struct db *db, const char *sql)
{
    return db_sqlite_status(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL), "exec");
}

/* A file that is there after the first creation: without it nobody could tell a new installation
 * from a lost database. */
static bool mark_path(const char *path, char *buffer, size_t buffer_len)
{
    int n = snprintf(buffer, buffer_len, "%s.mark", path);
    return n > 0 && (size_t)n < buffer_len;
}

/* The database does not exist: may it be made? Creates it empty, mode 0600 (SQLite gives -wal and
 * -shm the same mode). */
static enum status create_file(const char *path)
{
    char side[PATH_MAX];
    int n = snprintf(side, sizeof side, "%s-wal", path);
    struct stat st;
    if (n <= 0 || (size_t)n >= sizeof side) {
        return STATUS_TOO_LARGE;
    }
    if (stat(side, &st) == 0 && st.st_size > 0) {
        log_error("store_missing",
                  "path=%s hint=\"its write-ahead log is there: restore the database file\"", path);
        return STATUS_IO;
    }
    if (mark_path(path, side, sizeof side) && stat(side, &st) == 0) {
        log_error("store_missing",
                  "path=%s hint=\"a database was here: restore it, or remove %s.mark to begin with "
                  "an empty one\"",
                  path, path);
        return STATUS_IO;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        log_error("store_create_failed", "path=%s error=\"%s\"", path, strerror(errno));
        return STATUS_IO;
    }
    close(fd);
    return STATUS_OK;
}

static enum status check_file(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        if (errno == ENOENT) {
            return create_file(path);
        }
        log_error("store_open_failed", "path=%s error=\"%s\"", path, strerror(errno));
        return STATUS_IO;
    }
    char mark[PATH_MAX];
    struct stat mark_st;
    if (st.st_size == 0 && mark_path(path, mark, sizeof mark) && stat(mark, &mark_st) == 0) {
        log_error("store_emptied", "path=%s hint=\"the file is empty: restore the database\"",
                  path);
        return STATUS_IO;
    }
    return S_ISREG(st.st_mode) ? STATUS_OK : STATUS_IO;
}

static int64_t pragma_int(struct db *db, const char *sql)
{
    int64_t value = -1;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        value = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return value;
}

/* Settings of the connection. Nothing that is temporary goes to disk (patient data), a schema
 * cannot run functions. 64 MiB of pages stay in memory: a month of one city in 2 MiB, SQLite's own
 * figure, reads a page for every few rows. A checkpoint waits for 16 MiB of log rather than 4, so
 * that a page that is changed again and again is copied once; what is committed is durable in the
 * log all the same. */
static enum status set_up(struct db *db)
{
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, (int *)NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)NULL);
    sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db->handle, SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024);
    enum status status = db_sqlite_exec(
        db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
            "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON; PRAGMA secure_delete=FAST;"
            "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-65536;"
            "PRAGMA wal_autocheckpoint=4096");
    if (status == STATUS_OK &&
        (pragma_int(db, "PRAGMA synchronous") != 2 || pragma_int(db, "PRAGMA foreign_keys") != 1)) {
        log_error("store_settings_refused",
                  "hint=\"this SQLite does not take synchronous=FULL or foreign_keys\"");
        status = STATUS_UNSUPPORTED;
    }
    return status;
}

static enum status claim(struct db *db, const char *path)
{
    int64_t id = pragma_int(db, "PRAGMA application_id");
    if (id == DB_APPLICATION_ID) {
        return STATUS_OK;
    }
    if (id != 0 || pragma_int(db, "SELECT count(*) FROM sqlite_master") != 0) {
        log_error("store_foreign", "path=%s hint=\"the file is no database of consult-gateway\"",
                  path);
        return STATUS_IO;
    }
    return db_sqlite_exec(db, "PRAGMA application_id=1128748849"); /* DB_APPLICATION_ID */
}
_Static_assert(DB_APPLICATION_ID == 1128748849, "the pragma above repeats it");

static void leave_mark(const char *path)
{
    char mark[PATH_MAX];
    if (!mark_path(path, mark, sizeof mark)) {
        return;
    }
    int fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        log_warn("store_mark_failed", "path=%s error=\"%s\"", mark, strerror(errno));
        return;
    }
    close(fd);
}

enum status db_open(const char *path, struct db **out_db)
{
    bool memory = strcmp(path, ":memory:") == 0;
    enum status status = memory ? STATUS_OK : check_file(path);
    if (status != STATUS_OK) {
        return status;
    }
    struct db *db = calloc(1, sizeof *db);
    if (db == NULL) {
        return STATUS_NO_MEMORY;
    }
    db->magic = DB_MAGIC;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (memory ? SQLITE_OPEN_CREATE : 0);
    status = db_sqlite_status(db, sqlite3_open_v2(path, &db->handle, flags, NULL), "open");
    if (status == STATUS_OK) {
        sqlite3_busy_timeout(db->handle, DB_BUSY_TIMEOUT_MS);
        status = claim(db, path); /* before anything is written to a file that is not ours */
    }
    if (status == STATUS_OK) {
        status = set_up(db);
    }
    if (status == STATUS_OK) {
        status = db_migrate(db, migrations, clock_wall_ms());
    }
    if (status != STATUS_OK) {
        log_error("store_open_failed", "path=%s reason=%s", path, status_name(status));
        db_close(db);
        return status == STATUS_NO_MEMORY ? status : STATUS_IO;
    }
    if (!memory) {
        leave_mark(path);
    }
    *out_db = db;
    return STATUS_OK;
}

void db_close(struct db *db)
{
    if (db == NULL) {
        return;
    }
    CHECK(db->magic == DB_MAGIC);
    CHECK(db->queries_open == 0);
    db_statements_finalize(db);
    sqlite3_close(db->handle);
    db->magic = 0;
    free(db);
}

enum status db_begin(struct db *db)
{
    CHECK(db->magic == DB_MAGIC);
    CHECK(!db->in_transaction);
    /* IMMEDIATE: the write lock is waited for here and not in the middle, where SQLite cannot wait.
     */
    enum status status = db_sqlite_exec(db, "BEGIN IMMEDIATE");
    db->in_transaction = status == STATUS_OK;
    db->failed = STATUS_OK;
    return status;
}

enum status db_commit(struct db *db)
{
    CHECK(db->in_transaction && !db->in_savepoint);
    CHECK(db->queries_open == 0);
    enum status status = db->failed;
    if (status == STATUS_OK && sqlite3_get_autocommit(db->handle) != 0) {
        status =
            STATUS_IO; /* SQLite gave the transaction up by itself after an input/output error */
    }
    if (status == STATUS_OK) {
        status =
            db_sqlite_status(db, sqlite3_exec(db->handle, "COMMIT", NULL, NULL, NULL), "commit");
    }
    if (status != STATUS_OK) {
        db_rollback(db);
        return status;
    }
    db->in_transaction = false;
    return STATUS_OK;
}

void db_rollback(struct db *db)
{
    CHECK(db->in_transaction);
    CHECK(db->queries_open == 0);
    if (sqlite3_get_autocommit(db->handle) == 0) {
        (void)db_sqlite_exec(db, "ROLLBACK"); /* a failure leaves no transaction either */
    }
    db->in_transaction = false;
    db->in_savepoint = false;
    db->failed = STATUS_OK;
}

enum status db_savepoint(struct db *db)
{
    CHECK(db->in_transaction && !db->in_savepoint);
    if (db->failed != STATUS_OK || sqlite3_get_autocommit(db->handle) != 0) {
        return STATUS_IO;
    }
    enum status status = db_sqlite_exec(db, "SAVEPOINT part");
    db->in_savepoint = status == STATUS_OK;
    return status;
}

enum status db_savepoint_release(struct db *db)
{
    CHECK(db->in_savepoint);
    CHECK(db->queries_open == 0);
    enum status status = db->failed;
    if (status == STATUS_OK && sqlite3_get_autocommit(db->handle) != 0) {
        status = STATUS_IO;
    }
    if (status == STATUS_OK) {
        status = db_sqlite_exec(db, "RELEASE part");
    }
    if (status != STATUS_OK) {
        db_savepoint_rollback(db);
        return status;
    }
    db->in_savepoint = false;
    return STATUS_OK;
}

void db_savepoint_rollback(struct db *db)
{
    CHECK(db->in_savepoint);
    CHECK(db->queries_open == 0);
    db->in_savepoint = false;
    db->failed = STATUS_OK;
    if (sqlite3_get_autocommit(db->handle) != 0 ||
        db_sqlite_exec(db, "ROLLBACK TO part") != STATUS_OK ||
        db_sqlite_exec(db, "RELEASE part") != STATUS_OK) {
        db->failed = STATUS_IO; /* then the whole transaction is lost; its commit says so */
    }
}
