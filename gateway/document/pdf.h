/* The form (report.h) as a PDF: A4, Chinese text as text, one QR code. The same form gives the same
 * octets with the same libraries and fonts: the dates in it are those of the signature. Cairo and
 * Pango behind it. Any thread; blocks for some 0.1 s. */
#ifndef GATEWAY_DOCUMENT_PDF_H
#define GATEWAY_DOCUMENT_PDF_H

#include "proto/base/status.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct pdf {
    uint8_t *data; /* malloc'd */
    size_t len;
    unsigned pages;
    unsigned unknown; /* characters without a glyph in any font of this machine */
};

/* STATUS_NO_MEMORY, STATUS_IO (the library failed), STATUS_TOO_LARGE (over 200 pages). */
MUST_USE enum status pdf_render(const json_t *report, int64_t signed_ms, struct pdf *out_pdf);
/* Gives back what the libraries keep from one document to the next (some 1 MiB): at the end of the
 * process, when every other thread that rendered has ended. */
void pdf_close(void);

#endif
