/* A4 pages that fill from the top: text in boxes that run on over pages, running heads, feet with
 * "第 1 页 共 2 页". Cairo and Pango behind it. One flow, one thread; several may run side by side
 * (Pango keeps a font map for each thread). */
#ifndef GATEWAY_DOCUMENT_PDF_FLOW_H
#define GATEWAY_DOCUMENT_PDF_FLOW_H

#include <stdbool.h>

struct _cairo;       /* cairo_t */
struct _PangoLayout; /* PangoLayout */

#define FLOW_WIDTH 595.276 /* points: A4 is 210 x 297 mm */
#define FLOW_HEIGHT 841.890
#define FLOW_LEFT 45.0
#define FLOW_RIGHT (FLOW_WIDTH - 45.0)
#define FLOW_SPAN (FLOW_RIGHT - FLOW_LEFT)
#define FLOW_BOTTOM (FLOW_HEIGHT - 52.0)

enum flow_align { FLOW_START, FLOW_CENTRE, FLOW_END };
enum flow_ink { FLOW_BLACK, FLOW_GREY, FLOW_RED, FLOW_BLUE };

struct flow_style {
    double size;    /* points */
    bool bold, bar; /* bar: a line at the left of the text */
    enum flow_ink ink;
    enum flow_align align;
};

struct flow {
    struct _cairo *cr;       /* borrowed */
    double y;                /* where the next thing goes */
    unsigned page;           /* 1-based */
    unsigned pages;          /* of all; 0: not known yet, this pass counts them */
    unsigned unknown;        /* characters that no font has: drawn as boxes with their numbers */
    const char *head, *foot; /* borrowed */
};

void flow_begin(struct flow *flow, struct _cairo *cr, const char *head, const char *foot,
                unsigned pages);
void flow_end(struct flow *flow); /* foot of the last page */
/* Begins a new page unless `height` is left on this one. */
void flow_need(struct flow *flow, double height);
void flow_ink(struct flow *flow, enum flow_ink ink);
void flow_rectangle(struct flow *flow, double x, double y, double width, double height);
void flow_fill(struct flow *flow, double x, double y, double width, double height, double grey);

/* label NULL: none; a label stands before the text in bold, its English in small grey letters. */
struct flow_words {
    const char *label_zh, *label_en, *text;
};
/* At y, over as many pages as it takes. */
void flow_text(struct flow *flow, const struct flow_style *style, double x, double width,
               const struct flow_words *words);
/* How high it is. */
double flow_height(struct flow *flow, const struct flow_style *style, double width,
                   const char *text);
/* Within the page, at a place; moves nothing. Returns the height. */
double flow_place(struct flow *flow, const struct flow_style *style, double x, double y,
                  double width, const char *text);

#endif
