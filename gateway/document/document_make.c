#include "gateway/document/document_make.h"

#include "certs/seal.h"
#include "gateway/document/pdf.h"
#include "gateway/document/pdf_seal.h"
#include "gateway/document/report.h"
#include "gateway/document/report_parts.h"
#include "gateway/imaging/blob_path.h"
#include "gateway/records/canonical.h"
#include "media/rt/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void document_order_clear(struct document_order *order)
{
    free(order->canonical);
    free(order->decision);
    order->canonical = order->decision = NULL;
}

/* ---- the attachments ---- */

static json_t *institution_json(const struct document_order *o, const json_t *record)
{
    const json_t *organisation =
        json_object_get(json_object_get(record, "consultant"), "organisation");
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", report_text(organisation, "id"),
                     "code", report_text(organisation, "code"), "name_zh",
                     report_text(organisation, "name_zh"), "name_en",
                     report_text(organisation, "name_en"), "public_key", o->public_key, "signature",
                     o->signature);
}

static enum status signatures_text(const struct document_order *o, const json_t *record,
                                   const char *record_hash, char **out_text, size_t *out_len)
{
    const json_t *consultant = json_object_get(record, "consultant");
    json_t *root =
        json_pack("{s:s, s:s, s:s, s:o}", "format", "consult-signatures-1", "code", o->code,
                  "record_sha256", record_hash, "institution", institution_json(o, record));
    if (o->signer_signature[0] != '\0') {
        json_object_set_new(root, "person",
                            json_pack("{s:s, s:s, s:s}", "account",
                                      report_text(consultant, "account"), "public_key",
                                      o->signer_key, "signature", o->signer_signature));
    }
    if (o->decision != NULL) {
        json_object_set_new(root, "decision",
                            json_pack("{s:s, s:s, s:s}", "organisation", o->decision_organisation,
                                      "public_key", o->decision_key, "signature",
                                      o->decision_signature));
    }
    enum status status = root == NULL ? STATUS_NO_MEMORY : canonical_write(root, out_text, out_len);
    json_decref(root);
    return status;
}

/* ---- the file ---- */

struct signer {
    const struct api_services *services;
    const struct document_order *order;
};

/* The manifest is signed by the key that signed the record, and by no other. */
static enum status sign_manifest(void *context, const void *message, size_t len,
                                 char out_signature_hex[129])
{
    const struct signer *signer = context;
    char key[65];
    enum status status =
        signer->services->sign(signer->services->sign_context, signer->order->organisation_id,
                               message, len, out_signature_hex, key);
    return status == STATUS_OK && strcmp(key, signer->order->public_key) != 0 ? STATUS_UNAUTHENTIC
                                                                              : status;
}

static enum status render(struct document_order *o, const json_t *record, const char *record_hash,
                          struct pdf *out_pdf)
{
    json_t *decision = o->decision != NULL ? json_loads(o->decision, 0, NULL) : NULL;
    const struct report_extra extra = {
        .code = o->code,
        .url = o->url,
        .record_hash = record_hash,
        .signature = o->signature,
        .public_key = o->public_key,
        .signer_signature = o->signer_signature,
        .signer_key = o->signer_key,
        .decision = decision,
    };
    json_t *report = report_make(record, &extra);
    enum status status =
        report == NULL ? STATUS_NO_MEMORY : pdf_render(report, o->signed_ms, out_pdf);
    json_decref(report);
    json_decref(decision);
    if (status == STATUS_OK) {
        o->unknown = out_pdf->unknown;
    }
    return status;
}

static enum status open_seal(const struct api_services *services, const struct document_order *o,
                             const json_t *record, struct seal **out_seal)
{
    const json_t *organisation =
        json_object_get(json_object_get(record, "consultant"), "organisation");
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/keys/%s.document.pem", services->data_folder,
                     o->organisation_id);
    if (n < 0 || (size_t)n >= sizeof path) {
        return STATUS_TOO_LARGE;
    }
    return seal_ensure(path, report_text(organisation, "name_zh"),
                       report_text(organisation, "code"), o->signed_ms / 1000, out_seal);
}

static enum status seal_file(const struct api_services *services, const struct document_order *o,
                             const json_t *record, const struct pdf *pdf, struct octets *out_file)
{
    struct signer signer = {services, o};
    struct seal *seal = NULL;
    char hash[65], *signatures = NULL;
    size_t signatures_len = 0, count = 0;
    canonical_sha256(o->canonical, strlen(o->canonical), hash);
    enum status status = signatures_text(o, record, hash, &signatures, &signatures_len);
    if (status == STATUS_OK) {
        status = open_seal(services, o, record, &seal);
    }
    if (status == STATUS_OK) {
        struct pdf_seal_order order = {
            .pdf = pdf->data,
            .pdf_len = pdf->len,
            .record = record,
            .record_hash = hash,
            .code = o->code,
            .name = report_text(
                json_object_get(json_object_get(record, "consultant"), "organisation"), "name_zh"),
            .signed_ms = o->signed_ms,
            .seal = seal,
            .sign = sign_manifest,
            .sign_context = &signer,
        };
        if (o->decision != NULL) {
            order.files[count++] =
                (struct pdf_file){"decision.json", o->decision, strlen(o->decision)};
        }
        order.files[count++] = (struct pdf_file){"record.json", o->canonical, strlen(o->canonical)};
        order.files[count++] = (struct pdf_file){"signatures.json", signatures, signatures_len};
        order.file_count = count;
        status = pdf_seal(&order, out_file);
    }
    seal_destroy(seal);
    free(signatures);
    return status;
}

enum status document_make(const struct api_services *services, struct document_order *order,
                          struct octets *out_file)
{
    struct pdf pdf = {.data = NULL};
    char hash[65];
    json_t *record = json_loads(order->canonical, 0, NULL);
    if (record == NULL) {
        return STATUS_MALFORMED;
    }
    canonical_sha256(order->canonical, strlen(order->canonical), hash);
    enum status status = render(order, record, hash, &pdf);
    if (status == STATUS_OK) {
        status = seal_file(services, order, record, &pdf, out_file);
    }
    free(pdf.data);
    json_decref(record);
    return status;
}

/* ---- on disk ---- */

static bool write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static enum status write_at(const struct blob_path *path, const struct octets *file)
{
    char fresh[BLOB_PATH_MAX + 8];
    (void)snprintf(fresh, sizeof fresh, "%s.XXXXXX", path->text);
    int fd = mkstemp(fresh); /* 0600; what a crash leaves is swept away at the next start */
    if (fd < 0) {
        return STATUS_IO;
    }
    bool done = write_all(fd, file->data, file->len) && fsync(fd) == 0;
    done = close(fd) == 0 && done;
    if (!done || rename(fresh, path->text) != 0) {
        (void)unlink(fresh);
        return STATUS_IO;
    }
    return blob_sync_folder(path);
}

enum status document_write(const struct api_services *services, struct document_order *order,
                           const struct octets *file)
{
    struct blob_path path;
    char hash[65];
    canonical_sha256(file->data, file->len, hash);
    enum status status = blob_path_blob(services->data_folder, hash, &path);
    if (status == STATUS_OK) {
        status = blob_make_folders(services->data_folder, &path);
    }
    if (status == STATUS_OK) {
        status = write_at(&path, file);
    }
    if (status == STATUS_OK) {
        memcpy(order->sha256, hash, sizeof hash);
        order->bytes = (int64_t)file->len;
        order->made = true;
    }
    return status;
}
