#include "gateway/referral/referral_fields.h"

#include "gateway/consult/consult_fields.h"
#include "gateway/partnership/rules.h"
#include "gateway/records/canonical.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODES_MAX 20u
#define CODE_CHARS_MAX 16u

struct field {
    const char *name;
    size_t max; /* code points */
};
static const struct field body_texts[] = {
    {"summary", 10000}, {"diagnosis", 2000}, {"treatment", 8000}, {"wishes", 2000}, {NULL, 0}};
static const struct field answer_texts[] = {{"diagnosis", 2000},  {"treatment", 8000},
                                            {"medication", 4000}, {"advice", 4000},
                                            {"follow_up", 2000},  {NULL, 0}};
static const char *const outcomes[] = {"recovered", "improved", "unchanged",
                                       "worse",     "died",     "transferred"};
static const char *const done_kinds[] = {"lab", "image", "ecg", "procedure", "medication"};

bool referral_field_wrong(struct api_call *call, const char *prefix, const char *name,
                          const char *zh, const char *en)
{
    return consult_field_wrong(call, prefix, name, zh, en);
}

static bool one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; text != NULL && i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Text of at most max characters without controls. */
static bool good_text(const json_t *value, size_t max)
{
    const char *text = json_string_value(value);
    if (text == NULL || consult_text_chars(text) > max) {
        return false;
    }
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if ((*p < 0x20 && *p != '\n' && *p != '\t' && *p != '\r') || *p == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool set(struct api_call *call, json_t *object, const char *name, json_t *value)
{
    return json_object_set(object, name, value) == 0 || api_store_failed(call, STATUS_NO_MEMORY);
}

static bool merge_texts(struct api_call *call, const struct field *fields, const json_t *from,
                        const char *prefix, json_t *to)
{
    for (; fields->name != NULL; fields++) {
        json_t *value = json_object_get(from, fields->name);
        if (value == NULL) {
            continue;
        }
        if (json_is_null(value) || consult_text_blank(json_string_value(value))) {
            if (!json_is_null(value) && !json_is_string(value)) {
                return referral_field_wrong(call, prefix, fields->name, "应为文本。",
                                            "Must be a text.");
            }
            (void)json_object_del(to, fields->name);
        } else if (!good_text(value, fields->max)) {
            return referral_field_wrong(call, prefix, fields->name, "应为文本，且不超过规定长度。",
                                        "Must be a text within the allowed length.");
        } else if (!set(call, to, fields->name, value)) {
            return false;
        }
    }
    return true;
}

static bool merge_reason(struct api_call *call, struct referral_row *row, const json_t *from)
{
    json_t *value = json_object_get(from, "reason_code");
    const char *code = json_string_value(value);
    if (value == NULL) {
        const char *kept = json_string_value(json_object_get(row->body, "reason_code"));
        if (kept != NULL && !referral_reason_valid(row->direction, kept)) {
            (void)json_object_del(row->body, "reason_code"); /* of the other direction */
        }
        return true;
    }
    if (json_is_null(value) || (code != NULL && code[0] == '\0')) {
        (void)json_object_del(row->body, "reason_code");
        return true;
    }
    if (code == NULL || !referral_reason_valid(row->direction, code)) {
        return referral_field_wrong(call, "", "reason_code", "不是该转诊方向的转诊原因。",
                                    "Not a reason for a referral in this direction.");
    }
    return set(call, row->body, "reason_code", value);
}

static bool merge_codes(struct api_call *call, struct referral_row *row, const json_t *from)
{
    json_t *list = json_object_get(from, "diagnosis_codes");
    size_t i = 0;
    json_t *item = NULL;
    if (list == NULL) {
        return true;
    }
    if (json_is_null(list)) {
        (void)json_object_del(row->body, "diagnosis_codes");
        return true;
    }
    if (!json_is_array(list) || json_array_size(list) > CODES_MAX) {
        return referral_field_wrong(call, "", "diagnosis_codes", "应为诊断编码列表，至多 20 个。",
                                    "Must be a list of at most 20 codes.");
    }
    json_array_foreach(list, i, item)
    {
        const char *code = json_string_value(item);
        size_t len = code == NULL ? 0 : strlen(code);
        if (len == 0 || len > CODE_CHARS_MAX ||
            strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+*xX") != len) {
            return referral_field_wrong(call, "", "diagnosis_codes", "诊断编码无效 (ICD-10)。",
                                        "Not a code of ICD-10.");
        }
    }
    return set(call, row->body, "diagnosis_codes", list);
}

/* An attachment that is named must be one of the consultation's: nothing else is shared. */
static bool attachment_known(struct api_call *call, const struct referral_row *row,
                             const json_t *value, bool *out_known)
{
    int64_t count = 0;
    const char *id = json_string_value(value);
    *out_known = false;
    if (!api_id(id)) {
        return true;
    }
    enum status status = db_one_int(
        call->db, &count, "SELECT COUNT(*) FROM attachment WHERE id = $1 AND consultation_id = $2",
        "ss", id, row->consultation_id);
    *out_known = count == 1;
    return status == STATUS_OK || api_store_failed(call, status);
}

/* One member of an item of done[]. */
static bool good_done(const char *name, const json_t *value)
{
    if (json_is_null(value)) {
        return true;
    }
    if (strcmp(name, "kind") == 0) {
        return one_of(json_string_value(value), done_kinds,
                      sizeof done_kinds / sizeof done_kinds[0]);
    }
    if (strcmp(name, "date") == 0) {
        return json_is_string(value) && rules_date_valid(json_string_value(value));
    }
    if (strcmp(name, "result") == 0) {
        return good_text(value, 4000);
    }
    return (strcmp(name, "name") == 0 || strcmp(name, "attachment") == 0) && good_text(value, 200);
}

static bool check_done(struct api_call *call, const struct referral_row *row, json_t *item,
                       size_t index)
{
    char prefix[32];
    const char *name;
    json_t *value;
    bool known = true;
    (void)snprintf(prefix, sizeof prefix, "/done/%zu", index);
    json_object_foreach(item, name, value)
    {
        if (!good_done(name, value)) {
            return referral_field_wrong(call, prefix, strlen(name) <= 32 ? name : "",
                                        "检查项目的内容无效。",
                                        "Not possible in a list of what was done.");
        }
    }
    if (!json_is_object(item) || json_string_value(json_object_get(item, "kind")) == NULL ||
        consult_text_blank(json_string_value(json_object_get(item, "name")))) {
        return referral_field_wrong(call, prefix, "name", "须有类型和名称。",
                                    "Kind and name are needed.");
    }
    const json_t *attachment = json_object_get(item, "attachment");
    if (json_is_string(attachment) && !attachment_known(call, row, attachment, &known)) {
        return false;
    }
    return known || referral_field_wrong(call, prefix, "attachment", "不是该会诊的附件。",
                                         "Not an attachment of this consultation.");
}

static bool merge_done(struct api_call *call, struct referral_row *row, const json_t *from)
{
    json_t *list = json_object_get(from, "done");
    size_t i = 0;
    json_t *item = NULL;
    if (list == NULL) {
        return true;
    }
    if (!json_is_array(list) || json_array_size(list) > REFERRAL_DONE_MAX) {
        return referral_field_wrong(call, "", "done", "应为列表，至多 100 项。",
                                    "Must be a list of at most 100 items.");
    }
    json_array_foreach(list, i, item)
    {
        if (!check_done(call, row, item, i)) {
            return false;
        }
    }
    return set(call, row->body, "done", list);
}

static bool merge_consent(struct api_call *call, struct referral_row *row, const json_t *from)
{
    static const char *const relations[] = {"self", "guardian", "relative"};
    static const char *const methods[] = {"written", "spoken", "click"};
    json_t *given = json_object_get(from, "consent");
    if (given == NULL) {
        return true;
    }
    if (json_is_null(given)) {
        (void)json_object_del(row->body, "consent");
        return true;
    }
    const json_t *name = json_object_get(given, "name");
    const json_t *version = json_object_get(given, "text_version");
    if (!json_is_boolean(json_object_get(given, "referral")) ||
        !json_is_boolean(json_object_get(given, "sharing")) ||
        !one_of(json_string_value(json_object_get(given, "relation")), relations, 3) ||
        !one_of(json_string_value(json_object_get(given, "method")), methods, 3) ||
        (name != NULL && !json_is_null(name) && !good_text(name, 64)) ||
        (version != NULL && !good_text(version, 64))) {
        return referral_field_wrong(call, "", "consent",
                                    "知情同意须含 referral、sharing、relation 和 method。",
                                    "Needs referral, sharing, relation and method.");
    }
    json_t *kept = json_pack("{s:b, s:b, s:s, s:s, s:s?, s:s, s:I, s:s}", "referral",
                             json_is_true(json_object_get(given, "referral")), "sharing",
                             json_is_true(json_object_get(given, "sharing")), "relation",
                             json_string_value(json_object_get(given, "relation")), "method",
                             json_string_value(json_object_get(given, "method")), "name",
                             json_string_value(name), "text_version",
                             version == NULL ? "" : json_string_value(version), "at_ms",
                             (json_int_t)call->now_ms, "recorded_by", call->actor->account_id);
    return json_object_set_new(row->body, "consent", kept) == 0 ||
           api_store_failed(call, STATUS_NO_MEMORY);
}

static bool merge_word(struct api_call *call, struct referral_row *row, const json_t *from)
{
    const json_t *direction = json_object_get(from, "direction");
    const json_t *urgency = json_object_get(from, "urgency");
    const char *word = json_string_value(urgency);
    if (direction != NULL &&
        !referral_direction_of(json_string_value(direction), &row->direction)) {
        return referral_field_wrong(call, "", "direction", "应为 up 或 down。",
                                    "Must be up or down.");
    }
    if (urgency != NULL &&
        (word == NULL || (strcmp(word, "urgent") != 0 && strcmp(word, "routine") != 0))) {
        return referral_field_wrong(call, "", "urgency", "应为 routine 或 urgent。",
                                    "Must be routine or urgent.");
    }
    row->urgent = urgency == NULL ? row->urgent : strcmp(word, "urgent") == 0;
    return true;
}

/* An id or null into member; NULL text: of a wrong type. */
static bool merge_target(struct api_call *call, const json_t *from, const char *name, char *member,
                         size_t member_len)
{
    const json_t *value = json_object_get(from, name);
    const char *text = json_string_value(value);
    if (value == NULL) {
        return true;
    }
    if (!json_is_null(value) && (text == NULL || strlen(text) >= member_len)) {
        return referral_field_wrong(call, "", name, "取值无效。",
                                    "Not one of the possible values.");
    }
    (void)snprintf(member, member_len, "%s", text == NULL ? "" : text);
    return true;
}

static bool targets_exist(struct api_call *call, const struct referral_row *row)
{
    int64_t count = 0;
    enum status status = STATUS_OK;
    if (row->to_organisation_id[0] != '\0') {
        status = db_one_int(call->db, &count,
                            "SELECT COUNT(*) FROM organisation WHERE id = $1 AND active = 1", "s",
                            row->to_organisation_id);
        if (status == STATUS_OK && count == 0) {
            return referral_field_wrong(call, "", "to_organisation", "没有该机构。",
                                        "There is no such institution.");
        }
    }
    if (status == STATUS_OK && row->department[0] != '\0') {
        status = db_one_int(call->db, &count,
                            "SELECT COUNT(*) FROM department WHERE organisation_id = $1 AND code = "
                            "$2 AND active = 1",
                            "ss", row->to_organisation_id, row->department);
        if (status == STATUS_OK && count == 0) {
            return referral_field_wrong(call, "", "department", "该机构没有此科室。",
                                        "The institution has no such department.");
        }
    }
    return status == STATUS_OK || api_store_failed(call, status);
}

bool referral_fields_merge(struct api_call *call, struct referral_row *row, const json_t *body)
{
    char organisation[33];
    (void)snprintf(organisation, sizeof organisation, "%s", row->to_organisation_id);
    if (!merge_word(call, row, body) ||
        !merge_target(call, body, "to_organisation", row->to_organisation_id,
                      sizeof row->to_organisation_id)) {
        return false;
    }
    if (strcmp(organisation, row->to_organisation_id) != 0) {
        row->department[0] = row->place_id[0] = '\0'; /* they were the other one's */
    }
    if (!merge_target(call, body, "department", row->department, sizeof row->department) ||
        !merge_target(call, body, "place", row->place_id, sizeof row->place_id) ||
        !targets_exist(call, row)) {
        return false;
    }
    bool own = row->consultation_id[0] == '\0' && row->based_on[0] == '\0';
    if (json_object_get(body, "patient") != NULL && !own) {
        return referral_field_wrong(call, "", "patient", "患者信息来自原会诊或原转诊，不能更改。",
                                    "The patient is that of the consultation or referral.");
    }
    if (own && call->body == body && !consult_fields_merge_patient(call, row->patient)) {
        return false;
    }
    return merge_texts(call, body_texts, body, "", row->body) && merge_reason(call, row, body) &&
           merge_codes(call, row, body) && merge_done(call, row, body) &&
           merge_consent(call, row, body);
}

static bool missing(struct api_call *call, const char *pointer)
{
    return api_problem(call, 422, "field.required", "发送前须填写此项。",
                       "This must be filled in before sending.", pointer);
}

bool referral_fields_complete(struct api_call *call, const struct referral_row *row)
{
    static const char *const needed[] = {"reason_code", "summary", "diagnosis"};
    static const char *const person[] = {"name", "sex"};
    int64_t departments = 0;
    char pointer[40];
    for (size_t i = 0; i < sizeof person / sizeof person[0]; i++) {
        if (json_object_get(row->patient, person[i]) == NULL) {
            (void)snprintf(pointer, sizeof pointer, "/patient/%s", person[i]);
            return missing(call, pointer);
        }
    }
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (json_object_get(row->body, needed[i]) == NULL) {
            (void)snprintf(pointer, sizeof pointer, "/%s", needed[i]);
            return missing(call, pointer);
        }
    }
    if (row->to_organisation_id[0] == '\0') {
        return missing(call, "/to_organisation");
    }
    enum status status = db_one_int(call->db, &departments,
                                    "SELECT COUNT(*) FROM department WHERE organisation_id = $1 "
                                    "AND active = 1",
                                    "s", row->to_organisation_id);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return departments == 0 || row->department[0] != '\0' || missing(call, "/department");
}

bool referral_fields_consented(struct api_call *call, const struct referral_row *row)
{
    const json_t *consent = json_object_get(row->body, "consent");
    if (json_is_true(json_object_get(consent, "referral")) &&
        json_is_true(json_object_get(consent, "sharing"))) {
        return true;
    }
    return api_problem(call, 422, "consent.referral", "须先取得患者对转诊及资料共享的知情同意。",
                       "The patient must agree to the referral and to the sharing of the record "
                       "first.",
                       "/consent");
}

json_t *referral_fields_answer(struct api_call *call, const json_t *body)
{
    static const char *const needed[] = {"diagnosis", "advice"};
    json_t *answer = json_object();
    json_t *outcome = json_object_get(body, "outcome");
    if (!merge_texts(call, answer_texts, body, "", answer)) {
        json_decref(answer);
        return NULL;
    }
    if (!one_of(json_string_value(outcome), outcomes, sizeof outcomes / sizeof outcomes[0])) {
        (void)referral_field_wrong(
            call, "", "outcome",
            "应为 recovered、improved、unchanged、worse、died 或 transferred。",
            "Must be recovered, improved, unchanged, worse, died or transferred.");
        json_decref(answer);
        return NULL;
    }
    (void)json_object_set(answer, "outcome", outcome);
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (json_object_get(answer, needed[i]) == NULL) {
            char pointer[24];
            (void)snprintf(pointer, sizeof pointer, "/%s", needed[i]);
            (void)api_problem(call, 422, "field.required", "缺少必填项。",
                              "A required field is missing.", pointer);
            json_decref(answer);
            return NULL;
        }
    }
    return answer;
}

enum status referral_patient_key(const json_t *patient, char out_key[65])
{
    static const char *const document[] = {"id_type", "id_number"};
    static const char *const person[] = {"name", "sex", "birth_date"};
    bool numbered = json_object_get(patient, "id_number") != NULL;
    const char *const *names = numbered ? document : person;
    json_t *identity = json_object();
    for (size_t i = 0; i < (numbered ? 2u : 3u); i++) {
        json_t *value = json_object_get(patient, names[i]);
        (void)json_object_set_new(identity, names[i],
                                  value == NULL ? json_null() : json_incref(value));
    }
    enum status status = canonical_hash(identity, out_key);
    json_decref(identity);
    return status == STATUS_OK ? STATUS_OK : STATUS_NO_MEMORY;
}
