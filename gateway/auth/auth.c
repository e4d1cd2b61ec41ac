#include "gateway/auth/auth.h"

#include "gateway/auth/auth_throttle.h"
#include "gateway/config/config.h"
#include "gateway/directory/duty_switch.h"
#include "proto/base/check.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define TOUCH_MS 60000         /* last_seen is written at most once a minute: a read stays a read */
#define SESSIONS_PER_ACCOUNT 8 /* two workplaces, a telephone, and what was left open */
#define ADDRESS_FACTOR                                                                             \
    8 /* tries of an address for one of a name: a hospital behind one address                      \
       */
#define IDEMPOTENCY_MS (24LL * 3600 * 1000) /* proto/signal/README.md keeps keys for a day */
#define SWEEP_MAX 200 /* sessions ended by one sweep: the next comes in a second */

/* An account that is on duty, or that waits for or holds a consultation, is not idle. $1 is the
 * account. */
#define HELD(account)                                                                              \
    "(EXISTS (SELECT 1 FROM duty d WHERE d.account_id = " account " AND d.on_duty = 1)"            \
    " OR EXISTS (SELECT 1 FROM consultation c WHERE c.requester_id = " account                     \
    " AND c.state IN ('offered', 'accepted', 'ready', 'in-session', 'interrupted'))"               \
    " OR EXISTS (SELECT 1 FROM consultation c WHERE c.consultant_id = " account                    \
    " AND c.state IN ('accepted', 'ready', 'in-session', 'interrupted'))"                          \
    " OR EXISTS (SELECT 1 FROM participation g WHERE g.account_id = " account                      \
    " AND g.role IN ('guest', 'observer') AND g.present = 1))"

static const struct {
    const char *name;
    enum role role;
} roles[] = {
    {"clinician", ROLE_CLINICIAN},
    {"specialist", ROLE_SPECIALIST},
    {"coordinator", ROLE_COORDINATOR},
    {"operator", ROLE_OPERATOR},
    {"admin", ROLE_ADMIN},
    {"approver", ROLE_APPROVER},
    {"manager", ROLE_MANAGER},
    {"reviewer", ROLE_REVIEWER},
    {"referrals", ROLE_REFERRALS},
};

struct auth_limits auth_limits_of(const struct api_config *config)
{
    struct auth_limits limits = {
        .idle_ms = 1800 * 1000LL,
        .absolute_ms = 43200 * 1000LL,
        .sessions_per_account = SESSIONS_PER_ACCOUNT,
        .tries_per_account = 8,
        .tries_per_address = 8 * ADDRESS_FACTOR,
        .window_ms = 900 * 1000LL,
    };
    if (config != NULL) {
        limits.idle_ms = config->session_idle_s * 1000;
        limits.absolute_ms = config->session_absolute_s * 1000;
        limits.tries_per_account = (unsigned)config->login_failures_max;
        limits.tries_per_address = (unsigned)config->login_failures_max * ADDRESS_FACTOR;
        limits.window_ms = config->login_window_s * 1000;
    }
    return limits;
}

bool auth_token_hash(const char *cookie_value, char out_hash[AUTH_TOKEN_HASH_SIZE])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (cookie_value == NULL || strlen(cookie_value) != AUTH_TOKEN_LEN ||
        strspn(cookie_value, alphabet) != AUTH_TOKEN_LEN) {
        return false;
    }
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)cookie_value, AUTH_TOKEN_LEN);
    sodium_bin2hex(out_hash, AUTH_TOKEN_HASH_SIZE, hash, sizeof hash);
    return true;
}

unsigned auth_role_of(const char *name)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(roles[i].name, name) == 0) {
            return roles[i].role;
        }
    }
    return 0;
}

const char *auth_role_name(enum role role)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (roles[i].role == role) {
            return roles[i].name;
        }
    }
    return "none";
}

static void copy_column(char *buffer, size_t buffer_len, struct db_query *q, int column)
{
    (void)snprintf(buffer, buffer_len, "%s", db_text(q, column));
}

static enum status load_roles(struct db *db, struct api_actor *actor)
{
    struct db_query q;
    db_begin_query(&q, db, "SELECT role FROM account_role WHERE account_id=$1");
    db_bind_text(&q, actor->account_id);
    while (db_next(&q)) {
        actor->roles |= auth_role_of(db_text(&q, 0));
    }
    return db_end(&q);
}

/* Everything of an enabled account; STATUS_NONE for any other. */
enum status auth_actor_of_account(struct db *db, const char *account_id,
                                  struct api_actor *out_actor)
{
    struct api_actor actor = {0};
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT a.id, p.organisation_id, p.id, a.language FROM account a"
                   " JOIN practitioner p ON p.id = a.practitioner_id AND p.active = 1"
                   " JOIN organisation o ON o.id = p.organisation_id AND o.active = 1"
                   " WHERE a.id=$1 AND a.disabled = 0");
    db_bind_text(&q, account_id);
    bool found = db_next(&q);
    if (found) {
        copy_column(actor.account_id, sizeof actor.account_id, &q, 0);
        copy_column(actor.organisation_id, sizeof actor.organisation_id, &q, 1);
        copy_column(actor.practitioner_id, sizeof actor.practitioner_id, &q, 2);
        copy_column(actor.language, sizeof actor.language, &q, 3);
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK || !found) {
        return status != STATUS_OK ? status : STATUS_NONE;
    }
    status = load_roles(db, &actor);
    if (status == STATUS_OK) {
        *out_actor = actor;
    }
    return status;
}

struct seen {
    char account_id[33], csrf_token[65];
    int64_t last_seen_ms, expires_ms;
};

static enum status read_session(struct db *db, const char *token_hash, struct seen *out_seen)
{
    struct db_query q;
    db_begin_query(
        &q, db,
        "SELECT account_id, csrf_token, last_seen_ms, expires_ms FROM session WHERE token_hash=$1");
    db_bind_text(&q, token_hash);
    bool found = db_next(&q);
    if (found) {
        copy_column(out_seen->account_id, sizeof out_seen->account_id, &q, 0);
        copy_column(out_seen->csrf_token, sizeof out_seen->csrf_token, &q, 1);
        out_seen->last_seen_ms = db_int(&q, 2);
        out_seen->expires_ms = db_int(&q, 3);
    }
    enum status status = db_end(&q);
    return status == STATUS_OK && !found ? STATUS_NONE : status;
}

enum status auth_actor_load(struct db *db, const char *token_hash, int64_t now_ms,
                            const struct api_config *config, struct api_actor *out_actor)
{
    struct auth_limits limits = auth_limits_of(config);
    struct seen seen = {0};
    enum status status = read_session(db, token_hash, &seen);
    if (status != STATUS_OK) {
        return status;
    }
    if (now_ms >= seen.expires_ms) {
        return STATUS_NONE;
    }
    if (now_ms - seen.last_seen_ms >= limits.idle_ms) {
        int64_t held = 0;
        status = db_one_int(db, &held, "SELECT 1 WHERE " HELD("$1"), "s", seen.account_id);
        if (status != STATUS_OK) {
            return status; /* STATUS_NONE: idle, and nothing holds it */
        }
    }
    struct api_actor actor;
    status = auth_actor_of_account(db, seen.account_id, &actor);
    if (status == STATUS_OK && now_ms - seen.last_seen_ms >= TOUCH_MS) {
        status = db_run(db, "UPDATE session SET last_seen_ms=$1 WHERE token_hash=$2", "is", now_ms,
                        token_hash);
    }
    if (status == STATUS_OK) {
        memcpy(actor.csrf_token, seen.csrf_token, sizeof actor.csrf_token);
        *out_actor = actor;
    }
    return status;
}

enum status auth_end_sessions(struct db *db, const char *account_id, int64_t now_ms)
{
    enum status status =
        db_run(db,
               "INSERT INTO session_ended (token_hash, account_id, at_ms)"
               " SELECT token_hash, account_id, $1 FROM session WHERE account_id=$2"
               " ON CONFLICT DO NOTHING",
               "is", now_ms, account_id);
    return status == STATUS_OK
               ? db_run(db, "DELETE FROM session WHERE account_id=$1", "s", account_id)
               : status;
}

struct ended {
    char token_hash[65], account_id[33];
};

static unsigned gather(struct db_query *q, struct ended *list)
{
    unsigned count = 0;
    while (count < SWEEP_MAX && db_next(q)) {
        copy_column(list[count].token_hash, sizeof list[count].token_hash, q, 0);
        copy_column(list[count].account_id, sizeof list[count].account_id, q, 1);
        count++;
    }
    return count;
}

/* The hub cuts the connections; whoever has no session left is no longer on duty. */
static enum status tell(struct api_call *call, const struct ended *ended, const char *reason)
{
    api_effect_push(call, EFFECT_SESSION_ENDED, ended->account_id, NULL,
                    json_pack("{ss, ss}", "token_hash", ended->token_hash, "reason", reason));
    int64_t left = 0;
    enum status status =
        db_one_int(call->db, &left, "SELECT count(*) FROM session WHERE account_id=$1", "s",
                   ended->account_id);
    if (status == STATUS_OK && left == 0 && !duty_end(call, ended->account_id, reason)) {
        status = STATUS_IO;
    }
    return status;
}

static enum status end_list(struct api_call *call, const struct ended *list, unsigned count,
                            const char *reason)
{
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < count && status == STATUS_OK; i++) {
        status =
            db_run(call->db, "DELETE FROM session WHERE token_hash=$1", "s", list[i].token_hash);
        if (status == STATUS_OK) {
            status = db_run(call->db, "DELETE FROM session_ended WHERE token_hash=$1", "s",
                            list[i].token_hash);
        }
        if (status == STATUS_OK) {
            status = tell(call, &list[i], reason);
        }
    }
    return status;
}

static enum status end_old(struct api_call *call, const struct auth_limits *limits)
{
    struct ended list[SWEEP_MAX];
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT s.token_hash, s.account_id FROM session s WHERE s.expires_ms <= $1"
                   " OR (s.last_seen_ms <= $2 AND NOT " HELD("s.account_id") ")");
    db_bind_int(&q, call->now_ms);
    db_bind_int(&q, call->now_ms - limits->idle_ms);
    unsigned count = gather(&q, list);
    enum status status = db_end(&q);
    return status == STATUS_OK ? end_list(call, list, count, "expired") : status;
}

/* Disabled accounts, people and institutions, and what consultctl ended. */
static enum status end_disabled(struct api_call *call)
{
    struct ended list[SWEEP_MAX];
    struct db_query q;
    db_begin_query(
        &q, call->db,
        "SELECT s.token_hash, s.account_id FROM session s JOIN account a ON a.id = s.account_id"
        " JOIN practitioner p ON p.id = a.practitioner_id JOIN organisation o ON o.id = "
        "p.organisation_id"
        " WHERE a.disabled = 1 OR p.active = 0 OR o.active = 0"
        " UNION SELECT token_hash, account_id FROM session_ended");
    unsigned count = gather(&q, list);
    enum status status = db_end(&q);
    return status == STATUS_OK ? end_list(call, list, count, "disabled") : status;
}

void auth_sweep(struct api_call *call)
{
    struct auth_limits limits = auth_limits_of(call->config);
    enum status status = end_old(call, &limits);
    if (status == STATUS_OK) {
        status = end_disabled(call);
    }
    if (status == STATUS_OK) {
        status = auth_throttle_sweep(call->db, call->now_ms, &limits);
    }
    if (status == STATUS_OK) {
        status = db_run(call->db, "DELETE FROM idempotency WHERE at_ms < $1", "i",
                        call->now_ms - IDEMPOTENCY_MS);
    }
    if (status != STATUS_OK && call->status < 400) {
        (void)api_store_failed(call, status);
    }
}
