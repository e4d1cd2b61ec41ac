/* Import of organisations, specialties, people with accounts, partnerships, agreements and shifts
 * from one JSON file; the format is in README.md beside this file. Idempotent by code: what is
 * there is brought to what the file says, what the file does not name stays. All or nothing: one
 * transaction, and the first fault is told with line, column and field. consultctl, tests and the
 * fuzzer; the thread that owns the db. */
#ifndef GATEWAY_CTL_IMPORT_H
#define GATEWAY_CTL_IMPORT_H

#include "gateway/store/db.h"

#include <stddef.h>

#define IMPORT_FILE_MAX ((size_t)16 * 1024 * 1024) /* a province: 100,000 people */

struct import_options {
    const char *data_folder; /* for the signing keys; NULL: no keys are made (fuzzer) */
    bool hash_passwords;     /* false: accounts are left without a password (fuzzer) */
};

struct import_result {
    unsigned organisations, specialties, practitioners, accounts, partnerships, agreements, shifts;
    /* of a refusal: */
    char error[256];  /* one sentence */
    char field[256];  /* JSON pointer (RFC 6901); "" for a fault of the JSON itself */
    int line, column; /* 1-based; 0 = not known */
};

/* Begins and commits its own transaction. STATUS_OK; STATUS_MALFORMED or STATUS_UNKNOWN: the file
 * is at fault, see the result; STATUS_IO, STATUS_NO_MEMORY: nothing was changed either. */
MUST_USE enum status import_json(struct db *db, const struct import_options *options,
                                 const char *text, size_t len, struct import_result *out_result);

#endif
