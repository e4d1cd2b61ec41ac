#include "media/imaging/picture.h"

#include "media/imaging/codec.h"
#include "media/imaging/display.h"
#include "media/imaging/frame.h"
#include "media/imaging/photo.h"
#include "proto/dicom/dicom.h"
#include "proto/dicom/frames.h"
#include "proto/dicom/inflate.h"

#include <math.h>
#include <stdlib.h>

#define INFLATED_MAX                                                                               \
    ((size_t)160                                                                                   \
     << 20) /* a third of a decoder's memory: the raster and the picture need the rest */

enum imaging_kind picture_kind(struct span file)
{
    static const uint8_t jpeg[] = {0xFF, 0xD8, 0xFF};
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    if (file.len >= 132 && memcmp(file.data + 128, "DICM", 4) == 0) {
        return IMAGING_DICOM;
    }
    if (file.len >= sizeof jpeg && memcmp(file.data, jpeg, sizeof jpeg) == 0) {
        return IMAGING_JPEG;
    }
    if (file.len >= sizeof png && memcmp(file.data, png, sizeof png) == 0) {
        return IMAGING_PNG;
    }
    return file.len >= 5 && memcmp(file.data, "%PDF-", 5) == 0 ? IMAGING_PDF : IMAGING_UNKNOWN;
}

/* A DICOM file, and its data set when that had to be inflated. */
struct loaded {
    struct dicom_image image;
    uint8_t *inflated;
};

static enum imaging_refusal load_deflated(struct span file, struct loaded *loaded,
                                          const char **out_why)
{
    struct span deflated = dicom_deflated(file);
    size_t size = deflated.len < INFLATED_MAX / 64 ? deflated.len * 64 + 65536 : INFLATED_MAX;
    size_t made = 0;
    uint8_t *room = malloc(size);
    enum status status = room != NULL ? inflate_raw(deflated, room, size, &made) : STATUS_NO_MEMORY;
    if (status == STATUS_OK) {
        status = dicom_read_dataset(span_of(room, made), DICOM_SYNTAX_DEFLATED_LE, &loaded->image);
    }
    if (status != STATUS_OK) {
        free(room);
        *out_why = "deflated data set";
        return status == STATUS_TRUNCATED ? IMAGING_REFUSAL_TRUNCATED
               : status == STATUS_TOO_LARGE || status == STATUS_NO_MEMORY
                   ? IMAGING_REFUSAL_TOO_LARGE
                   : IMAGING_REFUSAL_MALFORMED;
    }
    loaded->inflated = room;
    return IMAGING_REFUSAL_NONE;
}

static enum imaging_refusal load(struct span file, struct loaded *loaded, const char **out_why)
{
    *loaded = (struct loaded){0};
    enum status status = dicom_read(file, &loaded->image, NULL);
    *out_why = status_text(status);
    switch ((int)status) {
    case STATUS_OK:
        return IMAGING_REFUSAL_NONE;
    case STATUS_UNSUPPORTED:
        return load_deflated(file, loaded, out_why);
    case STATUS_UNKNOWN:
        return IMAGING_REFUSAL_NOT_DICOM;
    case STATUS_TRUNCATED:
        return IMAGING_REFUSAL_TRUNCATED;
    default:
        return IMAGING_REFUSAL_MALFORMED;
    }
}

static void copy_why(const char *why, char detail[96])
{
    size_t len = strnlen(why, 95);
    memcpy(detail, why, len);
    detail[len] = 0;
}

static void copy_texts(const struct dicom_image *image, struct text_converter *text,
                       struct imaging_info *info)
{
    struct dicom_converter converter = {.convert = text != NULL ? text_convert : NULL,
                                        .context = text};
    struct span description =
        image->series_description.len > 0 ? image->series_description : image->study_description;
    dicom_text(image->character_set, description, &converter, info->description,
               sizeof info->description);
    dicom_text(image->character_set, image->patient_name, &converter, info->patient_name,
               sizeof info->patient_name);
    dicom_text(image->character_set, image->patient_id, &converter, info->patient_id,
               sizeof info->patient_id);
}

static void copy_attributes(const struct dicom_image *image, struct imaging_info *info)
{
    info->rows = image->rows;
    info->columns = image->columns;
    info->frames = image->has_pixels ? image->frames : 0;
    info->lossy = image->lossy || image->syntax == DICOM_SYNTAX_JPEG_BASELINE ||
                  image->syntax == DICOM_SYNTAX_JPEG_EXTENDED;
    memcpy(info->modality, image->modality, sizeof info->modality);
    memcpy(info->study_uid, image->study_uid, sizeof info->study_uid);
    memcpy(info->series_uid, image->series_uid, sizeof info->series_uid);
    memcpy(info->sop_instance_uid, image->sop_instance_uid, sizeof info->sop_instance_uid);
    memcpy(info->sop_class_uid, image->sop_class_uid, sizeof info->sop_class_uid);
    memcpy(info->transfer_syntax_uid, image->syntax_uid, sizeof info->transfer_syntax_uid);
}

/* Every frame must be there, and the first must decode: an upload that is taken can be shown. */
static enum imaging_refusal check_pixels(const struct dicom_image *image, struct imaging_info *info,
                                         const char **out_why)
{
    struct dicom_frame last;
    struct raster raster = {0};
    enum imaging_refusal refusal = frame_check(image, out_why);
    if (refusal != IMAGING_REFUSAL_NONE) {
        return refusal;
    }
    enum status status = dicom_frame_find(image, image->frames - 1, &last);
    if (status != STATUS_OK) {
        *out_why = "pixel data do not hold all frames";
        return status == STATUS_TRUNCATED ? IMAGING_REFUSAL_TRUNCATED : IMAGING_REFUSAL_CODEC;
    }
    refusal = frame_decode(image, 0, &raster, out_why);
    if (refusal == IMAGING_REFUSAL_NONE) {
        struct dicom_values values;
        struct display_window window;
        dicom_frame_values(image, 0, &values);
        if (display_default_window(image, &values, &raster, &window)) {
            info->has_window = true;
            info->window_center = window.center;
            info->window_width = window.width;
        }
    }
    raster_destroy(&raster);
    return refusal;
}

static void probe_dicom(struct span file, struct text_converter *converter,
                        struct imaging_info *info)
{
    struct loaded loaded;
    const char *why = "";
    info->refusal = load(file, &loaded, &why);
    if (info->refusal == IMAGING_REFUSAL_NONE) {
        info->kind = IMAGING_DICOM;
        copy_attributes(&loaded.image, info);
        copy_texts(&loaded.image, converter, info);
        info->refusal = check_pixels(&loaded.image, info, &why);
    }
    if (info->refusal != IMAGING_REFUSAL_NONE) {
        copy_why(why, info->detail);
    }
    free(loaded.inflated);
}

static void probe_photo(struct span file, struct imaging_info *info)
{
    struct canvas canvas = {0};
    const char *why = "";
    info->refusal = photo_decode(file, info->kind, &canvas, &why);
    info->rows = canvas.height;
    info->columns = canvas.width;
    info->frames = 1;
    info->lossy = info->kind == IMAGING_JPEG;
    if (info->refusal != IMAGING_REFUSAL_NONE) {
        copy_why(why, info->detail);
    }
    canvas_destroy(&canvas);
}

/* Stored, not shown: no more than that it ends as PDF files end (ISO 32000-1 section 7.5.5). */
static void probe_pdf(struct span file, struct imaging_info *info)
{
    size_t start = file.len > 2048 ? file.len - 2048 : 0;
    info->refusal = IMAGING_REFUSAL_TRUNCATED;
    for (size_t at = start; at + 5 <= file.len; at++) {
        if (memcmp(file.data + at, "%%EOF", 5) == 0) {
            info->refusal = IMAGING_REFUSAL_NONE;
        }
    }
    if (info->refusal != IMAGING_REFUSAL_NONE) {
        copy_why("end of the PDF file is missing", info->detail);
    }
}

void picture_probe(struct span file, struct text_converter *converter,
                   struct imaging_info *out_info)
{
    memset(out_info, 0, sizeof *out_info);
    out_info->kind = picture_kind(file);
    switch (out_info->kind) {
    case IMAGING_JPEG:
    case IMAGING_PNG:
        probe_photo(file, out_info);
        break;
    case IMAGING_PDF:
        probe_pdf(file, out_info);
        break;
    case IMAGING_DICOM:
    case IMAGING_UNKNOWN:
        probe_dicom(file, converter, out_info);
        break;
    }
}

static enum imaging_refusal show_dicom(const struct dicom_image *image,
                                       const struct imaging_request *request, struct canvas *canvas,
                                       struct imaging_reply *reply, const char **out_why)
{
    struct raster raster = {0};
    struct dicom_values values;
    enum imaging_refusal refusal = frame_check(image, out_why);
    if (refusal != IMAGING_REFUSAL_NONE) {
        return refusal;
    }
    if (request->frame >= image->frames) {
        reply->frame_missing = true;
        *out_why = "no such frame";
        return IMAGING_REFUSAL_TRUNCATED;
    }
    refusal = frame_decode(image, request->frame, &raster, out_why);
    if (refusal != IMAGING_REFUSAL_NONE) {
        return refusal;
    }
    struct display_window window = {.given = request->has_window && isfinite(request->center) &&
                                             isfinite(request->width),
                                    .center = request->center,
                                    .width = request->width};
    dicom_frame_values(image, request->frame, &values);
    enum status status = display_frame(image, &values, &raster, &window, canvas);
    raster_destroy(&raster);
    reply->center = window.center;
    reply->width_used = window.width;
    *out_why = "no memory for the picture";
    return status == STATUS_OK ? IMAGING_REFUSAL_NONE : IMAGING_REFUSAL_TOO_LARGE;
}

static enum imaging_refusal show(struct span file, const struct imaging_request *request,
                                 struct canvas *canvas, struct imaging_reply *reply,
                                 const char **out_why)
{
    enum imaging_kind kind = picture_kind(file);
    if (kind == IMAGING_PDF) {
        *out_why = "PDF";
        return IMAGING_REFUSAL_NO_PIXELS;
    }
    if (kind == IMAGING_JPEG || kind == IMAGING_PNG) {
        reply->frame_missing = request->frame > 0;
        *out_why = "no such frame";
        return request->frame > 0 ? IMAGING_REFUSAL_TRUNCATED
                                  : photo_decode(file, kind, canvas, out_why);
    }
    struct loaded loaded;
    enum imaging_refusal refusal = load(file, &loaded, out_why);
    if (refusal == IMAGING_REFUSAL_NONE) {
        refusal = show_dicom(&loaded.image, request, canvas, reply, out_why);
    }
    free(loaded.inflated);
    return refusal;
}

void picture_render(struct span file, const struct imaging_request *request,
                    struct imaging_reply *out_reply)
{
    struct canvas canvas = {0};
    const char *why = "";
    memset(out_reply, 0, sizeof *out_reply);
    out_reply->refusal = show(file, request, &canvas, out_reply, &why);
    if (out_reply->refusal == IMAGING_REFUSAL_NONE) {
        enum status status = canvas_shrink(&canvas, request->size);
        if (status == STATUS_OK) {
            status = codec_encode(&canvas, request->format == IMAGING_FORMAT_PNG, &out_reply->bytes,
                                  &out_reply->len);
        }
        if (status != STATUS_OK) {
            why = "no memory for the encoded picture";
            out_reply->refusal = IMAGING_REFUSAL_TOO_LARGE;
        }
        out_reply->width = canvas.width;
        out_reply->height = canvas.height;
    }
    if (out_reply->refusal != IMAGING_REFUSAL_NONE) {
        copy_why(why, out_reply->detail);
    }
    canvas_destroy(&canvas);
}
