/* Heads of the code streams inside encapsulated pixel data: JPEG (ITU-T T.81 SOF), JPEG-LS (T.87
 * SOF55), JPEG 2000 (T.800 SIZ, bare or wrapped in JP2). What the stream says of its picture is
 * compared with the data set before any of it is believed. Sans I/O, any thread. */
#ifndef PROTO_DICOM_CODESTREAM_H
#define PROTO_DICOM_CODESTREAM_H

#include "proto/base/span.h"
#include "proto/base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum codestream_kind {
    CODESTREAM_JPEG,          /* sequential or progressive DCT */
    CODESTREAM_JPEG_LOSSLESS, /* SOF3 */
    CODESTREAM_JPEG_OTHER,    /* arithmetic or hierarchical coding */
    CODESTREAM_JPEG_LS,
    CODESTREAM_JPEG_2000
};

struct codestream {
    enum codestream_kind kind;
    uint32_t width, height;
    uint8_t components;
    uint8_t precision;       /* bits of a sample, of the first component */
    bool same_precision;     /* of all components */
    bool is_signed;          /* JPEG 2000 SIZ */
    bool color_transform;    /* JPEG 2000 COD: the codec turns RCT/ICT into RGB */
    bool adobe;              /* an Adobe APP14 segment is there */
    uint8_t adobe_transform; /* its value: 0 none, 1 YCbCr */
    bool jfif;            /* a JFIF APP0 segment is there: the components are Y, Cb, Cr (T.871) */
    bool rgb_ids;         /* JPEG: component identifiers 'R', 'G', 'B' */
    bool subsampled;      /* JPEG: the second or third component is coarser than the first */
    uint8_t interleave;   /* JPEG-LS: 0 planes, 1 lines, 2 samples */
    uint16_t orientation; /* EXIF of a JPEG photo: 1..8; 1 when absent */
    struct span stream;   /* without a JP2 wrapping */
};

/* STATUS_TRUNCATED, STATUS_MALFORMED, STATUS_UNSUPPORTED: none of these streams. */
MUST_USE enum status codestream_read(struct span data, struct codestream *out_stream);

#endif
