#include "gateway/ctl/verify.h"

#include "gateway/auth/sign.h"
#include "gateway/document/document_check.h"
#include "gateway/document/document_store.h"
#include "gateway/document/report_parts.h"
#include "gateway/records/audit.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *layer, *sentence;
} layers[] = {
    {"layout", "the file has the layout of a sealed report"},
    {"parts", "every part of the file is as it was made"},
    {"manifest", "the list of parts and members, signed by the institution"},
    {"tail", "end of the file: signature dictionary, table of objects, trailer"},
    {"seal", "signature (CMS) over the whole file"},
    {"record", "signature of the institution over the record"},
    {"signer", "signature of the person over the record"},
    {"decision", "signature of the requesting institution over its decision"},
    {"code", "the verification code belongs to the record"},
    {"key", "the institution's key is the known one"},
    {"store-record", "the store has the same record"},
    {"store-body", "the shown text is the signed one"},
    {"store-request", "the request in the store is the signed one"},
    {"store-identity", "the patient's identity in the store is the signed one"},
    {"store-decision", "the requester's decision in the store is the one of the audit trail"},
    {"store-file", "the stored file"},
    {"store-audit", "the audit trail names this signature"},
};

/* What came from a file must not talk to the terminal. */
static void print_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        (void)fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
    }
}

static void print_finding(const json_t *finding, FILE *out)
{
    const char *layer = report_text(finding, "layer"), *sentence = "";
    const char *what = report_text(finding, "what"), *pointer = report_text(finding, "pointer");
    long long from = json_integer_value(json_object_get(finding, "from"));
    long long len = json_integer_value(json_object_get(finding, "length"));
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        sentence = strcmp(layers[i].layer, layer) == 0 ? layers[i].sentence : sentence;
    }
    (void)fprintf(out, "%s %s: %s", json_is_true(json_object_get(finding, "ok")) ? "ok" : "FAILED",
                  layer, sentence);
    if (what[0] != '\0') {
        (void)fputs("; ", out);
        print_text(out, what);
    }
    if (len > 0) {
        (void)fprintf(out, "; octets %lld to %lld", from, from + len - 1);
    }
    if (pointer[0] != '\0') {
        (void)fputs("; member ", out);
        print_text(out, pointer);
    }
    (void)fputc('\n', out);
}

static bool print_report(const json_t *report, FILE *out)
{
    const json_t *findings = json_object_get(report, "findings");
    for (size_t i = 0; i < json_array_size(findings); i++) {
        print_finding(json_array_get(findings, i), out);
    }
    return json_is_true(json_object_get(report, "valid"));
}

/* ---- keys ---- */

static bool read_public(const char *path, char out_key[65])
{
    char line[70] = "";
    FILE *f = fopen(path, "rb");
    bool got = f != NULL && fgets(line, sizeof line, f) != NULL;
    if (f != NULL) {
        (void)fclose(f);
    }
    line[strcspn(line, "\r\n")] = '\0';
    if (!got || strlen(line) != 64) {
        return false;
    }
    memcpy(out_key, line, 65);
    return true;
}

/* From a folder of ID.pub, or from the gateway's own keys/ with ID.key. */
static void key_of_folder(const char *folder, const char *organisation_id, char out_key[65])
{
    char path[PATH_MAX], data[PATH_MAX], signature[SIGN_SIGNATURE_SIZE];
    int n = snprintf(path, sizeof path, "%s/%s.pub", folder, organisation_id);
    out_key[0] = '\0';
    if (organisation_id[0] == '\0' || strspn(organisation_id, "0123456789abcdef") != 32 || n < 0 ||
        (size_t)n >= sizeof path || read_public(path, out_key)) {
        return;
    }
    n = snprintf(data, sizeof data, "%s/..", folder);
    struct sign_keys keys = {data};
    if (n < 0 || (size_t)n >= sizeof data ||
        sign_with_organisation(&keys, organisation_id, "", 0, signature, out_key) != STATUS_OK) {
        out_key[0] = '\0';
    }
}

/* ---- a file ---- */

static uint8_t *read_whole(const char *path, size_t *out_len)
{
    uint8_t *data = malloc(DOCUMENT_FILE_MAX + 1);
    FILE *f = data != NULL ? fopen(path, "rb") : NULL;
    *out_len = f != NULL ? fread(data, 1, DOCUMENT_FILE_MAX + 1, f) : 0;
    bool read = f != NULL && ferror(f) == 0;
    if (f != NULL) {
        (void)fclose(f);
    }
    if (!read) {
        free(data);
        return NULL;
    }
    return data;
}

static enum status judge(const struct verify_options *options, struct document_claim *claim)
{
    char key[65] = "";
    if (options->db != NULL) {
        return document_store_compare(options->db, claim);
    }
    if (options->public_key != NULL) {
        document_check_key(claim, options->public_key);
        return STATUS_OK;
    }
    if (options->keys != NULL) {
        key_of_folder(options->keys, claim->organisation_id, key);
    }
    document_check_key(claim, key);
    return STATUS_OK;
}

static void print_claim(const struct document_claim *claim, FILE *out)
{
    const json_t *report = claim->report;
    const json_t *newer = json_object_get(report, "superseded_by");
    (void)fputs("report ", out);
    print_text(out, report_text(report, "number"));
    (void)fprintf(out, ", version %lld, code ",
                  (long long)json_integer_value(json_object_get(report, "version")));
    print_text(out, report_text(report, "code"));
    (void)fputs(", ", out);
    print_text(out, report_text(json_object_get(report, "institution"), "name_zh"));
    (void)fprintf(out, "\nkey of the institution %s\n", claim->public_key);
    if (json_is_integer(newer)) {
        (void)fprintf(out, "note: version %lld has taken its place\n",
                      (long long)json_integer_value(newer));
    }
}

bool verify_file(const struct verify_options *options, const char *path, FILE *out)
{
    struct document_claim claim;
    size_t len = 0;
    uint8_t *data = read_whole(path, &len);
    if (data == NULL) {
        (void)fprintf(out, "FAILED %s: cannot be read: %s\n", path, strerror(errno));
        return false;
    }
    enum status status = document_check(data, len, &claim);
    free(data);
    if (status != STATUS_OK) {
        (void)fprintf(out, "FAILED %s: %s\n", path, status_text(status));
        return false;
    }
    status = judge(options, &claim);
    print_claim(&claim, out);
    bool valid = print_report(claim.report, out) && status == STATUS_OK;
    if (status != STATUS_OK) {
        (void)fprintf(out, "FAILED the store: %s\n", status_text(status));
    }
    document_claim_clear(&claim);
    (void)fputs(valid ? "the report holds\n" : "THE REPORT DOES NOT HOLD\n", out);
    return valid;
}

/* ---- a consultation ---- */

static bool print_chain(struct db *db, FILE *out)
{
    struct audit_verdict verdict = {0};
    enum status status = audit_verify(db, &verdict);
    bool holds = status == STATUS_OK && verdict.holds;
    if (holds) {
        (void)fprintf(out, "ok audit: %lld rows\n", (long long)verdict.count);
    } else {
        (void)fprintf(out, "FAILED audit: the chain breaks at row %lld (%s)\n",
                      (long long)verdict.first_bad_seq,
                      status == STATUS_OK ? verdict.why : status_text(status));
    }
    return holds;
}

bool verify_consultation(const struct verify_options *options, const char *number, FILE *out)
{
    json_t *reports = NULL;
    enum status status = document_store_check(options->db, options->data, number, &reports);
    if (status != STATUS_OK) {
        (void)fprintf(out, "FAILED %s: %s\n", number,
                      status == STATUS_NONE ? "no such consultation" : status_text(status));
        return false;
    }
    bool valid = true;
    for (size_t i = 0; i < json_array_size(reports); i++) {
        const json_t *report = json_array_get(reports, i);
        (void)fprintf(out, "%s, version %lld\n", number,
                      (long long)json_integer_value(json_object_get(report, "version")));
        valid = print_report(report, out) && valid;
    }
    if (json_array_size(reports) == 0) {
        (void)fprintf(out, "FAILED %s: nothing is signed\n", number);
        valid = false;
    }
    json_decref(reports);
    valid = print_chain(options->db, out) && valid;
    (void)fputs(valid ? "the record holds\n" : "THE RECORD DOES NOT HOLD\n", out);
    return valid;
}

bool verify_export_keys(struct db *db, const char *folder, FILE *out)
{
    struct db_query q;
    unsigned written = 0;
    bool good = mkdir(folder, 0755) == 0 || errno == EEXIST;
    db_begin_query(&q, db,
                   "SELECT id, signing_public_key, code FROM organisation WHERE signing_public_key "
                   "IS NOT NULL ORDER BY code");
    while (good && db_next(&q)) {
        char path[PATH_MAX];
        int n = snprintf(path, sizeof path, "%s/%s.pub", folder, db_text(&q, 0));
        FILE *f = n > 0 && (size_t)n < sizeof path ? fopen(path, "wb") : NULL;
        good = f != NULL && fprintf(f, "%s\n", db_text(&q, 1)) > 0;
        good = f != NULL && fclose(f) == 0 && good;
        if (good) {
            written++;
            (void)fprintf(out, "%s %s %s\n", db_text(&q, 0), db_text(&q, 1), db_text(&q, 2));
        }
    }
    if (db_end(&q) != STATUS_OK || !good) {
        (void)fprintf(stderr, "consultctl: %s: %s\n", folder, strerror(errno));
        return false;
    }
    return written > 0;
}
