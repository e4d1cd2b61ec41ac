/* JPEG and PNG pictures that are no DICOM: photographs of skin, wounds, paper reports. Decoder
 * process only. */
#ifndef MEDIA_IMAGING_PHOTO_H
#define MEDIA_IMAGING_PHOTO_H

#include "media/imaging/canvas.h"
#include "media/imaging/imaging.h"
#include "proto/base/span.h"

/* Upright picture (EXIF orientation). IMAGING_REFUSAL_NONE: out_canvas is the caller's. *out_why:
 * static text otherwise. */
enum imaging_refusal photo_decode(struct span file, enum imaging_kind kind,
                                  struct canvas *out_canvas, const char **out_why);

#endif
