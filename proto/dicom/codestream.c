#include "proto/dicom/codestream.h"

#include "proto/base/reader.h"

enum {
    MARKER_SOI = 0xD8,
    MARKER_EOI = 0xD9,
    MARKER_SOS = 0xDA,
    MARKER_APP0 = 0xE0,
    MARKER_APP1 = 0xE1,
    MARKER_APP14 = 0xEE,
    MARKER_SOF55 = 0xF7,
    MARKER_DHT = 0xC4,
    MARKER_JPG = 0xC8,
    MARKER_DAC = 0xCC,
    MARKER_TEM = 0x01
};

static bool is_sof(uint8_t marker)
{
    return (marker >= 0xC0 && marker <= 0xCF && marker != MARKER_DHT && marker != MARKER_JPG &&
            marker != MARKER_DAC) ||
           marker == MARKER_SOF55;
}

static enum codestream_kind kind_of_sof(uint8_t marker)
{
    if (marker == MARKER_SOF55) {
        return CODESTREAM_JPEG_LS;
    }
    if (marker == 0xC3) {
        return CODESTREAM_JPEG_LOSSLESS;
    }
    return marker <= 0xC2 ? CODESTREAM_JPEG : CODESTREAM_JPEG_OTHER;
}

static void read_sof(struct reader segment, uint8_t marker, struct codestream *s)
{
    s->kind = kind_of_sof(marker);
    s->precision = reader_u8(&segment);
    s->height = reader_u16(&segment);
    s->width = reader_u16(&segment);
    s->components = reader_u8(&segment);
    s->same_precision = true;
    uint8_t id[3] = {0};
    uint8_t sampling[3] = {0};
    for (unsigned i = 0; i < 3 && i < s->components; i++) {
        id[i] = reader_u8(&segment);
        sampling[i] = reader_u8(&segment);
        reader_skip(&segment, 1);
    }
    s->rgb_ids = id[0] == 'R' && id[1] == 'G' && id[2] == 'B';
    s->subsampled =
        s->components == 3 && (sampling[0] != sampling[1] || sampling[0] != sampling[2]);
    if (!reader_ok(&segment)) {
        s->components = 0;
    }
}

/* Exif 2.3 section 4.6.4: tag 0x0112 of IFD 0. */
static uint16_t read_orientation(struct reader segment)
{
    struct span head = reader_span(&segment, 6);
    struct reader tiff = reader_of(reader_rest(&segment));
    if (!span_equal(head, SPAN_LITERAL("Exif\0\0"))) {
        return 1;
    }
    struct reader all = tiff;
    bool big = reader_u16(&tiff) == 0x4D4D;
    reader_skip(&tiff, 2);
    uint32_t at = big ? reader_u32(&tiff) : reader_u32_le(&tiff);
    reader_skip(&all, at);
    unsigned count = big ? reader_u16(&all) : reader_u16_le(&all);
    for (unsigned i = 0; i < count && reader_ok(&all); i++) {
        uint16_t tag = big ? reader_u16(&all) : reader_u16_le(&all);
        reader_skip(&all, 6);
        uint16_t value = big ? reader_u16(&all) : reader_u16_le(&all);
        reader_skip(&all, 2);
        if (reader_ok(&all) && tag == 0x0112 && value >= 1 && value <= 8) {
            return value;
        }
    }
    return 1;
}

static void read_adobe(struct reader segment, struct codestream *s)
{
    struct span name = reader_span(&segment, 5);
    reader_skip(&segment, 6);
    uint8_t transform = reader_u8(&segment);
    if (reader_ok(&segment) && span_is(name, "Adobe")) {
        s->adobe = true;
        s->adobe_transform = transform;
    }
}

/* Components, then Ss/NEAR and Se/ILV (T.87 section C.2.3). */
static void read_sos(struct reader segment, struct codestream *s)
{
    uint8_t count = reader_u8(&segment);
    reader_skip(&segment, 2u * count + 1u);
    s->interleave = reader_u8(&segment);
}

static enum status read_jpeg(struct span data, struct codestream *s)
{
    struct reader r = reader_of(data);
    bool found = false;
    reader_skip(&r, 2);
    while (reader_ok(&r)) {
        if (reader_u8(&r) != 0xFF) {
            return reader_ok(&r) ? STATUS_MALFORMED : STATUS_TRUNCATED;
        }
        uint8_t marker = reader_u8(&r);
        while (marker == 0xFF && reader_ok(&r)) {
            marker = reader_u8(&r);
        }
        if (marker == MARKER_TEM || (marker >= 0xD0 && marker <= 0xD7)) {
            continue;
        }
        if (marker == MARKER_EOI || marker == MARKER_SOI || marker == 0) {
            return STATUS_MALFORMED;
        }
        uint16_t length = reader_u16(&r);
        if (length < 2) {
            return reader_ok(&r) ? STATUS_MALFORMED : STATUS_TRUNCATED;
        }
        struct reader segment = reader_sub(&r, length - 2u);
        if (!reader_ok(&r)) {
            return STATUS_TRUNCATED;
        }
        if (is_sof(marker) && !found) {
            read_sof(segment, marker, s);
            found = true;
        } else if (marker == MARKER_APP0) {
            s->jfif = s->jfif || span_equal(reader_span(&segment, 5), SPAN_LITERAL("JFIF\0"));
        } else if (marker == MARKER_APP14) {
            read_adobe(segment, s);
        } else if (marker == MARKER_APP1 && s->orientation == 1) {
            s->orientation = read_orientation(segment);
        } else if (marker == MARKER_SOS) {
            read_sos(segment, s);
            return found && s->components > 0 ? STATUS_OK : STATUS_MALFORMED;
        }
    }
    return STATUS_TRUNCATED;
}

/* SIZ (T.800 section A.5.1). */
static void read_siz(struct reader segment, struct codestream *s)
{
    reader_skip(&segment, 2);
    uint32_t x1 = reader_u32(&segment);
    uint32_t y1 = reader_u32(&segment);
    uint32_t x0 = reader_u32(&segment);
    uint32_t y0 = reader_u32(&segment);
    reader_skip(&segment, 16);
    uint16_t components = reader_u16(&segment);
    s->same_precision = true;
    for (unsigned i = 0; i < components && reader_ok(&segment); i++) {
        uint8_t depth = reader_u8(&segment);
        uint8_t dx = reader_u8(&segment);
        uint8_t dy = reader_u8(&segment);
        if (i == 0) {
            s->precision = (uint8_t)((depth & 0x7Fu) + 1u);
            s->is_signed = (depth & 0x80u) != 0;
        }
        s->same_precision = s->same_precision && s->precision == (depth & 0x7Fu) + 1u && dx == 1 &&
                            dy == 1 && s->is_signed == ((depth & 0x80u) != 0);
    }
    if (reader_ok(&segment) && x1 > x0 && y1 > y0 && components <= 255) {
        s->width = x1 - x0;
        s->height = y1 - y0;
        s->components = (uint8_t)components;
    }
}

static enum status read_j2k(struct span data, struct codestream *s)
{
    struct reader r = reader_of(data);
    s->kind = CODESTREAM_JPEG_2000;
    s->stream = data;
    reader_skip(&r, 2);
    while (reader_ok(&r)) {
        uint16_t marker = reader_u16(&r);
        if (!reader_ok(&r)) {
            return STATUS_TRUNCATED;
        }
        if (marker == 0xFF90) { /* SOT: the main header ends */
            return s->components > 0 ? STATUS_OK : STATUS_MALFORMED;
        }
        if (marker < 0xFF00) {
            return STATUS_MALFORMED;
        }
        uint16_t length = reader_u16(&r);
        if (length < 2) {
            return reader_ok(&r) ? STATUS_MALFORMED : STATUS_TRUNCATED;
        }
        struct reader segment = reader_sub(&r, length - 2u);
        if (marker == 0xFF51 && reader_ok(&r)) {
            read_siz(segment, s);
        } else if (marker == 0xFF52 &&
                   reader_ok(&r)) { /* COD: Scod, order, layers, multiple component transform */
            reader_skip(&segment, 4);
            s->color_transform = reader_u8(&segment) == 1;
        }
    }
    return STATUS_TRUNCATED;
}

/* JP2 boxes (T.800 annex I) up to the contiguous code stream. */
static enum status read_jp2(struct span data, struct codestream *s)
{
    struct reader r = reader_of(data);
    while (reader_left(&r) >= 8) {
        uint32_t length = reader_u32(&r);
        uint32_t type = reader_u32(&r);
        if (length == 1) {
            return STATUS_UNSUPPORTED; /* boxes over 4 GiB */
        }
        if (length != 0 && length < 8) {
            return STATUS_MALFORMED;
        }
        struct span content = length == 0 ? reader_rest(&r) : reader_span(&r, length - 8u);
        if (!reader_ok(&r)) {
            return STATUS_TRUNCATED;
        }
        if (type == 0x6A703263) { /* "jp2c" */
            return content.len > 4 ? read_j2k(content, s) : STATUS_TRUNCATED;
        }
    }
    return STATUS_TRUNCATED;
}

enum status codestream_read(struct span data, struct codestream *out_stream)
{
    static const uint8_t jp2[] = {0, 0, 0, 12, 'j', 'P', ' ', ' '};
    struct codestream s = {.orientation = 1, .stream = data};
    enum status status = STATUS_UNSUPPORTED;
    if (data.len < 4) {
        return STATUS_TRUNCATED;
    }
    if (data.data[0] == 0xFF && data.data[1] == MARKER_SOI) {
        status = read_jpeg(data, &s);
    } else if (data.data[0] == 0xFF && data.data[1] == 0x4F) {
        status = read_j2k(data, &s);
    } else if (data.len >= sizeof jp2 && memcmp(data.data, jp2, sizeof jp2) == 0) {
        status = read_jp2(data, &s);
    }
    if (status == STATUS_OK && (s.width == 0 || s.height == 0)) {
        status = STATUS_MALFORMED;
    }
    if (status == STATUS_OK) {
        *out_stream = s;
    }
    return status;
}
