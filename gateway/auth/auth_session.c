#include "gateway/auth/auth_session.h"

#include "gateway/access.h"
#include "gateway/auth/auth_throttle.h"
#include "gateway/config/config.h"
#include "gateway/directory/directory.h"
#include "gateway/directory/duty_switch.h"
#include "gateway/records/audit.h"
#include "proto/base/check.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COOKIE_FLAGS "; Path=/; Secure; HttpOnly; SameSite=Strict"
#define LOGIN_BODY_MAX 4096 /* name and password, each character escaped */
#define SMALL_BODY_MAX 256

/* From one part of a sign-in to the next. */
struct login {
    char name[AUTH_LOGIN_MAX * 4 + 1];
    char account_id[33]; /* "" = no such account */
    char password_hash[AUTH_PASSWORD_HASH_SIZE];
    bool right;
};

static void login_free(void *data)
{
    sodium_memzero(data, sizeof(struct login));
    free(data);
}

static void count_login(struct api_call *call, const char *result)
{
    api_effect_push(call, EFFECT_COUNT_METRIC, NULL, NULL,
                    json_pack("{ss, ss}", "metric", "consult_logins_total", "labels", result));
}

static bool audit(struct api_call *call, const char *account_id, const char *action,
                  const char *reason_code)
{
    struct audit_entry entry = {.at_ms = call->now_ms,
                                .actor_id = account_id,
                                .action = action,
                                .reason_code = reason_code};
    enum status status = audit_append(call->db, &entry);
    return status == STATUS_OK || api_store_failed(call, status);
}

/* ---- sign in ---- */

static bool find_account(struct api_call *call, struct login *login)
{
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT id, password_hash FROM account WHERE login=$1 AND disabled = 0");
    db_bind_text(&q, login->name);
    if (db_next(&q)) {
        (void)snprintf(login->account_id, sizeof login->account_id, "%s", db_text(&q, 0));
        (void)snprintf(login->password_hash, sizeof login->password_hash, "%s", db_text(&q, 1));
    }
    enum status status = db_end(&q);
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool throttle(struct api_call *call, const char *name)
{
    struct auth_limits limits = auth_limits_of(call->config);
    int retry_s = 0;
    enum status status =
        auth_throttle_take(call->db, name, call->peer_address, call->now_ms, &limits, &retry_s);
    if (status == STATUS_OK) {
        return true;
    }
    if (status != STATUS_REFUSED) {
        return api_store_failed(call, status);
    }
    count_login(call, "throttled");
    call->retry_after_s = retry_s;
    return api_problem(call, 429, "session.throttled", "登录尝试过多，请稍后再试。",
                       "Too many tries to sign in: wait and try again.", NULL);
}

static void sign_in_run(struct api_call *call)
{
    bool ok = true;
    const char *name = api_body_text(call, "login", true, AUTH_LOGIN_MAX, &ok);
    const char *password =
        ok ? api_body_text(call, "password", true, AUTH_PASSWORD_MAX, &ok) : NULL;
    if (!ok || name == NULL || password == NULL || !throttle(call, name)) {
        return;
    }
    struct login *login = calloc(1, sizeof *login);
    if (login == NULL) {
        (void)api_store_failed(call, STATUS_NO_MEMORY);
        return;
    }
    call->data = login;
    call->data_free = login_free;
    (void)snprintf(login->name, sizeof login->name, "%s", name);
    (void)find_account(call, login);
}

static void sign_in_blob(struct api_call *call)
{
    struct login *login = call->data;
    const char *password = json_string_value(json_object_get(call->body, "password"));
    CHECK(login != NULL && password != NULL);
    login->right = auth_password_verify(login->password_hash, password);
}

static void refuse(struct api_call *call, const struct login *login)
{
    bool known = login->account_id[0] != '\0';
    call->keep_on_error = true; /* the audit row stays; written for an unknown name too, so that
                                   both cost one commit */
    count_login(call, "wrong");
    if (!audit(call, known ? login->account_id : NULL, "login.failed",
               known ? "wrong-password" : "unknown-account")) {
        return;
    }
    (void)api_problem(call, 401, "session.wrong-credentials", "用户名或密码错误。",
                      "Wrong name or password.", NULL);
}

static bool end_one(struct api_call *call, const char *token_hash, const char *account_id)
{
    enum status status =
        db_run(call->db, "DELETE FROM session WHERE token_hash=$1", "s", token_hash);
    api_effect_push(call, EFFECT_SESSION_ENDED, account_id, NULL,
                    json_pack("{ss, ss}", "token_hash", token_hash, "reason", "signed-out"));
    return status == STATUS_OK || api_store_failed(call, status);
}

/* Makes room for one more session: the one that was used longest ago goes. */
static bool cap_sessions(struct api_call *call, const char *account_id)
{
    struct auth_limits limits = auth_limits_of(call->config);
    for (;;) {
        int64_t count = 0;
        char oldest[AUTH_TOKEN_HASH_SIZE];
        enum status status = db_one_int(
            call->db, &count, "SELECT count(*) FROM session WHERE account_id=$1", "s", account_id);
        if (status != STATUS_OK || count < (int64_t)limits.sessions_per_account) {
            return status == STATUS_OK || api_store_failed(call, status);
        }
        status = db_one_text(call->db, oldest, sizeof oldest,
                             "SELECT token_hash FROM session WHERE account_id=$1 ORDER BY "
                             "last_seen_ms, token_hash LIMIT 1",
                             "s", account_id);
        if (status != STATUS_OK) {
            return api_store_failed(call, status);
        }
        if (!end_one(call, oldest, account_id)) {
            return false;
        }
    }
}

static bool open_session(struct api_call *call, const char *account_id,
                         char out_token_hash[AUTH_TOKEN_HASH_SIZE])
{
    unsigned char octets[32];
    char token[AUTH_TOKEN_LEN + 1];
    char csrf[65];
    randombytes_buf(octets, sizeof octets);
    (void)sodium_bin2base64(token, sizeof token, octets, sizeof octets,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    randombytes_buf(octets, sizeof octets);
    sodium_bin2hex(csrf, sizeof csrf, octets, sizeof octets);
    CHECK(auth_token_hash(token, out_token_hash));
    struct auth_limits limits = auth_limits_of(call->config);
    enum status status = db_run(call->db,
                                "INSERT INTO session (token_hash, account_id, csrf_token, "
                                "created_ms, last_seen_ms, expires_ms)"
                                " VALUES ($1, $2, $3, $4, $5, $6)",
                                "sssiii", out_token_hash, account_id, csrf, call->now_ms,
                                call->now_ms, call->now_ms + limits.absolute_ms);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    (void)snprintf(call->set_cookie, sizeof call->set_cookie, AUTH_COOKIE "=%s" COOKIE_FLAGS,
                   token);
    sodium_memzero(token, sizeof token);
    return true;
}

static json_t *roles_json(unsigned roles)
{
    json_t *list = json_array();
    for (unsigned role = ROLE_CLINICIAN; role <= ROLE_LAST; role *= 2) {
        if ((roles & role) != 0) {
            (void)json_array_append_new(list, json_string(auth_role_name((enum role)role)));
        }
    }
    return list;
}

/* The session object of the interface. */
static bool reply_session(struct api_call *call, const struct api_actor *actor,
                          const char *token_hash)
{
    char login[AUTH_LOGIN_MAX * 4 + 1] = "";
    int64_t expires_ms = 0;
    int64_t on_duty = 0;
    enum status status =
        db_one_text(call->db, login, sizeof login, "SELECT login FROM account WHERE id=$1", "s",
                    actor->account_id);
    if (status == STATUS_OK) {
        status = db_one_int(call->db, &expires_ms,
                            "SELECT expires_ms FROM session WHERE token_hash=$1", "s", token_hash);
    }
    if (status == STATUS_OK) {
        status = db_one_int(call->db, &on_duty, "SELECT on_duty FROM duty WHERE account_id=$1", "s",
                            actor->account_id);
        status = status == STATUS_NONE ? STATUS_OK : status;
    }
    json_t *practitioner =
        status == STATUS_OK ? directory_practitioner_json(call->db, actor->practitioner_id) : NULL;
    json_t *organisation =
        practitioner != NULL ? directory_organisation_json(call->db, actor->organisation_id) : NULL;
    if (organisation == NULL) {
        json_decref(practitioner);
        return api_store_failed(call, status == STATUS_OK ? STATUS_IO : status);
    }
    call->reply = json_pack(
        "{s{ss, ss, ss, so}, so, so, ss, sI, sI, sb, sI}", "account", "id", actor->account_id,
        "login", login, "language", actor->language, "roles", roles_json(actor->roles),
        "practitioner", practitioner, "organisation", organisation, "csrf_token", actor->csrf_token,
        "idle_timeout_ms", (json_int_t)auth_limits_of(call->config).idle_ms, "expires_ms",
        (json_int_t)expires_ms, "on_duty", on_duty != 0, "time_ms", (json_int_t)call->now_ms);
    return call->reply != NULL || api_store_failed(call, STATUS_NO_MEMORY);
}

/* The account as it is now: it may have been disabled, or its password changed, while the hash was
 * computed. */
static bool still_valid(struct api_call *call, struct login *login)
{
    char hash[AUTH_PASSWORD_HASH_SIZE] = "";
    enum status status = db_one_text(
        call->db, hash, sizeof hash,
        "SELECT password_hash FROM account WHERE id=$1 AND disabled = 0", "s", login->account_id);
    if (status != STATUS_OK && status != STATUS_NONE) {
        return api_store_failed(call, status);
    }
    login->right = login->right && status == STATUS_OK && strcmp(hash, login->password_hash) == 0;
    return true;
}

static void sign_in_finish(struct api_call *call)
{
    struct login *login = call->data;
    CHECK(login != NULL);
    if (!still_valid(call, login)) {
        return;
    }
    if (!login->right) {
        refuse(call, login);
        return;
    }
    /* A new token at every sign-in (ASVS 7.2.4); the one that the browser still had ends. */
    if (call->session_token_hash != NULL && call->actor != NULL &&
        !end_one(call, call->session_token_hash, call->actor->account_id)) {
        return;
    }
    char token_hash[AUTH_TOKEN_HASH_SIZE];
    enum status status =
        auth_throttle_clear(call->db, login->name, call->peer_address, call->now_ms);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    if (!cap_sessions(call, login->account_id) ||
        !open_session(call, login->account_id, token_hash)) {
        return;
    }
    struct api_actor actor;
    status = auth_actor_load(call->db, token_hash, call->now_ms, call->config, &actor);
    if (status == STATUS_NONE) { /* the person or the institution is not active */
        call->set_cookie[0] = '\0';
        count_login(call, "disabled");
        (void)api_problem(call, 401, "session.wrong-credentials", "用户名或密码错误。",
                          "Wrong name or password.", NULL);
        return;
    }
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    if (audit(call, login->account_id, "session.open", NULL) &&
        reply_session(call, &actor, token_hash)) {
        count_login(call, "ok");
    }
}

/* ---- the rest ---- */

static void get_session(struct api_call *call)
{
    (void)reply_session(call, call->actor, call->session_token_hash);
}

static void sign_out(struct api_call *call)
{
    int64_t others = 0;
    if (!end_one(call, call->session_token_hash, call->actor->account_id) ||
        !audit(call, call->actor->account_id, "session.close", NULL)) {
        return;
    }
    enum status status =
        db_one_int(call->db, &others, "SELECT count(*) FROM session WHERE account_id=$1", "s",
                   call->actor->account_id);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    if (others == 0 && !duty_end(call, call->actor->account_id,
                                 "signed-out")) { /* nobody is there to hear an offer ring */
        return;
    }
    call->status = 204;
    call->clear_site_data = true;
    (void)snprintf(call->set_cookie, sizeof call->set_cookie, "%s",
                   AUTH_COOKIE "=" COOKIE_FLAGS "; Max-Age=0");
}

static void patch_session(struct api_call *call)
{
    bool ok = true;
    const char *language = api_body_text(call, "language", true, 7, &ok);
    if (!ok) {
        return;
    }
    if (strcmp(language, "zh-CN") != 0 && strcmp(language, "en") != 0) {
        (void)api_problem(call, 422, "field.invalid", "语言必须是 zh-CN 或 en。",
                          "The language must be zh-CN or en.", "/language");
        return;
    }
    enum status status = db_run(call->db, "UPDATE account SET language=$1 WHERE id=$2", "ss",
                                language, call->actor->account_id);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    struct api_actor actor = *call->actor;
    (void)snprintf(actor.language, sizeof actor.language, "%s", language);
    (void)reply_session(call, &actor, call->session_token_hash);
}

const struct api_route auth_routes[] = {
    {ACCESS_ROUTE(session_open), .body = API_BODY_JSON, .body_max = LOGIN_BODY_MAX,
     .run = sign_in_run, .blob = sign_in_blob, .blob_threads = API_BLOB_PASSWORD,
     .finish = sign_in_finish},
    {ACCESS_ROUTE(session_get), .run = get_session},
    {ACCESS_ROUTE(session_close), .run = sign_out},
    {ACCESS_ROUTE(session_change), .body = API_BODY_JSON, .body_max = SMALL_BODY_MAX,
     .run = patch_session},
    {.method = NULL},
};
