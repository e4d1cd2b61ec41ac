#include "media/recording/poster.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
#include <stdbool.h>
#include <string.h>

#define POSTER_WIDTH_MAX 640 /* shown as a thumbnail; larger only costs bytes */
#define POSTER_QUALITY 5     /* mjpeg qscale 2 (best) .. 31 */
#define POSTER_PACKETS_MAX                                                                         \
    2000 /* looked at for a key frame: a minute of video, not a whole file                         \
          */

struct poster {
    AVFormatContext *input;
    AVCodecContext *decoder, *encoder;
    AVPacket *packet;
    AVFrame *frame, *scaled;
    struct SwsContext *scaler;
    int stream;
};

static void poster_fini(struct poster *p)
{
    sws_freeContext(p->scaler);
    av_frame_free(&p->scaled);
    av_frame_free(&p->frame);
    av_packet_free(&p->packet);
    avcodec_free_context(&p->encoder);
    avcodec_free_context(&p->decoder);
    avformat_close_input(&p->input);
}

static enum status open_input(struct poster *p, const char *path)
{
    if (avformat_open_input(&p->input, path, av_find_input_format("matroska"), NULL) < 0) {
        return STATUS_IO;
    }
    p->stream = av_find_best_stream(p->input, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (p->stream < 0) {
        return STATUS_NONE;
    }
    const AVCodecParameters *par = p->input->streams[p->stream]->codecpar;
    const AVCodec *codec = avcodec_find_decoder(par->codec_id);
    p->decoder = avcodec_alloc_context3(codec);
    p->packet = av_packet_alloc();
    p->frame = av_frame_alloc();
    p->scaled = av_frame_alloc();
    if (p->decoder == NULL || p->packet == NULL || p->frame == NULL || p->scaled == NULL) {
        return STATUS_NO_MEMORY;
    }
    p->decoder->thread_count = 1;
    if (codec == NULL || avcodec_parameters_to_context(p->decoder, par) < 0 ||
        avcodec_open2(p->decoder, codec, NULL) < 0) {
        return STATUS_UNSUPPORTED;
    }
    return STATUS_OK;
}

/* True when the packet gave a picture. */
static bool decode_packet(struct poster *p)
{
    if (p->packet->stream_index != p->stream || (p->packet->flags & AV_PKT_FLAG_KEY) == 0) {
        return false;
    }
    /* One key frame alone: NULL flushes it out of decoders that wait for more. */
    bool got = avcodec_send_packet(p->decoder, p->packet) >= 0 &&
               avcodec_send_packet(p->decoder, NULL) >= 0 &&
               avcodec_receive_frame(p->decoder, p->frame) >= 0;
    avcodec_flush_buffers(p->decoder);
    return got;
}

static enum status find_picture(struct poster *p, int64_t at_ms)
{
    int64_t at =
        av_rescale_q(at_ms, (AVRational){1, 1000}, p->input->streams[p->stream]->time_base);
    int sought = av_seek_frame(p->input, p->stream, at, AVSEEK_FLAG_BACKWARD);
    (void)sought; /* without cues it stays at the beginning, which serves too */
    bool got = false;
    for (unsigned i = 0; i < POSTER_PACKETS_MAX && !got && av_read_frame(p->input, p->packet) >= 0;
         i++) {
        got = decode_packet(p);
        av_packet_unref(p->packet);
    }
    return got ? STATUS_OK : STATUS_NONE;
}

static enum status scale(struct poster *p)
{
    int width = p->frame->width;
    int height = p->frame->height;
    if (width > POSTER_WIDTH_MAX) {
        height = (int)((int64_t)height * POSTER_WIDTH_MAX / width);
        width = POSTER_WIDTH_MAX;
    }
    p->scaled->width = width & ~1;
    p->scaled->height = height & ~1;
    p->scaled->format = AV_PIX_FMT_YUVJ420P;
    if (p->scaled->width < 2 || p->scaled->height < 2 || av_frame_get_buffer(p->scaled, 0) < 0) {
        return STATUS_NO_MEMORY;
    }
    p->scaler = sws_getContext(
        p->frame->width, p->frame->height, (enum AVPixelFormat)p->frame->format, p->scaled->width,
        p->scaled->height, AV_PIX_FMT_YUVJ420P, SWS_BILINEAR, NULL, NULL, NULL);
    if (p->scaler == NULL) {
        return STATUS_UNSUPPORTED;
    }
    int rows = sws_scale(p->scaler, (const uint8_t *const *)p->frame->data, p->frame->linesize, 0,
                         p->frame->height, p->scaled->data, p->scaled->linesize);
    p->scaled->pts = 0;
    return rows == p->scaled->height ? STATUS_OK : STATUS_UNSUPPORTED;
}

static enum status encode(struct poster *p, void *buffer, size_t buffer_len, size_t *out_len)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    p->encoder = avcodec_alloc_context3(codec);
    if (codec == NULL || p->encoder == NULL) {
        return STATUS_UNSUPPORTED;
    }
    p->encoder->width = p->scaled->width;
    p->encoder->height = p->scaled->height;
    p->encoder->pix_fmt = AV_PIX_FMT_YUVJ420P;
    p->encoder->time_base = (AVRational){1, 1000};
    p->encoder->thread_count = 1;
    p->encoder->flags |= AV_CODEC_FLAG_QSCALE;
    p->encoder->global_quality = POSTER_QUALITY * FF_QP2LAMBDA;
    p->scaled->quality = p->encoder->global_quality;
    if (avcodec_open2(p->encoder, codec, NULL) < 0 ||
        avcodec_send_frame(p->encoder, p->scaled) < 0 ||
        avcodec_receive_packet(p->encoder, p->packet) < 0) {
        return STATUS_UNSUPPORTED;
    }
    size_t len = (size_t)p->packet->size;
    if (len > buffer_len) {
        return STATUS_TOO_LARGE;
    }
    memcpy(buffer, p->packet->data, len);
    *out_len = len;
    return STATUS_OK;
}

enum status poster_read(const char *path, int64_t at_ms, void *buffer, size_t buffer_len,
                        size_t *out_len)
{
    struct poster p = {.stream = -1};
    enum status status = open_input(&p, path);
    if (status == STATUS_OK) {
        status = find_picture(&p, at_ms);
    }
    if (status == STATUS_OK) {
        status = scale(&p);
    }
    if (status == STATUS_OK) {
        status = encode(&p, buffer, buffer_len, out_len);
    }
    poster_fini(&p);
    return status;
}
