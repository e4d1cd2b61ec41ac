/* The set-based checks say in whose worklist a case must stand; this asks for that worklist as the
 * console does, page by page. */
#include "tests/sim/checks.h"

#include <stdio.h>
#include <string.h>

/* The account of the first row; -1: none. The query was begun and bound. */
static int first_person(struct sim *sim, struct db_query *q)
{
    int person = db_next(q) ? sim_person_of(sim, db_text(q, 0)) : -1;
    engine_must(db_end(q), "check");
    return person;
}

static int with_role(const struct sim *sim, const char *organisation, unsigned role)
{
    for (int i = 0; i < sim->person_count; i++) {
        if ((sim->people[i].actor.roles & role) != 0 &&
            strcmp(sim->people[i].actor.organisation_id, organisation) == 0) {
            return i;
        }
    }
    return -1;
}

static int coordinator_of(struct sim *sim, const struct kase *k)
{
    int person = with_role(sim, sim->people[k->requester].actor.organisation_id, ROLE_COORDINATOR);
    char lead[33] = "";
    if (person >= 0) {
        return person;
    }
    enum status status = db_one_text(sim->engine.db, lead, sizeof lead,
                                     "SELECT p.lead_organisation_id FROM consultation c JOIN "
                                     "partnership p ON p.id = c.partnership_id WHERE c.id = $1",
                                     "s", k->id);
    engine_must(status == STATUS_NONE ? STATUS_OK : status, "check");
    return with_role(sim, lead, ROLE_COORDINATOR);
}

static int candidate_of(struct sim *sim, const struct kase *k)
{
    struct db_query q;
    db_begin_query(&q, sim->engine.db,
                   "SELECT o.account_id FROM consultation_offer o LEFT JOIN duty d ON d.account_id "
                   "= o.account_id WHERE o.consultation_id = $1 AND o.state = 'open' AND "
                   "(d.on_duty = 1 OR o.on_call = 1) ORDER BY o.account_id LIMIT 1");
    db_bind_text(&q, k->id);
    return first_person(sim, &q);
}

static int senior_of(const struct sim *sim, const struct kase *k)
{
    for (int i = 0; k->consultant >= 0 && i < sim->person_count; i++) {
        const struct person *p = &sim->people[i];
        if (p->senior && !p->gone && i != k->consultant &&
            p->institution == sim->people[k->consultant].institution &&
            (p->specialties & (1u << k->specialty)) != 0) {
            return i;
        }
    }
    return -1;
}

/* Who has to act, and the list where it stands; -1: nobody can be named (the set-based check says
 * whether that is wrong). */
static int actor_of(struct sim *sim, const struct kase *k, const char **out_list)
{
    *out_list = "mine";
    if (k->state == CONSULT_OFFERED) {
        *out_list = "queue";
        return candidate_of(sim, k);
    }
    if (k->state == CONSULT_PENDING_APPROVAL) {
        *out_list = "approval";
        return with_role(sim, sim->people[k->requester].actor.organisation_id, ROLE_APPROVER);
    }
    if (k->state == CONSULT_SUBMITTED || k->state == CONSULT_TRIAGED) {
        *out_list = "triage";
        return coordinator_of(sim, k);
    }
    if (k->state == CONSULT_OPINION_DRAFT) {
        *out_list = "verify";
        return senior_of(sim, k);
    }
    enum consult_phase phase = consult_state_phase(k->state);
    if (phase == CONSULT_PHASE_RUNNING || k->state == CONSULT_REPORTING ||
        k->state == CONSULT_AWAITING_OPINION) {
        *out_list = "assigned";
        return k->consultant;
    }
    return k->requester;
}

/* Whose account is closed is nobody: a coordinator of the institution has the case then, or where
 * there is none the other side's. */
static int stands_in(struct sim *sim, const struct kase *k, int person, const char **out_list)
{
    if (person < 0 || !sim->people[person].gone) {
        return person;
    }
    int other = person == k->requester ? k->consultant : k->requester;
    int coordinator = with_role(sim, sim->people[person].actor.organisation_id, ROLE_COORDINATOR);
    if (coordinator < 0 && other >= 0) {
        coordinator = with_role(sim, sim->people[other].actor.organisation_id, ROLE_COORDINATOR);
    }
    *out_list = "unattended";
    return k->state == CONSULT_DRAFT ? -1 : coordinator;
}

/* One page; *out_before: where the next one begins. */
static bool page_has(struct sim *sim, int person, const char *list_name, const char *id,
                     char before[24], bool *out_more)
{
    json_t *list = sim_list(sim, person, list_name, "100", before[0] == '\0' ? NULL : before);
    size_t i;
    json_t *item;
    bool has = false;
    json_array_foreach(list, i, item)
    {
        const char *found = json_string_value(json_object_get(item, "id"));
        has = has || (found != NULL && strcmp(found, id) == 0);
        (void)snprintf(before, 24, "%lld",
                       (long long)json_integer_value(json_object_get(item, "created_ms")));
    }
    *out_more = list != NULL && json_is_true(json_object_get(sim->engine.call.reply, "more"));
    return has;
}

void checks_listed(struct sim *sim, int kase)
{
    const struct kase *k = &sim->kases[kase];
    const char *list = NULL;
    char before[24] = "", last[24], what[64];
    bool has = false, more = true;
    int person = stands_in(sim, k, actor_of(sim, k, &list), &list);
    if (person < 0) {
        return;
    }
    while (!has && more) {
        (void)snprintf(last, sizeof last, "%s", before);
        has = page_has(sim, person, list, k->id, before, &more);
        more = more && strcmp(last, before) != 0; /* a page that leads nowhere is the end of it */
        if (strcmp(list, "queue") == 0) {
            has = has || more; /* the most urgent hundred: it moves up as they are taken */
            break;
        }
    }
    (void)snprintf(what, sizeof what, "%s is not in %s", consult_state_name(k->state), list);
    check_note(sim, CHECK_LISTED, 1, k->id, has ? NULL : what);
}
