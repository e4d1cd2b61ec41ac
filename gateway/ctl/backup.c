#include "gateway/ctl/backup.h"

#include "gateway/store/db_backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 131072
#define DEPTH_MAX 2 /* blobs/ab/FILE */

enum how { COPY, LINK, RECORDINGS };

static bool fault(struct backup_result *result, const char *what, const char *path)
{
    (void)snprintf(result->error, sizeof result->error, "%s %.300s: %s", what, path,
                   strerror(errno));
    return false;
}

static bool join(char out[PATH_MAX], const char *folder, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    if (n < 0 || n >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    return true;
}

static bool sync_folder(const char *folder, struct backup_result *result)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return done || fault(result, "cannot sync", folder);
}

static bool write_all(int fd, const char *octets, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, octets, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        octets += n;
        len -= (size_t)n;
    }
    return true;
}

static bool pour(int from, int to, int64_t *bytes)
{
    static char piece[PIECE_BYTES]; /* one thread; too large for the stack */
    for (;;) {
        ssize_t n = read(from, piece, sizeof piece);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0 && fsync(to) == 0;
        }
        if (!write_all(to, piece, (size_t)n)) {
            return false;
        }
        *bytes += n;
    }
}

/* A file that has gone meanwhile (a recording that was completed) is no fault. */
static bool copy_file(const char *from, const char *to, struct backup_result *result)
{
    int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0) {
        return errno == ENOENT || fault(result, "cannot read", from);
    }
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done = out >= 0 && pour(in, out, &result->bytes);
    int reason = errno;
    if (out >= 0 && close(out) != 0 && done) {
        done = false;
        reason = errno;
    }
    (void)close(in);
    errno = reason;
    result->copied += done;
    return done || fault(result, "cannot write", to);
}

static bool link_file(const char *from, const char *to, const struct stat *about,
                      struct backup_result *result)
{
    if (link(from, to) == 0) {
        result->linked++;
        result->bytes += about->st_size;
        return true;
    }
    /* Another file system, one without links, or too many links on the file. */
    bool copy = errno == EXDEV || errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP;
    return copy ? copy_file(from, to, result) : errno == ENOENT || fault(result, "cannot link", to);
}

static bool unfinished(const char *name)
{
    return strstr(name, ".part") != NULL;
}

static bool temporary(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".mux") == 0;
}

static bool take_file(const char *from, const char *to, const char *name, const struct stat *about,
                      enum how how, struct backup_result *result)
{
    struct stat there;
    if ((how == RECORDINGS && temporary(name)) || lstat(to, &there) == 0) {
        return true; /* made anew from the parts; or taken in the pass before */
    }
    bool finished = how == LINK || (how == RECORDINGS && !unfinished(name));
    return finished ? link_file(from, to, about, result) : copy_file(from, to, result);
}

static bool take_folder(const char *from, const char *to, enum how how, unsigned depth,
                        struct backup_result *result);

static bool take_entry(const char *from, const char *to, const char *name, enum how how,
                       unsigned depth, struct backup_result *result)
{
    char source[PATH_MAX], target[PATH_MAX];
    struct stat about;
    if (!join(source, from, name) || !join(target, to, name)) {
        return fault(result, "cannot name", name);
    }
    if (lstat(source, &about) != 0) {
        return errno == ENOENT || fault(result, "cannot look at", source);
    }
    if (S_ISDIR(about.st_mode) && depth < DEPTH_MAX) {
        return take_folder(source, target, how, depth + 1, result);
    }
    return !S_ISREG(about.st_mode) || take_file(source, target, name, &about, how, result);
}

static bool take_folder(const char *from, const char *to, enum how how, unsigned depth,
                        struct backup_result *result)
{
    DIR *dir = opendir(from);
    if (dir == NULL) {
        return errno == ENOENT || fault(result, "cannot read", from);
    }
    bool done = mkdir(to, 0700) == 0 || errno == EEXIST ? true : fault(result, "cannot make", to);
    for (struct dirent *entry = done ? readdir(dir) : NULL; entry != NULL && done;
         entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            done = take_entry(from, to, entry->d_name, how, depth, result);
        }
    }
    (void)closedir(dir);
    return done && sync_folder(to, result);
}

/* Parts whose recording was completed while we copied: the finished file came with the second pass.
 */
static bool drop_stale_parts(const char *from, const char *to, struct backup_result *result)
{
    char source[PATH_MAX], target[PATH_MAX];
    DIR *dir = opendir(to);
    bool done = true;
    for (struct dirent *entry = dir != NULL ? readdir(dir) : NULL; entry != NULL && done;
         entry = readdir(dir)) {
        if (unfinished(entry->d_name) && join(source, from, entry->d_name) &&
            join(target, to, entry->d_name) && access(source, F_OK) != 0) {
            done = unlink(target) == 0 || fault(result, "cannot remove", target);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return done;
}

static bool take_recordings(const char *from, const char *to, struct backup_result *result)
{
    return take_folder(from, to, RECORDINGS, 1, result) &&
           take_folder(from, to, RECORDINGS, 1, result) && drop_stale_parts(from, to, result) &&
           (access(to, F_OK) != 0 || sync_folder(to, result));
}

static bool take_all(struct db *db, const char *data, const char *target,
                     struct backup_result *result)
{
    static const struct {
        const char *name;
        enum how how;
    } folders[] = {{"keys", COPY}, {"tls", COPY}, {"blobs", LINK}, {"recordings", RECORDINGS}};
    char from[PATH_MAX], to[PATH_MAX];
    if (!join(to, target, DB_FILE_NAME)) {
        return fault(result, "cannot name", target);
    }
    if (db_backup(db, to) != STATUS_OK) {
        (void)snprintf(result->error, sizeof result->error, "cannot copy the database to %.300s",
                       to);
        return false;
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (!join(from, data, folders[i].name) || !join(to, target, folders[i].name)) {
            return fault(result, "cannot name", folders[i].name);
        }
        bool done = folders[i].how == RECORDINGS ? take_recordings(from, to, result)
                                                 : take_folder(from, to, folders[i].how, 1, result);
        if (!done) {
            return false;
        }
    }
    return sync_folder(target, result);
}

/* The folder that holds target, so that the new name is on disk. */
static bool sync_parent(const char *target, struct backup_result *result)
{
    char parent[PATH_MAX];
    int n = snprintf(parent, sizeof parent, "%s/..", target);
    return (n > 0 && (size_t)n < sizeof parent) ? sync_folder(parent, result)
                                                : fault(result, "cannot name", target);
}

enum status backup_make(struct db *db, const char *data_folder, const char *target,
                        struct backup_result *out_result)
{
    char work[PATH_MAX];
    struct stat there;
    *out_result = (struct backup_result){.error = ""};
    int n = snprintf(work, sizeof work, "%s.incomplete", target);
    if (n < 0 || (size_t)n >= sizeof work || lstat(target, &there) == 0) {
        (void)snprintf(out_result->error, sizeof out_result->error, "%.300s is there already",
                       target);
        return STATUS_CONFLICT;
    }
    if (mkdir(work, 0700) != 0) {
        (void)fault(out_result, "cannot make", work);
        return STATUS_IO;
    }
    if (!take_all(db, data_folder, work, out_result)) {
        return STATUS_IO;
    }
    if (rename(work, target) != 0) {
        (void)fault(out_result, "cannot rename", work);
        return STATUS_IO;
    }
    return sync_parent(target, out_result) ? STATUS_OK : STATUS_IO;
}
