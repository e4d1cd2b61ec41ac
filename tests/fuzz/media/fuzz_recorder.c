/* Any row of tap records into a recording that runs, in virtual time: what an authenticated but
 * hostile browser can send after the worker has taken its headers off. The recording must end in a
 * file that can be completed, or in a named refusal; the completed file is recovered once more as
 * after a killed process.
 *
 * Input: steps. Octet 0: bits 0-2 party, 3-4 codec, 5 report, 6 marker, 7 a jump in time.
 * 1: sequence step - 8. 2: timestamp step, x 256. 3: octets of payload that follow. */
#include "media/recording/complete.h"
#include "media/recording/session.h"
#include "proto/base/check.h"
#include "proto/base/reader.h"

#include <libavutil/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WALL_MS 1795000000000LL
#define STEPS_MAX 400

static char folder[64];

static void clean_up(void)
{
    static const char *const names[] = {"x.webm", "x.mkv", "x.mux"};
    char path[COMPLETE_PATH_MAX];
    for (unsigned i = 0; i < COMPLETE_PARTS_MAX; i++) {
        complete_part_path(path, folder, "x", i);
        (void)unlink(path);
    }
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
}

static void leave(void)
{
    clean_up();
    (void)rmdir(folder);
}

static void begin(void)
{
    if (folder[0] == '\0') {
        av_log_set_level(AV_LOG_QUIET);
        (void)snprintf(folder, sizeof(folder), "%s/fuzz-recorder-XXXXXX",
                       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        CHECK(mkdtemp(folder) != NULL);
        CHECK(atexit(leave) == 0);
    }
}

struct wire {
    int64_t now_us;
    uint16_t sequence[16];
    uint32_t timestamp[16], ssrc[16];
};

static void step(struct wire *w, struct reader *r, struct session *session)
{
    uint8_t kind = reader_u8(r);
    int8_t forward = (int8_t)(reader_u8(r) - 8);
    uint8_t ts_step = reader_u8(r);
    uint8_t len = reader_u8(r);
    struct span payload = reader_span(r, len <= reader_left(r) ? len : reader_left(r));
    unsigned party = kind & 7u;
    unsigned codec = (kind >> 3 & 3u) + 1;
    unsigned stream = 2 * party + (codec != TAP_OPUS ? 1u : 0u);
    w->now_us += (kind & 0x80) != 0 ? 700000 : 5000;
    w->sequence[stream] = (uint16_t)(w->sequence[stream] + forward);
    w->timestamp[stream] += (uint32_t)ts_step * 256;
    w->ssrc[stream] += ts_step == 255 ? 1 : 0; /* a fresh PeerConnection */
    struct tap_record record = {.type = (kind & 0x20) != 0 ? TAP_SENDER_REPORT : TAP_RTP,
                                .codec = (uint8_t)codec,
                                .party = (uint8_t)party,
                                .marker = (kind & 0x40) != 0 ? 1 : 0,
                                .recording = 1,
                                .ssrc = 1000 * stream + w->ssrc[stream],
                                .rtp_timestamp = w->timestamp[stream],
                                .sequence = w->sequence[stream],
                                .len = (kind & 0x20) != 0 ? 0 : (uint16_t)payload.len,
                                .arrival_us = w->now_us};
    if (record.type == TAP_SENDER_REPORT && payload.len >= 8) {
        memcpy(&record.ntp, payload.data, 8);
    }
    session_take(session, &record, payload.data, WALL_MS + w->now_us / 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct recorder_event event;
    static struct recorder_event recovered;
    struct wire w = {.now_us = 1000000};
    struct reader r = reader_of(span_of(data, size));
    begin();
    struct session *session = session_create(folder, "x");
    CHECK(session != NULL);
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < STEPS_MAX && reader_left(&r) >= 4 && status == STATUS_OK; i++) {
        step(&w, &r, session);
        status = session_tick(session, w.now_us);
    }
    status = session_end(session, w.now_us + 10000);
    struct gaps gaps = *session_gaps(session);
    session_destroy(session);
    if (status == STATUS_OK) {
        status = complete_file(folder, "x", &gaps, &event);
        CHECK(status == STATUS_OK || status == STATUS_MALFORMED);
        if (status == STATUS_OK) {
            CHECK(event.duration_ms >= 0 && event.bytes > 0);
            CHECK(event.duration_ms <= (w.now_us - 1000000) / 1000 + 60000);
            CHECK(event.track_count <= RECORDER_TRACKS_MAX && event.gap_count <= RECORDER_GAPS_MAX);
            CHECK(recorder_recover(folder, "x", &recovered) == STATUS_OK);
            CHECK(recovered.bytes == event.bytes && strcmp(recovered.sha256, event.sha256) == 0);
        }
    }
    clean_up();
    return 0;
}
