/* RLE frames and raw deflate streams: never an octet beyond the room, and the same answer twice. */
#include "proto/dicom/inflate.h"
#include "proto/dicom/rle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expand(struct span segment, size_t count)
{
    uint8_t *a = calloc(count, 1);
    uint8_t *b = calloc(count, 2);
    enum status first = rle_expand(segment, a, 1, count);
    enum status second = rle_expand(segment, b, 2, count);
    if (first != second) {
        abort();
    }
    for (size_t i = 0; first == STATUS_OK && i < count; i++) {
        if (a[i] != b[2 * i]) {
            abort();
        }
    }
    free(a);
    free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rle_segments segments;
    if (size < 2) {
        return 0;
    }
    size_t count = (size_t)(data[0] << 4 | (data[1] & 15)) + 1;
    struct span rest = span_of(data + 2, size - 2);
    if (rle_read(rest, &segments) == STATUS_OK) {
        for (unsigned i = 0; i < segments.count; i++) {
            expand(segments.segment[i], count);
        }
    }
    expand(rest, count);
    uint8_t *room = malloc(count);
    size_t made = 0;
    if (inflate_raw(rest, room, count, &made) == STATUS_OK && made > count) {
        abort();
    }
    free(room);
    return 0;
}
