#include "gateway/consult/consult_rounds.h"

#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_closing.h"
#include "gateway/consult/consult_effects.h"
#include "gateway/consult/consult_route.h"
#include "gateway/consult/consult_timers.h"
#include "gateway/records/audit.h"
#include "media/rt/log.h"

#include <stdio.h>
#include <string.h>

#define TIMERS_IN_ONE_CALL 64 /* bounds the time of one transaction */
#define PUT_OFF_MS 60000      /* a timer that cannot fire waits so long before it is tried again */

static bool find_timer(const char *name, enum consult_timer *out_timer)
{
    for (unsigned i = 0; i < CONSULT_TIMER_COUNT; i++) {
        if (strcmp(consult_timer_rule((enum consult_timer)i)->name, name) == 0) {
            *out_timer = (enum consult_timer)i;
            return true;
        }
    }
    return false;
}

/* Of an event that a timer causes. */
static const char *reason_of(enum consult_timer timer)
{
    switch (timer) {
    case CONSULT_TIMER_OFFER_DEADLINE:
        return "deadline";
    case CONSULT_TIMER_RETURNED_CLOSE:
        return "material-not-supplied";
    case CONSULT_TIMER_ACCEPTED_DEADLINE:
        return "not-started";
    case CONSULT_TIMER_INTERRUPTED_HOLD:
        return "interrupted-too-long";
    case CONSULT_TIMER_APPOINTMENT_MISSED:
        return "nobody-came";
    case CONSULT_TIMER_READY_MISSED:
        return "other-party-absent";
    case CONSULT_TIMER_TRIAGE_DEADLINE:
        return "not-triaged";
    case CONSULT_TIMER_APPROVAL_DEADLINE:
        return "not-approved";
    case CONSULT_TIMER_APPROVAL_REMIND:
    case CONSULT_TIMER_TRIAGE_REMIND:
    case CONSULT_TIMER_RING:
    case CONSULT_TIMER_RETURNED_REMIND:
    case CONSULT_TIMER_ACCEPTED_REMIND:
    case CONSULT_TIMER_APPOINTMENT_DAY:
    case CONSULT_TIMER_APPOINTMENT_HOUR:
    case CONSULT_TIMER_APPOINTMENT_TEST:
    case CONSULT_TIMER_READY_CALL:
    case CONSULT_TIMER_OVERRUN:
    case CONSULT_TIMER_REPORT_OVERDUE:
    case CONSULT_TIMER_OPINION_REMIND:
    case CONSULT_TIMER_OPINION_OVERDUE:
    case CONSULT_TIMER_DRAFT_OVERDUE:
    case CONSULT_TIMER_DRAFT_CRITICAL:
    case CONSULT_TIMER_SIGNED_CRITICAL:
    case CONSULT_TIMER_ACK_REMIND:
    case CONSULT_TIMER_ACK_OVERDUE:
    case CONSULT_TIMER_CLOSE_REMIND:
    case CONSULT_TIMER_FOLLOW_UP_DUE:
    case CONSULT_TIMER_ARCHIVE_DUE:
    case CONSULT_TIMER_COUNT:
        break;
    }
    return NULL;
}

/* What is overdue goes to coordinators and into the audit trail; the rest is a reminder. */
static bool is_overdue(enum consult_timer timer)
{
    return timer == CONSULT_TIMER_OPINION_OVERDUE || timer == CONSULT_TIMER_ACK_OVERDUE ||
           timer == CONSULT_TIMER_REPORT_OVERDUE || timer == CONSULT_TIMER_DRAFT_OVERDUE ||
           timer == CONSULT_TIMER_DRAFT_CRITICAL || timer == CONSULT_TIMER_SIGNED_CRITICAL ||
           timer == CONSULT_TIMER_READY_CALL;
}

/* Who is late learns it. */
static void tell(struct api_call *call, const struct consult_row *row, enum consult_timer timer)
{
    const char *what = consult_timer_rule(timer)->name;
    bool opinion = row->state == CONSULT_AWAITING_OPINION || row->state == CONSULT_REPORTING ||
                   row->state == CONSULT_OPINION_DRAFT;
    bool both = consult_state_phase(row->state) == CONSULT_PHASE_RUNNING ||
                timer == CONSULT_TIMER_DRAFT_CRITICAL;
    if (opinion || both) {
        consult_effect_reminder(call, row, row->consultant_id, what);
    }
    if (!opinion || both) {
        consult_effect_reminder(call, row, row->requester_id, what);
    }
    if (row->state == CONSULT_PENDING_APPROVAL || row->state == CONSULT_SUBMITTED) {
        consult_effect_queue(call, NULL); /* approvers and coordinators look at their lists */
    }
}

static bool remind(struct api_call *call, const struct consult_row *row, enum consult_timer timer)
{
    const struct consult_timer_rule *rule = consult_timer_rule(timer);
    int64_t due = 0;
    tell(call, row, timer);
    if (is_overdue(timer)) {
        consult_effect_alarm(call, row, rule->name, false);
        if (!consult_audit(call, row, NULL, "consultation.overdue", rule->name, NULL)) {
            return false;
        }
    }
    enum status status =
        rule->again ? consult_timer_again(call, row, timer, &due)
                    : db_run(call->db,
                             "DELETE FROM consultation_timer WHERE consultation_id = $1 AND kind = "
                             "$2",
                             "ss", row->id, rule->name);
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool drop_timer(struct api_call *call, const char *id, const char *kind)
{
    enum status status =
        db_run(call->db, "DELETE FROM consultation_timer WHERE consultation_id = $1 AND kind = $2",
               "ss", id, kind);
    return status == STATUS_OK || api_store_failed(call, status);
}

/* The event of a timer, each with what it needs before. */
static bool cause(struct api_call *call, struct consult_row *row, enum consult_timer timer)
{
    enum consult_event event = consult_timer_rule(timer)->event;
    if (event == CONSULT_EVENT_ESCALATE) {
        return consult_escalate(call, row, reason_of(timer));
    }
    if (event == CONSULT_EVENT_OFFER) {
        return consult_offer(call, row);
    }
    if (event == CONSULT_EVENT_ARCHIVE) {
        enum status status = consult_archive_make(call, row);
        if (status != STATUS_OK) {
            return api_store_failed(call, status);
        }
    }
    bool done = consult_change(call, row,
                               &(struct consult_change){.event = event,
                                                        .actor = CONSULT_ACTOR_SYSTEM,
                                                        .reason_code = reason_of(timer)});
    if (done && event == CONSULT_EVENT_EXPIRE) { /* submitted once more with one click */
        consult_effect_reminder(call, row, row->requester_id, consult_timer_rule(timer)->name);
    }
    return done;
}

static bool fire(struct api_call *call, const char *id, const char *kind)
{
    enum consult_timer timer;
    struct consult_row row;
    enum status status = consult_row_load(call->db, id, &row);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    bool done;
    bool known = find_timer(kind, &timer);
    const struct consult_timer_rule *rule = known ? consult_timer_rule(timer) : NULL;
    bool moot = known && rule->base == CONSULT_BASE_CRITICAL && row.critical_known_ms != 0;
    if (!known || moot || rule->state != row.state) {
        done = drop_timer(call, id, kind); /* of a state that was left, or of a former table */
    } else if (timer == CONSULT_TIMER_RING) {
        done = consult_ring(call, &row);
    } else if (!rule->has_event) {
        done = remind(call, &row, timer);
    } else {
        done = cause(call, &row, timer);
    }
    consult_row_clear(&row);
    return done;
}

/* body {consultation, kind}: the timer that the call before could not fire. A call of its own, so
 * that the next failure does not undo it; the answer asks for the next call at once. */
static void put_off(struct api_call *call)
{
    const char *id = json_string_value(json_object_get(call->body, "consultation"));
    const char *kind = json_string_value(json_object_get(call->body, "kind"));
    id = id == NULL ? "" : id;
    kind = kind == NULL ? "" : kind;
    log_error("consultation_timer_failed", "consultation=%s timer=%s", id, kind);
    enum status status =
        db_run(call->db,
               "UPDATE consultation_timer SET due_ms = $1 WHERE consultation_id = $2 AND kind = $3",
               "iss", call->now_ms + PUT_OFF_MS, id, kind);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    call->reply =
        json_pack("{s:i, s:I}", "ran", TIMERS_IN_ONE_CALL, "next_due_ms", (json_int_t)call->now_ms);
}

struct due_timer {
    char id[33], kind[32];
};

static enum status find_due(struct api_call *call, struct due_timer due[TIMERS_IN_ONE_CALL],
                            size_t *out_count)
{
    struct db_query q;
    size_t count = 0;
    db_begin_query(&q, call->db,
                   "SELECT consultation_id, kind FROM consultation_timer WHERE due_ms <= $1 ORDER "
                   "BY due_ms LIMIT 64");
    db_bind_int(&q, call->now_ms);
    while (count < TIMERS_IN_ONE_CALL && db_next(&q)) {
        (void)snprintf(due[count].id, sizeof due[count].id, "%s", db_text(&q, 0));
        (void)snprintf(due[count].kind, sizeof due[count].kind, "%s", db_text(&q, 1));
        count++;
    }
    *out_count = count;
    return db_end(&q);
}

void consult_timers_run(struct api_call *call)
{
    struct due_timer due[TIMERS_IN_ONE_CALL];
    size_t count = 0;
    int64_t next = 0;
    if (call->body != NULL) {
        put_off(call);
        return;
    }
    enum status status = find_due(call, due, &count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (!fire(call, due[i].id, due[i].kind)) {
            if (call->reply !=
                NULL) { /* which one: all is rolled back, and the next call puts it off */
                json_object_set_new(call->reply, "consultation", json_string(due[i].id));
                json_object_set_new(call->reply, "kind", json_string(due[i].kind));
            }
            return;
        }
    }
    status = status == STATUS_OK ? audit_anchor(call->db, call->now_ms, false) : status;
    if (status == STATUS_OK) {
        status = db_one_int(call->db, &next,
                            "SELECT COALESCE(MIN(due_ms), 0) FROM consultation_timer", "");
    }
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    call->reply =
        json_pack("{s:I, s:I}", "ran", (json_int_t)count, "next_due_ms", (json_int_t)next);
}
