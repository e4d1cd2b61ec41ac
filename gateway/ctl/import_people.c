#include "gateway/ctl/import_people.h"

#include "gateway/auth/auth.h"
#include "gateway/directory/directory.h"
#include "gateway/partnership/rules.h"
#include "gateway/records/audit.h"
#include "media/rt/clock.h"

#include <string.h>

#define CODE_WORDS "1 to 64 letters, digits, '.', '_' or '-'"
#define SPECIALTY_WORDS "a specialty code (lower-case letters, digits, '-')"

static bool valid_level(const char *text)
{
    return rules_level_of(text) >= 0;
}

static bool valid_title(const char *text)
{
    size_t i = 0;
    while (directory_titles[i] != NULL && strcmp(directory_titles[i], text) != 0) {
        i++;
    }
    return directory_titles[i] != NULL;
}

static bool valid_role(const char *text)
{
    return auth_role_of(text) != 0;
}

static bool valid_language(const char *text)
{
    return strcmp(text, "zh-CN") == 0 || strcmp(text, "en") == 0;
}

/* The id of the row with this code, or a fresh one. */
static bool id_of(struct import *im, const char *sql_literal, const char *code, char out_id[33])
{
    enum status status = db_one_text(im->db, out_id, 33, sql_literal, "s", code);
    if (status == STATUS_NONE) {
        api_new_id(out_id);
        status = STATUS_OK;
    }
    return import_store(im, status);
}

/* ---- specialties ---- */

static void import_specialty(struct import *im, json_t *object)
{
    static const char *const members[] = {"code", "name_zh", "name_en", NULL};
    (void)import_members(im, object, members);
    const char *code =
        import_text(im, object, "code", true, import_valid_specialty, SPECIALTY_WORDS);
    const char *name_zh = import_text(im, object, "name_zh", true, import_valid_name, "a name");
    const char *name_en = import_text(im, object, "name_en", true, import_valid_name, "a name");
    if (im->failed) {
        return;
    }
    im->result->specialties++;
    (void)import_store(im, db_run(im->db,
                                  "INSERT INTO specialty (code, name_zh, name_en) VALUES ($1, $2, "
                                  "$3) ON CONFLICT (code) DO UPDATE"
                                  " SET name_zh = excluded.name_zh, name_en = excluded.name_en",
                                  "sss", code, name_zh, name_en));
}

static void each(struct import *im, json_t *root, const char *name,
                 void (*one)(struct import *im, json_t *object))
{
    json_t *list = import_array(im, root, name, false);
    size_t mark = import_enter(im, name);
    for (size_t i = 0; i < json_array_size(list) && !im->failed; i++) {
        size_t item = import_enter_index(im, i);
        one(im, json_array_get(list, i));
        import_leave(im, item);
    }
    import_leave(im, mark);
}

void import_specialties(struct import *im, json_t *root)
{
    each(im, root, "specialties", import_specialty);
}

void import_specialty_set(struct import *im, const json_t *list, const char *owner_id,
                          const char *clear_literal, const char *add_literal)
{
    (void)import_store(im, db_run(im->db, clear_literal, "s", owner_id));
    size_t mark = import_enter(im, "specialties");
    for (size_t i = 0; i < json_array_size(list) && !im->failed; i++) {
        const char *code = json_string_value(json_array_get(list, i));
        size_t item = import_enter_index(im, i);
        if (code == NULL || !import_valid_specialty(code)) {
            (void)import_fail(im, "must be " SPECIALTY_WORDS);
        } else if (!directory_specialty_exists(im->db, code)) {
            (void)import_fail(im, "there is no specialty \"%s\"", code);
        } else {
            enum status status = db_run(im->db, add_literal, "ss", owner_id, code);
            (void)(status == STATUS_CONFLICT ? import_fail(im, "the specialty is named twice")
                                             : import_store(im, status));
        }
        import_leave(im, item);
    }
    import_leave(im, mark);
}

/* ---- organisations ---- */

static void import_organisation(struct import *im, json_t *object)
{
    static const char *const members[] = {"code",   "name_zh", "name_en", "level",
                                          "region", "active",  NULL};
    (void)import_members(im, object, members);
    const char *code = import_text(im, object, "code", true, import_valid_code, CODE_WORDS);
    const char *name_zh = import_text(im, object, "name_zh", true, import_valid_name, "a name");
    const char *name_en = import_text(im, object, "name_en", true, import_valid_name, "a name");
    const char *level = import_text(im, object, "level", true, valid_level,
                                    "village, township, county, city or province");
    const char *region = import_text(im, object, "region", true, import_valid_region,
                                     "a GB/T 2260 code of 6 digits");
    bool active = import_bool(im, object, "active", true);
    char id[33];
    if (im->failed || !id_of(im, "SELECT id FROM organisation WHERE code=$1", code, id)) {
        return;
    }
    im->result->organisations++;
    (void)import_store(
        im, db_run(im->db,
                   "INSERT INTO organisation (id, code, name_zh, name_en, level, region, active)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET name_zh = "
                   "excluded.name_zh,"
                   " name_en = excluded.name_en, level = excluded.level, region = excluded.region,"
                   " active = excluded.active",
                   "ssssssi", id, code, name_zh, name_en, level, region, (int64_t)active));
}

void import_organisations(struct import *im, json_t *root)
{
    each(im, root, "organisations", import_organisation);
}

void import_organisation_id(struct import *im, const json_t *object, const char *name,
                            char out_id[33])
{
    out_id[0] = '\0';
    const char *code =
        import_text(im, object, name, true, import_valid_code, "the code of an organisation");
    if (im->failed) {
        return;
    }
    enum status status =
        db_one_text(im->db, out_id, 33, "SELECT id FROM organisation WHERE code=$1", "s", code);
    if (status == STATUS_NONE) {
        size_t mark = import_enter(im, name);
        (void)import_fail(im, "there is no organisation \"%s\"", code);
        import_leave(im, mark);
    } else {
        (void)import_store(im, status);
    }
}

/* ---- practitioners and accounts ---- */

static unsigned read_roles(struct import *im, const json_t *object)
{
    json_t *list = import_array(im, object, "roles", true);
    unsigned roles = 0;
    size_t mark = import_enter(im, "roles");
    for (size_t i = 0; i < json_array_size(list) && !im->failed; i++) {
        const char *role = json_string_value(json_array_get(list, i));
        size_t item = import_enter_index(im, i);
        if (role == NULL || !valid_role(role)) {
            (void)import_fail(im, "must be clinician, specialist, coordinator, operator, admin, "
                                  "approver, manager, reviewer or referrals");
        } else {
            roles |= auth_role_of(role);
        }
        import_leave(im, item);
    }
    if (roles == 0) {
        (void)import_fail(im, "must name at least one role");
    }
    import_leave(im, mark);
    return roles;
}

/* A password stands only in demonstration data, also when the account is there already and keeps
 * its own: a file with real passwords in it is refused, not passed over. NULL: none. */
static bool read_password(struct import *im, const json_t *object, const char **out_password)
{
    *out_password = import_text(im, object, "password", false, auth_password_acceptable,
                                "a password of 8 to 128 characters");
    if (*out_password != NULL && !im->demonstration) {
        size_t mark = import_enter(im, "password");
        (void)import_fail(im, "is allowed only in demonstration data (\"demonstration\": true)");
        import_leave(im, mark);
    }
    return !im->failed;
}

static unsigned present_roles(struct import *im, const char *account_id)
{
    unsigned roles = 0;
    struct db_query q;
    db_begin_query(&q, im->db, "SELECT role FROM account_role WHERE account_id=$1");
    db_bind_text(&q, account_id);
    while (db_next(&q)) {
        roles |= auth_role_of(db_text(&q, 0));
    }
    (void)import_store(im, db_end(&q));
    return roles;
}

static void note_roles(struct import *im, const char *account_id, bool fresh, unsigned roles)
{
    json_t *names = json_array();
    for (unsigned role = ROLE_CLINICIAN; role <= ROLE_LAST; role *= 2) {
        if ((roles & role) != 0) {
            (void)json_array_append_new(names, json_string(auth_role_name((enum role)role)));
        }
    }
    json_t *detail = json_pack("{ss, so}", "account", account_id, "roles", names);
    struct audit_entry entry = {.at_ms = clock_wall_ms(),
                                .action = fresh ? "account.add" : "account.roles",
                                .reason_code = "import",
                                .detail = detail};
    (void)import_store(im, audit_append(im->db, &entry));
    json_decref(detail);
}

/* Who loses a role loses the sessions, too: what is open was opened with it. */
static void write_roles(struct import *im, const char *account_id, unsigned roles)
{
    unsigned before = present_roles(im, account_id);
    if (im->failed || before == roles) {
        return;
    }
    (void)import_store(
        im, db_run(im->db, "DELETE FROM account_role WHERE account_id=$1", "s", account_id));
    for (unsigned role = ROLE_CLINICIAN; role <= ROLE_LAST && !im->failed; role *= 2) {
        if ((roles & role) != 0) {
            (void)import_store(
                im, db_run(im->db, "INSERT INTO account_role (account_id, role) VALUES ($1, $2)",
                           "ss", account_id, auth_role_name((enum role)role)));
        }
    }
    if (!im->failed) {
        note_roles(im, account_id, before == 0, roles);
    }
    if (!im->failed && (before & ~roles) != 0) {
        (void)import_store(im, auth_end_sessions(im->db, account_id, clock_wall_ms()));
    }
}

/* An account that is there keeps its password and whether it is disabled: those are the operator's.
 */
static void write_account(struct import *im, const json_t *object, const char *login,
                          const char *language, const char *practitioner_id)
{
    char id[33];
    char owner[33] = "";
    char hash[AUTH_PASSWORD_HASH_SIZE] =
        ""; /* nobody signs in with it until `consultctl user password` was run */
    const char *password = NULL;
    if (!read_password(im, object, &password) ||
        !id_of(im, "SELECT id FROM account WHERE login=$1", login, id)) {
        return;
    }
    enum status status = db_one_text(im->db, owner, sizeof owner,
                                     "SELECT practitioner_id FROM account WHERE id=$1", "s", id);
    if (status == STATUS_OK) {
        if (strcmp(owner, practitioner_id) != 0) {
            (void)import_fail(im, "the account \"%s\" belongs to another person", login);
        }
        return;
    }
    status = status == STATUS_NONE ? STATUS_OK : status;
    if (status == STATUS_OK && password != NULL && im->options->hash_passwords) {
        status = auth_password_hash(password, hash);
    }
    if (!import_store(im, status)) {
        return;
    }
    (void)import_store(
        im,
        db_run(im->db,
               "INSERT INTO account (id, login, practitioner_id, password_hash, language)"
               " VALUES ($1, $2, $3, $4, $5)",
               "sssss", id, login, practitioner_id, hash, language != NULL ? language : "zh-CN"));
}

static void import_account(struct import *im, json_t *object, const char *practitioner_id,
                           bool can_consult)
{
    static const char *const members[] = {"login", "roles", "password", "language", NULL};
    (void)import_members(im, object, members);
    const char *login = import_text(im, object, "login", true, import_valid_login,
                                    "3 to 64 lower-case letters, digits, '.', '_' or '-'");
    const char *language =
        import_text(im, object, "language", false, valid_language, "zh-CN or en");
    unsigned roles = im->failed ? 0 : read_roles(im, object);
    if (!im->failed && (roles & ROLE_SPECIALIST) != 0 && !can_consult) {
        (void)import_fail(im, "a specialist needs licensed_since and at least one specialty");
    }
    char id[33];
    if (im->failed) {
        return;
    }
    write_account(im, object, login, language, practitioner_id);
    if (!im->failed && id_of(im, "SELECT id FROM account WHERE login=$1", login, id)) {
        write_roles(im, id, roles);
        im->result->accounts++;
    }
}

static void write_practitioner(struct import *im, const json_t *object, const char *id,
                               const char *code, const char *organisation_id)
{
    const char *name_zh = import_text(im, object, "name_zh", true, import_valid_name, "a name");
    const char *name_en = import_text(im, object, "name_en", true, import_valid_name, "a name");
    const char *title = import_text(
        im, object, "title", true, valid_title,
        "chief, associate-chief, attending, resident, assistant, village-doctor or staff");
    const char *licence_no =
        import_text(im, object, "licence_no", false, import_valid_code, CODE_WORDS);
    const char *licensed_since =
        import_text(im, object, "licensed_since", false, rules_date_valid, "a date YYYY-MM-DD");
    bool active = import_bool(im, object, "active", true);
    if (im->failed) {
        return;
    }
    (void)import_store(
        im,
        db_run(
            im->db,
            "INSERT INTO practitioner (id, code, organisation_id, name_zh, name_en, title, "
            "licence_no,"
            " licensed_since, active) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) "
            "DO UPDATE"
            " SET organisation_id = excluded.organisation_id, name_zh = excluded.name_zh,"
            " name_en = excluded.name_en, title = excluded.title, licence_no = excluded.licence_no,"
            " licensed_since = excluded.licensed_since, active = excluded.active",
            "ssssssssi", id, code, organisation_id, name_zh, name_en, title, licence_no,
            licensed_since, (int64_t)active));
}

static void import_practitioner(struct import *im, json_t *object)
{
    static const char *const members[] = {
        "code",           "organisation", "name_zh", "name_en", "title", "licence_no",
        "licensed_since", "specialties",  "active",  "account", NULL};
    (void)import_members(im, object, members);
    const char *code = import_text(im, object, "code", true, import_valid_code, CODE_WORDS);
    char organisation_id[33];
    char id[33];
    import_organisation_id(im, object, "organisation", organisation_id);
    if (im->failed || !id_of(im, "SELECT id FROM practitioner WHERE code=$1", code, id)) {
        return;
    }
    write_practitioner(im, object, id, code, organisation_id);
    json_t *specialties = import_array(im, object, "specialties", false);
    if (im->failed) {
        return;
    }
    import_specialty_set(
        im, specialties, id, "DELETE FROM practitioner_specialty WHERE practitioner_id=$1",
        "INSERT INTO practitioner_specialty (practitioner_id, specialty) VALUES ($1, $2)");
    im->result->practitioners++;
    json_t *account = json_object_get(object, "account");
    if (account != NULL && !im->failed) {
        bool can_consult = json_is_string(json_object_get(object, "licensed_since")) &&
                           json_array_size(specialties) > 0;
        size_t mark = import_enter(im, "account");
        import_account(im, account, id, can_consult);
        import_leave(im, mark);
    }
}

void import_practitioners(struct import *im, json_t *root)
{
    each(im, root, "practitioners", import_practitioner);
}
