#include "gateway/store/db_statement.h"

#include "media/rt/log.h"
#include "proto/base/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static uint32_t hash_text(const char *text)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *text != '\0'; text++) {
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    }
    return hash;
}

/* $N is the Nth value that is bound, wherever it stands: as in PostgreSQL. SQLite numbers by first
 * appearance. */
static bool map_parameters(struct db_statement *s)
{
    int count = sqlite3_bind_parameter_count(s->handle);
    for (int i = 1; i <= count; i++) {
        const char *name = sqlite3_bind_parameter_name(s->handle, i);
        long n = name != NULL && name[0] == '$' ? strtol(name + 1, NULL, 10) : 0;
        if (n < 1 || n > DB_PARAMETERS_MAX) {
            return false;
        }
        s->parameters[n - 1] = (uint8_t)i;
        if (n > s->parameter_count) {
            s->parameter_count = (uint8_t)n;
        }
    }
    return true;
}

static void destroy(struct db_statement *s)
{
    if (s != NULL) {
        sqlite3_finalize(s->handle);
        free(s);
    }
}

static struct db_statement *prepare(struct db *db, const char *sql, bool keep,
                                    enum status *out_status)
{
    struct db_statement *s = calloc(1, sizeof *s);
    if (s == NULL) {
        *out_status = STATUS_NO_MEMORY;
        return NULL;
    }
    const char *tail = NULL;
    unsigned flags = keep ? SQLITE_PREPARE_PERSISTENT : 0;
    *out_status = db_sqlite_status(
        db, sqlite3_prepare_v3(db->handle, sql, -1, flags, &s->handle, &tail), "prepare");
    if (*out_status == STATUS_OK &&
        (s->handle == NULL || tail[strspn(tail, " \n;")] != '\0' || !map_parameters(s))) {
        log_error("store_statement_refused", "hint=\"one statement, parameters $1 to $%d\"",
                  DB_PARAMETERS_MAX);
        *out_status = STATUS_MALFORMED;
    }
    if (*out_status != STATUS_OK) {
        destroy(s);
        return NULL;
    }
    s->sql = sql;
    s->cached = keep;
    return s;
}

struct db_statement *db_statement_take(struct db *db, const char *sql, enum status *out_status)
{
    uint32_t slot = hash_text(sql) % DB_STATEMENTS_MAX;
    struct db_statement *found;
    while ((found = db->statements[slot]) != NULL && found->sql != sql &&
           strcmp(found->sql, sql) != 0) {
        slot = (slot + 1) % DB_STATEMENTS_MAX;
    }
    bool keep = found == NULL && db->statement_count < DB_STATEMENTS_MAX / 2; /* short probes */
    if (found == NULL || found->busy) {
        found = prepare(db, sql, keep, out_status);
        if (found == NULL) {
            return NULL;
        }
        if (keep) {
            db->statements[slot] = found;
            db->statement_count++;
        }
    }
    found->busy = true;
    found->stepped = false;
    found->done = false;
    *out_status = STATUS_OK;
    return found;
}

void db_statement_give(struct db *db, struct db_statement *s)
{
    (void)db;
    if (!s->cached) {
        destroy(s);
        return;
    }
    sqlite3_reset(s->handle);
    sqlite3_clear_bindings(s->handle); /* no value outlives its transaction */
    s->busy = false;
}

void db_statements_finalize(struct db *db)
{
    for (unsigned i = 0; i < DB_STATEMENTS_MAX; i++) {
        destroy(db->statements[i]);
        db->statements[i] = NULL;
    }
    db->statement_count = 0;
}

static void fail(struct db_query *q, enum status status)
{
    if (q->status != STATUS_OK) {
        return;
    }
    q->status = status;
    db_sqlite_fail(q->db, status);
}

void db_begin_query(struct db_query *q, struct db *db, const char *sql_literal)
{
    CHECK(db != NULL && db->magic == DB_MAGIC);
    *q = (struct db_query){.db = db, .next_bind = 1, .status = STATUS_OK};
    db->queries_open++;
    if (db->failed != STATUS_OK) {
        q->status = db->failed; /* as in PostgreSQL: nothing more until the part is rolled back */
        return;
    }
    enum status status = STATUS_OK;
    q->statement = db_statement_take(db, sql_literal, &status);
    if (q->statement == NULL) {
        fail(q, status);
    }
}

/* SQLite's index of the next value; 0 when there is none to bind. */
static int next_index(struct db_query *q)
{
    struct db_statement *s = q->statement;
    int n = q->next_bind++;
    if (s == NULL || q->status != STATUS_OK) {
        return 0;
    }
    if (n > s->parameter_count) {
        log_error("store_bind_surplus", "expected=%d", s->parameter_count);
        fail(q, STATUS_MALFORMED);
        return 0;
    }
    return s->parameters[n - 1];
}

static sqlite3_stmt *handle_of(const struct db_query *q)
{
    return ((struct db_statement *)q->statement)->handle;
}

static void bound(struct db_query *q, int result)
{
    if (result != SQLITE_OK) {
        fail(q, db_sqlite_status(q->db, result, "bind"));
    }
}

void db_bind_text(struct db_query *q, const char *text)
{
    int index = next_index(q);
    if (index > 0) {
        bound(q, text == NULL ? sqlite3_bind_null(handle_of(q), index)
                              : sqlite3_bind_text(handle_of(q), index, text, -1, SQLITE_STATIC));
    }
}

void db_bind_int(struct db_query *q, int64_t value)
{
    int index = next_index(q);
    if (index > 0) {
        bound(q, sqlite3_bind_int64(handle_of(q), index, value));
    }
}

void db_bind_real(struct db_query *q, double value)
{
    int index = next_index(q);
    if (index > 0) {
        bound(q, sqlite3_bind_double(handle_of(q), index, value));
    }
}

void db_bind_null(struct db_query *q)
{
    db_bind_text(q, NULL);
}

void db_bind_optional(struct db_query *q, const char *text)
{
    db_bind_text(q, text == NULL || text[0] == '\0' ? NULL : text);
}

void db_bind_time(struct db_query *q, int64_t ms)
{
    if (ms == 0) {
        db_bind_null(q);
    } else {
        db_bind_int(q, ms);
    }
}

bool db_next(struct db_query *q)
{
    struct db_statement *s = q->statement;
    if (q->status != STATUS_OK || s == NULL || s->done) {
        return false;
    }
    if (!s->stepped && q->next_bind != s->parameter_count + 1) {
        log_error("store_bind_missing", "bound=%d expected=%d", q->next_bind - 1,
                  s->parameter_count);
        fail(q, STATUS_MALFORMED);
        return false;
    }
    s->stepped = true;
    int result = sqlite3_step(s->handle);
    if (result == SQLITE_ROW) {
        return true;
    }
    s->done = true;
    if (result != SQLITE_DONE) {
        fail(q, db_sqlite_status(q->db, result, "step"));
    }
    return false;
}

const char *db_text(struct db_query *q, int column)
{
    if (q->statement == NULL) {
        return "";
    }
    CHECK(column >= 0 && column < sqlite3_column_count(handle_of(q)));
    const unsigned char *text = sqlite3_column_text(handle_of(q), column);
    return text == NULL ? "" : (const char *)text;
}

bool db_is_null(struct db_query *q, int column)
{
    return q->statement == NULL || sqlite3_column_type(handle_of(q), column) == SQLITE_NULL;
}

int64_t db_int(struct db_query *q, int column)
{
    if (q->statement == NULL) {
        return 0;
    }
    CHECK(column >= 0 && column < sqlite3_column_count(handle_of(q)));
    return sqlite3_column_int64(handle_of(q), column);
}

double db_real(struct db_query *q, int column)
{
    return q->statement == NULL ? 0.0 : sqlite3_column_double(handle_of(q), column);
}

enum status db_end(struct db_query *q)
{
    struct db *db = q->db;
    CHECK(db != NULL && db->queries_open > 0);
    struct db_statement *s = q->statement;
    if (s != NULL && q->status == STATUS_OK && !s->stepped) {
        while (db_next(q)) {
        }
    }
    if (s != NULL) {
        db->changes =
            sqlite3_stmt_readonly(s->handle) != 0 ? db->changes : sqlite3_changes64(db->handle);
        db_statement_give(db, s);
        q->statement = NULL;
    }
    db->queries_open--;
    q->db = NULL;
    return q->status;
}

int64_t db_changes(struct db *db)
{
    return db->changes;
}

static void bind_list(struct db_query *q, const char *kinds, va_list *values)
{
    for (; *kinds != '\0'; kinds++) {
        switch (*kinds) {
        case 's':
            db_bind_text(q, va_arg(*values, const char *));
            break;
        case 'i':
            db_bind_int(q, va_arg(*values, int64_t));
            break;
        case 'r':
            db_bind_real(q, va_arg(*values, double));
            break;
        default:
            CHECK(*kinds == 's' || *kinds == 'i' || *kinds == 'r');
        }
    }
}

enum status db_run(struct db *db, const char *sql_literal, const char *kinds, ...)
{
    struct db_query q;
    db_begin_query(&q, db, sql_literal);
    va_list values;
    va_start(values, kinds);
    bind_list(&q, kinds, &values);
    va_end(values);
    return db_end(&q);
}

enum status db_one_text(struct db *db, char *buffer, unsigned buffer_len, const char *sql_literal,
                        const char *kinds, ...)
{
    struct db_query q;
    db_begin_query(&q, db, sql_literal);
    va_list values;
    va_start(values, kinds);
    bind_list(&q, kinds, &values);
    va_end(values);
    enum status found = STATUS_NONE;
    if (db_next(&q)) {
        const char *text = db_text(&q, 0);
        size_t len = strlen(text);
        found = len < buffer_len ? STATUS_OK : STATUS_TOO_LARGE;
        if (found == STATUS_OK) {
            memcpy(buffer, text, len + 1);
        }
    }
    enum status status = db_end(&q);
    return status != STATUS_OK ? status : found;
}

enum status db_one_int(struct db *db, int64_t *out_value, const char *sql_literal,
                       const char *kinds, ...)
{
    struct db_query q;
    db_begin_query(&q, db, sql_literal);
    va_list values;
    va_start(values, kinds);
    bind_list(&q, kinds, &values);
    va_end(values);
    enum status found = STATUS_NONE;
    int64_t value = 0;
    if (db_next(&q)) {
        found = STATUS_OK;
        value = db_int(&q, 0);
    }
    enum status status = db_end(&q);
    if (status == STATUS_OK && found == STATUS_OK) {
        *out_value = value;
    }
    return status != STATUS_OK ? status : found;
}
