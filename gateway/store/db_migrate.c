#include "gateway/store/db_migrate.h"

#include "gateway/store/db_sqlite.h"
#include "media/rt/log.h"

#include <sodium.h>
#include <string.h>

static void checksum(const struct migration *m, char out_hex[65])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, m->sql, m->sql_len);
    sodium_bin2hex(out_hex, 65, hash, sizeof hash);
}

static const struct migration *find(const struct migration *list, int64_t version)
{
    for (; list->version != 0; list++) {
        if (list->version == version) {
            return list;
        }
    }
    return NULL;
}

/* Compares what was applied with what this program knows; counts into *out_applied. */
static enum status check_applied(struct db *db, const struct migration *list, int64_t *out_applied)
{
    enum status verdict = STATUS_OK;
    struct db_query q;
    db_begin_query(&q, db, "SELECT version, name, sha256 FROM schema_version ORDER BY version");
    int64_t applied = 0;
    while (db_next(&q) && verdict == STATUS_OK) {
        const struct migration *m = find(list, db_int(&q, 0));
        char hex[65] = "";
        if (m == NULL) {
            log_error(
                "store_schema_newer",
                "version=%lld known=%lld hint=\"start the newer program, or restore a backup\"",
                (long long)db_int(&q, 0), (long long)applied);
            verdict = STATUS_UNSUPPORTED;
            break;
        }
        checksum(m, hex);
        if (strcmp(hex, db_text(&q, 2)) != 0) {
            log_error("store_schema_changed",
                      "migration=%s hint=\"it was applied in another form\"", m->name);
            verdict = STATUS_UNSUPPORTED;
            break;
        }
        applied++;
    }
    enum status status = db_end(&q);
    if (status == STATUS_OK && verdict == STATUS_OK) {
        *out_applied = applied;
    }
    return status != STATUS_OK ? status : verdict;
}

static enum status apply(struct db *db, const struct migration *m, int64_t now_ms)
{
    char hex[65];
    checksum(m, hex);
    enum status status = db_sqlite_exec(db, (const char *)m->sql);
    if (status != STATUS_OK) {
        log_error("store_migration_failed", "migration=%s reason=%s", m->name, status_name(status));
        return status;
    }
    status = db_run(
        db,
        "INSERT INTO schema_version (version, name, sha256, applied_ms) VALUES ($1, $2, $3, $4)",
        "issi", (int64_t)m->version, m->name, hex, now_ms);
    if (status == STATUS_OK) {
        log_info("store_migrated", "migration=%s", m->name);
    }
    return status;
}

enum status db_migrate(struct db *db, const struct migration *list, int64_t now_ms)
{
    enum status status = db_begin(db);
    if (status != STATUS_OK) {
        return status;
    }
    status =
        db_sqlite_exec(db, "CREATE TABLE IF NOT EXISTS schema_version ("
                           "version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, "
                           "applied_ms BIGINT NOT NULL)");
    int64_t applied = 0;
    if (status == STATUS_OK) {
        status = check_applied(db, list, &applied);
    }
    for (const struct migration *m = list; m->version != 0 && status == STATUS_OK; m++) {
        if (m->version > applied) {
            status = apply(db, m, now_ms);
        }
    }
    if (status != STATUS_OK) {
        db_rollback(db);
        return status;
    }
    return db_commit(db);
}
