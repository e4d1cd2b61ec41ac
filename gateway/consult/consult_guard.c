#include "gateway/consult/consult_guard.h"

#include "gateway/consult/consult_closing.h"
#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_guest.h"
#include "gateway/consult/consult_invitees.h"
#include "gateway/consult/consult_learners.h"
#include "gateway/consult/consult_member.h"
#include "gateway/consult/consult_observer.h"
#include "gateway/consult/consult_reading.h"
#include "gateway/consult/consult_schedule.h"
#include "gateway/consult/consult_take_over.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/records/consent.h"
#include "gateway/records/opinion.h"
#include "proto/base/check.h"

#include <stdio.h>
#include <string.h>

#define SPECIALTIES_MAX 32 /* of one practitioner */

static bool refuse(struct api_call *call, int status, const char *code, const char *zh,
                   const char *en, const char *field)
{
    return api_problem(call, status, code, zh, en, field);
}

static bool guard_fields(struct api_call *call, struct consult_row *row,
                         const struct consult_change *change)
{
    (void)change;
    return consult_fields_complete(call, row);
}

static bool guard_consent(struct api_call *call, struct consult_row *row,
                          const struct consult_change *change)
{
    enum consent_answer answer = CONSENT_NONE;
    (void)change;
    enum status status =
        consent_answer(call->db, row->id, "consultation", "patient", NULL, &answer);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    bool stat = strcmp(row->urgency, "stat") == 0;
    if (answer == CONSENT_GIVEN ||
        (answer == CONSENT_NONE && stat && row->consent_deferred != NULL)) {
        return true;
    }
    if (answer == CONSENT_NONE && stat) {
        return refuse(call, 422, "consent.deferral-reason",
                      "缺少会诊知情同意：特急可后补，但须说明原因（reason_text）。",
                      "The patient's consent is missing: stat may defer it, but the reason must be "
                      "given (reason_text).",
                      "/reason_text");
    }
    return refuse(call, 422, "consent.consultation", "须先取得患者对会诊的知情同意。",
                  "The patient's consent to the consultation is needed first.",
                  "/consents/consultation");
}

static bool decide(struct api_call *call, struct consult_row *row,
                   const char *consultant_organisation)
{
    char today[11];
    struct rules_verdict verdict;
    rules_today(call->now_ms, today);
    int kind = rules_kind_of(row->kind);
    const struct rules_question question = {
        .requester = row->requester_organisation_id,
        .consultant = consultant_organisation,
        .specialty = row->specialty,
        .kind = kind < 0 ? RULES_LIVE : (enum rules_kind)kind,
        .stat = strcmp(row->urgency, "stat") == 0,
        .date = today,
    };
    /* A shared centre reports where nobody may be consulted. */
    enum rules_act otherwise = kind == RULES_READ ? RULES_REPORT : question.act;
    enum status status = rules_decide(call->db, &question, otherwise, &verdict);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (verdict.refusal != RULES_ALLOWED) {
        return refuse(call, 403, rules_code(verdict.refusal), verdict.zh, verdict.en, NULL);
    }
    (void)snprintf(row->partnership_id, sizeof row->partnership_id, "%s", verdict.partnership_id);
    (void)snprintf(row->partnership_mode, sizeof row->partnership_mode, "%s",
                   verdict.partnership_mode);
    (void)snprintf(row->agreement_id, sizeof row->agreement_id, "%s", verdict.agreement_id);
    row->agreement_version = verdict.agreement_version;
    return true;
}

bool consult_rules_hold(struct api_call *call, struct consult_row *row)
{
    const char *asked = row->consultant_organisation_id[0] != '\0' ? row->consultant_organisation_id
                                                                   : row->target_organisation_id;
    return decide(call, row, asked[0] == '\0' ? NULL : asked);
}

static bool guard_rules(struct api_call *call, struct consult_row *row,
                        const struct consult_change *change)
{
    (void)change;
    return consult_rules_hold(call, row);
}

/* The person's own half of the rules: practises the specialty, three years of licence. */
static enum status personal_rules(struct api_call *call, const char *account_id,
                                  const char *specialty, enum rules_refusal *out_refusal)
{
    char codes[SPECIALTIES_MAX][64], licensed_since[16] = "", today[11];
    const char *list[SPECIALTIES_MAX + 1];
    size_t n = 0;
    struct db_query q;
    db_begin_query(
        &q, call->db,
        "SELECT s.specialty, p.licensed_since FROM account a JOIN practitioner p ON p.id = "
        "a.practitioner_id JOIN practitioner_specialty s ON s.practitioner_id = p.id WHERE a.id = "
        "$1");
    db_bind_text(&q, account_id);
    while (n < SPECIALTIES_MAX && db_next(&q)) {
        (void)snprintf(codes[n], sizeof codes[n], "%s", db_text(&q, 0));
        (void)snprintf(licensed_since, sizeof licensed_since, "%s", db_text(&q, 1));
        list[n] = codes[n];
        n++;
    }
    list[n] = NULL;
    enum status status = db_end(&q);
    rules_today(call->now_ms, today);
    *out_refusal = rules_consultant(list, licensed_since, specialty, today);
    return status;
}

static bool guard_licence(struct api_call *call, struct consult_row *row,
                          const struct consult_change *change)
{
    enum rules_refusal refusal;
    CHECK(change->actor_id != NULL);
    enum status status = personal_rules(call, change->actor_id, row->specialty, &refusal);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (refusal != RULES_ALLOWED) {
        return refuse(call, 403, rules_code(refusal), rules_sentence_zh(refusal),
                      rules_sentence_en(refusal), NULL);
    }
    return decide(call, row, row->consultant_organisation_id);
}

static bool guard_reason(struct api_call *call, struct consult_row *row,
                         const struct consult_change *change)
{
    (void)row;
    return change->reason_code != NULL || refuse(call, 422, "field.required", "请选择原因。",
                                                 "A reason is needed.", "/reason_code");
}

static bool guard_text(struct api_call *call, struct consult_row *row,
                       const struct consult_change *change)
{
    (void)row;
    return !consult_text_blank(change->reason_text) ||
           refuse(call, 422, "field.required", "请用文字说明。", "Please say it in words.",
                  "/reason_text");
}

enum status consult_both_present(struct db *db, const char *consultation_id, bool *out_present)
{
    int64_t count = 0;
    enum status status =
        db_one_int(db, &count,
                   "SELECT COUNT(*) FROM participation WHERE consultation_id = $1 AND present = 1 "
                   "AND role IN ('requester', 'consultant')",
                   "s", consultation_id);
    *out_present = count == 2;
    return status;
}

static bool guard_present(struct api_call *call, struct consult_row *row,
                          const struct consult_change *change)
{
    bool present = false;
    (void)change;
    enum status status = consult_both_present(call->db, row->id, &present);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return present || refuse(call, 409, "room.alone", "对方尚未进入会诊室。",
                             "The other party is not in the room yet.", NULL);
}

static bool guard_opinion(struct api_call *call, struct consult_row *row,
                          const struct consult_change *change)
{
    bool ready = false, own = false;
    (void)change;
    enum status status = opinion_draft_ready(call->db, row, &ready, &own);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (ready && !own) { /* a former consultant's: nobody signs what somebody else wrote */
        return refuse(
            call, 422, "opinion.not-own",
            "草稿由前任专家书写：须由现任接诊专家审阅并保存为本人意见。",
            "A former consultant wrote the draft: the present one has to read it and save "
            "it as the own opinion first.",
            NULL);
    }
    return ready ||
           refuse(call, 422, "opinion.empty", "请先保存意见：所见和诊断至少填写一项。",
                  "Save the opinion first: findings or a diagnosis are needed.", "/body/diagnosis");
}

static bool guard_decision(struct api_call *call, struct consult_row *row,
                           const struct consult_change *change)
{
    (void)change;
    return row->decision != NULL || refuse(call, 422, "field.required", "请记录本院的决定。",
                                           "Your own decision is needed.", "/adopted");
}

static bool guard_invitable(struct api_call *call, struct consult_row *row,
                            const struct consult_change *change)
{
    bool may = false;
    (void)change;
    enum status status = consult_invitable(call, row, consult_place_named(call), &may);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return may || refuse(call, 422, "guest.not-invitable", "不能邀请该人员，或其当前不在岗。",
                         "That person may not be invited, or is not on duty now.", "/account");
}

/* Who is a guest already keeps the seat. */
static bool guard_stage(struct api_call *call, struct consult_row *row,
                        const struct consult_change *change)
{
    int64_t count = 0;
    bool guest = false;
    (void)change;
    enum status status = consult_place_count(call->db, &consult_guests, row->id, &count);
    if (status == STATUS_OK) {
        status =
            consult_place_is(call->db, &consult_guests, row->id, consult_place_named(call), &guest);
    }
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return guest || count < CONSULT_GUESTS_MAX ||
           refuse(call, 409, "room.stage-full", "台上已有六个席位，请先请一位离开再邀请。",
                  "The stage has six seats and all are taken; end an invitation first.", NULL);
}

static bool guard_guest(struct api_call *call, struct consult_row *row,
                        const struct consult_change *change)
{
    const char *named = consult_place_named(call);
    const unsigned hosts = CONSULT_ACTOR_REQUESTER | CONSULT_ACTOR_CONSULTANT;
    bool guest = false;
    if ((change->actor & hosts) == 0 && strcmp(named, call->actor->account_id) != 0) {
        return refuse(call, 403, consult_refusal_code(CONSULT_NOT_YOURS),
                      consult_refusal_zh(CONSULT_NOT_YOURS), consult_refusal_en(CONSULT_NOT_YOURS),
                      NULL);
    }
    enum status status = consult_place_is(call->db, &consult_guests, row->id, named, &guest);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return guest || refuse(call, 404, "guest.unknown", "该人员不在邀请之列。",
                           "That person is not a guest here.", "/account");
}

static bool guard_stat(struct api_call *call, struct consult_row *row,
                       const struct consult_change *change)
{
    (void)change;
    return strcmp(row->urgency, "stat") == 0 ||
           refuse(call, 409, "consultation.too-late", "提交后只有特急会诊可以补录资料。",
                  "After it was submitted only a stat request may be filled in.", NULL);
}

typedef bool (*guard_fn)(struct api_call *call, struct consult_row *row,
                         const struct consult_change *change);
static const guard_fn guards_by_id[CONSULT_GUARD_COUNT] = {
    [CONSULT_GUARD_FIELDS] = guard_fields,
    [CONSULT_GUARD_CONSENT] = guard_consent,
    [CONSULT_GUARD_RULES] = guard_rules,
    [CONSULT_GUARD_REASON] = guard_reason,
    [CONSULT_GUARD_TEXT] = guard_text,
    [CONSULT_GUARD_LICENCE] = guard_licence,
    [CONSULT_GUARD_PRESENT] = guard_present,
    [CONSULT_GUARD_OPINION] = guard_opinion,
    [CONSULT_GUARD_DECISION] = guard_decision,
    [CONSULT_GUARD_INVITABLE] = guard_invitable,
    [CONSULT_GUARD_STAGE] = guard_stage,
    [CONSULT_GUARD_GUEST] = guard_guest,
    [CONSULT_GUARD_TEACHING] = consult_guard_teaching,
    [CONSULT_GUARD_LEARNER] = consult_guard_learner,
    [CONSULT_GUARD_PLACE] = consult_guard_place,
    [CONSULT_GUARD_OBSERVER] = consult_guard_observer,
    [CONSULT_GUARD_MDT] = consult_guard_mdt,
    [CONSULT_GUARD_STAT] = guard_stat,
    [CONSULT_GUARD_SLOT] = consult_guard_slot,
    [CONSULT_GUARD_READERS] = consult_guard_readers,
    [CONSULT_GUARD_MEMBERS] = consult_guard_members,
    [CONSULT_GUARD_CRITICAL] = consult_guard_critical,
    [CONSULT_GUARD_SAMPLE] = consult_guard_sample,
    [CONSULT_GUARD_HOUSE] = consult_guard_house,
};

bool consult_guards_hold(struct api_call *call, struct consult_row *row,
                         const struct consult_change *change, unsigned guards)
{
    for (unsigned i = 0; i < CONSULT_GUARD_COUNT; i++) {
        if ((guards & (1u << i)) != 0 && !guards_by_id[i](call, row, change)) {
            return false;
        }
    }
    return true;
}
