#include "gateway/consult/consult_actions.h"

#include "gateway/app.h"
#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_guest.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_view.h"
#include "gateway/directory/directory.h"
#include "gateway/ops/metrics.h"
#include "gateway/queue/queue.h"
#include "gateway/records/opinion.h"

#include <stdio.h>
#include <string.h>

#define SENTENCE_BYTES 400

/* One action on its way: what it changes before consult_change(), and what follows. */
struct action {
    struct api_call *call;
    struct consult_row row;
    struct consult_change change;
    json_t *detail; /* for the audit row; owned */
};

static bool submit_before(struct action *a)
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

/* No triage yet: what is submitted is offered at once. */
static bool submit_after(struct action *a)
{
    unsigned open = 0;
    struct consult_change offer = {.event = CONSULT_EVENT_OFFER, .actor = CONSULT_ACTOR_SYSTEM};
    if (!consult_change(a->call, &a->row, &offer)) {
        return false;
    }
    enum status status = queue_offer(a->call, &a->row, &open);
    return status == STATUS_OK || api_store_failed(a->call, status);
}

static bool accept_before(struct action *a)
{
    const struct api_actor *actor = a->call->actor;
    (void)snprintf(a->row.consultant_id, sizeof a->row.consultant_id, "%s", actor->account_id);
    (void)snprintf(a->row.consultant_organisation_id, sizeof a->row.consultant_organisation_id,
                   "%s", actor->organisation_id);
    return true;
}

static bool accept_after(struct action *a)
{
    enum status status = db_run(a->call->db,
                                "INSERT INTO participation (consultation_id, account_id, party, "
                                "role) VALUES ($1, $2, 1, 'consultant') ON CONFLICT "
                                "(consultation_id, account_id) DO UPDATE SET present = 0",
                                "ss", a->row.id, a->row.consultant_id);
    if (a->call->services != NULL) {
        metrics_observe(a->call->services->metrics, METRIC_TIME_TO_ACCEPT,
                        metrics_label(METRICS_LABELS_URGENCY, a->row.urgency), 0, 0,
                        a->row.accepted_ms - a->row.submitted_ms);
    }
    return status == STATUS_OK || api_store_failed(a->call, status);
}

/* The last one who could have taken it has declined: nobody is left. */
static bool decline_after(struct action *a)
{
    unsigned left = 0;
    enum status status = queue_decline(a->call, &a->row, a->change.actor_id, a->change.reason_code,
                                       a->change.reason_text, &left);
    if (status != STATUS_OK) {
        return api_store_failed(a->call, status);
    }
    return left > 0 || consult_change(a->call, &a->row,
                                      &(struct consult_change){.event = CONSULT_EVENT_EXPIRE,
                                                               .actor = CONSULT_ACTOR_SYSTEM,
                                                               .reason_code = "nobody-left"});
}

static bool amend_after(struct action *a)
{
    return opinion_amend(a->call, &a->row, a->change.reason_text);
}

/* decision {adopted, text, told_patient}, or the three as members of the body itself. */
static bool acknowledge_before(struct action *a)
{
    struct api_call *call = a->call;
    json_t *given = json_object_get(call->body, "decision");
    const char *prefix = given == NULL ? "" : "/decision";
    given = given == NULL ? call->body : given;
    const char *adopted = json_string_value(json_object_get(given, "adopted"));
    const char *text = json_string_value(json_object_get(given, "text"));
    const json_t *told = json_object_get(given, "told_patient");
    if (adopted == NULL || (strcmp(adopted, "yes") != 0 && strcmp(adopted, "partly") != 0 &&
                            strcmp(adopted, "no") != 0)) {
        return consult_field_wrong(call, prefix, "adopted", "请选择是否采纳：yes、partly 或 no。",
                                   "Must be yes, partly or no.");
    }
    if (strcmp(adopted, "yes") != 0 && consult_text_blank(text)) {
        return consult_field_wrong(call, prefix, "text", "部分采纳或未采纳须写明理由。",
                                   "Partly or not adopted needs a reason.");
    }
    if (text != NULL && consult_text_chars(text) > 4000) {
        return consult_field_wrong(call, prefix, "text", "内容过长。", "The text is too long.");
    }
    if (told != NULL && !json_is_boolean(told)) {
        return consult_field_wrong(call, prefix, "told_patient", "应为 true 或 false。",
                                   "Must be true or false.");
    }
    json_decref(a->row.decision);
    a->row.decision = json_pack("{s:s, s:s, s:b}", "adopted", adopted, "text",
                                text == NULL ? "" : text, "told_patient", json_is_true(told));
    a->detail = json_pack("{s:s, s:b}", "adopted", adopted, "told_patient", json_is_true(told));
    return a->row.decision != NULL || api_store_failed(call, STATUS_NO_MEMORY);
}

static bool invite_before(struct action *a)
{
    return consult_guest_read(a->call, true);
}

/* A guest who declines or leaves for good names nobody. */
static bool uninvite_before(struct action *a)
{
    return consult_guest_read(a->call, (a->change.actor & CONSULT_ACTOR_GUEST) == 0);
}

struct action_steps {
    bool (*before)(struct action *a);
    bool (*after)(struct action *a);
    bool (*perform)(struct api_call *call, const struct consult_row *row,
                    json_t **out_detail); /* consult_change.h */
};
static const struct action_steps steps[CONSULT_EVENT_COUNT] = {
    [CONSULT_EVENT_SUBMIT] = {submit_before, submit_after, NULL},
    [CONSULT_EVENT_ACCEPT] = {accept_before, accept_after, NULL},
    [CONSULT_EVENT_DECLINE] = {NULL, decline_after, NULL},
    [CONSULT_EVENT_SIGN] = {NULL, NULL, opinion_sign},
    [CONSULT_EVENT_AMEND] = {NULL, amend_after, NULL},
    [CONSULT_EVENT_ACKNOWLEDGE] = {acknowledge_before, NULL, NULL},
    [CONSULT_EVENT_INVITE] = {invite_before, NULL, consult_guest_invite},
    [CONSULT_EVENT_UNINVITE] = {uninvite_before, NULL, consult_guest_uninvite},
};

static bool read_reason(struct action *a)
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
static bool refuse_stranger(struct action *a)
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
    if (offered) {
        return api_problem(a->call, 409, "duty.off", "您当前不在岗，请先上岗。",
                           "You are off duty; go on duty first.", NULL);
    }
    return consult_unknown(a->call);
}

static bool perform(struct action *a)
{
    const struct action_steps *step = &steps[a->change.event];
    struct consult_step allowed = consult_fsm_next(a->row.state, a->change.event, a->change.actor);
    if (allowed.refusal == CONSULT_TAKEN && a->change.event == CONSULT_EVENT_ACCEPT &&
        a->row.state == CONSULT_ACCEPTED && (a->change.actor & CONSULT_ACTOR_CONSULTANT) != 0) {
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

void consult_action(struct api_call *call)
{
    struct action a = {.call = call, .change = {.actor_id = call->actor->account_id}};
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
