#include "gateway/document/pdf_code.h"

#include <cairo.h>
#include <qrencode.h>
#include <stddef.h>

bool pdf_code_draw(struct _cairo *cr, const char *text, double x, double y, double size)
{
    /* level M: 15 % of it may be covered by a stamp or a fold */
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (code == NULL) {
        return false;
    }
    double module = size / code->width;
    cairo_set_source_rgb(cr, 0, 0, 0);
    for (int row = 0; row < code->width; row++) {
        for (int column = 0; column < code->width; column++) {
            if ((code->data[row * code->width + column] & 1) != 0) {
                cairo_rectangle(cr, x + column * module, y + row * module, module, module);
            }
        }
    }
    cairo_fill(cr); /* one path: neighbours leave no seams */
    QRcode_free(code);
    return true;
}
