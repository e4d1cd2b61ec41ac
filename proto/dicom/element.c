#include "proto/dicom/element.h"

#include "proto/dicom/dicom.h"

#include <stdlib.h>

#define TAG_ITEM DICOM_TAG(0xFFFE, 0xE000)
#define TAG_ITEM_END DICOM_TAG(0xFFFE, 0xE00D)
#define TAG_SEQUENCE_END DICOM_TAG(0xFFFE, 0xE0DD)
#define TAG_PIXEL_DATA DICOM_TAG(0x7FE0, 0x0010)
#define LENGTH_UNDEFINED 0xFFFFFFFFu

struct header {
    uint32_t tag;
    uint16_t vr;
    uint32_t length;
};

struct dicom_cursor dicom_cursor_of(struct span dataset, struct dicom_encoding encoding)
{
    return (struct dicom_cursor){.r = reader_of(dataset), .encoding = encoding};
}

static uint16_t read_u16(struct reader *r, bool big_endian)
{
    return big_endian ? reader_u16(r) : reader_u16_le(r);
}

static uint32_t read_u32(struct reader *r, bool big_endian)
{
    return big_endian ? reader_u32(r) : reader_u32_le(r);
}

static uint32_t read_tag(struct reader *r, bool big_endian)
{
    uint32_t group = read_u16(r, big_endian);
    uint32_t element = read_u16(r, big_endian);
    return DICOM_TAG(group, element);
}

/* PS3.5 section 7.1.2: these VRs have two reserved octets and a length of 32 bits. */
static bool vr_is_long(uint16_t vr)
{
    static const uint16_t long_vrs[] = {
        DICOM_VR('O', 'B'), DICOM_VR('O', 'D'), DICOM_VR('O', 'F'), DICOM_VR('O', 'L'),
        DICOM_VR('O', 'V'), DICOM_VR('O', 'W'), DICOM_VR('S', 'Q'), DICOM_VR('S', 'V'),
        DICOM_VR('U', 'C'), DICOM_VR('U', 'N'), DICOM_VR('U', 'R'), DICOM_VR('U', 'T'),
        DICOM_VR('U', 'V'),
    };
    for (size_t i = 0; i < sizeof long_vrs / sizeof long_vrs[0]; i++) {
        if (long_vrs[i] == vr) {
            return true;
        }
    }
    return false;
}

static bool is_upper(unsigned octet)
{
    return octet >= 'A' && octet <= 'Z';
}

/* Tag, VR and length. An element of an explicit data set whose VR is no pair of capitals is read as
 * implicit: writers that copy private elements produce that. */
static struct header read_header(struct reader *r, struct dicom_encoding encoding)
{
    struct header h = {.tag = read_tag(r, encoding.big_endian)};
    if (h.tag >> 16 == 0xFFFE || encoding.implicit) {
        h.length = read_u32(r, encoding.big_endian);
        return h;
    }
    struct reader peek = *r;
    uint16_t vr = reader_u16(&peek);
    if (!is_upper(vr >> 8) || !is_upper(vr & 0xFFu)) {
        h.length = read_u32(r, encoding.big_endian);
        return h;
    }
    h.vr = vr;
    reader_skip(r, 2);
    if (vr_is_long(vr)) {
        reader_skip(r, 2);
        h.length = read_u32(r, encoding.big_endian);
    } else {
        h.length = read_u16(r, encoding.big_endian);
    }
    return h;
}

static struct dicom_encoding inner_encoding(const struct header *h, struct dicom_encoding outer)
{
    struct dicom_encoding inner = outer;
    if (h->vr == DICOM_VR('U', 'N') && h->length == LENGTH_UNDEFINED) {
        inner = (struct dicom_encoding){.implicit = true,
                                        .big_endian = false}; /* PS3.5 section 6.2.2 note 2 */
    }
    return inner;
}

struct level {
    bool is_item; /* an item holds elements, a sequence holds items */
    struct dicom_encoding encoding;
};

/* One step inside a sequence; *depth changes by at most one. */
static enum status step_in_sequence(struct reader *r, struct level *levels, unsigned *depth,
                                    bool *out_closed)
{
    struct level *top = &levels[*depth];
    uint32_t tag = read_tag(r, top->encoding.big_endian);
    uint32_t length = read_u32(r, top->encoding.big_endian);
    if (!reader_ok(r)) {
        return STATUS_TRUNCATED;
    }
    if (tag == TAG_SEQUENCE_END) {
        *out_closed = true;
        return STATUS_OK;
    }
    if (tag != TAG_ITEM) {
        return STATUS_MALFORMED;
    }
    if (length != LENGTH_UNDEFINED) {
        reader_skip(r, length);
        return reader_ok(r) ? STATUS_OK : STATUS_TRUNCATED;
    }
    if (*depth + 1 >= DICOM_DEPTH_MAX) {
        return STATUS_TOO_LARGE;
    }
    levels[*depth + 1] = (struct level){.is_item = true, .encoding = top->encoding};
    (*depth)++;
    return STATUS_OK;
}

static enum status step_in_item(struct reader *r, struct level *levels, unsigned *depth,
                                bool *out_closed)
{
    struct level *top = &levels[*depth];
    struct header h = read_header(r, top->encoding);
    if (!reader_ok(r)) {
        return STATUS_TRUNCATED;
    }
    if (h.tag == TAG_ITEM_END) {
        *out_closed = true;
        return STATUS_OK;
    }
    if (h.tag >> 16 == 0xFFFE) {
        return STATUS_MALFORMED;
    }
    if (h.length != LENGTH_UNDEFINED) {
        reader_skip(r, h.length);
        return reader_ok(r) ? STATUS_OK : STATUS_TRUNCATED;
    }
    if (*depth + 1 >= DICOM_DEPTH_MAX) {
        return STATUS_TOO_LARGE;
    }
    levels[*depth + 1] =
        (struct level){.is_item = false, .encoding = inner_encoding(&h, top->encoding)};
    (*depth)++;
    return STATUS_OK;
}

/* Passes a sequence or item of undefined length and its delimiter; *out_end is where the delimiter
 * begins. */
static enum status skip_undefined(struct reader *r, struct level first, size_t *out_end)
{
    struct level levels[DICOM_DEPTH_MAX];
    unsigned depth = 0;
    levels[0] = first;
    for (;;) {
        size_t before = r->at;
        bool closed = false;
        enum status status = levels[depth].is_item ? step_in_item(r, levels, &depth, &closed)
                                                   : step_in_sequence(r, levels, &depth, &closed);
        if (status != STATUS_OK) {
            return status;
        }
        if (closed) {
            if (depth == 0) {
                *out_end = before;
                return STATUS_OK;
            }
            depth--;
        }
    }
}

/* Pixel data of undefined length: fragments up to the delimiter. A file that ends without it, or
 * inside the last fragment, still has the frames before. */
static void skip_fragments(struct reader *r, bool big_endian, struct dicom_element *element)
{
    size_t start = r->at;
    for (;;) {
        size_t before = r->at;
        struct reader item = *r;
        uint32_t tag = read_tag(&item, big_endian);
        uint32_t length = read_u32(&item, big_endian);
        if (reader_ok(&item) && tag == TAG_ITEM && length <= reader_left(&item)) {
            reader_skip(&item, length);
            *r = item;
            continue;
        }
        bool ended = reader_ok(&item) && tag == TAG_SEQUENCE_END;
        bool at_end = reader_left(r) == 0;
        element->cut = !ended && !at_end;
        size_t end = element->cut ? r->len : before;
        element->value = (struct span){r->data + start, end - start};
        reader_skip(r, ended ? 8 : reader_left(r));
        return;
    }
}

enum status dicom_next(struct dicom_cursor *cursor, struct dicom_element *out_element)
{
    struct reader *r = &cursor->r;
    if (reader_left(r) == 0) {
        return STATUS_NONE;
    }
    struct header h = read_header(r, cursor->encoding);
    if (!reader_ok(r)) {
        return STATUS_TRUNCATED;
    }
    struct dicom_element e = {
        .tag = h.tag, .vr = h.vr, .inner = inner_encoding(&h, cursor->encoding)};
    if (h.tag >> 16 == 0xFFFE) {
        return STATUS_MALFORMED;
    }
    if (h.length != LENGTH_UNDEFINED) {
        if (h.tag == TAG_PIXEL_DATA && h.length > reader_left(r)) {
            e.cut = true;
            e.value = reader_rest(r);
        } else {
            e.value = reader_span(r, h.length);
        }
    } else if (h.tag == TAG_PIXEL_DATA) {
        e.undefined_length = true;
        skip_fragments(r, cursor->encoding.big_endian, &e);
    } else {
        size_t start = r->at;
        size_t end = start;
        e.undefined_length = true;
        enum status status =
            skip_undefined(r, (struct level){.is_item = false, .encoding = e.inner}, &end);
        if (status != STATUS_OK) {
            return status;
        }
        e.value = (struct span){r->data + start, end - start};
    }
    if (!reader_ok(r)) {
        return STATUS_TRUNCATED;
    }
    *out_element = e;
    return STATUS_OK;
}

enum status dicom_next_item(struct dicom_cursor *cursor, struct span *out_item)
{
    struct reader *r = &cursor->r;
    if (reader_left(r) == 0) {
        return STATUS_NONE;
    }
    uint32_t tag = read_tag(r, cursor->encoding.big_endian);
    uint32_t length = read_u32(r, cursor->encoding.big_endian);
    if (!reader_ok(r)) {
        return STATUS_TRUNCATED;
    }
    if (tag == TAG_SEQUENCE_END) {
        return STATUS_NONE;
    }
    if (tag != TAG_ITEM) {
        return STATUS_MALFORMED;
    }
    size_t start = r->at;
    size_t end = start;
    if (length != LENGTH_UNDEFINED) {
        reader_skip(r, length);
        end = r->at;
    } else {
        enum status status =
            skip_undefined(r, (struct level){.is_item = true, .encoding = cursor->encoding}, &end);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (!reader_ok(r)) {
        return STATUS_TRUNCATED;
    }
    *out_item = (struct span){r->data + start, end - start};
    return STATUS_OK;
}

uint16_t dicom_u16(const struct dicom_element *element, struct dicom_encoding encoding,
                   size_t index)
{
    if (index >= element->value.len / 2) {
        return 0;
    }
    struct reader r = reader_of(element->value);
    reader_skip(&r, 2 * index);
    return read_u16(&r, encoding.big_endian);
}

static struct span value_at(struct span value, size_t index)
{
    size_t start = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '\\') {
            if (index == 0) {
                return (struct span){value.data + start, i - start};
            }
            index--;
            start = i + 1;
        }
    }
    return index == 0 ? (struct span){value.data + start, value.len - start}
                      : (struct span){NULL, 0};
}

static struct span trim(struct span text)
{
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == 0)) {
        text.len--;
    }
    while (text.len > 0 && text.data[0] == ' ') {
        text.data++;
        text.len--;
    }
    return text;
}

bool dicom_decimal(struct span value, size_t index, double *out_value)
{
    if (value.len == 0) {
        return false;
    }
    struct span text = trim(value_at(value, index));
    char buffer[40]; /* DS has at most 16 characters (PS3.5 section 6.2); writers exceed it */
    if (text.len == 0 || !span_copy_text(text, buffer, sizeof buffer)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("0123456789+-.eE", buffer[i]) == NULL) {
            return false; /* strtod knows hexadecimal, "inf" and "nan", DS does not */
        }
    }
    char *end = NULL;
    double number = strtod(buffer, &end);
    if (end != buffer + text.len || !(number > -1e15 && number < 1e15)) {
        return false;
    }
    *out_value = number;
    return true;
}

struct span dicom_trimmed(struct span value)
{
    return value.len == 0 ? value : trim(value_at(value, 0));
}

void dicom_copy_code(struct span value, char *buffer, size_t buffer_len)
{
    struct span text = dicom_trimmed(value);
    buffer[0] = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7E) {
            return;
        }
    }
    if (!span_copy_text(text, buffer, buffer_len)) {
        buffer[0] = 0;
    }
}
