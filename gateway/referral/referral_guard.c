#include "gateway/referral/referral_guard.h"

#include "gateway/consult/consult_fields.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/referral/referral_fields.h"
#include "gateway/referral/referral_rules.h"
#include "proto/base/check.h"

#include <stdio.h>
#include <string.h>

#define HOUR_MS 3600000LL
#define AHEAD_MAX_MS (366 * 24 * HOUR_MS)

static bool guard_fields(struct api_call *call, struct referral_row *row,
                         const struct referral_change *change)
{
    (void)change;
    return referral_fields_complete(call, row);
}

static bool guard_consent(struct api_call *call, struct referral_row *row,
                          const struct referral_change *change)
{
    (void)change;
    return referral_fields_consented(call, row);
}

static bool guard_rules(struct api_call *call, struct referral_row *row,
                        const struct referral_change *change)
{
    char today[11], specialty[64];
    struct rules_world *world = NULL;
    struct rules_answer answer;
    struct rules_sentence say;
    (void)change;
    rules_today(call->now_ms, today);
    enum status status = referral_specialty(call->db, row, specialty);
    status = status == STATUS_OK ? rules_load(call->db, row->from_organisation_id, &world) : status;
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    const struct referral_question question = {.from = row->from_organisation_id,
                                               .to = row->to_organisation_id,
                                               .direction = row->direction,
                                               .specialty = specialty,
                                               .urgent = row->urgent,
                                               .back = row->based_on[0] != '\0',
                                               .date = today};
    bool allowed = referral_allowed(world, &question, &answer);
    if (allowed) {
        const struct rules_route *route = &answer.routes[0];
        (void)snprintf(row->partnership_id, sizeof row->partnership_id, "%s",
                       route->partnership->id);
        (void)snprintf(row->agreement_id, sizeof row->agreement_id, "%s", route->agreement->id);
        row->agreement_version = route->agreement->version;
    }
    rules_say_answer(&answer, &say); /* while the world is there */
    rules_world_free(world);
    return allowed || api_problem(call, 403, rules_code(answer.refusal), say.zh, say.en, NULL);
}

static bool needed(struct api_call *call, const char *pointer, const char *zh, const char *en)
{
    return api_problem(call, 422, "field.required", zh, en, pointer);
}

static bool guard_reason(struct api_call *call, struct referral_row *row,
                         const struct referral_change *change)
{
    (void)row;
    return change->reason_code != NULL ||
           needed(call, "/reason_code", "须选择原因 (reason_code)。", "A reason_code is needed.");
}

static bool guard_text(struct api_call *call, struct referral_row *row,
                       const struct referral_change *change)
{
    (void)row;
    return !consult_text_blank(change->reason_text) ||
           needed(call, "/reason_text", "须写明理由 (reason_text)。", "A reason_text is needed.");
}

/* Department of the receiving institution into the row; what stands there is kept when the body
 * names none. */
static bool read_department(struct api_call *call, struct referral_row *row, const json_t *body)
{
    const json_t *value = json_object_get(body, "department");
    const char *code = json_string_value(value);
    int64_t count = 0;
    if (value == NULL && row->department[0] != '\0') {
        return true;
    }
    if (code == NULL || code[0] == '\0') {
        return needed(call, "/department", "须选择接收科室。",
                      "The receiving department is needed.");
    }
    enum status status = db_one_int(
        call->db, &count,
        "SELECT COUNT(*) FROM department WHERE organisation_id = $1 AND code = $2 AND active = 1",
        "ss", row->to_organisation_id, code);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (count == 0) {
        return referral_field_wrong(call, "", "department", "本机构没有此科室。",
                                    "Your institution has no such department.");
    }
    (void)snprintf(row->department, sizeof row->department, "%s", code);
    return true;
}

/* `place` of the body (null: none) into the row, and when it can be used. */
static bool read_place(struct api_call *call, struct referral_row *row, const json_t *body,
                       int64_t *out_from_ms, int64_t *out_until_ms)
{
    const json_t *value = json_object_get(body, "place");
    const char *id = json_string_value(value);
    struct db_query q;
    if (value != NULL) {
        (void)snprintf(row->place_id, sizeof row->place_id, "%s", id == NULL ? "" : id);
    }
    if (value != NULL && !json_is_null(value) && !api_id(id)) {
        return referral_field_wrong(call, "", "place", "床位/号源无效。", "No such place.");
    }
    *out_from_ms = *out_until_ms = 0;
    if (row->place_id[0] == '\0') {
        return true;
    }
    db_begin_query(&q, call->db,
                   "SELECT from_ms, until_ms FROM place WHERE id = $1 AND organisation_id = $2 AND "
                   "department = $3");
    db_bind_text(&q, row->place_id);
    db_bind_text(&q, row->to_organisation_id);
    db_bind_text(&q, row->department);
    bool found = db_next(&q);
    *out_from_ms = found ? db_int(&q, 0) : 0;
    *out_until_ms = found ? db_int(&q, 1) : 0;
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (!found && value == NULL) {
        row->place_id[0] = '\0'; /* it was held in a department that is not the one now */
        return true;
    }
    return found || referral_field_wrong(call, "", "place", "该科室没有此床位/号源。",
                                         "The department has no such place.");
}

static bool guard_appointment(struct api_call *call, struct referral_row *row,
                              const struct referral_change *change)
{
    int64_t from_ms = 0, until_ms = 0;
    const json_t *at = json_object_get(change->body, "at_ms");
    if (!read_department(call, row, change->body) ||
        !read_place(call, row, change->body, &from_ms, &until_ms)) {
        return false;
    }
    if (at == NULL && until_ms == 0) {
        return needed(call, "/at_ms", "须给出患者到院时间。",
                      "The time at which the patient is expected is needed.");
    }
    if (at != NULL && !json_is_integer(at)) {
        return referral_field_wrong(call, "", "at_ms", "到院时间无效。", "Not a time.");
    }
    int64_t when = at != NULL               ? json_integer_value(at)
                   : from_ms > call->now_ms ? from_ms
                                            : call->now_ms;
    bool fits = until_ms == 0 || (when >= from_ms && when < until_ms);
    if (!fits || when < call->now_ms - HOUR_MS || when > call->now_ms + AHEAD_MAX_MS) {
        return referral_field_wrong(call, "", "at_ms",
                                    "到院时间须在现在之后，且在床位/号源时段内。",
                                    "The time must lie ahead, and within that of the place.");
    }
    row->appointment_ms = when;
    return true;
}

static bool guard_department(struct api_call *call, struct referral_row *row,
                             const struct referral_change *change)
{
    char before[sizeof row->department];
    (void)snprintf(before, sizeof before, "%s", row->department);
    row->department[0] = '\0';
    if (!read_department(call, row, change->body)) {
        return false;
    }
    return strcmp(before, row->department) != 0 ||
           referral_field_wrong(call, "", "department", "须选择另一个科室。",
                                "Another department must be named.");
}

static bool guard_answer(struct api_call *call, struct referral_row *row,
                         const struct referral_change *change)
{
    json_t *answer = referral_fields_answer(call, change->body);
    json_decref(row->answer);
    row->answer = answer;
    return answer != NULL;
}

static bool guard_unread(struct api_call *call, struct referral_row *row,
                         const struct referral_change *change)
{
    (void)change;
    return row->acknowledged_ms == 0 ||
           api_problem(call, 409, referral_refusal_code(REFERRAL_TOO_LATE),
                       referral_refusal_zh(REFERRAL_TOO_LATE),
                       referral_refusal_en(REFERRAL_TOO_LATE), NULL);
}

typedef bool (*guard_fn)(struct api_call *call, struct referral_row *row,
                         const struct referral_change *change);
static const guard_fn guards_by_id[REFERRAL_GUARD_COUNT] = {
    [REFERRAL_GUARD_FIELDS] = guard_fields,
    [REFERRAL_GUARD_CONSENT] = guard_consent,
    [REFERRAL_GUARD_RULES] = guard_rules,
    [REFERRAL_GUARD_REASON] = guard_reason,
    [REFERRAL_GUARD_TEXT] = guard_text,
    [REFERRAL_GUARD_APPOINTMENT] = guard_appointment,
    [REFERRAL_GUARD_DEPARTMENT] = guard_department,
    [REFERRAL_GUARD_ANSWER] = guard_answer,
    [REFERRAL_GUARD_UNREAD] = guard_unread,
};

bool referral_guards_hold(struct api_call *call, struct referral_row *row,
                          const struct referral_change *change, unsigned guards)
{
    for (unsigned i = 0; i < REFERRAL_GUARD_COUNT; i++) {
        if ((guards & (1u << i)) != 0) {
            CHECK(guards_by_id[i] != NULL);
            if (!guards_by_id[i](call, row, change)) {
                return false;
            }
        }
    }
    return true;
}
