#include "gateway/records/audit.h"

#include "gateway/records/canonical.h"
#include "media/rt/log.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANCHOR_ROWS 100   /* rows that may be lost unseen if rows and head are rewritten together */
#define ANCHOR_MS 3600000 /* and time */

struct audit_fields {
    const char *previous;
    int64_t seq, at_ms;
    const char *texts[7]; /* consultation actor action from to reason detail; NULL = none */
};

static void hash_text(crypto_hash_sha256_state *state, const char *text)
{
    char length[24];
    if (text == NULL) {
        (void)crypto_hash_sha256_update(state, (const unsigned char *)"-,", 2);
        return;
    }
    int n = snprintf(length, sizeof length, "%zu:", strlen(text));
    (void)crypto_hash_sha256_update(state, (const unsigned char *)length, (unsigned long long)n);
    (void)crypto_hash_sha256_update(state, (const unsigned char *)text, strlen(text));
    (void)crypto_hash_sha256_update(state, (const unsigned char *)",", 1);
}

static void hash_row(const struct audit_fields *row, char out_hex[65])
{
    crypto_hash_sha256_state state;
    unsigned char hash[crypto_hash_sha256_BYTES];
    char number[24];
    (void)crypto_hash_sha256_init(&state);
    hash_text(&state, row->previous);
    (void)snprintf(number, sizeof number, "%" PRId64, row->seq);
    hash_text(&state, number);
    (void)snprintf(number, sizeof number, "%" PRId64, row->at_ms);
    hash_text(&state, number);
    for (size_t i = 0; i < 7; i++) {
        hash_text(&state, row->texts[i]);
    }
    (void)crypto_hash_sha256_final(&state, hash);
    sodium_bin2hex(out_hex, 65, hash, sizeof hash);
}

static enum status read_head(struct db *db, int64_t *out_count, char out_hash[65])
{
    struct db_query q;
    db_begin_query(&q, db, "SELECT count, hash FROM audit_head WHERE id = 1");
    bool found = db_next(&q);
    if (found) {
        *out_count = db_int(&q, 0);
        (void)snprintf(out_hash, 65, "%s", db_text(&q, 1));
    }
    enum status status = db_end(&q);
    return status == STATUS_OK && !found ? STATUS_IO : status;
}

static enum status insert(struct db *db, const struct audit_fields *row, const char *hash)
{
    enum status status =
        db_run(db,
               "INSERT INTO audit (seq, at_ms, consultation_id, actor_id, action, from_state, "
               "to_state, reason_code, detail, "
               "previous_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
               "iisssssssss", row->seq, row->at_ms, row->texts[0], row->texts[1], row->texts[2],
               row->texts[3], row->texts[4], row->texts[5], row->texts[6], row->previous, hash);
    if (status != STATUS_OK) {
        return status;
    }
    return db_run(db, "UPDATE audit_head SET count = $1, hash = $2 WHERE id = 1", "is", row->seq,
                  hash);
}

enum status audit_append(struct db *db, const struct audit_entry *entry)
{
    char previous[65], hash[65];
    int64_t count = 0;
    enum status status = read_head(db, &count, previous);
    if (status != STATUS_OK) {
        return status;
    }
    char *detail = NULL;
    size_t detail_len = 0;
    json_t *empty = json_object();
    status = canonical_write(entry->detail == NULL ? empty : entry->detail, &detail, &detail_len);
    json_decref(empty);
    if (status != STATUS_OK) {
        return status;
    }
    struct audit_fields row = {previous,
                               count + 1,
                               entry->at_ms,
                               {entry->consultation_id, entry->actor_id, entry->action,
                                entry->from_state, entry->to_state, entry->reason_code, detail}};
    hash_row(&row, hash);
    status = insert(db, &row, hash);
    free(detail);
    return status;
}

static void read_row(struct db_query *q, struct audit_fields *out_row)
{
    out_row->seq = db_int(q, 0);
    out_row->at_ms = db_int(q, 1);
    for (int i = 0; i < 7; i++) {
        out_row->texts[i] = db_is_null(q, 2 + i) ? NULL : db_text(q, 2 + i);
    }
}

/* One row against what the chain says so far; "" = fits. `previous` is the hash of the row before
 * and becomes this one's. */
static const char *check_row(struct db_query *q, int64_t expected_seq, char previous[65])
{
    struct audit_fields row;
    char hash[65];
    read_row(q, &row);
    if (row.seq != expected_seq) {
        return "gap";
    }
    if (strcmp(db_text(q, 9), previous) != 0) {
        return "previous-hash";
    }
    row.previous = previous;
    hash_row(&row, hash);
    if (strcmp(db_text(q, 10), hash) != 0) {
        return "hash";
    }
    memcpy(previous, hash, sizeof hash);
    return "";
}

/* Rows from_seq..to_seq; previous holds the hash before the first and then that of the last. */
static enum status walk(struct db *db, int64_t from_seq, int64_t to_seq, char previous[65],
                        struct audit_verdict *verdict)
{
    struct db_query q;
    int64_t expected = from_seq;
    db_begin_query(&q, db,
                   "SELECT seq, at_ms, consultation_id, actor_id, action, from_state, to_state, "
                   "reason_code, detail, "
                   "previous_hash, hash FROM audit WHERE seq >= $1 AND seq <= $2 ORDER BY seq");
    db_bind_int(&q, from_seq);
    db_bind_int(&q, to_seq);
    while (verdict->why[0] == '\0' && db_next(&q)) {
        verdict->count++;
        verdict->why = check_row(&q, expected, previous);
        if (verdict->why[0] != '\0') {
            verdict->first_bad_seq = expected;
        }
        expected++;
    }
    return db_end(&q);
}

/* The last row as it is stored: its seq and hash; 0 and zeros when there is none. */
static enum status read_last(struct db *db, int64_t *out_seq, char out_hash[65])
{
    struct db_query q;
    db_begin_query(&q, db, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");
    if (db_next(&q)) {
        *out_seq = db_int(&q, 0);
        (void)snprintf(out_hash, 65, "%s", db_text(&q, 1));
    }
    return db_end(&q);
}

static void check_head(int64_t count, const char *head, int64_t last, const char *last_hash,
                       struct audit_verdict *verdict)
{
    if (verdict->why[0] == '\0' && last != count) {
        verdict->why = "tail"; /* rows are missing at the end, or were added without the head */
        verdict->first_bad_seq = (last < count ? last : count) + 1;
    } else if (verdict->why[0] == '\0' && strcmp(last_hash, head) != 0) {
        verdict->why = "head";
        verdict->first_bad_seq = count;
    }
    memcpy(verdict->head_hash, head, 65);
    verdict->holds = verdict->why[0] == '\0';
}

enum status audit_verify_range(struct db *db, int64_t from_seq, int64_t to_seq,
                               struct audit_verdict *out_verdict)
{
    char head[65], previous[65], last_hash[65];
    int64_t count = 0, last = 0;
    memset(out_verdict, 0, sizeof *out_verdict);
    out_verdict->why = "";
    memset(previous, '0', 64);
    previous[64] = '\0';
    memcpy(last_hash, previous, sizeof last_hash);
    enum status status = read_head(db, &count, head);
    if (status == STATUS_OK) {
        status = read_last(db, &last, last_hash);
    }
    if (status == STATUS_OK && from_seq > 1) {
        status = db_one_text(db, previous, sizeof previous, "SELECT hash FROM audit WHERE seq = $1",
                             "i", from_seq - 1);
        if (status == STATUS_NONE) {
            out_verdict->why = "gap";
            out_verdict->first_bad_seq = from_seq - 1;
            status = STATUS_OK;
        }
    }
    status = status == STATUS_OK ? walk(db, from_seq, to_seq, previous, out_verdict) : status;
    if (status == STATUS_OK) {
        check_head(count, head, last, last_hash, out_verdict);
    }
    return status;
}

enum status audit_verify(struct db *db, struct audit_verdict *out_verdict)
{
    return audit_verify_range(db, 1, INT64_MAX, out_verdict);
}

enum status audit_verify_anchor(struct db *db, int64_t seq, const char *hash, bool *out_holds)
{
    char found[65];
    enum status status =
        db_one_text(db, found, sizeof found, "SELECT hash FROM audit WHERE seq = $1", "i", seq);
    *out_holds = status == STATUS_OK && strcmp(found, hash) == 0;
    return status == STATUS_NONE ? STATUS_OK : status;
}

enum status audit_anchor(struct db *db, int64_t now_ms, bool force)
{
    char hash[65] = "";
    int64_t count = 0, last_count = 0, last_ms = 0;
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT count, hash, anchored_count, anchored_ms FROM audit_head WHERE id = 1");
    if (db_next(&q)) {
        count = db_int(&q, 0);
        (void)snprintf(hash, sizeof hash, "%s", db_text(&q, 1));
        last_count = db_int(&q, 2);
        last_ms = db_int(&q, 3);
    }
    enum status status = db_end(&q);
    bool due =
        count - last_count >= ANCHOR_ROWS || (count > last_count && now_ms - last_ms >= ANCHOR_MS);
    if (status != STATUS_OK || (!due && !force)) {
        return status;
    }
    log_info("audit_head", "seq=%" PRId64 " hash=%s", count, hash);
    return db_run(db, "UPDATE audit_head SET anchored_count = $1, anchored_ms = $2 WHERE id = 1",
                  "ii", count, now_ms);
}
