#include "gateway/auth/auth_throttle.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* What is counted is a hash: a password typed into the name field must not lie about in the store.
 */
static void subject_of(const char *kind, const char *text, char out_hex[65])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)kind, strlen(kind));
    crypto_hash_sha256_update(&state, (const unsigned char *)text, strlen(text));
    crypto_hash_sha256_final(&state, hash);
    sodium_bin2hex(out_hex, 65, hash, sizeof hash);
}

static void account_subject(const char *login, char out_hex[65])
{
    subject_of("account:", login, out_hex);
}

/* IPv6: the /64, which is what one customer gets; IPv4-mapped ones count as IPv4. */
static void address_subject(const char *address, char out_hex[65])
{
    char text[64] = "unknown";
    struct in6_addr a;
    if (address != NULL && inet_pton(AF_INET6, address, &a) == 1 && !IN6_IS_ADDR_V4MAPPED(&a)) {
        sodium_bin2hex(text, sizeof text, a.s6_addr, 8);
    } else if (address != NULL) {
        const char *v4 = strrchr(address, ':');
        (void)snprintf(text, sizeof text, "%s", v4 != NULL ? v4 + 1 : address);
    }
    subject_of("address:", text, out_hex);
}

/* Tries left? *out_start_ms: of the running window. */
static enum status look(struct db *db, const char *subject, int64_t now_ms, int64_t window_ms,
                        unsigned max, bool *out_full, int64_t *out_start_ms)
{
    struct db_query q;
    db_begin_query(&q, db, "SELECT window_start_ms, count FROM login_count WHERE subject=$1");
    db_bind_text(&q, subject);
    bool full = false;
    int64_t start_ms = now_ms;
    if (db_next(&q) && db_int(&q, 0) + window_ms > now_ms && db_int(&q, 0) <= now_ms) {
        start_ms = db_int(&q, 0);
        full = db_int(&q, 1) >= (int64_t)max;
    }
    enum status status = db_end(&q);
    *out_full = full;
    *out_start_ms = start_ms;
    return status;
}

static enum status count(struct db *db, const char *subject, int64_t start_ms)
{
    return db_run(db,
                  "INSERT INTO login_count (subject, window_start_ms, count) VALUES ($1, $2, 1) ON "
                  "CONFLICT (subject) DO UPDATE"
                  " SET count = CASE WHEN login_count.window_start_ms = excluded.window_start_ms "
                  "THEN login_count.count + 1"
                  " ELSE 1 END, window_start_ms = excluded.window_start_ms",
                  "si", subject, start_ms);
}

enum status auth_throttle_take(struct db *db, const char *login, const char *address,
                               int64_t now_ms, const struct auth_limits *limits, int *out_retry_s)
{
    char subjects[2][65];
    unsigned max[2] = {limits->tries_per_account, limits->tries_per_address};
    int64_t starts[2] = {0, 0};
    account_subject(login, subjects[0]);
    address_subject(address, subjects[1]);
    int64_t retry_ms = 0;
    for (int i = 0; i < 2; i++) {
        bool full = false;
        enum status status =
            look(db, subjects[i], now_ms, limits->window_ms, max[i], &full, &starts[i]);
        if (status != STATUS_OK) {
            return status;
        }
        int64_t left_ms = starts[i] + limits->window_ms - now_ms;
        if (full && left_ms > retry_ms) {
            retry_ms = left_ms;
        }
    }
    if (retry_ms > 0) {
        *out_retry_s = (int)((retry_ms + 999) / 1000);
        return STATUS_REFUSED;
    }
    enum status status = count(db, subjects[0], starts[0]);
    return status == STATUS_OK ? count(db, subjects[1], starts[1]) : status;
}

enum status auth_throttle_clear(struct db *db, const char *login, const char *address)
{
    char subject[65];
    account_subject(login, subject);
    enum status status = db_run(db, "DELETE FROM login_count WHERE subject=$1", "s", subject);
    address_subject(address, subject);
    return status == STATUS_OK
               ? db_run(db,
                        "UPDATE login_count SET count = count - 1 WHERE subject=$1 AND count > 0",
                        "s", subject)
               : status;
}

enum status auth_throttle_sweep(struct db *db, int64_t now_ms, const struct auth_limits *limits)
{
    return db_run(db, "DELETE FROM login_count WHERE window_start_ms < $1 OR window_start_ms > $2",
                  "ii", now_ms - limits->window_ms, now_ms + limits->window_ms);
}
