#include "media/imaging/raster.h"

#include <stdlib.h>

enum status raster_create(uint32_t width, uint32_t height, unsigned components,
                          struct raster *out_raster)
{
    uint64_t pixels = (uint64_t)width * height;
    if (pixels == 0 || pixels * components > RASTER_SAMPLES_MAX) {
        return STATUS_TOO_LARGE;
    }
    struct raster raster = {.width = width, .height = height, .components = components};
    raster.plane[0] = calloc((size_t)pixels * components, sizeof *raster.plane[0]);
    if (raster.plane[0] == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (unsigned i = 1; i < components; i++) {
        raster.plane[i] = raster.plane[0] + (size_t)pixels * i;
    }
    *out_raster = raster;
    return STATUS_OK;
}

void raster_destroy(struct raster *raster)
{
    free(raster->plane[0]);
    *raster = (struct raster){0};
}
