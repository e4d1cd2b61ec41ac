/* The store contract on real files: statements, transactions, savepoints, group commit, migrations,
 * and what happens when a database is missing, foreign, newer, changed or cut off in the middle of
 * a transaction. */
#include "gateway/store/db_batch.h"
#include "gateway/store/db_migrate.h"
#include "gateway/store/db_sqlite.h"
#include "tests/unit/gateway/temp_folder.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct db *open_memory(void)
{
    struct db *db = NULL;
    EXPECT_INT(db_open(":memory:", &db), STATUS_OK);
    return db;
}

static void add_specialty(struct db *db, const char *code, enum status expected)
{
    EXPECT_INT(db_run(db, "INSERT INTO specialty (code, name_zh, name_en) VALUES ($1, $2, $3)",
                      "sss", code, "名", "name"),
               expected);
}

static int64_t count_specialties(struct db *db)
{
    int64_t n = -1;
    EXPECT_INT(db_one_int(db, &n, "SELECT count(*) FROM specialty", ""), STATUS_OK);
    return n;
}

static void test_statements(void)
{
    struct db *db = open_memory();
    EXPECT_INT(db_begin(db), STATUS_OK);
    add_specialty(db, "cardiology", STATUS_OK);
    EXPECT_INT(db_changes(db), 1);
    add_specialty(db, "radiology", STATUS_OK);
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT code, NULL, 7, 2.5 FROM specialty WHERE code >= $1 ORDER BY code");
    db_bind_text(&q, "c");
    EXPECT(db_next(&q));
    EXPECT_TEXT(db_text(&q, 0), "cardiology");
    EXPECT_TEXT(db_text(&q, 1), "");
    EXPECT(db_is_null(&q, 1));
    EXPECT_INT(db_int(&q, 2), 7);
    EXPECT(db_real(&q, 3) > 2.4 && db_real(&q, 3) < 2.6);
    EXPECT(db_next(&q));
    EXPECT_TEXT(db_text(&q, 0), "radiology");
    EXPECT(!db_next(&q));
    EXPECT(!db_next(&q));
    EXPECT_INT(db_end(&q), STATUS_OK);
    char text[8];
    EXPECT_INT(db_one_text(db, text, sizeof text, "SELECT code FROM specialty WHERE code=$1", "s",
                           "radiology"),
               STATUS_TOO_LARGE);
    EXPECT_INT(
        db_one_text(db, text, sizeof text, "SELECT code FROM specialty WHERE code=$1", "s", "none"),
        STATUS_NONE);
    int64_t n = 5;
    EXPECT_INT(db_one_int(db, &n, "SELECT 1 FROM specialty WHERE code=$1", "s", "none"),
               STATUS_NONE);
    EXPECT_INT(n, 5);
    EXPECT_INT(db_commit(db), STATUS_OK);
    db_close(db);
}

/* $N is the Nth value bound, wherever it stands and however often. */
static void test_parameters(void)
{
    struct db *db = open_memory();
    char text[16];
    EXPECT_INT(db_one_text(db, text, sizeof text, "SELECT $2 || $1 || $2", "ss", "a", "b"),
               STATUS_OK);
    EXPECT_TEXT(text, "bab");
    EXPECT_INT(db_begin(db), STATUS_OK);
    EXPECT_INT(db_run(db, "UPDATE specialty SET name_zh=$1 WHERE code=$2", "s", "x"),
               STATUS_MALFORMED); /* one too few */
    db_rollback(db);
    EXPECT_INT(db_run(db, "DELETE FROM specialty WHERE code=$1", "ss", "x", "y"),
               STATUS_MALFORMED); /* one too many */
    EXPECT_INT(db_run(db, "DELETE FROM nowhere", ""), STATUS_MALFORMED);
    EXPECT_INT(db_run(db, "DELETE FROM specialty; DELETE FROM duty", ""), STATUS_MALFORMED);
    db_close(db);
}

/* The same text inside its own rows, and more different texts than the cache holds. */
static void test_statement_cache(void)
{
    struct db *db = open_memory();
    add_specialty(db, "a", STATUS_OK);
    add_specialty(db, "b", STATUS_OK);
    struct db_query outer;
    db_begin_query(&outer, db, "SELECT code FROM specialty ORDER BY code");
    unsigned rows = 0;
    while (db_next(&outer)) {
        struct db_query inner;
        db_begin_query(&inner, db, "SELECT code FROM specialty ORDER BY code");
        while (db_next(&inner)) {
            rows++;
        }
        EXPECT_INT(db_end(&inner), STATUS_OK);
    }
    EXPECT_INT(db_end(&outer), STATUS_OK);
    EXPECT_INT(rows, 4);
    static char texts[DB_STATEMENTS_MAX][24];
    for (int i = 0; i < DB_STATEMENTS_MAX; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "SELECT %d", i);
        int64_t n = -1;
        EXPECT_INT(db_one_int(db, &n, texts[i], ""), STATUS_OK);
        EXPECT_INT(n, i);
    }
    EXPECT_INT(db->statement_count, DB_STATEMENTS_MAX / 2);
    db_close(db);
}

/* After an error nothing more happens until the part is rolled back, as in PostgreSQL. */
static void test_sticky_errors(void)
{
    struct db *db = open_memory();
    EXPECT_INT(db_begin(db), STATUS_OK);
    add_specialty(db, "a", STATUS_OK);
    EXPECT_INT(db_savepoint(db), STATUS_OK);
    add_specialty(db, "b", STATUS_OK);
    add_specialty(db, "a", STATUS_CONFLICT);
    add_specialty(db, "c", STATUS_CONFLICT);
    EXPECT_INT(db_savepoint_release(db), STATUS_CONFLICT);
    EXPECT_INT(db_savepoint(db), STATUS_OK);
    add_specialty(db, "d", STATUS_OK);
    EXPECT_INT(db_savepoint_release(db), STATUS_OK);
    EXPECT_INT(db_commit(db), STATUS_OK);
    EXPECT_INT(count_specialties(db), 2);
    EXPECT_INT(db_begin(db), STATUS_OK);
    add_specialty(db, "e", STATUS_OK);
    EXPECT_INT(
        db_run(db, "INSERT INTO practitioner_specialty VALUES ($1, $2)", "ss", "nobody", "e"),
        STATUS_CONFLICT);
    EXPECT_INT(db_commit(db), STATUS_CONFLICT);
    EXPECT_INT(count_specialties(db), 2);
    db_close(db);
}

static void observe(void *context, int64_t duration_us, unsigned jobs, enum status status)
{
    unsigned *seen = context;
    EXPECT(duration_us >= 0);
    EXPECT_INT(status, STATUS_OK);
    *seen = jobs;
}

static void test_group_commit(void)
{
    struct db *db = open_memory();
    unsigned seen = 0;
    db_batch_observe(db, observe, &seen);
    struct db_batch_item items[4] = {{.status = STATUS_IO}};
    db_batch_hooks.begin_batch(db);
    const char *codes[4] = {"a", "b", "a", "c"};
    for (int i = 0; i < 4; i++) {
        EXPECT_INT(db_batch_join(db, &items[i]), STATUS_OK);
        add_specialty(db, codes[i], i == 2 ? STATUS_CONFLICT : STATUS_OK);
        if (i == 3) {
            db_batch_undo(db);
        } else {
            EXPECT_INT(db_batch_keep(db), i == 2 ? STATUS_CONFLICT : STATUS_OK);
        }
        EXPECT_INT(items[i].status, STATUS_NONE); /* nobody may be told yet */
    }
    db_batch_hooks.end_batch(db);
    for (int i = 0; i < 4; i++) {
        EXPECT_INT(items[i].status, STATUS_OK);
    }
    EXPECT_INT(seen, 4);
    EXPECT_INT(count_specialties(db), 2);
    /* A batch that only reads is no commit to be measured. */
    seen = 0;
    db_batch_hooks.begin_batch(db);
    EXPECT_INT(db_batch_join(db, &items[0]), STATUS_OK);
    EXPECT_INT(count_specialties(db), 2);
    EXPECT_INT(db_batch_keep(db), STATUS_OK);
    db_batch_hooks.end_batch(db);
    EXPECT_INT(items[0].status, STATUS_OK);
    EXPECT_INT(seen, 0);
    db_close(db);
}

/* Two connections: the second waits for the first's transaction and is refused after the time-out,
 * never half-done. */
static void test_group_commit_fails(void)
{
    struct temp_folder folder;
    temp_folder_make(&folder);
    struct db *a = NULL;
    struct db *b = NULL;
    EXPECT_INT(db_open(temp_path(&folder, "x.db"), &a), STATUS_OK);
    EXPECT_INT(db_open(temp_path(&folder, "x.db"), &b), STATUS_OK);
    sqlite3_busy_timeout(b->handle, 20);
    EXPECT_INT(db_begin(a), STATUS_OK);
    struct db_batch_item item;
    db_batch_hooks.begin_batch(b);
    EXPECT_INT(db_batch_join(b, &item), STATUS_TIMEOUT);
    db_batch_hooks.end_batch(b);
    EXPECT_INT(item.status, STATUS_TIMEOUT);
    EXPECT_INT(db_commit(a), STATUS_OK);
    db_batch_hooks.begin_batch(b);
    EXPECT_INT(db_batch_join(b, &item), STATUS_OK);
    add_specialty(b, "a", STATUS_OK);
    EXPECT_INT(db_batch_keep(b), STATUS_OK);
    db_batch_hooks.end_batch(b);
    EXPECT_INT(item.status, STATUS_OK);
    EXPECT_INT(count_specialties(a), 1);
    db_close(a);
    db_close(b);
    temp_folder_remove(&folder);
}

/* A disk that is full in the middle of a batch: every item learns it and nothing is kept. */
static void test_disk_full(void)
{
    struct temp_folder folder;
    temp_folder_make(&folder);
    struct db *db = NULL;
    EXPECT_INT(db_open(temp_path(&folder, "x.db"), &db), STATUS_OK);
    EXPECT_INT(db_sqlite_exec(db, "PRAGMA max_page_count=1"),
               STATUS_OK); /* becomes the present size */
    static char large[70000];
    memset(large, 'x', sizeof large - 1);
    struct db_batch_item items[2];
    db_batch_hooks.begin_batch(db);
    EXPECT_INT(db_batch_join(db, &items[0]), STATUS_OK);
    add_specialty(db, "small", STATUS_OK);
    EXPECT_INT(db_batch_keep(db), STATUS_OK);
    EXPECT_INT(db_batch_join(db, &items[1]), STATUS_OK);
    EXPECT_INT(db_run(db, "INSERT INTO specialty (code, name_zh, name_en) VALUES ($1, $2, $3)",
                      "sss", "large", large, ""),
               STATUS_IO);
    EXPECT(db_batch_keep(db) != STATUS_OK);
    db_batch_hooks.end_batch(db);
    EXPECT(items[0].status == items[1].status);
    EXPECT_INT(count_specialties(db), items[0].status == STATUS_OK ? 1 : 0);
    db_close(db);
    temp_folder_remove(&folder);
}

static void test_migrations(void)
{
    struct temp_folder folder;
    temp_folder_make(&folder);
    const char *path = temp_path(&folder, "x.db");
    struct db *db = NULL;
    EXPECT_INT(db_open(path, &db), STATUS_OK);
    int64_t applied = 0;
    EXPECT_INT(db_one_int(db, &applied, "SELECT count(*) FROM schema_version", ""), STATUS_OK);
    int known = 0;
    while (migrations[known].version != 0) {
        known++;
    }
    EXPECT_INT(applied, known);
    static const unsigned char more_sql[] =
        "CREATE TABLE more (a TEXT); INSERT INTO more VALUES ('x')";
    struct migration more[32] = {0};
    memcpy(more, migrations, (size_t)known * sizeof more[0]);
    int next = migrations[known - 1].version + 1;
    more[known] = (struct migration){next, "999_more", more_sql, sizeof more_sql - 1};
    EXPECT_INT(db_migrate(db, more, 1), STATUS_OK);
    EXPECT_INT(db_migrate(db, more, 1), STATUS_OK);                /* nothing to do */
    EXPECT_INT(db_migrate(db, migrations, 1), STATUS_UNSUPPORTED); /* newer than the program */
    static const unsigned char changed_sql[] = "CREATE TABLE more (b TEXT)";
    more[known].sql = changed_sql;
    more[known].sql_len = sizeof changed_sql - 1;
    EXPECT_INT(db_migrate(db, more, 1), STATUS_UNSUPPORTED);
    /* One that fails half-way leaves nothing behind. */
    more[known].sql = more_sql;
    more[known].sql_len = sizeof more_sql - 1;
    static const unsigned char bad_sql[] = "CREATE TABLE half (a TEXT); CREATE TABLE half (a TEXT)";
    more[known + 1] = (struct migration){next + 1, "998_bad", bad_sql, sizeof bad_sql - 1};
    EXPECT(db_migrate(db, more, 1) != STATUS_OK);
    int64_t tables = -1;
    EXPECT_INT(db_one_int(db, &tables, "SELECT count(*) FROM sqlite_master WHERE name='half'", ""),
               STATUS_OK);
    EXPECT_INT(tables, 0);
    /* One above a gap, and then the one that fills it. */
    static const unsigned char above_sql[] = "CREATE TABLE above (a TEXT)";
    more[known + 1] = (struct migration){next + 2, "997_above", above_sql, sizeof above_sql - 1};
    EXPECT_INT(db_migrate(db, more, 1), STATUS_OK);
    static const unsigned char gap_sql[] = "CREATE TABLE gap (a TEXT)";
    more[known + 2] = more[known + 1];
    more[known + 1] = (struct migration){next + 1, "996_gap", gap_sql, sizeof gap_sql - 1};
    EXPECT_INT(db_migrate(db, more, 1), STATUS_OK);
    EXPECT_INT(db_one_int(db, &tables,
                          "SELECT count(*) FROM sqlite_master WHERE name IN ('above', 'gap')", ""),
               STATUS_OK);
    EXPECT_INT(tables, 2);
    db_close(db);
    EXPECT_INT(db_open(path, &db), STATUS_IO); /* a newer schema than ours is refused at open */
    temp_folder_remove(&folder);
}

static void test_missing_database(void)
{
    struct temp_folder folder;
    temp_folder_make(&folder);
    const char *path = temp_path(&folder, "x.db");
    struct db *db = NULL;
    EXPECT_INT(db_open(path, &db), STATUS_OK);
    struct stat st;
    EXPECT(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    add_specialty(db, "a", STATUS_OK);
    EXPECT(stat(temp_path(&folder, "x.db-wal"), &st) == 0 && (st.st_mode & 0777) == 0600);
    db_close(db);
    db = NULL;
    EXPECT_INT(rename(path, temp_path(&folder, "away")), 0);
    EXPECT_INT(db_open(path, &db), STATUS_IO); /* not replaced by an empty one */
    EXPECT(access(path, F_OK) != 0);
    FILE *empty = fopen(path, "w");
    EXPECT(empty != NULL && fclose(empty) == 0);
    EXPECT_INT(db_open(path, &db), STATUS_IO);
    EXPECT_INT(rename(temp_path(&folder, "away"), path), 0);
    EXPECT_INT(db_open(path, &db), STATUS_OK);
    EXPECT_INT(count_specialties(db), 1);
    db_close(db);
    EXPECT_INT(db_open(temp_path(&folder, "no/such/folder.db"), &db), STATUS_IO);
    EXPECT_INT(db_open(folder.path, &db), STATUS_IO);
    temp_folder_remove(&folder);
}

static void test_foreign_file(void)
{
    struct temp_folder folder;
    temp_folder_make(&folder);
    struct db *db = NULL;
    FILE *f = fopen(temp_path(&folder, "text"), "w");
    for (int i = 0; i < 1000; i++) {
        EXPECT(f != NULL && fputs("this is no database\n", f) >= 0);
    }
    EXPECT_INT(fclose(f), 0);
    EXPECT_INT(db_open(temp_path(&folder, "text"), &db), STATUS_IO);
    sqlite3 *other = NULL;
    EXPECT_INT(sqlite3_open(temp_path(&folder, "other.db"), &other), SQLITE_OK);
    EXPECT_INT(sqlite3_exec(other, "CREATE TABLE theirs (a)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    EXPECT_INT(db_open(temp_path(&folder, "other.db"), &db), STATUS_IO);
    temp_folder_remove(&folder);
}

/* A process that dies between two commits: what was committed is there, the rest is not. */
static void test_killed(void)
{
    struct temp_folder folder;
    temp_folder_make(&folder);
    const char *path = temp_path(&folder, "x.db");
    pid_t child = fork();
    if (child == 0) {
        struct db *db = NULL;
        if (db_open(path, &db) != STATUS_OK || db_begin(db) != STATUS_OK) {
            _exit(1);
        }
        if (db_run(db, "INSERT INTO specialty VALUES ('kept', 'a', 'b')", "") != STATUS_OK ||
            db_commit(db) != STATUS_OK || db_begin(db) != STATUS_OK ||
            db_run(db, "INSERT INTO specialty VALUES ('lost', 'a', 'b')", "") != STATUS_OK) {
            _exit(1);
        }
        (void)raise(SIGKILL);
    }
    int how = 0;
    EXPECT(waitpid(child, &how, 0) == child && WIFSIGNALED(how));
    struct db *db = NULL;
    EXPECT_INT(db_open(path, &db), STATUS_OK);
    char code[16] = "";
    EXPECT_INT(db_one_text(db, code, sizeof code, "SELECT group_concat(code) FROM specialty", ""),
               STATUS_OK);
    EXPECT_TEXT(code, "kept");
    db_close(db);
    temp_folder_remove(&folder);
}

/* What a value holds never becomes SQL. */
static void test_hostile_values(void)
{
    struct db *db = open_memory();
    static const char *const values[] = {
        "'; DROP TABLE specialty; --", "\" OR 1=1", "$1", "\\", "%", "名\xf0\x9f\xa9\xba", ""};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        add_specialty(db, values[i], STATUS_OK);
        char back[64] = "?";
        EXPECT_INT(db_one_text(db, back, sizeof back, "SELECT code FROM specialty WHERE code=$1",
                               "s", values[i]),
                   STATUS_OK);
        EXPECT_TEXT(back, values[i]);
    }
    EXPECT_INT(count_specialties(db), (int64_t)(sizeof values / sizeof values[0]));
    db_close(db);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"statements", test_statements},
        {"parameters", test_parameters},
        {"statement cache", test_statement_cache},
        {"sticky errors", test_sticky_errors},
        {"group commit", test_group_commit},
        {"group commit without the write lock", test_group_commit_fails},
        {"disk full", test_disk_full},
        {"migrations", test_migrations},
        {"missing database", test_missing_database},
        {"foreign file", test_foreign_file},
        {"killed", test_killed},
        {"hostile values", test_hostile_values},
    };
    return TEST_MAIN(cases);
}
