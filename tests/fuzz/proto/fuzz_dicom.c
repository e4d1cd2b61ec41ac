/* The Part 10 reader, frames, stream heads and texts on any octets. The heap copy makes every octet
 * beyond the input a report. */
#include "proto/dicom/charset.h"
#include "proto/dicom/codestream.h"
#include "proto/dicom/dicom.h"
#include "proto/dicom/frames.h"
#include "proto/dicom/inflate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk_frames(const struct dicom_image *image)
{
    const uint32_t frames[] = {0, 1, image->frames / 2, image->frames - 1};
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct dicom_frame frame;
        struct dicom_values values;
        struct span fragment;
        struct codestream head;
        if (dicom_frame_find(image, frames[i], &frame) != STATUS_OK) {
            continue;
        }
        struct reader items = reader_of(frame.items);
        size_t sum = 0;
        while (dicom_fragment_next(&items, &fragment)) {
            sum += fragment.len;
            if (codestream_read(fragment, &head) == STATUS_OK &&
                (head.width == 0 || head.components == 0)) {
                abort();
            }
        }
        if (image->encapsulated && sum != frame.octets) {
            abort();
        }
        if (frames[i] < 64) { /* walks the items before it */
            dicom_frame_values(image, frames[i], &values);
        }
    }
}

static void read_texts(const struct dicom_image *image)
{
    char text[256];
    dicom_text(image->character_set, image->patient_name, NULL, text, sizeof text);
    if (!dicom_is_utf8(span_text(text))) {
        abort();
    }
    dicom_text(image->character_set, image->study_description, NULL, text, 8);
    if (!dicom_is_utf8(span_text(text))) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    struct dicom_image image;
    struct codestream head;
    if (size > 0) {
        memcpy(copy, data, size);
    }
    struct span file = span_of(copy, size);
    if (dicom_read(file, &image, NULL) == STATUS_OK) {
        walk_frames(&image);
        read_texts(&image);
    }
    struct span deflated = dicom_deflated(file);
    if (deflated.len > 0) {
        size_t made = 0;
        uint8_t *room = malloc(65536);
        if (inflate_raw(deflated, room, 65536, &made) == STATUS_OK &&
            dicom_read_dataset(span_of(room, made), DICOM_SYNTAX_DEFLATED_LE, &image) ==
                STATUS_OK) {
            walk_frames(&image);
        }
        free(room);
    }
    if (codestream_read(file, &head) == STATUS_OK && head.width == 0) {
        abort();
    }
    free(copy);
    return 0;
}
