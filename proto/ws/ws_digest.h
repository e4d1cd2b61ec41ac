/* SHA-1 (RFC 3174) and base64 (RFC 4648 §4), for the handshake of RFC 6455 only: SHA-1 protects
 * nothing any more. Pure functions, any thread. */
#ifndef PROTO_WS_WS_DIGEST_H
#define PROTO_WS_WS_DIGEST_H

#include "proto/base/span.h"
#include "proto/base/writer.h"

#define WS_SHA1_LEN 20

void ws_sha1(struct span message, uint8_t out_digest[WS_SHA1_LEN]);
/* With padding. */
void ws_base64_write(struct writer *w, struct span octets);
/* Strict: length a multiple of four, padding right, unused bits zero, no other octets. False:
 * malformed, or more than out_len octets; outputs are then undefined. */
bool ws_base64_read(struct span text, uint8_t *out, size_t out_len, size_t *out_used);

#endif
