#include "gateway/referral/referral_create.h"

#include "gateway/config/config.h"
#include "gateway/consult/consult_load.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/records/audit.h"
#include "gateway/referral/referral_access.h"
#include "gateway/referral/referral_change.h"
#include "gateway/referral/referral_effects.h"
#include "gateway/referral/referral_fields.h"
#include "gateway/referral/referral_prefill.h"
#include "gateway/referral/referral_view.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS 86400000

/* R-YYYYMMDD-NNNN, counted by the day of the place. */
static enum status next_number(struct api_call *call, char *out, size_t out_len)
{
    char date[11], day[9];
    int64_t last = 0;
    rules_today(call->now_ms, date);
    (void)snprintf(day, sizeof day, "%.4s%.2s%.2s", date, date + 5, date + 8);
    enum status status =
        db_one_int(call->db, &last,
                   "INSERT INTO referral_number (day, last) VALUES ($1, 1) ON CONFLICT (day) DO "
                   "UPDATE SET last = referral_number.last + 1 RETURNING last",
                   "s", day);
    (void)snprintf(out, out_len, "R-%s-%04lld", day, (long long)last);
    return status;
}

static bool begin_row(struct api_call *call, struct referral_row *row)
{
    memset(row, 0, sizeof *row);
    api_new_id(row->id);
    row->version = 1;
    row->state = REFERRAL_DRAFT;
    row->state_since_ms = row->created_ms = call->now_ms;
    row->direction = REFERRAL_UP;
    (void)snprintf(row->created_by, sizeof row->created_by, "%s", call->actor->account_id);
    (void)snprintf(row->from_organisation_id, sizeof row->from_organisation_id, "%s",
                   call->actor->organisation_id);
    row->patient = json_object();
    row->body = json_object();
    enum status status = row->patient == NULL || row->body == NULL
                             ? STATUS_NO_MEMORY
                             : next_number(call, row->number, sizeof row->number);
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool store_new(struct api_call *call, struct referral_row *row)
{
    enum status status = referral_patient_key(row->patient, row->patient_key);
    status = status == STATUS_OK ? referral_row_insert(call->db, row) : status;
    if (status == STATUS_OK) {
        json_t *detail = json_pack("{s:s, s:s*}", "referral", row->id, "based_on",
                                   row->based_on[0] == '\0' ? NULL : row->based_on);
        status = audit_append(
            call->db,
            &(struct audit_entry){.at_ms = call->now_ms,
                                  .consultation_id =
                                      row->consultation_id[0] == '\0' ? NULL : row->consultation_id,
                                  .actor_id = call->actor->account_id,
                                  .action = "referral.create",
                                  .to_state = referral_state_name(row->state),
                                  .detail = detail});
        json_decref(detail);
    }
    status = status == STATUS_OK ? referral_effect_changed(call, row, NULL) : status;
    return status == STATUS_OK || api_store_failed(call, status);
}

bool referral_draft_from(struct api_call *call, const struct consult_row *consultation,
                         const json_t *body, struct referral_row *out_row)
{
    bool good = begin_row(call, out_row);
    if (good && consultation != NULL) {
        enum status status = referral_prefill_consultation(call->db, consultation, out_row);
        good = status == STATUS_OK || api_store_failed(call, status);
    }
    good = good && referral_fields_merge(call, out_row, body) && store_new(call, out_row);
    if (!good) {
        referral_row_clear(out_row);
    }
    return good;
}

/* Only the requester refers, and not before the specialist's opinion is there or the case is over.
 */
static bool from_consultation(struct api_call *call, const char *id, struct referral_row *out_row)
{
    struct consult_row consultation;
    unsigned relation = 0;
    if (!consult_load(call, id, &consultation, &relation)) {
        return false;
    }
    bool over = consult_state_phase(consultation.state) == CONSULT_PHASE_OVER;
    bool good = false;
    if ((relation & CONSULT_ACTOR_REQUESTER) == 0) {
        (void)api_problem(call, 403, "referral.not-yours", "只有申请方医生可以由会诊发起转诊。",
                          "Only the requester refers from a consultation.", NULL);
    } else if (!over && consultation.signed_ms == 0) {
        (void)api_problem(call, 409, "referral.not-yet", "会诊结束后方可由会诊发起转诊。",
                          "The consultation has not come to that point yet.", NULL);
    } else {
        good = referral_draft_from(call, &consultation, call->body, out_row);
    }
    consult_row_clear(&consultation);
    return good;
}

/* The way back of a patient who came by that referral: for the department that received it. */
static bool from_referral(struct api_call *call, const char *id, struct referral_row *out_row)
{
    struct referral_row former;
    unsigned relation = 0;
    if (!referral_load(call, id, &former, &relation)) {
        return false;
    }
    bool there = former.state == REFERRAL_ARRIVED || former.state == REFERRAL_RETURNED;
    bool good = false;
    if ((relation & REFERRAL_ACTOR_RECEIVER) == 0) {
        (void)api_problem(call, 403, "referral.not-yours", "只有接收过该患者的机构可以转回。",
                          "Only the institution that received the patient refers back.", NULL);
    } else if (!there) {
        (void)api_problem(call, 409, "referral.not-yet", "患者尚未到院，不能转回。",
                          "The patient has not arrived there yet.", NULL);
    } else if (begin_row(call, out_row)) {
        good = referral_prefill_answer(&former, out_row) == STATUS_OK &&
               referral_fields_merge(call, out_row, call->body) && store_new(call, out_row);
        if (!good) {
            referral_row_clear(out_row);
        }
    }
    referral_row_clear(&former);
    return good;
}

/* One account must not fill the disk that all share; the limit is that of consultations. */
static bool within_day(struct api_call *call)
{
    int64_t count = 0;
    enum status status = db_one_int(
        call->db, &count, "SELECT COUNT(*) FROM referral WHERE created_by = $1 AND created_ms > $2",
        "si", call->actor->account_id, call->now_ms - DAY_MS);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (call->config == NULL || count < call->config->created_per_day) {
        return true;
    }
    call->retry_after_s = 3600;
    return api_problem(call, 429, "referral.too-many", "您今天新建的转诊已达上限，请联系管理员。",
                       "You have begun too many referrals today; ask the operator.", NULL);
}

static bool members_known(struct api_call *call)
{
    static const char *const known[] = {
        "consultation", "based_on", "direction",   "urgency", "to_organisation", "department",
        "place",        "patient",  "reason_code", "summary", "diagnosis",       "diagnosis_codes",
        "treatment",    "wishes",   "done",        "consent"};
    const char *name;
    json_t *value;
    if (!json_is_object(call->body)) {
        return api_problem(call, 422, "body.invalid", "请求内容应为 JSON 对象。",
                           "The body must be a JSON object.", "");
    }
    json_object_foreach(call->body, name, value)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            found = found || strcmp(known[i], name) == 0;
        }
        if (!found) {
            return referral_field_wrong(call, "", strlen(name) <= 64 ? name : "", "未知的字段。",
                                        "There is no such field.");
        }
    }
    return true;
}

void referral_create(struct api_call *call)
{
    struct referral_row row;
    bool ok = true;
    if (!members_known(call) || !within_day(call)) {
        return;
    }
    const char *consultation = api_body_text(call, "consultation", false, 32, &ok);
    const char *based_on = ok ? api_body_text(call, "based_on", false, 32, &ok) : NULL;
    if (!ok) {
        return;
    }
    bool made = consultation != NULL ? from_consultation(call, consultation, &row)
                : based_on != NULL   ? from_referral(call, based_on, &row)
                                     : referral_draft_from(call, NULL, call->body, &row);
    if (made) {
        referral_reply(call, &row);
        call->status = call->status < 400 ? 201 : call->status;
        referral_row_clear(&row);
    }
}

void referral_patch(struct api_call *call)
{
    struct referral_row row;
    unsigned relation = 0;
    if (!members_known(call)) {
        return;
    }
    for (size_t i = 0; i < 2; i++) { /* what it came from stays */
        const char *name = i == 0 ? "consultation" : "based_on";
        if (json_object_get(call->body, name) != NULL) {
            (void)referral_field_wrong(call, "", name, "转诊的来源不能更改。",
                                       "What the referral came from cannot be changed.");
            return;
        }
    }
    if (!referral_load(call, call->params[0], &row, &relation)) {
        return;
    }
    struct referral_change change = {
        .event = REFERRAL_EVENT_EDIT, .actor = relation, .actor_id = call->actor->account_id};
    bool may = referral_fsm_next(row.state, REFERRAL_EVENT_EDIT, relation).refusal == REFERRAL_OK;
    bool good =
        referral_if_match(call, &row) && (!may || referral_fields_merge(call, &row, call->body));
    if (good && referral_patient_key(row.patient, row.patient_key) != STATUS_OK) {
        good = api_store_failed(call, STATUS_NO_MEMORY);
    }
    if (good && referral_change(call, &row, &change)) {
        referral_reply(call, &row);
    }
    referral_row_clear(&row);
}
