#include "gateway/consult/consult_fields.h"

#include "gateway/directory/directory.h"
#include "gateway/partnership/rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum field_kind {
    FIELD_TEXT,
    FIELD_DATE,
    FIELD_SEX,
    FIELD_CODE,
    FIELD_VITALS,
    FIELD_TITLE,
    FIELD_MODALITY
};
enum { STAT = 1, OTHERS = 2, READ = 4 }; /* mandatory for */

struct field {
    const char *name;
    enum field_kind kind;
    size_t max; /* code points */
    unsigned mandatory;
};

static const struct field patient_fields[] = {
    {"name", FIELD_TEXT, 64, OTHERS},
    {"sex", FIELD_SEX, 16, STAT | OTHERS},
    {"birth_date", FIELD_DATE, 10, OTHERS},
    {"age", FIELD_TEXT, 16, 0}, /* stat: when the date of birth is not known */
    {"id_type", FIELD_CODE, 32, 0},
    {"id_number", FIELD_CODE, 32, 0},
    {"phone", FIELD_TEXT, 32, 0},
    {"region", FIELD_CODE, 12, 0},
    {"record_no", FIELD_TEXT, 64, 0},
    {"allergy", FIELD_TEXT, 500, 0},
    {"pregnancy", FIELD_TEXT, 200, 0},
    {NULL, FIELD_TEXT, 0, 0},
};
static const struct field request_fields[] = {
    {"complaint", FIELD_TEXT, 500, STAT | OTHERS},
    {"question", FIELD_TEXT, 2000, OTHERS},
    {"present_history", FIELD_TEXT, 8000, 0},
    {"past_history", FIELD_TEXT, 8000, 0},
    {"examination", FIELD_TEXT, 8000, 0},
    {"vital_signs", FIELD_VITALS, 1000, 0},
    {"tests", FIELD_TEXT, 8000, 0},
    {"initial_diagnosis", FIELD_TEXT, 2000, 0},
    {"treatment", FIELD_TEXT, 8000, 0},
    {"wanted_title", FIELD_TITLE, 32, 0},
    {"modality", FIELD_MODALITY, 16, READ}, /* what a read is a read of */
    {NULL, FIELD_TEXT, 0, 0},
};

bool consult_field_wrong(struct api_call *call, const char *prefix, const char *name,
                         const char *zh, const char *en)
{
    char pointer[160];
    (void)snprintf(pointer, sizeof pointer, "%s/%s", prefix, name);
    return api_problem(call, 422, "field.invalid", zh, en, pointer);
}

size_t consult_text_chars(const char *utf8)
{
    size_t chars = 0;
    for (; *utf8 != '\0'; utf8++) {
        chars += ((unsigned char)*utf8 & 0xc0u) != 0x80u;
    }
    return chars;
}

bool consult_text_blank(const char *utf8)
{
    static const char wide_blank[] = "\xe3\x80\x80"; /* U+3000, what a Chinese input method types */
    while (utf8 != NULL && *utf8 != '\0') {
        if (isspace((unsigned char)*utf8) != 0) {
            utf8++;
        } else if (strncmp(utf8, wide_blank, 3) == 0) {
            utf8 += 3;
        } else {
            return false;
        }
    }
    return true;
}

static bool is_code(const char *text)
{
    for (; *text != '\0'; text++) {
        if (isalnum((unsigned char)*text) == 0 && strchr("-_.()/ ", *text) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(text, *words) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_text(struct api_call *call, const char *prefix, const struct field *field,
                       const char *text)
{
    static const char *const sexes[] = {"male", "female", "other", "unknown", NULL};
    if (consult_text_chars(text) > field->max) {
        return consult_field_wrong(call, prefix, field->name, "内容过长。",
                                   "The text is too long.");
    }
    if (field->kind == FIELD_DATE && !rules_date_valid(text)) {
        return consult_field_wrong(call, prefix, field->name, "日期无效，应为 YYYY-MM-DD。",
                                   "Not a date (YYYY-MM-DD).");
    }
    if (field->kind == FIELD_SEX && !is_one_of(text, sexes)) {
        return consult_field_wrong(call, prefix, field->name,
                                   "性别应为 male、female、other 或 unknown。",
                                   "Must be male, female, other or unknown.");
    }
    if (field->kind == FIELD_CODE && !is_code(text)) {
        return consult_field_wrong(call, prefix, field->name, "只能含字母、数字和连字符。",
                                   "Letters, digits and hyphens only.");
    }
    static const char *const modalities[] = {"imaging", "ecg", "pathology", "ultrasound", NULL};
    if (field->kind == FIELD_MODALITY && !is_one_of(text, modalities)) {
        return consult_field_wrong(call, prefix, field->name,
                                   "应为 imaging、ecg、pathology 或 ultrasound。",
                                   "Must be imaging, ecg, pathology or ultrasound.");
    }
    if (field->kind == FIELD_TITLE && !is_one_of(text, directory_titles)) {
        return consult_field_wrong(call, prefix, field->name, "职称无效。", "No such title.");
    }
    return true;
}

#define VITALS_MAX 32 /* names; a monitor shows fewer */

/* A text, or an object of numbers and short texts. */
static bool check_vitals(struct api_call *call, const char *prefix, const struct field *field,
                         json_t *value)
{
    const char *name;
    json_t *member;
    if (!json_is_object(value) || json_object_size(value) > VITALS_MAX) {
        return consult_field_wrong(call, prefix, field->name, "生命体征应为文本，或名称与数值。",
                                   "Must be a text, or names with numbers.");
    }
    json_object_foreach(value, name, member)
    {
        bool good = json_is_number(member) ||
                    (json_is_string(member) && consult_text_chars(json_string_value(member)) <= 64);
        if (!good || strlen(name) > 32) {
            return consult_field_wrong(call, prefix, field->name,
                                       "生命体征应为文本，或名称与数值。",
                                       "Must be a text, or names with numbers.");
        }
    }
    return true;
}

static const struct field *find_field(const struct field *fields, const char *name)
{
    for (; fields->name != NULL; fields++) {
        if (strcmp(fields->name, name) == 0) {
            return fields;
        }
    }
    return NULL;
}

static bool merge_member(struct api_call *call, const char *prefix, const struct field *field,
                         json_t *value, json_t *stored)
{
    const char *text = json_string_value(value);
    if (json_is_null(value) || (text != NULL && consult_text_blank(text))) {
        (void)json_object_del(stored, field->name);
        return true;
    }
    if (text != NULL ? !check_text(call, prefix, field, text)
                     : field->kind != FIELD_VITALS || !check_vitals(call, prefix, field, value)) {
        return call->status < 400
                   ? consult_field_wrong(call, prefix, field->name, "应为文本。", "Must be a text.")
                   : false;
    }
    if (json_object_set(stored, field->name, value) != 0) {
        return api_store_failed(call, STATUS_NO_MEMORY);
    }
    return true;
}

static bool merge(struct api_call *call, const char *member, const struct field *fields,
                  json_t *stored)
{
    char prefix[32];
    const char *name;
    json_t *value;
    json_t *given = json_object_get(call->body, member);
    (void)snprintf(prefix, sizeof prefix, "/%s", member);
    if (given == NULL) {
        return true;
    }
    if (!json_is_object(given)) {
        return consult_field_wrong(call, "", member, "应为对象。", "Must be an object.");
    }
    json_object_foreach(given, name, value)
    {
        const struct field *field = find_field(fields, name);
        if (field == NULL) {
            if (strcmp(name, "id_number_masked") == 0) {
                continue; /* an answer of ours sent back: the number itself stays */
            }
            return consult_field_wrong(call, prefix, strlen(name) <= 64 ? name : "", "未知的字段。",
                                       "There is no such field.");
        }
        if (!merge_member(call, prefix, field, value, stored)) {
            return false;
        }
    }
    return true;
}

bool consult_fields_merge_patient(struct api_call *call, json_t *stored)
{
    return merge(call, "patient", patient_fields, stored);
}

bool consult_fields_merge_request(struct api_call *call, json_t *stored)
{
    return merge(call, "request", request_fields, stored);
}

static bool header_word(struct api_call *call, const char *name, const char *const *words,
                        char *member, size_t member_len)
{
    bool ok = true;
    const char *text = api_body_text(call, name, false, member_len - 1, &ok);
    if (!ok) {
        return false;
    }
    if (text == NULL) {
        return true;
    }
    if (!is_one_of(text, words)) {
        return consult_field_wrong(call, "", name, "取值无效。", "Not one of the possible values.");
    }
    (void)snprintf(member, member_len, "%s", text);
    return true;
}

bool consult_fields_header(struct api_call *call, struct consult_row *row, bool required)
{
    static const char *const urgencies[] = {"routine", "urgent", "stat", NULL};
    static const char *const kinds[] = {"live", "read", "mdt", NULL};
    bool ok = true;
    const char *specialty =
        api_body_text(call, "specialty", required, sizeof row->specialty - 1, &ok);
    if (!ok) {
        return false;
    }
    if (specialty != NULL && (strlen(specialty) >= sizeof row->specialty ||
                              !directory_specialty_exists(call->db, specialty))) {
        return consult_field_wrong(call, "", "specialty", "没有该专科。",
                                   "There is no such specialty.");
    }
    if (specialty != NULL) {
        (void)snprintf(row->specialty, sizeof row->specialty, "%s", specialty);
    }
    return header_word(call, "urgency", urgencies, row->urgency, sizeof row->urgency) &&
           header_word(call, "kind", kinds, row->kind, sizeof row->kind);
}

static bool complete(struct api_call *call, const char *prefix, const struct field *fields,
                     const json_t *stored, unsigned who)
{
    for (; fields->name != NULL; fields++) {
        if ((fields->mandatory & who) != 0 && json_object_get(stored, fields->name) == NULL) {
            char pointer[64];
            (void)snprintf(pointer, sizeof pointer, "%s/%s", prefix, fields->name);
            return api_problem(call, 422, "field.required", "提交前须填写此项。",
                               "This must be filled in before submitting.", pointer);
        }
    }
    return true;
}

/* A remote diagnosis is only made of material that can be seen. */
static bool has_material(struct api_call *call, const struct consult_row *row)
{
    int64_t count = 0;
    enum status status =
        db_one_int(call->db, &count, "SELECT COUNT(*) FROM attachment WHERE consultation_id = $1",
                   "s", row->id);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return count > 0 ||
           api_problem(call, 422, "field.required", "读片须先上传影像、心电图等资料。",
                       "A read needs its images, ECG or other material first.", "/attachments");
}

bool consult_fields_complete(struct api_call *call, const struct consult_row *row)
{
    bool read = strcmp(row->kind, "read") == 0;
    unsigned who = (strcmp(row->urgency, "stat") == 0 ? STAT : OTHERS) | (read ? READ : 0u);
    return complete(call, "/patient", patient_fields, row->patient, who) &&
           complete(call, "/request", request_fields, row->request, who) &&
           (!read || has_material(call, row));
}

bool consult_fields_relations(struct api_call *call, struct consult_row *row)
{
    bool ok = true;
    const char *organisation = api_body_text(call, "target_organisation", false, 32, &ok);
    const char *based_on = ok ? api_body_text(call, "based_on", false, 32, &ok) : NULL;
    int64_t count = 0;
    if (!ok) {
        return false;
    }
    if (organisation != NULL) {
        json_t *found =
            organisation[0] == '\0' ? NULL : directory_organisation_json(call->db, organisation);
        if (found == NULL && organisation[0] != '\0') {
            return consult_field_wrong(call, "", "target_organisation", "没有该机构。",
                                       "There is no such institution.");
        }
        json_decref(found);
        (void)snprintf(row->target_organisation_id, sizeof row->target_organisation_id, "%s",
                       organisation);
    }
    if (based_on == NULL || based_on[0] == '\0') {
        return true;
    }
    enum status status = db_one_int(call->db, &count,
                                    "SELECT COUNT(*) FROM consultation WHERE id = $1 AND "
                                    "requester_organisation_id = $2 AND state <> 'draft'",
                                    "ss", based_on, row->requester_organisation_id);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    (void)snprintf(row->based_on, sizeof row->based_on, "%s", based_on);
    return count > 0 || consult_field_wrong(call, "", "based_on", "没有这次既往会诊。",
                                            "There is no such earlier consultation.");
}

/* First three and last two characters stay: enough to tell two patients apart on the phone. */
static void mask(const char *number, char *out, size_t out_len)
{
    size_t len = strlen(number);
    size_t i = 0;
    for (; i < len && i + 1 < out_len; i++) {
        bool shown = len >= 8 && (i < 3 || i >= len - 2);
        out[i] = shown ? number[i] : '*';
    }
    out[i] = '\0';
}

json_t *consult_fields_patient_view(const json_t *patient, bool whole)
{
    json_t *view = json_deep_copy(patient);
    const char *number = json_string_value(json_object_get(patient, "id_number"));
    if (view != NULL && number != NULL) {
        char masked[40];
        mask(number, masked, sizeof masked);
        json_object_set_new(view, "id_number_masked", json_string(masked));
    }
    if (view != NULL && !whole) {
        (void)json_object_del(view, "id_number");
    }
    return view;
}
