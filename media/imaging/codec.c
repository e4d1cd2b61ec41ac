#include "media/imaging/codec.h"

#include "proto/dicom/jpeg_lossless.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>

#define JPEG_QSCALE 3 /* of 1..31: some 90 of libjpeg's hundred */

static const char *const why_memory = "no memory";

/* A decoder that refuses everything it is unsure of. */
static AVCodecContext *open_decoder(enum AVCodecID id, uint64_t pixels)
{
    const AVCodec *codec = avcodec_find_decoder(id);
    AVCodecContext *context = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    if (context == NULL) {
        return NULL;
    }
    context->thread_count = 1;
    context->err_recognition = AV_EF_EXPLODE;
    context->max_pixels = (int64_t)pixels;
    context->flags2 |= AV_CODEC_FLAG2_SHOW_ALL;
    if (avcodec_open2(context, codec, NULL) < 0) {
        avcodec_free_context(&context);
    }
    return context;
}

static AVFrame *decode_packet(AVCodecContext *context, struct span data)
{
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    bool ok = packet != NULL && frame != NULL &&
              data.len < INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE &&
              av_new_packet(packet, (int)data.len) == 0;
    if (ok) {
        memcpy(packet->data, data.data, data.len);
        ok = avcodec_send_packet(context, packet) == 0 && avcodec_send_packet(context, NULL) == 0 &&
             avcodec_receive_frame(context, frame) == 0 &&
             (frame->flags & AV_FRAME_FLAG_CORRUPT) == 0 && frame->decode_error_flags == 0;
    }
    av_packet_free(&packet);
    if (!ok) {
        av_frame_free(&frame);
    }
    return frame;
}

static enum AVCodecID codec_id(enum codestream_kind kind)
{
    switch (kind) {
    case CODESTREAM_JPEG:
        return AV_CODEC_ID_MJPEG;
    case CODESTREAM_JPEG_LS:
        return AV_CODEC_ID_JPEGLS;
    case CODESTREAM_JPEG_2000:
        return AV_CODEC_ID_JPEG2000;
    case CODESTREAM_JPEG_LOSSLESS: /* own decoder */
    case CODESTREAM_JPEG_OTHER:
        break;
    }
    return AV_CODEC_ID_NONE;
}

/* What libavcodec is known to decode rightly (compared with two independent readers each). NULL =
 * fine. */
static const char *refuse_head(const struct codestream *head)
{
    if (head->kind == CODESTREAM_JPEG_OTHER) {
        return "arithmetic or hierarchical JPEG";
    }
    if (head->components != 1 && head->components != 3) {
        return "neither one nor three components";
    }
    if (!head->same_precision) {
        return "components of different depth or size";
    }
    if (head->kind == CODESTREAM_JPEG && head->precision != 8 &&
        !(head->precision == 12 && head->components == 1)) {
        return "JPEG of unusual precision";
    }
    if (head->precision > 16 ||
        head->precision < (head->kind == CODESTREAM_JPEG_LOSSLESS ? 2 : 8)) {
        return "fewer than 8 or more than 16 bits";
    }
    if (head->kind == CODESTREAM_JPEG_LS && head->components == 3 && head->interleave == 2) {
        return "JPEG-LS with sample interleave";
    }
    if (head->kind != CODESTREAM_JPEG_2000 && head->kind != CODESTREAM_JPEG_LOSSLESS &&
        head->components == 3 && head->precision != 8) {
        return "colour JPEG with more than 8 bits";
    }
    return NULL;
}

/* Samples of 9..15 bits are left-justified in formats of 16 bits, unless the format itself has the
 * depth. */
static unsigned shift_of(const AVPixFmtDescriptor *format, unsigned component,
                         const struct codestream *head)
{
    unsigned depth = (unsigned)format->comp[component].depth;
    return depth > head->precision ? depth - head->precision : 0;
}

/* Where the samples of a component come from: a plane that may be subsampled by two in either
 * direction. */
struct source {
    const AVFrame *frame;
    const AVPixFmtDescriptor *format;
    unsigned component, shift_x, shift_y;
    uint32_t width, height; /* of the plane */
    uint16_t *line[2];      /* room for a line each */
};

static void read_line(const struct source *source, uint32_t y, uint16_t *line)
{
    const AVFrame *f = source->frame;
    const uint8_t *data[4] = {f->data[0], f->data[1], f->data[2], f->data[3]};
    av_read_image_line2(line, data, f->linesize, source->format, 0, (int)y, (int)source->component,
                        (int)source->width, 0, 2);
}

/* The nearer of two subsampled neighbours counts three times the farther one (samples are centred:
 * T.871 section 6.1). */
static uint32_t farther(uint32_t position, uint32_t count)
{
    uint32_t near = position / 2;
    if (position % 2 == 0) {
        return near > 0 ? near - 1 : near;
    }
    return near + 1 < count ? near + 1 : near;
}

static void read_upsampled(const struct source *source, uint32_t y, uint32_t width, uint32_t *out)
{
    uint32_t near = source->shift_y == 0 ? y : y / 2;
    uint32_t far = source->shift_y == 0 ? y : farther(y, source->height);
    uint16_t *a = source->line[0];
    uint16_t *b = source->line[1];
    read_line(source, near, a);
    read_line(source, far, b);
    for (uint32_t x = 0; x < width; x++) {
        uint32_t nx = source->shift_x == 0 ? x : x / 2;
        uint32_t fx = source->shift_x == 0 ? x : farther(x, source->width);
        uint32_t sum = 3u * (3u * a[nx] + b[nx]) + (3u * a[fx] + b[fx]);
        out[x] = (sum + 8u) / 16u;
    }
}

static void copy_component(const struct source *source, const struct codestream *head,
                           struct raster *raster)
{
    unsigned shift = shift_of(source->format, source->component, head);
    uint32_t flip = head->is_signed ? 1u << (head->precision - 1) : 0;
    uint32_t mask = (1u << head->precision) - 1u;
    for (uint32_t y = 0; y < raster->height; y++) {
        uint32_t *out = raster->plane[source->component] + (size_t)y * raster->width;
        if (source->shift_x != 0 || source->shift_y != 0) {
            read_upsampled(source, y, raster->width, out);
        } else {
            read_line(source, y, source->line[0]);
            for (uint32_t x = 0; x < raster->width; x++) {
                out[x] = source->line[0][x];
            }
        }
        for (uint32_t x = 0; x < raster->width; x++) {
            out[x] = ((out[x] >> shift) ^ flip) & mask;
        }
    }
}

static void copy_components(const AVFrame *frame, const AVPixFmtDescriptor *format,
                            const struct codestream *head, struct raster *raster, uint16_t *lines)
{
    for (unsigned i = 0; i < head->components; i++) {
        bool chroma = i > 0 && (format->flags & AV_PIX_FMT_FLAG_RGB) == 0;
        struct source source = {.frame = frame, .format = format, .component = i};
        source.shift_x = chroma ? format->log2_chroma_w : 0;
        source.shift_y = chroma ? format->log2_chroma_h : 0;
        source.width = (head->width + source.shift_x) >> source.shift_x;
        source.height = (head->height + source.shift_y) >> source.shift_y;
        source.line[0] = lines;
        source.line[1] = lines + head->width + 16;
        copy_component(&source, head, raster);
    }
}

static enum status take_frame(const AVFrame *frame, const struct codestream *head,
                              struct raster *raster, const char **out_why)
{
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get((enum AVPixelFormat)frame->format);
    if (format == NULL ||
        (format->flags & (AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_FLOAT)) !=
            0 ||
        format->nb_components != head->components || (uint32_t)frame->width != head->width ||
        (uint32_t)frame->height != head->height || format->comp[0].depth < head->precision ||
        format->log2_chroma_w > 1 || format->log2_chroma_h > 1) {
        *out_why = "decoded picture differs from the head of its stream";
        return STATUS_MALFORMED;
    }
    enum status status = raster_create(head->width, head->height, head->components, raster);
    if (status != STATUS_OK) {
        *out_why = status == STATUS_TOO_LARGE ? "too many pixels" : why_memory;
        return status;
    }
    uint16_t *lines = malloc(((size_t)head->width + 16) * 2 * sizeof *lines);
    if (lines == NULL) {
        raster_destroy(raster);
        *out_why = why_memory;
        return STATUS_NO_MEMORY;
    }
    copy_components(frame, format, head, raster, lines);
    free(lines);
    raster->bits = head->precision;
    raster->from_codec_rgb = head->kind == CODESTREAM_JPEG_2000 && head->color_transform;
    return STATUS_OK;
}

/* Decoders' buffers are wider than the picture: up to 128 columns and 32 rows by alignment. */
static uint64_t aligned_pixels(const struct codestream *head)
{
    return ((uint64_t)head->width + 128) * ((uint64_t)head->height + 32);
}

static enum status decode_lossless(const struct codestream *head, struct raster *out_raster,
                                   const char **out_why)
{
    struct raster raster = {0};
    enum status status = raster_create(head->width, head->height, head->components, &raster);
    if (status == STATUS_OK) {
        status = jpeg_lossless_decode(head->stream, head->width, head->height, head->components,
                                      raster.plane);
    }
    if (status != STATUS_OK) {
        *out_why = status == STATUS_NO_MEMORY ? why_memory : "JPEG lossless stream is damaged";
        raster_destroy(&raster);
        return status;
    }
    raster.bits = head->precision;
    *out_raster = raster;
    return STATUS_OK;
}

enum status codec_decode(const struct codestream *head, struct raster *out_raster,
                         const char **out_why)
{
    *out_why = refuse_head(head);
    if (*out_why != NULL) {
        return STATUS_UNSUPPORTED;
    }
    uint64_t pixels = (uint64_t)head->width * head->height;
    if (pixels * head->components > RASTER_SAMPLES_MAX) {
        *out_why = "too many pixels";
        return STATUS_TOO_LARGE;
    }
    if (head->kind == CODESTREAM_JPEG_LOSSLESS) {
        return decode_lossless(head, out_raster, out_why);
    }
    AVCodecContext *context = open_decoder(codec_id(head->kind), aligned_pixels(head));
    AVFrame *frame = context != NULL ? decode_packet(context, head->stream) : NULL;
    enum status status = STATUS_MALFORMED;
    struct raster raster = {0};
    if (frame == NULL) {
        *out_why = "stream does not decode without an error";
    } else {
        status = take_frame(frame, head, &raster, out_why);
    }
    av_frame_free(&frame);
    avcodec_free_context(&context);
    if (status == STATUS_OK) {
        *out_raster = raster;
    }
    return status;
}

/* One component of a PNG line as eight bits. */
static void read_eight_bits(const AVFrame *frame, const AVPixFmtDescriptor *format, uint32_t y,
                            unsigned component, uint16_t *line)
{
    const uint8_t *data[4] = {frame->data[0], frame->data[1], frame->data[2], frame->data[3]};
    bool palette = (format->flags & AV_PIX_FMT_FLAG_PAL) != 0;
    unsigned depth = palette ? 8 : (unsigned)format->comp[component].depth;
    uint32_t top = (1u << depth) - 1u;
    av_read_image_line2(line, data, frame->linesize, format, 0, (int)y, (int)component,
                        frame->width, palette, 2);
    for (int x = 0; x < frame->width; x++) {
        line[x] = (uint16_t)(((uint32_t)line[x] * 255u + top / 2) / top);
    }
}

static void copy_png(const AVFrame *frame, const AVPixFmtDescriptor *format, struct canvas *canvas,
                     uint16_t *lines)
{
    bool palette = (format->flags & AV_PIX_FMT_FLAG_PAL) != 0;
    bool alpha = palette || (format->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
    size_t width = canvas->width;
    for (uint32_t y = 0; y < canvas->height; y++) {
        for (unsigned c = 0; c < canvas->channels; c++) {
            read_eight_bits(frame, format, y, c, lines + c * width);
        }
        if (alpha) {
            read_eight_bits(frame, format, y, canvas->channels, lines + 3 * width);
        }
        uint8_t *out = canvas->data + (size_t)y * width * canvas->channels;
        for (size_t x = 0; x < width; x++) {
            unsigned a = alpha ? lines[3 * width + x] : 255u;
            for (unsigned c = 0; c < canvas->channels; c++) {
                out[x * canvas->channels + c] =
                    (uint8_t)((lines[c * width + x] * a + 255u * (255u - a) + 127u) / 255u);
            }
        }
    }
}

static enum status take_png(const AVFrame *frame, struct canvas *canvas, const char **out_why)
{
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get((enum AVPixelFormat)frame->format);
    if (format == NULL || frame->width <= 0 || frame->height <= 0 ||
        (format->flags & AV_PIX_FMT_FLAG_HWACCEL) != 0) {
        *out_why = "unknown pixel format";
        return STATUS_UNSUPPORTED;
    }
    bool palette = (format->flags & AV_PIX_FMT_FLAG_PAL) != 0;
    unsigned channels = palette || format->nb_components >= 3 ? 3 : 1;
    struct canvas made = {0};
    uint16_t *lines = calloc((size_t)frame->width * 4 + 16, sizeof *lines);
    enum status status = lines == NULL ? STATUS_NO_MEMORY
                                       : canvas_create((uint32_t)frame->width,
                                                       (uint32_t)frame->height, channels, &made);
    if (status == STATUS_OK) {
        copy_png(frame, format, &made, lines);
        *canvas = made;
    } else {
        *out_why = why_memory;
    }
    free(lines);
    return status;
}

enum status codec_decode_png(struct span file, struct canvas *out_canvas, const char **out_why)
{
    AVCodecContext *context = open_decoder(AV_CODEC_ID_PNG, RASTER_SAMPLES_MAX);
    AVFrame *frame = context != NULL ? decode_packet(context, file) : NULL;
    enum status status = STATUS_MALFORMED;
    *out_why = "PNG does not decode without an error";
    if (frame != NULL) {
        status = take_png(frame, out_canvas, out_why);
    }
    av_frame_free(&frame);
    avcodec_free_context(&context);
    return status;
}

static void fill_plain(const struct canvas *canvas, AVFrame *frame)
{
    size_t row = (size_t)canvas->width * canvas->channels;
    for (uint32_t y = 0; y < canvas->height; y++) {
        memcpy(frame->data[0] + (ptrdiff_t)y * frame->linesize[0], canvas->data + y * row, row);
    }
}

static uint8_t clamp8(int value)
{
    return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value;
}

/* JFIF (BT.601, full range), 4:4:4 so that thin coloured marks survive. */
static void fill_ycbcr(const struct canvas *canvas, AVFrame *frame)
{
    for (uint32_t y = 0; y < canvas->height; y++) {
        const uint8_t *in = canvas->data + (size_t)y * canvas->width * canvas->channels;
        uint8_t *out[3];
        for (unsigned i = 0; i < 3; i++) {
            out[i] = frame->data[i] + (ptrdiff_t)y * frame->linesize[i];
        }
        for (uint32_t x = 0; x < canvas->width; x++) {
            if (canvas->channels == 1) {
                out[0][x] = in[x];
                out[1][x] = 128;
                out[2][x] = 128;
                continue;
            }
            int r = in[3 * x];
            int g = in[3 * x + 1];
            int b = in[3 * x + 2];
            out[0][x] = clamp8((19595 * r + 38470 * g + 7471 * b + 32768) >> 16);
            out[1][x] = clamp8(128 + ((-11056 * r - 21712 * g + 32768 * b + 32768) >> 16));
            out[2][x] = clamp8(128 + ((32768 * r - 27440 * g - 5328 * b + 32768) >> 16));
        }
    }
}

static AVCodecContext *open_encoder(const struct canvas *canvas, bool as_png)
{
    const AVCodec *codec = avcodec_find_encoder(as_png ? AV_CODEC_ID_PNG : AV_CODEC_ID_MJPEG);
    AVCodecContext *context = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    if (context == NULL) {
        return NULL;
    }
    context->thread_count = 1;
    context->width = (int)canvas->width;
    context->height = (int)canvas->height;
    context->time_base = (AVRational){1, 1};
    if (as_png) {
        context->pix_fmt = canvas->channels == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24;
        context->compression_level = 3; /* half the time of 6 for a few per cent more octets */
        (void)av_opt_set(context->priv_data, "pred", "sub", 0);
    } else {
        context->pix_fmt = AV_PIX_FMT_YUVJ444P;
        context->color_range = AVCOL_RANGE_JPEG;
        context->flags |= AV_CODEC_FLAG_QSCALE;
        context->global_quality = FF_QP2LAMBDA * JPEG_QSCALE;
    }
    if (avcodec_open2(context, codec, NULL) < 0) {
        avcodec_free_context(&context);
    }
    return context;
}

static AVFrame *frame_of(const AVCodecContext *context, const struct canvas *canvas)
{
    AVFrame *frame = av_frame_alloc();
    if (frame == NULL) {
        return NULL;
    }
    frame->format = context->pix_fmt;
    frame->width = context->width;
    frame->height = context->height;
    frame->quality = FF_QP2LAMBDA * JPEG_QSCALE;
    if (av_frame_get_buffer(frame, 0) < 0) {
        av_frame_free(&frame);
        return NULL;
    }
    if (context->pix_fmt == AV_PIX_FMT_YUVJ444P) {
        fill_ycbcr(canvas, frame);
    } else {
        fill_plain(canvas, frame);
    }
    return frame;
}

enum status codec_encode(const struct canvas *canvas, bool as_png, uint8_t **out_bytes,
                         size_t *out_len)
{
    enum status status = STATUS_NO_MEMORY;
    AVPacket *packet = av_packet_alloc();
    AVCodecContext *context = open_encoder(canvas, as_png);
    AVFrame *frame = context != NULL ? frame_of(context, canvas) : NULL;
    if (packet != NULL && frame != NULL && avcodec_send_frame(context, frame) == 0 &&
        avcodec_send_frame(context, NULL) == 0 && avcodec_receive_packet(context, packet) == 0 &&
        packet->size > 0) {
        uint8_t *bytes = malloc((size_t)packet->size);
        if (bytes != NULL) {
            memcpy(bytes, packet->data, (size_t)packet->size);
            *out_bytes = bytes;
            *out_len = (size_t)packet->size;
            status = STATUS_OK;
        }
    }
    av_frame_free(&frame);
    avcodec_free_context(&context);
    av_packet_free(&packet);
    return status;
}
