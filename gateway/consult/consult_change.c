#include "gateway/consult/consult_change.h"

#include "gateway/consult/consult_effects.h"
#include "gateway/consult/consult_guard.h"
#include "gateway/consult/consult_guest.h"
#include "gateway/consult/consult_observer.h"
#include "gateway/consult/consult_recording.h"
#include "gateway/consult/consult_timers.h"
#include "gateway/queue/queue.h"
#include "gateway/records/audit.h"
#include "media/rt/log.h"

#include <stdio.h>
#include <string.h>

bool consult_reason_code_valid(const char *code)
{
    size_t len = strlen(code);
    return len >= 1 && len <= 64 && strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

bool consult_audit(struct api_call *call, const struct consult_row *row, const char *actor_id,
                   const char *action, const char *reason_code, json_t *detail)
{
    const char *state = consult_state_name(row->state);
    struct audit_entry entry = {.at_ms = call->now_ms,
                                .consultation_id = row->id,
                                .actor_id = actor_id,
                                .action = action,
                                .from_state = state,
                                .to_state = state,
                                .reason_code = reason_code,
                                .detail = detail};
    enum status status = audit_append(call->db, &entry);
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool refuse(struct api_call *call, enum consult_refusal refusal, enum consult_state state)
{
    api_problem(call, refusal == CONSULT_NOT_YOURS ? 403 : 409, consult_refusal_code(refusal),
                consult_refusal_zh(refusal), consult_refusal_en(refusal), NULL);
    if (call->reply != NULL) {
        json_object_set_new(call->reply, "state", json_string(consult_state_name(state)));
    }
    return false;
}

/* Times and reasons that go with entering a state; *row is not stored yet. */
static void stamp(struct consult_row *row, enum consult_state from, int64_t now_ms)
{
    row->state_since_ms = now_ms;
    if (row->state == CONSULT_SUBMITTED && from != CONSULT_PENDING_APPROVAL) {
        row->submitted_ms = now_ms;
    } else if (row->state == CONSULT_OFFERED) {
        row->offered_ms = now_ms;
    } else if (row->state == CONSULT_ACCEPTED) {
        row->accepted_ms = now_ms;
    } else if (row->state == CONSULT_IN_SESSION && row->started_ms == 0) {
        row->started_ms = now_ms;
    } else if (row->state == CONSULT_SIGNED) {
        row->signed_ms = now_ms;
    } else if (row->state == CONSULT_ACKNOWLEDGED) {
        row->acknowledged_ms = now_ms;
    } else if (row->state == CONSULT_CLOSED) {
        row->closed_ms = now_ms;
    }
    if (row->state == CONSULT_RETURNED || row->state == CONSULT_OFFERED) {
        row->consultant_id[0] = row->consultant_organisation_id[0] = '\0';
        row->accepted_ms = row->scheduled_from_ms = row->scheduled_until_ms = 0;
        row->reschedules = 0;
    }
    if (row->state == CONSULT_RETURNED) {
        row->triaged_ms = 0;
        row->target_account_id[0] = row->approval_for[0] = '\0';
    }
    bool ran = from == CONSULT_IN_SESSION || from == CONSULT_INTERRUPTED;
    if (ran && row->state != CONSULT_IN_SESSION && row->state != CONSULT_INTERRUPTED) {
        row->ended_ms = now_ms;
    }
}

static bool audit_change(struct api_call *call, const struct consult_row *row,
                         const struct consult_change *change, enum consult_state from,
                         json_t *detail)
{
    char action[64];
    (void)snprintf(action, sizeof action, "consultation.%s", consult_event_name(change->event));
    struct audit_entry entry = {
        .at_ms = call->now_ms,
        .consultation_id = row->id,
        .actor_id = change->actor_id,
        .action = change->audit_action != NULL ? change->audit_action : action,
        .from_state = consult_state_name(from),
        .to_state = consult_state_name(row->state),
        .reason_code = change->reason_code,
        .detail = detail != NULL ? detail : change->detail,
    };
    enum status status = audit_append(call->db, &entry);
    return status == STATUS_OK || api_store_failed(call, status);
}

static const char *gone_reason(enum consult_state to)
{
    return to == CONSULT_ACCEPTED           ? "accepted"
           : to == CONSULT_WITHDRAWN        ? "withdrawn"
           : to == CONSULT_RETURNED         ? "returned"
           : to == CONSULT_REJECTED         ? "rejected"
           : to == CONSULT_TRIAGED          ? "triaged"
           : to == CONSULT_PENDING_APPROVAL ? "held"
                                            : "expired";
}

static const char *closed_reason(enum consult_state to)
{
    return to == CONSULT_FAILED ? "technical" : to == CONSULT_WITHDRAWN ? "withdrawn" : "ended";
}

/* Leaving a state that has offers or a room takes them along. */
static enum status leave(struct api_call *call, const struct consult_row *row,
                         enum consult_state from)
{
    enum status status = STATUS_OK;
    if (from == CONSULT_OFFERED) {
        const char *winner = row->state == CONSULT_ACCEPTED ? row->consultant_id : NULL;
        status = queue_close(call, row, gone_reason(row->state), winner);
    }
    bool room_ends = consult_state_phase(from) == CONSULT_PHASE_RUNNING &&
                     consult_state_phase(row->state) != CONSULT_PHASE_RUNNING;
    if (status == STATUS_OK && room_ends) {
        status = consult_recording_stop(call, row, closed_reason(row->state));
        consult_effect_room_close(call, row, closed_reason(row->state));
    }
    if (status == STATUS_OK && room_ends) {
        status = consult_guest_end(call, row, closed_reason(row->state));
    }
    if (status == STATUS_OK && room_ends) {
        status = consult_observer_end(call, row, closed_reason(row->state));
    }
    if (status == STATUS_OK && room_ends) {
        status = db_run(call->db,
                        "UPDATE participation SET present = 0, since_ms = $1 WHERE consultation_id "
                        "= $2 AND present = 1",
                        "is", call->now_ms, row->id);
    }
    if (status == STATUS_OK && (row->state == CONSULT_RETURNED || row->state == CONSULT_OFFERED)) {
        status =
            db_run(call->db,
                   "DELETE FROM participation WHERE consultation_id = $1 AND role <> 'requester'",
                   "s", row->id);
    }
    return status;
}

static enum status enter(struct api_call *call, const struct consult_row *row)
{
    enum status status = consult_timers_enter(call, row);
    if (status == STATUS_OK && row->state == CONSULT_IN_SESSION) {
        status = consult_recording_start(call, row);
    }
    consult_effect_count(call, "consult_transitions_total", consult_state_name(row->state));
    if (row->state != CONSULT_DRAFT) {
        consult_effect_queue(call, NULL);
    }
    log_info("consultation_state", "consultation=%s state=%s version=%lld", row->id,
             consult_state_name(row->state), (long long)row->version);
    return status;
}

/* Row and audit row of a change that is allowed. */
static bool write_change(struct api_call *call, struct consult_row *row,
                         const struct consult_change *change, enum consult_state from,
                         json_t *detail)
{
    enum status status = STATUS_OK;
    if (change->reason_code != NULL || change->reason_text != NULL) {
        (void)snprintf(row->reason_code, sizeof row->reason_code, "%s",
                       change->reason_code == NULL ? "" : change->reason_code);
        status = consult_row_set_text(&row->reason_text, change->reason_text);
    }
    status = status == STATUS_OK ? consult_row_update(call->db, row) : status;
    if (status == STATUS_CONFLICT) {
        return api_problem(call, 409, "consultation.conflict", "会诊刚被他人更改，请刷新后重试。",
                           "Somebody else changed the consultation just now; read it anew.", NULL);
    }
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return audit_change(call, row, change, from, detail);
}

bool consult_change(struct api_call *call, struct consult_row *row,
                    const struct consult_change *change)
{
    enum consult_state from = row->state;
    json_t *detail = NULL;
    struct consult_step step = consult_fsm_next(from, change->event, change->actor);
    if (step.refusal != CONSULT_OK) {
        return refuse(call, step.refusal, from);
    }
    if (!consult_guards_hold(call, row, change, step.guards) ||
        (change->perform != NULL && !change->perform(call, row, &detail))) {
        return false;
    }
    bool moved = step.next != from;
    row->state = step.next;
    /* another time for the appointment or the follow-up: the timers are set anew */
    bool retimed = change->event == CONSULT_EVENT_SCHEDULE || change->event == CONSULT_EVENT_PLAN;
    if (moved) {
        stamp(row, from, call->now_ms);
    }
    if (moved || retimed) {
        enum status timed = consult_timers_deadline(call, row);
        if (timed != STATUS_OK) {
            json_decref(detail);
            return api_store_failed(call, timed);
        }
    }
    bool written = write_change(call, row, change, from, detail);
    json_decref(detail);
    if (!written) {
        return false;
    }
    enum status status = moved ? leave(call, row, from) : STATUS_OK;
    if (status == STATUS_OK && moved) {
        status = enter(call, row);
    } else if (status == STATUS_OK && retimed) {
        status = consult_timers_enter(call, row);
    }
    status = status == STATUS_OK ? consult_effect_changed(call, row) : status;
    return status == STATUS_OK || api_store_failed(call, status);
}
