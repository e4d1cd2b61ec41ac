/* Calls from the request to the answer: routing, sign-in, CSRF, roles, Idempotency-Key, full
 * queues, a commit that fails. The store is a real file with the demonstration data; sockets and
 * threads are replaced by fake_web.h. */
#include "gateway/auth/auth.h"
#include "gateway/dispatch_call.h"
#include "gateway/store/db_sqlite.h"
#include "tests/unit/gateway/demo_store.h"
#include "tests/unit/gateway/fake_web.h"

#define PASSWORD "demo-consult"

static struct temp_folder folder;
static struct db *db;
static struct app app;

struct session {
    char token[AUTH_TOKEN_LEN + 1], csrf[65];
};

static void start(struct web_exchange *x, const char *method, const char *path, const char *query,
                  const char *body, const struct session *session)
{
    *x = (struct web_exchange){
        .request = {.method = method, .path = path, .query = query, .peer_address = "192.0.2.7"}};
    size_t n = 0;
    if (body != NULL) {
        x->request.body = span_text(body);
        x->headers[n++] = "Content-Type";
        x->headers[n++] = "application/json; charset=utf-8";
    }
    if (session != NULL) {
        x->request.session_token = session->token;
        x->headers[n++] = "X-CSRF-Token";
        x->headers[n++] = session->csrf;
    }
}

static void ask(struct web_exchange *x, const char *method, const char *path, const char *body,
                const struct session *session)
{
    start(x, method, path, "", body, session);
    app_request(&app, x);
    fake_run(db);
    EXPECT(x->status != 0);
}

static void expect_problem(struct web_exchange *x, int status, const char *code)
{
    EXPECT_INT(x->status, status);
    EXPECT_TEXT(x->content_type, "application/problem+json");
    EXPECT_TEXT(json_string_value(json_object_get(x->body, "code")), code);
    EXPECT_INT(json_integer_value(json_object_get(x->body, "status")), status);
    EXPECT(json_string_length(json_object_get(x->body, "detail_zh")) > 0);
    EXPECT(json_string_length(json_object_get(x->body, "detail_en")) > 0);
    json_decref(x->body);
    x->body = NULL;
}

static void done(struct web_exchange *x)
{
    json_decref(x->body);
    x->body = NULL;
}

static void sign_in(const char *login, struct session *out)
{
    struct web_exchange x;
    char body[128];
    (void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"password\":\"" PASSWORD "\"}", login);
    ask(&x, "POST", "/api/v1/session", body, NULL);
    EXPECT_INT(x.status, 200);
    const char *cookie = strstr(x.reply_headers, "Set-Cookie: __Host-session=");
    EXPECT(cookie != NULL && strstr(cookie, "; Path=/; Secure; HttpOnly; SameSite=Strict") != NULL);
    EXPECT(cookie != NULL && strstr(cookie, "Domain") == NULL);
    if (cookie != NULL) {
        memcpy(out->token, cookie + strlen("Set-Cookie: __Host-session="), AUTH_TOKEN_LEN);
        out->token[AUTH_TOKEN_LEN] = '\0';
    }
    (void)snprintf(out->csrf, sizeof out->csrf, "%s",
                   json_string_value(json_object_get(x.body, "csrf_token")));
    done(&x);
}

static void test_routing(void)
{
    struct web_exchange x;
    ask(&x, "GET", "/api/v1/nothing", NULL, NULL);
    expect_problem(&x, 404, "request.not-found");
    ask(&x, "DELETE", "/api/v1/specialties", NULL, NULL);
    EXPECT(strstr(x.reply_headers, "Allow: GET, HEAD\n") != NULL);
    expect_problem(&x, 405, "request.method");
    ask(&x, "GET", "/api/v1/specialties", NULL, NULL);
    expect_problem(&x, 401, "session.required");
    char path[DISPATCH_PATH_MAX + 32] = "/api/v1/";
    memset(path + 8, 'a', sizeof path - 9);
    path[sizeof path - 1] = '\0';
    ask(&x, "GET", path, NULL, NULL);
    expect_problem(&x, 414, "request.path");
    struct web_request request = {.method = "POST", .path = "/api/v1/session", .query = ""};
    EXPECT(app_body_limit(&app, &request) > 100 && app_body_limit(&app, &request) < 10000);
    request.method = "GET";
    EXPECT_INT(app_body_limit(&app, &request), 0);
}

static void test_bad_bodies(void)
{
    static const char *const bodies[] = {
        "{",
        "[]",
        "\"x\"",
        "{\"login\":\"a\",\"login\":\"b\"}",
        "{\"login\":\"\\ud800\"}",
        "{\"login\":\"a\\u0000b\"}",
        "{\"a\":1e999}",
        "{\"a\":1}x",
        "{\"a\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}",
        "{\"a\":\"\xff\"}",
    };
    struct web_exchange x;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        ask(&x, "POST", "/api/v1/session", bodies[i], NULL);
        expect_problem(&x, 400, "request.json");
    }
    start(&x, "POST", "/api/v1/session", "", "{}", NULL);
    x.headers[1] = "text/plain";
    app_request(&app, &x);
    expect_problem(&x, 415, "request.media-type");
    start(&x, "POST", "/api/v1/session", "", "{}", NULL);
    x.headers[2] = "Sec-Fetch-Site";
    x.headers[3] = "cross-site";
    app_request(&app, &x);
    expect_problem(&x, 403, "request.cross-site");
    static const char *const queries[] = {
        "a=%", "a=%zz", "a=%00", "a=1&a=2", "a=%ff", "1&2&3&4&5&6&7&8&9", "a=%0a"};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        start(&x, "GET", "/api/v1/specialties", queries[i], NULL, NULL);
        app_request(&app, &x);
        expect_problem(&x, 400, "request.query");
    }
    ask(&x, "POST", "/api/v1/session", "{}", NULL);
    EXPECT_TEXT(json_string_value(json_object_get(x.body, "field")), "/login");
    expect_problem(&x, 422, "field.required");
    ask(&x, "POST", "/api/v1/session", "{\"login\":5,\"password\":\"x\"}", NULL);
    expect_problem(&x, 422, "field.type");
    ask(&x, "POST", "/api/v1/session", NULL, NULL);
    expect_problem(&x, 422, "field.required");
}

static void test_session(void)
{
    struct session s;
    struct web_exchange x;
    sign_in("demo.clinician1", &s);
    ask(&x, "GET", "/api/v1/session", NULL, &s);
    EXPECT_INT(x.status, 200);
    json_t *account = json_object_get(x.body, "account");
    EXPECT_TEXT(json_string_value(json_object_get(account, "login")), "demo.clinician1");
    EXPECT_TEXT(json_string_value(json_array_get(json_object_get(account, "roles"), 0)),
                "clinician");
    EXPECT_TEXT(
        json_string_value(json_object_get(json_object_get(x.body, "organisation"), "level")),
        "township");
    EXPECT_TEXT(json_string_value(json_object_get(x.body, "csrf_token")), s.csrf);
    EXPECT(json_is_false(json_object_get(x.body, "on_duty")));
    done(&x);
    ask(&x, "PATCH", "/api/v1/session", "{\"language\":\"en\"}", &s);
    EXPECT_INT(x.status, 200);
    done(&x);
    ask(&x, "PATCH", "/api/v1/session", "{\"language\":\"fr\"}", &s);
    EXPECT_TEXT(json_string_value(json_object_get(x.body, "detail")),
                "The language must be zh-CN or en.");
    expect_problem(&x, 422, "field.invalid");
    ask(&x, "PUT", "/api/v1/duty", "{\"on_duty\":true}", &s);
    expect_problem(&x, 403, "session.role");
    struct session forged = s;
    forged.csrf[3] = forged.csrf[3] == '0' ? '1' : '0';
    ask(&x, "DELETE", "/api/v1/session", NULL, &forged);
    expect_problem(&x, 403, "session.csrf");
    forged.csrf[0] = '\0';
    ask(&x, "DELETE", "/api/v1/session", NULL, &forged);
    expect_problem(&x, 403, "session.csrf");
    fake_effects = 0;
    ask(&x, "DELETE", "/api/v1/session", NULL, &s);
    EXPECT_INT(x.status, 204);
    EXPECT(strstr(x.reply_headers, "Max-Age=0") != NULL);
    EXPECT_INT(fake_effects, 1);
    EXPECT_INT(fake_last_effect, EFFECT_SESSION_ENDED);
    ask(&x, "GET", "/api/v1/session", NULL, &s); /* replay after sign-out */
    expect_problem(&x, 401, "session.required");
}

static void test_duty(void)
{
    struct session s;
    struct web_exchange x;
    sign_in("demo.specialist1", &s);
    ask(&x, "PUT", "/api/v1/duty", "{\"on_duty\":\"yes\"}", &s);
    expect_problem(&x, 422, "field.type");
    ask(&x, "PUT", "/api/v1/duty", "{\"on_duty\":true}", &s);
    EXPECT_INT(x.status, 200);
    EXPECT(json_is_true(json_object_get(x.body, "on_duty")));
    json_int_t since = json_integer_value(json_object_get(x.body, "since_ms"));
    done(&x);
    ask(&x, "PUT", "/api/v1/duty", "{\"on_duty\":true}", &s); /* no change */
    EXPECT_INT(json_integer_value(json_object_get(x.body, "since_ms")), since);
    done(&x);
    struct session c;
    sign_in("demo.clinician1", &c);
    start(&x, "GET", "/api/v1/reach", "specialty=cardiology&kind=live", NULL, &c);
    app_request(&app, &x);
    fake_run(db);
    EXPECT(json_is_true(json_object_get(x.body, "allowed")));
    json_t *route = json_array_get(json_object_get(x.body, "routes"), 0);
    EXPECT_INT(json_integer_value(json_object_get(route, "agreement_version")), 3);
    json_t *organisation = json_array_get(json_object_get(route, "organisations"), 0);
    EXPECT_INT(json_integer_value(json_object_get(organisation, "on_duty")), 1);
    done(&x);
    ask(&x, "DELETE", "/api/v1/session", NULL, &s); /* the last session: off duty */
    int64_t on = 1;
    EXPECT_INT(db_one_int(db, &on, "SELECT on_duty FROM duty", ""), STATUS_OK);
    EXPECT_INT(on, 0);
    ask(&x, "GET", "/api/v1/partnerships", NULL, &c);
    EXPECT_INT(json_array_size(json_object_get(x.body, "partnerships")), 2);
    done(&x);
    sign_in("demo.clinician5", &c);
    start(&x, "GET", "/api/v1/reach", "specialty=paediatrics", NULL, &c);
    app_request(&app, &x);
    fake_run(db);
    EXPECT(json_is_false(json_object_get(x.body, "allowed")));
    EXPECT_TEXT(json_string_value(json_object_get(x.body, "code")), "rule.agreement-not-in-force");
    done(&x);
}

static void test_wrong_password(void)
{
    struct web_exchange x;
    fake_effects = 0;
    ask(&x, "POST", "/api/v1/session",
        "{\"login\":\"demo.clinician2\",\"password\":\"wrong-wrong\"}", NULL);
    EXPECT(strstr(x.reply_headers, "Set-Cookie") == NULL);
    expect_problem(&x, 401, "session.wrong-credentials");
    ask(&x, "POST", "/api/v1/session", "{\"login\":\"nobody\",\"password\":\"wrong-wrong\"}", NULL);
    expect_problem(&x, 401, "session.wrong-credentials");
    EXPECT_INT(fake_effects, 0);
    int64_t rows = 0;
    EXPECT_INT(db_one_int(db, &rows, "SELECT count(*) FROM audit WHERE action='login.failed'", ""),
               STATUS_OK);
    EXPECT_INT(rows, 2); /* kept although the call was refused */
    struct session s;
    sign_in("demo.clinician2", &s);
}

static void test_throttle(void)
{
    struct web_exchange x;
    for (int i = 0; i < 8; i++) {
        ask(&x, "POST", "/api/v1/session",
            "{\"login\":\"demo.admin\",\"password\":\"wrong-wrong\"}", NULL);
        expect_problem(&x, 401, "session.wrong-credentials");
    }
    ask(&x, "POST", "/api/v1/session", "{\"login\":\"demo.admin\",\"password\":\"" PASSWORD "\"}",
        NULL);
    EXPECT(strstr(x.reply_headers, "Retry-After: ") != NULL);
    expect_problem(&x, 429, "session.throttled");
    struct session s;
    sign_in("demo.operator", &s); /* others are not in the way */
    ask(&x, "GET", "/api/v1/partnerships", NULL, &s);
    EXPECT_INT(json_array_size(json_object_get(x.body, "partnerships")), 5);
    done(&x);
}

/* Twenty sign-ins side by side in one batch: the cap holds, the oldest went. */
static void test_session_cap(void)
{
    enum { COUNT = 12 };
    static struct web_exchange x[COUNT];
    for (int i = 0; i < COUNT; i++) {
        start(&x[i], "POST", "/api/v1/session", "",
              "{\"login\":\"demo.coordinator\",\"password\":\"" PASSWORD "\"}", NULL);
    }
    for (int i = 0; i < COUNT; i += 6) {
        for (int j = i; j < i + 6; j++) {
            app_request(&app, &x[j]);
        }
        fake_run(db);
    }
    for (int i = 0; i < COUNT; i++) {
        EXPECT_INT(x[i].status, 200);
        done(&x[i]);
    }
    int64_t sessions = 0;
    EXPECT_INT(db_one_int(db, &sessions,
                          "SELECT count(*) FROM session s JOIN account a ON a.id=s.account_id "
                          "WHERE a.login='demo.coordinator'",
                          ""),
               STATUS_OK);
    EXPECT_INT(sessions, 8);
}

static void test_overload(void)
{
    struct session s;
    struct web_exchange x;
    sign_in("demo.clinician3", &s);
    fake_store.limit = 0;
    ask(&x, "GET", "/api/v1/session", NULL, &s);
    EXPECT(strstr(x.reply_headers, "Retry-After: 2") != NULL);
    expect_problem(&x, 503, "overload");
    fake_store.limit = 1000;
    fake_pool.limit = 0; /* the password threads are busy: after the first part */
    ask(&x, "POST", "/api/v1/session",
        "{\"login\":\"demo.clinician3\",\"password\":\"" PASSWORD "\"}", NULL);
    EXPECT(strstr(x.reply_headers, "Retry-After: 2") != NULL);
    expect_problem(&x, 503, "overload");
    fake_pool.limit = 1000;
}

/* Another process holds the write lock: 503, and no effect leaves. */
static void test_store_unavailable(void)
{
    struct session s;
    struct web_exchange x;
    struct db *other = NULL;
    sign_in("demo.clinician3", &s);
    EXPECT_INT(db_open(temp_path(&folder, DB_FILE_NAME), &other), STATUS_OK);
    EXPECT_INT(db_begin(other), STATUS_OK);
    sqlite3_busy_timeout(db->handle, 10);
    fake_effects = 0;
    ask(&x, "DELETE", "/api/v1/session", NULL, &s);
    EXPECT(strstr(x.reply_headers, "Retry-After") != NULL &&
           strstr(x.reply_headers, "Set-Cookie") == NULL);
    expect_problem(&x, 503, "store.unavailable");
    EXPECT_INT(fake_effects, 0);
    db_rollback(other);
    db_close(other);
    sqlite3_busy_timeout(db->handle, DB_BUSY_TIMEOUT_MS);
    ask(&x, "GET", "/api/v1/session", NULL, &s);
    EXPECT_INT(x.status, 200);
    done(&x);
}

/* ---- Idempotency-Key and failing parts, on a route of the test's own ---- */

static unsigned created;

static void create_run(struct api_call *call)
{
    created++;
    call->status = 201;
    (void)snprintf(call->etag, sizeof call->etag, "%u", created);
    call->reply = json_pack("{si}", "n", created);
    api_effect_push(call, EFFECT_PUSH, "a", NULL, NULL);
    EXPECT_INT(db_run(call->db, "INSERT INTO specialty VALUES ($1, 'x', 'x')", "s",
                      created == 1 ? "idem" : "idem-again"),
               STATUS_OK);
}

static void broken_run(struct api_call *call)
{
    api_effect_push(call, EFFECT_PUSH, "a", NULL, NULL);
    /* Breaks a reference; the script does not act on it. */
    EXPECT_INT(db_run(call->db,
                      "INSERT INTO duty (account_id, on_duty, since_ms) VALUES ('nobody', 1, 1)",
                      ""),
               STATUS_CONFLICT);
}

static void call_once(struct dispatch_call *d, const struct session *s, api_fn run, const char *key,
                      const char *hash)
{
    static const struct api_route route = {.method = "POST", .pattern = "/x", .roles = ROLE_ANY};
    *d = (struct dispatch_call){.route = &route, .call = {.method = "POST", .status = 200}};
    EXPECT(auth_token_hash(s->token, d->token_hash));
    (void)snprintf(d->csrf_token, sizeof d->csrf_token, "%s", s->csrf);
    (void)snprintf(d->idempotency_key, sizeof d->idempotency_key, "%s", key);
    (void)snprintf(d->request_sha256, sizeof d->request_sha256, "%s", hash);
    db_batch_hooks.begin_batch(db);
    dispatch_call_part(d, db, run, true, true);
    db_batch_hooks.end_batch(db);
    dispatch_call_settle(d);
    dispatch_effects_free(d->call.effects);
}

static void test_idempotency(void)
{
    struct session s;
    struct dispatch_call d;
    sign_in("demo.clinician4", &s);
    call_once(&d, &s, create_run, "key-key-key-key-1", "h1");
    EXPECT(d.call.status == 201 && !d.replayed && d.call.effects != NULL);
    json_decref(d.call.reply);
    call_once(&d, &s, create_run, "key-key-key-key-1", "h1");
    EXPECT(d.call.status == 201 && d.replayed && created == 1 && d.call.effects == NULL);
    EXPECT_INT(json_integer_value(json_object_get(d.call.reply, "n")), 1);
    EXPECT_TEXT(d.call.etag, "1");
    json_decref(d.call.reply);
    call_once(&d, &s, create_run, "key-key-key-key-1", "h2");
    EXPECT_INT(d.call.status, 422);
    json_decref(d.call.reply);
    call_once(&d, &s, create_run, "key-key-key-key-2", "h1");
    EXPECT(d.call.status == 201 && created == 2);
    json_decref(d.call.reply);
    call_once(&d, &s, broken_run, "", "");
    EXPECT_INT(d.call.status, 409);
    EXPECT(d.call.effects == NULL);
    json_decref(d.call.reply);
}

static void system_run(struct api_call *call)
{
    EXPECT(call->actor == NULL);
    call->reply = json_incref(call->body);
}

static void system_done(void *context, const struct api_call *call)
{
    *(int *)context = call->status;
    EXPECT_INT(json_integer_value(json_object_get(call->reply, "x")), 7);
}

static void test_app_call(void)
{
    int status = 0;
    EXPECT_INT(app_call(&app, NULL, system_run, json_pack("{si}", "x", 7), system_done, &status),
               STATUS_OK);
    EXPECT_INT(status, 0);
    fake_run(db);
    EXPECT_INT(status, 200);
    fake_store.limit = 0;
    EXPECT_INT(app_call(&app, NULL, system_run, json_pack("{si}", "x", 7), system_done, &status),
               STATUS_FULL);
    fake_store.limit = 1000;
}

int main(void)
{
    static const struct test_case cases[] = {
        {"routing", test_routing},
        {"bad bodies", test_bad_bodies},
        {"session", test_session},
        {"duty", test_duty},
        {"wrong password", test_wrong_password},
        {"throttle", test_throttle},
        {"session cap", test_session_cap},
        {"overload", test_overload},
        {"store unavailable", test_store_unavailable},
        {"idempotency", test_idempotency},
        {"app_call", test_app_call},
    };
    db = demo_store(&folder, true);
    fake_app(&app);
    int result = TEST_MAIN(cases);
    db_close(db);
    temp_folder_remove(&folder);
    return result;
}
