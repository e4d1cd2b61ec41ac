/* Stream heads and the JPEG lossless decoder on any octets: every sample of a picture that is taken
 * was written. */
#include "proto/dicom/codestream.h"
#include "proto/dicom/jpeg_lossless.h"

#include <stdlib.h>

#define PIXELS_MAX 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct codestream head;
    uint8_t *copy = malloc(size + (size == 0));
    if (size > 0) {
        memcpy(copy, data, size);
    }
    struct span stream = span_of(copy, size);
    if (codestream_read(stream, &head) == STATUS_OK && head.components <= 3 &&
        (uint64_t)head.width * head.height <= PIXELS_MAX) {
        size_t count = (size_t)head.width * head.height;
        uint32_t *samples = malloc(count * 3 * sizeof *samples);
        uint32_t *plane[3] = {samples, samples + count, samples + 2 * count};
        memset(samples, 0xEE, count * 3 * sizeof *samples); /* the canary */
        if (jpeg_lossless_decode(stream, head.width, head.height, head.components, plane) ==
            STATUS_OK) {
            for (size_t i = 0; i < count * head.components; i++) {
                if (samples[i] > 0xFFFFu) {
                    abort();
                }
            }
        }
        free(samples);
    }
    free(copy);
    return 0;
}
