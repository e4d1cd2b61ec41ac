/* A picture as it is seen: eight bits, gray or RGB interleaved, rows without padding. Heap; decoder
 * process only. */
#ifndef MEDIA_IMAGING_CANVAS_H
#define MEDIA_IMAGING_CANVAS_H

#include "proto/base/status.h"

#include <stddef.h>
#include <stdint.h>

struct canvas {
    uint32_t width, height;
    unsigned channels; /* 1 gray, 3 RGB */
    uint8_t *data;     /* width x height x channels, owned */
};

MUST_USE enum status canvas_create(uint32_t width, uint32_t height, unsigned channels,
                                   struct canvas *out_canvas);
void canvas_destroy(struct canvas *canvas); /* a zeroed one is fine */
/* Shrinks so that the longest side is at most `size`, by the mean over the area of each new pixel;
 * 0 or larger: unchanged. STATUS_NO_MEMORY leaves the canvas as it was. */
MUST_USE enum status canvas_shrink(struct canvas *canvas, unsigned size);
/* Turns by an EXIF orientation 1..8 so that it stands upright. */
MUST_USE enum status canvas_orient(struct canvas *canvas, unsigned orientation);

#endif
