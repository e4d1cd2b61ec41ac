/* Recording of a room: begun and ended here, written by the recorder thread, and put into the record through the store. */
#include "gateway/consult/consult_session.h"
#include "gateway/session/hub_internal.h"
#include "media/recording/recorder.h"
#include "media/rt/log.h"

#include <stdlib.h>
#include <string.h>

static void noted(void *context, const struct api_call *call)
{
    (void)context;
    if (call->status >= 400) {
        log_error("recording_row", "status=%d", call->status); /* start-up recovery finds the file by its row */
    }
}

static void note_failure(struct hub *hub, const char *recording_id, const char *reason)
{
    json_t *body = json_pack("{s:s, s:s, s:s}", "recording_id", recording_id, "state", "failed", "stop_reason", reason);
    log_error("recording_failed", "recording=%s reason=%s", recording_id, reason);
    if (app_call(hub->app, NULL, consult_session_recording_complete, body, noted, NULL) != STATUS_OK) {
        log_error("recording_row", "reason=store_busy recording=%s", recording_id);
    }
}

void room_recording_start(struct room *room, const char *recording_id, const char *file)
{
    struct hub *hub = room->hub;
    if (recording_id == NULL || file == NULL || room->recording != 0) {
        return;
    }
    struct hub_recording *entry = calloc(1, sizeof(*entry));
    uint32_t handle = 0;
    enum status status = entry == NULL ? STATUS_NO_MEMORY : recorder_begin(hub->app->recorder, file, &handle);
    if (status != STATUS_OK) {
        note_failure(hub, recording_id, status_name(status));
        free(entry);
        return;
    }
    entry->handle = handle;
    strncat(entry->recording_id, recording_id, sizeof(entry->recording_id) - 1);
    strncat(entry->consultation, room->consultation, sizeof(entry->consultation) - 1);
    entry->next = hub->recordings;
    hub->recordings = entry;
    room->recording = handle;
    memcpy(room->recording_id, entry->recording_id, sizeof(room->recording_id));
    media_record(hub->app->media, room->media, handle);
    log_info("recording_start", "consultation=%s recording=%s", room->consultation, recording_id);
    room_send_state(room);
}

void room_recording_stop(struct room *room)
{
    struct hub *hub = room->hub;
    if (room->recording == 0) {
        return;
    }
    media_record(hub->app->media, room->media, 0);
    recorder_end(hub->app->recorder, room->recording);
    log_info("recording_stop", "consultation=%s recording=%s", room->consultation, room->recording_id);
    room->recording = 0;
    room_send_state(room);
}

static json_t *gaps_json(const struct recorder_event *event)
{
    json_t *gaps = json_array();
    for (unsigned i = 0; i < event->gap_count && gaps != NULL; i++) {
        const struct recorder_gap *gap = &event->gaps[i];
        json_array_append_new(gaps, json_pack("{s:i, s:s, s:I, s:I}", "party", (int)gap->party, "kind",
                                              gap->video ? "video" : "audio", "from_ms", (json_int_t)gap->from_ms, "to_ms",
                                              (json_int_t)gap->to_ms));
    }
    return gaps;
}

static json_t *tracks_json(const struct recorder_event *event)
{
    static const char *const codecs[] = {"", "opus", "vp8", "vp9", "h264"};
    json_t *tracks = json_array();
    for (unsigned i = 0; i < event->track_count && tracks != NULL; i++) {
        uint8_t codec = event->tracks[i].codec <= TAP_H264 ? event->tracks[i].codec : 0;
        json_array_append_new(tracks, json_pack("{s:i, s:s, s:s}", "party", (int)event->tracks[i].party, "kind",
                                                codec == TAP_OPUS ? "audio" : "video", "codec", codecs[codec]));
    }
    return tracks;
}

json_t *room_recording_row(const char *recording_id, const char *state, const struct recorder_event *event)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:o}", "recording_id", recording_id, "state", state,
                     "file", event->file, "media_type", event->media_type, "sha256", event->sha256, "started_ms",
                     (json_int_t)event->started_ms, "duration_ms", (json_int_t)event->duration_ms, "bytes",
                     (json_int_t)event->bytes, "gaps", gaps_json(event), "tracks", tracks_json(event));
}

static void complete(struct hub *hub, const struct hub_recording *entry, const struct recorder_event *event)
{
    if (event->type == RECORDER_FAILED) {
        note_failure(hub, entry->recording_id, status_name(event->reason));
        return;
    }
    log_info("recording_complete", "consultation=%s recording=%s duration_ms=%lld bytes=%lld gaps=%u", entry->consultation,
             entry->recording_id, (long long)event->duration_ms, (long long)event->bytes, event->gap_count);
    json_t *body = room_recording_row(entry->recording_id, "complete", event);
    if (app_call(hub->app, NULL, consult_session_recording_complete, body, noted, NULL) != STATUS_OK) {
        log_error("recording_row", "reason=store_busy recording=%s", entry->recording_id);
    }
}

void room_recording_events(struct hub *hub)
{
    struct recorder_event event;
    while (hub->app->recorder != NULL && recorder_poll(hub->app->recorder, &event)) {
        struct hub_recording **at = &hub->recordings;
        while (*at != NULL && (*at)->handle != event.recording) {
            at = &(*at)->next;
        }
        if (*at == NULL) {
            continue;
        }
        struct hub_recording *entry = *at;
        *at = entry->next;
        complete(hub, entry, &event);
        for (struct room *room = hub->rooms; room != NULL; room = room->next) {
            if (room->recording == event.recording) { /* it failed while running: the parties must know */
                room->recording = 0;
                media_record(hub->app->media, room->media, 0);
                room_send_state(room);
            }
        }
        free(entry);
    }
}
