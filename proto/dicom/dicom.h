/* Reads one DICOM Part 10 file (PS3.10 section 7, PS3.5) far enough to show its picture: what the
 * image is, how its values are meant, and where the octets of each frame lie. Sans I/O: the whole
 * file is a span (a mapping), nothing is copied but short texts, nothing is allocated; every span
 * points into the input and lives as long as it does. Any thread.
 *
 * Tolerated, because real files carry it: no preamble, no meta group, no group length, no transfer
 * syntax, odd lengths, elements without a VR inside an explicit data set, a missing final sequence
 * delimiter. Never tolerated: a length that leaves its container, nesting beyond DICOM_DEPTH_MAX,
 * sizes that overflow. */
#ifndef PROTO_DICOM_DICOM_H
#define PROTO_DICOM_DICOM_H

#include "proto/base/span.h"
#include "proto/base/status.h"

#include <stdbool.h>
#include <stdint.h>

#define DICOM_DEPTH_MAX 24  /* real files: enhanced objects and SR reach 12 */
#define DICOM_UID_MAX 65    /* PS3.5 section 6.2: 64 characters, and NUL */
#define DICOM_WINDOWS_MAX 8 /* windows beyond are ignored; the first is the default */

/* Transfer syntaxes (PS3.5 section 8 and 10, PS3.6 annex A); the table is syntax.def. */
enum dicom_syntax {
#define DICOM_SYNTAX(name, uid, encapsulated) DICOM_SYNTAX_##name,
#include "proto/dicom/syntax.def"
#undef DICOM_SYNTAX
    DICOM_SYNTAX_OTHER /* registered or private, none that we know */
};

enum dicom_photometric { /* PS3.3 section C.7.6.3.1.2 */
                         DICOM_MONOCHROME1,
                         DICOM_MONOCHROME2,
                         DICOM_PALETTE_COLOR,
                         DICOM_RGB,
                         DICOM_YBR_FULL,
                         DICOM_YBR_FULL_422,
                         DICOM_YBR_ICT, /* JPEG 2000: the codec undoes it */
                         DICOM_YBR_RCT,
                         DICOM_PHOTOMETRIC_OTHER /* absent, retired or unknown: must not be shown */
};

struct dicom_window { /* PS3.3 section C.11.2.1.2 */
    double center, width;
};

enum dicom_voi_function { DICOM_VOI_LINEAR, DICOM_VOI_LINEAR_EXACT, DICOM_VOI_SIGMOID };

struct dicom_lut { /* PS3.3 sections C.11.1.1, C.11.2.1.1, C.7.6.3.1.5 */
    bool present;
    uint32_t entries; /* 1..65536 */
    int32_t first;    /* first value mapped */
    uint8_t bits;     /* of an entry: 8..16 */
    struct span data; /* entries x 1 or 2 octets: 2 when data.len >= 2 x entries */
    bool big_endian;
};

/* What turns stored values into what is seen; may differ from frame to frame (PS3.3 section
 * C.7.6.16). */
struct dicom_values {
    bool has_rescale;
    double slope, intercept; /* 1 and 0 without rescale */
    struct dicom_lut modality_lut;
    unsigned window_count;
    struct dicom_window windows[DICOM_WINDOWS_MAX];
    enum dicom_voi_function voi_function;
    struct dicom_lut voi_lut; /* the first of the VOI LUT Sequence */
};

struct dicom_image {
    enum dicom_syntax syntax;
    char syntax_uid[DICOM_UID_MAX];
    bool big_endian;
    bool has_preamble; /* "DICM" at 128 */
    char sop_class_uid[DICOM_UID_MAX];
    char sop_instance_uid[DICOM_UID_MAX];
    char study_uid[DICOM_UID_MAX];
    char series_uid[DICOM_UID_MAX];
    char modality[17];

    /* Texts as they stand in the file; dicom_text (charset.h) makes UTF-8 of them with
     * character_set. */
    struct span character_set; /* (0008,0005), values parted by backslashes */
    struct span study_description, series_description, patient_name, patient_id;

    bool has_pixels;        /* (7FE0,0010) is there; all that follows is valid only then */
    uint16_t rows, columns; /* 1..65535 */
    uint16_t samples;       /* 1 or 3 where it can be shown */
    uint16_t bits_allocated, bits_stored, high_bit;
    bool is_signed;  /* PixelRepresentation 1 */
    bool planar;     /* PlanarConfiguration 1 */
    uint32_t frames; /* 1 when absent */
    enum dicom_photometric photometric;
    char photometric_text[17];
    bool lossy; /* (0028,2110) is "01" */
    bool has_padding;
    int32_t padding,
        padding_limit;          /* stored values that are no picture; limit = padding when absent */
    struct dicom_values values; /* of the data set and the Shared Functional Groups */
    struct dicom_lut palette[3]; /* red, green, blue */

    bool pixels_ow; /* VR OW: big endian files swap the octets of 8-bit samples too */
    bool encapsulated;
    bool pixels_truncated; /* the file ends inside the pixel data; pixels is what is there */
    struct span pixels;    /* native: the value; encapsulated: basic offset table item and fragments
                              (frames.h) */
    uint8_t
        float_pixels; /* 32 or 64: Float / Double Float Pixel Data instead of (7FE0,0010); 0: no */
    struct span extended_offsets; /* (7FE0,0001) */
    struct span per_frame;        /* Per-frame Functional Groups Sequence */
    bool per_frame_implicit;
};

/* STATUS_OK: out_image is filled (has_pixels may be false). STATUS_UNKNOWN: no DICOM file.
 * STATUS_TRUNCATED: ends inside its elements before the pixel data. STATUS_MALFORMED: breaks the
 * format. STATUS_TOO_LARGE: nested too deep. STATUS_UNSUPPORTED: deflated; dicom_deflated() gives
 * what must be inflated first. out_failed_at (may be NULL): octet at which reading stopped, set
 * whenever the status is not OK. */
MUST_USE enum status dicom_read(struct span file, struct dicom_image *out_image,
                                size_t *out_failed_at);
/* The deflated data set of a file whose syntax is Deflated Explicit VR Little Endian (RFC 1951
 * stream); empty when it is none. */
struct span dicom_deflated(struct span file);
/* Reads a data set without preamble and meta group, in a syntax known otherwise (after inflating).
 * Same statuses. */
MUST_USE enum status dicom_read_dataset(struct span dataset, enum dicom_syntax syntax,
                                        struct dicom_image *out_image);
/* image->values with what the Per-frame Functional Groups say for this frame. */
void dicom_frame_values(const struct dicom_image *image, uint32_t frame,
                        struct dicom_values *out_values);

enum dicom_syntax dicom_syntax_of(const char *uid);
const char *dicom_syntax_name(enum dicom_syntax syntax); /* "JPEG_LOSSLESS"; for logs */

#endif
