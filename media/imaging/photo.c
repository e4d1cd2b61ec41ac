#include "media/imaging/photo.h"

#include "media/imaging/codec.h"
#include "media/imaging/display.h"

#define TAIL_LEN 262144 /* cameras append previews and tables after the end of the picture */

static bool tail_holds(struct span file, const void *mark, size_t mark_len)
{
    size_t start = file.len > TAIL_LEN ? file.len - TAIL_LEN : 0;
    for (size_t at = file.len; at-- > start;) {
        if (file.len - at >= mark_len && memcmp(file.data + at, mark, mark_len) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_whole(struct span file, enum imaging_kind kind)
{
    static const uint8_t eoi[] = {0xFF, 0xD9};
    return kind == IMAGING_JPEG ? tail_holds(file, eoi, sizeof eoi) : tail_holds(file, "IEND", 4);
}

static enum status raster_to_canvas(const struct raster *raster, bool is_rgb,
                                    struct canvas *out_canvas)
{
    struct canvas canvas = {0};
    enum status status = canvas_create(raster->width, raster->height, raster->components, &canvas);
    if (status != STATUS_OK) {
        return status;
    }
    size_t count = (size_t)raster->width * raster->height;
    for (size_t i = 0; i < count; i++) {
        uint32_t value[3] = {0, 0, 0};
        for (unsigned c = 0; c < raster->components; c++) {
            value[c] = raster->plane[c][i];
        }
        if (raster->components == 3 && !is_rgb) {
            display_ybr(value, 8); /* JFIF is YBR_FULL */
        }
        for (unsigned c = 0; c < raster->components; c++) {
            canvas.data[i * raster->components + c] = (uint8_t)value[c];
        }
    }
    *out_canvas = canvas;
    return STATUS_OK;
}

static enum status decode_jpeg(struct span file, struct canvas *out_canvas, const char **out_why)
{
    struct codestream head;
    struct raster raster = {0};
    *out_why = "head of the JPEG file";
    enum status status = codestream_read(file, &head);
    if (status != STATUS_OK) {
        return status;
    }
    if (head.kind != CODESTREAM_JPEG || head.precision != 8) {
        *out_why = "JPEG of an unusual process";
        return STATUS_UNSUPPORTED;
    }
    status = codec_decode(&head, &raster, out_why);
    if (status != STATUS_OK) {
        return status;
    }
    struct canvas canvas = {0};
    status = raster_to_canvas(
        &raster, (head.adobe && head.adobe_transform == 0) || (head.rgb_ids && !head.jfif),
        &canvas);
    raster_destroy(&raster);
    if (status == STATUS_OK) {
        status = canvas_orient(&canvas, head.orientation);
    }
    if (status != STATUS_OK) {
        *out_why = "no memory for the picture";
        canvas_destroy(&canvas);
        return status;
    }
    *out_canvas = canvas;
    return STATUS_OK;
}

enum imaging_refusal photo_decode(struct span file, enum imaging_kind kind,
                                  struct canvas *out_canvas, const char **out_why)
{
    if (!is_whole(file, kind)) {
        *out_why = "end of the picture is missing";
        return IMAGING_REFUSAL_TRUNCATED;
    }
    enum status status = kind == IMAGING_JPEG ? decode_jpeg(file, out_canvas, out_why)
                                              : codec_decode_png(file, out_canvas, out_why);
    switch ((int)status) {
    case STATUS_OK:
        return IMAGING_REFUSAL_NONE;
    case STATUS_TOO_LARGE:
    case STATUS_NO_MEMORY:
        return IMAGING_REFUSAL_TOO_LARGE;
    case STATUS_UNSUPPORTED:
        return IMAGING_REFUSAL_PIXEL_FORMAT;
    default:
        return IMAGING_REFUSAL_MALFORMED;
    }
}
