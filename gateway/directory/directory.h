/* Organisations, practitioners and specialties, as the other modules read them. Routes: GET
 * /api/v1/specialties, GET /api/v1/organisations?search=. Store thread. JSON objects are new
 * references, the caller's; NULL = not found, or the store failed (the transaction is then failed
 * too and its commit says so). */
#ifndef GATEWAY_DIRECTORY_DIRECTORY_H
#define GATEWAY_DIRECTORY_DIRECTORY_H

#include "gateway/api.h"

#define DIRECTORY_SEARCH_MAX 64        /* octets of a search that count */
#define DIRECTORY_ORGANISATIONS_MAX 50 /* in one answer: for a list to pick from */

/* {id, name_zh, name_en, level, region} */
json_t *directory_organisation_json(struct db *db, const char *organisation_id);
/* {account, name_zh, name_en, title, organisation{id, name_zh, name_en, level, region}} */
json_t *directory_person_json(struct db *db, const char *account_id);
/* {id, name_zh, name_en, title, specialties[code]} */
json_t *directory_practitioner_json(struct db *db, const char *practitioner_id);

bool directory_specialty_exists(struct db *db, const char *code);
/* Enabled specialists of the organisation on that specialty who are on duty now. */
int64_t directory_on_duty_count(struct db *db, const char *organisation_id, const char *specialty);

/* "%text%" for LIKE ... ESCAPE '\\': in small letters (ASCII), its own signs escaped, of the first
 * max octets of search (NULL = ""). out has room for 2 * max + 3. Any thread. */
void directory_like_pattern(const char *search, size_t max, char *out);

/* The titles that a practitioner may have, highest first; NULL ends. */
extern const char *const directory_titles[];

#endif
