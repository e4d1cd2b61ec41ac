/* SHA-256 of octets and of files as lower-case hex (OpenSSL). Any thread; the file variant blocks.
 */
#ifndef GATEWAY_IMAGING_DIGEST_H
#define GATEWAY_IMAGING_DIGEST_H

#include "proto/base/status.h"

#include <stddef.h>

#define DIGEST_HEX_LEN 65 /* with NUL */

MUST_USE enum status digest_octets(const void *data, size_t len, char out_hex[DIGEST_HEX_LEN]);
/* From the file's beginning to its end, whatever its position. STATUS_IO. */
MUST_USE enum status digest_file(int fd, char out_hex[DIGEST_HEX_LEN]);

#endif
