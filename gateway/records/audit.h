/* The audit trail: rows that are only ever added, each with the SHA-256 of the one before (hash
 * chain), written in the same transaction as what they tell. seq is 1, 2, 3 ... without a gap; the
 * length and the last hash are kept once more in audit_head, and go to the log now and then, so
 * that a cut-off tail shows. SQL triggers refuse UPDATE and DELETE.
 *
 * hash = SHA-256 over the fields in this order, each as LENGTH ':' OCTETS ',' (a netstring; NULL is
 * '-' and ','): previous_hash seq at_ms consultation_id actor_id action from_state to_state
 * reason_code detail numbers in decimal. Store thread; the transaction is the caller's. */
#ifndef GATEWAY_RECORDS_AUDIT_H
#define GATEWAY_RECORDS_AUDIT_H

#include "gateway/store/db.h"

#include <jansson.h>

struct audit_entry {
    int64_t at_ms;
    const char *consultation_id; /* NULL, as the next ones: does not apply */
    const char *actor_id;        /* NULL: the system */
    const char *action;          /* "consultation.submit", "recording.play", "login.failed" ... */
    const char *from_state, *to_state, *reason_code;
    json_t *detail; /* borrowed; object of ids and hashes rather than content; NULL = {} */
};

/* STATUS_OK, STATUS_IO, STATUS_CONFLICT, STATUS_NO_MEMORY. */
MUST_USE enum status audit_append(struct db *db, const struct audit_entry *entry);

struct audit_verdict {
    bool holds;
    int64_t count;         /* rows read */
    int64_t first_bad_seq; /* where it breaks; 0 when it holds */
    const char *why;       /* "hash", "previous-hash", "gap", "tail", "head"; "" when it holds */
    char head_hash[65];
};
/* Walks the whole chain. STATUS_OK also when it does not hold; STATUS_IO when it cannot be read. */
MUST_USE enum status audit_verify(struct db *db, struct audit_verdict *out_verdict);
/* Only rows from_seq..to_seq, linked to the row before, and whether the chain's end agrees with the
 * head: for the answer about one consultation, whose cost must not grow with the age of the
 * installation. */
MUST_USE enum status audit_verify_range(struct db *db, int64_t from_seq, int64_t to_seq,
                                        struct audit_verdict *out_verdict);
/* Against an anchor that was kept elsewhere (a log line, a paper): is row `seq` there with this
 * hash? */
MUST_USE enum status audit_verify_anchor(struct db *db, int64_t seq, const char *hash,
                                         bool *out_holds);
/* Logs "audit_head seq=.. hash=.." when 100 rows or an hour have passed since the last time; force:
 * in any case. */
MUST_USE enum status audit_anchor(struct db *db, int64_t now_ms, bool force);

#endif
