#include "gateway/directory/duty_presence.h"

#include "gateway/directory/directory.h"
#include "gateway/directory/duty.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/queue/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPECIALTY_LEN_MAX 64

/* Who is there of one institution on one specialty. */
struct place {
    char organisation[33], specialty[SPECIALTY_LEN_MAX + 1];
    int64_t on_duty, paused, on_call, next_from_ms; /* 0 = no shift is planned */
};
struct places {
    struct place *list;
    size_t count, room;
};

/* Rows come by institution and specialty: the last place is the one, or a new one begins. */
static struct place *place_of(struct places *places, const char *organisation,
                              const char *specialty)
{
    struct place *last = places->count > 0 ? &places->list[places->count - 1] : NULL;
    if (last != NULL && strcmp(last->organisation, organisation) == 0 &&
        strcmp(last->specialty, specialty) == 0) {
        return last;
    }
    if (places->count == places->room) {
        size_t room = places->room == 0 ? 64 : places->room * 2;
        struct place *grown = realloc(places->list, room * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        places->list = grown;
        places->room = room;
    }
    last = &places->list[places->count++];
    *last = (struct place){.on_duty = 0};
    (void)snprintf(last->organisation, sizeof last->organisation, "%s", organisation);
    (void)snprintf(last->specialty, sizeof last->specialty, "%s", specialty);
    return last;
}

/* Everybody who is on duty, on call or planned, a row for each specialty. */
static void begin_people(struct db_query *q, struct db *db, int64_t now_ms, const char *specialty)
{
    db_begin_query(
        q, db,
        "SELECT p.organisation_id, x.specialty, p.licensed_since,"
        " COALESCE(d.on_duty, 0), CASE WHEN " DUTY_PAUSED(
            "d",
            "$1") " THEN 1 ELSE 0 END,"
                  " CASE WHEN EXISTS (SELECT 1 FROM duty_shift s WHERE s.account_id = a.id"
                  " AND s.kind = 'on-call' AND s.until_ms > $1 AND s.from_ms <= $1"
                  " AND (s.specialty IS NULL OR s.specialty = x.specialty)) THEN 1 ELSE 0 END,"
                  " COALESCE((SELECT MIN(s.from_ms) FROM duty_shift s WHERE s.account_id = a.id"
                  " AND s.kind = 'duty' AND s.from_ms > $1"
                  " AND (s.specialty IS NULL OR s.specialty = x.specialty)), 0)"
                  " FROM account a JOIN practitioner p ON p.id = a.practitioner_id AND p.active = 1"
                  " JOIN account_role r ON r.account_id = a.id AND r.role = 'specialist'"
                  " JOIN practitioner_specialty x ON x.practitioner_id = p.id"
                  " AND x.specialty = COALESCE($2, x.specialty)"
                  " LEFT JOIN duty d ON d.account_id = a.id WHERE a.disabled = 0 AND (d.on_duty = "
                  "1 OR EXISTS"
                  " (SELECT 1 FROM duty_shift s WHERE s.account_id = a.id AND s.kind IN ('duty', "
                  "'on-call')"
                  " AND s.until_ms > $1)) ORDER BY p.organisation_id, x.specialty, a.id");
    db_bind_int(q, now_ms);
    db_bind_text(q, specialty);
}

/* Only who may be the consultant counts: the three years of practice. */
static enum status read_places(struct db *db, int64_t now_ms, const char *specialty,
                               struct places *places)
{
    enum status status = STATUS_OK;
    char today[11];
    struct db_query q;
    rules_today(now_ms, today);
    begin_people(&q, db, now_ms, specialty);
    while (status == STATUS_OK && db_next(&q)) {
        if (!rules_three_years(db_text(&q, 2), today)) {
            continue;
        }
        struct place *place = place_of(places, db_text(&q, 0), db_text(&q, 1));
        if (place == NULL) {
            status = STATUS_NO_MEMORY;
            break;
        }
        int64_t next = db_int(&q, 6);
        place->on_duty += db_int(&q, 3);
        place->paused += db_int(&q, 4);
        place->on_call += db_int(&q, 5);
        if (next != 0 && (place->next_from_ms == 0 || next < place->next_from_ms)) {
            place->next_from_ms = next;
        }
    }
    enum status ended = db_end(&q);
    return status != STATUS_OK ? status : ended;
}

static const struct place *find_place(const struct places *places, const char *organisation,
                                      const char *specialty)
{
    static const struct place nobody = {.on_duty = 0};
    for (size_t i = 0; i < places->count; i++) {
        if (strcmp(places->list[i].organisation, organisation) == 0 &&
            strcmp(places->list[i].specialty, specialty) == 0) {
            return &places->list[i];
        }
    }
    return &nobody;
}

/* ---- the answer ---- */

static json_t *time_or_null(int64_t ms)
{
    return ms != 0 ? json_integer((json_int_t)ms) : json_null();
}

/* An institution that several partnerships reach is told once. */
static bool told(const struct rules_answer *answer, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (answer->routes[i].organisation == answer->routes[index].organisation) {
            return true;
        }
    }
    return false;
}

static json_t *organisations_json(const struct rules_answer *answer, const struct places *places,
                                  const char *specialty, struct place *out_sum)
{
    json_t *list = json_array();
    for (size_t i = 0; i < answer->route_count; i++) {
        const struct rules_organisation *o = answer->routes[i].organisation;
        if (told(answer, i)) {
            continue;
        }
        const struct place *place = find_place(places, o->id, specialty);
        out_sum->on_duty += place->on_duty;
        out_sum->paused += place->paused;
        out_sum->on_call += place->on_call;
        if (place->next_from_ms != 0 &&
            (out_sum->next_from_ms == 0 || place->next_from_ms < out_sum->next_from_ms)) {
            out_sum->next_from_ms = place->next_from_ms;
        }
        (void)json_array_append_new(
            list, json_pack("{ss, ss, ss, sI, sI, sI, so}", "id", o->id, "name_zh", o->name_zh,
                            "name_en", o->name_en, "on_duty", (json_int_t)place->on_duty, "paused",
                            (json_int_t)place->paused, "on_call", (json_int_t)place->on_call,
                            "next_from_ms", time_or_null(place->next_from_ms)));
    }
    return list;
}

/* One specialty; nothing is added when the rules reach nobody. */
static enum status add_specialty(struct api_call *call, const struct rules_world *world,
                                 const struct places *places, const char *specialty, json_t *list)
{
    char today[11];
    struct place sum = {.on_duty = 0};
    struct rules_answer answer;
    int64_t wait_ms = 0;
    rules_today(call->now_ms, today);
    struct rules_question question = {.requester = call->actor->organisation_id,
                                      .specialty = specialty,
                                      .kind = RULES_LIVE,
                                      .date = today};
    if (!rules_ask(world, &question, &answer)) {
        return STATUS_OK;
    }
    enum status status = queue_expected_wait(call->db, specialty, call->now_ms, &wait_ms);
    if (status != STATUS_OK && status != STATUS_NONE) {
        return status;
    }
    json_t *organisations = organisations_json(&answer, places, specialty, &sum);
    (void)json_array_append_new(
        list, json_pack("{ss, sI, sI, sI, so, so, so}", "specialty", specialty, "on_duty",
                        (json_int_t)sum.on_duty, "paused", (json_int_t)sum.paused, "on_call",
                        (json_int_t)sum.on_call, "next_from_ms", time_or_null(sum.next_from_ms),
                        "expected_wait_ms",
                        status == STATUS_OK ? json_integer((json_int_t)wait_ms) : json_null(),
                        "organisations", organisations));
    return STATUS_OK;
}

static enum status add_all(struct api_call *call, const struct rules_world *world,
                           const struct places *places, json_t *list)
{
    const char *only = api_query(call, "specialty");
    enum status status = STATUS_OK;
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT code FROM specialty WHERE code = COALESCE($1, code) ORDER BY code");
    db_bind_text(&q, only);
    while (status == STATUS_OK && db_next(&q)) {
        status = add_specialty(call, world, places, db_text(&q, 0), list);
    }
    enum status ended = db_end(&q);
    return status != STATUS_OK ? status : ended;
}

void duty_presence_get(struct api_call *call)
{
    const char *specialty = api_query(call, "specialty");
    struct rules_world *world = NULL;
    struct places places = {NULL, 0, 0};
    if (specialty != NULL && (strlen(specialty) > SPECIALTY_LEN_MAX ||
                              !directory_specialty_exists(call->db, specialty))) {
        (void)api_problem(call, 422, "field.invalid", "没有这个专科。",
                          "There is no such specialty.", "/specialty");
        return;
    }
    json_t *list = json_array();
    enum status status = rules_load(call->db, call->actor->organisation_id, &world);
    if (status == STATUS_OK) {
        status = read_places(call->db, call->now_ms, specialty, &places);
    }
    if (status == STATUS_OK) {
        status = add_all(call, world, &places, list);
    }
    rules_world_free(world);
    free(places.list);
    if (status != STATUS_OK) {
        json_decref(list);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply = json_pack("{so, sI}", "presence", list, "time_ms", (json_int_t)call->now_ms);
}
