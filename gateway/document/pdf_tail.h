/* The end of a sealed PDF: the signature dictionary with its gap, the cross-reference table of what
 * was added to Cairo's file, the trailer (ISO 32000-1 §7.5.6, §12.8). It has no freedom: who checks
 * a file writes it again and compares. Pure; any thread. */
#ifndef GATEWAY_DOCUMENT_PDF_TAIL_H
#define GATEWAY_DOCUMENT_PDF_TAIL_H

#include "gateway/document/octets.h"

#include <stdint.h>

#define PDF_GAP_DIGITS 8192u /* hex digits for the CMS; what is left over is zeros */
#define PDF_ADDED_MAX 16

struct pdf_added {
    unsigned object;
    size_t from;
};
struct pdf_tail {
    size_t at;                             /* where it begins in the file */
    struct pdf_added added[PDF_ADDED_MAX]; /* objects before it, by number; the dictionary is the
                                              last and is added by itself */
    size_t added_count;
    unsigned dictionary; /* number of the signature dictionary: the highest */
    unsigned root, info; /* as in Cairo's trailer */
    size_t previous;     /* Cairo's cross-reference table */
    const char *id;      /* hex of the file's /ID: SHA-256 of the record */
    int64_t signed_ms;
    const char *name; /* who signs: UTF-8 */
};
/* Where things lie within the file. */
struct pdf_gap {
    size_t from, len; /* of the gap, its angle brackets included */
    size_t xref, end; /* cross-reference table, end of the file */
};

/* Appends it to `out`, which holds the file up to tail->at or nothing; the gap is full of zeros. */
void pdf_tail_write(const struct pdf_tail *tail, struct octets *out, struct pdf_gap *out_gap);

#endif
