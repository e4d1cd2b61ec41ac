/* The whole decode path of a decoder process on any octets, in this process: reading, libavcodec,
 * window, scaling, encoding. Pictures are checked to be pictures. Inputs that announce large
 * pictures are left out for speed (the limits have unit tests). */
#include "media/imaging/picture.h"
#include "proto/base/reader.h"
#include "proto/dicom/codestream.h"
#include "proto/dicom/dicom.h"

#include <libavutil/log.h>
#include <stdlib.h>
#include <string.h>

#define PIXELS_MAX (512u * 1024u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_large(struct span file)
{
    struct dicom_image image;
    struct codestream head;
    if (dicom_read(file, &image, NULL) == STATUS_OK) {
        return (uint32_t)image.rows * image.columns > PIXELS_MAX;
    }
    if (codestream_read(file, &head) == STATUS_OK) {
        return (uint64_t)head.width * head.height > PIXELS_MAX;
    }
    struct reader r = reader_of(file);
    reader_skip(&r, 16);
    uint64_t width = reader_u32(&r);
    return picture_kind(file) == IMAGING_PNG && width * reader_u32(&r) > PIXELS_MAX;
}

static void render(struct span file, uint8_t choice)
{
    struct imaging_request request = {.frame = choice & 1u,
                                      .has_window = (choice & 2u) != 0,
                                      .center = 40,
                                      .width = choice,
                                      .size = (choice & 4u) != 0 ? 33 : 0,
                                      .format = (choice & 8u) != 0 ? IMAGING_FORMAT_PNG
                                                                   : IMAGING_FORMAT_JPEG};
    struct imaging_reply reply;
    picture_render(file, &request, &reply);
    if ((reply.refusal == IMAGING_REFUSAL_NONE) != (reply.bytes != NULL)) {
        abort();
    }
    if (reply.bytes != NULL &&
        reply.bytes[0] != (request.format == IMAGING_FORMAT_PNG ? 0x89 : 0xFF)) {
        abort();
    }
    free(reply.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct text_converter converter;
    static bool ready;
    if (!ready) {
        av_log_set_level(AV_LOG_QUIET);
        text_open(&converter);
        ready = true;
    }
    uint8_t *copy = malloc(size + (size == 0));
    if (size > 0) {
        memcpy(copy, data, size);
    }
    struct span file = span_of(copy, size);
    if (!is_large(file)) {
        struct imaging_info info;
        picture_probe(file, &converter, &info);
        render(file, size > 0 ? copy[size - 1] : 0);
    }
    free(copy);
    return 0;
}
