#include "gateway/consult/consult_routes.h"

#include "gateway/access.h"
#include "gateway/config/config.h"
#include "gateway/consult/consult_actions.h"
#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_closing.h"
#include "gateway/consult/consult_earlier.h"
#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_invitees.h"
#include "gateway/consult/consult_list.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_view.h"
#include "gateway/consult/ops_overview.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/records/audit.h"
#include "gateway/records/audit_read.h"

#include <stdio.h>
#include <string.h>

#define REQUEST_BYTES_MAX 524288 /* all members at their limits, escaped */
#define ACTION_BYTES_MAX 65536
#define DAY_MS 86400000
#define STAT_WHY                                                                                   \
    "患者情况危急，知情同意待补签" /* shown as the reason: the patient's consent follows */

const struct api_route consult_routes[] = {
    {ACCESS_ROUTE(consultation_new), API_BODY_JSON, REQUEST_BYTES_MAX, consult_create, NULL,
     API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(consultation_list), API_BODY_NONE, 0, consult_list, NULL, API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(consultation_get), API_BODY_NONE, 0, consult_get, NULL, API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(consultation_change), API_BODY_JSON, REQUEST_BYTES_MAX, consult_patch, NULL,
     API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(consultation_action), API_BODY_JSON, ACTION_BYTES_MAX, consult_action, NULL,
     API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(consultation_stat), API_BODY_JSON, ACTION_BYTES_MAX, consult_stat, NULL,
     API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(consultation_archive), API_BODY_NONE, 0, consult_archive_get, NULL,
     API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(consultation_invitees), API_BODY_NONE, 0, consult_invitees, NULL, API_BLOB_FILES,
     NULL},
    {ACCESS_ROUTE(consultation_earlier), API_BODY_NONE, 0, consult_earlier, NULL, API_BLOB_FILES,
     NULL},
    {ACCESS_ROUTE(consultation_people), API_BODY_NONE, 0, consult_people, NULL, API_BLOB_FILES,
     NULL},
    {ACCESS_ROUTE(ops_overview), API_BODY_NONE, 0, ops_overview, NULL, API_BLOB_FILES, NULL},
    {NULL, NULL, 0, API_BODY_NONE, 0, NULL, NULL, API_BLOB_FILES, NULL},
};

/* C-YYYYMMDD-NNNN, counted by the day of the place. */
static enum status next_number(struct api_call *call, char *out, size_t out_len)
{
    char date[11], day[9];
    int64_t last = 0;
    rules_today(call->now_ms, date);
    (void)snprintf(day, sizeof day, "%.4s%.2s%.2s", date, date + 5, date + 8);
    enum status status =
        db_one_int(call->db, &last,
                   "INSERT INTO consultation_number (day, last) VALUES ($1, 1) ON CONFLICT (day) "
                   "DO UPDATE SET last = consultation_number.last + 1 RETURNING last",
                   "s", day);
    (void)snprintf(out, out_len, "C-%s-%04lld", day, (long long)last);
    return status;
}

static enum status store_new(struct api_call *call, const struct consult_row *row)
{
    enum status status = consult_row_insert(call->db, row);
    if (status == STATUS_OK) {
        status = db_run(call->db,
                        "INSERT INTO participation (consultation_id, account_id, party, role) "
                        "VALUES ($1, $2, 0, "
                        "'requester')",
                        "ss", row->id, row->requester_id);
    }
    if (status == STATUS_OK) {
        status = audit_append(call->db,
                              &(struct audit_entry){.at_ms = call->now_ms,
                                                    .consultation_id = row->id,
                                                    .actor_id = row->requester_id,
                                                    .action = "consultation.create",
                                                    .to_state = consult_state_name(row->state)});
    }
    return status;
}

static bool fill_new(struct api_call *call, struct consult_row *row)
{
    const struct api_actor *actor = call->actor;
    api_new_id(row->id);
    row->version = 1;
    row->state = CONSULT_DRAFT;
    row->state_since_ms = row->created_ms = call->now_ms;
    (void)snprintf(row->kind, sizeof row->kind, "live");
    (void)snprintf(row->urgency, sizeof row->urgency, "routine");
    (void)snprintf(row->requester_id, sizeof row->requester_id, "%s", actor->account_id);
    (void)snprintf(row->requester_organisation_id, sizeof row->requester_organisation_id, "%s",
                   actor->organisation_id);
    row->patient = json_object();
    row->request = json_object();
    if (row->patient == NULL || row->request == NULL) {
        return api_store_failed(call, STATUS_NO_MEMORY);
    }
    return consult_fields_header(call, row, true) && consult_fields_relations(call, row) &&
           consult_fields_merge_patient(call, row->patient) &&
           consult_fields_merge_request(call, row->request);
}

static bool body_is_object(struct api_call *call)
{
    return json_is_object(call->body) ||
           api_problem(call, 422, "body.invalid", "请求内容应为 JSON 对象。",
                       "The body must be a JSON object.", "");
}

/* A draft is a row for good, and a place for files: one account must not fill the disk that all
 * share. A clinician sees some sixty patients a day. */
static bool within_day(struct api_call *call)
{
    int64_t count = 0;
    enum status status = db_one_int(call->db, &count,
                                    "SELECT COUNT(*) FROM consultation WHERE "
                                    "requester_organisation_id = $1 AND created_ms > $2 "
                                    "AND requester_id = $3",
                                    "sis", call->actor->organisation_id, call->now_ms - DAY_MS,
                                    call->actor->account_id);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (call->config == NULL || count < call->config->created_per_day) {
        return true;
    }
    call->retry_after_s = 3600;
    return api_problem(call, 429, "consultation.too-many",
                       "您今天新建的会诊已达上限，请联系管理员。",
                       "You have begun too many consultations today; ask the operator.", NULL);
}

/* A draft is a row from now on. */
static bool number_and_store(struct api_call *call, struct consult_row *row)
{
    enum status status = next_number(call, row->number, sizeof row->number);
    status = status == STATUS_OK ? store_new(call, row) : status;
    return status == STATUS_OK || api_store_failed(call, status);
}

static void reply_created(struct api_call *call, const struct consult_row *row)
{
    consult_reply(call, row);
    call->status = call->status < 400 ? 201 : call->status;
}

void consult_create(struct api_call *call)
{
    struct consult_row row = {.version = 0};
    if (!body_is_object(call) || !within_day(call)) {
        return;
    }
    if (fill_new(call, &row) && number_and_store(call, &row)) {
        reply_created(call, &row);
    }
    consult_row_clear(&row);
}

/* One click: what is not given (a reason, an urgency) has its stat value, and it is submitted in
 * the same transaction. */
void consult_stat(struct api_call *call)
{
    struct consult_row row = {.version = 0};
    bool ok = true;
    if (!body_is_object(call) || !within_day(call)) {
        return;
    }
    const char *why = api_body_text(call, "consent_deferred", false, CONSULT_REASON_TEXT_MAX, &ok);
    json_object_set_new(call->body, "urgency", json_string("stat"));
    json_object_set_new(call->body, "kind", json_string("live"));
    if (ok && fill_new(call, &row) && number_and_store(call, &row) &&
        consult_submit_stat(call, &row, consult_text_blank(why) ? STAT_WHY : why)) {
        reply_created(call, &row);
    }
    consult_row_clear(&row);
}

void consult_get(struct api_call *call)
{
    struct consult_row row;
    unsigned relation;
    if (!consult_load_any(call, call->params[0], &row, &relation)) {
        return;
    }
    if (relation == 0) {
        (void)consult_unknown(call);
    } else if (!consult_sees_case(relation)) {
        consult_reply(call, &row); /* an observer's attendance is written, its looks are not */
    } else if (audit_reading(call, row.id, "case.read", NULL, NULL, NULL)) {
        consult_reply(call, &row);
    }
    consult_row_clear(&row);
}

void consult_patch(struct api_call *call)
{
    struct consult_row row;
    unsigned relation;
    if (!body_is_object(call) || !consult_load(call, call->params[0], &row, &relation)) {
        return;
    }
    /* what was left out of a stat request is filled in later */
    bool later =
        consult_fsm_next(row.state, CONSULT_EVENT_COMPLETE, relation).refusal == CONSULT_OK &&
        strcmp(row.urgency, "stat") == 0;
    struct consult_change change = {.event = later ? CONSULT_EVENT_COMPLETE : CONSULT_EVENT_EDIT,
                                    .actor = relation,
                                    .actor_id = call->actor->account_id};
    bool may = consult_fsm_next(row.state, change.event, relation).refusal == CONSULT_OK;
    bool good = consult_if_match(call, &row) &&
                (!may || ((later || (consult_fields_header(call, &row, false) &&
                                     consult_fields_relations(call, &row))) &&
                          consult_fields_merge_patient(call, row.patient) &&
                          consult_fields_merge_request(call, row.request)));
    if (good && consult_change(call, &row, &change)) {
        consult_reply(call, &row);
    }
    consult_row_clear(&row);
}
