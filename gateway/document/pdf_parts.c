#include "gateway/document/pdf_parts.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS_MAX 20000u
#define ENTRY_LEN 20u  /* of the cross-reference table (ISO 32000-1 §7.5.4) */
#define HEAD_MAX 4096u /* of an object: its dictionary is looked for within */

/* First place of text in [from, until); NULL. */
static const char *find(const char *from, const char *until, const char *text)
{
    return until > from ? memmem(from, (size_t)(until - from), text, strlen(text)) : NULL;
}

static bool number_after(const char *from, const char *until, const char *key, unsigned *out_value)
{
    const char *at = find(from, until, key);
    return at != NULL && sscanf(at + strlen(key), " %u", out_value) == 1;
}

static const char *last_xref(const char *text, size_t len, size_t *out_xref)
{
    const char *at = NULL;
    for (const char *next = find(text, text + len, "startxref"); next != NULL;
         next = find(next + 1, text + len, "startxref")) {
        at = next;
    }
    unsigned long xref = 0;
    if (at == NULL || sscanf(at, "startxref %lu", &xref) != 1 || xref + 8 >= len ||
        memcmp(text + xref, "xref\n0 ", 7) != 0) {
        return NULL;
    }
    *out_xref = xref;
    return text + xref;
}

static int by_place(const void *left, const void *right)
{
    const struct pdf_part *a = left, *b = right;
    return a->from < b->from ? -1 : a->from > b->from;
}

static void name_part(struct pdf_part *part, const char *what, unsigned number)
{
    (void)snprintf(part->what, sizeof part->what, number != 0 ? "%s %u" : "%s", what, number);
}

/* Head of the object: its dictionary, before the octets of a stream. */
static void head_of(const char *text, const struct pdf_part *part, const char **out_from,
                    const char **out_until)
{
    size_t len = part->len < HEAD_MAX ? part->len : HEAD_MAX;
    const char *stream = find(text + part->from, text + part->from + len, "stream");
    *out_from = text + part->from;
    *out_until = stream != NULL ? stream : text + part->from + len;
}

/* By what it says of itself. */
static void name_plain(const char *text, struct pdf_part *part)
{
    const char *from = NULL, *until = NULL;
    head_of(text, part, &from, &until);
    bool font =
        find(from, until, "/FontDescriptor") != NULL || find(from, until, "/Type /Font") != NULL ||
        find(from, until, "/CIDFontType") != NULL || find(from, until, "/Length1") != NULL ||
        find(from, until, "/Subtype /CIDFont") != NULL;
    if (find(from, until, "/Type /Catalog") != NULL) {
        name_part(part, "catalog", 0);
    } else if (find(from, until, "/Type /Pages") != NULL) {
        name_part(part, "list of pages", 0);
    } else if (font) {
        name_part(part, "font", 0);
    } else if (find(from, until, "/CreationDate") != NULL) {
        name_part(part, "information", 0);
    } else {
        name_part(part, "object", part->object);
    }
}

static struct pdf_part *part_of(const struct pdf_parts *parts, unsigned object)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->list[i].object == object && object != 0) {
            return &parts->list[i];
        }
    }
    return NULL;
}

const struct pdf_part *pdf_parts_find(const struct pdf_parts *parts, unsigned object)
{
    return part_of(parts, object);
}

/* What others refer to: pages in the order of their list, their text, the mapping of glyphs to
 * characters. */
static void name_referred(const char *text, struct pdf_parts *parts)
{
    unsigned pages = 0, other = 0;
    for (size_t i = 0; i < parts->count; i++) {
        const char *from = NULL, *until = NULL;
        struct pdf_part *part = &parts->list[i], *referred = NULL;
        head_of(text, part, &from, &until);
        if (number_after(from, until, "/ToUnicode", &other) &&
            (referred = part_of(parts, other)) != NULL) {
            name_part(referred, "text mapping", 0);
        }
        const char *page = find(from, until, "/Type /Page");
        if (page == NULL || page[strlen("/Type /Page")] == 's') {
            continue;
        }
        pages++;
        parts->first_page = pages == 1 ? part->object : parts->first_page;
        name_part(part, "page", pages);
        if (number_after(from, until, "/Contents", &other) &&
            (referred = part_of(parts, other)) != NULL) {
            name_part(referred, "text of page", pages);
        }
    }
}

static enum status read_table(const char *text, size_t len, struct pdf_parts *parts)
{
    const char *table = last_xref(text, len, &parts->xref);
    unsigned count = 0;
    int head = 0;
    if (table == NULL || sscanf(table, "xref\n0 %u\n%n", &count, &head) != 1 || head == 0 ||
        count < 2 || count > OBJECTS_MAX || parts->xref + (size_t)head + count * ENTRY_LEN >= len) {
        return STATUS_UNSUPPORTED;
    }
    parts->list = calloc(count + 2, sizeof *parts->list);
    if (parts->list == NULL) {
        return STATUS_NO_MEMORY;
    }
    name_part(&parts->list[parts->count++], "file head", 0);
    for (unsigned i = 1; i < count; i++) {
        unsigned long from = 0;
        char kind = ' ';
        const char *entry = table + head + (size_t)i * ENTRY_LEN;
        if (sscanf(entry, "%10lu %*5u %c", &from, &kind) != 2 || from >= parts->xref) {
            return STATUS_UNSUPPORTED;
        }
        if (kind == 'n') {
            parts->list[parts->count++] = (struct pdf_part){.from = from, .object = i};
        }
    }
    parts->list[parts->count] = (struct pdf_part){.from = parts->xref};
    name_part(&parts->list[parts->count++], "table of objects", 0);
    return STATUS_OK;
}

enum status pdf_parts_read(const uint8_t *data, size_t len, struct pdf_parts *out_parts)
{
    const char *text = (const char *)data;
    struct pdf_parts parts = {.list = NULL};
    enum status status = read_table(text, len, &parts);
    if (status != STATUS_OK) {
        pdf_parts_free(&parts);
        return status;
    }
    qsort(parts.list, parts.count, sizeof *parts.list, by_place);
    for (size_t i = 0; i < parts.count; i++) {
        size_t end = i + 1 < parts.count ? parts.list[i + 1].from : len;
        parts.list[i].len = end - parts.list[i].from;
        if (parts.list[i].object != 0) {
            name_plain(text, &parts.list[i]);
        }
    }
    name_referred(text, &parts);
    const char *trailer = find(text + parts.xref, text + len, "trailer");
    if (trailer == NULL || !number_after(trailer, text + len, "/Root", &parts.root) ||
        !number_after(trailer, text + len, "/Info", &parts.info) ||
        !number_after(trailer, text + len, "/Size", &parts.size) || parts.first_page == 0) {
        pdf_parts_free(&parts);
        return STATUS_UNSUPPORTED;
    }
    *out_parts = parts;
    return STATUS_OK;
}

void pdf_parts_free(struct pdf_parts *parts)
{
    free(parts->list);
    *parts = (struct pdf_parts){.list = NULL};
}
