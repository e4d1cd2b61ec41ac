/* Stored values of one decoded frame, before they mean anything: planes of 32-bit words. Heap;
 * decoder process only. */
#ifndef MEDIA_IMAGING_RASTER_H
#define MEDIA_IMAGING_RASTER_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RASTER_SAMPLES_MAX                                                                         \
    (64u                                                                                           \
     << 20) /* 64 Mi samples = 256 MiB: half of a decoder's memory; mammograms have 10 to 40 Mi */

struct raster {
    uint32_t width, height;
    unsigned components; /* 1 or 3 */
    unsigned bits;       /* meaningful bits of a value, 1..32; the rest is 0 */
    bool is_signed;      /* two's complement in `bits` */
    bool is_ybr;         /* the stream proves Y, Cb, Cr although the data set says RGB */
    bool from_codec_rgb; /* the codec undid a colour transform itself (JPEG 2000) */
    uint32_t *plane[3];  /* width x height each; one allocation, owned by plane[0] */
};

/* Zeroed planes. STATUS_TOO_LARGE, STATUS_NO_MEMORY. */
MUST_USE enum status raster_create(uint32_t width, uint32_t height, unsigned components,
                                   struct raster *out_raster);
void raster_destroy(struct raster *raster); /* a zeroed one is fine */
static inline int64_t raster_value(const struct raster *raster, uint32_t raw)
{
    if (raster->is_signed && (raw >> (raster->bits - 1) & 1u) != 0) {
        return (int64_t)raw - ((int64_t)1 << raster->bits);
    }
    return (int64_t)raw;
}

#endif
