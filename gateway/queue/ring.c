#include "gateway/queue/ring.h"

#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_effects.h"
#include "gateway/directory/duty.h"
#include "gateway/queue/queue.h"
#include "media/rt/log.h"

#include <stdio.h>
#include <string.h>

#define RUNG_MAX 256 /* at once, in the pool: as many specialists of one specialty are on duty */

enum stage { CANDIDATE, POOL, ON_CALL, COORDINATOR, ALARM, STAGE_COUNT };
static const char *const stage_names[STAGE_COUNT] = {"candidate", "pool", "on-call", "coordinator",
                                                     "alarm"};

static enum status load_stage(struct db *db, const char *consultation_id, enum stage *out_stage)
{
    char name[16] = "";
    *out_stage = CANDIDATE;
    enum status status = db_one_text(
        db, name, sizeof name, "SELECT stage FROM consultation_ring WHERE consultation_id = $1",
        "s", consultation_id);
    for (unsigned i = 0; i < STAGE_COUNT; i++) {
        if (strcmp(stage_names[i], name) == 0) {
            *out_stage = (enum stage)i;
        }
    }
    return status == STATUS_NONE ? STATUS_OK : status;
}

static enum status set_stage(struct api_call *call, const struct consult_row *row, enum stage stage)
{
    json_t *detail = json_pack("{s:s}", "stage", stage_names[stage]);
    enum status status = db_run(
        call->db,
        "INSERT INTO consultation_ring (consultation_id, stage, at_ms) VALUES ($1, $2, $3) ON "
        "CONFLICT (consultation_id) DO UPDATE SET stage = excluded.stage, at_ms = excluded.at_ms",
        "ssi", row->id, stage_names[stage], call->now_ms);
    if (status == STATUS_OK && stage != CANDIDATE &&
        !consult_audit(call, row, NULL, "consultation.ring-stage", NULL, detail)) {
        status = STATUS_IO;
    }
    json_decref(detail);
    return status;
}

/* Whom the case makes ring now: "" = nobody. In `candidate` it is the one rung last. */
static enum status ringing(struct db *db, const char *consultation_id, char out_account[33])
{
    out_account[0] = '\0';
    enum status status =
        db_one_text(db, out_account, 33,
                    "SELECT account_id FROM consultation_offer WHERE consultation_id = $1 AND "
                    "state = 'open' AND rung_ms > 0 ORDER BY rung_ms DESC, account_id LIMIT 1",
                    "s", consultation_id);
    return status == STATUS_NONE ? STATUS_OK : status;
}

static enum status ring_one(struct api_call *call, const struct consult_row *row,
                            const char *account)
{
    enum status status = db_run(call->db,
                                "UPDATE consultation_offer SET rung_ms = $1 WHERE consultation_id "
                                "= $2 AND account_id = $3",
                                "iss", call->now_ms, row->id, account);
    if (status == STATUS_OK) {
        consult_effect_ring(call, row, account);
    }
    return status;
}

/* Not rung yet in this round, reachable, not in a session; rung longest ago by any case. */
static enum status next_candidate(struct api_call *call, const struct consult_row *row,
                                  char out_account[33])
{
    out_account[0] = '\0';
    enum status status = db_one_text(
        call->db, out_account, 33,
        "SELECT o.account_id FROM consultation_offer o JOIN duty d ON d.account_id = o.account_id "
        "AND " DUTY_RINGS("d", "$1") " WHERE o.consultation_id "
                                     "= $2 AND o.state = 'open' AND o.rung_ms = 0 AND NOT EXISTS "
                                     "(SELECT 1 FROM consultation c "
                                     "WHERE c.consultant_id = o.account_id AND c.state = "
                                     "'in-session') ORDER BY COALESCE("
                                     "(SELECT MAX(p.rung_ms) FROM consultation_offer p WHERE "
                                     "p.account_id = o.account_id), 0), "
                                     "d.since_ms, o.account_id LIMIT 1",
        "is", call->now_ms, row->id);
    return status == STATUS_NONE ? STATUS_OK : status;
}

/* Everybody with an open offer who can be heard; paused ones too, the case is urgent. on_call: only
 * those. */
static enum status ring_all(struct api_call *call, const struct consult_row *row, bool on_call,
                            size_t *out_count)
{
    char accounts[RUNG_MAX][33];
    size_t count = 0;
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT o.account_id FROM consultation_offer o LEFT JOIN duty d ON d.account_id "
                   "= o.account_id WHERE o.consultation_id = $1 AND o.state = 'open' AND "
                   "o.on_call = $2 AND (d.on_duty = 1 OR o.on_call = 1) ORDER BY o.account_id");
    db_bind_text(&q, row->id);
    db_bind_int(&q, on_call);
    while (count < RUNG_MAX && db_next(&q)) {
        (void)snprintf(accounts[count++], 33, "%s", db_text(&q, 0));
    }
    enum status status = db_end(&q);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = ring_one(call, row, accounts[i]);
    }
    *out_count = count;
    return status;
}

/* The one rung before stops ringing; the case stays in the queue. */
static void pass_on(struct api_call *call, const struct consult_row *row, const char *account)
{
    if (account[0] != '\0') {
        consult_effect_gone(call, row, account, "passed-on", NULL);
    }
}

static enum status step_candidate(struct api_call *call, const struct consult_row *row,
                                  bool *out_done)
{
    char before[33], next[33];
    enum status status = ringing(call->db, row->id, before);
    status = status == STATUS_OK ? next_candidate(call, row, next) : status;
    *out_done = status == STATUS_OK && next[0] != '\0';
    if (*out_done) {
        pass_on(call, row, before);
        return ring_one(call, row, next);
    }
    if (status != STATUS_OK || strcmp(row->urgency, "routine") != 0) {
        return status;
    }
    /* routine: a new round, beginning with the next step */
    *out_done = true;
    pass_on(call, row, before);
    return db_run(
        call->db,
        "UPDATE consultation_offer SET rung_ms = 0 WHERE consultation_id = $1 AND state = 'open'",
        "s", row->id);
}

static enum status step_on_call(struct api_call *call, const struct consult_row *row,
                                bool *out_done)
{
    unsigned open = 0;
    size_t rung = 0;
    enum status status = queue_open(call, row, true, &open);
    status = status == STATUS_OK ? ring_all(call, row, true, &rung) : status;
    *out_done = rung > 0;
    return status;
}

static enum status give_alarm(struct api_call *call, const struct consult_row *row, bool hard)
{
    const char *stage = stage_names[hard ? ALARM : COORDINATOR];
    log_warn("consultation_unanswered", "consultation=%s urgency=%s stage=%s waiting_s=%lld",
             row->id, row->urgency, stage, (long long)((call->now_ms - row->submitted_ms) / 1000));
    consult_effect_alarm(call, row, stage, hard);
    return STATUS_OK;
}

/* One stage's step; *out_done false: it has nobody left, the next stage begins at once. */
static enum status step(struct api_call *call, const struct consult_row *row, enum stage stage,
                        bool entered, bool *out_done)
{
    size_t rung = 0;
    enum status status = STATUS_OK;
    switch (stage) {
    case CANDIDATE:
        return step_candidate(call, row, out_done);
    case POOL:
        status = entered ? ring_all(call, row, false, &rung) : STATUS_OK;
        *out_done = entered && rung > 0;
        return status;
    case ON_CALL:
        *out_done = false;
        return entered ? step_on_call(call, row, out_done) : STATUS_OK;
    case COORDINATOR:
        *out_done = entered;
        return entered ? give_alarm(call, row, false) : STATUS_OK;
    case ALARM:
    case STAGE_COUNT:
        break;
    }
    *out_done = true;
    return give_alarm(call, row, true);
}

static enum status go_on(struct api_call *call, const struct consult_row *row, enum stage stage,
                         bool entered)
{
    bool done = false;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !done) {
        status = step(call, row, stage, entered, &done);
        if (status == STATUS_OK && !done && stage < ALARM) {
            stage++;
            entered = true;
            status = set_stage(call, row, stage);
        }
    }
    return status;
}

enum status ring_begin(struct api_call *call, const struct consult_row *row)
{
    char before[33];
    enum status status = ringing(call->db, row->id, before);
    if (status == STATUS_OK) {
        pass_on(call, row, before);
        status = set_stage(call, row, CANDIDATE);
    }
    status = status == STATUS_OK
                 ? db_run(call->db,
                          "UPDATE consultation_offer SET rung_ms = 0 WHERE consultation_id = $1 "
                          "AND state = 'open'",
                          "s", row->id)
                 : status;
    return status == STATUS_OK ? go_on(call, row, CANDIDATE, true) : status;
}

enum status ring_widened(struct api_call *call, const struct consult_row *row)
{
    enum status status = set_stage(call, row, CANDIDATE);
    return status == STATUS_OK ? go_on(call, row, CANDIDATE, true) : status;
}

enum status ring_next(struct api_call *call, const struct consult_row *row)
{
    enum stage stage;
    enum status status = load_stage(call->db, row->id, &stage);
    return status == STATUS_OK ? go_on(call, row, stage, false) : status;
}

enum status ring_has_next(struct api_call *call, const struct consult_row *row, bool *out_has)
{
    char next[33];
    enum stage stage;
    enum status status = load_stage(call->db, row->id, &stage);
    status = status == STATUS_OK ? next_candidate(call, row, next) : status;
    *out_has = status == STATUS_OK && stage == CANDIDATE && next[0] != '\0';
    return status;
}

enum status ring_alarm(struct api_call *call, const struct consult_row *row, int64_t *out_alarms)
{
    enum status status = set_stage(call, row, ALARM);
    status = status == STATUS_OK ? give_alarm(call, row, true) : status;
    status = status == STATUS_OK ? db_run(call->db,
                                          "UPDATE consultation_ring SET alarms = alarms + 1 WHERE "
                                          "consultation_id = $1",
                                          "s", row->id)
                                 : status;
    if (status != STATUS_OK) {
        return status;
    }
    return db_one_int(call->db, out_alarms,
                      "SELECT alarms FROM consultation_ring WHERE consultation_id = $1", "s",
                      row->id);
}

enum status ring_arrived(struct api_call *call, const struct consult_row *row,
                         const char *account_id)
{
    char now[33];
    enum stage stage;
    enum status status = load_stage(call->db, row->id, &stage);
    status = status == STATUS_OK ? ringing(call->db, row->id, now) : status;
    bool heard = now[0] != '\0' && strcmp(now, account_id) != 0;
    if (status == STATUS_OK && heard && stage == CANDIDATE) {
        status = queue_is_offered(call->db, row->id, now, &heard); /* gone off duty meanwhile? */
    }
    if (status != STATUS_OK || (stage == CANDIDATE && heard)) {
        return status;
    }
    return ring_one(call, row, account_id);
}

enum status ring_left(struct api_call *call, const struct consult_row *row, const char *account_id)
{
    int64_t rung_ms = 0;
    char now[33];
    enum stage stage;
    enum status status = load_stage(call->db, row->id, &stage);
    status = status == STATUS_OK ? ringing(call->db, row->id, now) : status;
    if (status == STATUS_OK && stage == CANDIDATE) {
        status = db_one_int(call->db, &rung_ms,
                            "SELECT rung_ms FROM consultation_offer WHERE consultation_id = $1 AND "
                            "account_id = $2",
                            "ss", row->id, account_id);
        status = status == STATUS_NONE ? STATUS_OK : status;
    }
    bool was_it = rung_ms > 0 && (now[0] == '\0' || strcmp(now, account_id) == 0);
    return status == STATUS_OK && was_it ? ring_next(call, row) : status;
}

enum status ring_view(struct db *db, const struct consult_row *row, json_t **out_view)
{
    struct db_query q;
    *out_view = NULL;
    if (row->state != CONSULT_OFFERED) {
        return STATUS_OK;
    }
    db_begin_query(&q, db,
                   "SELECT r.stage, r.at_ms, r.alarms, (SELECT COUNT(*) FROM consultation_offer o "
                   "WHERE o.consultation_id = r.consultation_id AND o.rung_ms > 0) FROM "
                   "consultation_ring r WHERE r.consultation_id = $1");
    db_bind_text(&q, row->id);
    if (db_next(&q)) {
        *out_view = json_pack("{s:s, s:I, s:I, s:I}", "stage", db_text(&q, 0), "since_ms",
                              (json_int_t)db_int(&q, 1), "alarms", (json_int_t)db_int(&q, 2),
                              "rung", (json_int_t)db_int(&q, 3));
    }
    return db_end(&q);
}
