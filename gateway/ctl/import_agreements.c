#include "gateway/ctl/import_agreements.h"

#include "gateway/partnership/agreement.h"
#include "gateway/partnership/clauses.h"
#include "gateway/partnership/terms.h"

#include <string.h>

#define DATE_WORDS "a date YYYY-MM-DD"

static bool valid_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static void read_services(struct import *im, const json_t *object, struct agreement *a)
{
    json_t *list = import_array(im, object, "services", true);
    size_t mark = import_enter(im, "services");
    for (size_t i = 0; i < json_array_size(list) && !im->failed; i++) {
        int kind = rules_kind_of(json_string_value(json_array_get(list, i)));
        size_t item = import_enter_index(im, i);
        if (kind < 0) {
            (void)import_fail(im, "must be live, read, mdt or teaching");
        } else {
            a->services |= 1u << kind;
        }
        import_leave(im, item);
    }
    if (a->services == 0) {
        (void)import_fail(im, "must name at least one service");
    }
    import_leave(im, mark);
}

static void read_version(struct import *im, const json_t *object, struct agreement *a)
{
    const json_t *version = json_object_get(object, "version");
    a->version = json_integer_value(version);
    if (!json_is_integer(version) || a->version < 1 || a->version > AGREEMENT_VERSION_MAX) {
        size_t mark = import_enter(im, "version");
        (void)import_fail(im, "must be a number from 1 to %d", AGREEMENT_VERSION_MAX);
        import_leave(im, mark);
    }
}

/* What terms_read and clauses_read found wrong, at their own pointer below `name`. */
static void refuse_part(struct import *im, const char *name, const struct terms_error *error)
{
    size_t mark = import_enter(im, name);
    if (error->pointer[0] != '\0') {
        (void)import_enter(im, error->pointer + 1);
    }
    (void)import_fail(im, "%s", error->en);
    import_leave(im, mark);
}

static void read_terms(struct import *im, const json_t *object, struct agreement *a)
{
    json_t *given = json_object_get(object, "terms");
    struct terms terms;
    struct terms_error error;
    if (im->failed) {
        return;
    }
    a->terms = given != NULL ? json_incref(given) : json_object();
    if (terms_read(a->terms, &terms, &error)) {
        terms_clear(&terms);
    } else {
        refuse_part(im, "terms", &error);
    }
}

static void read_clauses(struct import *im, const json_t *object, const char *partnership_id,
                         struct agreement *a)
{
    const json_t *list = json_object_get(object, "clauses");
    struct agreement_members members = {im->db, partnership_id};
    struct terms_error error;
    if (im->failed) {
        return;
    }
    if (list == NULL) {
        a->clauses = json_array();
    } else if (!clauses_read(list, agreement_member, &members, &a->clauses, &error)) {
        refuse_part(im, "clauses", &error);
    }
}

static bool read_agreement(struct import *im, json_t *object, const char *partnership_id,
                           struct agreement *a)
{
    static const char *const members[] = {"version",     "signed_on", "valid_from",
                                          "valid_until", "services",  "document_sha256",
                                          "clauses",     "terms",     NULL};
    if (!import_members(im, object, members)) {
        return false;
    }
    read_version(im, object, a);
    a->signed_on = import_text(im, object, "signed_on", true, rules_date_valid, DATE_WORDS);
    a->valid_from = import_text(im, object, "valid_from", true, rules_date_valid, DATE_WORDS);
    a->valid_until = import_text(im, object, "valid_until", true, rules_date_valid, DATE_WORDS);
    a->document_sha256 = import_text(im, object, "document_sha256", false, valid_sha256,
                                     "a SHA-256 in lower-case hex");
    if (!im->failed) {
        read_services(im, object, a);
    }
    read_terms(im, object, a);
    read_clauses(im, object, partnership_id, a);
    if (!im->failed && strcmp(a->valid_until, a->valid_from) < 0) {
        return import_fail(im, "valid_until lies before valid_from");
    }
    return !im->failed;
}

/* A version that is in the store was signed and may stand in records: it is only ever repeated. */
static void write_agreement(struct import *im, const char *partnership_id, struct agreement *a)
{
    im->result->agreements++;
    enum status status = agreement_same(im->db, partnership_id, a);
    if (status == STATUS_CONFLICT) {
        (void)import_fail(im,
                          "version %lld of this agreement is in force in another form: give the "
                          "change a new version",
                          (long long)a->version);
        return;
    }
    if (status == STATUS_NONE) {
        status = agreement_add(im->db, partnership_id, a);
    }
    (void)import_store(im, status);
}

void import_agreements(struct import *im, const json_t *partnership, const char *partnership_id)
{
    json_t *list = import_array(im, partnership, "agreements", true);
    size_t mark = import_enter(im, "agreements");
    for (size_t i = 0; i < json_array_size(list) && !im->failed; i++) {
        struct agreement a = {.version = 0};
        size_t item = import_enter_index(im, i);
        if (read_agreement(im, json_array_get(list, i), partnership_id, &a)) {
            write_agreement(im, partnership_id, &a);
        }
        json_decref(a.terms);
        json_decref(a.clauses);
        import_leave(im, item);
    }
    import_leave(im, mark);
}
