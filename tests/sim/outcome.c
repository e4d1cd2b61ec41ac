#include "tests/sim/outcome.h"

#include "proto/base/check.h"

#include <stdlib.h>
#include <string.h>

enum { SEEN_ESCALATED = 1, SEEN_EXPIRED = 2 };

static enum urgency urgency_of(const char *word)
{
    return strcmp(word, "stat") == 0 ? STAT : strcmp(word, "urgent") == 0 ? URGENT : ROUTINE;
}

/* Which cases went higher, or ran out, at least once. */
static void read_trail(struct sim *sim, unsigned char *seen)
{
    struct db_query q;
    db_begin_query(&q, sim->engine.db,
                   "SELECT consultation_id, action FROM audit WHERE action IN "
                   "('consultation.escalate', 'consultation.expire')");
    while (db_next(&q)) {
        int kase = sim_kase_of(sim, db_text(&q, 0));
        if (kase >= 0) {
            seen[kase] |=
                strcmp(db_text(&q, 1), "consultation.expire") == 0 ? SEEN_EXPIRED : SEEN_ESCALATED;
        }
    }
    engine_must(db_end(&q), "outcome");
}

static void count_case(struct outcome *o, struct db_query *q, enum consult_state state,
                       unsigned seen, int64_t submitted)
{
    int64_t accepted = db_int(q, 4), signed_ms = db_int(q, 5);
    o->submitted++;
    o->escalated += (seen & SEEN_ESCALATED) != 0;
    o->expired += (seen & SEEN_EXPIRED) != 0;
    o->withdrawn += state == CONSULT_WITHDRAWN;
    o->rejected += state == CONSULT_REJECTED;
    o->closed += state == CONSULT_CLOSED || state == CONSULT_ARCHIVED;
    o->open += consult_state_phase(state) != CONSULT_PHASE_OVER;
    if (accepted != 0) {
        o->accepted++;
        o->in_time += seen == 0;
        samples_add(&o->accept_ms, accepted - submitted);
    }
    if (signed_ms != 0) {
        o->signed_count++;
        samples_add(&o->sign_ms, signed_ms - submitted);
    }
}

static void read_referrals(struct sim *sim, struct outcomes *out)
{
    struct db_query q;
    db_begin_query(&q, sim->engine.db,
                   "SELECT direction, state, arrived_ms, sent_ms, closed_ms FROM referral WHERE "
                   "sent_ms IS NOT NULL");
    while (db_next(&q)) {
        const char *state = db_text(&q, 1);
        int64_t arrived = db_int(&q, 2), closed = db_int(&q, 4);
        if (db_int(&q, 3) < START_MS) {
            out->inpatients +=
                arrived != 0 && arrived < START_MS && (closed == 0 || closed >= START_MS);
            continue;
        }
        bool up = strcmp(db_text(&q, 0), "up") == 0;
        out->up += up;
        out->down += !up;
        out->arrived += arrived != 0;
        out->returned += strcmp(state, "returned") == 0;
        out->lapsed += strcmp(state, "lapsed") == 0;
        out->refused += strcmp(state, "refused") == 0;
    }
    engine_must(db_end(&q), "outcome");
}

void outcome_read(struct sim *sim, struct outcomes *out)
{
    struct db_query q;
    unsigned char *seen = calloc((size_t)sim->kase_count + 1, 1);
    CHECK(seen != NULL);
    read_trail(sim, seen);
    read_referrals(sim, out);
    db_begin_query(&q, sim->engine.db,
                   "SELECT id, state, urgency, kind, accepted_ms, signed_ms FROM "
                   "consultation");
    while (db_next(&q)) {
        enum consult_state state = CONSULT_DRAFT;
        int kase = sim_kase_of(sim, db_text(&q, 0));
        if (consult_state_of(db_text(&q, 1), &state)) {
            out->states[state]++;
        }
        const char *kind = db_text(&q, 3);
        out->reads += strcmp(kind, "read") == 0;
        out->lives += strcmp(kind, "live") == 0;
        out->mdts += strcmp(kind, "mdt") == 0;
        if (kase >= 0 && sim->kases[kase].submitted_ms != 0) {
            count_case(&out->by[urgency_of(db_text(&q, 2))], &q, state, seen[kase],
                       sim->kases[kase].submitted_ms);
        }
    }
    engine_must(db_end(&q), "outcome");
    free(seen);
}

void outcome_clear(struct outcomes *outcomes)
{
    for (int u = 0; u < URGENCIES; u++) {
        samples_clear(&outcomes->by[u].accept_ms);
        samples_clear(&outcomes->by[u].sign_ms);
    }
}
