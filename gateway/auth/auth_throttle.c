#include "gateway/auth/auth_throttle.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define STRANGER_FACTOR 4 /* tries at one name from all places that never signed in with it */
#define KNOWN_MS (90LL * 24 * 3600 * 1000) /* a place of work stays known over a leave */

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

/* IPv6: the /64, which is what one customer gets; IPv4-mapped ones count as IPv4. */
static void place_of(const char *address, char out_text[64])
{
    struct in6_addr a;
    (void)snprintf(out_text, 64, "unknown");
    if (address != NULL && inet_pton(AF_INET6, address, &a) == 1 && !IN6_IS_ADDR_V4MAPPED(&a)) {
        sodium_bin2hex(out_text, 64, a.s6_addr, 8);
    } else if (address != NULL) {
        const char *v4 = strrchr(address, ':');
        (void)snprintf(out_text, 64, "%s", v4 != NULL ? v4 + 1 : address);
    }
}

/* What is counted for one try. */
enum { PAIR, PLACE, STRANGERS, SUBJECTS };

struct subjects {
    char counted[SUBJECTS][65];
    char known[65]; /* the pair once more: where this account has signed in before */
};

static void subjects_of(const char *login, const char *address, struct subjects *out)
{
    char place[64];
    char pair[AUTH_LOGIN_MAX * 4 + 80];
    place_of(address, place);
    (void)snprintf(pair, sizeof pair, "%s\n%s", place, login);
    subject_of("pair:", pair, out->counted[PAIR]);
    subject_of("address:", place, out->counted[PLACE]);
    subject_of("account:", login, out->counted[STRANGERS]);
    subject_of("known:", pair, out->known);
}

static enum status is_known(struct db *db, const struct subjects *subjects, bool *out_known)
{
    int64_t since_ms = 0;
    enum status status = db_one_int(
        db, &since_ms, "SELECT window_start_ms FROM login_count WHERE subject=$1 AND count = -1",
        "s", subjects->known);
    *out_known = status == STATUS_OK;
    return status == STATUS_NONE ? STATUS_OK : status;
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

/* A try from a known place is refused by the count of its own pair alone: nobody elsewhere, and no
 * neighbour's mistyping, locks it out. It is counted for the place all the same. */
enum status auth_throttle_take(struct db *db, const char *login, const char *address,
                               int64_t now_ms, const struct auth_limits *limits, int *out_retry_s)
{
    const unsigned max[SUBJECTS] = {limits->tries_per_account, limits->tries_per_address,
                                    limits->tries_per_account * STRANGER_FACTOR};
    struct subjects subjects;
    int64_t starts[SUBJECTS] = {0};
    int64_t retry_ms = 0;
    bool known = false;
    subjects_of(login, address, &subjects);
    enum status status = is_known(db, &subjects, &known);
    for (int i = 0; i < SUBJECTS && status == STATUS_OK; i++) {
        bool full = false;
        status =
            look(db, subjects.counted[i], now_ms, limits->window_ms, max[i], &full, &starts[i]);
        int64_t left_ms = starts[i] + limits->window_ms - now_ms;
        if (full && (i == PAIR || !known) && left_ms > retry_ms) {
            retry_ms = left_ms;
        }
    }
    if (status == STATUS_OK && retry_ms > 0) {
        *out_retry_s = (int)((retry_ms + 999) / 1000);
        return STATUS_REFUSED;
    }
    for (int i = 0; i < (known ? STRANGERS : SUBJECTS) && status == STATUS_OK; i++) {
        status = count(db, subjects.counted[i], starts[i]);
    }
    return status;
}

enum status auth_throttle_place(struct db *db, const char *kind, const char *address,
                                int64_t now_ms, const struct auth_limits *limits, int *out_retry_s)
{
    char place[64], text[96], subject[65];
    bool full = false;
    int64_t start_ms = 0;
    place_of(address, place);
    (void)snprintf(text, sizeof text, "%.16s\n%s", kind, place);
    subject_of("place:", text, subject);
    enum status status =
        look(db, subject, now_ms, limits->window_ms, limits->tries_per_address, &full, &start_ms);
    if (status == STATUS_OK && full) {
        *out_retry_s = (int)((start_ms + limits->window_ms - now_ms + 999) / 1000);
        return STATUS_REFUSED;
    }
    return status == STATUS_OK ? count(db, subject, start_ms) : status;
}

enum status auth_throttle_clear(struct db *db, const char *login, const char *address,
                                int64_t now_ms)
{
    struct subjects subjects;
    bool known = false;
    subjects_of(login, address, &subjects);
    enum status status = is_known(db, &subjects, &known);
    if (status == STATUS_OK) {
        status =
            db_run(db, "DELETE FROM login_count WHERE subject=$1", "s", subjects.counted[PAIR]);
    }
    for (int i = PLACE; i < (known ? STRANGERS : SUBJECTS) && status == STATUS_OK; i++) {
        status =
            db_run(db, "UPDATE login_count SET count = count - 1 WHERE subject=$1 AND count > 0",
                   "s", subjects.counted[i]);
    }
    return status == STATUS_OK
               ? db_run(db,
                        "INSERT INTO login_count (subject, window_start_ms, count) VALUES ($1, $2, "
                        "-1) ON CONFLICT (subject) DO UPDATE SET window_start_ms = "
                        "excluded.window_start_ms",
                        "si", subjects.known, now_ms)
               : status;
}

enum status auth_throttle_sweep(struct db *db, int64_t now_ms, const struct auth_limits *limits)
{
    enum status status = db_run(
        db,
        "DELETE FROM login_count WHERE count >= 0 AND (window_start_ms < $1 OR window_start_ms > "
        "$2)",
        "ii", now_ms - limits->window_ms, now_ms + limits->window_ms);
    return status == STATUS_OK
               ? db_run(db, "DELETE FROM login_count WHERE count = -1 AND window_start_ms < $1",
                        "i", now_ms - KNOWN_MS)
               : status;
}
