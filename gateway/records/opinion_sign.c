#include "gateway/records/opinion_sign.h"

#include "gateway/app.h"
#include "gateway/consult/consult_member.h"
#include "gateway/records/canonical.h"
#include "gateway/records/opinion_draft.h"
#include "gateway/records/opinion_record.h"
#include "media/rt/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct signature {
    char *canonical; /* malloc'd */
    size_t len;
    char salt[OPINION_SALT_SIZE];
    char hex[129], key[65];               /* of the institution */
    char signer_hex[129], signer_key[65]; /* of the person */
};

static bool no_key(struct api_call *call, const struct consult_row *row, enum status status)
{
    log_error("opinion_sign_failed", "consultation=%s organisation=%s reason=%s", row->id,
              row->consultant_organisation_id, status_name(status));
    return api_problem(call, 503, "opinion.signing", "签名密钥不可用，意见未签名，请联系管理员。",
                       "A signing key is not available; the opinion is not signed. Ask the "
                       "operator.",
                       NULL);
}

/* The person's key is made at the first signature. One that was registered and is gone is never
 * replaced in silence. */
static bool find_signer_key(struct api_call *call, const struct consult_row *row,
                            struct signature *s)
{
    const struct api_services *services = call->services;
    char known[65] = "";
    enum status status = db_one_text(call->db, known, sizeof known,
                                     "SELECT public_key FROM account_key WHERE account_id = $1",
                                     "s", row->consultant_id);
    if (status != STATUS_OK && status != STATUS_NONE) {
        return api_store_failed(call, status);
    }
    bool fresh = status == STATUS_NONE;
    status = services == NULL || services->person_key == NULL
                 ? STATUS_CLOSED
                 : services->person_key(services->sign_context, row->consultant_id, fresh,
                                        s->signer_key);
    if (status != STATUS_OK || (!fresh && strcmp(known, s->signer_key) != 0)) {
        return no_key(call, row, status == STATUS_OK ? STATUS_UNAUTHENTIC : status);
    }
    if (fresh) {
        status = db_run(call->db,
                        "INSERT INTO account_key (account_id, public_key, made_ms) VALUES ($1, "
                        "$2, $3)",
                        "ssi", row->consultant_id, s->signer_key, call->now_ms);
    }
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool make_record(struct api_call *call, const struct consult_row *row,
                        struct opinion_text *text, struct signature *s)
{
    unsigned char salt[(OPINION_SALT_SIZE - 1) / 2];
    randombytes_buf(salt, sizeof salt);
    sodium_bin2hex(s->salt, sizeof s->salt, salt, sizeof salt);
    text->signer_key = s->signer_key;
    text->identity_salt = s->salt;
    enum status status =
        opinion_record_make(call->db, row, text, call->now_ms, &s->canonical, &s->len);
    if (status == STATUS_UNSUPPORTED || status == STATUS_TOO_LARGE) {
        return api_problem(call, 422, "opinion.not-canonical", "记录中含有不能签名的内容。",
                           "The record holds something that cannot be signed.", NULL);
    }
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool make_signatures(struct api_call *call, const struct consult_row *row,
                            struct signature *s)
{
    const struct api_services *services = call->services;
    enum status status = services->sign_person == NULL || services->sign == NULL
                             ? STATUS_CLOSED
                             : services->sign_person(services->sign_context, row->consultant_id,
                                                     s->canonical, s->len, s->signer_hex);
    if (status == STATUS_OK) {
        status = services->sign(services->sign_context, row->consultant_organisation_id,
                                s->canonical, s->len, s->hex, s->key);
    }
    bool holds = status == STATUS_OK && opinion_record_verify(s->canonical, s->hex, s->key) &&
                 opinion_record_verify(s->canonical, s->signer_hex, s->signer_key);
    return holds || no_key(call, row, status);
}

static bool store_signed(struct api_call *call, const struct consult_row *row,
                         const struct opinion_text *text, const struct signature *s,
                         json_t **out_detail)
{
    char hash[65];
    canonical_sha256(s->canonical, s->len, hash);
    enum status status = db_run(
        call->db,
        "UPDATE opinion SET status = 'signed', signed_ms = $1, canonical = $2, signature = $3, "
        "public_key = $4, signer_signature = $5, identity_salt = $6 WHERE consultation_id = $7 AND "
        "version = $8 AND status = 'draft'",
        "issssssi", call->now_ms, s->canonical, s->hex, s->key, s->signer_hex, s->salt, row->id,
        text->version);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    *out_detail =
        json_pack("{s:I, s:s, s:s, s:s}", "opinion_version", (json_int_t)text->version, "sha256",
                  hash, "public_key", s->key, "signer_public_key", s->signer_key);
    return true;
}

bool opinion_sign(struct api_call *call, const struct consult_row *row, json_t **out_detail)
{
    struct opinion_draft draft = {.body = NULL};
    struct signature s = {.canonical = NULL};
    *out_detail = NULL;
    enum status status = opinion_draft_find(call->db, row->id, &draft);
    struct opinion_text text = {.version = draft.version,
                                .body = draft.body,
                                .amend_reason = draft.amend_reason,
                                .verifier_id =
                                    row->verifier_id[0] != '\0' ? row->verifier_id : NULL};
    if (status == STATUS_OK && strcmp(row->kind, "mdt") == 0) {
        status = consult_member_list(call->db, row->id, &text.members);
    }
    bool done = status == STATUS_OK || api_store_failed(call, STATUS_IO);
    done = done && find_signer_key(call, row, &s) && make_record(call, row, &text, &s) &&
           make_signatures(call, row, &s) && store_signed(call, row, &text, &s, out_detail);
    free(s.canonical);
    json_decref(text.members);
    opinion_draft_clear(&draft);
    return done;
}

static const char *fault_of_record(const struct opinion_signed *o, const json_t *record)
{
    const char *format = json_string_value(json_object_get(record, "format"));
    const char *signer =
        json_string_value(json_object_get(json_object_get(record, "consultant"), "public_key"));
    if (format == NULL) {
        return "record";
    }
    if (strcmp(format, "consult-opinion-1") == 0) {
        return NULL; /* had the institution's signature alone */
    }
    if (signer == NULL || !opinion_record_verify(o->canonical, o->signer_signature, signer)) {
        return "signer";
    }
    return o->account_key[0] != '\0' && strcmp(o->account_key, signer) != 0 ? "signer-key" : NULL;
}

const char *opinion_fault(const struct opinion_signed *o)
{
    if (!opinion_record_verify(o->canonical, o->signature, o->public_key)) {
        return "signature";
    }
    json_t *record = json_loads(o->canonical, 0, NULL);
    json_t *body = json_loads(o->body, 0, NULL);
    bool same = body != NULL &&
                json_equal(json_object_get(json_object_get(record, "opinion"), "body"), body);
    const char *fault = fault_of_record(o, record);
    json_decref(record);
    json_decref(body);
    if (fault == NULL && !same) {
        fault = "body";
    }
    if (fault == NULL && o->organisation_key[0] != '\0' &&
        strcmp(o->organisation_key, o->public_key) != 0) {
        fault = "institution-key";
    }
    return fault;
}
