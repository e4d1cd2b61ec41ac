/* libavcodec on single pictures, under the rules that keep wrong pictures from being shown: errors
 * end decoding (AV_EF_EXPLODE), the size is bounded, what comes out must have the shape that the
 * stream's head announced, and left-justified or offset values are put right by the head's
 * precision and sign. Decoder process only; one picture at a time. */
#ifndef MEDIA_IMAGING_CODEC_H
#define MEDIA_IMAGING_CODEC_H

#include "media/imaging/canvas.h"
#include "media/imaging/raster.h"
#include "proto/dicom/codestream.h"

/* The stored values of a stream, components in the order of the stream. `head` is what
 * codestream_read said of it. STATUS_UNSUPPORTED: a kind of stream that cannot be decoded rightly;
 * STATUS_MALFORMED: it does not decode without an error; STATUS_TOO_LARGE, STATUS_NO_MEMORY.
 * *out_why: static English text when the status is not OK. */
MUST_USE enum status codec_decode(const struct codestream *head, struct raster *out_raster,
                                  const char **out_why);
/* A PNG picture, alpha laid over white. */
MUST_USE enum status codec_decode_png(struct span file, struct canvas *out_canvas,
                                      const char **out_why);
/* malloc'd PNG or JPEG file. */
MUST_USE enum status codec_encode(const struct canvas *canvas, bool as_png, uint8_t **out_bytes,
                                  size_t *out_len);

#endif
