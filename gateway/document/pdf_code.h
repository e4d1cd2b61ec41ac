/* A QR code (ISO/IEC 18004) as a drawing. libqrencode behind it. Any thread. */
#ifndef GATEWAY_DOCUMENT_PDF_CODE_H
#define GATEWAY_DOCUMENT_PDF_CODE_H

#include <stdbool.h>

struct _cairo; /* cairo_t */

/* In black, `size` points wide, its quiet zone not included. False: the text is too long. */
bool pdf_code_draw(struct _cairo *cr, const char *text, double x, double y, double size);

#endif
