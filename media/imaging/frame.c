#include "media/imaging/frame.h"

#include "media/imaging/codec.h"
#include "proto/dicom/frames.h"
#include "proto/dicom/rle.h"

#include <stdlib.h>

static bool is_gray(enum dicom_photometric p)
{
    return p == DICOM_MONOCHROME1 || p == DICOM_MONOCHROME2 || p == DICOM_PALETTE_COLOR;
}

static bool is_j2k(enum dicom_syntax syntax)
{
    return syntax == DICOM_SYNTAX_JPEG_2000 || syntax == DICOM_SYNTAX_JPEG_2000_LOSSLESS;
}

/* Which photometric interpretations can be meant in which form. */
static const char *check_photometric(const struct dicom_image *image)
{
    enum dicom_photometric p = image->photometric;
    if (p == DICOM_PHOTOMETRIC_OTHER) {
        return "photometric interpretation absent or not supported";
    }
    if (is_gray(p) != (image->samples == 1)) {
        return "samples per pixel contradict the photometric interpretation";
    }
    if ((p == DICOM_YBR_ICT || p == DICOM_YBR_RCT) && !is_j2k(image->syntax)) {
        return "YBR_ICT or YBR_RCT without JPEG 2000";
    }
    if (p == DICOM_YBR_FULL_422 && !image->encapsulated &&
        (image->planar || image->columns % 2 != 0)) {
        return "YBR_FULL_422 by planes or of odd width";
    }
    if (p == DICOM_YBR_FULL_422 && image->syntax == DICOM_SYNTAX_RLE) {
        return "YBR_FULL_422 in RLE";
    }
    if (p == DICOM_PALETTE_COLOR &&
        !(image->palette[0].present && image->palette[1].present && image->palette[2].present)) {
        return "palette absent, segmented or incomplete";
    }
    return NULL;
}

static const char *check_bits(const struct dicom_image *image)
{
    unsigned allocated = image->bits_allocated;
    unsigned stored = image->bits_stored;
    if (allocated != 1 && allocated != 8 && allocated != 16 && allocated != 32) {
        return "bits allocated other than 1, 8, 16, 32";
    }
    if (stored == 0 || stored > allocated || image->high_bit >= allocated ||
        image->high_bit + 1u < stored) {
        return "bits stored or high bit contradict bits allocated";
    }
    if (image->samples == 3 && (stored < 8 || image->is_signed || image->high_bit != stored - 1u)) {
        return "colour samples signed, under 8 bits or not at the low end";
    }
    if (allocated == 1 && (image->samples != 1 || image->encapsulated)) {
        return "one-bit samples in colour or compressed";
    }
    if (image->encapsulated && (image->high_bit != stored - 1u ||
                                (allocated == 32 && image->syntax != DICOM_SYNTAX_RLE))) {
        return "compressed samples of unusual layout";
    }
    return NULL;
}

enum imaging_refusal frame_check(const struct dicom_image *image, const char **out_why)
{
    bool codec_syntax = image->syntax >= DICOM_SYNTAX_RLE && image->syntax < DICOM_SYNTAX_OTHER;
    if (image->float_pixels != 0 && !image->has_pixels) {
        *out_why = "floating point pixel data";
        return IMAGING_REFUSAL_PIXEL_FORMAT;
    }
    if (!image->has_pixels) {
        *out_why = "no pixel data";
        return IMAGING_REFUSAL_NO_PIXELS;
    }
    if (image->syntax == DICOM_SYNTAX_OTHER) {
        *out_why = "transfer syntax";
        return IMAGING_REFUSAL_SYNTAX;
    }
    if (image->rows == 0 || image->columns == 0) {
        *out_why = "rows or columns absent";
        return IMAGING_REFUSAL_MALFORMED;
    }
    if (codec_syntax != image->encapsulated) {
        *out_why = "transfer syntax and form of the pixel data contradict each other";
        return IMAGING_REFUSAL_MALFORMED;
    }
    *out_why = check_photometric(image);
    if (*out_why == NULL) {
        *out_why = check_bits(image);
    }
    if (*out_why != NULL) {
        return IMAGING_REFUSAL_PIXEL_FORMAT;
    }
    if ((uint64_t)image->rows * image->columns * image->samples > RASTER_SAMPLES_MAX) {
        *out_why = "too many pixels";
        return IMAGING_REFUSAL_TOO_LARGE;
    }
    if (image->pixels_truncated) {
        *out_why = "the file ends inside its pixel data";
        return IMAGING_REFUSAL_TRUNCATED;
    }
    return IMAGING_REFUSAL_NONE;
}

static uint32_t read_sample(const uint8_t *at, unsigned octets, bool big_endian)
{
    if (octets == 1) {
        return at[0];
    }
    if (octets == 2) {
        return big_endian ? (uint32_t)(at[0] << 8 | at[1]) : (uint32_t)(at[1] << 8 | at[0]);
    }
    return big_endian
               ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]
               : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static void copy_bits(const struct dicom_frame *frame, struct raster *raster)
{
    size_t count = (size_t)raster->width * raster->height;
    for (size_t i = 0; i < count; i++) {
        size_t bit = i + frame->first_bit;
        raster->plane[0][i] = frame->native.data[bit / 8] >> (bit % 8) & 1u;
    }
}

/* Y1 Y2 Cb Cr for two neighbours (PS3.3 section C.7.6.3.1.2). */
static void copy_422(const struct dicom_image *image, struct span data, unsigned octets,
                     struct raster *raster)
{
    size_t pairs = (size_t)raster->width * raster->height / 2;
    for (size_t i = 0; i < pairs; i++) {
        const uint8_t *at = data.data + i * 4 * octets;
        uint32_t cb = read_sample(at + 2 * (size_t)octets, octets, image->big_endian);
        uint32_t cr = read_sample(at + 3 * (size_t)octets, octets, image->big_endian);
        for (size_t k = 0; k < 2; k++) {
            raster->plane[0][2 * i + k] = read_sample(at + k * octets, octets, image->big_endian);
            raster->plane[1][2 * i + k] = cb;
            raster->plane[2][2 * i + k] = cr;
        }
    }
}

/* 8-bit samples of VR OW in a big endian file: words are turned round over the whole value (PS3.5
 * section 8.1.1), so the last octet of an odd frame lies behind it. */
static uint32_t read_turned(const struct dicom_image *image, const uint8_t *at)
{
    size_t place = (size_t)(at - image->pixels.data) ^ 1u;
    return place < image->pixels.len ? image->pixels.data[place] : *at;
}

static void copy_samples(const struct dicom_image *image, struct span data, unsigned octets,
                         struct raster *raster)
{
    size_t count = (size_t)raster->width * raster->height;
    bool turned = image->big_endian && octets == 1 && image->pixels_ow;
    for (unsigned c = 0; c < raster->components; c++) {
        size_t first = image->planar ? count * c : c;
        size_t step = image->planar ? 1 : raster->components;
        uint32_t *out = raster->plane[c];
        for (size_t i = 0; i < count; i++) {
            const uint8_t *at = data.data + (first + i * step) * octets;
            out[i] = turned ? read_turned(image, at) : read_sample(at, octets, image->big_endian);
        }
    }
}

/* Values as the data set says: bits stored below the high bit, and their sign. */
static void settle(const struct dicom_image *image, struct raster *raster)
{
    unsigned shift = image->high_bit + 1u - image->bits_stored;
    uint32_t mask = image->bits_stored == 32 ? 0xFFFFFFFFu : (1u << image->bits_stored) - 1u;
    size_t count = (size_t)raster->width * raster->height * raster->components;
    uint32_t *all = raster->plane[0];
    for (size_t i = 0; i < count; i++) {
        all[i] = all[i] >> shift & mask;
    }
    raster->bits = image->bits_stored;
    raster->is_signed = image->is_signed;
}

static enum imaging_refusal refusal_of(enum status status)
{
    switch ((int)status) {
    case STATUS_TOO_LARGE:
    case STATUS_NO_MEMORY:
        return IMAGING_REFUSAL_TOO_LARGE;
    case STATUS_TRUNCATED:
    case STATUS_NONE:
        return IMAGING_REFUSAL_TRUNCATED;
    default:
        return IMAGING_REFUSAL_CODEC;
    }
}

static enum imaging_refusal decode_native(const struct dicom_image *image,
                                          const struct dicom_frame *frame, struct raster *raster,
                                          const char **out_why)
{
    enum status status = raster_create(image->columns, image->rows, image->samples, raster);
    if (status != STATUS_OK) {
        *out_why = "no memory for the picture";
        return refusal_of(status);
    }
    unsigned octets = image->bits_allocated / 8u;
    if (image->bits_allocated == 1) {
        copy_bits(frame, raster);
    } else if (image->photometric == DICOM_YBR_FULL_422) {
        copy_422(image, frame->native, octets, raster);
    } else {
        copy_samples(image, frame->native, octets, raster);
    }
    settle(image, raster);
    return IMAGING_REFUSAL_NONE;
}

/* Fragments of a frame in one piece: borrowed when there is one, else copied into *out_copy. */
static bool join(const struct dicom_frame *frame, struct span *out_data, uint8_t **out_copy)
{
    struct reader items = reader_of(frame->items);
    struct span fragment;
    if (frame->fragment_count == 1) {
        return dicom_fragment_next(&items, out_data);
    }
    uint8_t *copy = malloc(frame->octets + 1);
    size_t at = 0;
    if (copy == NULL) {
        return false;
    }
    while (dicom_fragment_next(&items, &fragment) && fragment.len <= frame->octets - at) {
        memcpy(copy + at, fragment.data, fragment.len);
        at += fragment.len;
    }
    *out_copy = copy;
    *out_data = (struct span){copy, at};
    return true;
}

/* Segments: each sample's octets, most significant first (PS3.5 annex G.2). */
static enum imaging_refusal decode_rle(const struct dicom_image *image, struct span data,
                                       struct raster *raster, const char **out_why)
{
    struct rle_segments segments;
    unsigned octets = image->bits_allocated / 8u;
    *out_why = "RLE segments";
    enum status status = rle_read(data, &segments);
    if (status == STATUS_OK && segments.count != octets * image->samples) {
        status = STATUS_MALFORMED;
    }
    for (unsigned i = 0; status == STATUS_OK && i < segments.count; i++) {
        /* the best that PackBits can do is 128 octets out of two: refuse before memory is taken for
         * a lie */
        if (segments.segment[i].len * 64 < (size_t)image->rows * image->columns) {
            status = STATUS_TRUNCATED;
        }
    }
    if (status == STATUS_OK) {
        status = raster_create(image->columns, image->rows, image->samples, raster);
    }
    size_t count = (size_t)image->rows * image->columns;
    uint8_t *plane = status == STATUS_OK ? malloc(count) : NULL;
    for (unsigned i = 0; plane != NULL && status == STATUS_OK && i < segments.count; i++) {
        unsigned component = i / octets;
        unsigned shift = 8u * (octets - 1u - i % octets);
        status = rle_expand(segments.segment[i], plane, 1, count);
        for (size_t k = 0; status == STATUS_OK && k < count; k++) {
            raster->plane[component][k] |= (uint32_t)plane[k] << shift;
        }
    }
    if (status == STATUS_OK && plane == NULL) {
        status = STATUS_NO_MEMORY;
    }
    free(plane);
    if (status != STATUS_OK) {
        raster_destroy(raster);
        return refusal_of(status);
    }
    settle(image, raster);
    return IMAGING_REFUSAL_NONE;
}

static bool kind_fits(enum dicom_syntax syntax, enum codestream_kind kind)
{
    switch (kind) {
    case CODESTREAM_JPEG:
        return syntax == DICOM_SYNTAX_JPEG_BASELINE || syntax == DICOM_SYNTAX_JPEG_EXTENDED;
    case CODESTREAM_JPEG_LOSSLESS:
        return syntax == DICOM_SYNTAX_JPEG_LOSSLESS || syntax == DICOM_SYNTAX_JPEG_LOSSLESS_SV1;
    case CODESTREAM_JPEG_LS:
        return syntax == DICOM_SYNTAX_JPEG_LS || syntax == DICOM_SYNTAX_JPEG_LS_NEAR;
    case CODESTREAM_JPEG_2000:
        return is_j2k(syntax);
    case CODESTREAM_JPEG_OTHER:
        break;
    }
    return false;
}

/* The PhotometricInterpretation decides; streams that prove it wrong are put right when there is
 * only one way to read them, and refused when there are two. */
static const char *compare_colour(const struct dicom_image *image, const struct codestream *head)
{
    bool jpeg = head->kind == CODESTREAM_JPEG || head->kind == CODESTREAM_JPEG_LOSSLESS;
    if (!jpeg || image->samples != 3) {
        return NULL;
    }
    if (image->photometric == DICOM_RGB && head->jfif && !head->subsampled) {
        return "data set says RGB, JFIF says YCbCr";
    }
    if (image->photometric != DICOM_RGB &&
        (head->rgb_ids || (head->adobe && head->adobe_transform == 0))) {
        return "data set says YBR, stream says RGB";
    }
    return NULL;
}

static const char *compare_head(const struct dicom_image *image, const struct codestream *head)
{
    if (!kind_fits(image->syntax, head->kind)) {
        return "stream is not of the stated transfer syntax";
    }
    if (head->width != image->columns || head->height != image->rows ||
        head->components != image->samples) {
        return "stream and data set differ in size or components";
    }
    if (head->precision > image->bits_allocated) {
        return "stream has more bits than the data set allocates";
    }
    if (image->samples == 3 && head->precision != image->bits_stored) {
        return "stream and data set differ in bits";
    }
    return compare_colour(image, head);
}

/* The stream has P bits, the data set bits_stored: the lower of both count, and the data set says
 * whether there is a sign. */
static void settle_stream(const struct dicom_image *image, struct raster *raster)
{
    unsigned bits = raster->bits < image->bits_stored ? raster->bits : image->bits_stored;
    uint32_t mask = (1u << bits) - 1u;
    size_t count = (size_t)raster->width * raster->height * raster->components;
    for (size_t i = 0; i < count; i++) {
        raster->plane[0][i] &= mask;
    }
    raster->bits = bits;
    raster->is_signed = image->is_signed;
}

static enum imaging_refusal decode_stream(const struct dicom_image *image, struct span data,
                                          struct raster *raster, const char **out_why)
{
    struct codestream head;
    enum status status = codestream_read(data, &head);
    if (status != STATUS_OK) {
        *out_why = "head of the compressed stream";
        return refusal_of(status);
    }
    *out_why = compare_head(image, &head);
    if (*out_why != NULL) {
        return IMAGING_REFUSAL_CODEC;
    }
    status = codec_decode(&head, raster, out_why);
    if (status != STATUS_OK) {
        return refusal_of(status);
    }
    settle_stream(image, raster);
    raster->is_ybr =
        image->photometric == DICOM_RGB && head.subsampled; /* nobody halves green and blue */
    return IMAGING_REFUSAL_NONE;
}

enum imaging_refusal frame_decode(const struct dicom_image *image, uint32_t frame,
                                  struct raster *out_raster, const char **out_why)
{
    struct dicom_frame found;
    enum status status = dicom_frame_find(image, frame, &found);
    if (status != STATUS_OK) {
        *out_why = "pixel data do not hold the frame";
        return refusal_of(status);
    }
    if (!image->encapsulated) {
        return decode_native(image, &found, out_raster, out_why);
    }
    struct span data = {NULL, 0};
    uint8_t *copy = NULL;
    struct raster raster = {0};
    enum imaging_refusal refusal = IMAGING_REFUSAL_TOO_LARGE;
    *out_why = "no memory for the compressed frame";
    if (join(&found, &data, &copy)) {
        refusal = image->syntax == DICOM_SYNTAX_RLE ? decode_rle(image, data, &raster, out_why)
                                                    : decode_stream(image, data, &raster, out_why);
    }
    free(copy);
    if (refusal == IMAGING_REFUSAL_NONE) {
        *out_raster = raster;
    }
    return refusal;
}
