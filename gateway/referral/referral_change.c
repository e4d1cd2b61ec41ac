#include "gateway/referral/referral_change.h"

#include "gateway/consult/consult_referral.h"
#include "gateway/records/audit.h"
#include "gateway/referral/referral_effects.h"
#include "gateway/referral/referral_guard.h"
#include "gateway/referral/referral_place.h"
#include "gateway/referral/referral_timers.h"
#include "media/rt/log.h"

#include <stdio.h>
#include <string.h>

static bool refuse(struct api_call *call, enum referral_refusal refusal, enum referral_state state)
{
    api_problem(call, refusal == REFERRAL_NOT_YOURS ? 403 : 409, referral_refusal_code(refusal),
                referral_refusal_zh(refusal), referral_refusal_en(refusal), NULL);
    if (call->reply != NULL) {
        (void)json_object_set_new(call->reply, "state", json_string(referral_state_name(state)));
    }
    return false;
}

static const char *or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* One step for its page and the patient's way. */
static enum status write_step(struct api_call *call, const struct referral_row *row,
                              const struct referral_change *change, const char *event,
                              enum referral_state from)
{
    return db_run(
        call->db,
        "INSERT INTO referral_step (referral_id, seq, at_ms, event, from_state, to_state, "
        "actor_id, reason_code, reason_text, department) VALUES ($1, (SELECT COALESCE(MAX(seq), "
        "0) + 1 FROM referral_step WHERE referral_id = $2), $3, $4, $5, $6, $7, $8, $9, $10)",
        "ssisssssss", row->id, row->id, call->now_ms, event, referral_state_name(from),
        referral_state_name(row->state), change->actor_id, change->reason_code, change->reason_text,
        or_null(row->department));
}

static enum status write_audit(struct api_call *call, const struct referral_row *row,
                               const struct referral_change *change, const char *event,
                               enum referral_state from)
{
    char action[48];
    (void)snprintf(action, sizeof action, "referral.%s", event);
    json_t *detail = json_pack("{s:s, s:s, s:s*, s:s*}", "referral", row->id, "direction",
                               referral_direction_name(row->direction), "department",
                               or_null(row->department), "place", or_null(row->place_id));
    enum status status = audit_append(
        call->db, &(struct audit_entry){.at_ms = call->now_ms,
                                        .consultation_id = or_null(row->consultation_id),
                                        .actor_id = change->actor_id,
                                        .action = action,
                                        .from_state = referral_state_name(from),
                                        .to_state = referral_state_name(row->state),
                                        .reason_code = change->reason_code,
                                        .detail = detail});
    json_decref(detail);
    return status;
}

bool referral_note(struct api_call *call, const struct referral_row *row, const char *actor_id,
                   const char *event, const char *reason_code)
{
    struct referral_change note = {.actor_id = actor_id, .reason_code = reason_code};
    enum status status = write_step(call, row, &note, event, row->state);
    status = status == STATUS_OK ? write_audit(call, row, &note, event, row->state) : status;
    return status == STATUS_OK || api_store_failed(call, status);
}

/* Times that go with the event; *row is not stored yet. */
static void stamp(struct referral_row *row, const struct referral_change *change, int64_t now_ms)
{
    if (change->event == REFERRAL_EVENT_SEND) {
        row->sent_ms = now_ms;
    } else if (change->event == REFERRAL_EVENT_ACCEPT) {
        row->accepted_ms = now_ms;
    } else if (change->event == REFERRAL_EVENT_ARRIVE) {
        row->arrived_ms = now_ms;
    } else if (change->event == REFERRAL_EVENT_ACKNOWLEDGE) {
        row->acknowledged_ms = now_ms;
        row->deadline_ms = 0;
    }
    if (referral_state_phase(row->state) == REFERRAL_PHASE_OVER && row->closed_ms == 0) {
        row->closed_ms = now_ms;
    }
    if ((change->actor & REFERRAL_ACTOR_RECEIVER) != 0 && change->actor_id != NULL) {
        (void)snprintf(row->handled_by, sizeof row->handled_by, "%s", change->actor_id);
    }
}

/* The place that goes with the event: held at send, taken at acceptance, free again at the end. */
static bool move_place(struct api_call *call, struct referral_row *row, enum referral_event event)
{
    enum status status = STATUS_OK;
    bool ends = event == REFERRAL_EVENT_WITHDRAW || event == REFERRAL_EVENT_REFUSE ||
                event == REFERRAL_EVENT_LAPSE || event == REFERRAL_EVENT_FORWARD;
    if (ends) {
        row->place_id[0] = '\0';
        status = referral_place_free(call->db, row);
    } else if (event == REFERRAL_EVENT_RETURN_MESSAGE) {
        status = referral_place_free(call->db, row); /* the bed; the row still says which it was */
    } else if (event == REFERRAL_EVENT_SEND && row->place_id[0] != '\0') {
        return referral_place_hold(call, row, true);
    } else if (event == REFERRAL_EVENT_ACCEPT) {
        status = db_run(call->db,
                        "UPDATE place SET state = 'free', referral_id = NULL, version = version + "
                        "1 WHERE referral_id = $1 AND id <> $2",
                        "ss", row->id, row->place_id);
        if (status == STATUS_OK && row->place_id[0] != '\0') {
            if (!referral_place_hold(call, row, false)) {
                return false;
            }
            status = referral_place_take(call->db, row);
        }
    }
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool write_row(struct api_call *call, struct referral_row *row,
                      const struct referral_change *change)
{
    enum status status = STATUS_OK;
    if (change->reason_code != NULL || change->reason_text != NULL) {
        status = referral_row_set_reason(row, change->reason_code, change->reason_text);
    }
    status = status == STATUS_OK ? referral_row_update(call->db, row) : status;
    if (status == STATUS_CONFLICT) {
        return api_problem(call, 409, "referral.conflict", "转诊刚被他人更改，请刷新后重试。",
                           "Somebody else changed the referral just now; read it anew.", NULL);
    }
    return status == STATUS_OK || api_store_failed(call, status);
}

/* The consultation that waits for it goes on when the patient is there, or will not come. */
static bool settle_consultation(struct api_call *call, const struct referral_row *row,
                                enum referral_state from)
{
    bool settles = row->state == REFERRAL_REFUSED || row->state == REFERRAL_LAPSED ||
                   row->state == REFERRAL_WITHDRAWN || row->state == REFERRAL_ARRIVED;
    if (!settles || from == REFERRAL_DRAFT || row->state == from ||
        row->consultation_id[0] == '\0') {
        return true;
    }
    return consult_referral_settled(call, row->consultation_id, referral_state_name(row->state));
}

static enum status enter(struct api_call *call, const struct referral_row *row)
{
    referral_effect_count(call, row);
    log_info("referral_state", "referral=%s state=%s version=%lld", row->id,
             referral_state_name(row->state), (long long)row->version);
    return referral_timers_enter(call, row);
}

bool referral_change(struct api_call *call, struct referral_row *row,
                     const struct referral_change *change)
{
    enum referral_state from = row->state;
    struct referral_step step = referral_fsm_next(from, change->event, change->actor);
    if (step.refusal != REFERRAL_OK) {
        return refuse(call, step.refusal, from);
    }
    if (!referral_guards_hold(call, row, change, step.guards) ||
        !move_place(call, row, change->event)) {
        return false;
    }
    bool moved = step.next != from;
    row->state = step.next;
    if (moved) {
        row->state_since_ms = call->now_ms;
        enum status status = referral_timers_deadline(call, row);
        if (status != STATUS_OK) {
            return api_store_failed(call, status);
        }
    }
    stamp(row, change, call->now_ms);
    if (!write_row(call, row, change)) {
        return false;
    }
    const char *event = referral_event_name(change->event);
    enum status status = write_audit(call, row, change, event, from);
    if (status == STATUS_OK && change->event != REFERRAL_EVENT_EDIT) {
        status = write_step(call, row, change, event, from); /* a draft is no history yet */
    }
    if (status == STATUS_OK && moved) {
        status = enter(call, row);
    } else if (status == STATUS_OK && change->event == REFERRAL_EVENT_ACKNOWLEDGE) {
        status = referral_timers_drop(call, row);
    }
    status = status == STATUS_OK ? referral_effect_changed(call, row, NULL) : status;
    return status == STATUS_OK ? settle_consultation(call, row, from)
                               : api_store_failed(call, status);
}
