#include "gateway/partnership/partnership.h"

#include "gateway/access.h"
#include "gateway/directory/directory.h"
#include "gateway/partnership/partnership_activity.h"
#include "gateway/partnership/partnership_edit.h"
#include "gateway/partnership/partnership_question.h"
#include "gateway/partnership/partnership_row.h"
#include "gateway/partnership/partnership_view.h"
#include "gateway/partnership/partnership_whatif.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/queue/queue.h"

#include <string.h>

#define PARTNERSHIP_BODY_MAX 65536
#define PARTNERSHIP_AGREEMENT_MAX 524288 /* 170 clauses of 1000 Chinese characters */

/* ---- GET /partnerships ---- */

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
        (void)json_array_append_new(list, partnership_short(world, &world->partnerships[i], today));
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
    route = json_pack("{so, sI, s[]}", "partnership", partnership_name_json(r->partnership),
                      "agreement_version", (json_int_t)r->agreement->version, "organisations");
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
                      "on_duty",
                      specialty != NULL ? (json_int_t)directory_on_duty_count(db, o->id, specialty)
                                        : 0));
    }
    return routes;
}

static void get_reach(struct api_call *call)
{
    char today[11];
    rules_today(call->now_ms, today);
    struct rules_question question = {.requester = call->actor->organisation_id, .date = today};
    struct rules_world *world = NULL;
    if (!partnership_question(call, &question)) {
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
    status = question.specialty != NULL
                 ? queue_expected_wait(call->db, question.specialty, call->now_ms, &wait_ms)
                 : STATUS_NONE;
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

static void get_partnership(struct api_call *call)
{
    struct partnership_row row;
    if (partnership_open(call, &row)) {
        (void)partnership_answer(call, row.id);
    }
}

const struct api_route partnership_routes[] = {
    {ACCESS_ROUTE(partnerships), .run = get_partnerships},
    {ACCESS_ROUTE(reach), .run = get_reach},
    {ACCESS_ROUTE(partnership_get), .run = get_partnership},
    {ACCESS_ROUTE(partnership_change), .body = API_BODY_JSON, .body_max = PARTNERSHIP_BODY_MAX,
     .run = partnership_patch},
    {ACCESS_ROUTE(partnership_member), .body = API_BODY_JSON, .body_max = PARTNERSHIP_BODY_MAX,
     .run = partnership_put_member},
    {ACCESS_ROUTE(partnership_agreement_new), .body = API_BODY_JSON,
     .body_max = PARTNERSHIP_AGREEMENT_MAX, .run = partnership_add_agreement},
    {ACCESS_ROUTE(partnership_what_if), .run = partnership_whatif},
    {ACCESS_ROUTE(partnership_activity), .run = partnership_activity},
    {.method = NULL},
};
