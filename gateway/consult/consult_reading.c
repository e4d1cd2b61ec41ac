#include "gateway/consult/consult_reading.h"

#include "gateway/app.h"
#include "gateway/consult/consult_effects.h"
#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_guard.h"
#include "gateway/consult/consult_step.h"
#include "gateway/ops/metrics.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/partnership/terms.h"

#include <stdio.h>
#include <string.h>

static bool is_read(const struct consult_row *row)
{
    return strcmp(row->kind, "read") == 0;
}

/* Somebody who could: senior, on the specialty, at the institution that answers, not the first. */
static enum status has_second(struct db *db, const struct consult_row *row, bool *out_has)
{
    int64_t count = 0;
    enum status status = db_one_int(
        db, &count,
        "SELECT COUNT(*) FROM practitioner p JOIN practitioner_specialty s ON s.practitioner_id = "
        "p.id AND s.specialty = $1 JOIN account a ON a.practitioner_id = p.id AND a.disabled = 0 "
        "JOIN account_role r ON r.account_id = a.id AND r.role = 'specialist' WHERE "
        "p.organisation_id = $2 AND p.active = 1 AND p.title IN ('chief', 'associate-chief') AND "
        "a.id <> $3",
        "sss", row->specialty, row->consultant_organisation_id, row->consultant_id);
    *out_has = count > 0;
    return status;
}

/* The agreement asks for it, and there is somebody: an opinion waits for no empty chair. */
static enum status asks_second(struct db *db, const struct consult_row *row, bool *out_asks)
{
    struct terms terms;
    int kind = rules_kind_of(row->kind);
    enum status status = terms_load(db, row->agreement_id, &terms);
    if (status == STATUS_OK) {
        *out_asks = kind >= 0 && (terms.second_reader & (1u << kind)) != 0;
        terms_clear(&terms);
    }
    return status == STATUS_OK && *out_asks ? has_second(db, row, out_asks) : status;
}

bool consult_accepted(struct consult_act *act)
{
    struct api_call *call = act->call;
    enum status status = db_run(call->db,
                                "INSERT INTO participation (consultation_id, account_id, party, "
                                "role) VALUES ($1, $2, 1, 'consultant') ON CONFLICT "
                                "(consultation_id, account_id) DO UPDATE SET present = 0",
                                "ss", act->row.id, act->row.consultant_id);
    if (call->services != NULL) {
        metrics_observe(call->services->metrics, METRIC_TIME_TO_ACCEPT,
                        metrics_label(METRICS_LABELS_URGENCY, act->row.urgency), 0, 0,
                        act->row.accepted_ms - act->row.submitted_ms);
    }
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return !is_read(&act->row) ||
           consult_change(call, &act->row,
                          &(struct consult_change){.event = CONSULT_EVENT_REPORT,
                                                   .actor = CONSULT_ACTOR_SYSTEM});
}

/* The rules must allow a live consultation too; the same specialist keeps it. */
bool consult_convert_before(struct consult_act *act)
{
    (void)snprintf(act->row.kind, sizeof act->row.kind, "live");
    return consult_rules_hold(act->call, &act->row);
}

/* ---- critical values ---- */

/* `critical` of the draft: a text, or an object with a finding. */
static enum status draft_is_critical(struct api_call *call, const struct consult_row *row,
                                     bool *out_critical)
{
    struct db_query q;
    *out_critical = false;
    db_begin_query(&q, call->db,
                   "SELECT body FROM opinion WHERE consultation_id = $1 AND status = 'draft' ORDER "
                   "BY version DESC LIMIT 1");
    db_bind_text(&q, row->id);
    if (db_next(&q)) {
        json_t *body = json_loads(db_text(&q, 0), 0, NULL);
        const json_t *critical = json_object_get(body, "critical");
        const char *text = json_is_object(critical)
                               ? json_string_value(json_object_get(critical, "finding"))
                               : json_string_value(critical);
        *out_critical = !consult_text_blank(text);
        json_decref(body);
    }
    return db_end(&q);
}

static bool note_critical(struct consult_act *act)
{
    bool critical = false;
    enum status status = draft_is_critical(act->call, &act->row, &critical);
    if (status != STATUS_OK) {
        return api_store_failed(act->call, status);
    }
    if (critical && act->row.critical_ms == 0) {
        act->row.critical_ms = act->call->now_ms;
        act->row.critical_known_ms = 0;
    }
    return true;
}

bool consult_preliminary_before(struct consult_act *act)
{
    act->row.preliminary_ms = act->call->now_ms;
    return note_critical(act);
}

bool consult_preliminary_given(struct consult_act *act)
{
    consult_effect_verifiers(act->call, &act->row);
    return true;
}

bool consult_sign_before(struct consult_act *act)
{
    if ((act->change.actor & CONSULT_ACTOR_VERIFIER) != 0 &&
        (act->change.actor & CONSULT_ACTOR_CONSULTANT) == 0) {
        (void)snprintf(act->row.verifier_id, sizeof act->row.verifier_id, "%s",
                       act->change.actor_id);
    }
    return note_critical(act);
}

bool consult_critical_before(struct consult_act *act)
{
    act->detail =
        json_pack("{s:I}", "after_ms", (json_int_t)(act->call->now_ms - act->row.critical_ms));
    return act->detail != NULL || api_store_failed(act->call, STATUS_NO_MEMORY);
}

bool consult_guard_critical(struct api_call *call, struct consult_row *row,
                            const struct consult_change *change)
{
    (void)change;
    if (row->critical_ms != 0 && row->critical_known_ms == 0) {
        row->critical_known_ms = call->now_ms;
        return true;
    }
    return api_problem(call, 409, "critical.none", "没有待确认的危急值。",
                       "No critical value waits to be acknowledged.", NULL);
}

/* ---- second readers ---- */

static enum status is_senior(struct api_call *call, const struct consult_row *row, bool *out_senior)
{
    char licensed_since[16] = "", today[11];
    enum status status = db_one_text(
        call->db, licensed_since, sizeof licensed_since,
        "SELECT COALESCE(p.licensed_since, '') FROM practitioner p JOIN practitioner_specialty s "
        "ON s.practitioner_id = p.id AND s.specialty = $1 WHERE p.id = $2 AND p.active = 1 AND "
        "p.title IN ('chief', 'associate-chief') AND p.organisation_id = $3",
        "sss", row->specialty, call->actor->practitioner_id, row->consultant_organisation_id);
    rules_today(call->now_ms, today);
    *out_senior = status == STATUS_OK && rules_three_years(licensed_since, today);
    return status == STATUS_NONE ? STATUS_OK : status;
}

enum status consult_may_verify(struct api_call *call, const struct consult_row *row, bool *out_may)
{
    const struct api_actor *actor = call->actor;
    bool asks = false;
    *out_may = row->verifier_id[0] != '\0' && strcmp(row->verifier_id, actor->account_id) == 0;
    bool candidate = row->state == CONSULT_OPINION_DRAFT && (actor->roles & ROLE_SPECIALIST) != 0 &&
                     strcmp(actor->account_id, row->consultant_id) != 0;
    if (*out_may || !candidate) {
        return STATUS_OK;
    }
    enum status status = asks_second(call->db, row, &asks);
    return status == STATUS_OK && asks ? is_senior(call, row, out_may) : status;
}

enum status consult_may_sign(struct api_call *call, const struct consult_row *row,
                             unsigned relation, bool *out_may)
{
    bool asks = false;
    enum status status = asks_second(call->db, row, &asks);
    bool second =
        (relation & CONSULT_ACTOR_VERIFIER) != 0 && (relation & CONSULT_ACTOR_CONSULTANT) == 0;
    *out_may = status == STATUS_OK && asks == second;
    return status;
}

bool consult_guard_readers(struct api_call *call, struct consult_row *row,
                           const struct consult_change *change)
{
    bool asks = false;
    enum status status = asks_second(call->db, row, &asks);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    bool second = (change->actor & CONSULT_ACTOR_VERIFIER) != 0 &&
                  strcmp(change->actor_id, row->consultant_id) != 0;
    if (asks && row->state != CONSULT_OPINION_DRAFT) {
        return api_problem(call, 409, "opinion.second-reader",
                           "协议要求审核：请先出具初步意见，由审核医师签发。",
                           "The agreement asks for a second reader: give a preliminary opinion "
                           "first; the second reader signs it.",
                           NULL);
    }
    return asks == second ||
           api_problem(call, 403, "opinion.not-second-reader",
                       asks ? "须由另一位审核医师签发。" : "该协议不要求审核，由接诊专家签名。",
                       asks ? "Another senior specialist has to sign it."
                            : "The agreement asks for no second reader; the consultant signs.",
                       NULL);
}
