#include "media/imaging/helper.h"

#include "media/imaging/picture.h"
#include "media/imaging/sandbox.h"
#include "media/imaging/wire.h"

#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* The file as memory. Blobs and partial files that are complete do not change, so a mapping cannot
 * fall away below us; if one did, this process would end by SIGBUS and be replaced. */
static enum imaging_refusal map_file(int file, struct span *out_span)
{
    off_t size = lseek(file, 0, SEEK_END); /* fstat would be newfstatat, which also takes paths */
    if (size < 0) {
        return IMAGING_REFUSAL_DECODER;
    }
    if (size == 0) {
        *out_span = (struct span){(const uint8_t *)"", 0};
        return IMAGING_REFUSAL_NONE;
    }
    void *mapped = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped == MAP_FAILED) {
        return IMAGING_REFUSAL_TOO_LARGE;
    }
    *out_span = span_of(mapped, (size_t)size);
    return IMAGING_REFUSAL_NONE;
}

static void unmap_file(struct span file)
{
    if (file.len > 0) {
        (void)munmap((void *)(uintptr_t)file.data, file.len);
    }
}

static void work(const struct wire_ask *ask, int file, struct text_converter *converter,
                 struct wire_answer *answer, uint8_t **out_bytes)
{
    struct span mapped = {NULL, 0};
    enum imaging_refusal refusal = map_file(file, &mapped);
    memset(answer, 0, sizeof *answer);
    answer->magic = WIRE_MAGIC;
    answer->what = ask->what;
    if (refusal != IMAGING_REFUSAL_NONE) {
        answer->info.refusal = refusal;
        answer->reply.refusal = refusal;
    } else if (ask->what == WIRE_PROBE) {
        picture_probe(mapped, converter, &answer->info);
    } else {
        picture_render(mapped, &ask->request, &answer->reply);
        *out_bytes = answer->reply.bytes;
        answer->reply.bytes = NULL;
    }
    unmap_file(mapped);
}

static bool serve_one(int socket, struct text_converter *converter)
{
    struct wire_ask ask;
    int file = -1;
    if (wire_take_ask(socket, &ask, &file) != STATUS_OK) {
        return false;
    }
    struct wire_answer answer;
    uint8_t *bytes = NULL;
    work(&ask, file, converter, &answer, &bytes);
    (void)close(file);
    bool ok =
        wire_write(socket, &answer, sizeof answer, 0) == STATUS_OK &&
        (answer.reply.len == 0 || wire_write(socket, bytes, answer.reply.len, 0) == STATUS_OK);
    free(bytes);
    return ok;
}

/* Whatever libraries set up at first use (tables, processor features) happens while files can still
 * be opened. */
static void warm_up(void)
{
    static const enum AVCodecID decoders[] = {AV_CODEC_ID_MJPEG, AV_CODEC_ID_JPEGLS,
                                              AV_CODEC_ID_JPEG2000, AV_CODEC_ID_PNG};
    for (size_t i = 0; i < sizeof decoders / sizeof decoders[0]; i++) {
        const AVCodec *codec = avcodec_find_decoder(decoders[i]);
        AVCodecContext *context = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
        if (context != NULL) {
            context->thread_count = 1;
            (void)avcodec_open2(context, codec,
                                NULL); /* a decoder that is missing refuses its files later */
        }
        avcodec_free_context(&context);
    }
}

int helper_run(int socket, unsigned memory_mib)
{
    static struct text_converter converter; /* large, and for the life of the process */
    (void)setpgid(0, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    av_log_set_level(AV_LOG_QUIET);
    text_open(&converter);
    warm_up();
    if (sandbox_enter(memory_mib) != STATUS_OK) {
        return 3;
    }
    while (serve_one(socket, &converter)) {
    }
    return 0;
}
