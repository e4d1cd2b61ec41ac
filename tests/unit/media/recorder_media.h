/* Real media for the recorder's tests: VP8 pictures that carry a counter and an Opus tone, encoded
 * by libavcodec, cut into RTP with sender reports, delivered over a lossy, jittery path in virtual
 * time with a fixed seed; and the way back: what a file holds. */
#ifndef TESTS_UNIT_MEDIA_RECORDER_MEDIA_H
#define TESTS_UNIT_MEDIA_RECORDER_MEDIA_H

#include "media/recording/tap.h"
#include "proto/rtcp/rtcp.h"
#include "tests/unit/test.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <math.h>
#include <stdlib.h>

#define SYNTH_FPS 15
#define SYNTH_WIDTH 320
#define SYNTH_HEIGHT 240
#define SYNTH_FRAMES_MAX 600
#define SYNTH_KEY_INTERVAL 15 /* frames: a lost frame costs at most a second of picture */

struct synth {
    unsigned count;
    AVPacket *packets[SYNTH_FRAMES_MAX];
};

/* 16 bits as 2 rows of 8 blocks, black or white, under them grey. */
static void synth_draw(AVFrame *frame, unsigned counter)
{
    for (int y = 0; y < SYNTH_HEIGHT; y++) {
        for (int x = 0; x < SYNTH_WIDTH; x++) {
            int bit = y / (SYNTH_HEIGHT / 2) * 8 + x / (SYNTH_WIDTH / 8);
            frame->data[0][y * frame->linesize[0] + x] = (counter >> bit & 1u) != 0 ? 235 : 16;
        }
    }
    for (int y = 0; y < SYNTH_HEIGHT / 2; y++) {
        memset(frame->data[1] + y * frame->linesize[1], 128, SYNTH_WIDTH / 2);
        memset(frame->data[2] + y * frame->linesize[2], 128, SYNTH_WIDTH / 2);
    }
}

static unsigned synth_read(const AVFrame *frame)
{
    unsigned counter = 0;
    for (int bit = 0; bit < 16; bit++) {
        int x = (2 * (bit % 8) + 1) * frame->width / 16;
        int y = (2 * (bit / 8) + 1) * frame->height / 4;
        counter |= (frame->data[0][y * frame->linesize[0] + x] > 128 ? 1u : 0u) << bit;
    }
    return counter;
}

static void synth_drain(struct synth *s, AVCodecContext *encoder)
{
    AVPacket *packet = av_packet_alloc();
    while (avcodec_receive_packet(encoder, packet) >= 0 && s->count < SYNTH_FRAMES_MAX) {
        s->packets[s->count++] = packet;
        packet = av_packet_alloc();
    }
    av_packet_free(&packet);
}

static bool synth_video(struct synth *s, const char *encoder_name, unsigned frames)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(encoder_name);
    AVCodecContext *e = avcodec_alloc_context3(codec);
    AVFrame *frame = av_frame_alloc();
    e->width = SYNTH_WIDTH;
    e->height = SYNTH_HEIGHT;
    e->pix_fmt = AV_PIX_FMT_YUV420P;
    e->time_base = (AVRational){1, SYNTH_FPS};
    e->bit_rate = 400000;
    e->gop_size = SYNTH_KEY_INTERVAL;
    e->max_b_frames = 0;
    e->thread_count = 1;
    bool vpx = strncmp(encoder_name, "libvpx", 6) == 0;
    if (vpx) {
        (void)av_opt_set(e->priv_data, "deadline", "realtime", 0);
        (void)av_opt_set(e->priv_data, "cpu-used", "8", 0);
        (void)av_opt_set(e->priv_data, "lag-in-frames", "0", 0);
    } else {
        (void)av_opt_set(e->priv_data, "preset", "ultrafast", 0);
        (void)av_opt_set(e->priv_data, "tune", "zerolatency", 0);
    }
    bool ok = avcodec_open2(e, codec, NULL) >= 0;
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = SYNTH_WIDTH;
    frame->height = SYNTH_HEIGHT;
    ok = ok && av_frame_get_buffer(frame, 0) >= 0;
    s->count = 0;
    for (unsigned i = 0; ok && i < frames; i++) {
        ok = av_frame_make_writable(frame) >= 0;
        synth_draw(frame, i);
        frame->pts = i;
        ok = ok && avcodec_send_frame(e, frame) >= 0;
        synth_drain(s, e);
    }
    ok = ok && avcodec_send_frame(e, NULL) >= 0;
    synth_drain(s, e);
    av_frame_free(&frame);
    avcodec_free_context(&e);
    return ok && s->count == frames;
}

/* 20 ms packets of a 440 Hz tone. */
static bool synth_audio(struct synth *s, unsigned packets)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libopus");
    AVCodecContext *e = avcodec_alloc_context3(codec);
    AVFrame *frame = av_frame_alloc();
    e->sample_rate = 48000;
    e->sample_fmt = AV_SAMPLE_FMT_S16;
    e->bit_rate = 32000;
    av_channel_layout_default(&e->ch_layout, 1);
    bool ok = avcodec_open2(e, codec, NULL) >= 0;
    frame->format = AV_SAMPLE_FMT_S16;
    frame->nb_samples = 960;
    frame->sample_rate = 48000;
    av_channel_layout_default(&frame->ch_layout, 1);
    ok = ok && av_frame_get_buffer(frame, 0) >= 0;
    s->count = 0;
    for (unsigned i = 0; ok && i < packets; i++) {
        ok = av_frame_make_writable(frame) >= 0;
        int16_t *samples = (int16_t *)(void *)frame->data[0];
        for (int n = 0; n < 960; n++) {
            samples[n] = (int16_t)(8000.0 * sin(2.0 * 3.14159265358979 * 440.0 *
                                                (double)(i * 960u + (unsigned)n) / 48000.0));
        }
        frame->pts = (int64_t)i * 960;
        ok = ok && avcodec_send_frame(e, frame) >= 0;
        synth_drain(s, e);
    }
    av_frame_free(&frame);
    avcodec_free_context(&e);
    return ok && s->count > 0;
}

static void synth_fini(struct synth *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        av_packet_free(&s->packets[i]);
    }
    s->count = 0;
}

/* What travels: records with their arrival times. */
struct wire_item {
    struct tap_record record;
    uint8_t payload[1200];
};
struct wire {
    struct wire_item *items;
    size_t count, room;
    uint32_t random;
};

static uint32_t wire_random(struct wire *w)
{
    w->random = w->random * 1664525u + 1013904223u;
    return w->random >> 8;
}

static void wire_add(struct wire *w, const struct tap_record *record, const uint8_t *payload)
{
    if (w->count == w->room) {
        w->room = w->room == 0 ? 1024 : 2 * w->room;
        w->items = realloc(w->items, w->room * sizeof(*w->items));
    }
    struct wire_item *item = &w->items[w->count++];
    item->record = *record;
    if (record->len > 0) {
        memcpy(item->payload, payload, record->len);
    }
}

static int wire_compare(const void *a, const void *b)
{
    const struct wire_item *x = a;
    const struct wire_item *y = b;
    return (x->record.arrival_us > y->record.arrival_us) -
           (x->record.arrival_us < y->record.arrival_us);
}

static void wire_sort(struct wire *w)
{
    if (w->count > 0) {
        qsort(w->items, w->count, sizeof(*w->items), wire_compare);
    }
}

/* One sender's stream: frames `from` to `to` of the media, captured at begin_us + (i - from) x
 * interval. */
struct sender {
    const struct synth *media;
    uint32_t recording, ssrc, timestamp;
    uint8_t party, codec;
    uint16_t sequence;
    unsigned from, to;
    int64_t begin_us;  /* monotonic time of the first capture */
    int64_t delay_us;  /* capture to arrival */
    int64_t jitter_us; /* further delay, 0..this */
    unsigned loss_permille;
    int64_t clock_ahead_us;  /* the sender's wall clock is so much ahead of the monotonic clock */
    int64_t report_after_us; /* no report before */
};

static void send_packet(struct wire *w, const struct sender *s, struct tap_record *record,
                        const uint8_t *payload, int64_t at_us)
{
    record->arrival_us =
        at_us + s->delay_us +
        (s->jitter_us > 0 ? (int64_t)(wire_random(w) % (uint32_t)s->jitter_us) : 0);
    if (wire_random(w) % 1000 >= s->loss_permille) {
        wire_add(w, record, payload);
    }
    record->sequence++;
}

static void send_vp8(struct wire *w, const struct sender *s, struct tap_record *record,
                     const AVPacket *frame, unsigned index, int64_t at_us)
{
    for (int at = 0; at < frame->size;) {
        uint8_t payload[1200];
        int n = frame->size - at < 1100 ? frame->size - at : 1100;
        payload[0] = (uint8_t)(0x80 | (at == 0 ? 0x10 : 0)); /* RFC 7741: X, S */
        payload[1] = 0x80;                                   /* I */
        payload[2] = (uint8_t)(0x80 | (index >> 8 & 0x7F));
        payload[3] = (uint8_t)index;
        memcpy(payload + 4, frame->data + at, (size_t)n);
        at += n;
        record->len = (uint16_t)(n + 4);
        record->marker = at == frame->size;
        send_packet(w, s, record, payload, at_us);
    }
}

/* RFC 9628 §4.2, non-flexible mode without layers: I, P, B, E and a 15-bit picture id. */
static void send_vp9(struct wire *w, const struct sender *s, struct tap_record *record,
                     const AVPacket *frame, unsigned index, int64_t at_us)
{
    bool key = (frame->flags & AV_PKT_FLAG_KEY) != 0;
    for (int at = 0; at < frame->size;) {
        uint8_t payload[1200];
        int n = frame->size - at < 1100 ? frame->size - at : 1100;
        bool last = at + n == frame->size;
        payload[0] = (uint8_t)(0x80 | (key ? 0 : 0x40) | (at == 0 ? 0x08 : 0) | (last ? 0x04 : 0));
        payload[1] = (uint8_t)(0x80 | (index >> 8 & 0x7F));
        payload[2] = (uint8_t)index;
        memcpy(payload + 3, frame->data + at, (size_t)n);
        at += n;
        record->len = (uint16_t)(n + 3);
        record->marker = last;
        send_packet(w, s, record, payload, at_us);
    }
}

/* Annex B -> single NAL units and FU-A (RFC 6184 §5.6, §5.8). */
static void send_nal(struct wire *w, const struct sender *s, struct tap_record *record,
                     const uint8_t *nal, int len, bool last, int64_t at_us)
{
    uint8_t payload[1200];
    if (len <= 1100) {
        memcpy(payload, nal, (size_t)len);
        record->len = (uint16_t)len;
        record->marker = last;
        send_packet(w, s, record, payload, at_us);
        return;
    }
    for (int at = 1; at < len;) {
        int n = len - at < 1100 ? len - at : 1100;
        payload[0] = (uint8_t)((nal[0] & 0xE0) | 28);
        payload[1] = (uint8_t)((at == 1 ? 0x80 : 0) | (at + n == len ? 0x40 : 0) | (nal[0] & 0x1F));
        memcpy(payload + 2, nal + at, (size_t)n);
        at += n;
        record->len = (uint16_t)(n + 2);
        record->marker = last && at == len;
        send_packet(w, s, record, payload, at_us);
    }
}

static int next_start_code(const uint8_t *data, int size, int from)
{
    for (int i = from; i + 3 <= size; i++) {
        if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1) {
            return i;
        }
    }
    return size;
}

static void send_h264(struct wire *w, const struct sender *s, struct tap_record *record,
                      const AVPacket *frame, int64_t at_us)
{
    int at = next_start_code(frame->data, frame->size, 0);
    while (at < frame->size) {
        int begin = at + 3;
        at = next_start_code(frame->data, frame->size, begin);
        int end = at;
        while (at < frame->size && end > begin && frame->data[end - 1] == 0) {
            end--; /* the fourth octet of the next start code */
        }
        send_nal(w, s, record, frame->data + begin, end - begin, at >= frame->size, at_us);
    }
}

static void send_all(struct wire *w, const struct sender *s)
{
    bool audio = s->codec == TAP_OPUS;
    int64_t interval_us = audio ? 20000 : 1000000 / SYNTH_FPS;
    uint32_t step = audio ? 960 : 90000 / SYNTH_FPS;
    struct tap_record record = {.type = TAP_RTP,
                                .codec = s->codec,
                                .party = s->party,
                                .recording = s->recording,
                                .ssrc = s->ssrc,
                                .sequence = s->sequence};
    int64_t report_us = s->begin_us + s->report_after_us;
    for (unsigned i = s->from; i < s->to && i < s->media->count; i++) {
        int64_t at_us = s->begin_us + (int64_t)(i - s->from) * interval_us;
        record.rtp_timestamp = s->timestamp + (i - s->from) * step;
        const AVPacket *frame = s->media->packets[i];
        if (s->codec == TAP_VP8) {
            send_vp8(w, s, &record, frame, i, at_us);
        } else if (s->codec == TAP_VP9) {
            send_vp9(w, s, &record, frame, i, at_us);
        } else if (s->codec == TAP_H264) {
            send_h264(w, s, &record, frame, at_us);
        } else {
            record.len = (uint16_t)frame->size;
            record.marker = 0;
            send_packet(w, s, &record, frame->data, at_us);
        }
        if (at_us >= report_us) {
            struct tap_record report = record;
            report.type = TAP_SENDER_REPORT;
            report.len = 0;
            report.ntp = rtcp_ntp_of_us(at_us + s->clock_ahead_us);
            report.arrival_us = at_us + s->delay_us;
            wire_add(w, &report, NULL);
            report_us += 1000000;
        }
    }
}

/* What a file holds. */
#define HELD_TRACKS_MAX 12
#define HELD_FRAMES_MAX 4096
struct held_track {
    bool video;
    enum AVCodecID codec;
    unsigned party, packets, decoded, backwards;
    int64_t first_ms, last_ms;
    unsigned counters[HELD_FRAMES_MAX];
    int64_t at_ms[HELD_FRAMES_MAX];
    double energy; /* of all decoded sound */
};
struct held {
    int64_t duration_ms;
    unsigned count;
    struct held_track tracks[HELD_TRACKS_MAX];
};

static void held_decode(struct held_track *t, AVCodecContext *decoder, const AVPacket *packet,
                        AVFrame *frame, int64_t at_ms)
{
    if (decoder == NULL || avcodec_send_packet(decoder, packet) < 0) {
        return;
    }
    while (avcodec_receive_frame(decoder, frame) >= 0) {
        if (t->video && t->decoded < HELD_FRAMES_MAX) {
            t->counters[t->decoded] = synth_read(frame);
            t->at_ms[t->decoded] = at_ms;
        } else if (!t->video && frame->format == AV_SAMPLE_FMT_FLTP) {
            const float *samples = (const float *)(const void *)frame->extended_data[0];
            for (int i = 0; i < frame->nb_samples; i++) {
                t->energy += (double)samples[i] * (double)samples[i];
            }
        }
        t->decoded++;
    }
}

static bool held_read(const char *path, struct held *h)
{
    memset(h, 0, sizeof(*h));
    AVFormatContext *input = NULL;
    AVCodecContext *decoders[HELD_TRACKS_MAX] = {NULL};
    if (avformat_open_input(&input, path, NULL, NULL) < 0) {
        return false;
    }
    h->count = input->nb_streams;
    h->duration_ms = input->duration == AV_NOPTS_VALUE ? -1 : input->duration / 1000;
    for (unsigned i = 0; i < h->count && i < HELD_TRACKS_MAX; i++) {
        const AVStream *stream = input->streams[i];
        const AVDictionaryEntry *title = av_dict_get(stream->metadata, "title", NULL, 0);
        struct held_track *t = &h->tracks[i];
        t->video = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
        t->codec = stream->codecpar->codec_id;
        t->first_ms = t->last_ms = -1;
        t->party = title != NULL ? (unsigned)(title->value[5] - '0') : 99;
        const AVCodec *codec = avcodec_find_decoder(t->codec);
        decoders[i] = avcodec_alloc_context3(codec);
        decoders[i]->thread_count = 1;
        decoders[i]->flags |= AV_CODEC_FLAG_LOW_DELAY;
        (void)avcodec_parameters_to_context(decoders[i], stream->codecpar);
        if (avcodec_open2(decoders[i], codec, NULL) < 0) {
            avcodec_free_context(&decoders[i]);
        }
    }
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    while (av_read_frame(input, packet) >= 0) {
        struct held_track *t = &h->tracks[packet->stream_index];
        int64_t at_ms = av_rescale_q(packet->pts, input->streams[packet->stream_index]->time_base,
                                     (AVRational){1, 1000});
        t->backwards += t->packets > 0 && at_ms <= t->last_ms;
        t->first_ms = t->packets == 0 ? at_ms : t->first_ms;
        t->last_ms = at_ms;
        t->packets++;
        held_decode(t, decoders[packet->stream_index], packet, frame, at_ms);
        av_packet_unref(packet);
    }
    for (unsigned i = 0; i < h->count && i < HELD_TRACKS_MAX; i++) {
        avcodec_free_context(&decoders[i]);
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    avformat_close_input(&input);
    return true;
}

static struct held_track *held_find(struct held *h, unsigned party, bool video)
{
    for (unsigned i = 0; i < h->count; i++) {
        if (h->tracks[i].party == party && h->tracks[i].video == video) {
            return &h->tracks[i];
        }
    }
    return NULL;
}

#endif
