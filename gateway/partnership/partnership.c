#include "gateway/partnership/partnership.h"

#include "gateway/directory/directory.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/queue/queue.h"

#include <string.h>

/* ---- GET /partnerships ---- */

static json_t *organisation_json(const struct rules_organisation *o)
{
    return json_pack("{ss, ss, ss, ss, ss}", "id", o->id, "name_zh", o->name_zh, "name_en",
                     o->name_en, "level", rules_level_word(o->level), "region", o->region);
}

static json_t *members_json(const struct rules_world *world, const struct rules_partnership *p,
                            json_t **out_lead)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->member_count; i++) {
        const struct rules_member *m = &p->members[i];
        json_t *member = organisation_json(&world->organisations[m->organisation]);
        if (m->role == RULES_LEAD && *out_lead == NULL) {
            *out_lead = json_deep_copy(member);
        }
        (void)json_object_set_new(member, "role", json_string(rules_member_role_word(m->role)));
        (void)json_object_set_new(member, "since", json_string(m->since));
        (void)json_object_set_new(member, "until",
                                  m->until[0] != '\0' ? json_string(m->until) : json_null());
        (void)json_array_append_new(list, member);
    }
    return list;
}

static json_t *texts_json(const char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, json_string(texts[i]));
    }
    return list;
}

/* The agreement that counts today, else the newest one, so that an expired one can be seen for what
 * it is. */
static json_t *agreement_json(const struct rules_partnership *p, const char *today)
{
    const struct rules_agreement *best = NULL;
    bool best_in_force = false;
    for (size_t i = 0; i < p->agreement_count; i++) {
        const struct rules_agreement *a = &p->agreements[i];
        bool in_force = strcmp(a->signed_on, today) <= 0 && strcmp(a->valid_from, today) <= 0 &&
                        strcmp(today, a->valid_until) <= 0;
        if (best == NULL || (in_force && !best_in_force) ||
            (in_force == best_in_force && a->version > best->version)) {
            best = a;
            best_in_force = in_force;
        }
    }
    if (best == NULL) {
        return json_null();
    }
    json_t *services = json_array();
    for (int kind = 0; kind < RULES_KIND_COUNT; kind++) {
        if ((best->services & (1u << kind)) != 0) {
            (void)json_array_append_new(services,
                                        json_string(rules_kind_word((enum rules_kind)kind)));
        }
    }
    return json_pack("{ss, sI, ss, ss, so, sb}", "id", best->id, "version",
                     (json_int_t)best->version, "valid_from", best->valid_from, "valid_until",
                     best->valid_until, "services", services, "in_force", (int)best_in_force);
}

static json_t *whole_json(const struct rules_world *world, const struct rules_partnership *p,
                          const char *today)
{
    json_t *lead = NULL;
    json_t *members = members_json(world, p, &lead);
    return json_pack("{ss, ss, ss, ss, ss, ss, sb, so, so, so, so, so}", "id", p->id, "code",
                     p->code, "name_zh", p->name_zh, "name_en", p->name_en, "mode",
                     rules_mode_word(p->mode), "type", rules_type_word(p->type), "active",
                     (int)p->active, "lead", lead != NULL ? lead : json_null(), "members", members,
                     "specialties", texts_json(p->specialties, p->specialty_count), "regions",
                     texts_json(p->regions, p->region_count), "agreement",
                     agreement_json(p, today));
}

static void get_partnerships(struct api_call *call)
{
    bool all = (call->actor->roles & (ROLE_OPERATOR | ROLE_ADMIN)) != 0;
    struct rules_world *world = NULL;
    enum status status = rules_load(call->db, all ? NULL : call->actor->organisation_id, &world);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    char today[11];
    rules_today(call->now_ms, today);
    json_t *list = json_array();
    for (size_t i = 0; i < world->partnership_count; i++) {
        (void)json_array_append_new(list, whole_json(world, &world->partnerships[i], today));
    }
    rules_world_free(world);
    call->reply = json_pack("{so}", "partnerships", list);
}

/* ---- GET /reach ---- */

/* The route object of this partnership, made when it is met first: routes keep the order of the
 * answer, best first. */
static json_t *route_of(json_t *routes, const struct rules_route *r)
{
    size_t i = 0;
    json_t *route = NULL;
    json_array_foreach(routes, i, route)
    {
        const char *id =
            json_string_value(json_object_get(json_object_get(route, "partnership"), "id"));
        if (id != NULL && strcmp(id, r->partnership->id) == 0) {
            return json_object_get(route, "organisations");
        }
    }
    route = json_pack("{s{ss, ss, ss, ss, ss}, sI, s[]}", "partnership", "id", r->partnership->id,
                      "name_zh", r->partnership->name_zh, "name_en", r->partnership->name_en,
                      "mode", rules_mode_word(r->partnership->mode), "type",
                      rules_type_word(r->partnership->type), "agreement_version",
                      (json_int_t)r->agreement->version, "organisations");
    (void)json_array_append_new(routes, route);
    return json_object_get(route, "organisations");
}

static json_t *routes_json(struct db *db, const struct rules_answer *answer, const char *specialty)
{
    json_t *routes = json_array();
    for (size_t i = 0; i < answer->route_count; i++) {
        const struct rules_organisation *o = answer->routes[i].organisation;
        json_t *organisations = route_of(routes, &answer->routes[i]);
        (void)json_array_append_new(
            organisations,
            json_pack("{ss, ss, ss, sI}", "id", o->id, "name_zh", o->name_zh, "name_en", o->name_en,
                      "on_duty", (json_int_t)directory_on_duty_count(db, o->id, specialty)));
    }
    return routes;
}

static bool read_question(struct api_call *call, struct rules_question *question, const char *today)
{
    const char *specialty = api_query(call, "specialty");
    const char *kind = api_query(call, "kind");
    const char *urgency = api_query(call, "urgency");
    int kind_value = rules_kind_of(kind != NULL ? kind : "live");
    if (specialty == NULL || strlen(specialty) > PARTNERSHIP_SPECIALTY_MAX ||
        !directory_specialty_exists(call->db, specialty)) {
        return api_problem(call, 422, "field.invalid", "没有这个专科。",
                           "There is no such specialty.", "/specialty");
    }
    if (kind_value < 0) {
        return api_problem(call, 422, "field.invalid", "没有这种会诊类型。",
                           "There is no such kind of consultation.", "/kind");
    }
    if (urgency != NULL && strcmp(urgency, "routine") != 0 && strcmp(urgency, "urgent") != 0 &&
        strcmp(urgency, "stat") != 0) {
        return api_problem(call, 422, "field.invalid", "紧急程度无效。",
                           "There is no such urgency.", "/urgency");
    }
    *question = (struct rules_question){.requester = call->actor->organisation_id,
                                        .specialty = specialty,
                                        .kind = (enum rules_kind)kind_value,
                                        .stat = urgency != NULL && strcmp(urgency, "stat") == 0,
                                        .date = today};
    return true;
}

static void get_reach(struct api_call *call)
{
    char today[11];
    rules_today(call->now_ms, today);
    struct rules_question question = {.requester = NULL};
    struct rules_world *world = NULL;
    if (!read_question(call, &question, today)) {
        return;
    }
    enum status status = rules_load(call->db, question.requester, &world);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    struct rules_answer answer;
    struct rules_sentence sentence;
    bool allowed = rules_ask(world, &question, &answer);
    rules_say_answer(&answer, &sentence);
    json_t *routes = routes_json(call->db, &answer, question.specialty);
    rules_world_free(world);
    int64_t wait_ms = 0;
    status = queue_expected_wait(call->db, question.specialty, call->now_ms, &wait_ms);
    if (status != STATUS_OK && status != STATUS_NONE) {
        json_decref(routes);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply = json_pack("{sb, ss, ss, ss, so, so}", "allowed", (int)allowed, "code",
                            rules_code(answer.refusal), "zh", sentence.zh, "en", sentence.en,
                            "routes", routes, "expected_wait_ms",
                            status == STATUS_OK ? json_integer((json_int_t)wait_ms) : json_null());
}

const struct api_route partnership_routes[] = {
    {.method = "GET",
     .pattern = "/api/v1/partnerships",
     .roles = ROLE_ANY,
     .run = get_partnerships},
    {.method = "GET", .pattern = "/api/v1/reach", .roles = ROLE_CLINICIAN, .run = get_reach},
    {.method = NULL},
};
