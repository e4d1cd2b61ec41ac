#include "gateway/consult/consult_route.h"

#include "gateway/consult/consult_coordinators.h"
#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_guard.h"
#include "gateway/consult/consult_step.h"
#include "gateway/consult/consult_timers.h"
#include "gateway/directory/directory.h"
#include "gateway/partnership/terms.h"
#include "gateway/queue/queue.h"
#include "gateway/queue/ring.h"

#include <stdio.h>
#include <string.h>

#define ALARMS_MAX 2 /* after the second one a request that nobody takes expires */

/* False: answered with the store's failure. */
static bool stored(struct api_call *call, enum status status)
{
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool is_stat(const struct consult_row *row)
{
    return strcmp(row->urgency, "stat") == 0;
}

static bool system_change(struct api_call *call, struct consult_row *row, enum consult_event event,
                          const char *reason)
{
    return consult_change(call, row,
                          &(struct consult_change){.event = event,
                                                   .actor = CONSULT_ACTOR_SYSTEM,
                                                   .reason_code = reason});
}

/* Does anybody enabled hold the role at the requesting institution? */
static enum status has_approver(struct api_call *call, const struct consult_row *row,
                                int64_t *out_count)
{
    return db_one_int(call->db, out_count,
                      "SELECT COUNT(*) FROM account a JOIN account_role r ON r.account_id = a.id "
                      "AND r.role = 'approver' JOIN practitioner p ON p.id = a.practitioner_id AND "
                      "p.active = 1 WHERE a.disabled = 0 AND p.organisation_id = $1",
                      "s", row->requester_organisation_id);
}

static enum status has_coordinator(struct api_call *call, const struct consult_row *row,
                                   int64_t *out_count)
{
    struct consult_coordinators coordinators;
    enum status status = consult_coordinators(call->db, row, &coordinators);
    *out_count = (int64_t)coordinators.count;
    return status;
}

bool consult_offer(struct api_call *call, struct consult_row *row)
{
    unsigned open = 0;
    return system_change(call, row, CONSULT_EVENT_OFFER, NULL) &&
           stored(call, queue_offer(call, row, &open));
}

static bool hold(struct api_call *call, struct consult_row *row, const char *what)
{
    (void)snprintf(row->approval_for, sizeof row->approval_for, "%s", what);
    return system_change(call, row, CONSULT_EVENT_HOLD, what);
}

bool consult_route(struct api_call *call, struct consult_row *row, bool approved)
{
    struct terms terms;
    int64_t approvers = 0, coordinators = 0;
    if (!stored(call, terms_load(call->db, row->agreement_id, &terms))) {
        return false;
    }
    bool ask = terms.approval && !approved && !is_stat(row); /* stat waits for no paper */
    bool triage = terms.triage && row->triaged_ms == 0 && !is_stat(row);
    terms_clear(&terms);
    if (!stored(call, has_approver(call, row, &approvers)) ||
        !stored(call, has_coordinator(call, row, &coordinators))) {
        return false;
    }
    if (ask && approvers > 0) {
        return hold(call, row, "submit");
    }
    return (triage && coordinators > 0) || consult_offer(call, row);
}

bool consult_submitted(struct consult_act *act)
{
    act->row.escalation = 0;
    return consult_route(act->call, &act->row, false);
}

bool consult_approve_before(struct consult_act *act)
{
    act->detail = json_pack("{s:s}", "approved", act->row.approval_for);
    act->row.approval_for[0] = '\0';
    return act->detail != NULL || api_store_failed(act->call, STATUS_NO_MEMORY);
}

bool consult_approved(struct consult_act *act)
{
    return consult_route(act->call, &act->row, true);
}

/* ---- triage and hand-over ---- */

/* Members organisation and account: who alone is asked from now on. A person must be a specialist;
 * the institution follows from the person. */
static bool read_target(struct consult_act *act)
{
    struct consult_row *row = &act->row;
    bool ok = true;
    const char *organisation = api_body_text(act->call, "organisation", false, 32, &ok);
    const char *account = ok ? api_body_text(act->call, "account", false, 32, &ok) : NULL;
    if (!ok) {
        return false;
    }
    row->target_account_id[0] = row->target_organisation_id[0] = '\0';
    if (organisation != NULL && organisation[0] != '\0') {
        json_t *found = directory_organisation_json(act->call->db, organisation);
        json_decref(found);
        if (found == NULL) {
            return consult_field_wrong(act->call, "", "organisation", "没有该机构。",
                                       "There is no such institution.");
        }
        (void)snprintf(row->target_organisation_id, 33, "%s", organisation);
    }
    if (account == NULL || account[0] == '\0') {
        return true;
    }
    enum status status = db_one_text(
        act->call->db, row->target_organisation_id, 33,
        "SELECT p.organisation_id FROM account a JOIN practitioner p ON p.id = a.practitioner_id "
        "AND p.active = 1 JOIN account_role r ON r.account_id = a.id AND r.role = 'specialist' "
        "JOIN practitioner_specialty s ON s.practitioner_id = p.id AND s.specialty = $1 WHERE a.id "
        "= $2 AND a.disabled = 0",
        "ss", row->specialty, account);
    if (status == STATUS_NONE) {
        return consult_field_wrong(act->call, "", "account", "该人员不是此专科的专家。",
                                   "That person is no specialist of this specialty.");
    }
    (void)snprintf(row->target_account_id, 33, "%s", account);
    return stored(act->call, status);
}

static json_t *target_detail(const struct consult_row *row)
{
    json_t *detail = json_pack("{s:s, s:s, s:s}", "urgency", row->urgency, "specialty",
                               row->specialty, "kind", row->kind);
    if (row->target_organisation_id[0] != '\0') {
        json_object_set_new(detail, "organisation", json_string(row->target_organisation_id));
    }
    if (row->target_account_id[0] != '\0') {
        json_object_set_new(detail, "account", json_string(row->target_account_id));
    }
    return detail;
}

bool consult_triage_before(struct consult_act *act)
{
    if (!consult_fields_header(act->call, &act->row, false) || !read_target(act) ||
        !consult_rules_hold(act->call, &act->row)) {
        return false;
    }
    act->row.triaged_ms = act->call->now_ms;
    act->row.escalation = 0;
    act->detail = target_detail(&act->row);
    return act->detail != NULL || api_store_failed(act->call, STATUS_NO_MEMORY);
}

/* Under an agreement in which each hop is approved, what goes to an institution that was not asked
 * for waits for the requester's own approver. */
static bool hop_needs_approval(struct consult_act *act, bool *out_needs)
{
    struct terms terms;
    int64_t approvers = 0;
    struct consult_row *row = &act->row;
    if (!stored(act->call, terms_load(act->call->db, row->agreement_id, &terms)) ||
        !stored(act->call, has_approver(act->call, row, &approvers))) {
        return false;
    }
    *out_needs = !terms.lead_disposes && approvers > 0 && !is_stat(row) &&
                 row->target_organisation_id[0] != '\0';
    terms_clear(&terms);
    return true;
}

bool consult_triaged(struct consult_act *act)
{
    bool needs = false;
    if (!hop_needs_approval(act, &needs) || !consult_offer(act->call, &act->row)) {
        return false;
    }
    return !needs || hold(act->call, &act->row, "hop");
}

bool consult_hand_over_before(struct consult_act *act)
{
    char from[33];
    (void)snprintf(from, sizeof from, "%s", act->row.consultant_id);
    act->row.consultant_organisation_id[0] = '\0';
    if (!read_target(act) || !consult_rules_hold(act->call, &act->row)) {
        return false;
    }
    if (strcmp(act->row.target_account_id, from) == 0) {
        return consult_field_wrong(act->call, "", "account", "不能移交给本人。",
                                   "It cannot be handed over to the same person.");
    }
    act->detail = json_pack("{s:s, s:o}", "from", from, "to", target_detail(&act->row));
    return act->detail != NULL || api_store_failed(act->call, STATUS_NO_MEMORY);
}

bool consult_handed_over(struct consult_act *act)
{
    unsigned open = 0;
    bool needs = false;
    struct api_call *call = act->call;
    const char *from = json_string_value(json_object_get(act->detail, "from"));
    enum status status = db_run(
        call->db,
        "INSERT INTO consultation_decline (consultation_id, account_id, at_ms, reason_code) VALUES "
        "($1, $2, $3, 'handed-over') ON CONFLICT (consultation_id, account_id) DO UPDATE SET at_ms "
        "= excluded.at_ms",
        "ssi", act->row.id, from, call->now_ms);
    status = status == STATUS_OK ? queue_offer(call, &act->row, &open) : status;
    if (!stored(call, status) || !hop_needs_approval(act, &needs)) {
        return false;
    }
    return !needs || hold(call, &act->row, "hop");
}

/* ---- nobody has taken it ---- */

/* One more tier is asked; each hop is approved where the agreement wants it. */
static bool ask_higher(struct api_call *call, struct consult_row *row, const char *reason)
{
    struct terms terms;
    unsigned open = 0;
    int64_t approvers = 0;
    if (!stored(call, terms_load(call->db, row->agreement_id, &terms)) ||
        !stored(call, has_approver(call, row, &approvers))) {
        return false;
    }
    bool each_hop = !terms.lead_disposes && approvers > 0 && terms.approval && !is_stat(row);
    terms_clear(&terms);
    row->escalation++;
    if (each_hop) {
        return system_change(call, row, CONSULT_EVENT_ESCALATE, reason) && hold(call, row, "hop");
    }
    if (!stored(call,
                consult_timer_again(call, row, CONSULT_TIMER_OFFER_DEADLINE, &row->deadline_ms)) ||
        !system_change(call, row, CONSULT_EVENT_ESCALATE, reason)) {
        return false;
    }
    return stored(call, queue_open(call, row, false, &open)) &&
           stored(call, ring_widened(call, row));
}

bool consult_escalate(struct api_call *call, struct consult_row *row, const char *reason)
{
    int64_t tiers = 0, alarms = 0, coordinators = 0;
    if (!stored(call, queue_tiers(call, row, &tiers))) {
        return false;
    }
    if (row->escalation + 1 < tiers) {
        return ask_higher(call, row, reason);
    }
    if (!stored(call, has_coordinator(call, row, &coordinators)) ||
        !stored(call, ring_alarm(call, row, &alarms))) {
        return false;
    }
    if (!is_stat(row) && (alarms >= ALARMS_MAX || coordinators == 0)) {
        return system_change(call, row, CONSULT_EVENT_EXPIRE, reason);
    }
    return stored(call, consult_timer_again(call, row, CONSULT_TIMER_OFFER_DEADLINE,
                                            &row->deadline_ms)) &&
           system_change(call, row, CONSULT_EVENT_ESCALATE, reason);
}

bool consult_ring(struct api_call *call, struct consult_row *row)
{
    int64_t tiers = 0, due = 0;
    bool has = true;
    if (!stored(call, consult_timer_again(call, row, CONSULT_TIMER_RING, &due))) {
        return false;
    }
    if (is_stat(row) && (!stored(call, ring_has_next(call, row, &has)) ||
                         (!has && !stored(call, queue_tiers(call, row, &tiers))))) {
        return false;
    }
    if (!has && row->escalation + 1 < tiers) {
        return ask_higher(call, row, "ring-chain");
    }
    return stored(call, ring_next(call, row));
}

/* The last one who could have taken it has declined: it goes on without waiting. */
bool consult_declined(struct consult_act *act)
{
    unsigned left = 0;
    enum status status = queue_decline(act->call, &act->row, act->change.actor_id,
                                       act->change.reason_code, act->change.reason_text, &left);
    return stored(act->call, status) &&
           (left > 0 || consult_escalate(act->call, &act->row, "nobody-left"));
}
