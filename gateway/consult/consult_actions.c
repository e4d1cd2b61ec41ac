#include "gateway/consult/consult_actions.h"

#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_guard.h"
#include "gateway/consult/consult_guest.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_observer.h"
#include "gateway/consult/consult_step.h"
#include "gateway/consult/consult_view.h"
#include "gateway/directory/directory.h"
#include "gateway/queue/queue.h"
#include "gateway/records/opinion.h"
#include "gateway/referral/referral.h"

#include <stdio.h>
#include <string.h>

#define SENTENCE_BYTES 400

static bool submit_before(struct consult_act *a)
{
    bool stat = strcmp(a->row.urgency, "stat") == 0;
    const char *why = a->change.reason_text;
    a->change.reason_code = a->change.reason_text =
        NULL; /* they tell about the consent, not about the submission */
    if (!stat || consult_text_blank(why)) {
        return true;
    }
    a->detail = json_pack("{s:b}", "consent_deferred", 1);
    enum status status = consult_row_set_text(&a->row.consent_deferred, why);
    return status == STATUS_OK || api_store_failed(a->call, status);
}

static bool accept_before(struct consult_act *a)
{
    const struct api_actor *actor = a->call->actor;
    (void)snprintf(a->row.consultant_id, sizeof a->row.consultant_id, "%s", actor->account_id);
    (void)snprintf(a->row.consultant_organisation_id, sizeof a->row.consultant_organisation_id,
                   "%s", actor->organisation_id);
    return true;
}

static bool amend_after(struct consult_act *a)
{
    return opinion_amend(a->call, &a->row, a->change.reason_text);
}

static bool invite_before(struct consult_act *a)
{
    return consult_place_read(a->call, true);
}

/* A guest or an observer who declines or leaves for good names nobody. */
static bool uninvite_before(struct consult_act *a)
{
    return consult_place_read(
        a->call, (a->change.actor & (CONSULT_ACTOR_GUEST | CONSULT_ACTOR_OBSERVER)) == 0);
}

/* Arranged anew: with the same specialist, at a time to be found. */
static bool reopen_before(struct consult_act *a)
{
    a->row.scheduled_from_ms = a->row.scheduled_until_ms = 0;
    return a->row.consultant_id[0] != '\0' ||
           api_problem(a->call, 409, "consultation.not-possible", "当前状态下不能做此操作。",
                       "That is not possible in the present state.", NULL);
}

static bool refer_before(struct consult_act *a)
{
    char referral[33];
    if (!referral_open_for(a->call, &a->row, a->call->body, referral)) {
        return false;
    }
    a->detail = json_pack("{s:s}", "referral", referral);
    return a->detail != NULL || api_store_failed(a->call, STATUS_NO_MEMORY);
}

struct action_steps {
    consult_step_fn before, after;
    bool (*perform)(struct api_call *call, const struct consult_row *row,
                    json_t **out_detail); /* consult_change.h */
};
static const struct action_steps steps[CONSULT_EVENT_COUNT] = {
    [CONSULT_EVENT_SUBMIT] = {submit_before, consult_submitted, NULL},
    [CONSULT_EVENT_RENEW] = {submit_before, consult_submitted, NULL},
    [CONSULT_EVENT_APPROVE] = {consult_approve_before, consult_approved, NULL},
    [CONSULT_EVENT_TRIAGE] = {consult_triage_before, consult_triaged, NULL},
    [CONSULT_EVENT_ACCEPT] = {accept_before, consult_accepted, NULL},
    [CONSULT_EVENT_DECLINE] = {NULL, consult_declined, NULL},
    [CONSULT_EVENT_HAND_OVER] = {consult_hand_over_before, consult_handed_over, NULL},
    [CONSULT_EVENT_TAKE_OVER] = {consult_take_over_before, consult_taken_over, NULL},
    [CONSULT_EVENT_SCHEDULE] = {consult_schedule_before, NULL, NULL},
    [CONSULT_EVENT_REOPEN] = {reopen_before, NULL, NULL},
    [CONSULT_EVENT_CONVERT] = {consult_convert_before, NULL, NULL},
    [CONSULT_EVENT_PRELIMINARY] = {consult_preliminary_before, consult_preliminary_given, NULL},
    [CONSULT_EVENT_SIGN] = {consult_sign_before, NULL, opinion_sign},
    [CONSULT_EVENT_AMEND] = {NULL, amend_after, NULL},
    [CONSULT_EVENT_CRITICAL] = {consult_critical_before, NULL, NULL},
    [CONSULT_EVENT_ACKNOWLEDGE] = {consult_acknowledge_before, NULL, NULL},
    [CONSULT_EVENT_REFER] = {refer_before, NULL, NULL},
    [CONSULT_EVENT_PLAN] = {consult_plan_before, NULL, NULL},
    [CONSULT_EVENT_CLOSE] = {consult_close_before, NULL, NULL},
    [CONSULT_EVENT_REVIEW] = {consult_review_before, NULL, NULL},
    [CONSULT_EVENT_ENLIST] = {consult_enlist_before, NULL, NULL},
    [CONSULT_EVENT_EXCUSE] = {consult_excuse_before, NULL, NULL},
    [CONSULT_EVENT_CONTRIBUTE] = {consult_contribute_before, NULL, NULL},
    [CONSULT_EVENT_INVITE] = {invite_before, NULL, consult_guest_invite},
    [CONSULT_EVENT_UNINVITE] = {uninvite_before, NULL, consult_guest_uninvite},
    [CONSULT_EVENT_OBSERVE] = {invite_before, NULL, consult_observer_admit},
    [CONSULT_EVENT_DISMISS] = {uninvite_before, NULL, consult_observer_dismiss},
};

static bool read_reason(struct consult_act *a)
{
    bool ok = true;
    struct api_call *call = a->call;
    if (call->body == NULL) {
        return true;
    }
    if (!json_is_object(call->body)) {
        return consult_field_wrong(call, "", "", "应为对象。", "Must be an object.");
    }
    a->change.reason_code = api_body_text(call, "reason_code", false, 64, &ok);
    a->change.reason_text =
        ok ? api_body_text(call, "reason_text", false, CONSULT_REASON_TEXT_MAX, &ok) : NULL;
    if (!ok) {
        return false;
    }
    if (a->change.reason_code != NULL && a->change.reason_code[0] == '\0') {
        a->change.reason_code = NULL;
    }
    if (a->change.reason_code != NULL && !consult_reason_code_valid(a->change.reason_code)) {
        return consult_field_wrong(call, "", "reason_code",
                                   "原因代码只能含小写字母、数字和连字符。",
                                   "Lower-case letters, digits and hyphens only.");
    }
    return true;
}

/* 409 that names who has it. */
static bool taken(struct api_call *call, const struct consult_row *row)
{
    char zh[SENTENCE_BYTES], en[SENTENCE_BYTES];
    json_t *who = directory_person_json(call->db, row->consultant_id);
    const char *name_zh = json_string_value(json_object_get(who, "name_zh"));
    const char *name_en = json_string_value(json_object_get(who, "name_en"));
    const char *at_zh =
        json_string_value(json_object_get(json_object_get(who, "organisation"), "name_zh"));
    const char *at_en =
        json_string_value(json_object_get(json_object_get(who, "organisation"), "name_en"));
    name_zh = name_zh == NULL ? "其他医师" : name_zh;
    name_en = name_en == NULL ? "another specialist" : name_en;
    (void)snprintf(zh, sizeof zh, "该会诊已由%s%.90s接诊。", at_zh == NULL ? "" : at_zh, name_zh);
    (void)snprintf(en, sizeof en, "%.90s%s%.90s has accepted it already.", name_en,
                   at_en == NULL ? "" : ", ", at_en == NULL ? "" : at_en);
    api_problem(call, 409, "consultation.already-accepted", zh, en, NULL);
    if (call->reply != NULL) {
        json_object_set_new(call->reply, "by_zh", json_string(name_zh));
        json_object_set_new(call->reply, "by_en", json_string(name_en));
        json_object_set_new(call->reply, "state", json_string(consult_state_name(row->state)));
    }
    json_decref(who);
    return false;
}

/* Somebody who was offered it, and no longer has any other relation to it. */
static enum status was_offered(struct api_call *call, const char *consultation_id,
                               bool *out_offered)
{
    int64_t count = 0;
    enum status status =
        db_one_int(call->db, &count,
                   "SELECT COUNT(*) FROM consultation_offer WHERE consultation_id = $1 AND "
                   "account_id = $2 AND state IN ('gone', 'open')",
                   "ss", consultation_id, call->actor->account_id);
    *out_offered = count > 0;
    return status;
}

/* No relation: unknown, except for one who accepts or declines a little too late. */
static bool refuse_stranger(struct consult_act *a)
{
    bool offered = false;
    bool answer =
        a->change.event == CONSULT_EVENT_ACCEPT || a->change.event == CONSULT_EVENT_DECLINE;
    enum status status = answer ? was_offered(a->call, a->row.id, &offered) : STATUS_OK;
    if (status != STATUS_OK) {
        return api_store_failed(a->call, status);
    }
    if (offered && a->row.consultant_id[0] != '\0') {
        return taken(a->call, &a->row);
    }
    if (offered && a->row.state != CONSULT_OFFERED) {
        return api_problem(a->call, 409, "consultation.no-longer-offered", "该会诊已不再等待接诊。",
                           "The consultation is no longer offered.", NULL);
    }
    bool there = false;
    status = offered ? queue_is_offered(a->call->db, a->row.id, a->call->actor->account_id, &there)
                     : STATUS_OK;
    if (status != STATUS_OK) {
        return api_store_failed(a->call, status);
    }
    if (there) { /* on duty, and no partner any more: the rules say why */
        (void)snprintf(a->row.consultant_organisation_id, sizeof a->row.consultant_organisation_id,
                       "%s", a->call->actor->organisation_id);
        return !consult_rules_hold(a->call, &a->row) ? false : consult_unknown(a->call);
    }
    if (offered) {
        return api_problem(a->call, 409, "duty.off", "您当前不在岗，请先上岗。",
                           "You are off duty; go on duty first.", NULL);
    }
    return consult_unknown(a->call);
}

static bool perform(struct consult_act *a)
{
    const struct action_steps *step = &steps[a->change.event];
    struct consult_step allowed = consult_fsm_next(a->row.state, a->change.event, a->change.actor);
    if (allowed.refusal == CONSULT_TAKEN && a->change.event == CONSULT_EVENT_ACCEPT &&
        (a->row.state == CONSULT_ACCEPTED || a->row.state == CONSULT_REPORTING) &&
        (a->change.actor & CONSULT_ACTOR_CONSULTANT) != 0) {
        return true; /* the winner asks again: the first answer was lost on the way */
    }
    if (allowed.refusal == CONSULT_TAKEN) {
        return taken(a->call, &a->row);
    }
    if (allowed.refusal == CONSULT_OK && step->before != NULL && !step->before(a)) {
        return false;
    }
    a->change.detail = a->detail;
    a->change.perform = step->perform;
    return consult_change(a->call, &a->row, &a->change) && (step->after == NULL || step->after(a));
}

bool consult_submit_stat(struct api_call *call, struct consult_row *row, const char *why)
{
    struct consult_act a = {.call = call,
                            .row = *row,
                            .change = {.event = CONSULT_EVENT_SUBMIT,
                                       .actor = CONSULT_ACTOR_REQUESTER,
                                       .actor_id = call->actor->account_id,
                                       .reason_text = why}};
    bool done = perform(&a);
    *row = a.row; /* what it owns goes back to the caller */
    json_decref(a.detail);
    return done;
}

void consult_action(struct api_call *call)
{
    struct consult_act a = {.call = call, .change = {.actor_id = call->actor->account_id}};
    const char *name = call->params[1];
    if (name == NULL || !consult_event_of(name, &a.change.event) ||
        !consult_event_is_action(a.change.event)) {
        (void)api_problem(call, 404, "consultation.unknown-action", "没有此操作。",
                          "There is no such action.", NULL);
        return;
    }
    if (!read_reason(&a) || !consult_load_any(call, call->params[0], &a.row, &a.change.actor)) {
        return;
    }
    bool done =
        a.change.actor == 0 ? refuse_stranger(&a) : consult_if_match(call, &a.row) && perform(&a);
    if (done) {
        consult_reply(call, &a.row);
    }
    json_decref(a.detail);
    consult_row_clear(&a.row);
}
