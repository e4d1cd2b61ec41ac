/* JPEG lossless, Huffman coded (ITU-T T.81 annex H, SOF3): 2 to 16 bits, predictors 1 to 7, point
 * transform, restart intervals, one or three components in one or several scans. Ours, because
 * libavcodec reads differences of exactly 32768 wrongly (SSSS = 16, table H.2), which every 16-bit
 * picture with a black corner has. Sans I/O, output is the caller's memory. Any thread. */
#ifndef PROTO_DICOM_JPEG_LOSSLESS_H
#define PROTO_DICOM_JPEG_LOSSLESS_H

#include "proto/base/span.h"
#include "proto/base/status.h"

/* plane[i]: width x height samples of component i, as codestream_read (codestream.h) announced
 * them; all are written when the status is STATUS_OK. STATUS_TRUNCATED; STATUS_MALFORMED;
 * STATUS_UNSUPPORTED: subsampled components, another process. */
MUST_USE enum status jpeg_lossless_decode(struct span stream, uint32_t width, uint32_t height,
                                          unsigned components, uint32_t *const plane[3]);

#endif
