/* Two signatures over one record (opinion_record.h): the specialist's own, by the key of the
 * account, and the institution's, which by signing the record also vouches for that key, because it
 * stands in it. Both are Ed25519 over the same octets. opinion_fault: any thread; the rest: store
 * thread. */
#ifndef GATEWAY_RECORDS_OPINION_SIGN_H
#define GATEWAY_RECORDS_OPINION_SIGN_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

/* Turns the draft into a signed version; out_detail (new reference): version and SHA-256 for the
 * audit row. row: as it will be stored. True, or the call has been answered (503 opinion.signing).
 */
bool opinion_sign(struct api_call *call, const struct consult_row *row, json_t **out_detail);

/* A signed version as the store has it; all borrowed, "" = not there. */
struct opinion_signed {
    const char *canonical, *body; /* JSON */
    const char *signature, *public_key, *signer_signature;
    const char *organisation_key, *account_key; /* as registered now; "" = not looked at */
};
/* What does not hold: "signature" (the institution's over the record), "signer" (the person's),
 * "body" (what is shown is not what was signed), "institution-key", "signer-key" (signed, but by
 * another key than the registered one), "record" (it cannot be read). NULL: all of it holds. */
const char *opinion_fault(const struct opinion_signed *opinion);

#endif
