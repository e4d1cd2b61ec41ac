/* What is signed: the whole record of the consultation as it stands at the signature, in canonical
 * JSON (canonical.h): format "consult-opinion-1", consultation {id, number, kind, urgency,
 * specialty, times}, partnership {id, mode, agreement_id, agreement_version}, requester and
 * consultant {account, name_zh, name_en, title, licence_no, organisation{id, code, name_zh,
 *   name_en}}, patient {name, identity_sha256}, request, opinion {version, body, amend_reason},
 * attachments [sha256], recordings [{part, sha256}], signed_ms. identity_sha256 = SHA-256 of
 * canonical {consultation, id_type, id_number, name, birth_date}: proves who, tells nobody. Store
 * thread. */
#ifndef GATEWAY_RECORDS_OPINION_RECORD_H
#define GATEWAY_RECORDS_OPINION_RECORD_H

#include "gateway/consult/consult_row.h"

struct opinion_text {
    int64_t version;
    json_t *body;             /* borrowed */
    const char *amend_reason; /* NULL: first version */
};

/* out_canonical: malloc'd. STATUS_IO, STATUS_NO_MEMORY, or what canonical_write says. */
MUST_USE enum status opinion_record_make(struct db *db, const struct consult_row *row,
                                         const struct opinion_text *opinion, int64_t signed_ms,
                                         char **out_canonical, size_t *out_len);
/* Does the Ed25519 signature fit the octets? Hex as stored. */
bool opinion_record_verify(const char *canonical, const char *signature_hex,
                           const char *public_key_hex);

#endif
