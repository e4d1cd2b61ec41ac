#include "gateway/consult/consult_recording.h"

#include "gateway/config/config.h"
#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_effects.h"
#include "gateway/consult/consult_session.h"
#include "gateway/records/consent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status consult_recording_allowed(struct api_call *call, const struct consult_row *row,
                                      bool *out_allowed)
{
    enum consent_answer patient = CONSENT_NONE, consultant = CONSENT_NONE;
    *out_allowed = false;
    if (row->consultant_id[0] == '\0' || (call->config != NULL && !call->config->recording)) {
        return STATUS_OK;
    }
    enum status status = consent_answer(call->db, row->id, "recording", "patient", NULL, &patient);
    if (status == STATUS_OK) {
        status = consent_answer(call->db, row->id, "recording", "consultant", row->consultant_id,
                                &consultant);
    }
    *out_allowed = status == STATUS_OK && patient == CONSENT_GIVEN && consultant == CONSENT_GIVEN;
    return status;
}

struct running {
    char id[33], file[128];
    int64_t part;
};

/* STATUS_NONE when no part runs (one that was told to stop does not run, though its file may not be
 * whole yet). */
static enum status find_running(struct db *db, const char *consultation_id,
                                struct running *out_running)
{
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT id, file, part FROM recording WHERE consultation_id = $1 AND state = "
                   "'recording' AND "
                   "stop_reason IS NULL ORDER BY part DESC LIMIT 1");
    db_bind_text(&q, consultation_id);
    bool found = db_next(&q);
    if (found) {
        (void)snprintf(out_running->id, sizeof out_running->id, "%s", db_text(&q, 0));
        (void)snprintf(out_running->file, sizeof out_running->file, "%s", db_text(&q, 1));
        out_running->part = db_int(&q, 2);
    }
    enum status status = db_end(&q);
    return status == STATUS_OK && !found ? STATUS_NONE : status;
}

static json_t *running_json(const struct running *running)
{
    return json_pack("{s:s, s:s, s:I}", "recording_id", running->id, "file", running->file, "part",
                     (json_int_t)running->part);
}

enum status consult_recording_running(struct db *db, const char *consultation_id,
                                      json_t **out_running)
{
    struct running running;
    enum status status = find_running(db, consultation_id, &running);
    *out_running = status == STATUS_OK ? running_json(&running) : json_null();
    return status == STATUS_NONE ? STATUS_OK : status;
}

static enum status insert_part(struct api_call *call, const char *consultation_id,
                               struct running *out_part)
{
    enum status status =
        db_one_int(call->db, &out_part->part,
                   "SELECT COALESCE(MAX(part), 0) + 1 FROM recording WHERE consultation_id = $1",
                   "s", consultation_id);
    if (status != STATUS_OK) {
        return status;
    }
    api_new_id(out_part->id);
    (void)snprintf(out_part->file, sizeof out_part->file, "c%s-p%lld", consultation_id,
                   (long long)out_part->part);
    return db_run(call->db,
                  "INSERT INTO recording (id, consultation_id, part, state, file, started_ms) "
                  "VALUES ($1, $2, $3, "
                  "'recording', $4, $5)",
                  "ssisi", out_part->id, consultation_id, out_part->part, out_part->file,
                  call->now_ms);
}

static bool audit_part(struct api_call *call, const struct consult_row *row, const char *action,
                       const struct running *part, const char *reason)
{
    json_t *detail = json_pack("{s:s, s:I}", "recording", part->id, "part", (json_int_t)part->part);
    const char *actor = call->actor == NULL ? NULL : call->actor->account_id;
    bool done = consult_audit(call, row, actor, action, reason, detail);
    json_decref(detail);
    return done;
}

enum status consult_recording_start(struct api_call *call, const struct consult_row *row)
{
    struct running part;
    bool allowed = false;
    if (row->state != CONSULT_IN_SESSION) {
        return STATUS_OK;
    }
    enum status status = find_running(call->db, row->id, &part);
    if (status != STATUS_NONE) {
        return status;
    }
    status = consult_recording_allowed(call, row, &allowed);
    if (status != STATUS_OK || !allowed) {
        return status;
    }
    status = insert_part(call, row->id, &part);
    if (status != STATUS_OK || !audit_part(call, row, "recording.start", &part, NULL)) {
        return status != STATUS_OK ? status : STATUS_IO;
    }
    api_effect_push(call, EFFECT_RECORDING_START, NULL, row->id, running_json(&part));
    return STATUS_OK;
}

enum status consult_recording_stop(struct api_call *call, const struct consult_row *row,
                                   const char *reason)
{
    struct running part;
    enum status status = find_running(call->db, row->id, &part);
    if (status != STATUS_OK) {
        return status == STATUS_NONE ? STATUS_OK : status;
    }
    status = db_run(call->db, "UPDATE recording SET stop_reason = $1, ended_ms = $2 WHERE id = $3",
                    "sis", reason, call->now_ms, part.id);
    if (status != STATUS_OK || !audit_part(call, row, "recording.stop", &part, reason)) {
        return status != STATUS_OK ? status : STATUS_IO;
    }
    api_effect_push(call, EFFECT_RECORDING_STOP, NULL, row->id,
                    json_pack("{s:s, s:s}", "recording_id", part.id, "reason", reason));
    return STATUS_OK;
}

static bool body_id(struct api_call *call, const char *name, bool required, const char **out_id)
{
    *out_id = json_string_value(json_object_get(call->body, name));
    if ((*out_id == NULL && required) || (*out_id != NULL && !api_id(*out_id))) {
        return api_problem(call, 422, "field.invalid", "标识无效。", "Not an id.", name);
    }
    return true;
}

static bool load(struct api_call *call, const char *id, struct consult_row *row)
{
    enum status status = consult_row_load(call->db, id, row);
    if (status == STATUS_NONE) {
        return api_problem(call, 404, "consultation.unknown", "没有该会诊。",
                           "There is no such consultation.", NULL);
    }
    return status == STATUS_OK || api_store_failed(call, status);
}

/* The recorder says that `wanted` runs (or asks for one): may it? */
static void begun(struct api_call *call, const struct consult_row *row, const char *wanted)
{
    struct running part;
    bool allowed = false;
    enum status status = consult_recording_allowed(call, row, &allowed);
    if (status == STATUS_OK && wanted == NULL) {
        status = consult_recording_start(call, row);
    }
    if (status == STATUS_OK) {
        status = find_running(call->db, row->id, &part);
    }
    if (status != STATUS_OK && status != STATUS_NONE) {
        (void)api_store_failed(call, status);
        return;
    }
    bool session = row->state == CONSULT_IN_SESSION || row->state == CONSULT_INTERRUPTED;
    if (status == STATUS_NONE || !allowed || !session ||
        (wanted != NULL && strcmp(wanted, part.id) != 0)) {
        (void)api_problem(call, 409, "recording.not-allowed", "当前不允许录制。",
                          "Recording is not allowed now.", NULL);
        return;
    }
    call->reply = running_json(&part);
}

void consult_session_recording_started(struct api_call *call)
{
    const char *consultation, *wanted;
    struct consult_row row;
    if (!body_id(call, "consultation", true, &consultation) ||
        !body_id(call, "recording_id", false, &wanted) || !load(call, consultation, &row)) {
        return;
    }
    begun(call, &row, wanted);
    consult_row_clear(&row);
}

static const char *outcome(const json_t *body)
{
    return json_is_true(json_object_get(body, "failed"))      ? "failed"
           : json_is_true(json_object_get(body, "recovered")) ? "recovered"
                                                              : "complete";
}

static char *dumped(const json_t *body, const char *name)
{
    const json_t *value = json_object_get(body, name);
    return json_is_array(value) ? json_dumps(value, JSON_COMPACT) : strdup("[]");
}

static enum status store_outcome(struct api_call *call, const char *id, const char *state)
{
    const json_t *body = call->body;
    char *gaps = dumped(body, "gaps");
    char *tracks = dumped(body, "tracks");
    const char *file = json_string_value(json_object_get(body, "file"));
    const char *reason = json_string_value(json_object_get(body, "reason"));
    int64_t started = json_integer_value(json_object_get(body, "started_ms"));
    int64_t duration = json_integer_value(json_object_get(body, "duration_ms"));
    enum status status = STATUS_NO_MEMORY;
    if (gaps != NULL && tracks != NULL) {
        status = db_run(call->db,
                        "UPDATE recording SET state = $1, file = COALESCE($2, file), media_type = "
                        "$3, started_ms = CASE WHEN $4 > 0 THEN $5 "
                        "ELSE started_ms END, ended_ms = COALESCE(ended_ms, $6), duration_ms = $7, "
                        "bytes = $8, sha256 = $9, gaps = $10, "
                        "tracks = $11, stop_reason = COALESCE(stop_reason, $12) WHERE id = $13 AND "
                        "state = 'recording'",
                        "sssiiiiisssss", state, file,
                        json_string_value(json_object_get(body, "media_type")), started, started,
                        call->now_ms, duration,
                        (int64_t)json_integer_value(json_object_get(body, "bytes")),
                        json_string_value(json_object_get(body, "sha256")), gaps, tracks,
                        reason != NULL ? reason : "ended", id);
    }
    free(gaps);
    free(tracks);
    return status;
}

/* A file name that the recorder made: nothing that could leave the folder. */
static bool safe_file(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len < 128 && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") == len &&
           strstr(name, "..") == NULL;
}

static void completed(struct api_call *call, struct consult_row *row, const char *recording_id)
{
    const char *state = outcome(call->body);
    enum status status = store_outcome(call, recording_id, state);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    if (db_changes(call->db) == 0) {
        call->reply = json_pack("{s:s}", "recording_id",
                                recording_id); /* told twice: the first time counts */
        return;
    }
    const char *sha256 = json_string_value(json_object_get(call->body, "sha256"));
    const char *reason = json_string_value(json_object_get(call->body, "reason"));
    json_t *detail =
        json_pack("{s:s, s:s, s:s*}", "recording", recording_id, "state", state, "sha256", sha256);
    struct consult_change change = {.event = CONSULT_EVENT_RECORD,
                                    .actor = CONSULT_ACTOR_SYSTEM,
                                    .audit_action = "recording.complete",
                                    .detail = detail};
    if (reason != NULL && detail != NULL) {
        json_object_set_new(detail, "reason", json_string(reason));
    }
    if (consult_change(call, row, &change)) {
        consult_effect_count(call, "consult_recordings_total", state);
        call->reply = json_pack("{s:s}", "recording_id", recording_id);
    }
    json_decref(detail);
}

/* The consultation that a recording is of. False: answered. */
static bool consultation_of(struct api_call *call, const char *recording_id, char out[33])
{
    enum status status =
        db_one_text(call->db, out, 33, "SELECT consultation_id FROM recording WHERE id = $1", "s",
                    recording_id);
    if (status == STATUS_NONE) {
        return api_problem(call, 404, "recording.unknown", "没有该录像。",
                           "There is no such recording.", NULL);
    }
    return status == STATUS_OK || api_store_failed(call, status);
}

void consult_session_recording_stopped(struct api_call *call)
{
    const char *recording_id;
    const char *reason = json_string_value(json_object_get(call->body, "reason"));
    char consultation[33];
    struct consult_row row;
    if (!body_id(call, "recording_id", true, &recording_id) ||
        !consultation_of(call, recording_id, consultation) || !load(call, consultation, &row)) {
        return;
    }
    struct running part;
    enum status status = find_running(call->db, row.id, &part);
    if (status == STATUS_OK && strcmp(part.id, recording_id) == 0) {
        status = consult_recording_stop(call, &row, reason == NULL ? "technical" : reason);
        consult_effect_count(call, "consult_recordings_total", "stopped");
    }
    if (status == STATUS_OK || status == STATUS_NONE) {
        call->reply = json_pack("{s:s}", "recording_id", recording_id);
    } else {
        (void)api_store_failed(call, status);
    }
    consult_row_clear(&row);
}

void consult_session_recording_complete(struct api_call *call)
{
    const char *recording_id;
    const char *file = json_string_value(json_object_get(call->body, "file"));
    char consultation[33];
    struct consult_row row;
    if (!body_id(call, "recording_id", true, &recording_id)) {
        return;
    }
    if (file != NULL && !safe_file(file)) {
        (void)api_problem(call, 422, "field.invalid", "文件名无效。",
                          "Not a file name of the recorder.", "/file");
        return;
    }
    if (consultation_of(call, recording_id, consultation) && load(call, consultation, &row)) {
        completed(call, &row, recording_id);
        consult_row_clear(&row);
    }
}
