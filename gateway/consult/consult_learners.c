#include "gateway/consult/consult_learners.h"

#include "gateway/consult/consult_invitees.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_places.h"
#include "gateway/directory/directory.h"
#include "gateway/partnership/rules_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEARCH_MAX 511 /* octets of a query */

/* ---- the rule engine: who is taught by the consultant's institution ---- */

struct teaching {
    struct rules_world *world; /* of the one who teaches: whoever it teaches is in it */
    struct rules_question question;
    char today[11], learner[33];
    struct rules_answer answer;
};

static enum status teaching_open(struct api_call *call, const struct consult_row *row,
                                 struct teaching *teaching)
{
    rules_today(call->now_ms, teaching->today);
    teaching->question = (struct rules_question){
        .requester = teaching->learner,
        .consultant = row->consultant_organisation_id,
        .specialty = row->specialty,
        .kind = RULES_TEACHING,
        .date = teaching->today,
        .act = RULES_TEACH,
    };
    return rules_load_for(call->db, row->consultant_organisation_id, row->specialty,
                          &teaching->world);
}

static void teaching_close(struct teaching *teaching)
{
    if (teaching != NULL) {
        rules_world_free(teaching->world);
        free(teaching);
    }
}

/* The answer of one institution is kept: whoever asks goes through them one after the other. */
static bool teaches(struct teaching *teaching, const struct consult_row *row,
                    const char *organisation)
{
    if (strcmp(organisation, row->consultant_organisation_id) == 0) {
        return true; /* its own people */
    }
    if (strcmp(organisation, teaching->learner) != 0) {
        (void)snprintf(teaching->learner, sizeof teaching->learner, "%s", organisation);
        (void)rules_ask(teaching->world, &teaching->question, &teaching->answer);
    }
    return teaching->answer.refusal == RULES_ALLOWED;
}

/* ---- one account ---- */

static bool not_admissible(struct api_call *call)
{
    return api_problem(call, 422, "observer.not-admissible",
                       "该人员不能旁听：须为在册的医师，且不是本次会诊的参与者。",
                       "That person may not observe: only clinicians and specialists, and nobody "
                       "who takes part.",
                       "/account");
}

/* Institution of somebody who could observe; "" for anybody else. */
static enum status place_of_work(struct api_call *call, const struct consult_row *row,
                                 const char *account_id, char out_organisation[33])
{
    struct db_query q;
    out_organisation[0] = '\0';
    db_begin_query(
        &q, call->db,
        "SELECT p.organisation_id FROM account a JOIN practitioner p ON p.id = a.practitioner_id "
        "AND p.active = 1 WHERE a.id = $1 AND a.disabled = 0 AND a.id <> $2 AND a.id <> $3 AND "
        "EXISTS (SELECT 1 FROM account_role r WHERE r.account_id = a.id AND r.role IN "
        "('clinician', 'specialist')) AND NOT EXISTS (SELECT 1 FROM participation g WHERE "
        "g.consultation_id = $4 AND g.account_id = a.id AND g.role = 'guest' AND g.uninvited_ms = "
        "0)");
    db_bind_text(&q, account_id);
    db_bind_text(&q, row->requester_id);
    db_bind_text(&q, row->consultant_id);
    db_bind_text(&q, row->id);
    if (db_next(&q)) {
        (void)snprintf(out_organisation, 33, "%s", db_text(&q, 0));
    }
    return db_end(&q);
}

bool consult_learner_may(struct api_call *call, const struct consult_row *row,
                         const char *account_id)
{
    char organisation[33];
    struct teaching *teaching = calloc(1, sizeof *teaching);
    enum status status =
        teaching == NULL ? STATUS_NO_MEMORY : place_of_work(call, row, account_id, organisation);
    status = status == STATUS_OK ? teaching_open(call, row, teaching) : status;
    bool may = false;
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
    } else if (organisation[0] == '\0') {
        (void)not_admissible(call);
    } else if (teaches(teaching, row, organisation)) {
        may = true;
    } else {
        struct rules_sentence sentence;
        rules_say_answer(&teaching->answer, &sentence);
        (void)api_problem(call, 403, rules_code(teaching->answer.refusal), sentence.zh, sentence.en,
                          "/account");
    }
    teaching_close(teaching);
    return may;
}

bool consult_guard_learner(struct api_call *call, struct consult_row *row,
                           const struct consult_change *change)
{
    (void)change;
    return consult_learner_may(call, row, consult_place_named(call));
}

/* ---- the list ---- */

struct list {
    struct {
        char account[33], practitioner[33];
    } found[CONSULT_LEARNERS_MAX];
    size_t count;
    bool more;
};

/* The own institution first, then by institution and name. */
static enum status read_list(struct api_call *call, const struct consult_row *row,
                             struct teaching *teaching, struct list *list)
{
    char pattern[2 * SEARCH_MAX + 3];
    struct db_query q;
    directory_like_pattern(api_query(call, "search"), SEARCH_MAX, pattern);
    db_begin_query(
        &q, call->db,
        "SELECT a.id, p.id, p.organisation_id FROM account a "
        "JOIN practitioner p ON p.id = a.practitioner_id AND p.active = 1 "
        "JOIN organisation o ON o.id = p.organisation_id "
        "WHERE a.disabled = 0 AND a.id <> $1 AND a.id <> $2 "
        "AND EXISTS (SELECT 1 FROM account_role r WHERE r.account_id = a.id AND r.role IN "
        "('clinician', 'specialist')) "
        "AND NOT EXISTS (SELECT 1 FROM participation g WHERE g.consultation_id = $3 AND "
        "g.account_id = a.id AND g.role IN ('guest', 'observer') AND g.uninvited_ms = 0) "
        "AND (o.id = $4 OR EXISTS (SELECT 1 FROM partnership_member t JOIN partnership_member l ON "
        "l.partnership_id = t.partnership_id AND l.organisation_id = o.id WHERE t.organisation_id "
        "= $5)) "
        "AND lower(p.name_zh || ' ' || p.name_en || ' ' || o.name_zh || ' ' || o.name_en) LIKE $6 "
        "ESCAPE '\\' "
        "ORDER BY CASE o.id WHEN $7 THEN 0 ELSE 1 END, o.id, p.name_zh, a.id");
    const char *const values[] = {row->requester_id,
                                  row->consultant_id,
                                  row->id,
                                  row->consultant_organisation_id,
                                  row->consultant_organisation_id,
                                  pattern,
                                  row->consultant_organisation_id};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        db_bind_text(&q, values[i]);
    }
    while (!list->more && db_next(&q)) {
        if (!teaches(teaching, row, db_text(&q, 2))) {
            continue;
        }
        list->more = list->count == CONSULT_LEARNERS_MAX;
        if (!list->more) {
            (void)snprintf(list->found[list->count].account, 33, "%s", db_text(&q, 0));
            (void)snprintf(list->found[list->count].practitioner, 33, "%s", db_text(&q, 1));
            list->count++;
        }
    }
    return db_end(&q);
}

void consult_learners(struct api_call *call)
{
    struct consult_row row;
    unsigned relation;
    if (!consult_load(call, call->params[0], &row, &relation)) {
        return;
    }
    struct consult_step step = consult_fsm_next(row.state, CONSULT_EVENT_OBSERVE, relation);
    if (step.refusal != CONSULT_OK) {
        bool stranger = (relation & consult_event_actors(CONSULT_EVENT_OBSERVE)) == 0;
        (void)(stranger ? consult_unknown(call)
                        : api_problem(call, 409, consult_refusal_code(step.refusal),
                                      consult_refusal_zh(step.refusal),
                                      consult_refusal_en(step.refusal), NULL));
        consult_row_clear(&row);
        return;
    }
    struct list *list = calloc(1, sizeof *list);
    struct teaching *teaching = calloc(1, sizeof *teaching);
    enum status status =
        list == NULL || teaching == NULL ? STATUS_NO_MEMORY : teaching_open(call, &row, teaching);
    status = status == STATUS_OK ? read_list(call, &row, teaching, list) : status;
    if (status == STATUS_OK) {
        json_t *invitees = json_array();
        for (size_t i = 0; i < list->count; i++) {
            json_array_append_new(invitees,
                                  consult_invitee_json(call->db, list->found[i].account,
                                                       list->found[i].practitioner, false));
        }
        call->reply = json_pack("{s:o, s:b}", "invitees", invitees, "more", list->more);
    } else {
        (void)api_store_failed(call, status);
    }
    free(list);
    teaching_close(teaching);
    consult_row_clear(&row);
}
