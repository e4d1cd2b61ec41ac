/* Attachments of a consultation over /api/v1 (proto/signal/README.md, "Attachments"): uploads in
 * chunks, what they became, thumbnails, rendered frames and the files as they came.
 *
 * On disk, below the data folder, every name made by the gateway: uploads/ID.part (being received),
 * blobs/aa/SHA256 (the file, content-addressed, never changed), thumbs/aa/SHA256.jpg (cache). An
 * octet is acknowledged after fdatasync and after the commit of its row; an attachment row is
 * committed after its blob and the blob's folder are synced. Store thread, but for the blob parts
 * of the routes. */
#ifndef GATEWAY_IMAGING_IMAGING_API_H
#define GATEWAY_IMAGING_IMAGING_API_H

#include "gateway/api.h"

extern const struct api_route imaging_routes[];

/* At start, before any request, no transaction open: puts back what a crash left (a blob without
 * its row becomes its upload's partial file again, so it can be resumed), removes partial files and
 * blobs that no row names. */
MUST_USE enum status imaging_recover(struct db *db, const char *data_folder);

/* Uploads in which nothing arrived since before_ms: row and partial file go. Inside a transaction;
 * to be called now and then. */
MUST_USE enum status imaging_expire(struct db *db, const char *data_folder, int64_t before_ms);

#endif
