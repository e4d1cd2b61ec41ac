/* The file of an upload in progress: written piece by piece, and at the end checked and made a
 * blob. One writer at a time, held by flock(2) on a lock file beside it (the file itself moves away
 * when it is complete), so that the lock ends with the process. Locking and opening: store thread
 * (short); the rest: blob threads. No SQL. */
#ifndef GATEWAY_IMAGING_PARTIAL_H
#define GATEWAY_IMAGING_PARTIAL_H

#include "gateway/imaging/blob_path.h"
#include "media/imaging/imaging.h"

#include <stdint.h>

/* What became of a whole file. */
struct partial_result {
    bool hash_differs;
    bool stored;              /* the blob is there, durable */
    struct imaging_info info; /* info.refusal says whether it was taken */
};

/* The writer's lock, until the descriptor is closed. STATUS_CONFLICT: somebody is writing;
 * STATUS_FULL: no space; STATUS_IO. To be taken before the row is read: then what the row says
 * holds until the lock is given back. */
MUST_USE enum status partial_lock(const char *data_folder, const char *upload_id, int *out_fd);
/* Opens or creates, under the lock; *out_size: octets in the file. STATUS_FULL, STATUS_IO. */
MUST_USE enum status partial_open(const char *data_folder, const char *upload_id, int *out_fd,
                                  int64_t *out_size);
/* Cuts what lies beyond offset, writes, syncs. STATUS_FULL: the file is as it was; STATUS_IO. */
MUST_USE enum status partial_write(int fd, int64_t offset, const void *data, size_t len);
/* Makes the name of a new partial file durable: before its first octets are acknowledged. */
MUST_USE enum status partial_sync_name(const char *data_folder, const char *upload_id);
/* Hash, probe in a decoder process, rename into blobs/. The partial file stays when it is refused,
 * or when the blob was there already; partial_remove then. STATUS_IO, STATUS_FULL: try the last
 * piece again. */
MUST_USE enum status partial_complete(const char *data_folder, const char *upload_id,
                                      const char *sha256, int fd, struct imaging *imaging,
                                      struct partial_result *out_result);
/* The file and its lock. */
void partial_remove(const char *data_folder, const char *upload_id);
/* A blob that no row names becomes the partial file of its upload again. STATUS_NONE: it is not
 * there. */
MUST_USE enum status partial_take_back(const char *data_folder, const char *upload_id,
                                       const char *sha256, int64_t bytes);
/* JPEG of at most 160 px beside the blob, unless it is there. STATUS_UNSUPPORTED: it cannot be
 * shown; STATUS_IO. */
MUST_USE enum status partial_thumbnail(const char *data_folder, const char *sha256,
                                       struct imaging *imaging);

#endif
