/* Inflates a raw deflate stream (RFC 1951), as Deflated Explicit VR Little Endian carries it (PS3.5
 * section A.5), into the caller's memory. Sans I/O, nothing is allocated, any thread. Output never
 * exceeds the room given: a bomb is STATUS_TOO_LARGE. */
#ifndef PROTO_DICOM_INFLATE_H
#define PROTO_DICOM_INFLATE_H

#include "proto/base/span.h"
#include "proto/base/status.h"

/* STATUS_OK: *out_len octets were made. STATUS_TRUNCATED, STATUS_MALFORMED, STATUS_TOO_LARGE.
 * Octets after the final block are padding. */
MUST_USE enum status inflate_raw(struct span deflated, uint8_t *out, size_t room, size_t *out_len);

#endif
