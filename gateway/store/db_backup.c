#include "gateway/store/db_backup.h"

#include "gateway/store/db_sqlite.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum status create(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        log_error("store_backup_failed", "path=%s error=\"%s\"", path, strerror(errno));
        return STATUS_IO;
    }
    (void)close(fd);
    return STATUS_OK;
}

/* All pages in one step: a single read transaction, so writers (who go on in the write-ahead log)
 * never make it begin anew. */
static enum status copy_pages(struct db *db, sqlite3 *target)
{
    sqlite3_backup *backup = sqlite3_backup_init(target, "main", db->handle, "main");
    if (backup == NULL) {
        return db_sqlite_status(db, sqlite3_errcode(target), "backup");
    }
    int stepped = sqlite3_backup_step(backup, -1);
    int finished = sqlite3_backup_finish(backup);
    int result = stepped == SQLITE_DONE ? finished : stepped;
    return db_sqlite_status(db, result, "backup");
}

enum status db_backup(struct db *db, const char *path)
{
    char mark[PATH_MAX];
    sqlite3 *target = NULL;
    CHECK(db->magic == DB_MAGIC && !db->in_transaction && db->queries_open == 0);
    int n = snprintf(mark, sizeof mark, "%s.mark", path);
    if (n < 0 || (size_t)n >= sizeof mark) {
        return STATUS_TOO_LARGE;
    }
    enum status status = create(path);
    if (status != STATUS_OK) {
        return status;
    }
    status = db_sqlite_status(db, sqlite3_open_v2(path, &target, SQLITE_OPEN_READWRITE, NULL),
                              "backup_open");
    if (status == STATUS_OK) {
        /* The default journal and synchronous=FULL: the copy is synced before the step returns. */
        status = copy_pages(db, target);
    }
    if (sqlite3_close(target) != SQLITE_OK && status == STATUS_OK) {
        status = STATUS_IO;
    }
    return status == STATUS_OK ? create(mark) : status;
}
