#include "gateway/referral/referral_targets.h"

#include "gateway/directory/directory.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/referral/referral_fields.h"
#include "gateway/referral/referral_rules.h"

#include <stdio.h>
#include <string.h>

/* Free places are counted as senders see them: reserved, and not over. */
static enum status departments_of(struct api_call *call, const char *organisation_id,
                                  json_t **out_list)
{
    struct db_query q;
    json_t *list = json_array();
    db_begin_query(&q, call->db,
                   "SELECT d.code, d.name_zh, d.name_en, (SELECT COUNT(*) FROM place p WHERE "
                   "p.organisation_id = d.organisation_id AND p.department = d.code AND p.state = "
                   "'free' AND p.reserved_for_referred = 1 AND p.until_ms > $1) FROM department d "
                   "WHERE d.organisation_id = $2 AND d.active = 1 ORDER BY d.code");
    db_bind_int(&q, call->now_ms);
    db_bind_text(&q, organisation_id);
    while (db_next(&q)) {
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I}", "code", db_text(&q, 0),
                                              "name_zh", db_text(&q, 1), "name_en", db_text(&q, 2),
                                              "places_free", (json_int_t)db_int(&q, 3)));
    }
    *out_list = list;
    return db_end(&q);
}

json_t *referral_department_json(struct db *db, const char *organisation_id, const char *code)
{
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT code, name_zh, name_en FROM department WHERE organisation_id = $1 AND "
                   "code = $2");
    db_bind_text(&q, organisation_id);
    db_bind_text(&q, code);
    json_t *object = NULL;
    if (db_next(&q)) {
        object = json_pack("{s:s, s:s, s:s}", "code", db_text(&q, 0), "name_zh", db_text(&q, 1),
                           "name_en", db_text(&q, 2));
    }
    if (db_end(&q) != STATUS_OK) {
        json_decref(object);
        return NULL;
    }
    return object;
}

void referral_departments_get(struct api_call *call)
{
    json_t *list = NULL;
    enum status status = departments_of(call, call->actor->organisation_id, &list);
    if (status != STATUS_OK) {
        json_decref(list);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply = json_pack("{s:o}", "departments", list);
}

static bool read_question(struct api_call *call, struct referral_question *question)
{
    const char *urgency = api_query(call, "urgency");
    if (!referral_direction_of(api_query(call, "direction"), &question->direction)) {
        return referral_field_wrong(call, "", "direction", "应为 up 或 down。",
                                    "Must be up or down.");
    }
    if (urgency != NULL && strcmp(urgency, "urgent") != 0 && strcmp(urgency, "routine") != 0) {
        return referral_field_wrong(call, "", "urgency", "应为 routine 或 urgent。",
                                    "Must be routine or urgent.");
    }
    question->urgent = urgency != NULL && strcmp(urgency, "urgent") == 0;
    question->from = call->actor->organisation_id;
    return true;
}

static bool listed(const json_t *list, const char *organisation_id)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *organisation = json_object_get(json_array_get(list, i), "organisation");
        const char *id = json_string_value(json_object_get(organisation, "id"));
        if (id != NULL && strcmp(id, organisation_id) == 0) {
            return true;
        }
    }
    return false;
}

static enum status add_target(struct api_call *call, const struct rules_route *route, json_t *list)
{
    json_t *departments = NULL;
    enum status status = departments_of(call, route->organisation->id, &departments);
    if (status != STATUS_OK) {
        json_decref(departments);
        return status;
    }
    json_t *organisation = directory_organisation_json(call->db, route->organisation->id);
    json_t *partnership =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", route->partnership->id, "name_zh",
                  route->partnership->name_zh, "name_en", route->partnership->name_en, "mode",
                  rules_mode_word(route->partnership->mode), "type",
                  rules_type_word(route->partnership->type));
    json_array_append_new(list, json_pack("{s:o, s:o, s:I, s:o}", "organisation", organisation,
                                          "partnership", partnership, "agreement_version",
                                          (json_int_t)route->agreement->version, "departments",
                                          departments));
    return organisation == NULL ? STATUS_IO : STATUS_OK;
}

static enum status add_targets(struct api_call *call, const struct rules_answer *answer,
                               json_t *list)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < answer->route_count && status == STATUS_OK; i++) {
        if (!listed(list, answer->routes[i].organisation->id)) {
            status = add_target(call, &answer->routes[i], list);
        }
    }
    return status;
}

/* An alliance is asked by specialty; which one it will be is not known yet. */
static enum status add_by_specialty(struct api_call *call, const struct rules_world *world,
                                    struct referral_question question, json_t *list)
{
    enum { SPECIALTIES_MAX = 128 };
    char codes[SPECIALTIES_MAX][64];
    struct rules_answer answer;
    size_t count = 0;
    struct db_query q;
    db_begin_query(&q, call->db, "SELECT code FROM specialty ORDER BY code LIMIT 128");
    while (count < SPECIALTIES_MAX && db_next(&q)) {
        (void)snprintf(codes[count++], sizeof codes[0], "%s", db_text(&q, 0));
    }
    enum status status = db_end(&q);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        question.specialty = codes[i];
        if (referral_allowed(world, &question, &answer)) {
            status = add_targets(call, &answer, list);
        }
    }
    return status;
}

void referral_targets_get(struct api_call *call)
{
    char today[11];
    struct referral_question question = {.date = today};
    struct rules_world *world = NULL;
    struct rules_answer answer;
    struct rules_sentence say;
    rules_today(call->now_ms, today);
    if (!read_question(call, &question)) {
        return;
    }
    enum status status = rules_load(call->db, question.from, &world);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    json_t *list = json_array();
    (void)referral_allowed(world, &question, &answer);
    status = add_targets(call, &answer, list);
    status = status == STATUS_OK ? add_by_specialty(call, world, question, list) : status;
    bool any = json_array_size(list) > 0;
    enum rules_refusal outcome = any ? RULES_ALLOWED : answer.refusal;
    if (any) {
        rules_say(RULES_ALLOWED, NULL, &say);
    } else {
        rules_say_answer(&answer, &say);
    }
    rules_world_free(world);
    if (status != STATUS_OK) {
        json_decref(list);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply = json_pack("{s:b, s:s, s:s, s:s, s:o}", "allowed", any, "code",
                            rules_code(outcome), "zh", say.zh, "en", say.en, "targets", list);
}
