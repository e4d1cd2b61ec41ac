/* The built console as a set of files: scanned once (so that no request ever names a path of the
 * disk), served with types, validators and precompressed variants. Hashed assets are immutable; `/`
 * and unknown page addresses give index.html. The scan blocks; everything else T0. */
#ifndef GATEWAY_WEB_STATIC_H
#define GATEWAY_WEB_STATIC_H

#include "gateway/web/web.h"

#define WEB_STATIC_FILES_MAX 4096 /* a build has some 50 */

struct web_static;

/* STATUS_IO: no such folder, or no index.html in it (logged). STATUS_FULL: more than
 * WEB_STATIC_FILES_MAX files. */
MUST_USE enum status web_static_open(const char *folder, struct web_static **out_static);
void web_static_close(struct web_static *files); /* no exchange may be under way; NULL is fine */
/* Answers any request: GET and HEAD with a file or 404, other methods with 405. files NULL: 404. */
void web_static_request(struct web_static *files, struct web_exchange *exchange);

#endif
