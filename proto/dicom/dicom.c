#include "proto/dicom/dicom.h"

#include "proto/dicom/attributes.h"
#include "proto/dicom/element.h"

#define EXPLICIT_LE ((struct dicom_encoding){.implicit = false, .big_endian = false})
#define IMPLICIT_LE ((struct dicom_encoding){.implicit = true, .big_endian = false})
#define EXPLICIT_BE ((struct dicom_encoding){.implicit = false, .big_endian = true})

struct syntax_row {
    enum dicom_syntax syntax;
    const char *name;
    const char *uid;
    bool encapsulated;
};

static const struct syntax_row syntax_rows[] = {
#define DICOM_SYNTAX(name, uid, encapsulated) {DICOM_SYNTAX_##name, #name, uid, encapsulated},
#include "proto/dicom/syntax.def"
#undef DICOM_SYNTAX
};

enum dicom_syntax dicom_syntax_of(const char *uid)
{
    for (size_t i = 0; i < sizeof syntax_rows / sizeof syntax_rows[0]; i++) {
        if (strcmp(syntax_rows[i].uid, uid) == 0) {
            return syntax_rows[i].syntax;
        }
    }
    return DICOM_SYNTAX_OTHER;
}

const char *dicom_syntax_name(enum dicom_syntax syntax)
{
    size_t index = (size_t)syntax;
    return index < sizeof syntax_rows / sizeof syntax_rows[0] ? syntax_rows[index].name : "OTHER";
}

static struct dicom_encoding syntax_encoding(enum dicom_syntax syntax)
{
    if (syntax == DICOM_SYNTAX_IMPLICIT_LE) {
        return IMPLICIT_LE;
    }
    return syntax == DICOM_SYNTAX_EXPLICIT_BE ? EXPLICIT_BE : EXPLICIT_LE;
}

/* Where the parts of the file begin. */
struct layout {
    bool has_preamble;
    size_t dataset_at;
    char syntax_uid[DICOM_UID_MAX]; /* "" when the meta group does not tell */
};

static uint16_t peek_group(struct span file, size_t at)
{
    struct reader r = reader_of(file);
    reader_skip(&r, at);
    return reader_u16_le(&r);
}

/* PS3.10 section 7.1: the meta group is always explicit VR little endian. Its group length is not
 * trusted. */
static enum status read_meta(struct span file, struct layout *layout)
{
    struct dicom_cursor cursor = dicom_cursor_of(file, EXPLICIT_LE);
    cursor.r.at = layout->dataset_at;
    while (reader_left(&cursor.r) >= 8 && peek_group(file, cursor.r.at) == 0x0002) {
        struct dicom_element e;
        enum status status = dicom_next(&cursor, &e);
        if (status != STATUS_OK) {
            return status;
        }
        if (e.tag == DICOM_TAG(0x0002, 0x0010)) {
            dicom_copy_code(e.value, layout->syntax_uid, sizeof layout->syntax_uid);
        }
    }
    layout->dataset_at = cursor.r.at;
    return STATUS_OK;
}

static enum status read_layout(struct span file, struct layout *layout)
{
    *layout = (struct layout){0};
    if (file.len == 0) {
        return STATUS_UNKNOWN;
    }
    if (file.len >= 132 && memcmp(file.data + 128, "DICM", 4) == 0) {
        layout->has_preamble = true;
        layout->dataset_at = 132;
    }
    return read_meta(file, layout);
}

static bool looks_like_vr(const uint8_t *text)
{
    static const char known[] =
        "AEASATCSDADSDTFDFLISLOLTOBODOFOLOVOWPNSHSLSQSSSTSVTMUCUIULUNURUSUTUV";
    for (size_t i = 0; i + 2 < sizeof known; i += 2) {
        if (memcmp(known + i, text, 2) == 0) {
            return true;
        }
    }
    return false;
}

/* How a data set whose syntax nobody states, or that contradicts its statement, is encoded: by its
 * first element. */
static bool guess_encoding(struct span dataset, struct dicom_encoding *out_encoding)
{
    struct reader r = reader_of(dataset);
    uint16_t group = reader_u16_le(&r);
    reader_skip(&r, 2);
    uint32_t length = reader_u32_le(&r);
    if (!reader_ok(&r)) {
        return false;
    }
    bool explicit_vr = looks_like_vr(dataset.data + 4);
    if (group == 0x0800 && explicit_vr) {
        *out_encoding = EXPLICIT_BE;
        return true;
    }
    if (group == 0 || group > 0x0020 ||
        (!explicit_vr && length > reader_left(&r) && length != 0xFFFFFFFFu)) {
        return false;
    }
    *out_encoding = explicit_vr ? EXPLICIT_LE : IMPLICIT_LE;
    return true;
}

static enum status read_elements(struct dicom_cursor *cursor, struct dicom_image *image)
{
    for (;;) {
        struct dicom_element e;
        enum status status = dicom_next(cursor, &e);
        if (status == STATUS_NONE) {
            return STATUS_OK;
        }
        if (status != STATUS_OK) {
            return image->has_pixels ? STATUS_OK
                                     : status; /* what follows the picture is padding at best */
        }
        attributes_take(image, &e, cursor->encoding);
    }
}

static enum status read_dataset(struct span dataset, struct dicom_encoding encoding,
                                struct dicom_image *image, size_t *out_at)
{
    struct dicom_cursor cursor = dicom_cursor_of(dataset, encoding);
    image->big_endian = encoding.big_endian;
    enum status status = read_elements(&cursor, image);
    *out_at = cursor.r.at;
    if (status == STATUS_OK) {
        attributes_finish(image);
    }
    return status;
}

static enum status settle_encoding(struct span dataset, struct layout *layout,
                                   struct dicom_image *image, struct dicom_encoding *out_encoding)
{
    struct dicom_encoding guessed = EXPLICIT_LE;
    bool known = guess_encoding(dataset, &guessed);
    if (layout->syntax_uid[0] == 0) {
        if (!known) {
            return layout->has_preamble ? STATUS_MALFORMED : STATUS_UNKNOWN;
        }
        *out_encoding = guessed;
        image->syntax = guessed.big_endian ? DICOM_SYNTAX_EXPLICIT_BE
                        : guessed.implicit ? DICOM_SYNTAX_IMPLICIT_LE
                                           : DICOM_SYNTAX_EXPLICIT_LE;
        (void)span_copy_text(span_text(syntax_rows[image->syntax].uid), image->syntax_uid,
                             sizeof image->syntax_uid);
        return STATUS_OK;
    }
    memcpy(image->syntax_uid, layout->syntax_uid, sizeof image->syntax_uid);
    image->syntax = dicom_syntax_of(layout->syntax_uid);
    *out_encoding = syntax_encoding(image->syntax);
    if (known && out_encoding->implicit && !guessed.implicit) {
        *out_encoding = guessed; /* says implicit, is explicit */
    }
    return STATUS_OK;
}

enum status dicom_read(struct span file, struct dicom_image *out_image, size_t *out_failed_at)
{
    struct layout layout;
    struct dicom_image image;
    size_t at = 0;
    attributes_init(&image);
    enum status status = read_layout(file, &layout);
    struct span dataset = {NULL, 0};
    if (status == STATUS_OK) {
        dataset = (struct span){file.data + layout.dataset_at, file.len - layout.dataset_at};
        image.has_preamble = layout.has_preamble;
        struct dicom_encoding encoding = EXPLICIT_LE;
        status = settle_encoding(dataset, &layout, &image, &encoding);
        if (status == STATUS_OK && image.syntax == DICOM_SYNTAX_DEFLATED_LE) {
            status = STATUS_UNSUPPORTED;
        }
        if (status == STATUS_OK) {
            status = read_dataset(dataset, encoding, &image, &at);
        }
    }
    bool nothing = status == STATUS_OK && image.sop_class_uid[0] == 0 && !image.has_pixels;
    if (!layout.has_preamble && (status != STATUS_OK || nothing) && layout.syntax_uid[0] == 0) {
        status = STATUS_UNKNOWN; /* without the preamble only a whole, sensible data set counts as
                                    DICOM */
    }
    if (status == STATUS_OK) {
        *out_image = image;
    } else if (out_failed_at != NULL) {
        *out_failed_at = layout.dataset_at + at;
    }
    return status;
}

struct span dicom_deflated(struct span file)
{
    struct layout layout;
    if (read_layout(file, &layout) != STATUS_OK ||
        dicom_syntax_of(layout.syntax_uid) != DICOM_SYNTAX_DEFLATED_LE) {
        return (struct span){NULL, 0};
    }
    return (struct span){file.data + layout.dataset_at, file.len - layout.dataset_at};
}

enum status dicom_read_dataset(struct span dataset, enum dicom_syntax syntax,
                               struct dicom_image *out_image)
{
    struct dicom_image image;
    size_t at = 0;
    attributes_init(&image);
    image.has_preamble = true;
    image.syntax = syntax;
    if ((size_t)syntax < sizeof syntax_rows / sizeof syntax_rows[0]) {
        (void)span_copy_text(span_text(syntax_rows[syntax].uid), image.syntax_uid,
                             sizeof image.syntax_uid);
    }
    enum status status = read_dataset(dataset, syntax_encoding(syntax), &image, &at);
    if (status == STATUS_OK) {
        *out_image = image;
    }
    return status;
}
