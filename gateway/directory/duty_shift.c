#include "gateway/directory/duty_shift.h"

#include "gateway/directory/duty_tell.h"
#include "gateway/partnership/rules_load.h"

#include <stdio.h>
#include <string.h>

#define CODE_CHARS_MAX 64 /* of a specialty */

bool duty_shift_kind(const char *word)
{
    return strcmp(word, "duty") == 0 || strcmp(word, "on-call") == 0 ||
           strcmp(word, "bookable") == 0;
}

enum status duty_shift_overlap(struct db *db, const struct duty_shift *shift, char out_id[33])
{
    return db_one_text(db, out_id, 33,
                       "SELECT id FROM duty_shift WHERE account_id=$1 AND kind=$2 AND until_ms > $3"
                       " AND from_ms < $4 ORDER BY from_ms, id LIMIT 1",
                       "ssii", shift->account_id, shift->kind, shift->from_ms, shift->until_ms);
}

enum status duty_shift_add(struct db *db, const struct duty_shift *shift, int64_t now_ms,
                           char out_id[33])
{
    char id[33];
    api_new_id(id);
    enum status status =
        db_run(db,
               "INSERT INTO duty_shift (id, account_id, kind, specialty, partnership_id, from_ms,"
               " until_ms, created_by, created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
               "sssssiisi", id, shift->account_id, shift->kind, shift->specialty,
               shift->partnership_id, shift->from_ms, shift->until_ms, shift->created_by, now_ms);
    if (status == STATUS_OK) {
        memcpy(out_id, id, sizeof id);
    }
    return status;
}

/* ---- who may ---- */

/* A coordinator of the person's institution all of it; a specialist the own bookable times. */
bool duty_may_plan(const struct api_actor *actor, const char *account_id,
                   const char *organisation_id, const char *kind)
{
    if ((actor->roles & ROLE_COORDINATOR) != 0 &&
        strcmp(actor->organisation_id, organisation_id) == 0) {
        return true;
    }
    return (actor->roles & ROLE_SPECIALIST) != 0 && strcmp(kind, "bookable") == 0 &&
           strcmp(actor->account_id, account_id) == 0;
}

static bool refuse_planner(struct api_call *call)
{
    return api_problem(call, 403, "shift.not-yours",
                       "排班由本院协调员安排，专家只能安排自己的可预约时段。",
                       "A coordinator of the institution plans the roster; a specialist publishes "
                       "the own bookable times.",
                       NULL);
}

/* ---- the object ---- */

json_t *duty_shift_json(const struct api_call *call, struct db_query *q)
{
    json_t *partnership = db_is_null(q, 6)
                              ? json_null()
                              : json_pack("{ss, ss, ss}", "id", db_text(q, 6), "name_zh",
                                          db_text(q, 7), "name_en", db_text(q, 8));
    bool may = duty_may_plan(call->actor, db_text(q, 1), db_text(q, 11), db_text(q, 4));
    return json_pack("{ss, ss, ss, ss, ss, so, so, sI, sI, sb}", "id", db_text(q, 0), "account",
                     db_text(q, 1), "name_zh", db_text(q, 2), "name_en", db_text(q, 3), "kind",
                     db_text(q, 4), "specialty",
                     db_is_null(q, 5) ? json_null() : json_string(db_text(q, 5)), "partnership",
                     partnership, "from_ms", (json_int_t)db_int(q, 9), "until_ms",
                     (json_int_t)db_int(q, 10), "may_remove", (int)may);
}

enum status duty_shifts_of(struct api_call *call, const char *account_id, int64_t from_ms,
                           int64_t until_ms, json_t **out_shifts)
{
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(&q, call->db,
                   DUTY_SHIFT_SELECT "WHERE s.account_id=$1 AND s.until_ms > $2 AND s.from_ms < $3"
                                     " ORDER BY s.from_ms, s.id");
    db_bind_text(&q, account_id);
    db_bind_int(&q, from_ms);
    db_bind_int(&q, until_ms);
    while (db_next(&q)) {
        (void)json_array_append_new(list, duty_shift_json(call, &q));
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        json_decref(list);
        return status;
    }
    *out_shifts = list;
    return STATUS_OK;
}

static bool reply_one(struct api_call *call, const char *id)
{
    struct db_query q;
    db_begin_query(&q, call->db, DUTY_SHIFT_SELECT "WHERE s.id=$1");
    db_bind_text(&q, id);
    if (db_next(&q)) {
        call->reply = duty_shift_json(call, &q);
    }
    enum status status = db_end(&q);
    return status == STATUS_OK || api_store_failed(call, status);
}

/* ---- POST ---- */

static bool read_time(struct api_call *call, const char *name, int64_t *out_ms)
{
    char field[32];
    const json_t *value = json_object_get(call->body, name);
    (void)snprintf(field, sizeof field, "/%s", name);
    if (!json_is_integer(value)) {
        bool missing = value == NULL || json_is_null(value);
        return api_problem(call, 422, missing ? "field.required" : "field.type",
                           "时间必须是 UTC 毫秒数。", "The time is a number of UTC milliseconds.",
                           field);
    }
    *out_ms = json_integer_value(value);
    return true;
}

static bool check_times(struct api_call *call, const struct duty_shift *shift)
{
    if (shift->from_ms < call->now_ms - DUTY_SHIFT_LENGTH_MAX_MS ||
        shift->from_ms > call->now_ms + DUTY_SHIFT_AHEAD_MAX_MS) {
        return api_problem(call, 422, "field.invalid", "开始时间过早或过晚。",
                           "The begin lies too far away.", "/from_ms");
    }
    if (shift->until_ms <= shift->from_ms || shift->until_ms <= call->now_ms ||
        shift->until_ms - shift->from_ms > DUTY_SHIFT_LENGTH_MAX_MS) {
        return api_problem(
            call, 422, "field.invalid", "结束时间必须晚于开始时间和当前时间，班次最长 31 天。",
            "The end lies after the begin and after now; 31 days at most.", "/until_ms");
    }
    return true;
}

static bool read_shift(struct api_call *call, struct duty_shift *shift)
{
    bool ok = true;
    shift->account_id = api_body_text(call, "account", true, 32, &ok);
    shift->kind = ok ? api_body_text(call, "kind", true, 16, &ok) : NULL;
    shift->specialty = ok ? api_body_text(call, "specialty", false, CODE_CHARS_MAX, &ok) : NULL;
    shift->partnership_id = ok ? api_body_text(call, "partnership", false, 32, &ok) : NULL;
    if (!ok) {
        return false;
    }
    if (!duty_shift_kind(shift->kind)) {
        return api_problem(call, 422, "field.invalid", "班次类型必须是 duty、on-call 或 bookable。",
                           "The kind is duty, on-call or bookable.", "/kind");
    }
    return read_time(call, "from_ms", &shift->from_ms) &&
           read_time(call, "until_ms", &shift->until_ms) && check_times(call, shift);
}

/* The person that is planned for; out_organisation "" when there is no such specialist. */
static bool find_person(struct api_call *call, const struct duty_shift *shift,
                        char out_organisation[33])
{
    enum status status = db_one_text(
        call->db, out_organisation, 33,
        "SELECT p.organisation_id FROM account a JOIN practitioner p ON p.id = a.practitioner_id"
        " JOIN account_role r ON r.account_id = a.id AND r.role = 'specialist'"
        " WHERE a.id=$1 AND a.disabled = 0 AND p.active = 1",
        "s", shift->account_id);
    if (status == STATUS_NONE) {
        out_organisation[0] = '\0';
        return true;
    }
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool check_person(struct api_call *call, const struct duty_shift *shift,
                         char out_organisation[33])
{
    if (!find_person(call, shift, out_organisation)) {
        return false;
    }
    if (out_organisation[0] == '\0') {
        return api_problem(call, 422, "field.invalid", "没有这位专家。",
                           "There is no such specialist.", "/account");
    }
    return duty_may_plan(call->actor, shift->account_id, out_organisation, shift->kind) ||
           refuse_planner(call);
}

static bool check_specialty(struct api_call *call, const struct duty_shift *shift)
{
    int64_t found = 0;
    if (shift->specialty == NULL) {
        return true;
    }
    enum status status =
        db_one_int(call->db, &found,
                   "SELECT COUNT(*) FROM practitioner_specialty x JOIN account a"
                   " ON a.practitioner_id = x.practitioner_id WHERE a.id=$1 AND x.specialty=$2",
                   "ss", shift->account_id, shift->specialty);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return found > 0 || api_problem(call, 422, "field.invalid", "该专家没有这个专科。",
                                    "It is no specialty of that person.", "/specialty");
}

static bool check_partnership(struct api_call *call, const struct duty_shift *shift,
                              const char *organisation_id)
{
    int64_t found = 0;
    char today[11];
    if (shift->partnership_id == NULL) {
        return true;
    }
    rules_today(call->now_ms, today);
    enum status status = db_one_int(
        call->db, &found,
        "SELECT COUNT(*) FROM partnership_member m JOIN partnership g ON g.id = m.partnership_id"
        " WHERE g.id=$1 AND g.active = 1 AND m.organisation_id=$2"
        " AND (m.until IS NULL OR m.until >= $3)",
        "sss", shift->partnership_id, organisation_id, today);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return found > 0 ||
           api_problem(call, 422, "field.invalid", "该院不在这个医联体中。",
                       "The institution is no member of that partnership.", "/partnership");
}

static bool check_overlap(struct api_call *call, const struct duty_shift *shift)
{
    char other[33];
    enum status status = duty_shift_overlap(call->db, shift, other);
    if (status != STATUS_OK) {
        return status == STATUS_NONE || api_store_failed(call, status);
    }
    (void)api_problem(call, 409, "shift.overlap", "与该专家已有的同类班次时间重叠。",
                      "That person has a shift of the same kind at that time.", "/from_ms");
    (void)json_object_set_new(call->reply, "shift", json_string(other));
    return false;
}

static bool audit_shift(struct api_call *call, const char *action, const char *id,
                        const struct duty_shift *shift)
{
    return duty_audit(call, action, NULL,
                      json_pack("{ss, ss, ss, ss?, ss?, sI, sI}", "shift", id, "account",
                                shift->account_id, "kind", shift->kind, "specialty",
                                shift->specialty, "partnership", shift->partnership_id, "from_ms",
                                (json_int_t)shift->from_ms, "until_ms",
                                (json_int_t)shift->until_ms));
}

void duty_shift_post(struct api_call *call)
{
    struct duty_shift shift = {.created_by = call->actor->account_id};
    char organisation[33];
    char id[33];
    if (!read_shift(call, &shift) || !check_person(call, &shift, organisation) ||
        !check_specialty(call, &shift) || !check_partnership(call, &shift, organisation) ||
        !check_overlap(call, &shift)) {
        return;
    }
    enum status status = duty_shift_add(call->db, &shift, call->now_ms, id);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    duty_tell_changed(call, shift.account_id);
    if (audit_shift(call, "shift.add", id, &shift) && reply_one(call, id)) {
        call->status = 201;
    }
}

/* ---- DELETE ---- */

/* A row as it is removed, copied out of the query. */
struct old {
    struct duty_shift shift;
    char account[33], kind[16], specialty[CODE_CHARS_MAX + 1], partnership[33], organisation[33];
};

static bool load_old(struct api_call *call, const char *id, struct old *old)
{
    struct db_query q;
    db_begin_query(&q, call->db, DUTY_SHIFT_SELECT "WHERE s.id=$1");
    db_bind_text(&q, id);
    bool found = db_next(&q);
    if (found) {
        (void)snprintf(old->account, sizeof old->account, "%s", db_text(&q, 1));
        (void)snprintf(old->kind, sizeof old->kind, "%s", db_text(&q, 4));
        (void)snprintf(old->specialty, sizeof old->specialty, "%s", db_text(&q, 5));
        (void)snprintf(old->partnership, sizeof old->partnership, "%s", db_text(&q, 6));
        (void)snprintf(old->organisation, sizeof old->organisation, "%s", db_text(&q, 11));
        old->shift = (struct duty_shift){
            .account_id = old->account,
            .kind = old->kind,
            .specialty = old->specialty[0] != '\0' ? old->specialty : NULL,
            .partnership_id = old->partnership[0] != '\0' ? old->partnership : NULL,
            .from_ms = db_int(&q, 9),
            .until_ms = db_int(&q, 10)};
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return found || api_problem(call, 404, "shift.unknown", "没有这个班次。",
                                "There is no such shift.", NULL);
}

void duty_shift_delete(struct api_call *call)
{
    const char *id = call->params[0];
    struct old old;
    if (!load_old(call, api_id(id) ? id : "", &old)) {
        return;
    }
    if (strcmp(old.organisation, call->actor->organisation_id) != 0) {
        (void)api_problem(call, 404, "shift.unknown", "没有这个班次。", "There is no such shift.",
                          NULL);
        return;
    }
    if (!duty_may_plan(call->actor, old.account, old.organisation, old.kind)) {
        (void)refuse_planner(call);
        return;
    }
    enum status status = db_run(call->db, "DELETE FROM duty_shift WHERE id=$1", "s", id);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    duty_tell_changed(call, old.account);
    if (audit_shift(call, "shift.remove", id, &old.shift)) {
        call->status = 204;
    }
}
