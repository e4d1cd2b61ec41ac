/* Who has to do something when a case has come to a state, and when that person gets to it. The
 * same for what somebody finds in a worklist, so that a case that its people have forgotten goes on
 * from there, and one that is in nobody's worklist never does. */
#include "tests/sim/sim.h"

static struct random_source *dice(struct sim *sim)
{
    return &sim->random;
}

/* In working hours, unless it is stat: somebody stands beside the patient then. */
static void later(struct sim *sim, int kase, enum event_kind kind, int64_t median)
{
    const struct kase *k = &sim->kases[kase];
    int64_t at = sim->now_ms + random_delay(dice(sim), median, 0.7);
    sim_plan(sim, k->urgency == STAT ? at : sim_working(sim, at), kind, k->requester, kase);
}

static void call_office(struct sim *sim, int kase, unsigned role, int64_t median)
{
    const struct kase *k = &sim->kases[kase];
    const int at = sim->people[k->requester].institution;
    for (int i = 0; i < sim->person_count; i++) {
        struct person *p = &sim->people[i];
        if (p->institution == at && (p->actor.roles & role) != 0) {
            int64_t when = sim->now_ms + random_delay(dice(sim), median, 0.7);
            sim_event(sim, k->urgency == STAT ? when : sim_working(sim, when), EVENT_office, i, -1);
            return;
        }
    }
}

static void react_signed(struct sim *sim, int kase)
{
    struct kase *k = &sim->kases[kase];
    if (k->critical) {
        sim_event(sim, sim->now_ms + random_delay(dice(sim), 6 * MINUTE, 0.6), EVENT_know,
                  k->requester, kase);
    }
    later(sim, kase, EVENT_decide, k->urgency == ROUTINE ? HOUR : 15 * MINUTE);
}

static void react_draft(struct sim *sim, int kase)
{
    struct kase *k = &sim->kases[kase];
    const struct person *first = k->consultant < 0 ? NULL : &sim->people[k->consultant];
    if (k->critical) {
        sim_event(sim, sim->now_ms + random_delay(dice(sim), 6 * MINUTE, 0.6), EVENT_know,
                  k->requester, kase);
    }
    for (int i = 0; first != NULL && i < sim->person_count; i++) {
        const struct person *p = &sim->people[i];
        if (p->senior && p->on_duty && i != k->consultant && p->institution == first->institution &&
            (p->specialties & (1u << k->specialty)) != 0) {
            sim_event(sim, sim->now_ms + random_delay(dice(sim), 12 * MINUTE, 0.6), EVENT_verify, i,
                      -1);
            return; /* others look into the list when their shift begins */
        }
    }
}

static void react_interrupted(struct sim *sim, int kase)
{
    struct kase *k = &sim->kases[kase];
    if (random_chance(dice(sim), 0.92)) { /* else the hold runs out: a technical failure */
        int64_t at = sim->now_ms + random_delay(dice(sim), 50 * SECOND, 0.8);
        sim_event(sim, at, EVENT_join, k->requester, kase);
        sim_event(sim, at + 5 * SECOND, EVENT_join, k->consultant, kase);
    }
}

static void react_session(struct sim *sim, int kase)
{
    struct kase *k = &sim->kases[kase];
    int64_t length = random_delay(dice(sim), 18 * MINUTE, 0.45);
    length = length < 6 * MINUTE ? 6 * MINUTE : length > 50 * MINUTE ? 50 * MINUTE : length;
    if (k->planned_ms == 0) {
        sim_plan(sim, sim->now_ms + length, EVENT_end, k->consultant, kase);
    }
    if (random_chance(dice(sim), 0.08)) {
        sim_event(sim, sim->now_ms + random_between(dice(sim), MINUTE, length), EVENT_interrupt, -1,
                  kase);
    }
    if (k->consultant >= 0 && sim->people[k->consultant].busy_until_ms < sim->now_ms + length) {
        sim->people[k->consultant].busy_until_ms = sim->now_ms + length;
    }
}

static void react_late(struct sim *sim, int kase)
{
    struct kase *k = &sim->kases[kase];
    int64_t wait = random_delay(dice(sim), k->urgency == ROUTINE ? 12 * MINUTE : 6 * MINUTE, 0.8);
    if (k->kind == RULES_MDT) {
        for (int i = 0; i < 2; i++) {
            if (k->members[i] >= 0) {
                sim_event(sim, sim->now_ms + random_delay(dice(sim), 40 * MINUTE, 0.7),
                          EVENT_member, k->members[i], kase);
            }
        }
        wait += 2 * HOUR;
    }
    if (random_chance(dice(sim), 0.01)) {
        wait += 30 * HOUR; /* called away: the reminders and the overdue alarm are for this */
    }
    if (k->consultant >= 0) {
        sim_plan(sim, sim->now_ms + wait, EVENT_report, k->consultant, kase);
    }
}

/* Waiting for somebody else's act. */
static void react_waiting(struct sim *sim, int kase)
{
    if (sim->kases[kase].state == CONSULT_PENDING_APPROVAL) {
        call_office(sim, kase, ROLE_APPROVER, 25 * MINUTE);
    } else if (sim->kases[kase].state == CONSULT_SUBMITTED) {
        call_office(sim, kase, ROLE_COORDINATOR, 15 * MINUTE);
    }
}

/* Over, or back at the requester. */
static void react_requester(struct sim *sim, int kase)
{
    struct kase *k = &sim->kases[kase];
    double goes_on = 0.9;
    if (k->state == CONSULT_RETURNED) {
        later(sim, kase, EVENT_resubmit, 2 * HOUR);
    } else if (k->state == CONSULT_EXPIRED) {
        goes_on = k->renewals < 3 ? 0.7 : 0;
        if (random_chance(dice(sim), goes_on)) {
            later(sim, kase, EVENT_renew, 30 * MINUTE);
        }
    } else if (random_chance(dice(sim), k->sessions < 4 ? 0.8 : 0)) {
        later(sim, kase, EVENT_reopen, 30 * MINUTE);
    }
}

static void react_after(struct sim *sim, int kase)
{
    struct kase *k = &sim->kases[kase];
    if (k->state == CONSULT_ACKNOWLEDGED) {
        if (random_chance(dice(sim), REFERRED)) {
            sim_event(sim, sim->now_ms + random_delay(dice(sim), 20 * MINUTE, 0.5), EVENT_refer,
                      k->requester, kase);
        }
        later(sim, kase, EVENT_finish, 5 * HOUR);
    } else if (k->state == CONSULT_FOLLOW_UP) {
        return; /* planned with the day of the follow-up */
    } else if (k->state == CONSULT_CLOSED && !k->amended && random_chance(dice(sim), 0.004)) {
        sim_event(sim, sim_working(sim, sim->now_ms + random_delay(dice(sim), 20 * HOUR, 0.8)),
                  EVENT_amend, k->consultant, kase);
    }
}

void sim_react(struct sim *sim, int kase)
{
    struct kase *k = &sim->kases[kase];
    switch (consult_state_phase(k->state)) {
    case CONSULT_PHASE_WAITING:
        react_waiting(sim, kase);
        return;
    case CONSULT_PHASE_RUNNING:
        if (k->state == CONSULT_IN_SESSION) {
            react_session(sim, kase);
        } else if (k->state == CONSULT_INTERRUPTED) {
            react_interrupted(sim, kase);
        } else if (k->state == CONSULT_ACCEPTED && k->consultant >= 0 && k->kind != RULES_READ) {
            sim_plan(sim, sim->now_ms + 30 * SECOND, EVENT_arrange, k->consultant, kase);
        }
        return;
    case CONSULT_PHASE_DRAFTING:
        if (k->state == CONSULT_RETURNED) {
            react_requester(sim, kase);
        }
        return;
    case CONSULT_PHASE_REPORTING:
    case CONSULT_PHASE_OVER:
        break;
    }
    if (k->state == CONSULT_SIGNED) {
        react_signed(sim, kase);
    } else if (k->state == CONSULT_OPINION_DRAFT) {
        react_draft(sim, kase);
    } else if (k->state == CONSULT_AWAITING_OPINION) {
        react_late(sim, kase);
    } else if (k->state == CONSULT_EXPIRED || k->state == CONSULT_FAILED ||
               k->state == CONSULT_NO_SHOW || k->state == CONSULT_CANCELLED) {
        react_requester(sim, kase);
    } else {
        react_after(sim, kase);
    }
}
