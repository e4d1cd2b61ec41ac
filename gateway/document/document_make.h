/* A signed opinion with what belongs to it, and the PDF made of it: the order is filled on the
 * store thread (document.c) or from the store by consultctl and tests, the file is made on a blob
 * thread. The same order gives the same octets, with the same program and fonts. */
#ifndef GATEWAY_DOCUMENT_DOCUMENT_MAKE_H
#define GATEWAY_DOCUMENT_DOCUMENT_MAKE_H

#include "gateway/app.h"
#include "gateway/document/document_code.h"
#include "gateway/document/octets.h"

struct document_order {
    char consultation_id[33], opinion_id[33], organisation_id[33];
    int64_t version, edition, signed_ms;
    char *canonical;                            /* the signed record */
    char signature[129], public_key[65];        /* of the institution */
    char signer_signature[129], signer_key[65]; /* of the person; "" = format 1 */
    char *decision;                             /* canonical JSON; NULL: none, edition 0 */
    char decision_signature[129], decision_key[65], decision_organisation[33];
    char code[DOCUMENT_CODE_SIZE];
    char url[256];   /* of the page that checks it; "" = not known */
    char sha256[65]; /* of the stored PDF; "" = not made yet */
    int64_t bytes;
    bool made;        /* by this call: the row is to be written */
    unsigned unknown; /* characters without a glyph */
};

void document_order_clear(struct document_order *order);
/* Makes the seal of the institution when it has none yet. Blocks for some 0.2 s, the first time of
 * an institution for a second. STATUS_NO_MEMORY, STATUS_MALFORMED (the record cannot be read), or
 * what keys, library and file system say. */
MUST_USE enum status document_make(const struct api_services *services,
                                   struct document_order *order, struct octets *out_file);
/* Writes it below blobs/ under its hash (sets order->sha256 and bytes): durable when it returns. */
MUST_USE enum status document_write(const struct api_services *services,
                                    struct document_order *order, const struct octets *file);

#endif
