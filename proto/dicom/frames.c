#include "proto/dicom/frames.h"

#include "proto/dicom/element.h"

#define TAG_ITEM DICOM_TAG(0xFFFE, 0xE000)

bool dicom_fragment_next(struct reader *items, struct span *out_fragment)
{
    if (reader_left(items) < 8) {
        return false;
    }
    uint32_t group = reader_u16_le(items);
    uint32_t element = reader_u16_le(items);
    uint32_t length = reader_u32_le(items);
    if (DICOM_TAG(group, element) != TAG_ITEM) {
        reader_fail(items);
        return false;
    }
    *out_fragment = reader_span(items, length);
    return reader_ok(items);
}

bool dicom_native_size(const struct dicom_image *image, size_t *out_octets)
{
    uint64_t samples = image->samples;
    if (image->photometric == DICOM_YBR_FULL_422 && image->samples == 3) {
        samples = 2; /* PS3.3 section C.7.6.3.1.2: Y1 Y2 Cb Cr, two samples a pixel in the mean */
    }
    uint64_t values = (uint64_t)image->rows * image->columns *
                      samples; /* < 2^34: cannot overflow with 64 bits below */
    uint64_t bits = values * image->bits_allocated;
    uint64_t octets = (bits + 7) / 8;
    if (octets == 0 || octets > SIZE_MAX / 2) {
        return false;
    }
    *out_octets = (size_t)octets;
    return true;
}

static enum status find_native(const struct dicom_image *image, uint32_t frame,
                               struct dicom_frame *out_frame)
{
    size_t size = 0;
    if (!dicom_native_size(image, &size)) {
        return STATUS_MALFORMED;
    }
    uint64_t start = (uint64_t)size * frame;
    *out_frame = (struct dicom_frame){0};
    if (image->bits_allocated == 1) { /* frames follow each other bit by bit (PS3.5 section 8.2) */
        uint64_t first_bit = (uint64_t)image->rows * image->columns * frame;
        start = first_bit / 8;
        out_frame->first_bit = (unsigned)(first_bit % 8);
        size = (size_t)(((uint64_t)image->rows * image->columns + out_frame->first_bit + 7) / 8);
    }
    if (start > image->pixels.len || size > image->pixels.len - start) {
        return STATUS_TRUNCATED;
    }
    out_frame->native = (struct span){image->pixels.data + start, size};
    out_frame->octets = size;
    return STATUS_OK;
}

/* Where a frame begins and ends, counted from the first octet after the basic offset table item. */
struct range {
    uint64_t start, end;
};

static bool range_of_table(struct span table, unsigned width, uint32_t frame, uint32_t frames,
                           uint64_t all, struct range *out_range)
{
    if (table.len / width < frames) {
        return false;
    }
    struct reader r = reader_of(table);
    reader_skip(&r, (size_t)frame * width);
    out_range->start = width == 8 ? reader_u64_le(&r) : reader_u32_le(&r);
    out_range->end = all;
    if (frame + 1 < frames) {
        out_range->end = width == 8 ? reader_u64_le(&r) : reader_u32_le(&r);
    }
    return reader_ok(&r) && out_range->start < out_range->end && out_range->end <= all;
}

/* A fragment that opens a code stream: JPEG and JPEG-LS SOI, JPEG 2000 SOC and SIZ, JP2 signature
 * box. */
static bool begins_stream(struct span fragment)
{
    static const uint8_t soi[] = {0xFF, 0xD8, 0xFF};
    static const uint8_t soc[] = {0xFF, 0x4F, 0xFF, 0x51};
    static const uint8_t jp2[] = {0, 0, 0, 12, 'j', 'P', ' ', ' '};
    return (fragment.len >= sizeof soi && memcmp(fragment.data, soi, sizeof soi) == 0) ||
           (fragment.len >= sizeof soc && memcmp(fragment.data, soc, sizeof soc) == 0) ||
           (fragment.len >= sizeof jp2 && memcmp(fragment.data, jp2, sizeof jp2) == 0);
}

struct count {
    uint32_t fragments, streams;
};

static bool count_fragments(struct span items, struct count *out_count)
{
    struct reader r = reader_of(items);
    struct span fragment;
    *out_count = (struct count){0, 0};
    while (dicom_fragment_next(&r, &fragment)) {
        out_count->fragments++;
        out_count->streams += begins_stream(fragment) ? 1u : 0u;
    }
    return reader_ok(&r) && out_count->fragments > 0;
}

/* No table: one fragment a frame, or one code stream a frame. */
static bool range_by_count(struct span items, uint32_t frame, bool by_stream,
                           struct range *out_range)
{
    struct reader r = reader_of(items);
    struct span fragment;
    uint32_t seen = 0; /* frames begun so far */
    bool found = false;
    size_t before = 0;
    while (dicom_fragment_next(&r, &fragment)) {
        if (!by_stream || begins_stream(fragment)) {
            if (seen == frame) {
                out_range->start = before;
                found = true;
            } else if (found) {
                out_range->end = before;
                return true;
            }
            seen++;
        }
        before = r.at;
    }
    out_range->end = before;
    return found;
}

static enum status find_range(const struct dicom_image *image, struct span table, struct span items,
                              uint32_t frame, struct range *out_range)
{
    struct count count;
    if (!count_fragments(items, &count)) {
        return image->pixels_truncated ? STATUS_TRUNCATED : STATUS_MALFORMED;
    }
    if (image->frames == 1) {
        *out_range = (struct range){0, items.len};
        return STATUS_OK;
    }
    if (count.fragments ==
        image->frames) { /* then a table can say nothing else, and often says it wrong */
        return range_by_count(items, frame, false, out_range) ? STATUS_OK : STATUS_MALFORMED;
    }
    if (image->syntax == DICOM_SYNTAX_RLE) { /* PS3.5 annex G.1: a frame is one fragment */
        return count.fragments < image->frames ? STATUS_TRUNCATED : STATUS_MALFORMED;
    }
    if (range_of_table(table, 4, frame, image->frames, items.len, out_range) ||
        range_of_table(image->extended_offsets, 8, frame, image->frames, items.len, out_range)) {
        return STATUS_OK;
    }
    if (count.streams == image->frames) {
        return range_by_count(items, frame, true, out_range) ? STATUS_OK : STATUS_MALFORMED;
    }
    return count.fragments < image->frames ? STATUS_TRUNCATED : STATUS_UNSUPPORTED;
}

static enum status find_encapsulated(const struct dicom_image *image, uint32_t frame,
                                     struct dicom_frame *out_frame)
{
    struct reader r = reader_of(image->pixels);
    struct span table;
    if (!dicom_fragment_next(&r, &table)) {
        return image->pixels_truncated ? STATUS_TRUNCATED : STATUS_MALFORMED;
    }
    struct span items = reader_rest(&r);
    struct range range = {0, 0};
    enum status status = find_range(image, table, items, frame, &range);
    if (status != STATUS_OK) {
        return status;
    }
    *out_frame = (struct dicom_frame){0};
    out_frame->items = (struct span){items.data + range.start, (size_t)(range.end - range.start)};
    struct reader walk = reader_of(out_frame->items);
    struct span fragment;
    while (dicom_fragment_next(&walk, &fragment)) {
        out_frame->fragment_count++;
        out_frame->octets += fragment.len;
    }
    return reader_done(&walk) && out_frame->fragment_count > 0 ? STATUS_OK : STATUS_MALFORMED;
}

enum status dicom_frame_find(const struct dicom_image *image, uint32_t frame,
                             struct dicom_frame *out_frame)
{
    if (!image->has_pixels || frame >= image->frames) {
        return STATUS_NONE;
    }
    struct dicom_frame found = {0};
    enum status status = image->encapsulated ? find_encapsulated(image, frame, &found)
                                             : find_native(image, frame, &found);
    if (status == STATUS_OK) {
        *out_frame = found;
    }
    return status;
}
