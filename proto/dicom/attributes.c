#include "proto/dicom/attributes.h"

/* Texts and identifiers. */
static bool take_identity(struct dicom_image *image, const struct dicom_element *e)
{
    switch (e->tag) {
    case DICOM_TAG(0x0008, 0x0005):
        image->character_set = e->value;
        return true;
    case DICOM_TAG(0x0008, 0x0016):
        dicom_copy_code(e->value, image->sop_class_uid, sizeof image->sop_class_uid);
        return true;
    case DICOM_TAG(0x0008, 0x0018):
        dicom_copy_code(e->value, image->sop_instance_uid, sizeof image->sop_instance_uid);
        return true;
    case DICOM_TAG(0x0008, 0x0060):
        dicom_copy_code(e->value, image->modality, sizeof image->modality);
        return true;
    case DICOM_TAG(0x0008, 0x1030):
        image->study_description = dicom_trimmed(e->value);
        return true;
    case DICOM_TAG(0x0008, 0x103E):
        image->series_description = dicom_trimmed(e->value);
        return true;
    case DICOM_TAG(0x0010, 0x0010):
        image->patient_name = e->value;
        return true;
    case DICOM_TAG(0x0010, 0x0020):
        image->patient_id = dicom_trimmed(e->value);
        return true;
    case DICOM_TAG(0x0020, 0x000D):
        dicom_copy_code(e->value, image->study_uid, sizeof image->study_uid);
        return true;
    case DICOM_TAG(0x0020, 0x000E):
        dicom_copy_code(e->value, image->series_uid, sizeof image->series_uid);
        return true;
    default:
        return false;
    }
}

static enum dicom_photometric photometric_of(const char *text)
{
    static const struct {
        const char *text;
        enum dicom_photometric value;
    } rows[] = {
        {"MONOCHROME1", DICOM_MONOCHROME1},
        {"MONOCHROME2", DICOM_MONOCHROME2},
        {"PALETTE COLOR", DICOM_PALETTE_COLOR},
        {"RGB", DICOM_RGB},
        {"YBR_FULL", DICOM_YBR_FULL},
        {"YBR_FULL_422", DICOM_YBR_FULL_422},
        {"YBR_ICT", DICOM_YBR_ICT},
        {"YBR_RCT", DICOM_YBR_RCT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].text, text) == 0) {
            return rows[i].value;
        }
    }
    return DICOM_PHOTOMETRIC_OTHER;
}

static void take_frames(struct dicom_image *image, const struct dicom_element *e)
{
    double number = 0;
    if (dicom_decimal(e->value, 0, &number) && number >= 1 && number <= 4294967295.0) {
        image->frames = (uint32_t)number;
    }
}

/* Image Pixel module (PS3.3 section C.7.6.3). */
static bool take_pixel_module(struct dicom_image *image, const struct dicom_element *e,
                              struct dicom_encoding encoding)
{
    uint16_t first = dicom_u16(e, encoding, 0);
    switch (e->tag) {
    case DICOM_TAG(0x0028, 0x0002):
        image->samples = first;
        return true;
    case DICOM_TAG(0x0028, 0x0004):
        dicom_copy_code(e->value, image->photometric_text, sizeof image->photometric_text);
        image->photometric = photometric_of(image->photometric_text);
        return true;
    case DICOM_TAG(0x0028, 0x0006):
        image->planar = first == 1;
        return true;
    case DICOM_TAG(0x0028, 0x0008):
        take_frames(image, e);
        return true;
    case DICOM_TAG(0x0028, 0x0010):
        image->rows = first;
        return true;
    case DICOM_TAG(0x0028, 0x0011):
        image->columns = first;
        return true;
    case DICOM_TAG(0x0028, 0x0100):
        image->bits_allocated = first;
        return true;
    case DICOM_TAG(0x0028, 0x0101):
        image->bits_stored = first;
        return true;
    case DICOM_TAG(0x0028, 0x0102):
        image->high_bit = first;
        return true;
    case DICOM_TAG(0x0028, 0x0103):
        image->is_signed = first == 1;
        return true;
    case DICOM_TAG(0x0028, 0x0120):
        image->has_padding = e->value.len >= 2;
        image->padding = first;
        return true;
    case DICOM_TAG(0x0028, 0x0121):
        image->padding_limit = e->value.len >= 2 ? first : -1;
        return true;
    case DICOM_TAG(0x0028, 0x2110):
        image->lossy = span_is(dicom_trimmed(e->value), "01");
        return true;
    default:
        return false;
    }
}

/* Three numbers: entries (0 means 65536), first value mapped, bits of an entry. */
static void take_lut_descriptor(struct dicom_lut *lut, const struct dicom_element *e,
                                struct dicom_encoding encoding)
{
    if (e->value.len < 6) {
        return;
    }
    uint16_t entries = dicom_u16(e, encoding, 0);
    uint16_t first = dicom_u16(e, encoding, 1);
    uint16_t bits = dicom_u16(e, encoding, 2);
    lut->entries = entries == 0 ? 65536u : entries;
    lut->first = e->vr == DICOM_VR('S', 'S') ? (int16_t)first : (int32_t)first;
    lut->bits = bits >= 8 && bits <= 16 ? (uint8_t)bits : 0;
    lut->big_endian = encoding.big_endian;
}

static void take_lut_data(struct dicom_lut *lut, const struct dicom_element *e)
{
    lut->data = e->value;
}

/* A table counts only when its data cover its descriptor. */
static void settle_lut(struct dicom_lut *lut)
{
    lut->present = lut->entries > 0 && lut->bits >= 8 && lut->data.len >= lut->entries;
    if (lut->present && lut->bits > 8 && lut->data.len / 2 < lut->entries) {
        lut->present = false;
    }
}

static void read_lut_item(struct dicom_lut *lut, const struct dicom_element *sequence)
{
    struct dicom_cursor items = dicom_cursor_of(sequence->value, sequence->inner);
    struct span item;
    if (dicom_next_item(&items, &item) != STATUS_OK) {
        return;
    }
    struct dicom_cursor cursor = dicom_cursor_of(item, sequence->inner);
    struct dicom_element e;
    *lut = (struct dicom_lut){0};
    while (dicom_next(&cursor, &e) == STATUS_OK) {
        if (e.tag == DICOM_TAG(0x0028, 0x3002)) {
            take_lut_descriptor(lut, &e, sequence->inner);
        } else if (e.tag == DICOM_TAG(0x0028, 0x3006)) {
            take_lut_data(lut, &e);
        }
    }
    settle_lut(lut);
}

static void take_windows(struct dicom_values *values, const struct dicom_element *e, bool is_center)
{
    unsigned count = 0;
    double number = 0;
    while (count < DICOM_WINDOWS_MAX && dicom_decimal(e->value, count, &number)) {
        if (is_center) {
            values->windows[count].center = number;
        } else {
            values->windows[count].width = number;
        }
        count++;
    }
    if (is_center || count < values->window_count) {
        values->window_count = count; /* center (0028,1050) comes before width (0028,1051) */
    }
}

static enum dicom_voi_function voi_function_of(struct span value)
{
    struct span text = dicom_trimmed(value);
    if (span_is(text, "LINEAR_EXACT")) {
        return DICOM_VOI_LINEAR_EXACT;
    }
    return span_is(text, "SIGMOID") ? DICOM_VOI_SIGMOID : DICOM_VOI_LINEAR;
}

/* Modality and VOI (PS3.3 sections C.11.1, C.11.2), at the top or inside a functional group. */
static bool take_values(struct dicom_values *values, const struct dicom_element *e)
{
    double number = 0;
    switch (e->tag) {
    case DICOM_TAG(0x0028, 0x1050):
        take_windows(values, e, true);
        return true;
    case DICOM_TAG(0x0028, 0x1051):
        take_windows(values, e, false);
        return true;
    case DICOM_TAG(0x0028, 0x1052):
        if (dicom_decimal(e->value, 0, &number)) {
            values->intercept = number;
            values->has_rescale = true;
        }
        return true;
    case DICOM_TAG(0x0028, 0x1053):
        if (dicom_decimal(e->value, 0, &number)) {
            values->slope = number;
            values->has_rescale = true;
        }
        return true;
    case DICOM_TAG(0x0028, 0x1056):
        values->voi_function = voi_function_of(e->value);
        return true;
    case DICOM_TAG(0x0028, 0x3000):
        read_lut_item(&values->modality_lut, e);
        return true;
    case DICOM_TAG(0x0028, 0x3010):
        read_lut_item(&values->voi_lut, e);
        return true;
    default:
        return false;
    }
}

/* Pixel Value Transformation (0028,9145) and Frame VOI LUT (0028,9132) sequences of one functional
 * group item. */
static void take_functional_group(struct dicom_values *values, struct span group,
                                  struct dicom_encoding encoding)
{
    struct dicom_cursor cursor = dicom_cursor_of(group, encoding);
    struct dicom_element e;
    while (dicom_next(&cursor, &e) == STATUS_OK) {
        if (e.tag != DICOM_TAG(0x0028, 0x9145) && e.tag != DICOM_TAG(0x0028, 0x9132)) {
            continue;
        }
        struct dicom_cursor items = dicom_cursor_of(e.value, e.inner);
        struct span item;
        if (dicom_next_item(&items, &item) != STATUS_OK) {
            continue;
        }
        struct dicom_cursor inner = dicom_cursor_of(item, e.inner);
        struct dicom_element attribute;
        while (dicom_next(&inner, &attribute) == STATUS_OK) {
            (void)take_values(values,
                              &attribute); /* others belong to the geometry, not to the values */
        }
    }
}

static void take_shared_groups(struct dicom_image *image, const struct dicom_element *e)
{
    struct dicom_cursor items = dicom_cursor_of(e->value, e->inner);
    struct span item;
    if (dicom_next_item(&items, &item) == STATUS_OK) {
        take_functional_group(&image->values, item, e->inner);
    }
}

static void take_palette(struct dicom_image *image, const struct dicom_element *e,
                         struct dicom_encoding encoding)
{
    if (e->tag >= DICOM_TAG(0x0028, 0x1101) && e->tag <= DICOM_TAG(0x0028, 0x1103)) {
        take_lut_descriptor(&image->palette[e->tag - DICOM_TAG(0x0028, 0x1101)], e, encoding);
    } else if (e->tag >= DICOM_TAG(0x0028, 0x1201) && e->tag <= DICOM_TAG(0x0028, 0x1203)) {
        take_lut_data(&image->palette[e->tag - DICOM_TAG(0x0028, 0x1201)], e);
    }
}

static void take_pixels(struct dicom_image *image, const struct dicom_element *e)
{
    image->has_pixels = true;
    image->encapsulated = e->undefined_length;
    image->pixels_truncated = e->cut;
    image->pixels_ow = e->vr == DICOM_VR('O', 'W');
    image->pixels = e->value;
}

void attributes_init(struct dicom_image *image)
{
    memset(image, 0, sizeof *image);
    image->frames = 1;
    image->samples = 1;
    image->photometric = DICOM_PHOTOMETRIC_OTHER;
    image->values.slope = 1;
    image->padding_limit = -1;
}

void attributes_take(struct dicom_image *image, const struct dicom_element *e,
                     struct dicom_encoding encoding)
{
    switch (e->tag) {
    case DICOM_TAG(0x7FE0, 0x0001):
        image->extended_offsets = e->value;
        return;
    case DICOM_TAG(0x7FE0, 0x0008):
        image->float_pixels = 32;
        return;
    case DICOM_TAG(0x7FE0, 0x0009):
        image->float_pixels = 64;
        return;
    case DICOM_TAG(0x7FE0, 0x0010):
        take_pixels(image, e);
        return;
    case DICOM_TAG(0x5200, 0x9229):
        take_shared_groups(image, e);
        return;
    case DICOM_TAG(0x5200, 0x9230):
        image->per_frame = e->value;
        image->per_frame_implicit = e->inner.implicit;
        return;
    default:
        break;
    }
    if (!take_identity(image, e) && !take_pixel_module(image, e, encoding) &&
        !take_values(&image->values, e)) {
        take_palette(image, e, encoding);
    }
}

static int32_t as_signed16(int32_t value)
{
    return value > 0x7FFF ? value - 0x10000 : value;
}

/* PS3.3 section C.7.6.3.1.1: VR of these numbers follows PixelRepresentation; implicit data sets do
 * not tell it. */
static void settle_signs(struct dicom_image *image)
{
    if (!image->is_signed) {
        return;
    }
    image->padding = as_signed16(image->padding);
    image->padding_limit = as_signed16(image->padding_limit);
    image->values.modality_lut.first = as_signed16(image->values.modality_lut.first);
    image->values.voi_lut.first = as_signed16(image->values.voi_lut.first);
    for (unsigned i = 0; i < 3; i++) {
        image->palette[i].first = as_signed16(image->palette[i].first);
    }
}

void attributes_finish(struct dicom_image *image)
{
    bool has_limit = image->padding_limit >= 0;
    settle_signs(image);
    if (!has_limit) {
        image->padding_limit = image->padding;
    }
    if (image->values.slope == 0.0) {
        image->values.slope = 1; /* would make every value the same: no file means that */
    }
    for (unsigned i = 0; i < 3; i++) {
        settle_lut(&image->palette[i]);
    }
    if (image->has_pixels && image->big_endian && image->encapsulated) {
        image->pixels_truncated = true; /* encapsulation is little endian only (PS3.5 annex A.4) */
    }
}

void dicom_frame_values(const struct dicom_image *image, uint32_t frame,
                        struct dicom_values *out_values)
{
    struct dicom_encoding encoding = {.implicit = image->per_frame_implicit,
                                      .big_endian = image->big_endian};
    struct dicom_cursor items = dicom_cursor_of(image->per_frame, encoding);
    struct span item = {NULL, 0};
    *out_values = image->values;
    for (uint32_t i = 0; i <= frame; i++) {
        if (dicom_next_item(&items, &item) != STATUS_OK) {
            return;
        }
    }
    take_functional_group(out_values, item, encoding);
    if (out_values->slope == 0.0) {
        out_values->slope = 1;
    }
}
