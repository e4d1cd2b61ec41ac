#include "gateway/referral/referral_place.h"

#include "gateway/records/audit.h"
#include "gateway/referral/referral_fields.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS 86400000LL
#define AHEAD_MAX_MS (3660 * DAY_MS) /* a bed is kept for years, not for ever */
#define CODE_CHARS_MAX 40
#define LIST_MAX 500

static bool taken(struct api_call *call)
{
    return api_problem(call, 409, "place.taken", "该床位/号源刚被占用，请另选。",
                       "Somebody else has taken this place just now; choose another.", "/place");
}

bool referral_place_hold(struct api_call *call, const struct referral_row *row, bool reserved)
{
    int64_t count = 0;
    enum status status = db_one_int(
        call->db, &count,
        "SELECT COUNT(*) FROM place WHERE id = $1 AND organisation_id = $2 AND department = $3 AND "
        "until_ms > $4 AND reserved_for_referred >= $5",
        "sssii", row->place_id, row->to_organisation_id, row->department, call->now_ms,
        (int64_t)(reserved ? 1 : 0));
    if (status == STATUS_OK && count == 0) {
        return referral_field_wrong(call, "", "place", "该科室没有此床位/号源，或其已过期。",
                                    "The department has no such place, or it is over.");
    }
    if (status == STATUS_OK) {
        status = db_run(call->db,
                        "UPDATE place SET state = 'held', referral_id = $1, version = version + 1 "
                        "WHERE id = $2 AND (state = 'free' OR referral_id = $3)",
                        "sss", row->id, row->place_id, row->id);
    }
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return db_changes(call->db) == 1 || taken(call);
}

enum status referral_place_take(struct db *db, const struct referral_row *row)
{
    enum status status = db_run(db,
                                "UPDATE place SET state = 'taken', version = version + 1 WHERE id "
                                "= $1 AND referral_id = $2 AND state = 'held'",
                                "ss", row->place_id, row->id);
    return status == STATUS_OK && db_changes(db) != 1 ? STATUS_CONFLICT : status;
}

enum status referral_place_free(struct db *db, const struct referral_row *row)
{
    return db_run(db,
                  "UPDATE place SET state = 'free', referral_id = NULL, version = version + 1 "
                  "WHERE referral_id = $1",
                  "s", row->id);
}

#define PLACE_COLUMNS                                                                              \
    "SELECT id, code, kind, from_ms, until_ms, reserved_for_referred, state, department FROM "     \
    "place "

static json_t *place_row(struct db_query *q)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:s, s:s}", "id", db_text(q, 0), "code",
                     db_text(q, 1), "kind", db_text(q, 2), "from_ms", (json_int_t)db_int(q, 3),
                     "until_ms", (json_int_t)db_int(q, 4), "reserved", db_int(q, 5) != 0, "state",
                     db_text(q, 6), "department", db_text(q, 7));
}

json_t *referral_place_json(struct db *db, const char *place_id)
{
    struct db_query q;
    db_begin_query(&q, db, PLACE_COLUMNS "WHERE id = $1");
    db_bind_text(&q, place_id);
    json_t *place = db_next(&q) ? place_row(&q) : NULL;
    if (db_end(&q) != STATUS_OK) {
        json_decref(place);
        return NULL;
    }
    return place;
}

/* The own institution sees all of its places; members of a partnership with it those that are free
 * for referred patients. */
void referral_places_get(struct api_call *call)
{
    const char *organisation = api_query(call, "organisation");
    const char *department = api_query(call, "department");
    bool own = organisation == NULL || strcmp(organisation, call->actor->organisation_id) == 0;
    struct db_query q;
    json_t *list = json_array();
    if (own) {
        db_begin_query(&q, call->db,
                       PLACE_COLUMNS "WHERE organisation_id = $1 AND department = COALESCE($2, "
                                     "department) AND until_ms > $3 ORDER BY department, from_ms, "
                                     "code LIMIT 500");
    } else {
        db_begin_query(&q, call->db,
                       PLACE_COLUMNS
                       "WHERE organisation_id = $1 AND department = COALESCE($2, department) AND "
                       "until_ms > $3 AND state = 'free' AND reserved_for_referred = 1 AND EXISTS "
                       "(SELECT 1 FROM partnership_member a JOIN partnership_member b ON "
                       "b.partnership_id = a.partnership_id WHERE a.organisation_id = $4 AND "
                       "b.organisation_id = place.organisation_id) ORDER BY department, from_ms, "
                       "code LIMIT 500");
    }
    db_bind_text(&q, own ? call->actor->organisation_id : organisation);
    db_bind_text(&q, department);
    db_bind_int(&q, call->now_ms);
    if (!own) {
        db_bind_text(&q, call->actor->organisation_id);
    }
    while (db_next(&q)) {
        json_array_append_new(list, place_row(&q));
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        json_decref(list);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply = json_pack("{s:o}", "places", list);
}

/* ---- POST /places ---- */

struct wanted {
    const char *department, *code, *kind;
    int64_t from_ms, until_ms;
    bool reserved;
};

static bool read_times(struct api_call *call, struct wanted *w)
{
    const json_t *from = json_object_get(call->body, "from_ms");
    const json_t *until = json_object_get(call->body, "until_ms");
    const json_t *reserved = json_object_get(call->body, "reserved");
    w->from_ms = json_is_integer(from) ? json_integer_value(from) : 0;
    w->until_ms = json_is_integer(until) ? json_integer_value(until) : 0;
    w->reserved = reserved == NULL || json_is_true(reserved);
    if (reserved != NULL && !json_is_boolean(reserved)) {
        return referral_field_wrong(call, "", "reserved", "应为 true 或 false。",
                                    "Must be true or false.");
    }
    if (w->from_ms <= 0) {
        return referral_field_wrong(call, "", "from_ms", "须给出开始时间。",
                                    "The time of its beginning is needed.");
    }
    if (w->until_ms <= w->from_ms || w->until_ms <= call->now_ms ||
        w->until_ms > call->now_ms + AHEAD_MAX_MS) {
        return referral_field_wrong(call, "", "until_ms", "结束时间须晚于开始时间和现在。",
                                    "It must end after its beginning and after now.");
    }
    return true;
}

static bool read_wanted(struct api_call *call, struct wanted *w)
{
    bool ok = true;
    w->department = api_body_text(call, "department", true, 64, &ok);
    w->code = ok ? api_body_text(call, "code", true, CODE_CHARS_MAX, &ok) : NULL;
    w->kind = ok ? api_body_text(call, "kind", true, 16, &ok) : NULL;
    if (!ok) {
        return false;
    }
    if (strcmp(w->kind, "bed") != 0 && strcmp(w->kind, "clinic") != 0) {
        return referral_field_wrong(call, "", "kind", "应为 bed 或 clinic。",
                                    "Must be bed or clinic.");
    }
    return read_times(call, w);
}

static bool department_exists(struct api_call *call, const char *code)
{
    int64_t count = 0;
    enum status status = db_one_int(
        call->db, &count,
        "SELECT COUNT(*) FROM department WHERE organisation_id = $1 AND code = $2 AND active = 1",
        "ss", call->actor->organisation_id, code);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return count > 0 || referral_field_wrong(call, "", "department", "本机构没有此科室。",
                                             "Your institution has no such department.");
}

static bool note(struct api_call *call, const char *action, const char *id)
{
    json_t *detail = json_pack("{s:s}", "place", id);
    enum status status =
        audit_append(call->db, &(struct audit_entry){.at_ms = call->now_ms,
                                                     .actor_id = call->actor->account_id,
                                                     .action = action,
                                                     .detail = detail});
    json_decref(detail);
    return status == STATUS_OK || api_store_failed(call, status);
}

void referral_place_post(struct api_call *call)
{
    struct wanted w = {NULL, NULL, NULL, 0, 0, false};
    char id[33];
    if (!read_wanted(call, &w) || !department_exists(call, w.department)) {
        return;
    }
    api_new_id(id);
    enum status status =
        db_run(call->db,
               "INSERT INTO place (id, organisation_id, department, code, kind, from_ms, until_ms, "
               "reserved_for_referred, state, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, "
               "'free', 1)",
               "sssssiii", id, call->actor->organisation_id, w.department, w.code, w.kind,
               w.from_ms, w.until_ms, (int64_t)(w.reserved ? 1 : 0));
    if (status == STATUS_CONFLICT) {
        (void)api_problem(call, 409, "place.exists", "该科室已有同名床位/号源。",
                          "The department has a place of that name already.", "/code");
    } else if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
    } else if (note(call, "place.add", id)) {
        call->reply = referral_place_json(call->db, id);
        call->status = 201;
    }
}

void referral_place_delete(struct api_call *call)
{
    char state[16] = "";
    const char *id = call->params[0];
    enum status status = STATUS_NONE;
    if (id != NULL && api_id(id)) {
        status = db_one_text(call->db, state, sizeof state,
                             "SELECT state FROM place WHERE id = $1 AND organisation_id = $2", "ss",
                             id, call->actor->organisation_id);
    }
    if (status == STATUS_NONE) {
        (void)api_problem(call, 404, "place.unknown", "没有该床位/号源，或不属于本机构。",
                          "There is no such place, or it is not your institution's.", NULL);
        return;
    }
    if (status == STATUS_OK && strcmp(state, "free") != 0) {
        (void)api_problem(call, 409, "place.in-use", "该床位/号源正被转诊占用。",
                          "A referral holds this place.", NULL);
        return;
    }
    status = status == STATUS_OK
                 ? db_run(call->db, "DELETE FROM place WHERE id = $1 AND state = 'free'", "s", id)
                 : status;
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
    } else if (note(call, "place.remove", id)) {
        call->status = 204;
    }
}
