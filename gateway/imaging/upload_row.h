/* Rows of table upload, and the upload as the interface shows it. Store thread, inside a
 * transaction. */
#ifndef GATEWAY_IMAGING_UPLOAD_ROW_H
#define GATEWAY_IMAGING_UPLOAD_ROW_H

#include "gateway/api.h"

struct upload_row {
    char id[33], consultation_id[33], sha256[65], state[12], refusal[24], attachment_id[33];
    char name[1024]; /* 255 characters */
    int64_t bytes, received;
};

/* STATUS_NONE: no such upload. */
MUST_USE enum status upload_row_load(struct db *db, const char *id, struct upload_row *out_row);
/* One of the consultation with this hash that is being received or done. STATUS_NONE. */
MUST_USE enum status upload_row_find(struct db *db, const char *consultation_id, const char *sha256,
                                     struct upload_row *out_row);
/* {id, received, bytes, chunk_bytes, state, refusal?, attachment?}. STATUS_IO, STATUS_NO_MEMORY. */
MUST_USE enum status upload_row_json(struct db *db, const struct upload_row *row,
                                     int64_t chunk_bytes, json_t **out_json);
/* Code and sentences of a stored refusal name ("HASH", or one of media/imaging/refusal.def). */
const char *upload_refusal_code(const char *name);
const char *upload_refusal_zh(const char *name);
const char *upload_refusal_en(const char *name);

#endif
