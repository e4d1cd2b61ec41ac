#include "gateway/document/pdf_tail.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* A text string in UTF-16 with its mark (ISO 32000-1 §7.9.2.2), in hex. */
static void add_unicode(struct octets *out, const char *utf8)
{
    octets_text(out, "<FEFF");
    for (const unsigned char *p = (const unsigned char *)utf8; *p != '\0';) {
        unsigned more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
        uint32_t c = more == 0 ? *p : *p & (0x3fu >> more);
        p++;
        for (; more > 0 && (*p & 0xc0u) == 0x80u; more--, p++) {
            c = (c << 6) | (*p & 0x3fu);
        }
        if (c >= 0x10000) {
            octets_text(out, "%04X%04X", 0xd800u + ((c - 0x10000) >> 10),
                        0xdc00u + ((c - 0x10000) & 0x3ffu));
        } else {
            octets_text(out, "%04X", c);
        }
    }
    octets_text(out, ">");
}

static void add_date(struct octets *out, int64_t at_ms)
{
    struct tm utc;
    char text[32] = "";
    time_t at = (time_t)(at_ms / 1000);
    if (gmtime_r(&at, &utc) != NULL) {
        (void)strftime(text, sizeof text, "D:%Y%m%d%H%M%SZ", &utc);
    }
    octets_text(out, "(%s)", text);
}

/* Runs of consecutive numbers are one subsection each. */
static void add_table(struct octets *out, const struct pdf_tail *tail, size_t dictionary_at)
{
    struct pdf_added all[PDF_ADDED_MAX + 1];
    size_t count = tail->added_count;
    memcpy(all, tail->added, sizeof tail->added);
    all[count++] = (struct pdf_added){tail->dictionary, dictionary_at};
    octets_text(out, "xref\n");
    for (size_t i = 0; i < count;) {
        size_t run = 1;
        while (i + run < count && all[i + run].object == all[i].object + run) {
            run++;
        }
        octets_text(out, "%u %zu\n", all[i].object, run);
        for (; run > 0; run--, i++) {
            octets_text(out, "%010zu 00000 n \n", all[i].from);
        }
    }
}

void pdf_tail_write(const struct pdf_tail *tail, struct octets *out, struct pdf_gap *out_gap)
{
    static const char zeros[PDF_GAP_DIGITS + 1] = {0};
    char range[64];
    size_t base = out->len, range_at = 0;
    octets_text(out,
                "%u 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached\n"
                "   /ByteRange ",
                tail->dictionary);
    range_at = out->len;
    octets_text(out, "%-40s", "");
    octets_text(out, "\n   /Contents ");
    out_gap->from = tail->at + (out->len - base);
    out_gap->len = PDF_GAP_DIGITS + 2;
    octets_text(out, "<");
    size_t gap = out->len;
    octets_add(out, zeros, PDF_GAP_DIGITS);
    octets_text(out, ">\n   /M ");
    add_date(out, tail->signed_ms);
    octets_text(out, " /Name ");
    add_unicode(out, tail->name);
    octets_text(out, " >>\nendobj\n");
    out_gap->xref = tail->at + (out->len - base);
    add_table(out, tail, tail->at);
    octets_text(
        out,
        "trailer\n<< /Size %u /Root %u 0 R /Info %u 0 R /Prev %zu\n   /ID [<%.32s> <%.32s>] "
        ">>\nstartxref\n%zu\n%%%%EOF\n",
        tail->dictionary + 1, tail->root, tail->info, tail->previous, tail->id, tail->id,
        out_gap->xref);
    out_gap->end = tail->at + (out->len - base);
    size_t behind = out_gap->from + out_gap->len;
    int n = snprintf(range, sizeof range, "[0 %zu %zu %zu]", out_gap->from, behind,
                     out_gap->end - behind);
    if (out->failed || n < 0 || n > 40) {
        out->failed = true;
        return;
    }
    memcpy(out->data + range_at, range, (size_t)n);
    memset(out->data + gap, '0', PDF_GAP_DIGITS);
}
