#include "gateway/records/consent.h"

#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_observer.h"
#include "gateway/consult/consult_recording.h"
#include "gateway/consult/consult_view.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_CHARS 64
#define VERSION_MAX_CHARS 64

static const char *const scopes[] = {"consultation", "imaging", "recording", "teaching", NULL};

enum status consent_answer(struct db *db, const char *consultation_id, const char *scope,
                           const char *party, const char *recorded_by,
                           enum consent_answer *out_answer)
{
    int64_t given = 0;
    enum status status = db_one_int(
        db, &given,
        "SELECT given FROM consent WHERE consultation_id = $1 AND scope = $2 AND party = "
        "$3 AND recorded_by = COALESCE($4, recorded_by) ORDER BY seq DESC LIMIT 1",
        "ssss", consultation_id, scope, party, recorded_by);
    *out_answer = status != STATUS_OK ? CONSENT_NONE : given != 0 ? CONSENT_GIVEN : CONSENT_REFUSED;
    return status == STATUS_NONE ? STATUS_OK : status;
}

enum status consent_list(struct db *db, const char *consultation_id, const char *consultant_id,
                         json_t **out_list)
{
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT scope, party, given, at_ms, who, text_version FROM consent c WHERE "
                   "consultation_id = $1 AND (party = 'patient' OR "
                   "recorded_by = COALESCE($2, '')) AND seq = (SELECT MAX(seq) FROM consent d "
                   "WHERE d.consultation_id = c.consultation_id "
                   "AND d.scope = c.scope AND d.party = c.party AND (d.party = 'patient' OR "
                   "d.recorded_by = c.recorded_by)) ORDER BY seq");
    db_bind_text(&q, consultation_id);
    db_bind_text(&q, consultant_id);
    while (db_next(&q)) {
        json_t *who = db_is_null(&q, 4) ? json_null() : json_loads(db_text(&q, 4), 0, NULL);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:b, s:I, s:o, s:s}", "scope", db_text(&q, 0), "party",
                            db_text(&q, 1), "given", db_int(&q, 2) != 0, "at_ms",
                            (json_int_t)db_int(&q, 3), "who", who == NULL ? json_null() : who,
                            "text_version", db_text(&q, 5)));
    }
    *out_list = list;
    return db_end(&q);
}

struct given {
    const char *scope, *party, *relation, *name, *method, *text_version;
    bool given;
};

static bool one_of(const char *text, const char *const *words)
{
    while (*words != NULL && strcmp(text, *words) != 0) {
        words++;
    }
    return *words != NULL;
}

static bool read_body(struct api_call *call, struct given *out)
{
    static const char *const parties[] = {"patient", "consultant", NULL};
    static const char *const relations[] = {"self", "guardian", "relative", NULL};
    static const char *const methods[] = {"written", "spoken", "click", NULL};
    const json_t *given = json_object_get(call->body, "given");
    bool ok = true;
    out->scope = call->params[1];
    if (out->scope == NULL || !one_of(out->scope, scopes)) {
        return api_problem(call, 404, "consent.unknown-scope", "没有此类知情同意。",
                           "There is no such consent.", NULL);
    }
    out->party = api_body_text(call, "party", true, 16, &ok);
    out->relation = ok ? api_body_text(call, "relation", false, 16, &ok) : NULL;
    out->name = ok ? api_body_text(call, "name", false, NAME_MAX_CHARS, &ok) : NULL;
    out->method = ok ? api_body_text(call, "method", true, 16, &ok) : NULL;
    out->text_version =
        ok ? api_body_text(call, "text_version", true, VERSION_MAX_CHARS, &ok) : NULL;
    if (!ok) {
        return false;
    }
    if (!json_is_boolean(given)) {
        return consult_field_wrong(call, "", "given", "应为 true 或 false。",
                                   "Must be true or false.");
    }
    out->given = json_is_true(given);
    if (!one_of(out->party, parties)) {
        return consult_field_wrong(call, "", "party", "应为 patient 或 consultant。",
                                   "Must be patient or consultant.");
    }
    if (out->relation != NULL && !one_of(out->relation, relations)) {
        return consult_field_wrong(call, "", "relation", "应为 self、guardian 或 relative。",
                                   "Must be self, guardian or relative.");
    }
    if (!one_of(out->method, methods)) {
        return consult_field_wrong(call, "", "method", "应为 written、spoken 或 click。",
                                   "Must be written, spoken or click.");
    }
    return true;
}

static enum status insert(struct api_call *call, const struct consult_row *row,
                          const struct given *given)
{
    char id[33];
    json_t *who = json_pack("{s:s*, s:s*, s:s}", "relation", given->relation, "name", given->name,
                            "method", given->method);
    char *text = who == NULL ? NULL : json_dumps(who, JSON_COMPACT);
    json_decref(who);
    if (text == NULL) {
        return STATUS_NO_MEMORY;
    }
    api_new_id(id);
    enum status status = db_run(call->db,
                                "INSERT INTO consent (id, consultation_id, seq, scope, party, "
                                "given, who, text_version, recorded_by, at_ms) VALUES ($1, "
                                "$2, (SELECT COALESCE(MAX(seq), 0) + 1 FROM consent WHERE "
                                "consultation_id = $3), $4, $5, $6, $7, $8, $9, $10)",
                                "sssssisssi", id, row->id, row->id, given->scope, given->party,
                                (int64_t)(given->given ? 1 : 0), text, given->text_version,
                                call->actor->account_id, call->now_ms);
    free(text);
    return status;
}

/* What follows from the answer at once. */
static bool act(struct api_call *call, struct consult_row *row, const struct given *given,
                unsigned relation)
{
    enum status status = STATUS_OK;
    if (strcmp(given->scope, "recording") == 0) {
        status = given->given ? consult_recording_start(call, row)
                              : consult_recording_stop(call, row, "consent-withdrawn");
    } else if (strcmp(given->scope, "teaching") == 0 && strcmp(given->party, "patient") == 0 &&
               !given->given) {
        status = consult_observer_end(call, row, "consent-withdrawn");
    }
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    bool withdrawn = strcmp(given->scope, "consultation") == 0 &&
                     strcmp(given->party, "patient") == 0 && !given->given;
    bool possible =
        consult_state_phase(row->state) != CONSULT_PHASE_DRAFTING &&
        consult_fsm_next(row->state, CONSULT_EVENT_WITHDRAW, relation).refusal == CONSULT_OK;
    if (!withdrawn || !possible) {
        return true;
    }
    return consult_change(call, row,
                          &(struct consult_change){.event = CONSULT_EVENT_WITHDRAW,
                                                   .actor = relation,
                                                   .actor_id = call->actor->account_id,
                                                   .reason_code = "consent-withdrawn"});
}

static bool record(struct api_call *call, struct consult_row *row, const struct given *given,
                   unsigned relation)
{
    unsigned needed =
        strcmp(given->party, "patient") == 0 ? CONSULT_ACTOR_REQUESTER : CONSULT_ACTOR_CONSULTANT;
    if ((relation & needed) == 0) {
        return api_problem(
            call, 403, "consent.not-yours", "患者的同意由申请方记录，受邀方只能记录自己的同意。",
            "The requester records the patient's consent, the consultant only the own one.",
            "/party");
    }
    enum status status = insert(call, row, given);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    json_t *detail = json_pack("{s:s, s:s, s:b, s:s, s:s}", "scope", given->scope, "party",
                               given->party, "given", given->given, "method", given->method,
                               "text_version", given->text_version);
    struct consult_change change = {.event = CONSULT_EVENT_CONSENT,
                                    .actor = relation & needed,
                                    .actor_id = call->actor->account_id,
                                    .audit_action =
                                        given->given ? "consent.give" : "consent.withdraw",
                                    .detail = detail};
    bool done = consult_change(call, row, &change) && act(call, row, given, relation & needed);
    json_decref(detail);
    return done;
}

void consent_put(struct api_call *call)
{
    struct consult_row row;
    struct given given = {.scope = NULL};
    unsigned relation;
    if (!read_body(call, &given) || !consult_load(call, call->params[0], &row, &relation)) {
        return;
    }
    if (consult_if_match(call, &row) && record(call, &row, &given, relation)) {
        consult_reply(call, &row);
    }
    consult_row_clear(&row);
}
