#include "gateway/consult/consult_member.h"

#include "gateway/consult/consult_effects.h"
#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_invitees.h"
#include "gateway/consult/consult_step.h"
#include "gateway/directory/directory.h"

#include <stdio.h>
#include <string.h>

#define MEMBERS_MAX 12      /* more is a congress */
#define OPINION_CHARS 10000 /* of one member, as of one part of the opinion */

static bool is_mdt(const struct consult_row *row)
{
    return strcmp(row->kind, "mdt") == 0;
}

enum status consult_member_is(struct db *db, const char *consultation_id, const char *account_id,
                              bool *out_is)
{
    int64_t count = 0;
    enum status status = db_one_int(db, &count,
                                    "SELECT COUNT(*) FROM consultation_member WHERE "
                                    "consultation_id = $1 AND account_id = $2 AND state IN "
                                    "('asked', 'given')",
                                    "ss", consultation_id, account_id);
    *out_is = count > 0;
    return status;
}

bool consult_guard_mdt(struct api_call *call, struct consult_row *row,
                       const struct consult_change *change)
{
    (void)change;
    return is_mdt(row) || api_problem(call, 409, "kind.not-mdt", "这不是多学科会诊。",
                                      "That is no multi-disciplinary consultation.", NULL);
}

/* Member `account` of the body; NULL: answered. */
static const char *named(struct consult_act *act, bool required)
{
    bool ok = true;
    if (!consult_guard_mdt(act->call, &act->row, &act->change)) {
        return NULL;
    }
    const char *account = api_body_text(act->call, "account", required, 32, &ok);
    if (!ok) {
        return NULL;
    }
    if (account == NULL || account[0] == '\0') {
        account = act->change.actor_id;
    }
    if (!api_id(account)) {
        (void)consult_field_wrong(act->call, "", "account", "没有该人员。",
                                  "There is no such person.");
        return NULL;
    }
    return account;
}

static enum status first_specialty(struct db *db, const char *account, const char *wanted,
                                   char out_specialty[64])
{
    return db_one_text(db, out_specialty, 64,
                       "SELECT s.specialty FROM account a JOIN practitioner_specialty s ON "
                       "s.practitioner_id = a.practitioner_id WHERE a.id = $1 AND s.specialty = "
                       "COALESCE($2, s.specialty) ORDER BY s.specialty LIMIT 1",
                       "ss", account, wanted);
}

bool consult_enlist_before(struct consult_act *act)
{
    struct api_call *call = act->call;
    char specialty[64] = "";
    bool ok = true, may = false;
    int64_t count = 0;
    const char *account = named(act, true);
    const char *wanted = account == NULL ? NULL : api_body_text(call, "specialty", false, 63, &ok);
    if (account == NULL || !ok) {
        return false;
    }
    enum status status = consult_invitable(call, &act->row, account, &may);
    status = status == STATUS_OK ? first_specialty(call->db, account, wanted, specialty) : status;
    if (status == STATUS_NONE || (status == STATUS_OK && !may)) {
        return api_problem(
            call, 422, "member.not-possible", "不能邀请该人员：不在可邀请范围，或不从事该专科。",
            "That person cannot be asked: not within reach, or not on the specialty.", "/account");
    }
    status = status == STATUS_OK
                 ? db_one_int(call->db, &count,
                              "SELECT COUNT(*) FROM consultation_member WHERE consultation_id = $1 "
                              "AND state <> 'removed' AND account_id <> $2",
                              "ss", act->row.id, account)
                 : status;
    if (status == STATUS_OK && count >= MEMBERS_MAX) {
        return api_problem(call, 409, "member.too-many", "成员已达上限。",
                           "There are as many members as possible.", NULL);
    }
    status = status == STATUS_OK
                 ? db_run(call->db,
                          "INSERT INTO consultation_member (consultation_id, account_id, "
                          "specialty, state, at_ms) VALUES ($1, $2, $3, 'asked', $4) ON CONFLICT "
                          "(consultation_id, account_id) DO UPDATE SET state = 'asked', specialty "
                          "= excluded.specialty, at_ms = excluded.at_ms WHERE "
                          "consultation_member.state <> 'given'",
                          "sssi", act->row.id, account, specialty, call->now_ms)
                 : status;
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    consult_effect_reminder(call, &act->row, account, "member-asked");
    act->detail = json_pack("{s:s, s:s}", "account", account, "specialty", specialty);
    return act->detail != NULL || api_store_failed(call, STATUS_NO_MEMORY);
}

bool consult_excuse_before(struct consult_act *act)
{
    struct api_call *call = act->call;
    const unsigned hosts = CONSULT_ACTOR_CONSULTANT | CONSULT_ACTOR_COORDINATOR;
    const char *account = named(act, (act->change.actor & hosts) != 0);
    if (account == NULL) {
        return false;
    }
    if ((act->change.actor & hosts) == 0 && strcmp(account, act->change.actor_id) != 0) {
        return consult_field_wrong(call, "", "account", "只能为本人请假。",
                                   "Members excuse only themselves.");
    }
    enum status status =
        db_run(call->db,
               "UPDATE consultation_member SET state = 'absent', absent_reason = $1, at_ms = $2 "
               "WHERE consultation_id = $3 AND account_id = $4 AND state = 'asked'",
               "siss", act->change.reason_text, call->now_ms, act->row.id, account);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (db_changes(call->db) == 0) {
        return api_problem(call, 404, "member.unknown", "该人员不在待发表意见的成员之列。",
                           "No opinion is outstanding from that person.", "/account");
    }
    act->detail = json_pack("{s:s}", "account", account);
    return act->detail != NULL || api_store_failed(call, STATUS_NO_MEMORY);
}

bool consult_contribute_before(struct consult_act *act)
{
    static const char *const views[] = {"agree", "agree-partly", "disagree"};
    struct api_call *call = act->call;
    bool ok = true, known = false;
    const char *text = api_body_text(call, "opinion", true, OPINION_CHARS, &ok);
    const char *view = ok ? api_body_text(call, "view", true, 16, &ok) : NULL;
    if (!ok) {
        return false;
    }
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        known = known || strcmp(views[i], view) == 0;
    }
    if (!known) {
        return consult_field_wrong(call, "", "view", "应为 agree、agree-partly 或 disagree。",
                                   "Must be agree, agree-partly or disagree.");
    }
    if (consult_text_blank(text)) {
        return api_problem(call, 422, "field.required", "请填写意见。", "An opinion is needed.",
                           "/opinion");
    }
    enum status status = db_run(
        call->db,
        "UPDATE consultation_member SET state = 'given', view = $1, opinion = $2, at_ms = $3 WHERE "
        "consultation_id = $4 AND account_id = $5 AND state IN ('asked', 'given')",
        "ssiss", view, text, call->now_ms, act->row.id, act->change.actor_id);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    consult_effect_reminder(call, &act->row, act->row.consultant_id, "member-given");
    act->detail = json_pack("{s:s}", "view", view);
    return act->detail != NULL || api_store_failed(call, STATUS_NO_MEMORY);
}

enum status consult_member_list(struct db *db, const char *consultation_id, json_t **out_list)
{
    struct db_query q;
    json_t *list = json_array();
    db_begin_query(&q, db,
                   "SELECT account_id, specialty, state, view, opinion, absent_reason, at_ms FROM "
                   "consultation_member WHERE consultation_id = $1 AND state <> 'removed' ORDER BY "
                   "specialty, account_id");
    db_bind_text(&q, consultation_id);
    while (db_next(&q)) {
        json_t *person = directory_person_json(db, db_text(&q, 0));
        json_t *member = json_pack(
            "{s:s, s:s, s:s?, s:s?, s:s?, s:I}", "specialty", db_text(&q, 1), "state",
            db_text(&q, 2), "view", db_is_null(&q, 3) ? NULL : db_text(&q, 3), "opinion",
            db_is_null(&q, 4) ? NULL : db_text(&q, 4), "absent_reason",
            db_is_null(&q, 5) ? NULL : db_text(&q, 5), "at_ms", (json_int_t)db_int(&q, 6));
        if (person != NULL && member != NULL) {
            (void)json_object_update_missing(member, person);
        }
        json_decref(person);
        json_array_append_new(list, member);
    }
    *out_list = list;
    return db_end(&q);
}

static enum status draft_says_disagreement(struct db *db, const char *consultation_id,
                                           bool *out_says)
{
    struct db_query q;
    *out_says = false;
    db_begin_query(&q, db,
                   "SELECT body FROM opinion WHERE consultation_id = $1 AND status = 'draft' ORDER "
                   "BY version DESC LIMIT 1");
    db_bind_text(&q, consultation_id);
    if (db_next(&q)) {
        json_t *body = json_loads(db_text(&q, 0), 0, NULL);
        *out_says = !consult_text_blank(json_string_value(json_object_get(body, "disagreement")));
        json_decref(body);
    }
    return db_end(&q);
}

bool consult_guard_members(struct api_call *call, struct consult_row *row,
                           const struct consult_change *change)
{
    int64_t asked = 0, given = 0, against = 0;
    bool says = false;
    (void)change;
    if (!is_mdt(row)) {
        return true;
    }
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT COALESCE(SUM(state = 'asked'), 0), COALESCE(SUM(state = 'given'), 0), "
                   "COALESCE(SUM(state = 'given' AND view = 'disagree'), 0) FROM "
                   "consultation_member WHERE consultation_id = $1");
    db_bind_text(&q, row->id);
    if (db_next(&q)) {
        asked = db_int(&q, 0);
        given = db_int(&q, 1);
        against = db_int(&q, 2);
    }
    enum status status = db_end(&q);
    status = status == STATUS_OK ? draft_says_disagreement(call->db, row->id, &says) : status;
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (asked == 0 && given == 0) {
        return api_problem(call, 409, "member.none", "尚无成员发表意见，请邀请其他科室成员。",
                           "Nobody has given an opinion: ask another member.", NULL);
    }
    if (asked > 0) {
        return api_problem(
            call, 409, "member.outstanding", "尚有成员未发表意见：请等待，或说明其缺席。",
            "A member's opinion is outstanding: wait for it, or excuse the member.", NULL);
    }
    return against == 0 || says ||
           api_problem(call, 422, "opinion.disagreement",
                       "有成员持不同意见，须在综合意见中写明分歧。",
                       "A member disagrees: the synthesis must say so.", "/body/disagreement");
}
