/* Uploads: creating, asking, and the pieces. States of a row: receiving -> done (with an
 * attachment) or refused (with a reason).
 *
 * A piece: run looks the upload up and takes the writer's lock on its file; blob writes and syncs
 * (and, with the last octet, hashes, probes and stores); finish notes the new length, and the
 * attachment. Until finish is committed the octets count as not received, and the next piece
 * overwrites them. The lock is held until the answer has left. */
#ifndef GATEWAY_IMAGING_UPLOAD_H
#define GATEWAY_IMAGING_UPLOAD_H

#include "gateway/api.h"

#define UPLOAD_CHUNK_MAX 8388608 /* the highest value that setting upload_chunk_bytes may have */

void upload_create(struct api_call *call);     /* POST /consultations/{id}/uploads */
void upload_get(struct api_call *call);        /* GET /uploads/{id} */
void upload_put(struct api_call *call);        /* PUT /uploads/{id}: run */
void upload_put_blob(struct api_call *call);   /* ... blob */
void upload_put_finish(struct api_call *call); /* ... finish */

#endif
