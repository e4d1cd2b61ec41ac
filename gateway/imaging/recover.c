#include "gateway/imaging/recover.h"

#include "gateway/imaging/imaging_api.h"
#include "gateway/imaging/partial.h"
#include "gateway/imaging/upload_row.h"
#include "media/rt/log.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct swept {
    unsigned resumable, shortened, partials, blobs, thumbnails;
};

/* "ID.part" or "ID.lock" -> ID. */
static bool id_of(const char *name, char id[33])
{
    if (strlen(name) != 37 ||
        (strcmp(name + 32, ".part") != 0 && strcmp(name + 32, ".lock") != 0)) {
        return false;
    }
    memcpy(id, name, 32);
    id[32] = 0;
    return api_id(id);
}

static enum status settle_upload(struct db *db, const char *data_folder,
                                 const struct upload_row *row, struct swept *swept)
{
    struct blob_path path;
    struct stat st;
    int64_t named = 0;
    enum status status = blob_path_part(data_folder, row->id, &path);
    if (status != STATUS_OK) {
        return status;
    }
    int64_t size = stat(path.text, &st) == 0 ? (int64_t)st.st_size : 0;
    if (size >= row->received) {
        return STATUS_OK;
    }
    status =
        db_one_int(db, &named, "SELECT COUNT(*) FROM attachment WHERE sha256=$1", "s", row->sha256);
    if (status == STATUS_OK && named == 0 && size == 0) {
        status = partial_take_back(data_folder, row->id, row->sha256, row->bytes);
        if (status == STATUS_OK) {
            swept->resumable++;
            return STATUS_OK;
        }
        status = status == STATUS_NONE ? STATUS_OK : status;
    }
    if (status == STATUS_OK) {
        swept->shortened++;
        status = db_run(db, "UPDATE upload SET received=$1 WHERE id=$2", "is", size, row->id);
    }
    return status;
}

/* Ids are read first: a statement that is being stepped must not see the changes made for its rows.
 */
static enum status settle_uploads(struct db *db, const char *data_folder, struct swept *swept)
{
    char last[33] = "";
    for (;;) {
        char id[33];
        struct upload_row row;
        enum status status = db_one_text(
            db, id, sizeof id,
            "SELECT id FROM upload WHERE state='receiving' AND id>$1 ORDER BY id LIMIT 1", "s",
            last);
        if (status == STATUS_NONE) {
            return STATUS_OK;
        }
        if (status == STATUS_OK) {
            status = upload_row_load(db, id, &row);
        }
        if (status == STATUS_OK) {
            status = settle_upload(db, data_folder, &row, swept);
        }
        if (status != STATUS_OK) {
            return status;
        }
        memcpy(last, id, sizeof last);
    }
}

typedef enum status (*file_fn)(struct db *db, const char *path, const char *name,
                               struct swept *swept);

static enum status each_file(struct db *db, const char *folder, file_fn fn, struct swept *swept)
{
    DIR *dir = opendir(folder);
    enum status status = STATUS_OK;
    if (dir == NULL) {
        return errno == ENOENT ? STATUS_OK : STATUS_IO;
    }
    struct dirent *entry = NULL;
    while (status == STATUS_OK && (entry = readdir(dir)) != NULL) {
        char path[BLOB_PATH_MAX * 2];
        if (entry->d_name[0] == '.') {
            continue;
        }
        int len = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (len > 0 && (size_t)len < sizeof path) {
            status = fn(db, path, entry->d_name, swept);
        }
    }
    (void)closedir(dir);
    return status;
}

static enum status sweep_partial(struct db *db, const char *path, const char *name,
                                 struct swept *swept)
{
    char id[33];
    int64_t wanted = 0;
    enum status status = STATUS_OK;
    if (id_of(name, id)) {
        status = db_one_int(
            db, &wanted, "SELECT COUNT(*) FROM upload WHERE id=$1 AND state='receiving'", "s", id);
    }
    if (status == STATUS_OK && wanted == 0 && unlink(path) == 0) {
        swept->partials++;
    }
    return status;
}

static enum status sweep_blob(struct db *db, const char *path, const char *name,
                              struct swept *swept)
{
    int64_t named = 0;
    enum status status = STATUS_OK;
    if (blob_hash_is_valid(name)) {
        status = db_one_int(db, &named,
                            "SELECT (SELECT COUNT(*) FROM attachment WHERE sha256=$1) + (SELECT "
                            "COUNT(*) FROM document WHERE sha256=$2)",
                            "ss", name, name);
    }
    if (status == STATUS_OK && named == 0 && unlink(path) == 0) {
        swept->blobs++;
    }
    return status;
}

static enum status sweep_thumbnail(struct db *db, const char *path, const char *name,
                                   struct swept *swept)
{
    char hash[65] = "";
    int64_t named = 0;
    enum status status = STATUS_OK;
    if (strlen(name) == 68 && strcmp(name + 64, ".jpg") == 0) {
        memcpy(hash, name, 64);
        hash[64] = 0;
    }
    if (blob_hash_is_valid(hash)) {
        status =
            db_one_int(db, &named, "SELECT COUNT(*) FROM attachment WHERE sha256=$1", "s", hash);
    }
    if (status == STATUS_OK && named == 0 && unlink(path) == 0) {
        swept->thumbnails++;
    }
    return status;
}

static enum status sweep_blob_folder(struct db *db, const char *path, const char *name,
                                     struct swept *swept)
{
    return strlen(name) == 2 ? each_file(db, path, sweep_blob, swept) : STATUS_OK;
}

static enum status sweep_thumbnail_folder(struct db *db, const char *path, const char *name,
                                          struct swept *swept)
{
    return strlen(name) == 2 ? each_file(db, path, sweep_thumbnail, swept) : STATUS_OK;
}

static enum status sweep(struct db *db, const char *data_folder, const char *name, file_fn fn,
                         struct swept *swept)
{
    char folder[BLOB_PATH_MAX];
    int len = snprintf(folder, sizeof folder, "%s/%s", data_folder, name);
    if (len <= 0 || (size_t)len >= sizeof folder) {
        return STATUS_TOO_LARGE;
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return STATUS_IO;
    }
    return each_file(db, folder, fn, swept);
}

static enum status recover(struct db *db, const char *data_folder, struct swept *swept)
{
    enum status status = settle_uploads(db, data_folder, swept);
    if (status == STATUS_OK) {
        status = sweep(db, data_folder, "uploads", sweep_partial, swept);
    }
    if (status == STATUS_OK) {
        status = sweep(db, data_folder, "blobs", sweep_blob_folder, swept);
    }
    if (status == STATUS_OK) {
        status = sweep(db, data_folder, "thumbs", sweep_thumbnail_folder, swept);
    }
    return status;
}

enum status imaging_recover(struct db *db, const char *data_folder)
{
    struct swept swept = {0};
    enum status status = db_begin(db);
    if (status != STATUS_OK) {
        return status;
    }
    status = recover(db, data_folder, &swept);
    if (status == STATUS_OK) {
        status = db_commit(db);
    } else {
        db_rollback(db);
    }
    log_info("imaging_recovered",
             "status=%s resumable=%u shortened=%u partials=%u blobs=%u thumbnails=%u",
             status_name(status), swept.resumable, swept.shortened, swept.partials, swept.blobs,
             swept.thumbnails);
    return status;
}

enum status imaging_expire(struct db *db, const char *data_folder, int64_t before_ms)
{
    for (;;) {
        char id[33];
        int lock = -1;
        enum status status =
            db_one_text(db, id, sizeof id,
                        "SELECT id FROM upload WHERE state='receiving' AND updated_ms<$1 LIMIT 1",
                        "i", before_ms);
        if (status == STATUS_NONE) {
            return STATUS_OK;
        }
        if (status == STATUS_OK) {
            status = partial_lock(data_folder, id, &lock);
        }
        if (status == STATUS_CONFLICT) {
            return STATUS_OK; /* somebody goes on with it this moment; the others next time */
        }
        if (status == STATUS_OK) {
            status = db_run(db, "DELETE FROM upload WHERE id=$1", "s", id);
            partial_remove(data_folder, id);
            (void)close(lock);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
}
