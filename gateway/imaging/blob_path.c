#include "gateway/imaging/blob_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status fitted(int length)
{
    return length > 0 && length < BLOB_PATH_MAX ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status blob_path_part(const char *data_folder, const char *upload_id,
                           struct blob_path *out_path)
{
    return fitted(snprintf(out_path->text, sizeof out_path->text, "%s/uploads/%s.part", data_folder,
                           upload_id));
}

enum status blob_path_lock(const char *data_folder, const char *upload_id,
                           struct blob_path *out_path)
{
    return fitted(snprintf(out_path->text, sizeof out_path->text, "%s/uploads/%s.lock", data_folder,
                           upload_id));
}

enum status blob_path_blob(const char *data_folder, const char *sha256, struct blob_path *out_path)
{
    return fitted(snprintf(out_path->text, sizeof out_path->text, "%s/blobs/%.2s/%s", data_folder,
                           sha256, sha256));
}

enum status blob_path_thumbnail(const char *data_folder, const char *sha256,
                                struct blob_path *out_path)
{
    return fitted(snprintf(out_path->text, sizeof out_path->text, "%s/thumbs/%.2s/%s.jpg",
                           data_folder, sha256, sha256));
}

bool blob_hash_is_valid(const char *text)
{
    return text != NULL && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static enum status sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return STATUS_IO;
    }
    int failed = fsync(fd);
    (void)close(fd);
    return failed == 0 ? STATUS_OK : STATUS_IO;
}

/* The folder part of a path into `folder`; false at the top. */
static bool parent_of(const char *path, char *folder)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return false;
    }
    size_t len = (size_t)(slash - path);
    memcpy(folder, path, len);
    folder[len] = 0;
    return true;
}

enum status blob_make_folders(const char *data_folder, const struct blob_path *path)
{
    size_t base = strlen(data_folder) + 1;
    for (size_t i = base; path->text[i] != 0; i++) {
        if (path->text[i] != '/') {
            continue;
        }
        char folder[BLOB_PATH_MAX];
        char parent[BLOB_PATH_MAX];
        memcpy(folder, path->text, i);
        folder[i] = 0;
        if (mkdir(folder, 0700) == 0) {
            if (!parent_of(folder, parent) || sync_folder(parent) != STATUS_OK) {
                return STATUS_IO;
            }
        } else if (errno != EEXIST) {
            return STATUS_IO;
        }
    }
    return STATUS_OK;
}

enum status blob_sync_folder(const struct blob_path *path)
{
    char folder[BLOB_PATH_MAX];
    return parent_of(path->text, folder) ? sync_folder(folder) : STATUS_IO;
}
