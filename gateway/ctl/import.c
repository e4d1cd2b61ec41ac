#include "gateway/ctl/import.h"

#include "gateway/auth/sign.h"
#include "gateway/ctl/import_departments.h"
#include "gateway/ctl/import_locate.h"
#include "gateway/ctl/import_parts.h"
#include "gateway/records/audit.h"
#include "media/rt/clock.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys are made last: a file that is refused leaves none behind. A key that is known but gone is
 * never replaced in silence. */
static void make_key(struct import *im, const char *id, const char *known)
{
    char public_key[SIGN_PUBLIC_KEY_SIZE];
    char signature[SIGN_SIGNATURE_SIZE];
    struct sign_keys keys = {im->options->data_folder};
    enum status status = STATUS_OK;
    if (known[0] != '\0') {
        status = sign_with_organisation(&keys, id, "", 0, signature, public_key);
        if (status != STATUS_OK || strcmp(public_key, known) != 0) {
            (void)import_fail(im,
                              "the signing key %s/keys/%s.key is missing or another one: restore "
                              "it from the backup",
                              im->options->data_folder, id);
            im->status = STATUS_IO;
        }
        return;
    }
    status = sign_key_ensure(im->options->data_folder, id, public_key);
    if (status == STATUS_OK) {
        status = db_run(im->db, "UPDATE organisation SET signing_public_key=$1 WHERE id=$2", "ss",
                        public_key, id);
    }
    (void)import_store(im, status);
}

static void make_keys(struct import *im)
{
    struct key {
        char id[33], public_key[SIGN_PUBLIC_KEY_SIZE];
        struct key *next;
    } *keys = NULL;
    struct db_query q;
    db_begin_query(&q, im->db, "SELECT id, signing_public_key FROM organisation ORDER BY id");
    while (db_next(&q)) {
        struct key *key = calloc(1, sizeof *key);
        if (key == NULL) {
            (void)import_store(im, STATUS_NO_MEMORY);
            break;
        }
        (void)snprintf(key->id, sizeof key->id, "%s", db_text(&q, 0));
        (void)snprintf(key->public_key, sizeof key->public_key, "%s", db_text(&q, 1));
        key->next = keys;
        keys = key;
    }
    (void)import_store(im, db_end(&q));
    while (keys != NULL) {
        struct key *next = keys->next;
        if (!im->failed) {
            make_key(im, keys->id, keys->public_key);
        }
        free(keys);
        keys = next;
    }
}

static void import_root(struct import *im, json_t *root)
{
    static const char *const members[] = {
        "format",        "demonstration", "note",   "specialties", "organisations",
        "practitioners", "partnerships",  "shifts", "departments", NULL};
    if (!import_members(im, root, members)) {
        return;
    }
    const char *format = json_string_value(json_object_get(root, "format"));
    if (format == NULL || strcmp(format, "consult-gateway-import-1") != 0) {
        size_t mark = import_enter(im, "format");
        (void)import_fail(im, "must be \"consult-gateway-import-1\"");
        import_leave(im, mark);
        return;
    }
    im->demonstration = import_bool(im, root, "demonstration", false);
    import_specialties(im, root);
    import_organisations(im, root);
    import_practitioners(im, root);
    import_partnerships(im, root);
    import_shifts(im, root);
    import_departments(im, root);
    im->path[0] = '\0';
    if (!im->failed && im->options->data_folder != NULL) {
        make_keys(im);
    }
}

static json_t *parse(const char *text, size_t len, struct import_result *result)
{
    json_error_t error;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        (void)snprintf(result->error, sizeof result->error, "%s", error.text);
        result->line = error.line;
        result->column = error.column;
    }
    return root;
}

/* One row for the whole file, which can be told again by its hash. */
static void note_import(struct import *im, const char *text, size_t len)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[2 * crypto_hash_sha256_BYTES + 1];
    (void)crypto_hash_sha256(hash, (const unsigned char *)text, len);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    json_t *detail = json_pack(
        "{ss, sb, si, si, si, si, si}", "sha256", hex, "demonstration", (int)im->demonstration,
        "organisations", (int)im->result->organisations, "practitioners",
        (int)im->result->practitioners, "accounts", (int)im->result->accounts, "partnerships",
        (int)im->result->partnerships, "shifts", (int)im->result->shifts);
    struct audit_entry entry = {.at_ms = clock_wall_ms(),
                                .action = "directory.import",
                                .reason_code = "consultctl",
                                .detail = detail};
    (void)import_store(im, audit_append(im->db, &entry));
    json_decref(detail);
}

static enum status run(struct import *im, json_t *root, const char *text, size_t len)
{
    enum status status = db_begin(im->db);
    if (status != STATUS_OK) {
        (void)snprintf(im->result->error, sizeof im->result->error,
                       "the store is not available: %s", status_text(status));
        return status;
    }
    import_root(im, root);
    if (!im->failed) {
        note_import(im, text, len);
    }
    if (im->failed) {
        db_rollback(im->db);
        return im->status;
    }
    status = db_commit(im->db);
    if (status != STATUS_OK) {
        (void)snprintf(im->result->error, sizeof im->result->error, "the store did not commit: %s",
                       status_text(status));
    }
    return status;
}

enum status import_json(struct db *db, const struct import_options *options, const char *text,
                        size_t len, struct import_result *out_result)
{
    *out_result = (struct import_result){0};
    if (len > IMPORT_FILE_MAX) {
        (void)snprintf(out_result->error, sizeof out_result->error,
                       "the file is larger than %zu octets", IMPORT_FILE_MAX);
        return STATUS_TOO_LARGE;
    }
    json_t *root = parse(text, len, out_result);
    if (root == NULL) {
        return STATUS_MALFORMED;
    }
    struct import im = {.db = db, .options = options, .result = out_result};
    enum status status = run(&im, root, text, len);
    json_decref(root);
    if (status != STATUS_OK && im.failed) {
        (void)import_locate(text, len, out_result->field, &out_result->line, &out_result->column);
    }
    return status;
}
