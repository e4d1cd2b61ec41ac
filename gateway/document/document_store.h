/* What the store says about a signed opinion, against a file and against itself. The findings are
 * those of document_check.h; layers here: key, store-record, store-body, store-signer,
 * store-request, store-identity, store-decision, store-file, store-audit. The thread that owns the
 * db. */
#ifndef GATEWAY_DOCUMENT_DOCUMENT_STORE_H
#define GATEWAY_DOCUMENT_DOCUMENT_STORE_H

#include "gateway/document/document_check.h"
#include "gateway/store/db.h"

/* Adds to claim->report: is it by the registered key, does the store have the same record, does the
 * audit trail name it; and member superseded_by (version or null). */
MUST_USE enum status document_store_compare(struct db *db, struct document_claim *claim);
/* Every signed version of a consultation by its number: signatures, shown text, request and
 * identity as they are now, files of the printed form, audit rows. out_reports (new reference):
 * array of {version, valid, findings}. STATUS_NONE: no such consultation. data_folder NULL: no
 * files. */
MUST_USE enum status document_store_check(struct db *db, const char *data_folder,
                                          const char *number, json_t **out_reports);
/* Registered public key of an institution; "" = not known. */
MUST_USE enum status document_store_key(struct db *db, const char *organisation_id,
                                        char out_key[65]);

#endif
