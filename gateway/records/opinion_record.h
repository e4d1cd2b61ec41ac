/* What is signed: the whole record of the consultation as it stands at the signature, in canonical
 * JSON (canonical.h). Format "consult-opinion-2" (proto/signal/README.md has the members):
 * consultation, partnership, requester, consultant (with the person's own public key), patient,
 * request, opinion, attachments, recordings, signed_ms, and verifier, members where there are any.
 * patient.identity_sha256 = SHA-256 of canonical {consultation, id_type, id_number, name,
 * birth_date, salt}: proves who, tells nobody; the salt stays in the store, because the number
 * could be found by trying them all. Format "consult-opinion-1" had fewer members and no salt, and
 * is still verified. Store thread. */
#ifndef GATEWAY_RECORDS_OPINION_RECORD_H
#define GATEWAY_RECORDS_OPINION_RECORD_H

#include "gateway/consult/consult_row.h"

#define OPINION_SALT_SIZE 33 /* hex and NUL */

/* All borrowed. */
struct opinion_text {
    int64_t version;
    json_t *body;
    const char *amend_reason;  /* NULL: first version */
    const char *signer_key;    /* public key of the consultant's own signature, hex */
    const char *identity_salt; /* hex */
    const char *verifier_id;   /* account of the second reader who agreed; NULL: none was asked */
    json_t *members;           /* of a multi-disciplinary consultation, each one's view as it is
                                  to be read: array of objects; NULL: none */
};

/* out_canonical: malloc'd. STATUS_IO, STATUS_NO_MEMORY, or what canonical_write says. */
MUST_USE enum status opinion_record_make(struct db *db, const struct consult_row *row,
                                         const struct opinion_text *opinion, int64_t signed_ms,
                                         char **out_canonical, size_t *out_len);
/* The request as the record has it, a new reference: vital signs may hold decimals, which canonical
 * JSON has not; they are signed as the text a reader sees. */
json_t *opinion_record_request(const json_t *request);
/* SHA-256 of the patient's identity in hex; salt NULL: as format 1 had it. */
MUST_USE enum status opinion_record_identity(const struct consult_row *row, const char *salt,
                                             char out_hex[65]);
/* "65岁", "7个月", "12天" at that time; "" for what is no date. Any thread. */
void opinion_record_age(const char *birth_date, int64_t at_ms, char *out, size_t out_len);
/* Does the Ed25519 signature fit the octets? Hex as stored. */
bool opinion_record_verify(const char *canonical, const char *signature_hex,
                           const char *public_key_hex);

#endif
