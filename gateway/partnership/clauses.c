#include "gateway/partnership/clauses.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    unsigned acts;
} acts[] = {
    {"consult", 1u << RULES_CONSULT},
    {"see", 1u << RULES_SEE},
    {"refer", 1u << RULES_REFER_UP | 1u << RULES_REFER_DOWN},
    {"teach", 1u << RULES_TEACH},
    {"report", 1u << RULES_REPORT},
};

static unsigned acts_of(const char *word)
{
    for (size_t i = 0; word != NULL && i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(acts[i].word, word) == 0) {
            return acts[i].acts;
        }
    }
    return 0;
}

static bool wrong(struct terms_error *error, size_t index, const char *name, const char *zh,
                  const char *en)
{
    (void)snprintf(error->pointer, sizeof error->pointer, "/%zu%s%.40s", index,
                   name[0] != '\0' ? "/" : "", name);
    error->zh = zh;
    error->en = en;
    return false;
}

static bool number_valid(const char *number)
{
    size_t len = number != NULL ? strlen(number) : 0;
    return len >= 1 && len <= CLAUSE_NUMBER_MAX &&
           strspn(number, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") ==
               len;
}

static bool text_valid(const char *text, bool required)
{
    size_t chars = 0;
    for (const unsigned char *p = (const unsigned char *)text; p != NULL && *p != '\0'; p++) {
        if ((*p < 0x20 && *p != '\n') || *p == 0x7f) {
            return false;
        }
        chars += (*p & 0xc0) != 0x80;
    }
    return chars >= (required ? 1 : 0) && chars <= CLAUSE_TEXT_MAX;
}

/* ---- reading ---- */

static json_t *general(const char *text, size_t index)
{
    char number[24];
    (void)snprintf(number, sizeof number, "%zu", index + 1);
    return json_pack("{ss, sn, sn, ss}", "number", number, "member", "act", "text_zh", text);
}

static bool read_names(json_t *object, size_t index, struct terms_error *error)
{
    static const char *const names[] = {"number", "member", "act", "kinds", "text_zh", "text_en"};
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        size_t i = 0;
        while (i < sizeof names / sizeof names[0] && strcmp(names[i], name) != 0) {
            i++;
        }
        if (i == sizeof names / sizeof names[0]) {
            return wrong(error, index, name, "条款没有这一项。", "A clause has no such member.");
        }
    }
    return true;
}

static bool read_kinds(const json_t *object, size_t index, struct terms_error *error)
{
    const json_t *kinds = json_object_get(object, "kinds");
    const char *act = json_string_value(json_object_get(object, "act"));
    if (kinds == NULL) {
        return true;
    }
    if (act == NULL || strcmp(act, "consult") != 0) {
        return wrong(error, index, "kinds", "只有会诊条款（consult）可以限定类型。",
                     "Only a clause of consult may name kinds.");
    }
    bool good = json_is_array(kinds) && json_array_size(kinds) > 0;
    for (size_t i = 0; good && i < json_array_size(kinds); i++) {
        good = rules_kind_of(json_string_value(json_array_get(kinds, i))) >= 0;
    }
    return good || wrong(error, index, "kinds", "应为 live、read、mdt、teaching 的列表。",
                         "Must be a list of live, read, mdt, teaching.");
}

static bool read_texts(const json_t *object, size_t index, struct terms_error *error)
{
    const json_t *zh = json_object_get(object, "text_zh");
    const json_t *en = json_object_get(object, "text_en");
    if (!json_is_string(zh) || !text_valid(json_string_value(zh), true)) {
        return wrong(error, index, "text_zh", "条款须有 1 至 1000 字的中文内容。",
                     "A clause needs its Chinese text of 1 to 1000 characters.");
    }
    bool good = en == NULL || (json_is_string(en) && text_valid(json_string_value(en), false));
    return good || wrong(error, index, "text_en", "英文内容应为至多 1000 字的文本。",
                         "The English text must be text of at most 1000 characters.");
}

static bool read_member(const json_t *object, size_t index, clauses_member member, void *context,
                        struct terms_error *error)
{
    const json_t *value = json_object_get(object, "member");
    const char *code = json_string_value(value);
    if (value == NULL || json_is_null(value)) {
        return true;
    }
    return (code != NULL && (member == NULL || member(context, code))) ||
           wrong(error, index, "member", "应为本医联体成员单位的编码，或为空（全体成员）。",
                 "Must be the code of a member of this partnership, or null for all.");
}

static bool read_clause(json_t *object, size_t index, clauses_member member, void *context,
                        struct terms_error *error)
{
    if (!json_is_object(object)) {
        return wrong(error, index, "", "应为对象或文本。", "Must be an object or a text.");
    }
    const json_t *act = json_object_get(object, "act");
    if (!read_names(object, index, error)) {
        return false;
    }
    if (!number_valid(json_string_value(json_object_get(object, "number")))) {
        return wrong(error, index, "number", "条款编号应为 1 至 16 个字母、数字、点或连字符。",
                     "The number must be 1 to 16 letters, digits, dots or hyphens.");
    }
    if (act != NULL && !json_is_null(act) && acts_of(json_string_value(act)) == 0) {
        return wrong(error, index, "act", "应为 consult、see、refer、teach、report 或空。",
                     "Must be consult, see, refer, teach, report or null.");
    }
    return read_member(object, index, member, context, error) && read_kinds(object, index, error) &&
           read_texts(object, index, error);
}

/* The same members always, so that two readings can be compared. */
static json_t *normal(const json_t *object)
{
    json_t *clause = json_object();
    static const char *const always[] = {"number", "member", "act", "text_zh"};
    static const char *const sometimes[] = {"kinds", "text_en"};
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        json_t *value = json_object_get(object, always[i]);
        (void)json_object_set_new(clause, always[i],
                                  value != NULL ? json_deep_copy(value) : json_null());
    }
    for (size_t i = 0; i < sizeof sometimes / sizeof sometimes[0]; i++) {
        json_t *value = json_object_get(object, sometimes[i]);
        if (value != NULL) {
            (void)json_object_set_new(clause, sometimes[i], json_deep_copy(value));
        }
    }
    return clause;
}

static bool number_is_new(const json_t *clauses, const json_t *clause)
{
    const char *number = json_string_value(json_object_get(clause, "number"));
    for (size_t i = 0; i < json_array_size(clauses); i++) {
        const char *other =
            json_string_value(json_object_get(json_array_get(clauses, i), "number"));
        if (strcmp(number, other) == 0) {
            return false;
        }
    }
    return true;
}

static bool read_item(json_t *item, size_t index, clauses_member member, void *context,
                      json_t *clauses, struct terms_error *error)
{
    json_t *clause = NULL;
    if (json_is_string(item)) {
        if (!text_valid(json_string_value(item), true)) {
            return wrong(error, index, "", "条款须有 1 至 1000 字的内容。",
                         "A clause needs a text of 1 to 1000 characters.");
        }
        clause = general(json_string_value(item), index);
    } else if (read_clause(item, index, member, context, error)) {
        clause = normal(item);
    } else {
        return false;
    }
    if (!number_is_new(clauses, clause)) {
        json_decref(clause);
        return wrong(error, index, json_is_string(item) ? "" : "number", "条款编号重复。",
                     "The number of the clause is used twice.");
    }
    (void)json_array_append_new(clauses, clause);
    return true;
}

bool clauses_read(const json_t *list, clauses_member member, void *context, json_t **out_clauses,
                  struct terms_error *out_error)
{
    if (!json_is_array(list) || json_array_size(list) > CLAUSES_MAX) {
        out_error->pointer[0] = '\0';
        out_error->zh = "应为至多 200 条条款的列表。";
        out_error->en = "Must be a list of at most 200 clauses.";
        return false;
    }
    json_t *clauses = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!read_item(json_array_get(list, i), i, member, context, clauses, out_error)) {
            json_decref(clauses);
            return false;
        }
    }
    *out_clauses = clauses;
    return true;
}

/* ---- what is stored ---- */

json_t *clauses_stored(const char *text)
{
    json_t *list = json_loads(text, 0, NULL);
    json_t *clauses = json_is_array(list) ? json_array() : NULL;
    for (size_t i = 0; clauses != NULL && i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (json_is_string(item)) {
            (void)json_array_append_new(clauses, general(json_string_value(item), i));
        } else if (json_is_string(json_object_get(item, "number")) &&
                   json_is_string(json_object_get(item, "text_zh"))) {
            (void)json_array_append_new(clauses, normal(item));
        }
    }
    json_decref(list);
    return clauses;
}

static const char *text_of(const json_t *clause, const char *name)
{
    const char *text = json_string_value(json_object_get(clause, name));
    return text != NULL ? text : "";
}

bool clauses_rule(const json_t *clause, struct rules_clause *out_clause)
{
    unsigned kinds = 0;
    const json_t *list = json_object_get(clause, "kinds");
    for (size_t i = 0; i < json_array_size(list); i++) {
        int kind = rules_kind_of(json_string_value(json_array_get(list, i)));
        kinds |= kind >= 0 ? 1u << kind : 0;
    }
    *out_clause =
        (struct rules_clause){.number = text_of(clause, "number"),
                              .member = text_of(clause, "member"),
                              .acts = acts_of(json_string_value(json_object_get(clause, "act"))),
                              .kinds = kinds,
                              .text_zh = text_of(clause, "text_zh"),
                              .text_en = text_of(clause, "text_en")};
    return out_clause->acts != 0;
}
