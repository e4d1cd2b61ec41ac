#include "gateway/ctl/check.h"

#include "gateway/auth/sign.h"
#include "gateway/records/audit.h"
#include "gateway/store/db_check.h"

#include <string.h>

static unsigned check_database(struct db *db, FILE *out)
{
    char text[200] = "";
    enum status status = db_check(db, text, sizeof text);
    (void)fprintf(out,
                  status == STATUS_OK ? "ok database pages, indexes, references\n"
                                      : "FAULT database %s\n",
                  text);
    return status != STATUS_OK;
}

static unsigned check_audit(struct db *db, FILE *out)
{
    struct audit_verdict verdict = {0};
    enum status status = audit_verify(db, &verdict);
    if (status != STATUS_OK) {
        (void)fprintf(out, "FAULT audit cannot be read: %s\n", status_text(status));
        return 1;
    }
    if (!verdict.holds) {
        (void)fprintf(out, "FAULT audit the chain breaks at row %lld (%s)\n",
                      (long long)verdict.first_bad_seq, verdict.why);
        return 1;
    }
    (void)fprintf(out, "ok audit %lld rows, head %s\n", (long long)verdict.count,
                  verdict.head_hash);
    return 0;
}

static bool key_holds(const char *data_folder, const char *id, const char *public_key)
{
    struct sign_keys keys = {data_folder};
    char signature[SIGN_SIGNATURE_SIZE];
    char derived[SIGN_PUBLIC_KEY_SIZE];
    return sign_with_organisation(&keys, id, "check", 5, signature, derived) == STATUS_OK &&
           strcmp(derived, public_key) == 0 && sign_verify(public_key, signature, "check", 5);
}

static unsigned check_keys(struct db *db, const char *data_folder, FILE *out)
{
    unsigned faults = 0;
    unsigned good = 0;
    struct db_query q;
    db_begin_query(
        &q, db,
        "SELECT id, code, signing_public_key FROM organisation WHERE active = 1 ORDER BY code");
    while (db_next(&q)) {
        if (db_is_null(&q, 2) || !key_holds(data_folder, db_text(&q, 0), db_text(&q, 2))) {
            (void)fprintf(
                out,
                "FAULT key of organisation %s: keys/%s.key is missing, unreadable or another one\n",
                db_text(&q, 1), db_text(&q, 0));
            faults++;
        } else {
            good++;
        }
    }
    if (db_end(&q) != STATUS_OK) {
        (void)fprintf(out, "FAULT key the organisations cannot be read\n");
        faults++;
    }
    (void)fprintf(out, "ok key of %u organisations\n", good);
    return faults;
}

unsigned check_all(struct db *db, const char *data_folder, FILE *out)
{
    return check_database(db, out) + check_audit(db, out) + check_keys(db, data_folder, out);
}
