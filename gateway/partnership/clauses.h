/* The clauses of an agreement: what each member has to do, as data that the rule engine reads. Kept
 * as a JSON array in agreement.clauses:
 *
 *   number    text    "3.2": letters, digits, '.', '-'; once in an agreement
 *   member    code of the organisation that it binds, or null: every member
 *   act       consult, see, refer, teach, report, or null: a general clause, which decides nothing
 *   kinds     [kind]  only with consult: what the member takes; absent: every kind of the services
 *   text_zh, text_en  the words; text_en may be absent
 *
 * What the engine makes of them: rules.h. Older agreements are lists of plain texts: each is a
 * general clause with its place in the list as its number. Any thread. */
#ifndef GATEWAY_PARTNERSHIP_CLAUSES_H
#define GATEWAY_PARTNERSHIP_CLAUSES_H

#include "gateway/partnership/rules.h"
#include "gateway/partnership/terms.h"

#include <jansson.h>

#define CLAUSES_MAX 200      /* a long agreement has some 60 */
#define CLAUSE_NUMBER_MAX 16 /* characters */
#define CLAUSE_TEXT_MAX 1000 /* characters */

/* Is this the code of a member of the partnership? */
typedef bool (*clauses_member)(void *context, const char *code);

/* Reads the list strictly and writes it in the form above (a new reference, the caller's). False:
 * out_error has pointer ("/0/member") and sentences, nothing is written. */
bool clauses_read(const json_t *list, clauses_member member, void *context, json_t **out_clauses,
                  struct terms_error *out_error);

/* What is stored, in the form above; never fails: what is none of ours becomes a general clause or
 * goes. A new reference; NULL: no JSON array. */
json_t *clauses_stored(const char *text);

/* One item of that list as the engine wants it; texts are borrowed from the item. False: it is
 * about no act. */
bool clauses_rule(const json_t *clause, struct rules_clause *out_clause);

#endif
