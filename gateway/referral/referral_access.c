#include "gateway/referral/referral_access.h"

#include "gateway/records/audit.h"
#include "gateway/records/consent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define READING_MS 900000 /* looking on within 15 minutes is the same look */

static enum status author_of(struct db *db, const char *id, const char *account_id, bool *out_is)
{
    int64_t count = 0;
    enum status status =
        db_one_int(db, &count, "SELECT COUNT(*) FROM referral WHERE id = $1 AND created_by = $2",
                   "ss", id, account_id);
    *out_is = count > 0;
    return status;
}

enum status referral_relation(struct api_call *call, const struct referral_row *row,
                              unsigned *out_relation)
{
    const struct api_actor *actor = call->actor;
    enum status status = STATUS_OK;
    bool involved = false;
    *out_relation = 0;
    if (actor == NULL) {
        return STATUS_OK;
    }
    bool from = strcmp(actor->organisation_id, row->from_organisation_id) == 0;
    bool to = strcmp(actor->organisation_id, row->to_organisation_id) == 0;
    /* A writer who has moved to another institution, or lost the role, leaves the case behind. */
    if (from && (actor->roles & REFERRAL_WRITERS) != 0 &&
        strcmp(actor->account_id, row->created_by) == 0) {
        *out_relation |= REFERRAL_ACTOR_SENDER;
    }
    if (row->sent_ms == 0) {
        return STATUS_OK; /* what was never sent is the sender's alone */
    }
    if (to && (actor->roles & ROLE_REFERRALS) != 0) {
        *out_relation |= REFERRAL_ACTOR_RECEIVER;
    }
    if ((from || to) && (actor->roles & ROLE_COORDINATOR) != 0) {
        *out_relation |= REFERRAL_ACTOR_COORDINATOR;
    }
    if (to && row->based_on[0] != '\0' && (actor->roles & REFERRAL_WRITERS) != 0) {
        status = author_of(call->db, row->based_on, actor->account_id, &involved);
    }
    *out_relation |= involved ? (unsigned)REFERRAL_ACTOR_INVOLVED : 0u;
    return status;
}

const char *referral_role_name(unsigned relation)
{
    return (relation & REFERRAL_ACTOR_SENDER) != 0        ? "sender"
           : (relation & REFERRAL_ACTOR_RECEIVER) != 0    ? "receiver"
           : (relation & REFERRAL_ACTOR_COORDINATOR) != 0 ? "coordinator"
           : (relation & REFERRAL_ACTOR_INVOLVED) != 0    ? "involved"
                                                          : "none";
}

bool referral_unknown(struct api_call *call)
{
    return api_problem(call, 404, "referral.unknown", "没有该转诊，或您无权查看。",
                       "There is no such referral, or it is not yours to see.", NULL);
}

bool referral_load(struct api_call *call, const char *id, struct referral_row *out_row,
                   unsigned *out_relation)
{
    *out_relation = 0;
    if (id == NULL || !api_id(id)) {
        return referral_unknown(call);
    }
    enum status status = referral_row_load(call->db, id, out_row);
    if (status == STATUS_NONE) {
        return referral_unknown(call);
    }
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    status = referral_relation(call, out_row, out_relation);
    if (status == STATUS_OK && *out_relation != 0) {
        return true;
    }
    referral_row_clear(out_row);
    return status == STATUS_OK ? referral_unknown(call) : api_store_failed(call, status);
}

bool referral_if_match(struct api_call *call, const struct referral_row *row)
{
    char present[32];
    (void)snprintf(present, sizeof present, "\"%" PRId64 "\"", row->version);
    if (call->if_match == NULL || strcmp(call->if_match, "*") == 0 ||
        strcmp(call->if_match, present) == 0) {
        return true;
    }
    (void)api_problem(call, 412, "referral.stale", "转诊已被更改，请刷新后重试。",
                      "The referral has changed; read it anew.", NULL);
    if (call->reply != NULL) {
        (void)json_object_set_new(call->reply, "version", json_integer(row->version));
    }
    return false;
}

bool referral_note_reading(struct api_call *call, const struct referral_row *row)
{
    enum status status =
        db_run(call->db,
               "INSERT INTO referral_reading (referral_id, account_id, last_ms) VALUES ($1, $2, "
               "$3) ON CONFLICT (referral_id, account_id) DO UPDATE SET last_ms = "
               "excluded.last_ms WHERE referral_reading.last_ms < $4",
               "ssii", row->id, call->actor->account_id, call->now_ms, call->now_ms - READING_MS);
    if (status == STATUS_OK && db_changes(call->db) > 0) {
        json_t *detail = json_pack("{s:s}", "referral", row->id);
        status = audit_append(
            call->db,
            &(struct audit_entry){.at_ms = call->now_ms,
                                  .consultation_id =
                                      row->consultation_id[0] == '\0' ? NULL : row->consultation_id,
                                  .actor_id = call->actor->account_id,
                                  .action = "referral.read",
                                  .detail = detail});
        json_decref(detail);
    }
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool names(const char *body, const char *attachment_id)
{
    json_t *content = json_loads(body, 0, NULL);
    json_t *item = NULL;
    size_t i = 0;
    bool found = false;
    json_array_foreach(json_object_get(content, "done"), i, item)
    {
        const char *id = json_string_value(json_object_get(item, "attachment"));
        found = found || (id != NULL && strcmp(id, attachment_id) == 0);
    }
    json_decref(content);
    return found;
}

enum status referral_shares_attachment(struct api_call *call, const char *consultation_id,
                                       const char *attachment_id, bool *out_shares)
{
    enum consent_answer answer = CONSENT_NONE;
    struct db_query q;
    *out_shares = false;
    if (call->actor == NULL || (call->actor->roles & ROLE_REFERRALS) == 0) {
        return STATUS_OK;
    }
    db_begin_query(&q, call->db,
                   "SELECT body FROM referral WHERE consultation_id = $1 AND to_organisation_id = "
                   "$2 AND state IN ('sent', 'accepted', 'arrived', 'returned')");
    db_bind_text(&q, consultation_id);
    db_bind_text(&q, call->actor->organisation_id);
    while (!*out_shares && db_next(&q)) {
        *out_shares = names(db_text(&q, 0), attachment_id);
    }
    enum status status = db_end(&q);
    if (status == STATUS_OK && *out_shares) {
        status = consent_answer(call->db, consultation_id, "imaging", "patient", NULL, &answer);
        *out_shares = answer != CONSENT_REFUSED;
    }
    return status;
}
