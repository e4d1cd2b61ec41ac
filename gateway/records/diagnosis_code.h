/* The table of coded diagnoses (ICD-10) as it is used: does a code stand in it, and which ones fit
 * what a specialist types. Filled by consultctl (gateway/ctl/import_codes.h). Store thread. */
#ifndef GATEWAY_RECORDS_DIAGNOSIS_CODE_H
#define GATEWAY_RECORDS_DIAGNOSIS_CODE_H

#include "gateway/api.h"

#define DIAGNOSIS_CODE_MAX 24 /* octets; the longest of the clinical edition have 16 */

/* A letter, a digit, then letters, digits and . + * - / : I10, E11.9, I10.x00x002, A18.0+M01.1*. */
bool diagnosis_code_valid(const char *text);
/* Is it in force? Everything is while no code was ever imported. */
MUST_USE enum status diagnosis_code_known(struct db *db, const char *code, bool *out_known);
/* What a search looks through, and for: ASCII in lower case. Cut to out_len. */
void diagnosis_code_fold(const char *text, char *out, size_t out_len);

/* GET /diagnosis-codes?search=&limit= : codes that begin with it first, then those whose Chinese or
 * English name holds it. */
void diagnosis_code_list(struct api_call *call);

#endif
