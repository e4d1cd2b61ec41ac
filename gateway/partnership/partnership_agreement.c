/* POST /partnerships/{id}/agreements: the next version. It may overlap the one before: of those in
 * force the newest counts. */
#include "gateway/partnership/agreement.h"
#include "gateway/partnership/clauses.h"
#include "gateway/partnership/partnership_edit.h"
#include "gateway/partnership/partnership_row.h"
#include "gateway/partnership/terms.h"

#include <stdio.h>
#include <string.h>

static bool wrong(struct api_call *call, const char *field, const char *zh, const char *en)
{
    return api_problem(call, 422, "field.invalid", zh, en, field);
}

static bool read_dates(struct api_call *call, struct agreement *a)
{
    bool ok = true;
    a->signed_on = partnership_body_date(call, "signed_on", true, &ok);
    a->valid_from = ok ? partnership_body_date(call, "valid_from", true, &ok) : NULL;
    a->valid_until = ok ? partnership_body_date(call, "valid_until", true, &ok) : NULL;
    a->document_sha256 = ok ? api_body_text(call, "document_sha256", false, 64, &ok) : NULL;
    if (!ok) {
        return false;
    }
    if (strcmp(a->valid_until, a->valid_from) < 0) {
        return wrong(call, "/valid_until", "止期不得早于起期。",
                     "It may not lie before the first day.");
    }
    const char *hash = a->document_sha256;
    return hash == NULL || (strlen(hash) == 64 && strspn(hash, "0123456789abcdef") == 64) ||
           wrong(call, "/document_sha256", "应为 64 位小写十六进制的 SHA-256。",
                 "Must be a SHA-256 in lower-case hex.");
}

static bool read_services(struct api_call *call, struct agreement *a)
{
    const json_t *list = json_object_get(call->body, "services");
    for (size_t i = 0; json_is_array(list) && i < json_array_size(list); i++) {
        int kind = rules_kind_of(json_string_value(json_array_get(list, i)));
        if (kind < 0) {
            char field[40];
            (void)snprintf(field, sizeof field, "/services/%zu", i);
            return wrong(call, field, "应为 live、read、mdt 或 teaching。",
                         "Must be live, read, mdt or teaching.");
        }
        a->services |= 1u << kind;
    }
    return a->services != 0 || wrong(call, "/services", "至少须有一项服务。",
                                     "The agreement must name at least one service.");
}

static bool wrong_part(struct api_call *call, const char *part, const struct terms_error *error)
{
    char field[128];
    (void)snprintf(field, sizeof field, "/%s%s", part, error->pointer);
    return wrong(call, field, error->zh, error->en);
}

static bool read_terms(struct api_call *call, struct agreement *a)
{
    json_t *given = json_object_get(call->body, "terms");
    struct terms terms;
    struct terms_error error;
    a->terms = given != NULL ? json_incref(given) : json_object();
    if (!terms_read(a->terms, &terms, &error)) {
        return wrong_part(call, "terms", &error);
    }
    terms_clear(&terms);
    return true;
}

static bool read_clauses(struct api_call *call, const char *partnership_id, struct agreement *a)
{
    const json_t *given = json_object_get(call->body, "clauses");
    struct agreement_members members = {call->db, partnership_id};
    struct terms_error error;
    if (given == NULL) {
        a->clauses = json_array();
        return true;
    }
    return clauses_read(given, agreement_member, &members, &a->clauses, &error) ||
           wrong_part(call, "clauses", &error);
}

static bool next_version(struct api_call *call, const char *partnership_id, struct agreement *a)
{
    enum status status =
        db_one_int(call->db, &a->version,
                   "SELECT COALESCE(MAX(version), 0) + 1 FROM agreement WHERE partnership_id=$1",
                   "s", partnership_id);
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool add(struct api_call *call, struct partnership_row *row, struct agreement *a)
{
    enum status status = agreement_add(call->db, row->id, a);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    json_t *detail = json_pack("{ss, sI, ss, ss, ss}", "agreement", a->id, "agreement_version",
                               (json_int_t)a->version, "signed_on", a->signed_on, "valid_from",
                               a->valid_from, "valid_until", a->valid_until);
    if (!partnership_changed(call, row, "partnership.agreement", detail)) {
        return false;
    }
    call->status = 201;
    return true;
}

void partnership_add_agreement(struct api_call *call)
{
    static const char *const names[] = {"signed_on", "valid_from",      "valid_until", "services",
                                        "terms",     "document_sha256", "clauses",     NULL};
    struct partnership_row row;
    struct agreement a = {.version = 0};
    bool ok = partnership_open(call, &row) && partnership_if_match(call, &row) &&
              partnership_body(call, names) && read_dates(call, &a) && read_services(call, &a) &&
              read_terms(call, &a) && read_clauses(call, row.id, &a) &&
              next_version(call, row.id, &a);
    if (ok) {
        (void)add(call, &row, &a);
    }
    json_decref(a.terms);
    json_decref(a.clauses);
}
