#include "proto/dicom/rle.h"

#include "proto/base/reader.h"

#define RLE_HEADER_LEN 64

enum status rle_read(struct span frame, struct rle_segments *out_segments)
{
    struct reader r = reader_of(frame);
    struct rle_segments found = {.count = reader_u32_le(&r)};
    uint32_t offsets[RLE_SEGMENTS_MAX + 1];
    for (unsigned i = 0; i < RLE_SEGMENTS_MAX; i++) {
        offsets[i] = reader_u32_le(&r);
    }
    if (!reader_ok(&r)) {
        return STATUS_TRUNCATED;
    }
    if (found.count == 0 || found.count > RLE_SEGMENTS_MAX || frame.len > UINT32_MAX) {
        return STATUS_MALFORMED;
    }
    offsets[found.count] = (uint32_t)frame.len;
    for (unsigned i = 0; i < found.count; i++) {
        if (offsets[i] < RLE_HEADER_LEN || offsets[i + 1] < offsets[i] || offsets[i] > frame.len) {
            return STATUS_MALFORMED;
        }
        found.segment[i] = (struct span){frame.data + offsets[i], offsets[i + 1] - offsets[i]};
    }
    if (offsets[0] != RLE_HEADER_LEN) {
        return STATUS_MALFORMED;
    }
    *out_segments = found;
    return STATUS_OK;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

enum status rle_expand(struct span segment, uint8_t *out, size_t stride, size_t count)
{
    struct reader r = reader_of(segment);
    size_t done = 0;
    while (done < count) {
        uint8_t control = reader_u8(&r);
        if (!reader_ok(&r)) {
            return STATUS_TRUNCATED;
        }
        if (control < 128) { /* literal run of control + 1 */
            size_t n = least((size_t)control + 1, count - done);
            struct span literal = reader_span(&r, n);
            if (!reader_ok(&r)) {
                return STATUS_TRUNCATED;
            }
            for (size_t i = 0; i < n; i++) {
                out[(done + i) * stride] = literal.data[i];
            }
            done += n;
        } else if (control > 128) { /* replicate 257 - control times */
            size_t n = least((size_t)257 - control, count - done);
            uint8_t value = reader_u8(&r);
            if (!reader_ok(&r)) {
                return STATUS_TRUNCATED;
            }
            for (size_t i = 0; i < n; i++) {
                out[(done + i) * stride] = value;
            }
            done += n;
        } /* 128: no operation */
    }
    return STATUS_OK;
}
