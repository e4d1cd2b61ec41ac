#include "gateway/document/document_check.h"

#include "certs/seal.h"
#include "gateway/document/document_code.h"
#include "gateway/document/members.h"
#include "gateway/document/pdf_seal.h"
#include "gateway/document/pdf_tail.h"
#include "gateway/document/report_parts.h"
#include "gateway/records/canonical.h"
#include "gateway/records/opinion_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 20000
#define NAMED_MAX 20 /* findings of a kind: then it is clear */
_Static_assert(PDF_GAP_DIGITS == 2 * SEAL_CMS_MAX, "read_gap reads all of the gap");

struct span_of {
    const char *text;
    size_t len;
};
struct check {
    const uint8_t *data;
    size_t len;
    json_t *report, *manifest, *signatures, *record, *decision;
    size_t mark, manifest_at; /* the mark's line; the manifest's object */
    struct span_of manifest_text, record_text, decision_text;
    char signature[129];
};

void document_finding_add(json_t *report, const struct document_finding *f)
{
    json_t *finding = json_pack("{s:s, s:b, s:s*, s:s*}", "layer", f->layer, "ok", f->ok, "what",
                                f->what, "pointer", f->pointer);
    if (f->len > 0) {
        json_object_set_new(finding, "from", json_integer((json_int_t)f->from));
        json_object_set_new(finding, "length", json_integer((json_int_t)f->len));
    }
    json_array_append_new(json_object_get(report, "findings"), finding);
    if (!f->ok) {
        json_object_set_new(report, "valid", json_false());
    }
}

static void good(struct check *c, const char *layer)
{
    document_finding_add(c->report, &(struct document_finding){.layer = layer, .ok = true});
}

static void bad(struct check *c, const char *layer, const char *what, size_t from, size_t len)
{
    document_finding_add(c->report, &(struct document_finding){
                                        .layer = layer, .what = what, .from = from, .len = len});
}

static size_t number_of(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));
    return value > 0 ? (size_t)value : 0;
}

/* ---- the manifest ---- */

static const uint8_t *find_last(const struct check *c, const char *text)
{
    size_t len = strlen(text);
    for (size_t at = c->len >= len ? c->len - len + 1 : 0; at-- > 0;) {
        if (memcmp(c->data + at, text, len) == 0) {
            return c->data + at;
        }
    }
    return NULL;
}

/* "%CG-MANIFEST LENGTH SIGNATURE", then the object with that many octets. */
static bool find_manifest(struct check *c)
{
    const uint8_t *mark = find_last(c, "\n" PDF_MANIFEST_MARK);
    char line[192] = "";
    unsigned long len = 0;
    int used = 0;
    if (mark == NULL) {
        return false;
    }
    c->mark = (size_t)(mark + 1 - c->data);
    size_t left = c->len - c->mark;
    memcpy(line, mark + 1, left < sizeof line ? left : sizeof line - 1);
    const size_t head = sizeof PDF_MANIFEST_MARK - 1;
    if (sscanf(line + head, "%8lu %128[0-9a-f]%n", &len, c->signature, &used) != 2 ||
        strlen(c->signature) != 128 || line[head + (size_t)used] != '\n') {
        return false;
    }
    c->manifest_at = c->mark + head + (size_t)used + 1;
    const uint8_t *stream =
        memmem(c->data + c->manifest_at, c->len - c->manifest_at, "stream\n", 7);
    if (stream == NULL || len > c->len - (size_t)(stream + 7 - c->data)) {
        return false;
    }
    c->manifest_text = (struct span_of){(const char *)stream + 7, len};
    c->manifest = json_loadb(c->manifest_text.text, len, JSON_REJECT_DUPLICATES, NULL);
    return true;
}

/* ---- the parts ---- */

/* Text of an attachment within its part. */
static struct span_of stream_of(const struct check *c, size_t from, size_t len)
{
    static const char head[] = ">>\nstream\n", tail[] = "\nendstream\nendobj\n";
    const uint8_t *stream = memmem(c->data + from, len, head, sizeof head - 1);
    if (stream == NULL) {
        return (struct span_of){NULL, 0};
    }
    size_t at = (size_t)(stream - c->data) + sizeof head - 1, end = from + len;
    return end - at < sizeof tail - 1
               ? (struct span_of){NULL, 0}
               : (struct span_of){(const char *)c->data + at, end - at - (sizeof tail - 1)};
}

static void keep_file(struct check *c, const char *what, size_t from, size_t len)
{
    if (strcmp(what, "record.json") == 0 && c->record == NULL) {
        c->record_text = stream_of(c, from, len);
        c->record = json_loadb(c->record_text.text != NULL ? c->record_text.text : "",
                               c->record_text.len, JSON_REJECT_DUPLICATES, NULL);
    } else if (strcmp(what, "decision.json") == 0 && c->decision == NULL) {
        c->decision_text = stream_of(c, from, len);
        c->decision = json_loadb(c->decision_text.text != NULL ? c->decision_text.text : "",
                                 c->decision_text.len, JSON_REJECT_DUPLICATES, NULL);
    } else if (strcmp(what, "signatures.json") == 0 && c->signatures == NULL) {
        struct span_of text = stream_of(c, from, len);
        c->signatures =
            json_loadb(text.text != NULL ? text.text : "", text.len, JSON_REJECT_DUPLICATES, NULL);
    }
}

/* Without a gap from 0 to the mark, each with the hash that the manifest has. */
static void check_parts(struct check *c)
{
    const json_t *parts = json_object_get(c->manifest, "parts");
    size_t at = 0, wrong = 0, count = json_array_size(parts);
    for (size_t i = 0; i < count && i < PARTS_MAX; i++) {
        const json_t *part = json_array_get(parts, i);
        size_t from = number_of(part, "from"), len = number_of(part, "len");
        const char *what = report_text(part, "what");
        char hash[65];
        if (from != at || len > c->mark - at) {
            break;
        }
        at += len;
        canonical_sha256(c->data + from, len, hash);
        if (strcmp(hash, report_text(part, "sha256")) != 0 && wrong++ < NAMED_MAX) {
            bad(c, "parts", what, from, len);
        }
        keep_file(c, what, from, len);
    }
    if (at != c->mark) {
        bad(c, "parts", "unlisted octets", at, c->mark > at ? c->mark - at : 1);
    } else if (wrong == 0) {
        good(c, "parts");
    }
}

static void check_manifest(struct check *c)
{
    const json_t *institution = json_object_get(c->signatures, "institution");
    char *text = malloc(c->manifest_text.len + 1);
    bool holds = false;
    if (text != NULL) {
        memcpy(text, c->manifest_text.text, c->manifest_text.len);
        text[c->manifest_text.len] = '\0';
        holds = strlen(text) == c->manifest_text.len &&
                strcmp(report_text(c->manifest, "format"), "consult-manifest-1") == 0 &&
                opinion_record_verify(text, c->signature, report_text(institution, "public_key"));
    }
    free(text);
    if (holds) {
        good(c, "manifest");
    } else {
        size_t end = (size_t)(c->manifest_text.text - (const char *)c->data) + c->manifest_text.len;
        bad(c, "manifest", "manifest.json", c->mark, end - c->mark);
    }
}

/* ---- the end of the file ---- */

static bool same_octets(const struct check *c, const struct octets *wanted, size_t at, size_t skip,
                        size_t skip_len, size_t *out_where)
{
    for (size_t i = 0; i < wanted->len; i++) {
        bool skipped = at + i >= skip && at + i < skip + skip_len;
        if (!skipped && (at + i >= c->len || c->data[at + i] != wanted->data[i])) {
            *out_where = at + i;
            return false;
        }
    }
    return true;
}

static int by_number(const void *left, const void *right)
{
    const struct pdf_added *a = left, *b = right;
    return a->object < b->object ? -1 : a->object > b->object;
}

static bool read_tail(const struct check *c, size_t at, struct pdf_tail *out_tail)
{
    const json_t *parts = json_object_get(c->manifest, "parts");
    size_t base = number_of(c->manifest, "base");
    struct pdf_tail tail = {
        .at = at,
        .dictionary = (unsigned)number_of(c->manifest, "object") + 3,
        .root = (unsigned)number_of(c->manifest, "root"),
        .info = (unsigned)number_of(c->manifest, "info"),
        .previous = number_of(c->manifest, "previous"),
        .id = report_text(c->manifest, "record_sha256"),
        .signed_ms = (int64_t)number_of(c->manifest, "signed_ms"),
        .name = report_text(c->manifest, "name"),
    };
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i);
        if (number_of(part, "from") >= base && number_of(part, "object") > 0) {
            if (tail.added_count + 1 >= PDF_ADDED_MAX) {
                return false;
            }
            tail.added[tail.added_count++] =
                (struct pdf_added){(unsigned)number_of(part, "object"), number_of(part, "from")};
        }
    }
    tail.added[tail.added_count++] =
        (struct pdf_added){(unsigned)number_of(c->manifest, "object"), c->manifest_at};
    qsort(tail.added, tail.added_count, sizeof tail.added[0], by_number);
    *out_tail = tail;
    return true;
}

static const char *tail_part(const struct pdf_gap *gap, size_t where)
{
    return where < gap->xref  ? "signature dictionary"
           : where < gap->end ? "table of objects"
                              : "end";
}

/* The manifest's mark and object, and all behind it, written again. */
static bool check_tail(struct check *c, struct pdf_gap *out_gap)
{
    struct octets object = {.data = NULL}, end = {.data = NULL};
    struct pdf_tail tail;
    size_t where = 0;
    bool same = false;
    octets_text(&object, "%s%zu %s\n", PDF_MANIFEST_MARK, c->manifest_text.len, c->signature);
    pdf_seal_stream(&object, (unsigned)number_of(c->manifest, "object"), c->manifest_text.text,
                    c->manifest_text.len);
    bool made = !object.failed && read_tail(c, c->mark + object.len, &tail);
    if (made) {
        pdf_tail_write(&tail, &end, out_gap);
        made = !end.failed;
    }
    if (!made) {
        bad(c, "tail", "end", c->manifest_at, c->len - c->manifest_at);
    } else if (!same_octets(c, &object, c->mark, 0, 0, &where)) {
        bad(c, "tail", "head of manifest.json", where, 1);
    } else if (!same_octets(c, &end, tail.at, out_gap->from, out_gap->len, &where)) {
        bad(c, "tail", tail_part(out_gap, where), where, 1);
    } else if (c->len != out_gap->end) {
        bad(c, "tail", "octets behind the end", out_gap->end, c->len - out_gap->end);
    } else {
        same = true;
        good(c, "tail");
    }
    free(object.data);
    free(end.data);
    return same || (made && c->len >= out_gap->end);
}

static int digit_of(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Small letters only, and zeros behind: the gap has no freedom either. 0: it is not so. */
static size_t read_gap(const struct check *c, const struct pdf_gap *gap, uint8_t out[SEAL_CMS_MAX])
{
    const uint8_t *at = c->data + gap->from;
    size_t len = 0;
    if (at[0] != '<' || at[gap->len - 1] != '>') {
        return 0;
    }
    for (size_t i = 0; i < SEAL_CMS_MAX; i++) {
        int high = digit_of(at[1 + 2 * i]), low = digit_of(at[2 + 2 * i]);
        if (high < 0 || low < 0) {
            return 0;
        }
        out[i] = (uint8_t)(high * 16 + low);
    }
    if (out[0] == 0x30 && out[1] == 0x82) { /* SEQUENCE of a length in two octets */
        len = 4 + (size_t)out[2] * 256 + out[3];
    }
    for (size_t i = len; i < SEAL_CMS_MAX; i++) {
        if (out[i] != 0) {
            return 0;
        }
    }
    return len <= SEAL_CMS_MAX ? len : 0;
}

static void check_seal(struct check *c, const struct pdf_gap *gap)
{
    uint8_t cms[SEAL_CMS_MAX];
    struct seal_verdict verdict = {.fault = SEAL_DAMAGED};
    size_t behind = gap->from + gap->len, len = read_gap(c, gap, cms);
    const struct seal_octets ranges[2] = {{c->data, gap->from},
                                          {c->data + behind, c->len - behind}};
    if (len > 0) {
        seal_check(cms, len, ranges, &verdict);
    }
    bool named = strcmp(verdict.fingerprint, report_text(c->manifest, "certificate_sha256")) == 0;
    if (verdict.fault == SEAL_OTHER_OCTETS) {
        bad(c, "seal", "whole file", 0, c->len);
    } else if (verdict.fault != SEAL_HOLDS || !named) {
        bad(c, "seal", verdict.fault == SEAL_HOLDS ? "certificate" : "signature of the file",
            gap->from, gap->len);
    } else {
        good(c, "seal");
    }
}

/* ---- the record ---- */

static bool signed_by(const struct span_of *text, const json_t *signer, const char *key)
{
    char *octets = text->text != NULL ? malloc(text->len + 1) : NULL;
    if (octets == NULL) {
        return false;
    }
    memcpy(octets, text->text, text->len);
    octets[text->len] = '\0';
    bool holds = strlen(octets) == text->len &&
                 opinion_record_verify(octets, report_text(signer, "signature"), key);
    free(octets);
    return holds;
}

/* Members that are not those of the manifest. */
static void name_members(struct check *c)
{
    json_t *hashes = c->record != NULL ? members_hash(c->record) : NULL;
    if (hashes == NULL) {
        bad(c, "record", "record.json", 0, 0);
        return;
    }
    json_t *differ = members_differ(hashes, json_object_get(c->manifest, "members"), NAMED_MAX);
    for (size_t i = 0; i < json_array_size(differ); i++) {
        document_finding_add(c->report, &(struct document_finding){.layer = "record",
                                                                   .what = "record.json",
                                                                   .pointer = json_string_value(
                                                                       json_array_get(differ, i))});
    }
    if (json_array_size(differ) == 0) {
        bad(c, "record", "signature of the institution", 0, 0);
    }
    json_decref(differ);
    json_decref(hashes);
}

static void check_record(struct check *c)
{
    const json_t *institution = json_object_get(c->signatures, "institution");
    const json_t *person = json_object_get(c->signatures, "person");
    const json_t *consultant = json_object_get(c->record, "consultant");
    bool first = strcmp(report_text(c->record, "format"), "consult-opinion-1") == 0;
    if (signed_by(&c->record_text, institution, report_text(institution, "public_key")) &&
        strcmp(report_text(json_object_get(consultant, "organisation"), "id"),
               report_text(institution, "id")) == 0) {
        good(c, "record");
    } else {
        name_members(c);
    }
    if (first) {
        return;
    }
    if (signed_by(&c->record_text, person, report_text(consultant, "public_key"))) {
        good(c, "signer");
    } else {
        bad(c, "signer", "signature of the person", 0, 0);
    }
}

static void check_decision(struct check *c)
{
    char hash[65];
    const json_t *signer = json_object_get(c->signatures, "decision");
    if (c->decision_text.text == NULL && signer == NULL) {
        return;
    }
    canonical_sha256(c->record_text.text != NULL ? c->record_text.text : "", c->record_text.len,
                     hash);
    if (signed_by(&c->decision_text, signer, report_text(signer, "public_key")) &&
        strcmp(report_text(c->decision, "opinion_sha256"), hash) == 0) {
        good(c, "decision");
    } else {
        bad(c, "decision", "decision.json", 0, 0);
    }
}

static void check_code(struct check *c, struct document_claim *claim)
{
    const json_t *institution = json_object_get(c->signatures, "institution");
    char code[DOCUMENT_CODE_SIZE] = "";
    if (c->record_text.text != NULL) {
        document_code_make(c->record_text.text, c->record_text.len,
                           report_text(institution, "signature"), code);
    }
    if (strcmp(code, report_text(c->manifest, "code")) == 0) {
        good(c, "code");
        (void)snprintf(claim->code, sizeof claim->code, "%s", code);
    } else {
        bad(c, "code", "verification code", 0, 0);
    }
}

/* ---- the whole ---- */

static void say_what(struct check *c, struct document_claim *claim)
{
    const json_t *institution = json_object_get(c->signatures, "institution");
    const json_t *opinion = json_object_get(c->record, "opinion");
    const json_t *consultant = json_object_get(c->record, "consultant");
    json_object_set_new(c->report, "code", json_string(claim->code));
    json_object_set_new(
        c->report, "number",
        json_string(report_text(json_object_get(c->record, "consultation"), "number")));
    json_object_set_new(c->report, "version",
                        json_integer(json_integer_value(json_object_get(opinion, "version"))));
    json_object_set_new(c->report, "signed_ms",
                        json_integer(json_integer_value(json_object_get(c->record, "signed_ms"))));
    json_object_set_new(c->report, "institution",
                        json_pack("{s:s, s:s}", "name_zh", report_text(institution, "name_zh"),
                                  "name_en", report_text(institution, "name_en")));
    (void)snprintf(claim->organisation_id, sizeof claim->organisation_id, "%s",
                   report_text(institution, "id"));
    (void)snprintf(claim->public_key, sizeof claim->public_key, "%s",
                   report_text(institution, "public_key"));
    (void)snprintf(claim->signer_key, sizeof claim->signer_key, "%s",
                   report_text(consultant, "public_key"));
}

static void check_all(struct check *c, struct document_claim *claim)
{
    struct pdf_gap gap;
    if (c->len < 64 || c->len > DOCUMENT_FILE_MAX || memcmp(c->data, "%PDF-", 5) != 0) {
        bad(c, "layout", "file head", 0, c->len < 8 ? c->len : 8);
        return;
    }
    if (!find_manifest(c)) {
        bad(c, "layout", "manifest.json", c->mark, c->len - c->mark);
        return;
    }
    good(c, "layout");
    check_parts(c);
    check_manifest(c);
    if (check_tail(c, &gap)) {
        check_seal(c, &gap);
    }
    check_record(c);
    check_decision(c);
    check_code(c, claim);
}

enum status document_check(const uint8_t *data, size_t len, struct document_claim *out_claim)
{
    struct document_claim claim = {.canonical = NULL};
    struct check c = {.data = data, .len = len};
    c.report = json_pack("{s:b, s:[]}", "valid", 1, "findings");
    if (c.report == NULL) {
        return STATUS_NO_MEMORY;
    }
    check_all(&c, &claim);
    say_what(&c, &claim);
    claim.report = c.report;
    claim.record = c.record;
    claim.canonical =
        c.record_text.text != NULL ? strndup(c.record_text.text, c.record_text.len) : NULL;
    json_decref(c.manifest);
    json_decref(c.signatures);
    json_decref(c.decision);
    *out_claim = claim;
    return STATUS_OK;
}

void document_claim_clear(struct document_claim *claim)
{
    json_decref(claim->report);
    json_decref(claim->record);
    free(claim->canonical);
    *claim = (struct document_claim){.canonical = NULL};
}

void document_check_key(struct document_claim *claim, const char *known_key)
{
    struct document_finding finding = {.layer = "key"};
    if (known_key == NULL || known_key[0] == '\0') {
        finding.what = "unknown institution";
    } else if (strcmp(known_key, claim->public_key) != 0) {
        finding.what = "another key";
    } else {
        finding.ok = true;
    }
    document_finding_add(claim->report, &finding);
}
