#include "gateway/ctl/import_partnerships.h"

#include "gateway/api.h"
#include "gateway/partnership/rules.h"

#include <string.h>

#define DATE_WORDS "a date YYYY-MM-DD"

struct partnership {
    char id[33];
    char lead[33]; /* organisation id; "" until found */
    enum rules_mode mode;
};

static bool valid_mode(const char *text)
{
    return rules_mode_of(text) >= 0;
}

static bool valid_type(const char *text)
{
    return rules_type_of(text) >= 0;
}

static bool valid_member_role(const char *text)
{
    return rules_member_role_of(text) >= 0;
}

static bool valid_record_scope(const char *text)
{
    return strcmp(text, "continuous") == 0 || strcmp(text, "released") == 0;
}

static bool valid_money(const char *text)
{
    return strcmp(text, "pooled") == 0 || strcmp(text, "per-service") == 0;
}

static bool valid_governance(const char *text)
{
    return strcmp(text, "lead") == 0 || strcmp(text, "each-hop") == 0;
}

/* ---- members ---- */

static bool note_role(struct import *im, struct partnership *p, const char *word,
                      const char *organisation_id)
{
    enum rules_member_role role = (enum rules_member_role)rules_member_role_of(word);
    if (!rules_role_fits(p->mode, role)) {
        return import_fail(im, p->mode == RULES_REMOTE_NETWORK
                                   ? "in a remote-network the role must be lead, hub or spoke"
                                   : "in this mode the role must be lead or member");
    }
    if (role == RULES_LEAD && p->lead[0] != '\0') {
        return import_fail(im, "a partnership has one lead only");
    }
    if (role == RULES_LEAD) {
        memcpy(p->lead, organisation_id, sizeof p->lead);
    }
    return true;
}

static void import_member(struct import *im, json_t *object, struct partnership *p)
{
    static const char *const members[] = {"organisation", "role", "since", "until", NULL};
    char organisation_id[33];
    (void)import_members(im, object, members);
    import_organisation_id(im, object, "organisation", organisation_id);
    const char *role =
        import_text(im, object, "role", true, valid_member_role, "lead, member, hub or spoke");
    const char *since = import_text(im, object, "since", true, rules_date_valid, DATE_WORDS);
    const char *until = import_text(im, object, "until", false, rules_date_valid, DATE_WORDS);
    if (im->failed || !note_role(im, p, role, organisation_id)) {
        return;
    }
    if (until != NULL && strcmp(until, since) < 0) {
        (void)import_fail(im, "until lies before since");
        return;
    }
    enum status status = db_run(
        im->db,
        "INSERT INTO partnership_member (partnership_id, organisation_id, role, since, until)"
        " VALUES ($1, $2, $3, $4, $5)",
        "sssss", p->id, organisation_id, role, since, until);
    if (status == STATUS_CONFLICT) {
        (void)import_fail(im, "the organisation is named twice in this partnership");
        return;
    }
    (void)import_store(im, status);
}

static void import_member_list(struct import *im, const json_t *object, struct partnership *p)
{
    json_t *list = import_array(im, object, "members", true);
    (void)import_store(
        im, db_run(im->db, "DELETE FROM partnership_member WHERE partnership_id=$1", "s", p->id));
    size_t mark = import_enter(im, "members");
    for (size_t i = 0; i < json_array_size(list) && !im->failed; i++) {
        size_t item = import_enter_index(im, i);
        import_member(im, json_array_get(list, i), p);
        import_leave(im, item);
    }
    if (!im->failed && p->lead[0] == '\0') {
        (void)import_fail(im, "one member must have the role lead");
    }
    import_leave(im, mark);
    (void)import_store(im,
                       db_run(im->db, "UPDATE partnership SET lead_organisation_id=$1 WHERE id=$2",
                              "ss", p->lead, p->id));
}

/* ---- scope ---- */

static void import_regions(struct import *im, const json_t *object, const struct partnership *p)
{
    json_t *list = import_array(im, object, "regions", false);
    (void)import_store(
        im, db_run(im->db, "DELETE FROM partnership_region WHERE partnership_id=$1", "s", p->id));
    size_t mark = import_enter(im, "regions");
    for (size_t i = 0; i < json_array_size(list) && !im->failed; i++) {
        const char *region = json_string_value(json_array_get(list, i));
        size_t item = import_enter_index(im, i);
        if (region == NULL || !import_valid_prefix(region)) {
            (void)import_fail(im, "must be 2, 4 or 6 digits of a GB/T 2260 code");
        } else {
            enum status status = db_run(
                im->db, "INSERT INTO partnership_region (partnership_id, region) VALUES ($1, $2)",
                "ss", p->id, region);
            (void)(status == STATUS_CONFLICT ? import_fail(im, "the region is named twice")
                                             : import_store(im, status));
        }
        import_leave(im, item);
    }
    import_leave(im, mark);
}

static void import_scope(struct import *im, const json_t *object, const struct partnership *p)
{
    json_t *list = import_array(im, object, "specialties", p->mode == RULES_SPECIALTY_ALLIANCE);
    if (!im->failed && p->mode == RULES_SPECIALTY_ALLIANCE && json_array_size(list) == 0) {
        (void)import_fail(im, "a specialty-alliance must name its specialties");
    }
    if (im->failed) {
        return;
    }
    import_specialty_set(
        im, list, p->id, "DELETE FROM partnership_specialty WHERE partnership_id=$1",
        "INSERT INTO partnership_specialty (partnership_id, specialty) VALUES ($1, $2)");
    if (!im->failed) {
        import_regions(im, object, p);
    }
}

/* ---- partnership ---- */

/* The lead must be there before the row is: the first member that says so. */
static void find_lead(struct import *im, const json_t *object, char out_id[33])
{
    size_t i = 0;
    json_t *member = NULL;
    out_id[0] = '\0';
    json_array_foreach(json_object_get(object, "members"), i, member)
    {
        const char *role = json_string_value(json_object_get(member, "role"));
        const char *code = json_string_value(json_object_get(member, "organisation"));
        if (role != NULL && code != NULL && strcmp(role, "lead") == 0) {
            enum status status = db_one_text(
                im->db, out_id, 33, "SELECT id FROM organisation WHERE code=$1", "s", code);
            if (status != STATUS_NONE) {
                (void)import_store(im, status);
            }
            return;
        }
    }
}

static bool write_partnership(struct import *im, const json_t *object, struct partnership *p)
{
    const char *code = import_text(im, object, "code", true, import_valid_code,
                                   "1 to 64 letters, digits, '.', '_' or '-'");
    const char *name_zh = import_text(im, object, "name_zh", true, import_valid_name, "a name");
    const char *name_en = import_text(im, object, "name_en", true, import_valid_name, "a name");
    const char *mode =
        import_text(im, object, "mode", true, valid_mode,
                    "urban-group, county-community, specialty-alliance or remote-network");
    const char *type = import_text(im, object, "type", true, valid_type, "close or loose");
    bool active = import_bool(im, object, "active", true);
    if (im->failed) {
        return false;
    }
    p->mode = (enum rules_mode)rules_mode_of(mode);
    enum status status = db_one_text(im->db, p->id, sizeof p->id,
                                     "SELECT id FROM partnership WHERE code=$1", "s", code);
    if (status == STATUS_NONE) {
        api_new_id(p->id);
        status = STATUS_OK;
    }
    char lead[33];
    find_lead(im, object, lead);
    if (im->failed || !import_store(im, status)) {
        return false;
    }
    if (lead[0] == '\0') {
        size_t mark = import_enter(im, "members");
        (void)import_fail(im, "one member must have the role lead and be a known organisation");
        import_leave(im, mark);
        return false;
    }
    return import_store(
        im, db_run(im->db,
                   "INSERT INTO partnership (id, code, name_zh, name_en, mode, type, "
                   "lead_organisation_id, active)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET"
                   " name_zh = excluded.name_zh, name_en = excluded.name_en, mode = excluded.mode,"
                   " type = excluded.type, lead_organisation_id = excluded.lead_organisation_id,"
                   " active = excluded.active, version = partnership.version + 1",
                   "sssssssi", p->id, code, name_zh, name_en, mode, type, lead, (int64_t)active));
}

/* What is not said follows from the type. */
static void import_switches(struct import *im, const json_t *object, const char *id)
{
    const char *record_scope = import_text(im, object, "record_scope", false, valid_record_scope,
                                           "continuous or released");
    const char *money =
        import_text(im, object, "money", false, valid_money, "pooled or per-service");
    const char *governance =
        import_text(im, object, "governance", false, valid_governance, "lead or each-hop");
    if (!im->failed) {
        (void)import_store(
            im, db_run(im->db,
                       "UPDATE partnership SET record_scope=$1, money=$2, governance=$3 WHERE "
                       "id=$4",
                       "ssss", record_scope, money, governance, id));
    }
}

static void import_partnership(struct import *im, json_t *object)
{
    static const char *const members[] = {
        "code",    "name_zh",    "name_en", "mode",         "type",  "members",    "specialties",
        "regions", "agreements", "active",  "record_scope", "money", "governance", NULL};
    struct partnership p = {.id = ""};
    if (!import_members(im, object, members) || !write_partnership(im, object, &p)) {
        return;
    }
    import_member_list(im, object, &p);
    if (!im->failed) {
        import_scope(im, object, &p);
    }
    if (!im->failed) {
        import_switches(im, object, p.id);
    }
    if (!im->failed) {
        import_agreements(im, object, p.id);
        im->result->partnerships++;
    }
}

void import_partnerships(struct import *im, json_t *root)
{
    json_t *list = import_array(im, root, "partnerships", false);
    size_t mark = import_enter(im, "partnerships");
    for (size_t i = 0; i < json_array_size(list) && !im->failed; i++) {
        size_t item = import_enter_index(im, i);
        import_partnership(im, json_array_get(list, i));
        import_leave(im, item);
    }
    import_leave(im, mark);
}
