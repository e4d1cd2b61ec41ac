#include "tests/sim/notices.h"

#include <string.h>

/* consultation.changed: its state has become known. */
static void changed(struct sim *sim, int kase, const char *state_name)
{
    enum consult_state state;
    struct kase *k = &sim->kases[kase];
    if (state_name == NULL || !consult_state_of(state_name, &state) || state == k->state) {
        return;
    }
    struct institution *o =
        k->consultant < 0 ? NULL : &sim->institutions[sim->people[k->consultant].institution];
    if (o != NULL) {
        o->drafts += (state == CONSULT_OPINION_DRAFT) - (k->state == CONSULT_OPINION_DRAFT);
    }
    if (k->state == CONSULT_DRAFT && k->submitted_ms == 0 && state != CONSULT_DISCARDED) {
        k->submitted_ms = sim->now_ms;
    }
    k->state = state;
    k->planned_ms = 0;
    if (state == CONSULT_OFFERED || state == CONSULT_RETURNED) {
        k->consultant = -1;
    }
    sim_react(sim, kase);
}

/* How long it takes until somebody answers, who is not busy: the telephone rings on the desk. */
static void rings(struct sim *sim, int person, int kase)
{
    const struct person *p = &sim->people[person];
    const struct kase *k = &sim->kases[kase];
    bool free_now = p->on_duty && p->busy_until_ms <= sim->now_ms;
    double answers = free_now ? 0.95 : k->urgency == STAT ? 0.8 : k->urgency == URGENT ? 0.5 : 0.0;
    if (!random_chance(&sim->random, answers)) {
        sim->tallies.busy++;
        return;
    }
    int64_t median = k->urgency == STAT ? 12 * SECOND : k->urgency == URGENT ? 30 * SECOND : MINUTE;
    sim_event(sim, sim->now_ms + random_delay(&sim->random, median, 0.6), EVENT_ring, person, kase);
}

static void referred(struct sim *sim, int person, const char *state)
{
    const unsigned roles = person < 0 ? 0 : sim->people[person].actor.roles;
    int64_t at = sim->now_ms + random_delay(&sim->random, 20 * MINUTE, 0.6);
    if ((roles & ROLE_REFERRALS) != 0 && strcmp(state, "sent") == 0) {
        sim_event(sim, sim_working(sim, at), EVENT_receive, person, -1);
    } else if ((roles & (ROLE_CLINICIAN | ROLE_REFERRALS)) != 0 && strcmp(state, "returned") == 0) {
        sim_event(sim, sim_working(sim, at + HOUR), EVENT_read_return, person, -1);
    }
}

static bool is_what(const json_t *message, const char *what)
{
    const char *found = json_string_value(json_object_get(message, "what"));
    return found != NULL && strcmp(found, what) == 0;
}

void notices_effect(void *context, const struct api_effect *effect)
{
    struct sim *sim = context;
    const char *type = json_string_value(json_object_get(effect->message, "type"));
    if (effect->kind == EFFECT_PUSH && type != NULL && strcmp(type, "referral.changed") == 0) {
        referred(sim, sim_person_of(sim, effect->account_id),
                 json_string_value(json_object_get(effect->message, "state")));
        return;
    }
    int kase = effect->consultation_id[0] == '\0' ? -1 : sim_kase_of(sim, effect->consultation_id);
    if (kase < 0) {
        return;
    }
    if (effect->kind == EFFECT_CONSULTATION) {
        changed(sim, kase, json_string_value(json_object_get(effect->message, "state")));
        return;
    }
    if (effect->kind != EFFECT_PUSH || type == NULL) {
        return;
    }
    int person = sim_person_of(sim, effect->account_id);
    if (person >= 0 && strcmp(type, "offer.ring") == 0) {
        rings(sim, person, kase);
    } else if (person >= 0 && is_what(effect->message, "put-in-charge")) {
        sim_event(sim, sim->now_ms + random_delay(&sim->random, 5 * MINUTE, 0.6),
                  EVENT_put_in_charge, person, kase);
    } else if (strcmp(type, "case.reminder") == 0 || strcmp(type, "case.alarm") == 0) {
        sim->kases[kase].noticed_ms = sim->now_ms;
        if (person >= 0 && (sim->people[person].actor.roles & ROLE_COORDINATOR) != 0) {
            sim_event(sim, sim->now_ms + random_delay(&sim->random, 3 * MINUTE, 0.6), EVENT_office,
                      person, -1);
        }
    }
}
