#include "gateway/document/pdf_flow.h"

#include <pango/pangocairo.h>
#include <stdio.h>
#include <string.h>

/* In this order: Hanzi in use, Latin, then what is rare in names (deploy/packages.txt has all of
 * them). TrueType outlines: Cairo's subsets of them are small, those of the CFF outlines of Noto
 * Sans CJK are 130 kB, and 900 kB when "FI" or "LI" is in the text, because its subroutines are
 * then all kept. */
#define FAMILY "Droid Sans Fallback,DejaVu Sans,HanaMinA,HanaMinB,Noto Sans CJK SC,sans-serif"
#define TOP 40.0
#define TOP_LATER 62.0 /* below the running head */
#define LINE_GAP 0.28  /* of the size: Chinese needs more air between lines than Latin */
#define LINE_WIDTH 0.6

static const double inks[][3] = {
    {0, 0, 0}, {0.42, 0.42, 0.42}, {0.72, 0.06, 0.06}, {0.1, 0.25, 0.5}};

void flow_ink(struct flow *flow, enum flow_ink ink)
{
    cairo_set_source_rgb(flow->cr, inks[ink][0], inks[ink][1], inks[ink][2]);
}

void flow_rectangle(struct flow *flow, double x, double y, double width, double height)
{
    cairo_set_line_width(flow->cr, LINE_WIDTH);
    cairo_rectangle(flow->cr, x, y, width, height);
    cairo_stroke(flow->cr);
}

void flow_fill(struct flow *flow, double x, double y, double width, double height, double grey)
{
    cairo_set_source_rgb(flow->cr, grey, grey, grey);
    cairo_rectangle(flow->cr, x, y, width, height);
    cairo_fill(flow->cr);
}

/* ---- layouts ---- */

static void add_attribute(PangoAttrList *list, PangoAttribute *attribute, size_t from, size_t until)
{
    attribute->start_index = (guint)from;
    attribute->end_index = (guint)until;
    pango_attr_list_insert(list, attribute); /* takes it */
}

/* "主诉 Complaint  胸痛两小时": the first part bold, the second small and grey. */
static void set_words(PangoLayout *layout, const struct flow_style *style,
                      const struct flow_words *words)
{
    if (words->label_zh == NULL) {
        pango_layout_set_text(layout, words->text, -1);
        return;
    }
    size_t zh = strlen(words->label_zh), en = strlen(words->label_en);
    char *text = g_strconcat(words->label_zh, " ", words->label_en, "  ", words->text, NULL);
    PangoAttrList *list = pango_attr_list_new();
    add_attribute(list, pango_attr_weight_new(PANGO_WEIGHT_BOLD), 0, zh);
    add_attribute(list, pango_attr_size_new((int)(style->size * 0.74 * PANGO_SCALE)), zh,
                  zh + 1 + en);
    add_attribute(list, pango_attr_foreground_new(0x7000, 0x7000, 0x7000), zh, zh + 1 + en);
    pango_layout_set_text(layout, text, -1);
    pango_layout_set_attributes(layout, list);
    pango_attr_list_unref(list);
    g_free(text);
}

static PangoLayout *layout_of(struct flow *flow, const struct flow_style *style, double width,
                              const struct flow_words *words)
{
    PangoLayout *layout = pango_cairo_create_layout(flow->cr);
    PangoFontDescription *font = pango_font_description_from_string(FAMILY);
    pango_cairo_context_set_resolution(pango_layout_get_context(layout), 72.0); /* size = points */
    pango_context_set_language(pango_layout_get_context(layout),
                               pango_language_from_string("zh-cn"));
    pango_font_description_set_size(font, (int)(style->size * PANGO_SCALE));
    pango_font_description_set_weight(font, style->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_spacing(layout, (int)(style->size * LINE_GAP * PANGO_SCALE));
    pango_layout_set_alignment(layout, style->align == FLOW_CENTRE ? PANGO_ALIGN_CENTER
                                       : style->align == FLOW_END  ? PANGO_ALIGN_RIGHT
                                                                   : PANGO_ALIGN_LEFT);
    set_words(layout, style, words);
    flow->unknown += (unsigned)pango_layout_get_unknown_glyphs_count(layout);
    return layout;
}

static double height_of(PangoLayout *layout)
{
    PangoRectangle logical;
    pango_layout_get_extents(layout, NULL, &logical);
    return (double)logical.height / PANGO_SCALE;
}

double flow_height(struct flow *flow, const struct flow_style *style, double width,
                   const char *text)
{
    unsigned unknown = flow->unknown;
    PangoLayout *layout = layout_of(flow, style, width, &(struct flow_words){.text = text});
    double height = height_of(layout);
    g_object_unref(layout);
    flow->unknown = unknown; /* counted where it is drawn */
    return height;
}

double flow_place(struct flow *flow, const struct flow_style *style, double x, double y,
                  double width, const char *text)
{
    PangoLayout *layout = layout_of(flow, style, width, &(struct flow_words){.text = text});
    double height = height_of(layout);
    flow_ink(flow, style->ink);
    cairo_move_to(flow->cr, x, y);
    pango_cairo_show_layout(flow->cr, layout);
    g_object_unref(layout);
    return height;
}

/* ---- pages ---- */

static void draw_foot(struct flow *flow)
{
    const struct flow_style left = {.size = 7.5, .ink = FLOW_GREY},
                            right = {.size = 8, .align = FLOW_END};
    char number[64];
    double y = FLOW_HEIGHT - 38.0;
    (void)snprintf(number, sizeof number, "第 %u 页 共 %u 页", flow->page, flow->pages);
    flow_ink(flow, FLOW_GREY);
    cairo_set_line_width(flow->cr, 0.4);
    cairo_move_to(flow->cr, FLOW_LEFT, y - 4);
    cairo_line_to(flow->cr, FLOW_RIGHT, y - 4);
    cairo_stroke(flow->cr);
    (void)flow_place(flow, &left, FLOW_LEFT, y, FLOW_SPAN - 100, flow->foot);
    (void)flow_place(flow, &right, FLOW_RIGHT - 100, y, 100, number);
}

static void draw_head(struct flow *flow)
{
    const struct flow_style style = {.size = 8.5, .ink = FLOW_GREY};
    (void)flow_place(flow, &style, FLOW_LEFT, TOP - 4, FLOW_SPAN, flow->head);
    cairo_set_line_width(flow->cr, 0.4);
    cairo_move_to(flow->cr, FLOW_LEFT, TOP + 11);
    cairo_line_to(flow->cr, FLOW_RIGHT, TOP + 11);
    cairo_stroke(flow->cr);
}

void flow_begin(struct flow *flow, struct _cairo *cr, const char *head, const char *foot,
                unsigned pages)
{
    *flow =
        (struct flow){.cr = cr, .y = TOP, .page = 1, .pages = pages, .head = head, .foot = foot};
}

void flow_end(struct flow *flow)
{
    draw_foot(flow);
    cairo_show_page(flow->cr);
}

static void next_page(struct flow *flow)
{
    flow_end(flow);
    flow->page++;
    flow->y = TOP_LATER;
    draw_head(flow);
}

void flow_need(struct flow *flow, double height)
{
    if (flow->y + height > FLOW_BOTTOM) {
        next_page(flow);
    }
}

static void draw_line(struct flow *flow, const struct flow_style *style, double x,
                      PangoLayoutIter *iterator)
{
    PangoRectangle logical;
    pango_layout_iter_get_line_extents(iterator, NULL, &logical);
    double height = (double)logical.height / PANGO_SCALE;
    double baseline = (double)(pango_layout_iter_get_baseline(iterator) - logical.y) / PANGO_SCALE;
    flow_need(flow, height);
    flow_ink(flow, style->ink);
    if (style->bar) {
        cairo_rectangle(flow->cr, x - 7, flow->y, 2.2, height);
        cairo_fill(flow->cr);
    }
    cairo_move_to(flow->cr, x + (double)logical.x / PANGO_SCALE, flow->y + baseline);
    pango_cairo_show_layout_line(flow->cr, pango_layout_iter_get_line_readonly(iterator));
    flow->y += height + style->size * LINE_GAP;
}

void flow_text(struct flow *flow, const struct flow_style *style, double x, double width,
               const struct flow_words *words)
{
    PangoLayout *layout = layout_of(flow, style, width, words);
    PangoLayoutIter *iterator = pango_layout_get_iter(layout);
    do {
        draw_line(flow, style, x, iterator);
    } while (pango_layout_iter_next_line(iterator));
    pango_layout_iter_free(iterator);
    g_object_unref(layout);
}
