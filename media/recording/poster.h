/* One key frame of a finished file as a JPEG picture (libavcodec). Blocking; any thread. */
#ifndef MEDIA_RECORDING_POSTER_H
#define MEDIA_RECORDING_POSTER_H

#include "proto/base/status.h"

#include <stddef.h>
#include <stdint.h>

/* Key frame at or before at_ms of the first video track (else the first one). NONE: no video in it;
 * IO: not readable; TOO_LARGE: the buffer is short. */
MUST_USE enum status poster_read(const char *path, int64_t at_ms, void *buffer, size_t buffer_len,
                                 size_t *out_len);

#endif
