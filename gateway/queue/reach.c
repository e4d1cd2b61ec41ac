#include "gateway/queue/reach.h"

#include "gateway/partnership/rules_load.h"
#include "gateway/partnership/terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The levels that the routes reach, nearest first: one tier each. */
static size_t sort_tiers(const struct rules_answer *answer, enum rules_level own,
                         int out_distances[RULES_LEVEL_COUNT])
{
    bool there[RULES_LEVEL_COUNT] = {false};
    size_t count = 0;
    for (size_t i = 0; i < answer->route_count; i++) {
        int distance = (int)answer->routes[i].organisation->level - (int)own;
        there[distance < 0 ? -distance : distance] = true;
    }
    for (int distance = 0; distance < RULES_LEVEL_COUNT; distance++) {
        if (there[distance]) {
            out_distances[count++] = distance;
        }
    }
    return count;
}

/* flat: every tier at once. */
static void keep_tiers(const struct consult_row *row, const struct rules_answer *answer,
                       enum rules_level own, bool flat, struct reach *reach)
{
    int distances[RULES_LEVEL_COUNT];
    size_t tiers = sort_tiers(answer, own, distances);
    size_t last = flat || row->escalation >= (int64_t)tiers ? tiers - 1 : (size_t)row->escalation;
    reach->tiers = flat ? 1 : (int64_t)tiers;
    for (size_t i = 0; i < answer->route_count; i++) {
        const struct rules_organisation *o = answer->routes[i].organisation;
        int distance = (int)o->level - (int)own;
        bool named = row->target_organisation_id[0] == '\0' ||
                     strcmp(row->target_organisation_id, o->id) == 0;
        if (named && (distance < 0 ? -distance : distance) <= distances[last]) {
            (void)snprintf(reach->organisations[reach->count++], 33, "%s", o->id);
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
    struct rules_answer *answer = calloc(1, sizeof *answer);
    int kind = rules_kind_of(row->kind);
    struct rules_question question = {
        .requester = row->requester_organisation_id,
        .specialty = row->specialty,
        .kind = kind < 0 ? RULES_LIVE : (enum rules_kind)kind,
        .stat = strcmp(row->urgency, "stat") == 0,
        .date = out_reach->today,
    };
    if (answer == NULL) {
        status = STATUS_NO_MEMORY;
    } else if (rules_ask(world, &question, answer)) {
        keep_tiers(row, answer, level_of(world, row->requester_organisation_id), flat, out_reach);
    }
    free(answer);
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
