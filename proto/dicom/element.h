/* Data elements of a DICOM data set (PS3.5 section 7): explicit or implicit VR, little or big
 * endian, values of undefined length found by walking them with bounded depth. Sans I/O; values are
 * spans of the input. Any thread. */
#ifndef PROTO_DICOM_ELEMENT_H
#define PROTO_DICOM_ELEMENT_H

#include "proto/base/reader.h"
#include "proto/base/status.h"

#include <stdbool.h>
#include <stdint.h>

#define DICOM_TAG(group, element) (((uint32_t)(group) << 16) | (uint32_t)(element))
#define DICOM_VR(a, b) ((uint16_t)(((unsigned)(a) << 8) | (unsigned)(b)))

struct dicom_encoding {
    bool implicit;
    bool big_endian;
};

struct dicom_element {
    uint32_t tag;
    uint16_t vr; /* DICOM_VR('U','S'); 0 when implicit */
    bool undefined_length;
    bool cut; /* pixel data only: the input ends inside the value, which is what there is */
    struct dicom_encoding inner; /* how items inside the value are encoded (UN of undefined length:
                                    implicit, PS3.5 6.2.2) */
    struct span value;           /* without the closing delimiter */
};

struct dicom_cursor {
    struct reader r;
    struct dicom_encoding encoding;
};

struct dicom_cursor dicom_cursor_of(struct span dataset, struct dicom_encoding encoding);
/* Next element. STATUS_NONE at the end; STATUS_TRUNCATED, STATUS_MALFORMED, STATUS_TOO_LARGE
 * (depth) end the walk. Pixel data (7FE0,0010) that runs over the end is given with cut set. */
MUST_USE enum status dicom_next(struct dicom_cursor *cursor, struct dicom_element *out_element);
/* Next item of a sequence value: its data set. STATUS_NONE at the end. */
MUST_USE enum status dicom_next_item(struct dicom_cursor *cursor, struct span *out_item);

/* Values. Numbers of binary VRs by index; 0 when the value has not that many. */
uint16_t dicom_u16(const struct dicom_element *element, struct dicom_encoding encoding,
                   size_t index);
/* Decimal or integer string (DS, IS) by index among values parted by backslashes; false when absent
 * or no number. */
bool dicom_decimal(struct span value, size_t index, double *out_value);
/* Value text without padding (blanks, NUL at the end, blanks at the start), first value only. */
struct span dicom_trimmed(struct span value);
/* Copies a trimmed UID or code string; keeps only printable ASCII; cut values become empty. */
void dicom_copy_code(struct span value, char *buffer, size_t buffer_len);

#endif
