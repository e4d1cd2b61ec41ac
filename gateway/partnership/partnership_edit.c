#include "gateway/partnership/partnership_edit.h"

#include "gateway/directory/directory.h"
#include "gateway/partnership/partnership_row.h"

#include <stdio.h>
#include <string.h>

#define SCOPE_MAX 200 /* specialties or regions of one partnership */

static bool wrong(struct api_call *call, const char *field, const char *zh, const char *en)
{
    return api_problem(call, 422, "field.invalid", zh, en, field);
}

static bool stored(struct api_call *call, enum status status)
{
    return status == STATUS_OK || api_store_failed(call, status);
}

/* ---- PATCH ---- */

/* A name may be changed, not taken away. */
static bool edit_name(struct api_call *call, const char *name, const char *sql_literal,
                      const char *id)
{
    bool ok = true;
    if (json_object_get(call->body, name) == NULL) {
        return true;
    }
    const char *text = api_body_text(call, name, true, PARTNERSHIP_NAME_MAX, &ok);
    return ok && stored(call, db_run(call->db, sql_literal, "ss", text, id));
}

struct switch_words {
    const char *name, *field, *close, *loose, *sql;
};
static const struct switch_words switches[] = {
    {"record_scope", "/record_scope", "continuous", "released",
     "UPDATE partnership SET record_scope=$1 WHERE id=$2"},
    {"money", "/money", "pooled", "per-service", "UPDATE partnership SET money=$1 WHERE id=$2"},
    {"governance", "/governance", "lead", "each-hop",
     "UPDATE partnership SET governance=$1 WHERE id=$2"},
};

/* null: as the type has it. */
static bool edit_switch(struct api_call *call, const struct switch_words *words, const char *id)
{
    const json_t *value = json_object_get(call->body, words->name);
    const char *word = json_string_value(value);
    if (value == NULL) {
        return true;
    }
    bool known =
        word != NULL && (strcmp(word, words->close) == 0 || strcmp(word, words->loose) == 0);
    if (!known && !json_is_null(value)) {
        return wrong(call, words->field, "没有这个选项。", "There is no such choice.");
    }
    return stored(call, db_run(call->db, words->sql, "ss", word, id));
}

static bool edit_active(struct api_call *call, const char *id)
{
    const json_t *value = json_object_get(call->body, "active");
    if (value == NULL) {
        return true;
    }
    if (!json_is_boolean(value)) {
        return api_problem(call, 422, "field.type", "应为 true 或 false。",
                           "Must be true or false.", "/active");
    }
    return stored(call, db_run(call->db, "UPDATE partnership SET active=$1 WHERE id=$2", "is",
                               (int64_t)json_is_true(value), id));
}

/* A set of texts that replaces the stored one. */
struct set {
    const char *name;
    bool (*valid)(struct api_call *call, const char *text);
    const char *zh, *en, *clear, *add;
};

static bool valid_specialty(struct api_call *call, const char *text)
{
    return directory_specialty_exists(call->db, text);
}

static bool valid_region(struct api_call *call, const char *text)
{
    size_t len = strlen(text);
    (void)call;
    return len >= 2 && len <= 6 && len % 2 == 0 && strspn(text, "0123456789") == len;
}

static const struct set specialties = {
    "specialties",
    valid_specialty,
    "没有这个专科。",
    "There is no such specialty.",
    "DELETE FROM partnership_specialty WHERE partnership_id=$1",
    "INSERT INTO partnership_specialty (partnership_id, specialty) VALUES ($1, $2)"};
static const struct set regions = {
    "regions",
    valid_region,
    "应为行政区划代码的前 2、4 或 6 位数字。",
    "Must be the first 2, 4 or 6 digits of a GB/T 2260 code.",
    "DELETE FROM partnership_region WHERE partnership_id=$1",
    "INSERT INTO partnership_region (partnership_id, region) VALUES ($1, $2)"};

static bool edit_item(struct api_call *call, const struct set *set, const char *id, size_t index)
{
    const json_t *list = json_object_get(call->body, set->name);
    const char *text = json_string_value(json_array_get(list, index));
    char field[40];
    (void)snprintf(field, sizeof field, "/%.20s/%zu", set->name, index);
    if (text == NULL || !set->valid(call, text)) {
        return wrong(call, field, set->zh, set->en);
    }
    enum status status = db_run(call->db, set->add, "ss", id, text);
    return status == STATUS_CONFLICT ? wrong(call, field, "重复。", "Named twice.")
                                     : stored(call, status);
}

static bool edit_set(struct api_call *call, const struct set *set, const char *id)
{
    const json_t *list = json_object_get(call->body, set->name);
    char field[24];
    if (list == NULL) {
        return true;
    }
    (void)snprintf(field, sizeof field, "/%.20s", set->name);
    if (!json_is_array(list) || json_array_size(list) > SCOPE_MAX) {
        return wrong(call, field, "应为至多 200 项的列表。", "Must be a list of at most 200.");
    }
    bool ok = stored(call, db_run(call->db, set->clear, "s", id));
    for (size_t i = 0; ok && i < json_array_size(list); i++) {
        ok = edit_item(call, set, id, i);
    }
    return ok;
}

static bool edit_scope(struct api_call *call, const struct partnership_row *row)
{
    const json_t *list = json_object_get(call->body, "specialties");
    if (row->mode == RULES_SPECIALTY_ALLIANCE && list != NULL && json_array_size(list) == 0) {
        return wrong(call, "/specialties", "专科联盟须列明专科。",
                     "A specialty alliance must name its specialties.");
    }
    return edit_set(call, &specialties, row->id) && edit_set(call, &regions, row->id);
}

/* What was changed, for the audit: names, and the words of the switches. */
static json_t *patch_detail(json_t *body)
{
    json_t *detail = json_object();
    json_t *fields = json_array();
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value)
    {
        (void)json_array_append_new(fields, json_string(name));
    }
    (void)json_object_set_new(detail, "fields", fields);
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        json_t *word = json_object_get(body, switches[i].name);
        if (word != NULL) {
            (void)json_object_set_new(detail, switches[i].name, json_deep_copy(word));
        }
    }
    return detail;
}

void partnership_patch(struct api_call *call)
{
    static const char *const names[] = {"name_zh", "name_en",    "record_scope",
                                        "money",   "governance", "specialties",
                                        "regions", "active",     NULL};
    struct partnership_row row;
    bool ok = partnership_open(call, &row) && partnership_if_match(call, &row) &&
              partnership_body(call, names) &&
              edit_name(call, "name_zh", "UPDATE partnership SET name_zh=$1 WHERE id=$2", row.id) &&
              edit_name(call, "name_en", "UPDATE partnership SET name_en=$1 WHERE id=$2", row.id) &&
              edit_active(call, row.id) && edit_scope(call, &row);
    for (size_t i = 0; ok && i < sizeof switches / sizeof switches[0]; i++) {
        ok = edit_switch(call, &switches[i], row.id);
    }
    if (ok && json_object_size(call->body) == 0) {
        (void)partnership_answer(call, row.id); /* nothing to change */
    } else if (ok) {
        (void)partnership_changed(call, &row, "partnership.edit", patch_detail(call->body));
    }
}

/* ---- PUT a member ---- */

/* A new member must be an institution that works. */
static bool organisation_there(struct api_call *call, const char *id)
{
    int64_t active = 0;
    enum status status =
        api_id(id)
            ? db_one_int(call->db, &active, "SELECT active FROM organisation WHERE id=$1", "s", id)
            : STATUS_NONE;
    if (status == STATUS_NONE || (status == STATUS_OK && active == 0)) {
        return api_problem(call, 404, "organisation.unknown", "没有这个机构，或已停用。",
                           "There is no such institution, or it is no longer active.", NULL);
    }
    return stored(call, status);
}

static bool read_role(struct api_call *call, const struct partnership_row *row, const char *id,
                      const char **out_role)
{
    bool ok = true;
    const char *word = api_body_text(call, "role", true, 16, &ok);
    if (!ok) {
        return false;
    }
    int role = rules_member_role_of(word);
    bool lead = strcmp(id, row->lead_id) == 0;
    if (role < 0 || !rules_role_fits(row->mode, (enum rules_member_role)role)) {
        return wrong(call, "/role", "该医联体模式没有这种成员身份。",
                     "This mode has no such role of a member.");
    }
    if (lead != (role == RULES_LEAD)) {
        return wrong(call, "/role", "牵头单位有且只有一个，不能在此更换。",
                     "A partnership has one lead, which is not changed here.");
    }
    *out_role = word;
    return true;
}

void partnership_put_member(struct api_call *call)
{
    static const char *const names[] = {"role", "since", "until", NULL};
    struct partnership_row row;
    const char *id = call->params[1];
    const char *role = NULL;
    bool ok = true;
    if (!partnership_open(call, &row) || !partnership_if_match(call, &row) ||
        !partnership_body(call, names) || !organisation_there(call, id) ||
        !read_role(call, &row, id, &role)) {
        return;
    }
    const char *since = partnership_body_date(call, "since", true, &ok);
    const char *until = ok ? partnership_body_date(call, "until", false, &ok) : NULL;
    if (!ok) {
        return;
    }
    if (until != NULL && (strcmp(until, since) < 0 || strcmp(id, row.lead_id) == 0)) {
        (void)wrong(call, "/until", "止期不得早于起期；牵头单位不能退出。",
                    "It may not lie before since, and the lead cannot leave.");
        return;
    }
    enum status status =
        db_run(call->db,
               "INSERT INTO partnership_member (partnership_id, organisation_id, role, since, "
               "until) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (partnership_id, organisation_id) "
               "DO UPDATE SET role = excluded.role, since = excluded.since, until = excluded.until",
               "sssss", row.id, id, role, since, until);
    json_t *detail = json_pack("{ss, ss, ss, ss?}", "organisation", id, "role", role, "since",
                               since, "until", until);
    if (stored(call, status)) {
        (void)partnership_changed(call, &row, "partnership.member", detail);
    } else {
        json_decref(detail);
    }
}
