#include "gateway/document/document_verify.h"

#include "gateway/auth/auth_throttle.h"
#include "gateway/document/document_check.h"
#include "gateway/document/document_code.h"
#include "gateway/document/document_store.h"
#include "gateway/records/opinion_sign.h"

#include <stdlib.h>
#include <string.h>

/* Every try counts, good ones too: whoever checks a pile of reports has the tool (consultctl
 * verify). */
static bool admit(struct api_call *call)
{
    struct auth_limits limits = auth_limits_of(call->config);
    call->keep_on_error = true;
    enum status status = auth_throttle_place(call->db, "verify", call->peer_address, call->now_ms,
                                             &limits, &call->retry_after_s);
    if (status == STATUS_REFUSED) {
        return api_problem(call, 429, "request.throttled", "核验次数过多，请稍后再试。",
                           "Too many checks from this address: try again later.", NULL);
    }
    return status == STATUS_OK || api_store_failed(call, status);
}

/* ---- by code ---- */

/* "示范患者" -> "示**": the first character, so that the holder can tell the papers apart. */
static json_t *masked(const char *name)
{
    size_t first = name[0] != '\0';
    while (first > 0 && ((unsigned char)name[first] & 0xc0u) == 0x80u) {
        first++;
    }
    return json_sprintf("%.*s%s", (int)first, name, first > 0 ? "**" : "");
}

static json_t *answer_of(struct db_query *q)
{
    const struct opinion_signed opinion = {.canonical = db_text(q, 0),
                                           .body = db_text(q, 1),
                                           .signature = db_text(q, 2),
                                           .public_key = db_text(q, 3),
                                           .signer_signature = db_text(q, 4),
                                           .organisation_key = db_text(q, 5),
                                           .account_key = ""};
    json_t *record = json_loads(opinion.canonical, 0, NULL);
    const json_t *consultation = json_object_get(record, "consultation");
    const json_t *institution =
        json_object_get(json_object_get(record, "consultant"), "organisation");
    const char *name =
        json_string_value(json_object_get(json_object_get(record, "patient"), "name"));
    const char *number = json_string_value(json_object_get(consultation, "number"));
    const char *zh = json_string_value(json_object_get(institution, "name_zh"));
    const char *en = json_string_value(json_object_get(institution, "name_en"));
    const char *fault = opinion_fault(&opinion);
    bool newer = db_int(q, 8) > db_int(q, 7);
    json_t *answer =
        json_pack("{s:b, s:s, s:s, s:I, s:I, s:o, s:{s:s, s:s}, s:o, s:[]}", "valid", fault == NULL,
                  "code", db_text(q, 9), "number", number == NULL ? "" : number, "version",
                  (json_int_t)db_int(q, 7), "signed_ms", (json_int_t)db_int(q, 6), "superseded_by",
                  newer ? json_integer((json_int_t)db_int(q, 8)) : json_null(), "institution",
                  "name_zh", zh == NULL ? "" : zh, "name_en", en == NULL ? "" : en, "patient",
                  masked(name == NULL ? "" : name), "findings");
    document_finding_add(
        answer, &(struct document_finding){.layer = "record", .ok = fault == NULL, .what = fault});
    json_decref(record);
    return answer;
}

static enum status find(struct db *db, const char *code, json_t **out_answer)
{
    struct db_query q;
    db_begin_query(
        &q, db,
        "SELECT o.canonical, o.body, o.signature, o.public_key, COALESCE(o.signer_signature, ''), "
        "COALESCE(g.signing_public_key, ''), o.signed_ms, o.version, (SELECT MAX(n.version) FROM "
        "opinion n WHERE n.consultation_id = o.consultation_id AND n.status = 'signed'), "
        "d.verification_code FROM document d JOIN opinion o ON o.consultation_id = "
        "d.consultation_id AND o.version = d.opinion_version AND o.status = 'signed' JOIN account "
        "a "
        "ON a.id = o.author_id JOIN practitioner p ON p.id = a.practitioner_id JOIN organisation g "
        "ON g.id = p.organisation_id WHERE d.verification_code = $1 LIMIT 1");
    db_bind_text(&q, code);
    if (db_next(&q)) {
        *out_answer = answer_of(&q);
    }
    return db_end(&q);
}

void document_verify_code(struct api_call *call)
{
    char code[DOCUMENT_CODE_SIZE];
    bool ok = true;
    const char *typed = api_body_text(call, "code", true, 64, &ok);
    if (!ok || !admit(call)) {
        return;
    }
    if (!document_code_read(typed, code)) {
        (void)api_problem(call, 422, "field.invalid", "验证码由 20 个字母和数字组成。",
                          "A verification code has 20 letters and digits.", "/code");
        return;
    }
    json_t *answer = NULL;
    enum status status = find(call->db, code, &answer);
    if (status != STATUS_OK) {
        json_decref(answer);
        (void)api_store_failed(call, status);
    } else if (answer == NULL) {
        (void)api_problem(call, 404, "verify.unknown", "没有该验证码对应的报告。",
                          "There is no report with this code.", "/code");
    } else {
        call->reply = answer;
    }
}

/* ---- by file ---- */

static void claim_free(void *data)
{
    document_claim_clear(data);
    free(data);
}

void document_verify_file(struct api_call *call)
{
    if (!admit(call)) {
        return;
    }
    if (call->raw_len == 0) {
        (void)api_problem(call, 422, "request.body", "没有收到文件。", "There is no file.", NULL);
        return;
    }
    call->data = calloc(1, sizeof(struct document_claim));
    call->data_free = claim_free;
    if (call->data == NULL) {
        (void)api_store_failed(call, STATUS_NO_MEMORY);
    }
}

void document_verify_file_blob(struct api_call *call)
{
    enum status status = document_check(call->raw, call->raw_len, call->data);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
    }
}

void document_verify_file_finish(struct api_call *call)
{
    struct document_claim *claim = call->data;
    const json_t *patient = json_object_get(claim->record, "patient");
    const char *name = json_string_value(json_object_get(patient, "name"));
    enum status status = document_store_compare(call->db, claim);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    json_object_set_new(claim->report, "patient", masked(name == NULL ? "" : name));
    call->reply = json_incref(claim->report);
}
