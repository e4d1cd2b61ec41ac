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

/* Compares what was applied with what this program knows. */
static enum status check_applied(struct db *db, const struct migration *list)
{
    enum status verdict = STATUS_OK;
    struct db_query q;
    db_begin_query(&q, db, "SELECT version, name, sha256 FROM schema_version ORDER BY version");
    int64_t known = 0;
    while (db_next(&q) && verdict == STATUS_OK) {
        const struct migration *m = find(list, db_int(&q, 0));
        char hex[65] = "";
        if (m == NULL) {
            log_error(
                "store_schema_newer",
                "version=%lld known=%lld hint=\"start the newer program, or restore a backup\"",
                (long long)db_int(&q, 0), (long long)known);
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
        known = db_int(&q, 0);
    }
    enum status status = db_end(&q);
    return status != STATUS_OK ? status : verdict;
}

/* Numbers may have gaps, and a gap may be filled later: what counts is whether this one was
 * applied.
 */
static enum status is_applied(struct db *db, int64_t version, bool *out_applied)
{
    int64_t count = 0;
    enum status status = db_one_int(
        db, &count, "SELECT COUNT(*) FROM schema_version WHERE version = $1", "i", version);
    *out_applied = count > 0;
    return status;
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
    if (status == STATUS_OK) {
        status = check_applied(db, list);
    }
    for (const struct migration *m = list; m->version != 0 && status == STATUS_OK; m++) {
        bool applied = false;
        status = is_applied(db, m->version, &applied);
        if (status == STATUS_OK && !applied) {
            status = apply(db, m, now_ms);
        }
    }
    if (status != STATUS_OK) {
        db_rollback(db);
        return status;
    }
    return db_commit(db);
}
