#include "gateway/document/pdf_seal.h"

#include "gateway/document/members.h"
#include "gateway/document/pdf_parts.h"
#include "gateway/document/pdf_tail.h"
#include "gateway/records/canonical.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sealing {
    const struct pdf_seal_order *order;
    struct pdf_parts parts;
    struct octets file;
    json_t *list;                               /* of parts, for the manifest */
    unsigned manifest, field, dictionary, next; /* object numbers */
    struct pdf_tail tail;
};

/* ---- parts ---- */

static void list_part(struct sealing *s, size_t from, unsigned object, const char *what)
{
    char hash[65];
    size_t len = s->file.len - from;
    if (s->file.failed) {
        return;
    }
    canonical_sha256(s->file.data + from, len, hash);
    json_t *part = json_pack("{s:I, s:I, s:s, s:s}", "from", (json_int_t)from, "len",
                             (json_int_t)len, "what", what, "sha256", hash);
    if (object != 0) {
        json_object_set_new(part, "object", json_integer((json_int_t)object));
    }
    json_array_append_new(s->list, part);
}

/* An object that is added: for the table of the tail, and for the manifest. */
static void list_added(struct sealing *s, size_t from, unsigned object, const char *what)
{
    s->tail.added[s->tail.added_count++] = (struct pdf_added){object, from};
    list_part(s, from, object, what);
}

static void list_old_parts(struct sealing *s)
{
    const struct pdf_seal_order *o = s->order;
    for (size_t i = 0; i < s->parts.count; i++) {
        const struct pdf_part *part = &s->parts.list[i];
        char hash[65];
        canonical_sha256(o->pdf + part->from, part->len, hash);
        json_array_append_new(
            s->list, json_pack("{s:I, s:I, s:s, s:s}", "from", (json_int_t)part->from, "len",
                               (json_int_t)part->len, "what", part->what, "sha256", hash));
    }
}

/* ---- objects ---- */

/* Cairo's object once more, with `members` put at the beginning of its dictionary. */
static enum status add_again(struct sealing *s, unsigned object, const char *members)
{
    const struct pdf_part *part = pdf_parts_find(&s->parts, object);
    const uint8_t *text = s->order->pdf;
    const char *begin = part == NULL ? NULL : memmem(text + part->from, part->len, "<<", 2);
    if (begin == NULL) {
        return STATUS_UNSUPPORTED;
    }
    size_t head = (size_t)(begin + 2 - (const char *)(text + part->from)), from = s->file.len;
    octets_add(&s->file, text + part->from, head);
    octets_text(&s->file, " %s", members);
    octets_add(&s->file, text + part->from + head, part->len - head);
    list_added(s, from, object, part->what);
    return STATUS_OK;
}

void pdf_seal_stream(struct octets *out, unsigned object, const char *text, size_t len)
{
    octets_text(out,
                "%u 0 obj\n<< /Type /EmbeddedFile /Subtype /application#2Fjson /Length %zu "
                "/Params << /Size %zu >> >>\nstream\n",
                object, len, len);
    octets_add(out, text, len);
    octets_text(out, "\nendstream\nendobj\n");
}

static void add_name(struct sealing *s, unsigned object, const char *name)
{
    char what[PDF_WHAT_SIZE];
    size_t from = s->file.len;
    octets_text(&s->file,
                "%u 0 obj\n<< /Type /Filespec /F (%s) /UF (%s) /AFRelationship /Data /EF << /F %u "
                "0 R /UF %u 0 R >> >>\nendobj\n",
                object, name, name, object - 1, object - 1);
    (void)snprintf(what, sizeof what, "name of %.24s", name);
    list_added(s, from, object, what);
}

static void add_files(struct sealing *s)
{
    for (size_t i = 0; i < s->order->file_count; i++) {
        const struct pdf_file *file = &s->order->files[i];
        size_t from = s->file.len;
        unsigned object = s->next;
        s->next += 2;
        pdf_seal_stream(&s->file, object, file->text, file->len);
        list_added(s, from, object, file->name);
        add_name(s, object + 1, file->name);
    }
}

/* The catalog's names must be in order (ISO 32000-1 §7.9.6): the files are given so. */
static void catalog_members(const struct sealing *s, struct octets *out)
{
    unsigned first = s->parts.size;
    octets_text(out,
                "/Version /1.7 /AcroForm << /Fields [%u 0 R] /SigFlags 3 >>\n   /Names << "
                "/EmbeddedFiles << /Names [",
                s->field);
    for (size_t i = 0; i < s->order->file_count; i++) {
        if (strcmp(s->order->files[i].name, "record.json") == 0) {
            octets_text(out, "(manifest.json) %u 0 R ", s->manifest + 1);
        }
        octets_text(out, "(%s) %u 0 R ", s->order->files[i].name, first + 2 * (unsigned)i + 1);
    }
    octets_text(out, "] >> >>\n   /AF [");
    for (size_t i = 0; i < s->order->file_count; i++) {
        octets_text(out, "%u 0 R ", first + 2 * (unsigned)i + 1);
    }
    octets_text(out, "%u 0 R]\n  ", s->manifest + 1);
}

static enum status add_anew(struct sealing *s)
{
    struct octets catalog = {.data = NULL};
    char annotation[48];
    unsigned first = s->parts.first_page, root = s->parts.root;
    catalog_members(s, &catalog);
    (void)snprintf(annotation, sizeof annotation, "/Annots [%u 0 R]\n  ", s->field);
    enum status status = catalog.failed ? STATUS_NO_MEMORY : STATUS_OK;
    /* by number: so the table needs them */
    for (unsigned turn = 0; turn < 2 && status == STATUS_OK; turn++) {
        bool page = (turn == 0) == (first < root);
        status = add_again(s, page ? first : root, page ? annotation : (const char *)catalog.data);
    }
    free(catalog.data);
    return status;
}

static void add_field(struct sealing *s)
{
    size_t from = s->file.len;
    octets_text(&s->file,
                "%u 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Sig /T (institution) /F 132 /Rect "
                "[0 0 0 0] /P %u 0 R /V %u 0 R >>\nendobj\n",
                s->field, s->parts.first_page, s->dictionary);
    list_added(s, from, s->field, "signature field");
}

/* ---- manifest ---- */

static enum status manifest_text(struct sealing *s, size_t base, char **out_text, size_t *out_len)
{
    const struct pdf_seal_order *o = s->order;
    char certificate[65];
    seal_fingerprint(o->seal, certificate);
    json_t *members = members_hash(o->record);
    json_t *manifest = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:i, s:i, s:i, s:I, s:I, s:O, s:o}", "format",
        "consult-manifest-1", "code", o->code, "certificate_sha256", certificate, "record_sha256",
        o->record_hash, "name", o->name, "signed_ms", (json_int_t)o->signed_ms, "object",
        (int)s->manifest, "root", (int)s->parts.root, "info", (int)s->parts.info, "previous",
        (json_int_t)s->parts.xref, "base", (json_int_t)base, "parts", s->list, "members", members);
    enum status status =
        manifest == NULL ? STATUS_NO_MEMORY : canonical_write(manifest, out_text, out_len);
    json_decref(manifest);
    return status;
}

static enum status add_manifest(struct sealing *s, size_t base)
{
    char *text = NULL, signature[129];
    size_t len = 0;
    enum status status = manifest_text(s, base, &text, &len);
    if (status == STATUS_OK) {
        status = s->order->sign(s->order->sign_context, text, len, signature);
    }
    if (status == STATUS_OK) {
        octets_text(&s->file, "%s%zu %s\n", PDF_MANIFEST_MARK, len, signature);
        s->tail.added[s->tail.added_count] = (struct pdf_added){s->manifest, s->file.len};
        s->tail.added_count++;
        pdf_seal_stream(&s->file, s->manifest, text, len);
    }
    free(text);
    return status;
}

static int by_number(const void *left, const void *right)
{
    const struct pdf_added *a = left, *b = right;
    return a->object < b->object ? -1 : a->object > b->object;
}

static enum status add_tail(struct sealing *s)
{
    static const char digits[] = "0123456789abcdef";
    const struct pdf_seal_order *o = s->order;
    struct pdf_gap gap;
    uint8_t cms[SEAL_CMS_MAX];
    size_t cms_len = 0;
    qsort(s->tail.added, s->tail.added_count, sizeof s->tail.added[0], by_number);
    s->tail.at = s->file.len;
    pdf_tail_write(&s->tail, &s->file, &gap);
    if (s->file.failed) {
        return STATUS_NO_MEMORY;
    }
    const struct seal_octets ranges[2] = {
        {s->file.data, gap.from},
        {s->file.data + gap.from + gap.len, s->file.len - gap.from - gap.len}};
    enum status status = seal_sign(o->seal, ranges, o->signed_ms / 1000, cms, &cms_len);
    if (status == STATUS_OK && cms_len * 2 > PDF_GAP_DIGITS) {
        status = STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < cms_len && status == STATUS_OK; i++) {
        uint8_t *at = s->file.data + gap.from + 1 + 2 * i;
        at[0] = (uint8_t)digits[cms[i] >> 4];
        at[1] = (uint8_t)digits[cms[i] & 15];
    }
    return status;
}

static void number_objects(struct sealing *s)
{
    s->next = s->parts.size;
    s->manifest = s->parts.size + 2 * (unsigned)s->order->file_count;
    s->field = s->manifest + 2;
    s->dictionary = s->manifest + 3;
    s->tail.dictionary = s->dictionary;
    s->tail.root = s->parts.root;
    s->tail.info = s->parts.info;
    s->tail.previous = s->parts.xref;
    s->tail.id = s->order->record_hash;
    s->tail.signed_ms = s->order->signed_ms;
    s->tail.name = s->order->name;
}

enum status pdf_seal(const struct pdf_seal_order *order, struct octets *out_file)
{
    struct sealing s = {.order = order, .list = json_array()};
    enum status status = pdf_parts_read(order->pdf, order->pdf_len, &s.parts);
    if (status == STATUS_OK) {
        number_objects(&s);
        list_old_parts(&s);
        octets_add(&s.file, order->pdf, order->pdf_len);
        status = add_anew(&s);
    }
    if (status == STATUS_OK) {
        add_files(&s);
        add_name(&s, s.manifest + 1, "manifest.json");
        add_field(&s);
        status = s.file.failed ? STATUS_NO_MEMORY : add_manifest(&s, order->pdf_len);
    }
    if (status == STATUS_OK) {
        status = add_tail(&s);
    }
    pdf_parts_free(&s.parts);
    json_decref(s.list);
    if (status != STATUS_OK) {
        free(s.file.data);
        return status;
    }
    *out_file = s.file;
    return STATUS_OK;
}
