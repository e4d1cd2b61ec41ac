#include "gateway/records/recordings.h"

#include "gateway/app.h"
#include "gateway/consult/consult_access.h"
#include "gateway/records/audit.h"
#include "gateway/records/audit_read.h"
#include "media/recording/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAYBACK_MS 600000 /* without a request for this long, the next one is a new playback */
#define POSTER_BYTES_MAX 1048576 /* a 1280x720 JPEG is some 150 kB */
#define POSTER_AT_MS 2000        /* cameras have settled by then */

static json_t *parsed(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    return value == NULL ? json_array() : value;
}

static json_t *integer_or_null(struct db_query *q, int column)
{
    return db_is_null(q, column) ? json_null() : json_integer(db_int(q, column));
}

enum status recordings_of(struct db *db, const char *consultation_id, json_t **out_list)
{
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT id, part, state, media_type, started_ms, duration_ms, bytes, sha256, "
                   "gaps, tracks, stop_reason "
                   "FROM recording WHERE consultation_id = $1 ORDER BY part");
    db_bind_text(&q, consultation_id);
    while (db_next(&q)) {
        json_array_append_new(
            list,
            json_pack("{s:s, s:I, s:s, s:s?, s:I, s:o, s:o, s:s?, s:o, s:o, s:s?}", "id",
                      db_text(&q, 0), "part", (json_int_t)db_int(&q, 1), "state", db_text(&q, 2),
                      "media_type", db_is_null(&q, 3) ? NULL : db_text(&q, 3), "started_ms",
                      (json_int_t)db_int(&q, 4), "duration_ms", integer_or_null(&q, 5), "bytes",
                      integer_or_null(&q, 6), "sha256", db_is_null(&q, 7) ? NULL : db_text(&q, 7),
                      "gaps", parsed(db_text(&q, 8)), "tracks", parsed(db_text(&q, 9)),
                      "stop_reason", db_is_null(&q, 10) ? NULL : db_text(&q, 10)));
    }
    *out_list = list;
    return db_end(&q);
}

void recordings_list(struct api_call *call)
{
    json_t *list = NULL;
    if (!consult_may_play(call, call->params[0])) {
        return;
    }
    enum status status = recordings_of(call->db, call->params[0], &list);
    if (status != STATUS_OK) {
        json_decref(list);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply = json_pack("{s:o}", "recordings", list);
}

struct file {
    char consultation[33], path[256], media_type[32];
};

static bool unknown(struct api_call *call)
{
    return api_problem(call, 404, "recording.unknown", "没有该录像，或您无权查看。",
                       "There is no such recording, or it is not yours to see.", NULL);
}

/* The finished file of a recording that call->actor may play. */
static bool find_file(struct api_call *call, struct file *out_file)
{
    char name[128] = "", state[16] = "";
    const char *id = call->params[0];
    if (id == NULL || !api_id(id)) {
        return unknown(call);
    }
    struct db_query q;
    memset(out_file, 0, sizeof *out_file);
    db_begin_query(&q, call->db,
                   "SELECT consultation_id, file, state, COALESCE(media_type, '') FROM recording "
                   "WHERE id = $1");
    db_bind_text(&q, id);
    if (db_next(&q)) {
        (void)snprintf(out_file->consultation, sizeof out_file->consultation, "%s", db_text(&q, 0));
        (void)snprintf(name, sizeof name, "%s", db_text(&q, 1));
        (void)snprintf(state, sizeof state, "%s", db_text(&q, 2));
        (void)snprintf(out_file->media_type, sizeof out_file->media_type, "%s", db_text(&q, 3));
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (name[0] == '\0' || !consult_may_play(call, out_file->consultation)) {
        if (call->status != 503) {
            json_decref(call->reply);
            call->reply = NULL;
            (void)unknown(call);
        }
        return false;
    }
    if (strcmp(state, "complete") != 0 && strcmp(state, "recovered") != 0) {
        return api_problem(call, 409, "recording.not-ready", "录像尚未完成。",
                           "The recording is not complete.", NULL);
    }
    int len = snprintf(out_file->path, sizeof out_file->path, "%s/recordings/%s",
                       call->services->data_folder, name);
    return (len > 0 && (size_t)len < sizeof out_file->path) || api_store_failed(call, STATUS_IO);
}

static enum status note_playback(struct api_call *call, const struct file *file)
{
    int64_t last_ms = 0;
    const char *recording = call->params[0], *account = call->actor->account_id;
    enum status status =
        db_one_int(call->db, &last_ms,
                   "SELECT last_ms FROM recording_playback WHERE recording_id = $1 AND "
                   "account_id = $2",
                   "ss", recording, account);
    if (status == STATUS_OK || status == STATUS_NONE) {
        bool fresh = status == STATUS_NONE || call->now_ms - last_ms >= PLAYBACK_MS;
        status =
            db_run(call->db,
                   "INSERT INTO recording_playback (recording_id, account_id, last_ms) VALUES ($1, "
                   "$2, $3) ON "
                   "CONFLICT (recording_id, account_id) DO UPDATE SET last_ms = excluded.last_ms",
                   "ssi", recording, account, call->now_ms);
        if (status == STATUS_OK && fresh) {
            json_t *detail = json_pack("{s:s}", "recording", recording);
            status =
                audit_append(call->db, &(struct audit_entry){.at_ms = call->now_ms,
                                                             .consultation_id = file->consultation,
                                                             .actor_id = account,
                                                             .action = "recording.play",
                                                             .detail = detail});
            json_decref(detail);
        }
    }
    return status;
}

void recordings_content(struct api_call *call)
{
    struct file file;
    if (!find_file(call, &file)) {
        return;
    }
    enum status status = note_playback(call, &file);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    (void)snprintf(call->file, sizeof call->file, "%s", file.path);
    (void)snprintf(call->content_type, sizeof call->content_type, "%s",
                   file.media_type[0] != '\0' ? file.media_type : "application/octet-stream");
}

void recordings_poster(struct api_call *call)
{
    struct file file;
    if (!find_file(call, &file) || !audit_reading(call, file.consultation, "poster.view",
                                                  "recording", call->params[0], NULL)) {
        return;
    }
    call->data = strdup(file.path);
    call->data_free = free;
    if (call->data == NULL) {
        (void)api_store_failed(call, STATUS_NO_MEMORY);
    }
}

void recordings_poster_blob(struct api_call *call)
{
    uint8_t *jpeg = malloc(POSTER_BYTES_MAX);
    size_t len = 0;
    enum status status =
        jpeg == NULL ? STATUS_NO_MEMORY
                     : recorder_poster(call->data, POSTER_AT_MS, jpeg, POSTER_BYTES_MAX, &len);
    if (status != STATUS_OK) {
        free(jpeg);
        (void)api_problem(call, status == STATUS_NO_MEMORY ? 503 : 404, "recording.no-poster",
                          "该录像没有可用的封面。", "There is no picture of this recording.", NULL);
        return;
    }
    call->bytes = jpeg;
    call->bytes_len = len;
    (void)snprintf(call->content_type, sizeof call->content_type, "image/jpeg");
}
