/* Sessions over virtual time, the sweep, sign-in counts, passwords and signing keys; a real store,
 * no sockets, no sleeps. */
#include "gateway/auth/auth.h"
#include "gateway/auth/auth_throttle.h"
#include "gateway/auth/sign.h"
#include "gateway/config/config.h"
#include "gateway/directory/directory.h"
#include "gateway/dispatch_call.h"
#include "gateway/partnership/rules_load.h"
#include "tests/unit/gateway/demo_store.h"

#include <sys/stat.h>

#define MINUTE 60000LL
#define DAY (24 * 60 * MINUTE)
#define T0 1800000000000LL
#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct temp_folder folder;
static struct db *db;

static void account_of(const char *login, char out_id[33])
{
    EXPECT_INT(db_one_text(db, out_id, 33, "SELECT id FROM account WHERE login=$1", "s", login),
               STATUS_OK);
}

static void open_session(const char *login, const char *token_hash)
{
    char id[33];
    account_of(login, id);
    EXPECT_INT(db_run(db, "INSERT INTO session VALUES ($1, $2, 'csrf', $3, $3, $4)", "ssii",
                      token_hash, id, T0, T0 + 12 * 60 * MINUTE),
               STATUS_OK);
}

static int64_t sessions(void)
{
    int64_t n = -1;
    EXPECT_INT(db_one_int(db, &n, "SELECT count(*) FROM session", ""), STATUS_OK);
    return n;
}

/* The sweep as the gateway runs it; returns the effects it had. */
static unsigned sweep(int64_t now_ms, const char *reason)
{
    struct api_call call = {.db = db, .now_ms = now_ms, .status = 200, .method = ""};
    EXPECT_INT(db_begin(db), STATUS_OK);
    auth_sweep(&call);
    EXPECT_INT(call.status, 200);
    EXPECT_INT(db_commit(db), STATUS_OK);
    unsigned count = 0;
    for (const struct api_effect *e = call.effects; e != NULL; e = e->next) {
        if (e->kind == EFFECT_SESSION_ENDED) {
            EXPECT_TEXT(json_string_value(json_object_get(e->message, "reason")), reason);
            EXPECT(json_is_string(json_object_get(e->message, "token_hash")));
            count++;
        }
    }
    dispatch_effects_free(call.effects);
    return count;
}

static enum status load(const char *token_hash, int64_t now_ms)
{
    struct api_actor actor;
    return auth_actor_load(db, token_hash, now_ms, NULL, &actor);
}

static void test_idle(void)
{
    open_session("demo.clinician1", HASH);
    EXPECT_INT(load("unknown", T0), STATUS_NONE);
    struct api_actor actor;
    EXPECT_INT(auth_actor_load(db, HASH, T0 + 29 * MINUTE, NULL, &actor), STATUS_OK);
    EXPECT_INT(actor.roles, ROLE_CLINICIAN);
    EXPECT_TEXT(actor.csrf_token, "csrf");
    EXPECT_TEXT(actor.language, "zh-CN");
    EXPECT(api_id(actor.account_id) && api_id(actor.organisation_id) &&
           api_id(actor.practitioner_id));
    EXPECT_INT(load(HASH, T0 + 58 * MINUTE), STATUS_OK); /* the use before counts */
    EXPECT_INT(load(HASH, T0 + 88 * MINUTE), STATUS_NONE);
    EXPECT_INT(sweep(T0 + 88 * MINUTE, "expired"), 1);
    EXPECT_INT(sessions(), 0);
    EXPECT_INT(sweep(T0 + 88 * MINUTE, "expired"), 0);
}

/* A specialist who is on duty waits for hours without a request; only the absolute end counts. */
static void test_on_duty_is_not_idle(void)
{
    char id[33];
    account_of("demo.specialist1", id);
    open_session("demo.specialist1", HASH);
    EXPECT_INT(db_run(db, "INSERT INTO duty (account_id, on_duty, since_ms) VALUES ($1, 1, $2)",
                      "si", id, T0),
               STATUS_OK);
    EXPECT_INT(sweep(T0 + 300 * MINUTE, "expired"), 0);
    EXPECT_INT(load(HASH, T0 + 300 * MINUTE), STATUS_OK);
    EXPECT_INT(load(HASH, T0 + 12 * 60 * MINUTE), STATUS_NONE);
    EXPECT_INT(sweep(T0 + 12 * 60 * MINUTE, "expired"), 1);
    int64_t on_duty = 1;
    EXPECT_INT(db_one_int(db, &on_duty, "SELECT on_duty FROM duty WHERE account_id=$1", "s", id),
               STATUS_OK);
    EXPECT_INT(on_duty, 0); /* nobody is there any more */
    EXPECT_INT(db_run(db, "DELETE FROM duty", ""), STATUS_OK);
}

static void test_disabled(void)
{
    char id[33];
    account_of("demo.clinician2", id);
    open_session("demo.clinician2", HASH);
    EXPECT_INT(db_run(db, "UPDATE account SET disabled=1 WHERE id=$1", "s", id), STATUS_OK);
    EXPECT_INT(load(HASH, T0), STATUS_NONE);
    struct api_actor actor;
    EXPECT_INT(auth_actor_of_account(db, id, &actor), STATUS_NONE);
    EXPECT_INT(sweep(T0, "disabled"), 1);
    EXPECT_INT(db_run(db, "UPDATE account SET disabled=0 WHERE id=$1", "s", id), STATUS_OK);
    open_session("demo.clinician2", HASH);
    EXPECT_INT(auth_end_sessions(db, id, T0), STATUS_OK); /* as consultctl does */
    EXPECT_INT(load(HASH, T0), STATUS_NONE);
    EXPECT_INT(sweep(T0, "disabled"), 1);
    EXPECT_INT(sweep(T0, "disabled"), 0);
    open_session("demo.clinician2", HASH);
    EXPECT_INT(db_run(db, "UPDATE organisation SET active=0 WHERE code='DEMO-TOWN-2'", ""),
               STATUS_OK);
    EXPECT_INT(load(HASH, T0), STATUS_NONE);
    EXPECT_INT(sweep(T0, "disabled"), 1);
    EXPECT_INT(db_run(db, "UPDATE organisation SET active=1", ""), STATUS_OK);
}

static void test_tokens(void)
{
    char hash[AUTH_TOKEN_HASH_SIZE] = "untouched";
    static const char *const bad[] = {NULL,
                                      "",
                                      "short",
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'",
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        EXPECT(!auth_token_hash(bad[i], hash));
    }
    EXPECT_TEXT(hash, "untouched");
    EXPECT(auth_token_hash("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", hash));
    EXPECT_INT(strlen(hash), 64);
    EXPECT_INT(auth_role_of("admin"), ROLE_ADMIN);
    EXPECT_INT(auth_role_of("root"), 0);
    EXPECT_TEXT(auth_role_name(ROLE_COORDINATOR), "coordinator");
}

static enum status try_at(const char *login, const char *address, int64_t now_ms, int *retry_s)
{
    struct auth_limits limits = {
        .tries_per_account = 3, .tries_per_address = 5, .window_ms = MINUTE};
    return auth_throttle_take(db, login, address, now_ms, &limits, retry_s);
}

/* Nobody elsewhere locks an account out of the place where it has signed in before. */
static void test_lockout(void)
{
    struct auth_limits limits = {.window_ms = MINUTE};
    int retry_s = 0;
    char address[32];
    EXPECT_INT(try_at("anna", "192.0.2.10", T0, &retry_s), STATUS_OK);
    EXPECT_INT(auth_throttle_clear(db, "anna", "192.0.2.10", T0), STATUS_OK);
    for (int i = 0; i < 12; i++) { /* a guesser with many addresses: four times three tries */
        (void)snprintf(address, sizeof address, "198.51.100.%d", i);
        EXPECT_INT(try_at("anna", address, T0, &retry_s), STATUS_OK);
    }
    EXPECT_INT(try_at("anna", "198.51.100.99", T0, &retry_s), STATUS_REFUSED);
    EXPECT_INT(retry_s, 60);
    EXPECT_INT(try_at("anna", "203.0.113.1", T0, &retry_s), STATUS_REFUSED); /* nor herself anew */
    EXPECT_INT(try_at("anna", "192.0.2.10", T0, &retry_s), STATUS_OK);
    for (int i = 0; i < 4; i++) { /* the neighbours mistype until the address is full */
        (void)snprintf(address, sizeof address, "neighbour%d", i);
        EXPECT_INT(try_at(address, "192.0.2.10", T0, &retry_s), STATUS_OK);
    }
    EXPECT_INT(try_at("neighbour9", "192.0.2.10", T0, &retry_s), STATUS_REFUSED);
    EXPECT_INT(try_at("anna", "192.0.2.10", T0, &retry_s), STATUS_OK);
    EXPECT_INT(try_at("anna", "192.0.2.10", T0, &retry_s), STATUS_OK);
    EXPECT_INT(try_at("anna", "192.0.2.10", T0, &retry_s), STATUS_REFUSED); /* her own three */
    EXPECT_INT(auth_throttle_sweep(db, T0 + 89 * DAY, &limits), STATUS_OK);
    int64_t rows = -1;
    EXPECT_INT(db_one_int(db, &rows, "SELECT count(*) FROM login_count", ""), STATUS_OK);
    EXPECT_INT(rows, 1); /* the known place is left, and as a hash */
    EXPECT_INT(auth_throttle_sweep(db, T0 + 91 * DAY, &limits), STATUS_OK);
    EXPECT_INT(db_one_int(db, &rows, "SELECT count(*) FROM login_count", ""), STATUS_OK);
    EXPECT_INT(rows, 0);
}

static void test_throttle(void)
{
    int retry_s = 0;
    for (int i = 0; i < 3; i++) {
        EXPECT_INT(try_at("a", "192.0.2.1", T0 + i, &retry_s), STATUS_OK);
    }
    EXPECT_INT(try_at("a", "192.0.2.1", T0 + 10000, &retry_s), STATUS_REFUSED); /* name and place */
    EXPECT_INT(retry_s, 50);
    EXPECT_INT(try_at("a", "192.0.2.2", T0, &retry_s), STATUS_OK); /* elsewhere */
    EXPECT_INT(try_at("b", "192.0.2.1", T0, &retry_s), STATUS_OK);
    EXPECT_INT(try_at("c", "::ffff:192.0.2.1", T0, &retry_s), STATUS_OK);
    EXPECT_INT(try_at("d", "192.0.2.1", T0, &retry_s),
               STATUS_REFUSED); /* the address, for anybody */
    EXPECT_INT(try_at("a", "192.0.2.1", T0 + MINUTE, &retry_s), STATUS_OK); /* a new window */
    EXPECT_INT(auth_throttle_clear(db, "a", "192.0.2.1", T0), STATUS_OK);
    for (int i = 0; i < 5; i++) {
        char login[8];
        (void)snprintf(login, sizeof login, "v6-%d", i);
        EXPECT_INT(try_at(login, i % 2 == 0 ? "2001:db8::1" : "2001:db8::ffff:2", T0, &retry_s),
                   STATUS_OK);
    }
    EXPECT_INT(try_at("v6-9", "2001:db8::7", T0, &retry_s), STATUS_REFUSED);
    EXPECT_INT(try_at("v6-9", "2001:db8:0:1::7", T0, &retry_s), STATUS_OK);
    struct auth_limits limits = {.window_ms = MINUTE};
    EXPECT_INT(auth_throttle_sweep(db, T0 + 100 * DAY, &limits), STATUS_OK);
    int64_t rows = -1;
    EXPECT_INT(db_one_int(db, &rows, "SELECT count(*) FROM login_count", ""), STATUS_OK);
    EXPECT_INT(rows, 0);
}

static void test_passwords(void)
{
    char hash[AUTH_PASSWORD_HASH_SIZE];
    char again[AUTH_PASSWORD_HASH_SIZE];
    EXPECT_INT(auth_password_hash("correct horse", hash), STATUS_OK);
    EXPECT_INT(auth_password_hash("correct horse", again), STATUS_OK);
    EXPECT(strncmp(hash, "$argon2id$v=19$m=65536,t=3,p=1$", 31) == 0);
    EXPECT(strcmp(hash, again) != 0);
    EXPECT(auth_password_verify(hash, "correct horse"));
    EXPECT(!auth_password_verify(hash, "Correct horse"));
    EXPECT(!auth_password_verify("", "correct horse"));
    EXPECT(!auth_password_verify(NULL, ""));
    EXPECT(!auth_password_verify("not a hash", "x"));
    EXPECT(auth_password_acceptable("八个字的密码也行"));
    EXPECT(!auth_password_acceptable("seven77") && !auth_password_acceptable("with\ttab123"));
}

static void test_signing(void)
{
    char id[33];
    char known[65];
    EXPECT_INT(
        db_one_text(db, id, sizeof id, "SELECT id FROM organisation WHERE code='DEMO-CITY-1'", ""),
        STATUS_OK);
    EXPECT_INT(db_one_text(db, known, sizeof known,
                           "SELECT signing_public_key FROM organisation WHERE id=$1", "s", id),
               STATUS_OK);
    struct sign_keys keys = {folder.path};
    char signature[SIGN_SIGNATURE_SIZE];
    char public_key[SIGN_PUBLIC_KEY_SIZE] = "";
    EXPECT_INT(sign_with_organisation(&keys, id, "opinion", 7, signature, public_key), STATUS_OK);
    EXPECT_TEXT(public_key, known);
    EXPECT(sign_verify(public_key, signature, "opinion", 7));
    EXPECT(!sign_verify(public_key, signature, "opiniom", 7));
    EXPECT(!sign_verify(public_key, "zz", "opinion", 7) &&
           !sign_verify("", signature, "opinion", 7));
    signature[0] = signature[0] == '0' ? '1' : '0';
    EXPECT(!sign_verify(public_key, signature, "opinion", 7));
    EXPECT_INT(sign_with_organisation(&keys, "../../etc/passwd", "x", 1, signature, public_key),
               STATUS_UNKNOWN);
    EXPECT_INT(sign_with_organisation(&keys, "00000000000000000000000000000000", "x", 1, signature,
                                      public_key),
               STATUS_UNKNOWN);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/keys/%s.key", folder.path, id);
    EXPECT_INT(chmod(path, 0644), 0); /* others could have read it */
    EXPECT_INT(sign_with_organisation(&keys, id, "x", 1, signature, public_key), STATUS_IO);
    EXPECT_INT(chmod(path, 0600), 0);
}

static void test_directory(void)
{
    char id[33];
    account_of("demo.specialist3", id);
    json_t *person = directory_person_json(db, id);
    EXPECT_TEXT(json_string_value(json_object_get(person, "account")), id);
    EXPECT_TEXT(json_string_value(json_object_get(person, "title")), "chief");
    EXPECT_TEXT(
        json_string_value(json_object_get(json_object_get(person, "organisation"), "level")),
        "province");
    json_decref(person);
    EXPECT(directory_person_json(db, "nobody") == NULL);
    EXPECT(directory_organisation_json(db, "none") == NULL);
    EXPECT(directory_specialty_exists(db, "cardiology") &&
           !directory_specialty_exists(db, "alchemy"));
    EXPECT_INT(directory_on_duty_count(db, "none", "cardiology"), 0);
    char day[11];
    rules_today(1795276800000LL, day); /* 2026-11-21T16:00Z: already the next day in China */
    EXPECT_TEXT(day, "2026-11-22");
    rules_today(1795276799999LL, day);
    EXPECT_TEXT(day, "2026-11-21");
}

static void test_limits(void)
{
    struct config *config = NULL;
    struct config_error error;
    EXPECT_INT(config_create(&config), STATUS_OK);
    struct auth_limits by_table = auth_limits_of(config_values(config));
    struct auth_limits by_default = auth_limits_of(NULL);
    EXPECT_INT(by_table.idle_ms, by_default.idle_ms); /* the struct has padding: member by member */
    EXPECT_INT(by_table.absolute_ms, by_default.absolute_ms);
    EXPECT_INT(by_table.sessions_per_account, by_default.sessions_per_account);
    EXPECT_INT(by_table.tries_per_account, by_default.tries_per_account);
    EXPECT_INT(by_table.tries_per_address, by_default.tries_per_address);
    EXPECT_INT(config_set(config, "test", "session_idle_s", "60", &error), STATUS_OK);
    EXPECT_INT(auth_limits_of(config_values(config)).idle_ms, 60000);
    config_destroy(config);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"idle", test_idle},           {"on duty is not idle", test_on_duty_is_not_idle},
        {"disabled", test_disabled},   {"tokens", test_tokens},
        {"throttle", test_throttle},   {"lock-out", test_lockout},
        {"passwords", test_passwords}, {"signing", test_signing},
        {"directory", test_directory}, {"limits", test_limits},
    };
    db = demo_store(&folder, false);
    int result = TEST_MAIN(cases);
    db_close(db);
    temp_folder_remove(&folder);
    return result;
}
