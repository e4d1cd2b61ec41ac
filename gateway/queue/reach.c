#include "gateway/queue/reach.h"

#include "gateway/partnership/rules_load.h"
#include "gateway/partnership/terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Institutions that may be asked, each once, with how many levels away they are. */
struct found {
    struct {
        const char *id;
        int distance;
    } list[2 * RULES_ROUTES_MAX];
    size_t count;
};

static void add_routes(const struct rules_answer *answer, enum rules_level own, struct found *found)
{
    for (size_t i = 0; i < answer->route_count; i++) {
        const struct rules_organisation *o = answer->routes[i].organisation;
        bool known = false;
        for (size_t k = 0; k < found->count && !known; k++) {
            known = strcmp(found->list[k].id, o->id) == 0;
        }
        if (!known) {
            int distance = (int)o->level - (int)own;
            found->list[found->count].id = o->id;
            found->list[found->count++].distance = distance < 0 ? -distance : distance;
        }
    }
}

/* The distances that there are, nearest first: one tier each. */
static size_t sort_tiers(const struct found *found, int out_distances[RULES_LEVEL_COUNT])
{
    bool there[RULES_LEVEL_COUNT] = {false};
    size_t count = 0;
    for (size_t i = 0; i < found->count; i++) {
        there[found->list[i].distance] = true;
    }
    for (int distance = 0; distance < RULES_LEVEL_COUNT; distance++) {
        if (there[distance]) {
            out_distances[count++] = distance;
        }
    }
    return count;
}

/* flat: every tier at once. */
static void keep_tiers(const struct consult_row *row, const struct found *found, bool flat,
                       struct reach *reach)
{
    int distances[RULES_LEVEL_COUNT];
    size_t tiers = sort_tiers(found, distances);
    if (tiers == 0) {
        return;
    }
    size_t last = flat || row->escalation >= (int64_t)tiers ? tiers - 1 : (size_t)row->escalation;
    reach->tiers = flat ? 1 : (int64_t)tiers;
    for (size_t i = 0; i < found->count && reach->count < RULES_ROUTES_MAX; i++) {
        bool named = row->target_organisation_id[0] == '\0' ||
                     strcmp(row->target_organisation_id, found->list[i].id) == 0;
        if (named && found->list[i].distance <= distances[last]) {
            (void)snprintf(reach->organisations[reach->count++], 33, "%s", found->list[i].id);
        }
    }
}

static enum rules_level level_of(const struct rules_world *world, const char *organisation)
{
    for (size_t i = 0; i < world->organisation_count; i++) {
        if (strcmp(world->organisations[i].id, organisation) == 0) {
            return world->organisations[i].level;
        }
    }
    return RULES_VILLAGE;
}

/* Named organisations and agreements without escalation know no tiers. */
static enum status is_flat(struct db *db, const struct consult_row *row, bool *out_flat)
{
    struct terms terms;
    enum status status = terms_load(db, row->agreement_id, &terms);
    if (status == STATUS_OK) {
        *out_flat = !terms.escalation || row->target_organisation_id[0] != '\0';
        terms_clear(&terms);
    }
    return status;
}

/* Who may be consulted, and for a read also who reports for the requester: a shared centre. */
static enum status ask_rules(const struct consult_row *row, const struct rules_world *world,
                             bool flat, struct reach *out_reach)
{
    static const enum rules_act acts[] = {RULES_CONSULT, RULES_REPORT};
    int kind = rules_kind_of(row->kind);
    struct rules_question question = {
        .requester = row->requester_organisation_id,
        .specialty = row->specialty,
        .kind = kind < 0 ? RULES_LIVE : (enum rules_kind)kind,
        .stat = strcmp(row->urgency, "stat") == 0,
        .date = out_reach->today,
    };
    struct rules_answer *answer = calloc(1, sizeof *answer);
    struct found *found = calloc(1, sizeof *found);
    bool memory = answer != NULL && found != NULL;
    size_t count = kind == RULES_READ ? 2 : 1;
    for (size_t i = 0; memory && i < count; i++) {
        question.act = acts[i];
        if (rules_ask(world, &question, answer)) {
            add_routes(answer, level_of(world, row->requester_organisation_id), found);
        }
    }
    if (memory) {
        keep_tiers(row, found, flat, out_reach);
    }
    free(answer);
    free(found);
    return memory ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status reach_find(struct api_call *call, const struct consult_row *row,
                       struct reach *out_reach)
{
    struct rules_world *world = NULL;
    bool flat = false;
    memset(out_reach, 0, sizeof *out_reach);
    rules_today(call->now_ms, out_reach->today);
    enum status status = is_flat(call->db, row, &flat);
    status = status == STATUS_OK
                 ? rules_load_for(call->db, row->requester_organisation_id, row->specialty, &world)
                 : status;
    if (status != STATUS_OK) {
        return status;
    }
    status = ask_rules(row, world, flat, out_reach);
    rules_world_free(world);
    return status;
}

bool reach_has(const struct reach *reach, const char *organisation)
{
    for (size_t i = 0; i < reach->count; i++) {
        if (strcmp(reach->organisations[i], organisation) == 0) {
            return true;
        }
    }
    return false;
}

enum status reach_recall(struct api_call *call, const struct consult_row *row,
                         struct reach_memory *memory, const struct reach **out_reach)
{
    char key[sizeof memory->kept[0].key];
    (void)snprintf(key, sizeof key, "%s %s %s %s %lld %s %s", row->requester_organisation_id,
                   row->specialty, row->kind, row->urgency, (long long)row->escalation,
                   row->target_organisation_id, row->agreement_id);
    for (size_t i = 0; i < memory->count && i < REACH_MEMORY; i++) {
        if (strcmp(memory->kept[i].key, key) == 0) {
            *out_reach = &memory->kept[i].reach;
            return STATUS_OK;
        }
    }
    size_t slot = memory->count++ % REACH_MEMORY;
    (void)snprintf(memory->kept[slot].key, sizeof key, "%s", key);
    *out_reach = &memory->kept[slot].reach;
    return reach_find(call, row, &memory->kept[slot].reach);
}
