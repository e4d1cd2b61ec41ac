#include "gateway/session/room_recording.h"

#include "gateway/consult/consult_session.h"
#include "gateway/session/hub_internal.h"
#include "gateway/session/message.h"
#include "gateway/store/worker.h"
#include "media/recording/recorder.h"
#include "media/rt/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void noted(void *context, const struct api_call *call)
{
    (void)context;
    if (call->status >= 400) {
        log_error("recording_row", "status=%d",
                  call->status); /* start-up recovery finds the file by its row */
    }
}

static void note_failure(struct hub *hub, const char *recording_id, const char *reason)
{
    json_t *body =
        json_pack("{s:s, s:b, s:s}", "recording_id", recording_id, "failed", 1, "reason", reason);
    log_error("recording_failed", "recording=%s reason=%s", recording_id, reason);
    if (app_call(hub->app, NULL, consult_session_recording_complete, body, noted, NULL) !=
        STATUS_OK) {
        log_error("recording_row", "reason=store_busy recording=%s", recording_id);
    }
}

/* The store's answer to "it runs": 409 when a consent was withdrawn while it began. */
static void started(void *context, const struct api_call *call)
{
    struct hub *hub = context;
    if (call->status != 409) {
        noted(context, call);
        return;
    }
    const char *recording_id = message_text(call->body, "recording_id");
    for (struct room *room = hub->rooms; room != NULL; room = room->next) {
        if (recording_id != NULL && strcmp(room->recording_id, recording_id) == 0) {
            room_recording_stop(room);
        }
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
    enum status status =
        entry == NULL ? STATUS_NO_MEMORY : recorder_begin(hub->app->recorder, file, &handle);
    if (status != STATUS_OK) {
        note_failure(hub, recording_id, status_name(status));
        free(entry);
        return;
    }
    entry->handle = handle;
    (void)snprintf(entry->recording_id, sizeof(entry->recording_id), "%s", recording_id);
    (void)snprintf(entry->consultation, sizeof(entry->consultation), "%s", room->consultation);
    entry->next = hub->recordings;
    hub->recordings = entry;
    room->recording = handle;
    memcpy(room->recording_id, entry->recording_id, sizeof(room->recording_id));
    media_record(hub->app->media, room->media, handle);
    log_info("recording_start", "consultation=%s recording=%s", room->consultation, recording_id);
    json_t *body =
        json_pack("{s:s, s:s}", "consultation", room->consultation, "recording_id", recording_id);
    if (app_call(hub->app, NULL, consult_session_recording_started, body, started, hub) !=
        STATUS_OK) {
        log_error("recording_row", "reason=store_busy recording=%s", recording_id);
    }
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
    log_info("recording_stop", "consultation=%s recording=%s", room->consultation,
             room->recording_id);
    room->recording = 0;
    room_send_state(room);
}

static json_t *gaps_json(const struct recorder_event *event)
{
    json_t *gaps = json_array();
    for (unsigned i = 0; i < event->gap_count && gaps != NULL; i++) {
        const struct recorder_gap *gap = &event->gaps[i];
        json_array_append_new(gaps,
                              json_pack("{s:i, s:s, s:I, s:I}", "party", (int)gap->party, "kind",
                                        gap->video ? "video" : "audio", "from_ms",
                                        (json_int_t)gap->from_ms, "to_ms", (json_int_t)gap->to_ms));
    }
    return gaps;
}

static json_t *tracks_json(const struct recorder_event *event)
{
    static const char *const codecs[] = {"", "opus", "vp8", "vp9", "h264"};
    json_t *tracks = json_array();
    for (unsigned i = 0; i < event->track_count && tracks != NULL; i++) {
        uint8_t codec = event->tracks[i].codec <= TAP_H264 ? event->tracks[i].codec : 0;
        json_array_append_new(
            tracks, json_pack("{s:i, s:s, s:s}", "party", (int)event->tracks[i].party, "kind",
                              codec == TAP_OPUS ? "audio" : "video", "codec", codecs[codec]));
    }
    return tracks;
}

json_t *room_recording_row(const char *recording_id, bool recovered,
                           const struct recorder_event *event)
{
    return json_pack("{s:s, s:b, s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:o}", "recording_id",
                     recording_id, "recovered", recovered, "file", event->file, "media_type",
                     event->media_type, "sha256", event->sha256, "started_ms",
                     (json_int_t)event->started_ms, "duration_ms", (json_int_t)event->duration_ms,
                     "bytes", (json_int_t)event->bytes, "gaps", gaps_json(event), "tracks",
                     tracks_json(event));
}

/* It writes no more; the row stays open for what was written, which is completed now or by the next
 * start. */
static void note_stop(struct hub *hub, const struct hub_recording *entry, enum status reason)
{
    json_t *body = json_pack("{s:s, s:s}", "recording_id", entry->recording_id, "reason",
                             reason == STATUS_IO ? "disk" : "technical");
    log_error("recording_stopped", "consultation=%s recording=%s reason=%s", entry->consultation,
              entry->recording_id, status_name(reason));
    if (app_call(hub->app, NULL, consult_session_recording_stopped, body, noted, NULL) !=
        STATUS_OK) {
        log_error("recording_row", "reason=store_busy recording=%s", entry->recording_id);
    }
}

static void failed(struct hub *hub, const struct hub_recording *entry,
                   const struct recorder_event *event)
{
    if (event->over && (event->reason == STATUS_NONE || event->reason == STATUS_MALFORMED)) {
        note_failure(hub, entry->recording_id, status_name(event->reason));
    } else {
        note_stop(hub, entry, event->reason);
    }
    if (!event->over) {
        recorder_end(hub->app->recorder, event->recording);
    }
}

static void complete(struct hub *hub, const struct hub_recording *entry,
                     const struct recorder_event *event)
{
    if (event->type == RECORDER_FAILED) {
        failed(hub, entry, event);
        return;
    }
    log_info("recording_complete",
             "consultation=%s recording=%s duration_ms=%lld bytes=%lld gaps=%u",
             entry->consultation, entry->recording_id, (long long)event->duration_ms,
             (long long)event->bytes, event->gap_count);
    json_t *body = room_recording_row(entry->recording_id, false, event);
    if (app_call(hub->app, NULL, consult_session_recording_complete, body, noted, NULL) !=
        STATUS_OK) {
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
        complete(hub, entry, &event);
        for (struct room *room = hub->rooms; room != NULL; room = room->next) {
            if (room->recording ==
                event.recording) { /* it failed while running: the parties must know */
                room->recording = 0;
                media_record(hub->app->media, room->media, 0);
                room_send_state(room);
            }
        }
        if (event.type == RECORDER_COMPLETE || event.over) {
            *at = entry->next;
            free(entry);
        }
    }
}

/* ---- what a killed process left ---- */

struct recovery {
    struct job job;
    struct app *app;
    char recording_id[33], name[80], folder[256];
    enum status status;
    struct recorder_event event;
};

static void recover_run(struct job *job, void *context)
{
    (void)context;
    struct recovery *recovery =
        (struct recovery *)(void *)((char *)job - offsetof(struct recovery, job));
    recovery->status = recorder_recover(recovery->folder, recovery->name, &recovery->event);
}

static void recover_done(struct job *job)
{
    struct recovery *recovery =
        (struct recovery *)(void *)((char *)job - offsetof(struct recovery, job));
    json_t *body;
    if (recovery->status == STATUS_OK) {
        log_info("recording_recovered", "recording=%s duration_ms=%lld", recovery->recording_id,
                 (long long)recovery->event.duration_ms);
        body = room_recording_row(recovery->recording_id, true, &recovery->event);
    } else if (recovery->status == STATUS_IO || recovery->status == STATUS_NO_MEMORY) {
        log_error("recording_waits", "recording=%s status=%s hint=\"the next start tries again\"",
                  recovery->recording_id, status_name(recovery->status));
        free(recovery);
        return;
    } else {
        log_error("recording_lost", "recording=%s status=%s", recovery->recording_id,
                  status_name(recovery->status));
        body = json_pack("{s:s, s:b, s:s}", "recording_id", recovery->recording_id, "failed", 1,
                         "reason", status_name(recovery->status));
    }
    if (app_call(recovery->app, NULL, consult_session_recording_complete, body, noted, NULL) !=
        STATUS_OK) {
        log_error("recording_row", "reason=store_busy recording=%s", recovery->recording_id);
    }
    free(recovery);
}

void room_recording_recover(struct app *app, const json_t *recordings)
{
    size_t index;
    const json_t *row;
    json_array_foreach(recordings, index, row)
    {
        const char *recording_id = message_text(row, "recording_id");
        const char *name = message_text(row, "file");
        struct recovery *recovery =
            recording_id == NULL || name == NULL ? NULL : calloc(1, sizeof(*recovery));
        if (recovery == NULL) {
            continue;
        }
        recovery->app = app;
        recovery->job = (struct job){.run = recover_run, .done = recover_done};
        (void)snprintf(recovery->recording_id, sizeof(recovery->recording_id), "%s", recording_id);
        (void)snprintf(recovery->name, sizeof(recovery->name), "%s", name);
        (void)snprintf(recovery->folder, sizeof(recovery->folder), "%s/recordings",
                       app->services.data_folder);
        if (worker_post(app->blob, &recovery->job) != STATUS_OK) {
            log_error("recording_lost", "recording=%s status=busy",
                      recording_id); /* the row stays; the next start tries again */
            free(recovery);
        }
    }
}
