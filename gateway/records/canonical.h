/* Canonical JSON: RFC 8785 for objects, arrays, strings, integers, true, false and null; no
 * floating point numbers, which the signed records do not have. Members sorted by UTF-16 code units
 * (§3.2.3), shortest escapes (§3.2.2.2), no white space, integers within +-(2^53-1). Pure; any
 * thread. */
#ifndef GATEWAY_RECORDS_CANONICAL_H
#define GATEWAY_RECORDS_CANONICAL_H

#include "proto/base/status.h"

#include <jansson.h>
#include <stddef.h>

/* out_text: malloc'd, NUL-terminated. STATUS_UNSUPPORTED (a floating point number, a text with
 * NUL), STATUS_TOO_LARGE (an integer beyond 2^53-1, deeper than 32), STATUS_NO_MEMORY. */
MUST_USE enum status canonical_write(const json_t *value, char **out_text, size_t *out_len);
/* SHA-256 in lower-case hex. */
void canonical_sha256(const void *octets, size_t len, char out_hex[65]);
/* Of the canonical JSON; statuses of canonical_write(). */
MUST_USE enum status canonical_hash(const json_t *value, char out_hex[65]);

#endif
