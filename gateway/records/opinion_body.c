#include "gateway/records/opinion_body.h"

#include "gateway/consult/consult_fields.h"
#include "gateway/records/diagnosis_code.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 10000 /* characters of one part of the opinion: some ten pages */
#define ROWS_MAX 50    /* of answers, diagnoses, key images: a form that a person reads */
#define POINTER_MAX 160

enum kind { TEXT, CODE, CERTAINTY, ATTACHMENT, FRAME };

struct member {
    const char *name; /* NULL ends */
    enum kind kind;
    bool required;
    size_t max; /* characters */
};

static const struct member texts[] = {
    {"findings", TEXT, false, TEXT_MAX},
    {"diagnosis", TEXT, false, TEXT_MAX},
    {"diagnosis_code", TEXT, false, TEXT_MAX},
    {"differential", TEXT, false, TEXT_MAX},
    {"treatment", TEXT, false, TEXT_MAX},
    {"further_tests", TEXT, false, TEXT_MAX},
    {"referral_advice", TEXT, false, TEXT_MAX},
    {"urgency", TEXT, false, TEXT_MAX},
    {"validity", TEXT, false, TEXT_MAX},
    {"disagreement", TEXT, false, TEXT_MAX},
    {NULL, TEXT, false, 0},
};
static const struct member answer[] = {
    {"question", TEXT, true, 2000}, /* as request.question */
    {"answer", TEXT, false, TEXT_MAX},
    {NULL, TEXT, false, 0},
};
static const struct member diagnosis[] = {
    {"code", CODE, false, 0},
    {"name_zh", TEXT, true, 200},
    {"certainty", CERTAINTY, true, 0},
    {NULL, TEXT, false, 0},
};
static const struct member critical[] = {
    {"finding", TEXT, true, 2000},
    {NULL, TEXT, false, 0},
};
static const struct member key_image[] = {
    {"attachment", ATTACHMENT, true, 0},
    {"frame", FRAME, false, 0},
    {"note", TEXT, false, 500},
    {NULL, TEXT, false, 0},
};
static const struct {
    const char *name;
    const struct member *members;
    bool array;
} structures[] = {
    {"answers", answer, true},
    {"diagnoses", diagnosis, true},
    {"critical", critical, false},
    {"key_images", key_image, true},
};

static bool wrong(struct api_call *call, const char *pointer, const char *zh, const char *en)
{
    return api_problem(call, 422, "field.invalid", zh, en, pointer);
}

/* A name that a client made up goes into the answer only when it is short. */
static void child(const char *pointer, const char *name, char out[POINTER_MAX])
{
    (void)snprintf(out, POINTER_MAX, "%.90s/%s", pointer, strlen(name) <= 64 ? name : "");
}

static bool check_text(struct api_call *call, const char *pointer, const json_t *value,
                       const struct member *member)
{
    const char *text = json_string_value(value);
    if (text == NULL) {
        return wrong(call, pointer, "应为文本。", "Must be a text.");
    }
    if (member->required && consult_text_blank(text)) {
        return api_problem(call, 422, "field.required", "请填写此项。", "This must be filled in.",
                           pointer);
    }
    return consult_text_chars(text) <= member->max ||
           wrong(call, pointer, "内容过长。", "The text is too long.");
}

static bool check_word(struct api_call *call, const char *pointer, const json_t *value)
{
    static const char *const words[] = {"confirmed", "probable", "suspected", "excluded"};
    const char *text = json_string_value(value);
    for (size_t i = 0; text != NULL && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i]) == 0) {
            return true;
        }
    }
    return wrong(call, pointer, "应为 confirmed、probable、suspected 或 excluded。",
                 "Must be confirmed, probable, suspected or excluded.");
}

static bool check_value(struct api_call *call, const char *pointer, const json_t *value,
                        const struct member *member)
{
    switch (member->kind) {
    case TEXT:
        return check_text(call, pointer, value, member);
    case CODE:
        return (json_is_string(value) && diagnosis_code_valid(json_string_value(value))) ||
               wrong(call, pointer, "不是 ICD-10 编码。", "Not a code of ICD-10.");
    case CERTAINTY:
        return check_word(call, pointer, value);
    case ATTACHMENT:
        return (json_is_string(value) && api_id(json_string_value(value))) ||
               wrong(call, pointer, "应为附件的标识。", "Must be the id of an attachment.");
    case FRAME:
        return (json_is_integer(value) && json_integer_value(value) >= 0 &&
                json_integer_value(value) < 1000000) ||
               wrong(call, pointer, "应为帧的序号，从 0 开始。", "Must be the number of a frame.");
    }
    return false;
}

static const struct member *find(const struct member *members, const char *name)
{
    for (; members->name != NULL; members++) {
        if (strcmp(members->name, name) == 0) {
            return members;
        }
    }
    return NULL;
}

static bool unknown_field(struct api_call *call, const char *pointer)
{
    return wrong(call, pointer, "未知的字段。", "There is no such field.");
}

static bool check_object(struct api_call *call, const char *pointer, json_t *object,
                         const struct member *members)
{
    const char *name;
    json_t *value;
    char at[POINTER_MAX];
    if (!json_is_object(object)) {
        return wrong(call, pointer, "应为对象。", "Must be an object.");
    }
    json_object_foreach(object, name, value)
    {
        const struct member *member = find(members, name);
        child(pointer, name, at);
        if (member == NULL) {
            return unknown_field(call, at);
        }
        if (!(json_is_null(value) && !member->required) && !check_value(call, at, value, member)) {
            return false;
        }
    }
    for (; members->name != NULL; members++) {
        if (members->required && json_object_get(object, members->name) == NULL) {
            child(pointer, members->name, at);
            return api_problem(call, 422, "field.required", "请填写此项。",
                               "This must be filled in.", at);
        }
    }
    return true;
}

static bool check_array(struct api_call *call, const char *pointer, const json_t *array,
                        const struct member *members)
{
    if (!json_is_array(array) || json_array_size(array) > ROWS_MAX) {
        return wrong(call, pointer, "应为不超过 50 项的列表。", "Must be a list of at most 50.");
    }
    for (size_t i = 0; i < json_array_size(array); i++) {
        char at[POINTER_MAX];
        (void)snprintf(at, sizeof at, "%s/%zu", pointer, i);
        if (!check_object(call, at, json_array_get(array, i), members)) {
            return false;
        }
    }
    return true;
}

static bool check_member(struct api_call *call, const char *name, json_t *value)
{
    char at[POINTER_MAX];
    const struct member *text = find(texts, name);
    child("/body", name, at);
    if (text != NULL) {
        return json_is_null(value) || check_value(call, at, value, text);
    }
    for (size_t i = 0; i < sizeof structures / sizeof structures[0]; i++) {
        if (strcmp(structures[i].name, name) == 0) {
            return json_is_null(value) ||
                   (structures[i].array ? check_array(call, at, value, structures[i].members)
                                        : check_object(call, at, value, structures[i].members));
        }
    }
    return unknown_field(call, at);
}

bool opinion_body_check(struct api_call *call, json_t *body)
{
    const char *name;
    json_t *value;
    if (!json_is_object(body)) {
        return consult_field_wrong(call, "", "body", "应为对象。", "Must be an object.");
    }
    json_object_foreach(body, name, value)
    {
        if (!check_member(call, name, value)) {
            return false;
        }
    }
    return true;
}

static bool codes_known(struct api_call *call, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *code = json_string_value(json_object_get(json_array_get(list, i), "code"));
        bool known = true;
        enum status status =
            code == NULL ? STATUS_OK : diagnosis_code_known(call->db, code, &known);
        if (status != STATUS_OK) {
            return api_store_failed(call, status);
        }
        if (!known) {
            char at[POINTER_MAX];
            (void)snprintf(at, sizeof at, "/body/diagnoses/%zu/code", i);
            return wrong(call, at, "编码表中没有该编码，或已停用。",
                         "The code table does not have it, or not any more.");
        }
    }
    return true;
}

static bool images_known(struct api_call *call, const char *consultation_id, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        int64_t frames = 0;
        enum status status = db_one_int(
            call->db, &frames,
            "SELECT COALESCE(frames, 1) FROM attachment WHERE id = $1 AND consultation_id = $2",
            "ss", json_string_value(json_object_get(row, "attachment")), consultation_id);
        if (status != STATUS_OK && status != STATUS_NONE) {
            return api_store_failed(call, status);
        }
        bool framed = json_integer_value(json_object_get(row, "frame")) < (frames < 1 ? 1 : frames);
        if (status == STATUS_NONE || !framed) {
            char at[POINTER_MAX];
            (void)snprintf(at, sizeof at, "/body/key_images/%zu/%s", i,
                           status == STATUS_NONE ? "attachment" : "frame");
            return wrong(call, at, "会诊中没有该附件或该帧。",
                         "The consultation has no such attachment or frame.");
        }
    }
    return true;
}

bool opinion_body_refers(struct api_call *call, const char *consultation_id, const json_t *body)
{
    return codes_known(call, json_object_get(body, "diagnoses")) &&
           images_known(call, consultation_id, json_object_get(body, "key_images"));
}

bool opinion_body_says_something(const json_t *body)
{
    const json_t *answers = json_object_get(body, "answers");
    bool said = !consult_text_blank(json_string_value(json_object_get(body, "findings"))) ||
                !consult_text_blank(json_string_value(json_object_get(body, "diagnosis"))) ||
                json_array_size(json_object_get(body, "diagnoses")) > 0;
    for (size_t i = 0; i < json_array_size(answers) && !said; i++) {
        said = !consult_text_blank(
            json_string_value(json_object_get(json_array_get(answers, i), "answer")));
    }
    return said;
}
