#include "tests/sim/sim.h"

#include "proto/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZONE_MS (8 * HOUR)

const char *const sim_specialties[SPECIALTIES] = {
    "radiology",   "cardiology",    "ultrasound",  "pathology",
    "neurology",   "endocrinology", "respiratory", "general-surgery",
    "paediatrics", "obstetrics",    "dermatology", "general-practice"};
const char *const sim_urgencies[URGENCIES] = {"routine", "urgent", "stat"};

/* ---- by id ---- */

static size_t slot_of(const char *id, size_t count)
{
    char head[17];
    (void)snprintf(head, sizeof head, "%.16s", id);
    return (size_t)(strtoull(head, NULL, 16) % count);
}

int sim_kase_of(const struct sim *sim, const char *id)
{
    size_t at = slot_of(id, sim->slot_count);
    while (sim->kase_slots[at] >= 0) {
        if (strcmp(sim->kases[sim->kase_slots[at]].id, id) == 0) {
            return sim->kase_slots[at];
        }
        at = (at + 1) % sim->slot_count;
    }
    return -1;
}

void sim_kase_index(struct sim *sim, int kase)
{
    size_t at = slot_of(sim->kases[kase].id, sim->slot_count);
    while (sim->kase_slots[at] >= 0) {
        at = (at + 1) % sim->slot_count;
    }
    sim->kase_slots[at] = kase;
}

int sim_person_of(const struct sim *sim, const char *account)
{
    size_t at = slot_of(account, sim->account_slot_count);
    while (sim->account_slots[at] >= 0) {
        if (strcmp(sim->people[sim->account_slots[at]].actor.account_id, account) == 0) {
            return sim->account_slots[at];
        }
        at = (at + 1) % sim->account_slot_count;
    }
    return -1;
}

/* ---- planning ---- */

void sim_event(struct sim *sim, int64_t at_ms, enum event_kind kind, int person, int kase)
{
    events_add(&sim->events, at_ms > sim->now_ms ? at_ms : sim->now_ms + 1, kind, person, kase);
}

void sim_plan(struct sim *sim, int64_t at_ms, enum event_kind kind, int person, int kase)
{
    sim_event(sim, at_ms, kind, person, kase);
    sim->kases[kase].planned_ms = at_ms > sim->now_ms ? at_ms : sim->now_ms + 1;
}

/* ---- scripts ---- */

int sim_run(struct sim *sim, int person, enum script script, const char *id, const char *param,
            json_t *body)
{
    if (person >= 0 && sim->people[person].gone) {
        json_decref(body);
        return 401; /* as for a session that has ended */
    }
    const struct engine_request request = {.actor = person < 0 ? NULL : &sim->people[person].actor,
                                           .script = script,
                                           .id = id,
                                           .param = param,
                                           .body = body};
    return engine_run(&sim->engine, sim->now_ms, &request);
}

int sim_act(struct sim *sim, int person, int kase, const char *action, json_t *body)
{
    return sim_run(sim, person, SCRIPT_ACTION, sim->kases[kase].id, action, body);
}

json_t *sim_list(struct sim *sim, int person, const char *list, const char *limit,
                 const char *before_ms)
{
    const struct engine_request request = {
        .actor = &sim->people[person].actor,
        .script = SCRIPT_LIST,
        .query = {
            {"list", list}, {"limit", limit}, {before_ms == NULL ? NULL : "before_ms", before_ms}}};
    return !sim->people[person].gone && engine_run(&sim->engine, sim->now_ms, &request) == 200
               ? json_object_get(sim->engine.call.reply, "consultations")
               : NULL;
}

json_t *sim_people(struct sim *sim, int person, int kase, const char *action)
{
    const struct engine_request request = {.actor = &sim->people[person].actor,
                                           .script = SCRIPT_PEOPLE,
                                           .id = sim->kases[kase].id,
                                           .query = {{"for", action}, {NULL, NULL}}};
    return !sim->people[person].gone && engine_run(&sim->engine, sim->now_ms, &request) == 200
               ? json_object_get(sim->engine.call.reply, "invitees")
               : NULL;
}

json_t *sim_referrals(struct sim *sim, int person, const char *list)
{
    json_t *all = json_array(), *page = NULL;
    char before[24] = "";
    do {
        const struct engine_request request = {
            .actor = &sim->people[person].actor,
            .script = SCRIPT_REFERRALS,
            .query = {{"list", list},
                      {"limit", "100"},
                      {before[0] == '\0' ? NULL : "before_ms", before}}};
        page = !sim->people[person].gone && engine_run(&sim->engine, sim->now_ms, &request) == 200
                   ? json_object_get(sim->engine.call.reply, "referrals")
                   : NULL;
        size_t n = json_array_size(page);
        if (n > 0) {
            const json_t *last = json_array_get(page, n - 1);
            (void)snprintf(before, sizeof before, "%lld",
                           (long long)json_integer_value(json_object_get(last, "created_ms")));
        }
        (void)json_array_extend(all, page);
    } while (json_array_size(page) >= 100);
    return all;
}

int sim_item(const struct sim *sim, const json_t *item)
{
    const char *id = json_string_value(json_object_get(item, "id"));
    return id == NULL ? -1 : sim_kase_of(sim, id);
}

json_t *sim_reason(const char *code, const char *text)
{
    return json_pack("{s:s, s:s}", "reason_code", code, "reason_text", text);
}

/* ---- the time of the place ---- */

int sim_hour(int64_t ms)
{
    return (int)((ms + ZONE_MS) / HOUR % 24);
}

int64_t sim_midnight(int64_t ms)
{
    return (ms + ZONE_MS) / DAY * DAY - ZONE_MS;
}

bool sim_weekend(int64_t ms)
{
    return ((sim_midnight(ms) - START_MS) / DAY % 7 + 7) % 7 >= 5; /* before the month, too */
}

int64_t sim_working(struct sim *sim, int64_t at_ms)
{
    int hour = sim_hour(at_ms);
    if (hour >= 8 && hour < 18) {
        return at_ms;
    }
    int64_t morning = sim_midnight(at_ms) + (hour < 8 ? 8 : 32) * HOUR;
    return morning + random_between(&sim->random, 0, HOUR);
}
