#include "tests/sim/sabotage.h"

#include <string.h>

static const char *const names[SABOTAGE_COUNT] = {[SABOTAGE_NONE] = "none",
                                                  [SABOTAGE_TIMERS] = "lose-timers",
                                                  [SABOTAGE_CASE] = "lose-case",
                                                  [SABOTAGE_STATE] = "unknown-state",
                                                  [SABOTAGE_TWO] = "two-consultants",
                                                  [SABOTAGE_DISABLED] = "disable",
                                                  [SABOTAGE_UNSEEN] = "disable-unseen",
                                                  [SABOTAGE_AUDIT] = "forge-audit",
                                                  [SABOTAGE_WARDS] = "empty-wards"};

const char *sabotage_name(enum sabotage sabotage)
{
    return sabotage < SABOTAGE_COUNT ? names[sabotage] : NULL;
}

enum sabotage sabotage_of(const char *name)
{
    int i = 0;
    while (i < SABOTAGE_COUNT && strcmp(names[i], name) != 0) {
        i++;
    }
    return (enum sabotage)i;
}

/* A draft that nothing hangs on. */
static enum status lose_case(struct db *db)
{
    char id[33];
    enum status status = db_one_text(
        db, id, sizeof id,
        "SELECT c.id FROM consultation c WHERE c.state = 'draft' AND NOT EXISTS (SELECT 1 FROM "
        "consent x WHERE x.consultation_id = c.id) AND NOT EXISTS (SELECT 1 FROM attachment a "
        "WHERE a.consultation_id = c.id) ORDER BY c.created_ms LIMIT 1",
        "");
    if (status == STATUS_OK) {
        status = db_run(db, "DELETE FROM participation WHERE consultation_id = $1", "s", id);
    }
    return status == STATUS_OK ? db_run(db, "DELETE FROM consultation WHERE id = $1", "s", id)
                               : status;
}

static enum status forge(struct db *db)
{
    enum status status = db_run(db, "DROP TRIGGER IF EXISTS audit_no_update", "");
    return status == STATUS_OK
               ? db_run(db,
                        "UPDATE audit SET reason_code = 'forged' WHERE seq = (SELECT MAX(seq) / 2 "
                        "FROM audit)",
                        "")
               : status;
}

static enum status break_it(struct db *db, enum sabotage sabotage)
{
    switch (sabotage) {
    case SABOTAGE_TIMERS:
        return db_run(db, "DELETE FROM consultation_timer WHERE consultation_id < '8'", "");
    case SABOTAGE_CASE:
        return lose_case(db);
    case SABOTAGE_STATE:
        return db_run(db,
                      "UPDATE consultation SET state = 'limbo' WHERE id = (SELECT id FROM "
                      "consultation WHERE state = 'signed' ORDER BY created_ms LIMIT 1)",
                      "");
    case SABOTAGE_TWO:
        return db_run(db,
                      "INSERT INTO participation (consultation_id, account_id, party, role) SELECT "
                      "id, (SELECT MAX(account_id) FROM duty), 5, 'consultant' FROM consultation "
                      "WHERE state = 'signed' ORDER BY created_ms LIMIT 1",
                      "");
    case SABOTAGE_DISABLED:
    case SABOTAGE_UNSEEN:
        return db_run(db,
                      "UPDATE account SET disabled = 1 WHERE id IN (SELECT consultant_id FROM "
                      "consultation WHERE state IN ('reporting', 'accepted', 'scheduled', "
                      "'awaiting-opinion', 'opinion-draft') UNION SELECT requester_id FROM "
                      "consultation WHERE state IN ('signed', 'acknowledged'))",
                      "");
    case SABOTAGE_AUDIT:
        return forge(db);
    case SABOTAGE_WARDS: /* was done when the month began */
    case SABOTAGE_NONE:
    case SABOTAGE_COUNT:
        break;
    }
    return STATUS_OK;
}

void sabotage_script(struct api_call *call)
{
    enum status status = break_it(call->db, sabotage_of(call->params[0]));
    if (status != STATUS_OK && status != STATUS_NONE) {
        (void)api_store_failed(call, status);
    }
}

/* Whose account is closed acts no more; what was planned for the own cases comes to nothing. */
static void close_accounts(struct sim *sim)
{
    struct db_query q;
    db_begin_query(&q, sim->engine.db, "SELECT id FROM account WHERE disabled = 1");
    while (db_next(&q)) {
        int person = sim_person_of(sim, db_text(&q, 0));
        if (person >= 0) {
            sim->people[person].gone = true;
            sim->people[person].on_duty = false;
        }
    }
    engine_must(db_end(&q), "sabotage");
    sim->gone_ms = sim->now_ms;
}

void sim_on_sabotage(struct sim *sim, const struct event *event)
{
    enum sabotage sabotage = sim->options.sabotage;
    (void)sim_run(sim, event->person, SCRIPT_SABOTAGE, sabotage_name(sabotage), NULL, NULL);
    if (sabotage == SABOTAGE_DISABLED || sabotage == SABOTAGE_UNSEEN) {
        close_accounts(sim);
    }
    if (sabotage == SABOTAGE_TIMERS) {
        sim_event(sim, sim->now_ms + HOUR, EVENT_sabotage, -1, -1);
    }
}
