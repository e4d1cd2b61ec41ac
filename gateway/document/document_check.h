/* Does a PDF that claims to be one of ours hold, and if not, where was it changed? Needs nothing
 * but the file and, to say by whom it was made, the institution's public key. Reads hostile input:
 * no general PDF parser, only places that the signed manifest names. Pure; any thread.
 *
 * The report is a JSON object (proto/signal/README.md, `verification`): valid, code, number,
 * version, signed_ms, institution, and findings: [{layer, ok, what?, from?, length?, pointer?}],
 * where from and length are octets of the file and pointer a member of the record. */
#ifndef GATEWAY_DOCUMENT_DOCUMENT_CHECK_H
#define GATEWAY_DOCUMENT_DOCUMENT_CHECK_H

#include "proto/base/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOCUMENT_FILE_MAX ((size_t)16 * 1024 * 1024)

struct document_claim {
    json_t *report;  /* owned */
    json_t *record;  /* owned; what the file says; NULL when it cannot be read */
    char *canonical; /* malloc'd: its octets; NULL */
    char organisation_id[33], public_key[65], signer_key[65]; /* as the file claims; "" */
    char code[24];
};

/* STATUS_NO_MEMORY; else the report tells everything. */
MUST_USE enum status document_check(const uint8_t *data, size_t len,
                                    struct document_claim *out_claim);
void document_claim_clear(struct document_claim *claim);

/* A line of the report. NULL, 0: does not apply. A false one makes the whole invalid. */
struct document_finding {
    const char *layer;
    bool ok;
    const char *what, *pointer;
    size_t from, len; /* len 0: no place in the file */
};
void document_finding_add(json_t *report, const struct document_finding *finding);
/* The institution's key against the known one ("" or NULL: not known): layer "key". */
void document_check_key(struct document_claim *claim, const char *known_key);

#endif
