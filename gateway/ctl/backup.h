/* consultctl backup: a folder that a gateway can be started with, taken beside the running gateway.
 *
 * Order: database first, then what its rows name. Files are made before the row that names them and
 * never changed after, so the copy of the database names nothing that is not there; what is newer
 * than it is swept at the first start. Finished files are hard-linked where that is possible (no
 * time, no space) and copied elsewhere; keys, certificates and recordings that still run are
 * always copied. Left out: uploads that are not complete (clients begin them anew), thumbnails
 * (made when asked for), the lock. */
#ifndef GATEWAY_CTL_BACKUP_H
#define GATEWAY_CTL_BACKUP_H

#include "gateway/store/db.h"

#include <stdint.h>

struct backup_result {
    unsigned linked, copied; /* files */
    int64_t bytes;           /* of both */
    char error[400];
};

/* target must not exist; its parent must. STATUS_OK: it is whole and on disk. Else error says why,
 * and what there is has the name target.incomplete. */
MUST_USE enum status backup_make(struct db *db, const char *data_folder, const char *target,
                                 struct backup_result *out_result);

#endif
