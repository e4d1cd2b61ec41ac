/* The offices: approvers, coordinators, reviewers. They work from the worklists alone. */
#include "tests/sim/sim.h"

#include <string.h>

#define LOOK_AGAIN_MS (2 * MINUTE) /* nobody looks more often, however much is new */

typedef void (*office_fn)(struct sim *sim, int person, int kase);

static void each(struct sim *sim, int person, const char *list_name, office_fn act)
{
    json_t *list = json_incref(sim_list(sim, person, list_name, "50", NULL));
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        int kase = sim_item(sim, item);
        if (kase >= 0) {
            act(sim, person, kase);
        }
    }
    json_decref(list);
}

static void decide(struct sim *sim, int person, int kase)
{
    if (sim->kases[kase].state != CONSULT_PENDING_APPROVAL) {
        return;
    }
    double dice = random_unit(&sim->random);
    if (dice < 0.96) {
        (void)sim_act(sim, person, kase, "approve", json_object());
    } else if (dice < 0.98) {
        (void)sim_act(sim, person, kase, "return", sim_reason("material", "请补充病史"));
    } else {
        (void)sim_act(sim, person, kase, "reject", sim_reason("local", "本院可处理"));
    }
}

static void triage(struct sim *sim, int person, int kase)
{
    const struct kase *k = &sim->kases[kase];
    if (k->state != CONSULT_SUBMITTED && k->state != CONSULT_TRIAGED) {
        return;
    }
    double dice = random_unit(&sim->random);
    if (dice < 0.98) {
        (void)sim_act(sim, person, kase, "triage",
                      dice < 0.05 ? json_pack("{s:s}", "urgency", "urgent") : json_object());
    } else if (dice < 0.99) {
        (void)sim_act(sim, person, kase, "return", sim_reason("material", "专科不符，请修改"));
    } else {
        (void)sim_act(sim, person, kase, "reject", sim_reason("duplicate", "重复申请"));
    }
}

/* Nobody took it: the coordinator telephones, and half of the time it helps to offer it anew. Not
 * twice an hour for the same case, and at night for nothing that can wait. */
static void unanswered(struct sim *sim, int person, int kase)
{
    struct kase *k = &sim->kases[kase];
    int hour = sim_hour(sim->now_ms);
    bool night = hour < 8 || hour >= 18;
    if (k->state != CONSULT_OFFERED || sim->now_ms - k->called_ms < HOUR ||
        (night && k->urgency == ROUTINE)) {
        return;
    }
    k->called_ms = sim->now_ms;
    if (random_chance(&sim->random, 0.5)) {
        (void)sim_act(sim, person, kase, "triage", json_object());
    }
}

/* Who has to act cannot: a colleague is put in charge; before a session it goes back to all. */
static void unattended(struct sim *sim, int person, int kase)
{
    struct kase *k = &sim->kases[kase];
    if (k->consultant >= 0 && sim->people[k->consultant].gone &&
        consult_state_phase(k->state) == CONSULT_PHASE_RUNNING) {
        (void)sim_act(sim, person, kase, "hand-over", sim_reason("account-closed", "账号已停用"));
        return;
    }
    const json_t *found = sim_people(sim, person, kase, "take-over");
    const char *account = json_string_value(json_object_get(json_array_get(found, 0), "account"));
    if (account == NULL) {
        return; /* nobody is left there */
    }
    int successor = sim_person_of(sim, account);
    json_t *body = sim_reason("account-closed", "账号已停用");
    json_object_set_new(body, "account", json_string(account));
    if (sim_act(sim, person, kase, "take-over", body) != 200) {
        return;
    }
    sim->tallies.take_overs++;
    if ((sim->people[successor].actor.roles & ROLE_SPECIALIST) != 0) {
        k->consultant = successor;
    } else {
        k->requester = successor;
    }
}

void sim_on_office(struct sim *sim, const struct event *event)
{
    struct person *p = &sim->people[event->person];
    if (p->look_ms > sim->now_ms) {
        return; /* it can wait until then */
    }
    if (sim->now_ms - p->looked_ms < LOOK_AGAIN_MS) {
        p->look_ms = p->looked_ms + LOOK_AGAIN_MS;
        sim_event(sim, p->look_ms, EVENT_office, event->person, -1);
        return;
    }
    p->looked_ms = sim->now_ms;
    p->look_ms = 0;
    if ((p->actor.roles & ROLE_APPROVER) != 0) {
        each(sim, event->person, "approval", decide);
    }
    if ((p->actor.roles & ROLE_COORDINATOR) != 0) {
        each(sim, event->person, "triage", triage);
        each(sim, event->person, "unanswered", unanswered);
        if (sim->options.sabotage != SABOTAGE_UNSEEN) {
            each(sim, event->person, "unattended", unattended);
        }
    }
}

static void review(struct sim *sim, int person, int kase)
{
    double dice = random_unit(&sim->random);
    const char *result = dice < 0.85 ? "good" : dice < 0.98 ? "acceptable" : "poor";
    (void)sim_act(sim, person, kase, "review",
                  json_pack("{s:s, s:s}", "result", result, "remarks", "描述可更完整"));
}

void sim_on_review(struct sim *sim, const struct event *event)
{
    each(sim, event->person, "review", review);
    sim_event(sim, sim_working(sim, sim->now_ms + 2 * DAY), EVENT_review, event->person, -1);
}
