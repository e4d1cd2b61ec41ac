/* From Cairo's PDF to one that proves itself, by an incremental update (ISO 32000-1 §7.5.6):
 *
 *   Cairo's file | catalog, page 1 (anew) | record.json, signatures.json [, decision.json] as
 * attachments | signature field | %CG-MANIFEST LENGTH SIGNATURE, manifest.json | signature
 * dictionary, table, trailer
 *
 * The manifest (canonical JSON) lists every part before it by place and SHA-256, and every member
 * of the record by SHA-256, so that a change can be named; the institution's Ed25519 key signs it.
 * The CMS signature in the dictionary covers every octet of the file but itself, for any PDF
 * reader. Pure but for the keys; any thread. */
#ifndef GATEWAY_DOCUMENT_PDF_SEAL_H
#define GATEWAY_DOCUMENT_PDF_SEAL_H

#include "certs/seal.h"
#include "gateway/document/octets.h"
#include "proto/base/status.h"

#include <jansson.h>
#include <stdint.h>

#define PDF_MANIFEST_MARK "%CG-MANIFEST "
#define PDF_FILES_MAX 3

struct pdf_file {
    const char *name, *text;
    size_t len;
};
/* All borrowed. */
struct pdf_seal_order {
    const uint8_t *pdf; /* Cairo's */
    size_t pdf_len;
    struct pdf_file files[PDF_FILES_MAX];
    size_t file_count;
    const json_t *record;
    const char *record_hash, *code; /* hex; verification code */
    const char *name;               /* of the institution */
    int64_t signed_ms;
    const struct seal *seal;
    /* Ed25519 by the institution's key. */
    enum status (*sign)(void *context, const void *message, size_t len,
                        char out_signature_hex[129]);
    void *sign_context;
};

/* out_file->data is the caller's to free. STATUS_UNSUPPORTED (not Cairo's PDF), STATUS_NO_MEMORY,
 * STATUS_TOO_LARGE, or what the keys say. */
MUST_USE enum status pdf_seal(const struct pdf_seal_order *order, struct octets *out_file);
/* The object of an attachment's text, as it stands in the file. */
void pdf_seal_stream(struct octets *out, unsigned object, const char *text, size_t len);

#endif
