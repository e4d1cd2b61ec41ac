#include "gateway/partnership/agreement.h"

#include "gateway/api.h"
#include "gateway/partnership/clauses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *dumps(const json_t *json)
{
    return json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
}

static enum status add_services(struct db *db, const struct agreement *a)
{
    enum status status = STATUS_OK;
    for (int kind = 0; kind < RULES_KIND_COUNT && status == STATUS_OK; kind++) {
        if ((a->services & (1u << kind)) != 0) {
            status =
                db_run(db, "INSERT INTO agreement_service (agreement_id, kind) VALUES ($1, $2)",
                       "ss", a->id, rules_kind_word((enum rules_kind)kind));
        }
    }
    return status;
}

enum status agreement_add(struct db *db, const char *partnership_id, struct agreement *agreement)
{
    char *terms = dumps(agreement->terms);
    char *clauses = dumps(agreement->clauses);
    enum status status = terms != NULL && clauses != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    api_new_id(agreement->id);
    if (status == STATUS_OK) {
        status = db_run(db,
                        "INSERT INTO agreement (id, partnership_id, version, signed_on, "
                        "valid_from, valid_until, document_sha256, clauses, terms)"
                        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                        "ssissssss", agreement->id, partnership_id, agreement->version,
                        agreement->signed_on, agreement->valid_from, agreement->valid_until,
                        agreement->document_sha256, clauses, terms);
    }
    free(terms);
    free(clauses);
    return status == STATUS_OK ? add_services(db, agreement) : status;
}

static enum status stored_services(struct db *db, const char *agreement_id, unsigned *out_services)
{
    struct db_query q;
    *out_services = 0;
    db_begin_query(&q, db, "SELECT kind FROM agreement_service WHERE agreement_id=$1");
    db_bind_text(&q, agreement_id);
    while (db_next(&q)) {
        int kind = rules_kind_of(db_text(&q, 0));
        *out_services |= kind >= 0 ? 1u << kind : 0;
    }
    return db_end(&q);
}

static bool same_json(json_t *stored, const json_t *given)
{
    bool same = stored != NULL && json_equal(stored, given);
    json_decref(stored);
    return same;
}

static bool same_row(struct db_query *q, const struct agreement *a)
{
    const char *sha256 = a->document_sha256 != NULL ? a->document_sha256 : "";
    return strcmp(db_text(q, 1), a->signed_on) == 0 && strcmp(db_text(q, 2), a->valid_from) == 0 &&
           strcmp(db_text(q, 3), a->valid_until) == 0 && strcmp(db_text(q, 4), sha256) == 0 &&
           same_json(clauses_stored(db_text(q, 5)), a->clauses) &&
           same_json(json_loads(db_text(q, 6), 0, NULL), a->terms);
}

enum status agreement_same(struct db *db, const char *partnership_id, struct agreement *agreement)
{
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT id, signed_on, valid_from, valid_until, document_sha256, clauses, terms "
                   "FROM agreement WHERE partnership_id=$1 AND version=$2");
    db_bind_text(&q, partnership_id);
    db_bind_int(&q, agreement->version);
    bool there = db_next(&q);
    bool same = there && same_row(&q, agreement);
    if (there) {
        (void)snprintf(agreement->id, sizeof agreement->id, "%s", db_text(&q, 0));
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK || !there) {
        return status != STATUS_OK ? status : STATUS_NONE;
    }
    unsigned services = 0;
    status = stored_services(db, agreement->id, &services);
    if (status != STATUS_OK) {
        return status;
    }
    return same && services == agreement->services ? STATUS_OK : STATUS_CONFLICT;
}

bool agreement_member(void *context, const char *code)
{
    const struct agreement_members *members = context;
    int64_t one = 0;
    return db_one_int(members->db, &one,
                      "SELECT 1 FROM partnership_member m JOIN organisation o ON o.id = "
                      "m.organisation_id WHERE m.partnership_id=$1 AND o.code=$2",
                      "ss", members->partnership_id, code) == STATUS_OK;
}
