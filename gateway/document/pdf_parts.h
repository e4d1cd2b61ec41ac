/* Where the objects of a PDF that Cairo just made lie, and what they are. Only for octets that we
 * made ourselves a moment ago: what comes from outside is never read so. Pure; any thread. */
#ifndef GATEWAY_DOCUMENT_PDF_PARTS_H
#define GATEWAY_DOCUMENT_PDF_PARTS_H

#include "proto/base/status.h"

#include <stddef.h>
#include <stdint.h>

#define PDF_WHAT_SIZE 40

struct pdf_part {
    size_t from, len;
    unsigned object;          /* 0: none */
    char what[PDF_WHAT_SIZE]; /* "page 1", "text of page 1", "font", "text mapping", "object 7" ...
                               */
};
struct pdf_parts {
    struct pdf_part *list; /* malloc'd; in order, without a gap, from 0 to the end */
    size_t count;
    unsigned root, info, size; /* of the trailer: object numbers, and the first free one */
    unsigned first_page;       /* object number */
    size_t xref;               /* where its cross-reference table begins */
};

/* STATUS_UNSUPPORTED: not as Cairo 1.16 and 1.18 write version 1.4. STATUS_NO_MEMORY. */
MUST_USE enum status pdf_parts_read(const uint8_t *data, size_t len, struct pdf_parts *out_parts);
void pdf_parts_free(struct pdf_parts *parts);
/* The part that is that object; NULL. */
const struct pdf_part *pdf_parts_find(const struct pdf_parts *parts, unsigned object);

#endif
