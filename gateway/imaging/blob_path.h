/* Names of files below the data folder: all made by the gateway from ids and hashes, never from
 * what a client sent. Any thread. */
#ifndef GATEWAY_IMAGING_BLOB_PATH_H
#define GATEWAY_IMAGING_BLOB_PATH_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>

#define BLOB_PATH_MAX 256 /* struct api_call.file */

struct blob_path {
    char text[BLOB_PATH_MAX];
};

/* STATUS_TOO_LARGE: the data folder's name is too long. */
MUST_USE enum status blob_path_part(const char *data_folder, const char *upload_id,
                                    struct blob_path *out_path);
MUST_USE enum status blob_path_lock(const char *data_folder, const char *upload_id,
                                    struct blob_path *out_path);
MUST_USE enum status blob_path_blob(const char *data_folder, const char *sha256,
                                    struct blob_path *out_path);
MUST_USE enum status blob_path_thumbnail(const char *data_folder, const char *sha256,
                                         struct blob_path *out_path);
/* 64 lower-case hex digits. */
bool blob_hash_is_valid(const char *text);
/* Makes the folders of a path below data_folder (0700) and syncs each new one's parent. */
MUST_USE enum status blob_make_folders(const char *data_folder, const struct blob_path *path);
/* fsync of the folder that holds the path: makes a rename durable. */
MUST_USE enum status blob_sync_folder(const struct blob_path *path);

#endif
