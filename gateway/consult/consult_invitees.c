#include "gateway/consult/consult_invitees.h"

#include "gateway/access.h"
#include "gateway/consult/consult_learners.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_member.h"
#include "gateway/consult/consult_take_over.h"
#include "gateway/directory/directory.h"
#include "gateway/partnership/rules_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEARCH_MAX 511 /* octets of a query */

/* ---- specialists of other institutions ---- */

/* The rule engine's answers for one requester, asked once for each specialty. */
struct reach {
    struct rules_world *world;
    struct rules_question question;
    char today[11], specialty[64];
    struct rules_answer answer;
};

static enum status reach_open(struct api_call *call, const struct consult_row *row,
                              struct reach *reach)
{
    int kind = rules_kind_of(row->kind);
    rules_today(call->now_ms, reach->today);
    reach->specialty[0] = '\0';
    reach->question = (struct rules_question){
        .requester = row->requester_organisation_id,
        .specialty = reach->specialty,
        .kind = kind < 0 ? RULES_LIVE : (enum rules_kind)kind,
        .stat = strcmp(row->urgency, "stat") == 0,
        .date = reach->today,
    };
    return rules_load(call->db, row->requester_organisation_id, &reach->world);
}

static bool reaches(struct reach *reach, const char *organisation, const char *specialty,
                    const char *licensed_since)
{
    const char *own[] = {specialty, NULL};
    if (strcmp(reach->specialty, specialty) != 0) {
        (void)snprintf(reach->specialty, sizeof reach->specialty, "%s", specialty);
        (void)rules_ask(reach->world, &reach->question, &reach->answer);
    }
    if (reach->answer.refusal != RULES_ALLOWED ||
        rules_consultant(own, licensed_since, specialty, reach->today) != RULES_ALLOWED) {
        return false;
    }
    for (size_t i = 0; i < reach->answer.route_count; i++) {
        if (strcmp(reach->answer.routes[i].organisation->id, organisation) == 0) {
            return true;
        }
    }
    return false;
}

/* Accounts of third institutions, as names of a JSON object. only: one account; NULL: all. */
static enum status find_outside(struct api_call *call, const struct consult_row *row,
                                const char *only, json_t *out_set)
{
    struct reach *reach = calloc(1, sizeof *reach);
    struct db_query q;
    enum status status = reach == NULL ? STATUS_NO_MEMORY : reach_open(call, row, reach);
    if (status != STATUS_OK) {
        free(reach);
        return status;
    }
    db_begin_query(&q, call->db,
                   "SELECT a.id, p.organisation_id, s.specialty, p.licensed_since FROM duty d "
                   "JOIN account a ON a.id = d.account_id AND a.disabled = 0 "
                   "JOIN practitioner p ON p.id = a.practitioner_id AND p.active = 1 "
                   "JOIN account_role r ON r.account_id = a.id AND r.role = 'specialist' "
                   "JOIN practitioner_specialty s ON s.practitioner_id = p.id "
                   "WHERE d.on_duty = 1 AND p.organisation_id <> $1 AND p.organisation_id <> $2 "
                   "AND a.id = COALESCE($3, a.id) ORDER BY s.specialty, a.id");
    db_bind_text(&q, row->requester_organisation_id);
    db_bind_text(&q, row->consultant_organisation_id);
    db_bind_text(&q, only);
    while (db_next(&q)) {
        if (reaches(reach, db_text(&q, 1), db_text(&q, 2), db_text(&q, 3))) {
            json_object_set_new(out_set, db_text(&q, 0), json_true());
        }
    }
    status = db_end(&q);
    rules_world_free(reach->world);
    free(reach);
    return status;
}

static enum status of_the_two(struct db *db, const struct consult_row *row, const char *account_id,
                              bool *out_of)
{
    int64_t count = 0;
    enum status status = db_one_int(
        db, &count,
        "SELECT COUNT(*) FROM account a JOIN practitioner p ON p.id = a.practitioner_id "
        "AND p.active = 1 JOIN account_role r ON r.account_id = a.id AND r.role IN "
        "('clinician', 'specialist') WHERE a.id = $1 AND a.disabled = 0 AND "
        "(p.organisation_id = $2 OR p.organisation_id = $3)",
        "sss", account_id, row->requester_organisation_id, row->consultant_organisation_id);
    *out_of = count > 0;
    return status;
}

enum status consult_invitable(struct api_call *call, const struct consult_row *row,
                              const char *account_id, bool *out_may)
{
    *out_may = false;
    if (strcmp(account_id, row->requester_id) == 0 || strcmp(account_id, row->consultant_id) == 0) {
        return STATUS_OK;
    }
    enum status status = of_the_two(call->db, row, account_id, out_may);
    if (status != STATUS_OK || *out_may) {
        return status;
    }
    json_t *outside = json_object();
    status = find_outside(call, row, account_id, outside);
    *out_may = json_object_size(outside) > 0;
    json_decref(outside);
    return status;
}

/* ---- the list ---- */

struct found {
    char account[33], practitioner[33];
    bool on_duty;
};

struct list {
    struct found found[CONSULT_INVITEES_MAX];
    size_t count;
    bool more;
};

/* Whom `invite` or `enlist` may name and has not yet. On duty first, then the consultant's
 * institution, the requester's, others; by name. */
static enum status read_list(struct api_call *call, const struct consult_row *row,
                             enum consult_event event, const json_t *outside, struct list *list)
{
    char pattern[2 * SEARCH_MAX + 3];
    struct db_query q;
    directory_like_pattern(api_query(call, "search"), SEARCH_MAX, pattern);
    db_begin_query(
        &q, call->db,
        "SELECT a.id, p.id, COALESCE(d.on_duty, 0), p.organisation_id FROM account a "
        "JOIN practitioner p ON p.id = a.practitioner_id AND p.active = 1 "
        "JOIN organisation o ON o.id = p.organisation_id "
        "LEFT JOIN duty d ON d.account_id = a.id "
        "WHERE a.disabled = 0 AND a.id <> $1 AND a.id <> $2 "
        "AND EXISTS (SELECT 1 FROM account_role r WHERE r.account_id = a.id AND r.role IN "
        "('clinician', 'specialist')) "
        "AND CASE $3 WHEN 'invite' THEN NOT EXISTS (SELECT 1 FROM participation g WHERE "
        "g.consultation_id = $4 AND g.account_id = a.id AND g.role = 'guest' AND g.uninvited_ms = "
        "0) ELSE EXISTS (SELECT 1 FROM practitioner_specialty y WHERE y.practitioner_id = p.id) "
        "AND NOT EXISTS (SELECT 1 FROM consultation_member m WHERE m.consultation_id = $5 AND "
        "m.account_id = a.id AND m.state IN ('asked', 'given')) END "
        "AND (p.organisation_id = $6 OR p.organisation_id = $7 OR d.on_duty = 1) "
        "AND (lower(p.name_zh || ' ' || p.name_en || ' ' || o.name_zh || ' ' || o.name_en) LIKE $8 "
        "ESCAPE '\\' OR EXISTS (SELECT 1 FROM practitioner_specialty s JOIN specialty x ON x.code "
        "= s.specialty WHERE s.practitioner_id = p.id AND lower(x.name_zh || ' ' || x.name_en) "
        "LIKE $9 ESCAPE '\\')) "
        "ORDER BY COALESCE(d.on_duty, 0) DESC, CASE p.organisation_id WHEN $10 THEN 0 WHEN $11 "
        "THEN 1 ELSE 2 END, p.name_zh, a.id");
    const char *const values[] = {row->requester_id,
                                  row->consultant_id,
                                  consult_event_name(event),
                                  row->id,
                                  row->id,
                                  row->requester_organisation_id,
                                  row->consultant_organisation_id,
                                  pattern,
                                  pattern,
                                  row->consultant_organisation_id,
                                  row->requester_organisation_id};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        db_bind_text(&q, values[i]);
    }
    while (!list->more && db_next(&q)) {
        const char *organisation = db_text(&q, 3);
        bool near = strcmp(organisation, row->requester_organisation_id) == 0 ||
                    strcmp(organisation, row->consultant_organisation_id) == 0;
        if (!near && json_object_get(outside, db_text(&q, 0)) == NULL) {
            continue;
        }
        list->more = list->count == CONSULT_INVITEES_MAX;
        if (!list->more) {
            struct found *found = &list->found[list->count++];
            (void)snprintf(found->account, sizeof found->account, "%s", db_text(&q, 0));
            (void)snprintf(found->practitioner, sizeof found->practitioner, "%s", db_text(&q, 1));
            found->on_duty = db_int(&q, 2) != 0;
        }
    }
    return db_end(&q);
}

json_t *consult_invitee_json(struct db *db, const char *account_id, const char *practitioner_id,
                             bool on_duty)
{
    json_t *person = directory_person_json(db, account_id);
    json_t *practitioner = directory_practitioner_json(db, practitioner_id);
    json_object_set(person, "specialties", json_object_get(practitioner, "specialties"));
    json_object_set_new(person, "on_duty", json_boolean(on_duty));
    json_decref(practitioner);
    return person;
}

static void reply_list(struct api_call *call, const struct consult_row *row,
                       enum consult_event event)
{
    struct list *list = calloc(1, sizeof *list);
    json_t *outside = json_object();
    enum status status = list == NULL ? STATUS_NO_MEMORY : find_outside(call, row, NULL, outside);
    status = status == STATUS_OK ? read_list(call, row, event, outside, list) : status;
    json_decref(outside);
    if (status == STATUS_OK) {
        json_t *invitees = json_array();
        for (size_t i = 0; i < list->count; i++) {
            const struct found *found = &list->found[i];
            json_array_append_new(invitees,
                                  consult_invitee_json(call->db, found->account,
                                                       found->practitioner, found->on_duty));
        }
        call->reply = json_pack("{s:o, s:b}", "invitees", invitees, "more", list->more);
    } else {
        (void)api_store_failed(call, status);
    }
    free(list);
}

static void reply_successors(struct api_call *call, struct consult_row *row)
{
    json_t *list = NULL;
    if (!consult_guard_house(call, row, NULL)) {
        return;
    }
    enum status status = consult_successors(call, row, &list);
    if (status == STATUS_OK) {
        call->reply = list;
    } else {
        (void)api_store_failed(call, status);
    }
}

/* Whom the event may name, for one who may cause it in the state as it is. */
static void list_for(struct api_call *call, struct consult_row *row, unsigned relation,
                     enum consult_event event)
{
    struct consult_step step = consult_fsm_next(row->state, event, relation);
    if ((relation & consult_event_actors(event)) == 0) {
        (void)consult_unknown(call);
    } else if (step.refusal != CONSULT_OK) {
        (void)api_problem(call, 409, consult_refusal_code(step.refusal),
                          consult_refusal_zh(step.refusal), consult_refusal_en(step.refusal), NULL);
    } else if (event == CONSULT_EVENT_TAKE_OVER) {
        reply_successors(call, row);
    } else if (event != CONSULT_EVENT_ENLIST || consult_guard_mdt(call, row, NULL)) {
        reply_list(call, row, event);
    }
}

static void guests_to_be(struct api_call *call)
{
    struct consult_row row;
    unsigned relation;
    if (consult_load(call, call->params[0], &row, &relation)) {
        list_for(call, &row, relation, CONSULT_EVENT_INVITE);
        consult_row_clear(&row);
    }
}

void consult_people(struct api_call *call)
{
    struct consult_row row;
    unsigned relation;
    const char *what = api_query(call, "for");
    enum consult_event event = CONSULT_EVENT_COUNT;
    if (!consult_load(call, call->params[0], &row, &relation)) {
        return;
    }
    bool known = what != NULL && consult_event_of(what, &event) &&
                 (event == CONSULT_EVENT_ENLIST || event == CONSULT_EVENT_TAKE_OVER);
    if (!access_relates(ACCESS_ID_consultation_people, relation)) {
        (void)consult_unknown(call);
    } else if (known) {
        list_for(call, &row, relation, event);
    } else {
        (void)api_problem(call, 422, "field.invalid", "for 应为 enlist 或 take-over。",
                          "for must be enlist or take-over.", "/for");
    }
    consult_row_clear(&row);
}

void consult_invitees(struct api_call *call)
{
    const char *as = api_query(call, "as");
    if (as == NULL || strcmp(as, "guest") == 0) {
        guests_to_be(call);
    } else if (strcmp(as, "observer") == 0) {
        consult_learners(call);
    } else {
        (void)api_problem(call, 422, "field.invalid", "as 应为 guest 或 observer。",
                          "as must be guest or observer.", "/as");
    }
}
