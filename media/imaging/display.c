#include "media/imaging/display.h"

#include <math.h>
#include <stdlib.h>

#define PERCENTILE                                                                                 \
    0.005 /* of the values at each end are not shown apart when the file gives no window */

static uint32_t lut_entry(const struct dicom_lut *lut, int64_t value)
{
    int64_t index = value - lut->first;
    index = index < 0 ? 0 : index >= (int64_t)lut->entries ? (int64_t)lut->entries - 1 : index;
    size_t at = (size_t)index;
    if (lut->data.len / 2 >= lut->entries) {
        const uint8_t *p = lut->data.data + 2 * at;
        return lut->big_endian ? (uint32_t)(p[0] << 8 | p[1]) : (uint32_t)(p[1] << 8 | p[0]);
    }
    if (lut->big_endian && (at ^ 1u) < lut->data.len) {
        at ^= 1u; /* octets of OW words */
    }
    return lut->data.data[at];
}

static uint8_t lut_octet(const struct dicom_lut *lut, int64_t value)
{
    uint32_t entry = lut_entry(lut, value);
    uint32_t top = (1u << lut->bits) - 1u;
    entry = entry > top ? top : entry;
    return lut->bits == 8 ? (uint8_t)entry : (uint8_t)(entry >> (lut->bits - 8u));
}

static double modality_value(const struct dicom_values *values, int64_t stored)
{
    if (values->modality_lut.present) {
        return (double)lut_entry(&values->modality_lut, stored);
    }
    return (double)stored * values->slope + values->intercept;
}

uint8_t display_voi(enum dicom_voi_function function, double center, double width, double value)
{
    double y = 0;
    if (function == DICOM_VOI_SIGMOID) {
        y = 255.0 / (1.0 + exp(-4.0 * (value - center) / width));
    } else {
        bool exact = function == DICOM_VOI_LINEAR_EXACT;
        double c = exact ? center : center - 0.5;
        double w = exact ? width : width - 1.0;
        if (value <= c - w / 2) {
            return 0;
        }
        if (value > c + w / 2) {
            return 255;
        }
        y = ((value - c) / w + 0.5) * 255.0;
    }
    return y <= 0 ? 0 : y >= 255 ? 255 : (uint8_t)(y + 0.5);
}

static bool is_padding(const struct dicom_image *image, int64_t stored)
{
    int64_t a = image->padding;
    int64_t b = image->padding_limit;
    return image->has_padding && (a <= b ? stored >= a && stored <= b : stored >= b && stored <= a);
}

static double min_of(double a, double b)
{
    return a < b ? a : b;
}

static double max_of(double a, double b)
{
    return a > b ? a : b;
}

struct range {
    int64_t low, high;
    uint64_t count; /* of values that are no padding */
};

static struct range full_range(const struct dicom_image *image, const struct raster *raster)
{
    size_t count = (size_t)raster->width * raster->height;
    struct range range = {INT64_MAX, INT64_MIN, 0};
    for (size_t i = 0; i < count; i++) {
        int64_t value = raster_value(raster, raster->plane[0][i]);
        if (!is_padding(image, value)) {
            range.low = value < range.low ? value : range.low;
            range.high = value > range.high ? value : range.high;
            range.count++;
        }
    }
    return range;
}

/* Cuts off PERCENTILE of the values at both ends; up to 16 bits. */
static void cut_tails(const struct dicom_image *image, const struct raster *raster,
                      struct range *range)
{
    uint32_t *histogram = calloc(65536, sizeof *histogram);
    size_t count = (size_t)raster->width * raster->height;
    if (histogram == NULL) {
        return; /* the whole range serves as well */
    }
    for (size_t i = 0; i < count; i++) {
        int64_t value = raster_value(raster, raster->plane[0][i]);
        if (!is_padding(image, value)) {
            histogram[value - range->low]++;
        }
    }
    uint64_t tail = (uint64_t)((double)range->count * PERCENTILE);
    uint64_t seen = 0;
    int64_t low = range->low;
    int64_t high = range->high;
    while (low < high && seen + histogram[low - range->low] <= tail) {
        seen += histogram[low - range->low];
        low++;
    }
    seen = 0;
    while (high > low && seen + histogram[high - range->low] <= tail) {
        seen += histogram[high - range->low];
        high--;
    }
    free(histogram);
    if (low < high) {
        range->low = low;
        range->high = high;
    }
}

static void window_of_range(const struct dicom_values *values, int64_t low, int64_t high,
                            struct display_window *out)
{
    double a = modality_value(values, low);
    double b = modality_value(values, high);
    double from = min_of(a, b);
    double to = max_of(a, b);
    if (values->voi_function == DICOM_VOI_LINEAR) {
        out->width = to - from + 1.0; /* so that `from` is black and `to` is white (C.11.2.1.2.1) */
        out->center = (from + to + 1.0) / 2.0;
    } else {
        out->width = max_of(to - from, 1e-9);
        out->center = (from + to) / 2.0;
    }
}

static bool window_is_usable(enum dicom_voi_function function, double width)
{
    return function == DICOM_VOI_LINEAR ? width >= 1.0 : width > 0.0;
}

bool display_default_window(const struct dicom_image *image, const struct dicom_values *values,
                            const struct raster *raster, struct display_window *out_window)
{
    if (raster->components != 1 || image->photometric == DICOM_PALETTE_COLOR) {
        return false;
    }
    out_window->given = false;
    if (values->window_count > 0 &&
        window_is_usable(values->voi_function, values->windows[0].width)) {
        out_window->center = values->windows[0].center;
        out_window->width = values->windows[0].width;
        return true;
    }
    struct range range = full_range(image, raster);
    if (range.count == 0) {
        range = (struct range){0, 1, 0};
    }
    if (range.high - range.low > 0 && range.high - range.low < 65536) {
        cut_tails(image, raster, &range);
    }
    window_of_range(values, range.low, range.high, out_window);
    return true;
}

struct gray_step {
    const struct dicom_image *image;
    const struct dicom_values *values;
    struct display_window window;
    bool by_table; /* VOI LUT */
};

static uint8_t gray_of(const struct gray_step *step, int64_t stored)
{
    if (is_padding(step->image, stored)) {
        return 0; /* background, also where MONOCHROME1 turns the rest around */
    }
    double value = modality_value(step->values, stored);
    uint8_t gray = 0;
    if (step->by_table) {
        gray = lut_octet(&step->values->voi_lut, (int64_t)floor(value + 0.5));
    } else {
        gray =
            display_voi(step->values->voi_function, step->window.center, step->window.width, value);
    }
    return step->image->photometric == DICOM_MONOCHROME1 ? (uint8_t)(255 - gray) : gray;
}

static enum status show_gray(const struct gray_step *step, const struct raster *raster,
                             struct canvas *canvas)
{
    size_t count = (size_t)raster->width * raster->height;
    if (raster->bits > 16 || count < 65536) {
        for (size_t i = 0; i < count; i++) {
            canvas->data[i] = gray_of(step, raster_value(raster, raster->plane[0][i]));
        }
        return STATUS_OK;
    }
    uint8_t *table = malloc((size_t)1 << raster->bits);
    if (table == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (uint32_t raw = 0; raw < 1u << raster->bits; raw++) {
        table[raw] = gray_of(step, raster_value(raster, raw));
    }
    for (size_t i = 0; i < count; i++) {
        canvas->data[i] = table[raster->plane[0][i]];
    }
    free(table);
    return STATUS_OK;
}

static void show_palette(const struct dicom_image *image, const struct raster *raster,
                         struct canvas *canvas)
{
    size_t count = (size_t)raster->width * raster->height;
    for (size_t i = 0; i < count; i++) {
        int64_t value = raster_value(raster, raster->plane[0][i]);
        for (unsigned c = 0; c < 3; c++) {
            canvas->data[3 * i + c] = lut_octet(&image->palette[c], value);
        }
    }
}

static uint32_t clamp_to(double value, double top)
{
    return value <= 0 ? 0 : value >= top ? (uint32_t)top : (uint32_t)(value + 0.5);
}

void display_ybr(uint32_t value[3], unsigned bits)
{
    double half = (double)(1u << (bits - 1));
    double top = (double)((1ull << bits) - 1);
    double y = value[0];
    double cb = value[1] - half;
    double cr = value[2] - half;
    value[0] = clamp_to(y + 1.402 * cr, top);
    value[1] = clamp_to(y - 0.344136 * cb - 0.714136 * cr, top);
    value[2] = clamp_to(y + 1.772 * cb, top);
}

static bool needs_ybr(const struct dicom_image *image, const struct raster *raster)
{
    if (raster->from_codec_rgb) {
        return false;
    }
    return raster->is_ybr || image->photometric == DICOM_YBR_FULL ||
           image->photometric == DICOM_YBR_FULL_422;
}

static void show_colour(const struct dicom_image *image, const struct raster *raster,
                        struct canvas *canvas)
{
    size_t count = (size_t)raster->width * raster->height;
    bool ybr = needs_ybr(image, raster);
    unsigned shift = raster->bits - 8u;
    for (size_t i = 0; i < count; i++) {
        uint32_t value[3] = {raster->plane[0][i], raster->plane[1][i], raster->plane[2][i]};
        if (ybr) {
            display_ybr(value, raster->bits);
        }
        for (unsigned c = 0; c < 3; c++) {
            canvas->data[3 * i + c] = (uint8_t)(value[c] >> shift);
        }
    }
}

static enum status fill(const struct dicom_image *image, const struct dicom_values *values,
                        const struct raster *raster, struct display_window *window,
                        struct canvas *canvas)
{
    if (raster->components == 3) {
        show_colour(image, raster, canvas);
        return STATUS_OK;
    }
    if (image->photometric == DICOM_PALETTE_COLOR) {
        show_palette(image, raster, canvas);
        return STATUS_OK;
    }
    struct gray_step step = {.image = image, .values = values};
    bool file_window = values->window_count > 0 &&
                       window_is_usable(values->voi_function, values->windows[0].width);
    if (window->given && window_is_usable(values->voi_function, window->width)) {
        step.window = *window;
    } else if (!file_window && values->voi_lut.present) {
        step.by_table = true;
    } else {
        (void)display_default_window(image, values, raster, &step.window); /* gray: cannot fail */
    }
    *window = step.window;
    return show_gray(&step, raster, canvas);
}

enum status display_frame(const struct dicom_image *image, const struct dicom_values *values,
                          const struct raster *raster, struct display_window *window,
                          struct canvas *out_canvas)
{
    bool colour = raster->components == 3 || image->photometric == DICOM_PALETTE_COLOR;
    struct canvas canvas = {0};
    struct display_window used = *window;
    enum status status = canvas_create(raster->width, raster->height, colour ? 3 : 1, &canvas);
    if (status == STATUS_OK && colour) {
        used = (struct display_window){0};
    }
    if (status == STATUS_OK) {
        status = fill(image, values, raster, &used, &canvas);
    }
    if (status != STATUS_OK) {
        canvas_destroy(&canvas);
        return status;
    }
    *window = used;
    *out_canvas = canvas;
    return STATUS_OK;
}
