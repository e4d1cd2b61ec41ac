#include "gateway/partnership/partnership_whatif.h"

#include "gateway/directory/directory.h"
#include "gateway/partnership/partnership_question.h"
#include "gateway/partnership/partnership_row.h"
#include "gateway/partnership/partnership_view.h"
#include "gateway/partnership/rules_load.h"

#include <stdlib.h>
#include <string.h>

struct whatif {
    struct api_call *call;
    struct rules_question question;
    char today[11];
    struct rules_world *world; /* owned */
    struct rules_answer all, one;
    json_t *rows; /* owned until it is in the reply */
    bool more;
};

static bool wrong(struct api_call *call, const char *field, const char *zh, const char *en)
{
    return api_problem(call, 422, "field.invalid", zh, en, field);
}

/* ---- the question ---- */

static bool read_requester(struct api_call *call, const struct partnership_row *row,
                           struct whatif *w)
{
    int64_t one = 0;
    const char *id = partnership_query(call, "requester", call->actor->organisation_id);
    enum status status = db_one_int(call->db, &one,
                                    "SELECT 1 FROM partnership_member WHERE partnership_id=$1 AND "
                                    "organisation_id=$2",
                                    "ss", row->id, id);
    if (status == STATUS_NONE) {
        return wrong(call, "/requester", "须为本医联体现在或曾经的成员单位。",
                     "Must be an institution that is or was a member of this partnership.");
    }
    w->question.requester = id;
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool read_date(struct api_call *call, struct whatif *w)
{
    rules_today(call->now_ms, w->today);
    w->question.date = partnership_query(call, "date", w->today);
    return rules_date_valid(w->question.date) ||
           wrong(call, "/date", "日期应写作 YYYY-MM-DD。", "A date is written YYYY-MM-DD.");
}

/* ---- the answer ---- */

static json_t *clause_json(const struct rules_clause *clause)
{
    return clause == NULL ? json_null()
                          : json_pack("{ss, ss, ss}", "number", clause->number, "text_zh",
                                      clause->text_zh, "text_en", clause->text_en);
}

static json_t *route_json(const struct rules_route *route)
{
    if (route->partnership == NULL) {
        return json_null();
    }
    return json_pack("{so, so, so}", "partnership", partnership_name_json(route->partnership),
                     "agreement_version",
                     route->agreement != NULL ? json_integer((json_int_t)route->agreement->version)
                                              : json_null(),
                     "clause", clause_json(route->clause));
}

/* One institution, asked by name. */
static void add_row(struct whatif *w, const struct rules_organisation *o)
{
    struct rules_question question = w->question;
    struct rules_sentence sentence;
    if (json_array_size(w->rows) == WHATIF_ROWS_MAX) {
        w->more = true;
        return;
    }
    question.consultant = o->id;
    bool allowed = rules_ask(w->world, &question, &w->one);
    rules_say_answer(&w->one, &sentence);
    json_t *on_duty =
        question.specialty != NULL
            ? json_integer(directory_on_duty_count(w->call->db, o->id, question.specialty))
            : json_null();
    (void)json_array_append_new(
        w->rows,
        json_pack("{so, sb, ss, ss, ss, so, so}", "organisation", partnership_organisation_json(o),
                  "allowed", (int)allowed, "code", rules_code(w->one.refusal), "zh", sentence.zh,
                  "en", sentence.en, "route",
                  route_json(allowed ? &w->one.routes[0] : &w->one.refused), "on_duty", on_duty));
}

static int by_code(const void *a, const void *b)
{
    const struct rules_organisation *const *x = a;
    const struct rules_organisation *const *y = b;
    return strcmp((*x)->code, (*y)->code);
}

static bool before(const struct whatif *w, size_t routes, const char *id)
{
    for (size_t i = 0; i < routes; i++) {
        if (strcmp(w->all.routes[i].organisation->id, id) == 0) {
            return true;
        }
    }
    return false;
}

/* The allowed ones as the engine orders them, then the others by their codes. */
static bool add_rows(struct whatif *w)
{
    size_t count = w->world->organisation_count;
    const struct rules_organisation **others = calloc(count + 1, sizeof *others);
    size_t n = 0;
    if (others == NULL) {
        return api_store_failed(w->call, STATUS_NO_MEMORY);
    }
    for (size_t i = 0; i < w->all.route_count; i++) {
        if (!before(w, i, w->all.routes[i].organisation->id)) {
            add_row(w, w->all.routes[i].organisation);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct rules_organisation *o = &w->world->organisations[i];
        if (strcmp(o->id, w->question.requester) != 0 && !before(w, w->all.route_count, o->id)) {
            others[n++] = o;
        }
    }
    qsort(others, n, sizeof *others, by_code);
    for (size_t i = 0; i < n; i++) {
        add_row(w, others[i]);
    }
    free(others);
    return true;
}

/* Of the best one: how many of its specialists the three years let answer. */
static enum status licences(struct whatif *w, json_t **out_licences)
{
    int64_t with = 0;
    int64_t without = 0;
    struct db_query q;
    if (w->all.route_count == 0 || w->question.specialty == NULL) {
        *out_licences = json_null();
        return STATUS_OK;
    }
    db_begin_query(&q, w->call->db,
                   "SELECT DISTINCT p.id, p.licensed_since FROM practitioner p"
                   " JOIN practitioner_specialty s ON s.practitioner_id = p.id AND s.specialty = $1"
                   " JOIN account a ON a.practitioner_id = p.id AND a.disabled = 0"
                   " JOIN account_role r ON r.account_id = a.id AND r.role = 'specialist'"
                   " WHERE p.active = 1 AND p.organisation_id = $2");
    db_bind_text(&q, w->question.specialty);
    db_bind_text(&q, w->all.routes[0].organisation->id);
    while (db_next(&q)) {
        bool long_enough = rules_three_years(db_text(&q, 1), w->question.date);
        with += long_enough;
        without += !long_enough;
    }
    *out_licences = json_pack("{ss, sI, sI}", "organisation", w->all.routes[0].organisation->id,
                              "with", (json_int_t)with, "without", (json_int_t)without);
    return db_end(&q);
}

static void answer(struct whatif *w)
{
    struct rules_sentence sentence;
    json_t *licence = NULL;
    w->rows = json_array();
    bool allowed = rules_ask(w->world, &w->question, &w->all);
    rules_say_answer(&w->all, &sentence);
    if (!add_rows(w)) {
        return;
    }
    enum status status = licences(w, &licence);
    json_t *requester = directory_organisation_json(w->call->db, w->question.requester);
    if (status != STATUS_OK || requester == NULL) {
        json_decref(licence);
        json_decref(requester);
        (void)api_store_failed(w->call, status != STATUS_OK ? status : STATUS_IO);
        return;
    }
    w->call->reply = json_pack(
        "{so, ss, ss, ss, ss, ss?, sb, ss, ss, ss, sO, sb, so}", "requester", requester, "act",
        rules_act_word(w->question.act), "kind", rules_kind_word(w->question.kind), "urgency",
        partnership_query(w->call, "urgency", "routine"), "date", w->question.date, "specialty",
        w->question.specialty, "allowed", (int)allowed, "code", rules_code(w->all.refusal), "zh",
        sentence.zh, "en", sentence.en, "rows", w->rows, "more", (int)w->more, "licences", licence);
}

void partnership_whatif(struct api_call *call)
{
    struct partnership_row row;
    struct whatif *w = calloc(1, sizeof *w);
    if (w == NULL) {
        (void)api_store_failed(call, STATUS_NO_MEMORY);
        return;
    }
    w->call = call;
    if (partnership_open(call, &row) && read_requester(call, &row, w) &&
        partnership_question(call, &w->question) && read_date(call, w)) {
        enum status status = rules_load(call->db, w->question.requester, &w->world);
        if (status == STATUS_OK) {
            answer(w);
        } else {
            (void)api_store_failed(call, status);
        }
    }
    rules_world_free(w->world);
    json_decref(w->rows);
    free(w);
}
