/* Live consultations: now or by appointment, the room, broken links, no-shows, several disciplines.
 */
#include "tests/sim/sim.h"

#include <string.h>

static void join_at(struct sim *sim, int64_t at_ms, int person, int kase)
{
    if (person >= 0) {
        sim_event(sim, at_ms, EVENT_join, person, kase);
    }
}

/* Both come within some minutes; three in a hundred clinicians do not come at all. */
static void meet(struct sim *sim, int64_t at_ms, int kase)
{
    struct kase *k = &sim->kases[kase];
    bool comes = k->urgency == STAT || !random_chance(&sim->random, 0.03);
    join_at(sim, at_ms + random_between(&sim->random, 0, 4 * MINUTE), k->consultant, kase);
    if (comes) {
        join_at(sim, at_ms + random_between(&sim->random, 0, 6 * MINUTE), k->requester, kase);
    }
    if (k->consultant >= 0) {
        struct person *p = &sim->people[k->consultant];
        int64_t until = at_ms + 10 * MINUTE;
        p->busy_until_ms = p->busy_until_ms < until && at_ms < sim->now_ms + 20 * MINUTE
                               ? until
                               : p->busy_until_ms;
    }
}

/* Two colleagues of other specialties at the same hospital. */
void sim_enlist(struct sim *sim, int person, int kase)
{
    struct kase *k = &sim->kases[kase];
    int found = 0;
    int start = (int)random_below(&sim->random, (size_t)sim->person_count);
    for (int i = 0; i < sim->person_count && found < 2; i++) {
        int other = (start + i) % sim->person_count;
        const struct person *p = &sim->people[other];
        if (other == person || p->institution != sim->people[person].institution ||
            (p->actor.roles & ROLE_SPECIALIST) == 0 ||
            (p->specialties & (1u << k->specialty)) != 0 || k->members[0] == other) {
            continue;
        }
        if (sim_act(sim, person, kase, "enlist",
                    json_pack("{s:s}", "account", p->actor.account_id)) == 200) {
            k->members[found++] = other;
        }
    }
}

/* An appointment within two working days, at a full or half hour; the next ones when it is taken.
 */
static bool appoint(struct sim *sim, int person, int kase)
{
    int64_t half = 30 * MINUTE;
    int64_t from = sim_working(sim, sim->now_ms + random_between(&sim->random, 1, 30) * HOUR);
    from = (from / half + 1) * half;
    for (int i = 0; i < 6; i++, from += half) {
        json_t *body = json_pack("{s:I, s:I}", "from_ms", (json_int_t)from, "until_ms",
                                 (json_int_t)(from + half));
        if (sim_act(sim, person, kase, "schedule", body) == 200) {
            sim->tallies.appointments++;
            sim->kases[kase].planned_ms = from;
            meet(sim, from - 2 * MINUTE, kase);
            return true;
        }
    }
    return false;
}

void sim_on_arrange(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    if (k->state != CONSULT_ACCEPTED || k->consultant != event->person || k->kind == RULES_READ) {
        return;
    }
    if (k->kind == RULES_MDT && k->members[0] < 0) {
        sim_enlist(sim, event->person, event->kase);
    }
    k->sessions++;
    bool later =
        k->urgency == ROUTINE && random_chance(&sim->random, k->kind == RULES_MDT ? 1 : 0.45);
    if (later && appoint(sim, event->person, event->kase)) {
        if (random_chance(&sim->random, 0.03)) {
            (void)sim_act(sim, event->person, event->kase, "cancel",
                          sim_reason("operation", "急诊手术"));
        }
        return;
    }
    k->planned_ms = sim->now_ms + 20 * MINUTE;
    meet(sim, sim->now_ms, event->kase);
}

void sim_on_join(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    if (consult_state_phase(k->state) != CONSULT_PHASE_RUNNING || k->state == CONSULT_IN_SESSION) {
        return;
    }
    if (event->person == k->requester || event->person == k->consultant) {
        (void)sim_run(sim, event->person, SCRIPT_JOIN, NULL, NULL,
                      json_pack("{s:s}", "consultation", k->id));
        sim->tallies.sessions += k->state == CONSULT_IN_SESSION;
    }
}

void sim_on_interrupt(struct sim *sim, const struct event *event)
{
    const struct kase *k = &sim->kases[event->kase];
    if (k->state == CONSULT_IN_SESSION) {
        sim->tallies.interruptions++;
        (void)sim_run(sim, -1, SCRIPT_ABSENT, NULL, NULL,
                      json_pack("{s:s, s:i}", "consultation", k->id, "seat",
                                random_chance(&sim->random, 0.8) ? 0 : 1));
    }
}

void sim_on_end(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    if (k->state == CONSULT_INTERRUPTED) {
        sim_plan(sim, sim->now_ms + 4 * MINUTE, EVENT_end, event->person, event->kase);
        return;
    }
    if (k->state != CONSULT_IN_SESSION || k->consultant != event->person) {
        return;
    }
    bool broken = random_chance(&sim->random, 0.01);
    (void)sim_act(sim, random_chance(&sim->random, 0.7) ? k->consultant : k->requester, event->kase,
                  broken ? "fail" : "end",
                  broken ? sim_reason("technical", "声音中断，无法继续") : json_object());
}

void sim_on_reopen(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    if (k->state == CONSULT_FAILED || k->state == CONSULT_NO_SHOW ||
        k->state == CONSULT_CANCELLED) {
        (void)sim_act(sim, k->requester, event->kase, "reopen", json_object());
    }
}

void sim_on_member(struct sim *sim, const struct event *event)
{
    const struct kase *k = &sim->kases[event->kase];
    static const char *const views[] = {"agree", "agree", "agree", "agree-partly", "disagree"};
    if (k->state != CONSULT_AWAITING_OPINION || random_chance(&sim->random, 0.08)) {
        return; /* the chair excuses who has not written */
    }
    (void)sim_act(sim, event->person, event->kase, "contribute",
                  json_pack("{s:s, s:s}", "opinion", "同意主持专家意见，建议完善胸部 CT。", "view",
                            views[random_below(&sim->random, 5)]));
}
