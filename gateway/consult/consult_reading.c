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

/* ---- second readers ---- */

#define SECONDS_MAX 32 /* senior colleagues of one specialty in one institution */

struct seconds {
    char account[SECONDS_MAX][33];
    size_t count;
};

/* Who may verify the opinion: an enabled specialist of the institution that answers, chief or
 * associate chief, on the specialty, three years licensed; neither the consultant nor anybody who
 * wrote a version of it. only: that account alone; NULL: all. The one place that says so. */
static enum status find_seconds(struct api_call *call, const struct consult_row *row,
                                const char *only, struct seconds *out)
{
    char today[11];
    struct db_query q;
    out->count = 0;
    rules_today(call->now_ms, today);
    db_begin_query(
        &q, call->db,
        "SELECT a.id, COALESCE(p.licensed_since, '') FROM practitioner p JOIN "
        "practitioner_specialty s ON s.practitioner_id = p.id AND s.specialty = $1 JOIN account a "
        "ON a.practitioner_id = p.id AND a.disabled = 0 JOIN account_role r ON r.account_id = a.id "
        "AND r.role = 'specialist' WHERE p.organisation_id = $2 AND p.active = 1 AND p.title IN "
        "('chief', 'associate-chief') AND a.id <> $3 AND a.id = COALESCE($4, a.id) AND NOT EXISTS "
        "(SELECT 1 FROM opinion o WHERE o.consultation_id = $5 AND o.author_id = a.id) ORDER BY 1");
    db_bind_text(&q, row->specialty);
    db_bind_text(&q, row->consultant_organisation_id);
    db_bind_text(&q, row->consultant_id);
    db_bind_text(&q, only);
    db_bind_text(&q, row->id);
    while (out->count < SECONDS_MAX && db_next(&q)) {
        if (rules_three_years(db_text(&q, 1), today)) {
            (void)snprintf(out->account[out->count++], 33, "%s", db_text(&q, 0));
        }
    }
    return db_end(&q);
}

/* The agreement asks for it, and there is somebody: an opinion waits for no empty chair. */
static enum status asks_second(struct api_call *call, const struct consult_row *row, bool *out_asks)
{
    struct terms terms;
    struct seconds seconds;
    int kind = rules_kind_of(row->kind);
    enum status status = terms_load(call->db, row->agreement_id, &terms);
    if (status == STATUS_OK) {
        *out_asks = kind >= 0 && (terms.second_reader & (1u << kind)) != 0;
        terms_clear(&terms);
    }
    if (status == STATUS_OK && *out_asks) {
        status = find_seconds(call, row, NULL, &seconds);
        *out_asks = status == STATUS_OK && seconds.count > 0;
    }
    return status;
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
    struct seconds seconds;
    enum status status = find_seconds(act->call, &act->row, NULL, &seconds);
    for (size_t i = 0; status == STATUS_OK && i < seconds.count; i++) {
        consult_effect_queue(act->call, seconds.account[i]);
    }
    return status == STATUS_OK || api_store_failed(act->call, status);
}

bool consult_sign_before(struct consult_act *act)
{
    if ((act->change.actor & CONSULT_ACTOR_VERIFIER) != 0 &&
        (act->change.actor & CONSULT_ACTOR_CONSULTANT) == 0) {
        (void)snprintf(act->row.verifier_id, sizeof act->row.verifier_id, "%s",
                       act->change.actor_id);
    } else {
        act->row.verifier_id[0] = '\0'; /* of an earlier version: nobody read this one twice */
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

/* ---- who signs ---- */

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
    struct seconds seconds;
    enum status status = asks_second(call, row, &asks);
    if (status == STATUS_OK && asks) {
        status = find_seconds(call, row, actor->account_id, &seconds);
        *out_may = status == STATUS_OK && seconds.count > 0;
    }
    return status;
}

enum status consult_may_sign(struct api_call *call, const struct consult_row *row,
                             unsigned relation, bool *out_may)
{
    bool asks = false;
    enum status status = asks_second(call, row, &asks);
    bool second =
        (relation & CONSULT_ACTOR_VERIFIER) != 0 && (relation & CONSULT_ACTOR_CONSULTANT) == 0;
    *out_may = status == STATUS_OK && asks == second;
    return status;
}

bool consult_guard_readers(struct api_call *call, struct consult_row *row,
                           const struct consult_change *change)
{
    bool asks = false;
    enum status status = asks_second(call, row, &asks);
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
