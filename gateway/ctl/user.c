#include "gateway/ctl/user.h"

#include "gateway/auth/auth.h"
#include "gateway/ctl/import_read.h"
#include "gateway/records/audit.h"
#include "media/rt/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum status refuse(struct user_error *error, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum status refuse(struct user_error *error, enum status status, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    (void)vsnprintf(error->text, sizeof error->text, format, values);
    va_end(values);
    return status;
}

/* Commits what went well, undoes the rest; a store failure gets its sentence here. */
static enum status close_transaction(struct db *db, enum status status, struct user_error *error)
{
    if (status == STATUS_OK) {
        status = db_commit(db);
    } else {
        db_rollback(db);
    }
    if (status != STATUS_OK && error->text[0] == '\0') {
        return refuse(error, status, "the store refused it: %s", status_text(status));
    }
    return status;
}

static enum status audit(struct db *db, const char *account_id, const char *action)
{
    json_t *detail = json_pack("{ss}", "account", account_id);
    struct audit_entry entry = {
        .at_ms = clock_wall_ms(), .action = action, .reason_code = "consultctl", .detail = detail};
    enum status status = audit_append(db, &entry);
    json_decref(detail);
    return status;
}

static enum status find(struct db *db, const char *login, char out_id[33], struct user_error *error)
{
    enum status status =
        db_one_text(db, out_id, 33, "SELECT id FROM account WHERE login=$1", "s", login);
    return status == STATUS_NONE
               ? refuse(error, STATUS_UNKNOWN, "there is no account \"%.64s\"", login)
               : status;
}

static enum status parse_roles(const char *text, unsigned *out_roles, struct user_error *error)
{
    unsigned roles = 0;
    while (*text != '\0') {
        char name[16] = "";
        size_t len = strcspn(text, ",");
        if (len < sizeof name) {
            memcpy(name, text, len);
        }
        unsigned role = auth_role_of(name);
        if (role == 0) {
            return refuse(error, STATUS_MALFORMED,
                          "roles are clinician, specialist, coordinator, operator, admin, "
                          "approver, manager, reviewer and referrals, "
                          "separated by commas");
        }
        roles |= role;
        text += len + (text[len] == ',');
    }
    *out_roles = roles;
    return roles != 0 ? STATUS_OK : refuse(error, STATUS_MALFORMED, "name at least one role");
}

static enum status insert_account(struct db *db, const char *login, const char *practitioner_code,
                                  const char *hash, unsigned roles, struct user_error *error)
{
    char practitioner[33];
    char id[33];
    enum status status =
        db_one_text(db, practitioner, sizeof practitioner,
                    "SELECT id FROM practitioner WHERE code=$1", "s", practitioner_code);
    if (status == STATUS_NONE) {
        return refuse(error, STATUS_UNKNOWN, "there is no practitioner with the code \"%.64s\"",
                      practitioner_code);
    }
    if (status == STATUS_OK) {
        api_new_id(id);
        status = db_run(db,
                        "INSERT INTO account (id, login, practitioner_id, password_hash) VALUES "
                        "($1, $2, $3, $4)",
                        "ssss", id, login, practitioner, hash);
    }
    if (status == STATUS_CONFLICT) {
        return refuse(error, status, "the account \"%s\" is already there", login);
    }
    for (unsigned role = ROLE_CLINICIAN; role <= ROLE_LAST && status == STATUS_OK; role *= 2) {
        if ((roles & role) != 0) {
            status = db_run(db, "INSERT INTO account_role (account_id, role) VALUES ($1, $2)", "ss",
                            id, auth_role_name((enum role)role));
        }
    }
    return status == STATUS_OK ? audit(db, id, "account.add") : status;
}

static enum status hash_password(const char *password, char hash[AUTH_PASSWORD_HASH_SIZE],
                                 struct user_error *error)
{
    if (!auth_password_acceptable(password)) {
        return refuse(error, STATUS_MALFORMED, "the password must have %d to %d characters",
                      AUTH_PASSWORD_MIN, AUTH_PASSWORD_MAX);
    }
    enum status status = auth_password_hash(password, hash);
    return status == STATUS_OK ? status
                               : refuse(error, status, "not enough memory to hash the password");
}

enum status user_add(struct db *db, const char *login, const char *practitioner_code,
                     const char *roles_text, const char *password, struct user_error *error)
{
    char hash[AUTH_PASSWORD_HASH_SIZE];
    unsigned roles = 0;
    error->text[0] = '\0';
    if (!import_valid_login(login)) {
        return refuse(error, STATUS_MALFORMED,
                      "an account name has 3 to 64 lower-case letters, digits, '.', '_' or '-'");
    }
    enum status status = parse_roles(roles_text, &roles, error);
    if (status == STATUS_OK) {
        status = hash_password(password, hash, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = db_begin(db);
    if (status != STATUS_OK) {
        return refuse(error, status, "the store is not available");
    }
    return close_transaction(db, insert_account(db, login, practitioner_code, hash, roles, error),
                             error);
}

enum status user_disable(struct db *db, const char *login, bool disabled, int64_t now_ms,
                         struct user_error *error)
{
    char id[33];
    error->text[0] = '\0';
    enum status status = db_begin(db);
    if (status != STATUS_OK) {
        return refuse(error, status, "the store is not available");
    }
    status = find(db, login, id, error);
    if (status == STATUS_OK) {
        status =
            db_run(db, "UPDATE account SET disabled=$1 WHERE id=$2", "is", (int64_t)disabled, id);
    }
    if (status == STATUS_OK && disabled) {
        status = auth_end_sessions(db, id, now_ms);
    }
    if (status == STATUS_OK) {
        status = audit(db, id, disabled ? "account.disable" : "account.enable");
    }
    return close_transaction(db, status, error);
}

enum status user_password(struct db *db, const char *login, const char *password, int64_t now_ms,
                          struct user_error *error)
{
    char id[33];
    char hash[AUTH_PASSWORD_HASH_SIZE];
    error->text[0] = '\0';
    enum status status = hash_password(password, hash, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = db_begin(db);
    if (status != STATUS_OK) {
        return refuse(error, status, "the store is not available");
    }
    status = find(db, login, id, error);
    if (status == STATUS_OK) {
        status = db_run(db, "UPDATE account SET password_hash=$1 WHERE id=$2", "ss", hash, id);
    }
    if (status == STATUS_OK) {
        status = auth_end_sessions(db, id, now_ms);
    }
    if (status == STATUS_OK) {
        status = audit(db, id, "account.password");
    }
    return close_transaction(db, status, error);
}
