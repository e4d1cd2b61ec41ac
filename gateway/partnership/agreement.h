/* Versions of agreements in the store: written once, never changed. The import and the manager's
 * interface write through this one. Store thread, inside the caller's transaction. */
#ifndef GATEWAY_PARTNERSHIP_AGREEMENT_H
#define GATEWAY_PARTNERSHIP_AGREEMENT_H

#include "gateway/partnership/rules.h"
#include "gateway/store/db.h"

#include <jansson.h>
#include <stdint.h>

#define AGREEMENT_VERSION_MAX 1000000

struct agreement {
    char id[33]; /* given by agreement_add */
    int64_t version;
    const char *signed_on, *valid_from, *valid_until; /* borrowed, as the next one */
    const char *document_sha256;                      /* NULL: none */
    unsigned services;                                /* bit 1 << enum rules_kind */
    json_t *terms;                                    /* borrowed; as terms_read took it */
    json_t *clauses;                                  /* borrowed; as clauses_read wrote it */
};

/* STATUS_CONFLICT: that version is there. */
MUST_USE enum status agreement_add(struct db *db, const char *partnership_id,
                                   struct agreement *agreement);
/* The version that is to be written is there already: in the very same form (STATUS_OK, and its
 * id)? STATUS_NONE: it is not there; STATUS_CONFLICT: it is, in another form. */
MUST_USE enum status agreement_same(struct db *db, const char *partnership_id,
                                    struct agreement *agreement);
/* For clauses_read: is `code` that of an organisation which is or was a member? */
struct agreement_members {
    struct db *db;
    const char *partnership_id;
};
bool agreement_member(void *context, const char *code);

#endif
