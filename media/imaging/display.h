/* From stored values to what is seen (PS3.4 annex N, PS3.3 C.11): modality transformation, VOI
 * window or table, MONOCHROME1, padding, palette, YBR to RGB. Decoder process only. */
#ifndef MEDIA_IMAGING_DISPLAY_H
#define MEDIA_IMAGING_DISPLAY_H

#include "media/imaging/canvas.h"
#include "media/imaging/raster.h"
#include "proto/dicom/dicom.h"

struct display_window {
    bool given; /* by the caller, else the file's first, its VOI LUT, or the range of the values */
    double center, width; /* width 0 and below counts as not given */
};

/* window: in, and out: what was used (0, 0 for colour and tables). STATUS_NO_MEMORY. */
MUST_USE enum status display_frame(const struct dicom_image *image,
                                   const struct dicom_values *values, const struct raster *raster,
                                   struct display_window *window, struct canvas *out_canvas);
/* The window a viewer starts with: the file's, else 0.5 % to 99.5 % of the values in the picture.
 * False for colour. */
bool display_default_window(const struct dicom_image *image, const struct dicom_values *values,
                            const struct raster *raster, struct display_window *out_window);
/* PS3.3 C.11.2.1.2.1 and .3: value -> 0..255. */
uint8_t display_voi(enum dicom_voi_function function, double center, double width, double value);
/* YBR_FULL to RGB at `bits` bits (PS3.3 C.7.6.3.1.2), in place of three planes' values. */
void display_ybr(uint32_t value[3], unsigned bits);

#endif
