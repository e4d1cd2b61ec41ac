/* consultctl import-codes: the table of coded diagnoses from a CSV file (RFC 4180, UTF-8): the line
 * code,name_zh,name_en and then one code a line. The file is the whole table: a code that it does
 * not name is kept for the opinions that have it, and offered no more. All or nothing: one
 * transaction; a bad row is told by line and rule. consultctl and tests; the thread that owns the
 * db.
 */
#ifndef GATEWAY_CTL_IMPORT_CODES_H
#define GATEWAY_CTL_IMPORT_CODES_H

#include "gateway/store/db.h"

#include <stddef.h>

#define IMPORT_CODES_FILE_MAX ((size_t)16 * 1024 * 1024) /* 40,000 codes have some 4 MB */

struct import_codes_result {
    int64_t codes;    /* of the file */
    int64_t inactive; /* known, but not in it */
    /* of a refusal: */
    unsigned line;   /* 1-based; 0: the store's own trouble */
    char error[200]; /* one sentence */
};

/* Begins and commits its own transaction. STATUS_OK; STATUS_MALFORMED: the file is at fault;
 * STATUS_IO, STATUS_NO_MEMORY. Nothing is changed but on STATUS_OK. */
MUST_USE enum status import_codes(struct db *db, const char *text, size_t len,
                                  struct import_codes_result *out_result);

#endif
