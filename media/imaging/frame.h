/* One frame of a DICOM file as stored values: native, RLE, or through codec.h. Decoder process
 * only. */
#ifndef MEDIA_IMAGING_FRAME_H
#define MEDIA_IMAGING_FRAME_H

#include "media/imaging/imaging.h"
#include "media/imaging/raster.h"
#include "proto/dicom/dicom.h"

/* What can be said without decoding: attributes that contradict each other or that are not
 * supported. *out_why: static text. */
enum imaging_refusal frame_check(const struct dicom_image *image, const char **out_why);
/* IMAGING_REFUSAL_NONE: out_raster is filled and the caller's. frame < image->frames; frame_check
 * was passed. */
enum imaging_refusal frame_decode(const struct dicom_image *image, uint32_t frame,
                                  struct raster *out_raster, const char **out_why);

#endif
