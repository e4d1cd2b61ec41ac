#include "gateway/directory/duty_roster.h"

#include "gateway/directory/directory.h"
#include "gateway/directory/duty.h"
#include "gateway/directory/duty_shift.h"
#include "gateway/partnership/rules_load.h"

#include <stdlib.h>
#include <string.h>

#define DAYS_DEFAULT 7
#define SPECIALTY_LEN_MAX 64

/* The institutions that are shown; bound by bind_scope(), in this order. */
#define SCOPE(organisation)                                                                        \
    "(" organisation " = $1 OR (1 = $2 AND EXISTS (SELECT 1 FROM partnership_member m"             \
    " JOIN partnership g2 ON g2.id = m.partnership_id AND g2.active = 1"                           \
    " AND g2.lead_organisation_id = $3 WHERE m.organisation_id = " organisation                    \
    " AND m.since <= $4 AND (m.until IS NULL OR m.until >= $5))))"
/* $6 NULL: every specialty. */
#define ON_SPECIALTY(practitioner)                                                                 \
    "EXISTS (SELECT 1 FROM practitioner_specialty y WHERE y.practitioner_id = " practitioner       \
    " AND y.specialty = COALESCE($6, y.specialty))"

struct scope {
    const char *own;
    int64_t wide;
    char today[11];
    const char *specialty; /* NULL: all */
    int64_t from_ms, until_ms;
};

static void bind_scope(struct db_query *q, const struct scope *scope)
{
    db_bind_text(q, scope->own);
    db_bind_int(q, scope->wide);
    db_bind_text(q, scope->own);
    db_bind_text(q, scope->today);
    db_bind_text(q, scope->today);
    db_bind_text(q, scope->specialty);
}

/* ---- the question ---- */

static bool read_number(const char *text, int64_t min, int64_t max, int64_t *out_value)
{
    size_t len = strlen(text);
    if (len == 0 || len > 15 || strspn(text, "0123456789") != len) {
        return false;
    }
    *out_value = strtoll(text, NULL, 10);
    return *out_value >= min && *out_value <= max;
}

static bool read_scope(struct api_call *call, struct scope *scope)
{
    const char *from = api_query(call, "from");
    const char *days = api_query(call, "days");
    int64_t count = DAYS_DEFAULT;
    *scope = (struct scope){.own = call->actor->organisation_id,
                            .wide = (call->actor->roles & (ROLE_COORDINATOR | ROLE_MANAGER)) != 0,
                            .specialty = api_query(call, "specialty"),
                            .from_ms = duty_day_start(call->now_ms)};
    rules_today(call->now_ms, scope->today);
    if (from != NULL && !read_number(from, 0, INT64_C(253402300799000), &scope->from_ms)) {
        return api_problem(call, 422, "field.invalid", "开始时间必须是 UTC 毫秒数。",
                           "The begin is a number of UTC milliseconds.", "/from");
    }
    if (days != NULL && !read_number(days, 1, DUTY_ROSTER_DAYS_MAX, &count)) {
        return api_problem(call, 422, "field.invalid", "天数为 1 至 31。",
                           "The number of days is 1 to 31.", "/days");
    }
    if (scope->specialty != NULL && (strlen(scope->specialty) > SPECIALTY_LEN_MAX ||
                                     !directory_specialty_exists(call->db, scope->specialty))) {
        return api_problem(call, 422, "field.invalid", "没有这个专科。",
                           "There is no such specialty.", "/specialty");
    }
    scope->until_ms = scope->from_ms + count * DUTY_DAY_MS;
    return true;
}

/* ---- people ---- */

static json_t *may_add(const struct api_actor *actor, const char *account_id,
                       const char *organisation_id)
{
    static const char *const kinds[] = {"duty", "on-call", "bookable"};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (duty_may_plan(actor, account_id, organisation_id, kinds[i])) {
            (void)json_array_append_new(list, json_string(kinds[i]));
        }
    }
    return list;
}

static json_t *or_null(bool there, json_t *value)
{
    if (!there) {
        json_decref(value);
    }
    return there ? value : json_null();
}

/* Columns of read_people(). */
static json_t *person_json(const struct api_call *call, struct db_query *q)
{
    bool on_duty = db_int(q, 9) != 0;
    bool paused = db_int(q, 13) != 0;
    bool planned = db_int(q, 15) != 0;
    return json_pack(
        "{ss, ss, ss, ss, s{ss, ss, ss, ss, ss}, s[], sb, so, so, so, sb, sb, sb, so}", "account",
        db_text(q, 0), "name_zh", db_text(q, 1), "name_en", db_text(q, 2), "title", db_text(q, 3),
        "organisation", "id", db_text(q, 4), "name_zh", db_text(q, 5), "name_en", db_text(q, 6),
        "level", db_text(q, 7), "region", db_text(q, 8), "specialties", "on_duty", (int)on_duty,
        "since_ms", or_null(on_duty, json_integer(db_int(q, 10))), "pause",
        or_null(paused, json_string(db_text(q, 11))), "pause_until_ms",
        or_null(paused && !db_is_null(q, 12), json_integer(db_int(q, 12))), "on_call",
        (int)(db_int(q, 14) != 0), "planned", (int)planned, "absent", (int)(planned && !on_duty),
        "may_add", may_add(call->actor, db_text(q, 0), db_text(q, 4)));
}

static void begin_people(struct db_query *q, const struct api_call *call, const struct scope *scope)
{
    db_begin_query(
        q, call->db,
        "SELECT a.id, p.name_zh, p.name_en, p.title, o.id, o.name_zh, o.name_en, o.level,"
        " o.region, COALESCE(d.on_duty, 0), d.since_ms, d.pause, d.pause_until_ms,"
        " CASE WHEN " DUTY_PAUSED(
            "d",
            "$7") " THEN 1 ELSE 0 END,"
                  " CASE WHEN EXISTS (SELECT 1 FROM duty_shift s WHERE s.account_id = a.id"
                  " AND s.kind = 'on-call' AND s.until_ms > $7 AND s.from_ms <= $7) THEN 1 ELSE 0 "
                  "END,"
                  " CASE WHEN EXISTS (SELECT 1 FROM duty_shift s WHERE s.account_id = a.id"
                  " AND s.kind = 'duty' AND s.until_ms > $7 AND s.from_ms <= $7) THEN 1 ELSE 0 END,"
                  " x.specialty FROM account a JOIN practitioner p ON p.id = a.practitioner_id"
                  " AND p.active = 1 JOIN organisation o ON o.id = p.organisation_id AND o.active "
                  "= 1"
                  " JOIN account_role r ON r.account_id = a.id AND r.role = 'specialist'"
                  " LEFT JOIN duty d ON d.account_id = a.id"
                  " JOIN practitioner_specialty x ON x.practitioner_id = p.id"
                  " WHERE a.disabled = 0 AND " SCOPE("o.id") " AND " ON_SPECIALTY(
                      "p.id") " ORDER BY COALESCE(d.on_duty, 0) DESC, p.code, a.id, x.specialty");
    bind_scope(q, scope);
    db_bind_int(q, call->now_ms);
}

/* One row a specialty; rows of one person follow each other. */
static enum status read_people(const struct api_call *call, const struct scope *scope, json_t *list,
                               bool *out_more)
{
    json_t *person = NULL; /* the last one, borrowed */
    struct db_query q;
    begin_people(&q, call, scope);
    while (db_next(&q)) {
        const char *last = json_string_value(json_object_get(person, "account"));
        if (last == NULL || strcmp(last, db_text(&q, 0)) != 0) {
            if (json_array_size(list) == DUTY_ROSTER_PEOPLE_MAX) {
                *out_more = true;
                break;
            }
            person = person_json(call, &q);
            (void)json_array_append_new(list, person);
        }
        (void)json_array_append_new(json_object_get(person, "specialties"),
                                    json_string(db_text(&q, 16)));
    }
    return db_end(&q);
}

/* ---- shifts ---- */

static enum status read_shifts(const struct api_call *call, const struct scope *scope, json_t *list,
                               bool *out_more)
{
    struct db_query q;
    db_begin_query(
        &q, call->db,
        DUTY_SHIFT_SELECT "WHERE a.disabled = 0 AND p.active = 1 AND " SCOPE(
            "p.organisation_id") " AND " ON_SPECIALTY("p.id") " AND (s.specialty IS NULL OR "
                                                              "s.specialty = COALESCE($7, "
                                                              "s.specialty))"
                                                              " AND s.until_ms > $8 AND s.from_ms "
                                                              "< $9 ORDER BY s.from_ms, s.id");
    bind_scope(&q, scope);
    db_bind_text(&q, scope->specialty);
    db_bind_int(&q, scope->from_ms);
    db_bind_int(&q, scope->until_ms);
    while (db_next(&q)) {
        if (json_array_size(list) == DUTY_ROSTER_SHIFTS_MAX) {
            *out_more = true;
            break;
        }
        (void)json_array_append_new(list, duty_shift_json(call, &q));
    }
    return db_end(&q);
}

void duty_roster_get(struct api_call *call)
{
    struct scope scope;
    bool more = false;
    if (!read_scope(call, &scope)) {
        return;
    }
    json_t *people = json_array();
    json_t *shifts = json_array();
    enum status status = read_people(call, &scope, people, &more);
    if (status == STATUS_OK) {
        status = read_shifts(call, &scope, shifts, &more);
    }
    if (status != STATUS_OK) {
        json_decref(people);
        json_decref(shifts);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply =
        json_pack("{sI, sI, sI, so, so, sb}", "from_ms", (json_int_t)scope.from_ms, "until_ms",
                  (json_int_t)scope.until_ms, "time_ms", (json_int_t)call->now_ms, "people", people,
                  "shifts", shifts, "more", (int)more);
}
