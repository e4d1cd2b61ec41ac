#include "gateway/directory/duty_hand_over.h"

#include "gateway/directory/directory.h"
#include "gateway/directory/duty.h"
#include "gateway/directory/duty_switch.h"
#include "gateway/directory/duty_tell.h"

#include <stdio.h>
#include <string.h>

#define GIVERS_MAX 16 /* who may ask one colleague at the same time; the others stay until later   \
                       */

struct givers {
    char ids[GIVERS_MAX][33];
    size_t count;
};

/* First column of the query, which was begun and bound. */
static bool read_givers(struct api_call *call, struct db_query *q, struct givers *out_givers)
{
    out_givers->count = 0;
    while (out_givers->count < GIVERS_MAX && db_next(q)) {
        (void)snprintf(out_givers->ids[out_givers->count++], 33, "%s", db_text(q, 0));
    }
    enum status status = db_end(q);
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool find_givers(struct api_call *call, const char *to, struct givers *out_givers)
{
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT from_account_id FROM duty_hand_over WHERE to_account_id=$1"
                   " AND until_ms > $2 ORDER BY at_ms, from_account_id");
    db_bind_text(&q, to);
    db_bind_int(&q, call->now_ms);
    return read_givers(call, &q, out_givers);
}

bool duty_hand_over_drop(struct api_call *call, const char *account_id)
{
    enum status status =
        db_run(call->db, "DELETE FROM duty_hand_over WHERE from_account_id=$1", "s", account_id);
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool audit_to(struct api_call *call, const char *reason, const char *from, const char *to)
{
    return duty_audit(call, "duty.hand-over", reason,
                      json_pack("{ss, ss}", "from", from, "to", to));
}

bool duty_hand_over_take(struct api_call *call, const char *account_id)
{
    struct givers givers;
    if (!find_givers(call, account_id, &givers)) {
        return false;
    }
    for (size_t i = 0; i < givers.count; i++) {
        if (!audit_to(call, "taken", givers.ids[i], account_id) ||
            !duty_end(call, givers.ids[i], "hand-over")) {
            return false;
        }
        duty_tell_hand_over(call, givers.ids[i], "taken", account_id);
    }
    return true;
}

bool duty_hand_over_decline(struct api_call *call, const char *account_id)
{
    struct givers givers;
    if (!find_givers(call, account_id, &givers)) {
        return false;
    }
    for (size_t i = 0; i < givers.count; i++) {
        if (!duty_hand_over_drop(call, givers.ids[i]) ||
            !audit_to(call, "declined", givers.ids[i], account_id)) {
            return false;
        }
        duty_tell_hand_over(call, givers.ids[i], "declined", account_id);
    }
    return true;
}

bool duty_hand_over_lapse(struct api_call *call)
{
    struct givers givers;
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT from_account_id FROM duty_hand_over WHERE until_ms <= $1"
                   " ORDER BY until_ms, from_account_id");
    db_bind_int(&q, call->now_ms);
    if (!read_givers(call, &q, &givers)) {
        return false;
    }
    for (size_t i = 0; i < givers.count; i++) {
        char to[33] = "";
        enum status status =
            db_one_text(call->db, to, sizeof to,
                        "SELECT to_account_id FROM duty_hand_over WHERE from_account_id=$1", "s",
                        givers.ids[i]);
        if (status != STATUS_OK) {
            return api_store_failed(call, status);
        }
        if (!duty_hand_over_drop(call, givers.ids[i]) ||
            !audit_to(call, "lapsed", givers.ids[i], to)) {
            return false;
        }
        duty_tell_hand_over(call, givers.ids[i], "lapsed", to);
    }
    return true;
}

/* ---- POST /duty/hand-over ---- */

/* A colleague: enabled specialist of the same institution, another person, a specialty in common.
 */
static bool check_colleague(struct api_call *call, const char *to)
{
    int64_t found = 0;
    enum status status =
        db_one_int(call->db, &found,
                   "SELECT COUNT(*) FROM account a JOIN practitioner p ON p.id = a.practitioner_id"
                   " JOIN account_role r ON r.account_id = a.id AND r.role = 'specialist'"
                   " WHERE a.id=$1 AND a.id <> $2 AND a.disabled = 0 AND p.active = 1"
                   " AND p.organisation_id=$3 AND EXISTS (SELECT 1 FROM practitioner_specialty x"
                   " JOIN practitioner_specialty y ON y.specialty = x.specialty"
                   " WHERE x.practitioner_id = p.id AND y.practitioner_id=$4)",
                   "ssss", to, call->actor->account_id, call->actor->organisation_id,
                   call->actor->practitioner_id);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return found > 0 || api_problem(call, 422, "duty.no-colleague", "只能交班给本院同专科的专家。",
                                    "Duty is handed to a specialist of the same institution and "
                                    "specialty.",
                                    "/to");
}

static bool on_call_now(struct api_call *call, const char *account_id, bool *out_on_call)
{
    int64_t found = 0;
    enum status status = db_one_int(call->db, &found,
                                    "SELECT COUNT(*) FROM duty_shift WHERE account_id=$1"
                                    " AND kind = 'on-call' AND until_ms > $2 AND from_ms <= $3",
                                    "sii", account_id, call->now_ms, call->now_ms);
    *out_on_call = found > 0;
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool give(struct api_call *call, const char *to)
{
    const char *from = call->actor->account_id;
    duty_tell_hand_over(call, to, "done", from);
    return audit_to(call, "done", from, to) && duty_end(call, from, "hand-over");
}

/* A second request takes the place of the first. */
static bool ask(struct api_call *call, const char *to)
{
    const char *from = call->actor->account_id;
    enum status status =
        db_run(call->db,
               "INSERT INTO duty_hand_over (from_account_id, to_account_id, at_ms, until_ms) VALUES"
               " ($1, $2, $3, $4) ON CONFLICT (from_account_id) DO UPDATE SET to_account_id ="
               " excluded.to_account_id, at_ms = excluded.at_ms, until_ms = excluded.until_ms",
               "ssii", from, to, call->now_ms, call->now_ms + DUTY_HAND_OVER_MS);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    duty_tell_hand_over(call, to, "asked", from);
    duty_tell_changed(call, from);
    return audit_to(call, "asked", from, to);
}

static bool hand_over(struct api_call *call, const char *to)
{
    struct duty_state own;
    struct duty_state other;
    bool on_call = false;
    enum status status = duty_state_load(call->db, call->actor->account_id, call->now_ms, &own);
    if (status == STATUS_OK) {
        status = duty_state_load(call->db, to, call->now_ms, &other);
    }
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (!own.on_duty) {
        return api_problem(call, 409, "duty.off", "您未值班。", "You are not on duty.", NULL);
    }
    if (duty_state_rings(&other)) {
        return give(call, to);
    }
    if (!on_call_now(call, to, &on_call)) {
        return false;
    }
    if (!on_call || other.on_duty) {
        return api_problem(
            call, 409, "duty.colleague-away", "该专家既不在岗也不在备班，或正在暂停。",
            "That colleague is neither on duty nor on call, or is on a pause.", "/to");
    }
    return ask(call, to);
}

void duty_hand_over(struct api_call *call)
{
    bool ok = true;
    const char *to = api_body_text(call, "to", true, 32, &ok);
    if (!ok) {
        return;
    }
    if (!api_id(to)) {
        (void)api_problem(call, 422, "field.invalid", "账号标识无效。", "That is no account.",
                          "/to");
        return;
    }
    if (check_colleague(call, to) && hand_over(call, to)) {
        (void)duty_reply(call);
    }
}

/* ---- the objects ---- */

static json_t *request_json(struct db *db, struct db_query *q)
{
    return json_pack("{so, sI, sI}", "person", directory_person_json(db, db_text(q, 0)), "at_ms",
                     (json_int_t)db_int(q, 1), "until_ms", (json_int_t)db_int(q, 2));
}

enum status duty_hand_over_json(struct api_call *call, const char *account_id, json_t **out_own,
                                json_t **out_asked)
{
    json_t *own = NULL;
    json_t *asked = json_array();
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT CASE WHEN from_account_id=$1 THEN to_account_id ELSE from_account_id"
                   " END, at_ms, until_ms, from_account_id FROM duty_hand_over WHERE until_ms > $2"
                   " AND (from_account_id=$3 OR to_account_id=$4) ORDER BY at_ms, from_account_id");
    db_bind_text(&q, account_id);
    db_bind_int(&q, call->now_ms);
    db_bind_text(&q, account_id);
    db_bind_text(&q, account_id);
    while (db_next(&q)) {
        json_t *request = request_json(call->db, &q);
        if (strcmp(db_text(&q, 3), account_id) == 0) {
            json_decref(own);
            own = request;
        } else {
            (void)json_array_append_new(asked, request);
        }
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        json_decref(own);
        json_decref(asked);
        return status;
    }
    *out_own = own != NULL ? own : json_null();
    *out_asked = asked;
    return STATUS_OK;
}
