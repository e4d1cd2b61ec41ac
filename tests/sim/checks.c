#include "tests/sim/checks.h"

#include "gateway/records/audit.h"
#include "gateway/store/db_check.h"
#include "media/rt/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SLACK_MS MINUTE /* between a deadline and what the next round of timers has done */
#define LISTED_EACH_HOUR 12
#define LISTED_AT_THE_END 500

/* States as lists of SQL. */
#define OVER                                                                                       \
    "('closed', 'archived', 'withdrawn', 'rejected', 'expired', 'cancelled', 'no-show', "          \
    "'failed', 'discarded', 'entered-in-error')"
#define OPEN                                                                                       \
    "('draft', 'returned', 'pending-approval', 'submitted', 'triaged', 'offered', 'accepted', "    \
    "'scheduled', 'ready', 'in-session', 'interrupted', 'reporting', 'awaiting-opinion', "         \
    "'opinion-draft', 'signed', 'acknowledged', 'referral-open', 'follow-up')"
#define TIMED                                                                                      \
    "('returned', 'pending-approval', 'submitted', 'offered', 'accepted', 'scheduled', 'ready', "  \
    "'in-session', 'interrupted', 'reporting', 'awaiting-opinion', 'opinion-draft', 'signed', "    \
    "'acknowledged', 'follow-up', 'closed')"
#define CONSULTANTS                                                                                \
    "('accepted', 'scheduled', 'ready', 'in-session', 'interrupted', 'reporting', "                \
    "'awaiting-opinion')"
#define BY_CONSULTANT                                                                              \
    "('accepted', 'scheduled', 'ready', 'in-session', 'interrupted', 'reporting', "                \
    "'awaiting-opinion', 'opinion-draft', 'signed', 'acknowledged', 'referral-open', 'follow-up')"
#define ENABLED(role)                                                                              \
    "SELECT 1 FROM account a JOIN account_role r ON r.account_id = a.id AND r.role = '" role       \
    "' JOIN practitioner p ON p.id = a.practitioner_id WHERE a.disabled = 0 AND "

const char *check_words(enum check_id id)
{
    static const char *const words[CHECK_COUNT] = {
#define CHECK_ROW(id, words) words,
        CHECK_ROWS
#undef CHECK_ROW
    };
    return words[id];
}

void check_note(struct sim *sim, enum check_id id, uint64_t looked, const char *case_id,
                const char *what)
{
    struct check *check = &sim->checks->by[id];
    check->looked += looked;
    if (what == NULL) {
        return;
    }
    if (check->failed++ == 0) {
        (void)snprintf(check->first, sizeof check->first, "%s: %s, day %lld %02d:%02d", case_id,
                       what, (long long)((sim->now_ms - START_MS) / DAY + 1), sim_hour(sim->now_ms),
                       (int)(sim->now_ms / MINUTE % 60));
    }
}

/* Each row of the query (id, state) is a failure. The query was begun and bound. */
static void none_of(struct sim *sim, enum check_id id, struct db_query *q)
{
    while (db_next(q)) {
        check_note(sim, id, 0, db_text(q, 0), db_text(q, 1));
    }
    engine_must(db_end(q), "check");
}

/* ---- lost, states ---- */

static void count_states(struct sim *sim)
{
    struct db_query q;
    int64_t rows = 0, begun = 0;
    db_begin_query(&q, sim->engine.db, "SELECT state, COUNT(*) FROM consultation GROUP BY state");
    while (db_next(&q)) {
        enum consult_state state;
        bool known = consult_state_of(db_text(&q, 0), &state);
        rows += db_int(&q, 1);
        check_note(sim, CHECK_STATE, (uint64_t)db_int(&q, 1), db_text(&q, 0),
                   known ? NULL : "no such state");
    }
    engine_must(db_end(&q), "check");
    for (int i = 0; i < sim->kase_count; i++) {
        begun += sim->kases[i].begun;
    }
    check_note(sim, CHECK_LOST, (uint64_t)begun, "rows", rows == begun ? NULL : "other than begun");
}

/* All that are not over, here and there. */
static int64_t compare_states(struct sim *sim)
{
    struct db_query q;
    int64_t there = 0, here = 0;
    db_begin_query(&q, sim->engine.db, "SELECT id, state FROM consultation WHERE state IN " OPEN);
    while (db_next(&q)) {
        int kase = sim_kase_of(sim, db_text(&q, 0));
        bool same =
            kase >= 0 && strcmp(consult_state_name(sim->kases[kase].state), db_text(&q, 1)) == 0;
        check_note(sim, CHECK_LOST, 1, db_text(&q, 0), same ? NULL : db_text(&q, 1));
        there++;
    }
    engine_must(db_end(&q), "check");
    for (int i = 0; i < sim->kase_count; i++) {
        const struct kase *k = &sim->kases[i];
        bool over = consult_state_phase(k->state) == CONSULT_PHASE_OVER;
        here += k->begun && !over;
    }
    check_note(sim, CHECK_LOST, 0, "not over", here == there ? NULL : "other than people know");
    return there;
}

/* ---- worklists, by sets ---- */

/* In the list of what nobody can act on: of the own coordinator, else of the other side's. A
 * request that was not sent is its author's alone; one that was sent back ends by its deadline. */
#define COORDINATED                                                                                \
    "EXISTS (" ENABLED("coordinator") "p.organisation_id IN (c.requester_organisation_id, "        \
                                      "c.consultant_organisation_id))"

static void check_requesters(struct sim *sim)
{
    struct db_query q;
    db_begin_query(&q, sim->engine.db,
                   "SELECT c.id, c.state FROM consultation c WHERE c.state IN ('returned', "
                   "'signed', 'acknowledged', 'follow-up') AND NOT EXISTS (" ENABLED(
                       "clinician") "a.id = c.requester_id) AND NOT " COORDINATED
                                    " AND NOT (c.state = 'returned' AND c.deadline_ms > $1)");
    db_bind_int(&q, sim->now_ms - SLACK_MS);
    none_of(sim, CHECK_WORKLIST, &q);
}

/* Whoever has to act can, or a coordinator sees to it within a day: where somebody is left. */
static void check_attended(struct sim *sim)
{
    struct db_query q;
    int64_t before = sim->now_ms - DAY;
    if (sim->gone_ms == 0 || sim->gone_ms > before) {
        return;
    }
    db_begin_query(
        &q, sim->engine.db,
        "SELECT c.id, c.state FROM consultation c WHERE c.state_since_ms < $1 AND ((c.state IN "
        "('accepted', 'scheduled', 'reporting', 'awaiting-opinion', 'opinion-draft') AND NOT "
        "EXISTS (" ENABLED("specialist") "a.id = c.consultant_id) AND EXISTS (" ENABLED(
            "specialist") "p.organisation_id = c.consultant_organisation_id AND EXISTS (SELECT 1 "
                          "FROM practitioner_specialty x WHERE x.practitioner_id = p.id AND "
                          "x.specialty = c.specialty))) OR (c.state IN ('signed', "
                          "'acknowledged', 'follow-up', 'referral-open') AND NOT EXISTS "
                          "(" ENABLED("clinician") "a.id = c.requester_id) AND EXISTS (" ENABLED(
                              "clinician") "p.organisation_id = c.requester_organisation_id)))");
    db_bind_int(&q, before);
    none_of(sim, CHECK_ATTENDED, &q);
    check_note(sim, CHECK_ATTENDED, 1, "", NULL);
}

static void check_offices(struct sim *sim)
{
    struct db_query q;
    db_begin_query(
        &q, sim->engine.db,
        "SELECT c.id, c.state FROM consultation c WHERE c.state = 'pending-approval' AND "
        "NOT EXISTS (" ENABLED("approver") "p.organisation_id = "
                                           "c.requester_organisation_id)");
    none_of(sim, CHECK_WORKLIST, &q);
    db_begin_query(&q, sim->engine.db,
                   "SELECT c.id, c.state FROM consultation c LEFT JOIN partnership s ON s.id = "
                   "c.partnership_id WHERE c.state IN ('submitted', 'triaged') AND NOT EXISTS "
                   "(" ENABLED("coordinator") "(p.organisation_id = c.requester_organisation_id OR "
                                              "p.organisation_id = s.lead_organisation_id))");
    none_of(sim, CHECK_WORKLIST, &q);
}

/* In a queue now; or coordinators were told; or its deadline, which does something, lies ahead. */
static void check_offered(struct sim *sim)
{
    struct db_query q;
    db_begin_query(
        &q, sim->engine.db,
        "SELECT c.id, c.state FROM consultation c LEFT JOIN partnership s ON s.id = "
        "c.partnership_id WHERE c.state = 'offered' AND NOT EXISTS (SELECT 1 FROM "
        "consultation_offer o JOIN account a ON a.id = o.account_id AND a.disabled = 0 JOIN "
        "account_role r ON r.account_id = a.id AND r.role = 'specialist' LEFT JOIN duty d ON "
        "d.account_id = a.id WHERE o.consultation_id = c.id AND o.state = 'open' AND (d.on_duty = "
        "1 OR o.on_call = 1)) AND NOT (EXISTS (SELECT 1 FROM consultation_ring g WHERE "
        "g.consultation_id = c.id AND g.stage IN ('coordinator', 'alarm')) AND EXISTS "
        "(" ENABLED("coordinator") "(p.organisation_id = c.requester_organisation_id OR "
                                   "p.organisation_id = s.lead_organisation_id))) AND "
                                   "COALESCE(c.deadline_ms, 0) < $1");
    db_bind_int(&q, sim->now_ms - SLACK_MS);
    none_of(sim, CHECK_WORKLIST, &q);
}

static void check_consultants(struct sim *sim)
{
    struct db_query q;
    db_begin_query(
        &q, sim->engine.db,
        "SELECT c.id, c.state FROM consultation c WHERE c.state IN " CONSULTANTS
        " AND NOT EXISTS (" ENABLED("specialist") "a.id = c.consultant_id) AND NOT " COORDINATED);
    none_of(sim, CHECK_WORKLIST, &q);
    db_begin_query(
        &q, sim->engine.db,
        "SELECT c.id, c.state FROM consultation c WHERE c.state = 'opinion-draft' AND "
        "NOT EXISTS (" ENABLED(
            "specialist") "p.organisation_id = c.consultant_organisation_id AND p.title "
                          "IN ('chief', 'associate-chief') AND a.id <> c.consultant_id "
                          "AND EXISTS (SELECT 1 FROM practitioner_specialty x WHERE "
                          "x.practitioner_id = p.id AND x.specialty = c.specialty)) "
                          "AND NOT EXISTS (" ENABLED(
                              "specialist") "a.id = c.consultant_id) AND NOT " COORDINATED);
    none_of(sim, CHECK_WORKLIST, &q);
}

/* ---- the consultant ---- */

static void check_single(struct sim *sim)
{
    struct db_query q;
    db_begin_query(&q, sim->engine.db,
                   "SELECT c.id, c.state FROM consultation c WHERE c.state IN " BY_CONSULTANT
                   " AND (c.consultant_id IS NULL OR (SELECT COUNT(*) FROM participation p WHERE "
                   "p.consultation_id = c.id AND p.role = 'consultant') <> 1 OR NOT EXISTS (SELECT "
                   "1 FROM participation p WHERE p.consultation_id = c.id AND p.role = "
                   "'consultant' AND p.account_id = c.consultant_id))");
    none_of(sim, CHECK_SINGLE, &q);
    db_begin_query(
        &q, sim->engine.db,
        "SELECT c.id, c.state FROM consultation c WHERE c.state IN ('draft', 'returned', "
        "'pending-approval', 'submitted', 'triaged', 'offered') AND (c.consultant_id IS "
        "NOT NULL OR EXISTS (SELECT 1 FROM participation p WHERE p.consultation_id = "
        "c.id AND p.role = 'consultant'))");
    none_of(sim, CHECK_SINGLE, &q);
}

/* ---- time ---- */

static void check_timers(struct sim *sim)
{
    struct db_query q;
    db_begin_query(&q, sim->engine.db,
                   "SELECT c.id, c.state FROM consultation c WHERE c.state IN " TIMED
                   " AND NOT EXISTS (SELECT 1 FROM consultation_timer t WHERE t.consultation_id = "
                   "c.id)");
    none_of(sim, CHECK_TIMER, &q);
    db_begin_query(&q, sim->engine.db,
                   "SELECT consultation_id, kind FROM consultation_timer WHERE due_ms < $1");
    db_bind_int(&q, sim->now_ms - SLACK_MS);
    none_of(sim, CHECK_TIMER, &q);
    db_begin_query(&q, sim->engine.db,
                   "SELECT id, state FROM consultation WHERE state = 'closed' AND state_since_ms < "
                   "$1");
    db_bind_int(&q, sim->now_ms - DAY - SLACK_MS);
    none_of(sim, CHECK_ARCHIVE, &q);
}

static void check_referrals(struct sim *sim)
{
    struct db_query q;
    db_begin_query(
        &q, sim->engine.db,
        "SELECT f.id, f.state FROM referral f WHERE f.state IN ('sent', 'accepted', "
        "'arrived') AND NOT (EXISTS (" ENABLED(
            "referrals") "p.organisation_id = f.to_organisation_id) AND EXISTS (SELECT 1 "
                         "FROM referral_timer t WHERE t.referral_id = f.id))");
    none_of(sim, CHECK_REFERRAL, &q);
    db_begin_query(&q, sim->engine.db,
                   "SELECT referral_id, kind FROM referral_timer WHERE due_ms < $1");
    db_bind_int(&q, sim->now_ms - SLACK_MS);
    none_of(sim, CHECK_REFERRAL, &q);
    check_note(sim, CHECK_REFERRAL, (uint64_t)sim->passage_count, "", NULL);
}

/* People were told at the deadline or after, or the trail says what the gateway did then. */
static bool was_noticed(struct sim *sim, const char *id, int64_t deadline_ms)
{
    int64_t rows = 0;
    int kase = sim_kase_of(sim, id);
    if (kase >= 0 && sim->kases[kase].noticed_ms >= deadline_ms) {
        return true;
    }
    engine_must(db_one_int(sim->engine.db, &rows,
                           "SELECT COUNT(*) FROM audit WHERE consultation_id = $1 AND at_ms >= $2 "
                           "AND action IN ('consultation.overdue', 'consultation.escalate', "
                           "'consultation.ring-stage')",
                           "si", id, deadline_ms),
                "check");
    return rows > 0;
}

static void check_deadlines(struct sim *sim)
{
    struct late {
        char id[33], state[24];
        int64_t deadline_ms;
    } late[64];
    struct db_query q;
    char after[33] = "";
    size_t count = 0;
    do {
        count = 0;
        db_begin_query(
            &q, sim->engine.db,
            "SELECT id, state, deadline_ms FROM consultation WHERE state IN " OPEN
            " AND deadline_ms > 0 AND deadline_ms < $1 AND id > $2 ORDER BY id LIMIT 64");
        db_bind_int(&q, sim->now_ms - SLACK_MS);
        db_bind_text(&q, after);
        while (db_next(&q) && count < 64) {
            (void)snprintf(late[count].id, 33, "%s", db_text(&q, 0));
            (void)snprintf(late[count].state, 24, "%s", db_text(&q, 1));
            late[count++].deadline_ms = db_int(&q, 2);
        }
        engine_must(db_end(&q), "check");
        for (size_t i = 0; i < count; i++) {
            check_note(sim, CHECK_DEADLINE, 1, late[i].id,
                       was_noticed(sim, late[i].id, late[i].deadline_ms) ? NULL : late[i].state);
            memcpy(after, late[i].id, sizeof after);
        }
    } while (count == 64);
}

/* ---- all ---- */

static void sample_listed(struct sim *sim, int wanted)
{
    for (int tries = 0; tries < 40 * wanted && wanted > 0 && sim->kase_count > 0; tries++) {
        int kase = (int)random_below(&sim->random, (size_t)sim->kase_count);
        const struct kase *k = &sim->kases[kase];
        if (k->begun && consult_state_phase(k->state) != CONSULT_PHASE_OVER) {
            checks_listed(sim, kase);
            wanted--;
        }
    }
}

static void check_all(struct sim *sim)
{
    count_states(sim);
    int64_t open = compare_states(sim);
    sim->checks->open_max = open > sim->checks->open_max ? open : sim->checks->open_max;
    check_note(sim, CHECK_WORKLIST, (uint64_t)open, "", NULL);
    check_note(sim, CHECK_SINGLE, (uint64_t)open, "", NULL);
    check_note(sim, CHECK_TIMER, (uint64_t)open, "", NULL);
    check_note(sim, CHECK_ARCHIVE, 1, "", NULL);
    check_requesters(sim);
    check_offices(sim);
    check_offered(sim);
    check_consultants(sim);
    check_attended(sim);
    check_single(sim);
    check_timers(sim);
    check_referrals(sim);
    check_deadlines(sim);
}

void checks_hour(struct sim *sim)
{
    int64_t start_us = clock_monotonic_us();
    sim->checks->hours++;
    check_all(sim);
    sample_listed(sim, LISTED_EACH_HOUR);
    sim->checks->seconds_us += clock_monotonic_us() - start_us;
}

void sim_on_check(struct sim *sim, const struct event *event)
{
    checks_hour(sim);
    sim_event(sim, sim->now_ms + HOUR, EVENT_check, event->person, -1);
}

/* Each of those that were sent is one down with a chance of 1 in 4.8, for those who go down came
 * days before: a binomial count. In a short run that is wide. */
static void check_ratio(struct sim *sim)
{
    int64_t up = 0, down = 0;
    engine_must(db_one_int(sim->engine.db, &up,
                           "SELECT COUNT(*) FROM referral WHERE direction = 'up' AND sent_ms >= $1",
                           "i", START_MS),
                "check");
    engine_must(
        db_one_int(sim->engine.db, &down,
                   "SELECT COUNT(*) FROM referral WHERE direction = 'down' AND sent_ms >= $1", "i",
                   START_MS),
        "check");
    double expected = (double)(up + down) / (CHECKS_UP_TO_DOWN + 1);
    double deviation = sqrt(expected * CHECKS_UP_TO_DOWN / (CHECKS_UP_TO_DOWN + 1));
    char what[64];
    (void)snprintf(what, sizeof what, "%lld up, %lld down", (long long)up, (long long)down);
    check_note(sim, CHECK_RATIO, (uint64_t)(up + down), "ratio",
               fabs((double)down - expected) <= 0.05 * expected + 3 * deviation ? NULL : what);
}

void checks_end(struct sim *sim)
{
    struct audit_verdict verdict;
    char text[160] = "";
    checks_hour(sim);
    sample_listed(sim, LISTED_AT_THE_END);
    for (int i = 0; i < sim->kase_count; i++) {
        int64_t one = 0;
        const struct kase *k = &sim->kases[i];
        bool there =
            !k->begun || db_one_int(sim->engine.db, &one,
                                    "SELECT COUNT(*) FROM consultation WHERE id = $1 AND "
                                    "state = $2",
                                    "ss", k->id, consult_state_name(k->state)) == STATUS_OK;
        check_note(sim, CHECK_LOST, 1, k->id,
                   there && (!k->begun || one == 1) ? NULL : "not as known");
    }
    check_ratio(sim);
    check_note(sim, CHECK_ROUNDS, sim->tallies.timer_runs, "timers",
               sim->tallies.timer_failures == 0 ? NULL : sim->timer_problem);
    check_note(sim, CHECK_STORE, sim->engine.scripts, "scripts",
               sim->engine.store_errors == 0 ? NULL : "answered with 5xx");
    engine_commit(&sim->engine);
    engine_must(audit_verify(sim->engine.db, &verdict), "audit chain");
    sim->checks->audit_rows = verdict.count;
    check_note(sim, CHECK_AUDIT, (uint64_t)verdict.count, "chain",
               verdict.holds ? NULL : verdict.why);
    enum status status = db_check(sim->engine.db, text, sizeof text);
    check_note(sim, CHECK_FILE, 1, "file", status == STATUS_OK ? NULL : text);
}

uint64_t checks_failed(const struct sim *sim)
{
    uint64_t failed = 0;
    for (int i = 0; i < CHECK_COUNT; i++) {
        failed += sim->checks->by[i].failed > 0;
    }
    return failed;
}
