#include "media/imaging/canvas.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum status canvas_create(uint32_t width, uint32_t height, unsigned channels,
                          struct canvas *out_canvas)
{
    struct canvas canvas = {.width = width, .height = height, .channels = channels};
    canvas.data = calloc((size_t)width * height, channels);
    if (canvas.data == NULL) {
        return STATUS_NO_MEMORY;
    }
    *out_canvas = canvas;
    return STATUS_OK;
}

void canvas_destroy(struct canvas *canvas)
{
    free(canvas->data);
    *canvas = (struct canvas){0};
}

static void replace(struct canvas *canvas, struct canvas *with)
{
    free(canvas->data);
    *canvas = *with;
    *with = (struct canvas){0};
}

/* Which old pixels a new one covers, in one direction, with the part of each in 1/256. */
struct cover {
    uint32_t first, count;
    uint32_t first_weight, last_weight;
};

static struct cover cover_of(uint32_t index, uint32_t from, uint32_t to)
{
    uint64_t start = (uint64_t)index * from * 256 / to;
    uint64_t end = (uint64_t)(index + 1) * from * 256 / to;
    struct cover c = {.first = (uint32_t)(start / 256)};
    uint32_t last = (uint32_t)((end - 1) / 256);
    c.count = last - c.first + 1;
    c.first_weight = 256u - (uint32_t)(start % 256);
    c.last_weight = (uint32_t)(end - (uint64_t)last * 256);
    if (c.count == 1) {
        c.first_weight = (uint32_t)(end - start);
        c.last_weight = c.first_weight;
    }
    return c;
}

static uint32_t weight_at(const struct cover *c, uint32_t i)
{
    if (i == 0) {
        return c->first_weight;
    }
    return i + 1 == c->count ? c->last_weight : 256u;
}

static void mean_of_area(const struct canvas *from, const struct cover *x, const struct cover *y,
                         uint8_t *out)
{
    uint64_t sum[3] = {0, 0, 0};
    uint64_t weights = 0;
    for (uint32_t j = 0; j < y->count; j++) {
        const uint8_t *row =
            from->data + ((size_t)(y->first + j) * from->width + x->first) * from->channels;
        uint64_t wy = weight_at(y, j);
        for (uint32_t i = 0; i < x->count; i++) {
            uint64_t w = wy * weight_at(x, i);
            weights += w;
            for (unsigned c = 0; c < from->channels; c++) {
                sum[c] += w * row[(size_t)i * from->channels + c];
            }
        }
    }
    for (unsigned c = 0; c < from->channels; c++) {
        out[c] = (uint8_t)((sum[c] + weights / 2) / weights);
    }
}

enum status canvas_shrink(struct canvas *canvas, unsigned size)
{
    uint32_t longest = canvas->width > canvas->height ? canvas->width : canvas->height;
    if (size == 0 || longest <= size) {
        return STATUS_OK;
    }
    uint32_t width = (uint32_t)(((uint64_t)canvas->width * size + longest / 2) / longest);
    uint32_t height = (uint32_t)(((uint64_t)canvas->height * size + longest / 2) / longest);
    struct canvas small = {0};
    width = width == 0 ? 1 : width;
    height = height == 0 ? 1 : height;
    enum status status = canvas_create(width, height, canvas->channels, &small);
    if (status != STATUS_OK) {
        return status;
    }
    for (uint32_t y = 0; y < height; y++) {
        struct cover rows = cover_of(y, canvas->height, height);
        for (uint32_t x = 0; x < width; x++) {
            struct cover columns = cover_of(x, canvas->width, width);
            mean_of_area(canvas, &columns, &rows,
                         small.data + ((size_t)y * width + x) * small.channels);
        }
    }
    replace(canvas, &small);
    return STATUS_OK;
}

enum status canvas_orient(struct canvas *canvas, unsigned orientation)
{
    if (orientation < 2 || orientation > 8) {
        return STATUS_OK;
    }
    bool swap = orientation >= 5;
    struct canvas turned = {0};
    enum status status =
        canvas_create(swap ? canvas->height : canvas->width, swap ? canvas->width : canvas->height,
                      canvas->channels, &turned);
    if (status != STATUS_OK) {
        return status;
    }
    /* Exif 2.3 table 6: where row 0 and column 0 of the stored picture are seen. */
    bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    for (uint32_t y = 0; y < turned.height; y++) {
        for (uint32_t x = 0; x < turned.width; x++) {
            uint32_t from_x = swap ? y : x;
            uint32_t from_y = swap ? x : y;
            from_x = flip_x ? canvas->width - 1 - from_x : from_x;
            from_y = flip_y ? canvas->height - 1 - from_y : from_y;
            memcpy(turned.data + ((size_t)y * turned.width + x) * turned.channels,
                   canvas->data + ((size_t)from_y * canvas->width + from_x) * canvas->channels,
                   canvas->channels);
        }
    }
    replace(canvas, &turned);
    return STATUS_OK;
}
