#include "gateway/ctl/check.h"

#include "gateway/auth/sign.h"
#include "gateway/imaging/digest.h"
#include "gateway/records/audit.h"
#include "gateway/store/db_check.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Keys of persons: made at their first signature. */
static unsigned check_person_keys(struct db *db, const char *data_folder, FILE *out)
{
    struct sign_keys keys = {data_folder};
    unsigned faults = 0;
    unsigned good = 0;
    struct db_query q;
    db_begin_query(&q, db, "SELECT account_id, public_key FROM account_key ORDER BY account_id");
    while (db_next(&q)) {
        char derived[SIGN_PUBLIC_KEY_SIZE];
        if (sign_account_key(&keys, db_text(&q, 0), false, derived) != STATUS_OK ||
            strcmp(derived, db_text(&q, 1)) != 0) {
            (void)fprintf(out,
                          "FAULT key of a person: keys/account-%s.key is missing, unreadable "
                          "or another one\n",
                          db_text(&q, 0));
            faults++;
        } else {
            good++;
        }
    }
    if (db_end(&q) != STATUS_OK) {
        (void)fprintf(out, "FAULT key the persons cannot be read\n");
        faults++;
    }
    (void)fprintf(out, "ok key of %u persons\n", good);
    return faults;
}

/* "" = the file is there as the row says. */
static const char *file_fault(const char *path, int64_t bytes, const char *sha256, bool hashes)
{
    char hash[DIGEST_HEX_LEN];
    struct stat about;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return "is missing or unreadable";
    }
    const char *fault = "";
    if (fstat(fd, &about) != 0 || (int64_t)about.st_size != bytes) {
        fault = "has another size";
    } else if (hashes && (digest_file(fd, hash) != STATUS_OK || strcmp(hash, sha256) != 0)) {
        fault = "has another hash";
    }
    (void)close(fd);
    return fault;
}

/* Columns: name below the folder, bytes, sha256. */
static unsigned check_files(struct db_query *q, const char *data_folder, const char *what,
                            bool hashes, FILE *out)
{
    unsigned faults = 0;
    unsigned good = 0;
    while (db_next(q)) {
        char path[PATH_MAX];
        int n = snprintf(path, sizeof path, "%s/%s", data_folder, db_text(q, 0));
        const char *fault = n < 0 || (size_t)n >= sizeof path
                                ? "has too long a name"
                                : file_fault(path, db_int(q, 1), db_text(q, 2), hashes);
        if (fault[0] != '\0') {
            (void)fprintf(out, "FAULT %s %s %s\n", what, db_text(q, 0), fault);
            faults++;
        } else {
            good++;
        }
    }
    if (db_end(q) != STATUS_OK) {
        (void)fprintf(out, "FAULT %s the rows cannot be read\n", what);
        faults++;
    }
    (void)fprintf(out, "ok %s %u files by %s\n", what, good, hashes ? "hash" : "size");
    return faults;
}

static unsigned check_attachments(struct db *db, const char *data_folder, bool hashes, FILE *out)
{
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT DISTINCT 'blobs/' || substr(sha256, 1, 2) || '/' || sha256, bytes, "
                   "sha256 FROM attachment ORDER BY 1");
    return check_files(&q, data_folder, "attachment", hashes, out);
}

static unsigned check_documents(struct db *db, const char *data_folder, bool hashes, FILE *out)
{
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT DISTINCT 'blobs/' || substr(sha256, 1, 2) || '/' || sha256, bytes, "
                   "sha256 FROM document ORDER BY 1");
    return check_files(&q, data_folder, "document", hashes, out);
}

static unsigned check_recordings(struct db *db, const char *data_folder, bool hashes, FILE *out)
{
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT 'recordings/' || file, bytes, sha256 FROM recording WHERE state IN "
                   "('complete', 'recovered') ORDER BY 1");
    return check_files(&q, data_folder, "recording", hashes, out);
}

unsigned check_all(struct db *db, const char *data_folder, bool hashes, FILE *out)
{
    return check_database(db, out) + check_audit(db, out) + check_keys(db, data_folder, out) +
           check_person_keys(db, data_folder, out) +
           check_attachments(db, data_folder, hashes, out) +
           check_documents(db, data_folder, hashes, out) +
           check_recordings(db, data_folder, hashes, out);
}
