#include "gateway/imaging/partial.h"

#include "gateway/imaging/digest.h"
#include "media/rt/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define THUMBNAIL_SIZE 160 /* the interface's word */

static enum status status_of_errno(void)
{
    return errno == ENOSPC || errno == EDQUOT ? STATUS_FULL : STATUS_IO;
}

enum status partial_lock(const char *data_folder, const char *upload_id, int *out_fd)
{
    struct blob_path path;
    struct stat mine;
    struct stat named;
    enum status status = blob_path_lock(data_folder, upload_id, &path);
    if (status == STATUS_OK) {
        status = blob_make_folders(data_folder, &path);
    }
    if (status != STATUS_OK) {
        return status;
    }
    int fd = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return status_of_errno();
    }
    /* The former writer may have removed the lock file between our open and our flock. */
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &mine) != 0 ||
        stat(path.text, &named) != 0 || mine.st_ino != named.st_ino ||
        mine.st_dev != named.st_dev) {
        (void)close(fd);
        return STATUS_CONFLICT;
    }
    *out_fd = fd;
    return STATUS_OK;
}

enum status partial_open(const char *data_folder, const char *upload_id, int *out_fd,
                         int64_t *out_size)
{
    struct blob_path path;
    struct stat st;
    enum status status = blob_path_part(data_folder, upload_id, &path);
    if (status != STATUS_OK) {
        return status;
    }
    int fd = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return status_of_errno();
    }
    if (fstat(fd, &st) != 0) {
        (void)close(fd);
        return STATUS_IO;
    }
    *out_fd = fd;
    *out_size = (int64_t)st.st_size;
    return STATUS_OK;
}

static enum status write_all(int fd, int64_t offset, const char *at, size_t len)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, at, len, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return status_of_errno();
        }
        at += n;
        offset += n;
        len -= (size_t)n;
    }
    return STATUS_OK;
}

enum status partial_write(int fd, int64_t offset, const void *data, size_t len)
{
    if (ftruncate(fd, (off_t)offset) != 0) {
        return STATUS_IO;
    }
    enum status status = write_all(fd, offset, data, len);
    if (status == STATUS_OK && fdatasync(fd) != 0) {
        status = status_of_errno();
    }
    if (status != STATUS_OK && ftruncate(fd, (off_t)offset) != 0) {
        status = STATUS_IO; /* the space is not given back; what is acknowledged still ends at offset */
    }
    return status;
}

enum status partial_sync_name(const char *data_folder, const char *upload_id)
{
    struct blob_path path;
    enum status status = blob_path_part(data_folder, upload_id, &path);
    return status == STATUS_OK ? blob_sync_folder(&path) : status;
}

void partial_remove(const char *data_folder, const char *upload_id)
{
    struct blob_path path;
    if (blob_path_part(data_folder, upload_id, &path) == STATUS_OK) {
        (void)unlink(path.text); /* what stays is swept at the next start */
    }
    if (blob_path_lock(data_folder, upload_id, &path) == STATUS_OK) {
        (void)unlink(path.text);
    }
}

static enum status store(const char *data_folder, const char *upload_id, const char *sha256)
{
    struct blob_path part;
    struct blob_path blob;
    enum status status = blob_path_part(data_folder, upload_id, &part);
    if (status == STATUS_OK) {
        status = blob_path_blob(data_folder, sha256, &blob);
    }
    if (status == STATUS_OK) {
        status = blob_make_folders(data_folder, &blob);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (access(blob.text, F_OK) == 0) {
        return STATUS_OK; /* the same octets by the same hash: the partial file is removed after the
                             commit */
    }
    if (chmod(part.text, 0400) != 0 || rename(part.text, blob.text) != 0) {
        return status_of_errno();
    }
    return blob_sync_folder(&blob);
}

enum status partial_complete(const char *data_folder, const char *upload_id, const char *sha256,
                             int fd, struct imaging *imaging, struct partial_result *out_result)
{
    char hash[DIGEST_HEX_LEN];
    struct blob_path part;
    struct partial_result result = {0};
    enum status status = digest_file(fd, hash);
    if (status != STATUS_OK) {
        return status;
    }
    if (strcmp(hash, sha256) != 0) {
        result.hash_differs = true;
        *out_result = result;
        return STATUS_OK;
    }
    status = blob_path_part(data_folder, upload_id, &part);
    if (status == STATUS_OK) {
        status = imaging_probe(imaging, part.text, &result.info);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (result.info.refusal == IMAGING_REFUSAL_NONE) {
        status = store(data_folder, upload_id, sha256);
        result.stored = status == STATUS_OK;
    } else {
        log_info("upload_refused", "upload=%s reason=%s detail=\"%s\"", upload_id,
                 imaging_refusal_name(result.info.refusal), result.info.detail);
    }
    if (status == STATUS_OK) {
        *out_result = result;
    }
    return status;
}

enum status partial_take_back(const char *data_folder, const char *upload_id, const char *sha256,
                              int64_t bytes)
{
    struct blob_path part;
    struct blob_path blob;
    struct stat st;
    enum status status = blob_path_part(data_folder, upload_id, &part);
    if (status == STATUS_OK) {
        status = blob_path_blob(data_folder, sha256, &blob);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (stat(blob.text, &st) != 0 || (int64_t)st.st_size != bytes) {
        return STATUS_NONE;
    }
    if (chmod(blob.text, 0600) != 0 || rename(blob.text, part.text) != 0) {
        return STATUS_IO;
    }
    return blob_sync_folder(&part);
}

static enum status write_thumbnail(const struct blob_path *path, const struct imaging_reply *reply)
{
    char temporary[BLOB_PATH_MAX + 16];
    (void)snprintf(temporary, sizeof temporary, "%s.XXXXXX", path->text);
    int fd = mkstemp(temporary);
    if (fd < 0) {
        return status_of_errno();
    }
    enum status status = write_all(fd, 0, (const char *)reply->bytes, reply->len);
    (void)close(fd);
    if (status == STATUS_OK && rename(temporary, path->text) != 0) {
        status = STATUS_IO;
    }
    if (status != STATUS_OK) {
        (void)unlink(temporary);
    }
    return status; /* a cache: not synced, made again when a power cut took it or left it empty */
}

enum status partial_thumbnail(const char *data_folder, const char *sha256, struct imaging *imaging)
{
    struct blob_path path;
    struct blob_path blob;
    struct stat st;
    enum status status = blob_path_thumbnail(data_folder, sha256, &path);
    if (status == STATUS_OK && stat(path.text, &st) == 0 && st.st_size > 0) {
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = blob_path_blob(data_folder, sha256, &blob);
    }
    if (status == STATUS_OK) {
        status = blob_make_folders(data_folder, &path);
    }
    struct imaging_request request = {.size = THUMBNAIL_SIZE, .format = IMAGING_FORMAT_JPEG};
    struct imaging_reply reply = {0};
    if (status == STATUS_OK) {
        status = imaging_render(imaging, blob.text, &request, &reply);
    }
    if (status == STATUS_OK) {
        status = reply.refusal == IMAGING_REFUSAL_NONE ? write_thumbnail(&path, &reply)
                                                       : STATUS_UNSUPPORTED;
    }
    free(reply.bytes);
    return status;
}
