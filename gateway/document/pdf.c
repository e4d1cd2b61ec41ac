#include "gateway/document/pdf.h"

#include "gateway/document/pdf_code.h"
#include "gateway/document/pdf_flow.h"

#include <cairo-pdf.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGES_MAX 200u
#define BYTES_MAX ((size_t)32 * 1024 * 1024)
#define QR_SIZE 84.0
#define LABEL_WIDTH 74.0
#define PAD 4.0

static const struct flow_style body_style = {.size = 10};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* ---- the top of the first page ---- */

static void draw_title(struct flow *flow, const json_t *report)
{
    const struct flow_style head = {.size = 13, .bold = true, .align = FLOW_CENTRE},
                            title = {.size = 21, .bold = true, .align = FLOW_CENTRE},
                            english = {.size = 8.5, .ink = FLOW_GREY, .align = FLOW_CENTRE},
                            number = {.size = 9, .align = FLOW_END};
    char text[64];
    flow->y += flow_place(flow, &head, FLOW_LEFT, flow->y, FLOW_SPAN, text_of(report, "head_zh"));
    flow->y +=
        flow_place(flow, &english, FLOW_LEFT, flow->y, FLOW_SPAN, text_of(report, "head_en"));
    flow->y += 3;
    flow->y += flow_place(flow, &title, FLOW_LEFT, flow->y, FLOW_SPAN, text_of(report, "title_zh"));
    flow->y +=
        flow_place(flow, &english, FLOW_LEFT, flow->y, FLOW_SPAN, text_of(report, "title_en"));
    flow->y += 4;
    (void)snprintf(text, sizeof text, "会诊编号 No. %.40s", text_of(report, "number"));
    flow->y += flow_place(flow, &number, FLOW_LEFT, flow->y, FLOW_SPAN, text) + 5;
}

static void draw_notices(struct flow *flow, const json_t *notices)
{
    const struct flow_style style = {.size = 9.5, .ink = FLOW_RED, .bar = true};
    for (size_t i = 0; i < json_array_size(notices); i++) {
        flow_text(flow, &style, FLOW_LEFT + 7, FLOW_SPAN - 7,
                  &(struct flow_words){.text = json_string_value(json_array_get(notices, i))});
        flow->y += 4;
    }
}

/* ---- the table ---- */

static double label_height(struct flow *flow, const json_t *cell)
{
    const struct flow_style zh = {.size = 9.5, .bold = true}, en = {.size = 6.5};
    return flow_height(flow, &zh, LABEL_WIDTH - 2 * PAD, text_of(cell, "zh")) +
           flow_height(flow, &en, LABEL_WIDTH - 2 * PAD, text_of(cell, "en"));
}

static void draw_cell(struct flow *flow, const json_t *cell, double x, double width, double height)
{
    const struct flow_style zh = {.size = 9.5, .bold = true}, en = {.size = 6.5, .ink = FLOW_GREY};
    double inside = LABEL_WIDTH - 2 * PAD, value_width = width - LABEL_WIDTH;
    double value = flow_height(flow, &body_style, value_width - 2 * PAD, text_of(cell, "text"));
    double top = flow->y + (height - label_height(flow, cell)) / 2;
    flow_fill(flow, x, flow->y, LABEL_WIDTH, height, 0.955);
    top += flow_place(flow, &zh, x + PAD, top, inside, text_of(cell, "zh"));
    (void)flow_place(flow, &en, x + PAD, top, inside, text_of(cell, "en"));
    (void)flow_place(flow, &body_style, x + LABEL_WIDTH + PAD, flow->y + (height - value) / 2,
                     value_width - 2 * PAD, text_of(cell, "text"));
    flow_ink(flow, FLOW_GREY);
    flow_rectangle(flow, x, flow->y, LABEL_WIDTH, height);
    flow_rectangle(flow, x + LABEL_WIDTH, flow->y, value_width, height);
}

static void draw_row(struct flow *flow, const json_t *row)
{
    size_t cells = json_array_size(row);
    double width = FLOW_SPAN / (double)(cells == 0 ? 1 : cells), height = 0;
    for (size_t i = 0; i < cells; i++) {
        const json_t *cell = json_array_get(row, i);
        double label = label_height(flow, cell);
        double value =
            flow_height(flow, &body_style, width - LABEL_WIDTH - 2 * PAD, text_of(cell, "text"));
        height = label > height ? label : height;
        height = value > height ? value : height;
    }
    height += 6;
    flow_need(flow, height);
    for (size_t i = 0; i < cells; i++) {
        draw_cell(flow, json_array_get(row, i), FLOW_LEFT + width * (double)i, width, height);
    }
    flow->y += height;
}

/* ---- the sections ---- */

static void draw_heading(struct flow *flow, const json_t *section, size_t index)
{
    static const char *const numerals[] = {"一", "二", "三", "四", "五",   "六",
                                           "七", "八", "九", "十", "十一", "十二"};
    const struct flow_style style = {.size = 11, .bold = true, .ink = FLOW_BLUE},
                            english = {.size = 8, .ink = FLOW_GREY, .align = FLOW_END};
    char text[128];
    (void)snprintf(text, sizeof text, "%s、%.90s",
                   index < sizeof numerals / sizeof numerals[0] ? numerals[index] : "",
                   text_of(section, "zh"));
    flow_need(flow, 52); /* with two lines of what follows */
    flow->y += 9;
    double height = flow_place(flow, &style, FLOW_LEFT, flow->y, FLOW_SPAN, text);
    (void)flow_place(flow, &english, FLOW_LEFT, flow->y + 4, FLOW_SPAN, text_of(section, "en"));
    flow_fill(flow, FLOW_LEFT, flow->y + height + 1, FLOW_SPAN, 0.8, 0.55);
    flow->y += height + 6;
}

static void draw_item(struct flow *flow, const json_t *item)
{
    const struct flow_style alert = {.size = 10.5, .bold = true, .ink = FLOW_RED, .bar = true},
                            mark = {.size = 10, .bold = true};
    const char *kind = text_of(item, "kind");
    struct flow_words words = {.text = text_of(item, "text")};
    double indent = 0;
    if (strcmp(kind, "labelled") == 0) {
        words.label_zh = text_of(item, "zh");
        words.label_en = text_of(item, "en");
    } else if (strcmp(kind, "line") == 0) {
        indent = strlen(text_of(item, "mark")) > 3 ? 30 : 16;
        flow_need(flow, 16);
        (void)flow_place(flow, &mark, FLOW_LEFT + 2, flow->y, indent, text_of(item, "mark"));
    } else if (strcmp(kind, "alert") == 0) {
        indent = 7;
    }
    flow_text(flow, strcmp(kind, "alert") == 0 ? &alert : &body_style, FLOW_LEFT + 2 + indent,
              FLOW_SPAN - 4 - indent, &words);
    flow->y += 1.5;
}

static void draw_sections(struct flow *flow, const json_t *sections)
{
    for (size_t i = 0; i < json_array_size(sections); i++) {
        const json_t *section = json_array_get(sections, i);
        const json_t *items = json_object_get(section, "items");
        draw_heading(flow, section, i);
        for (size_t k = 0; k < json_array_size(items); k++) {
            draw_item(flow, json_array_get(items, k));
        }
    }
}

/* ---- the end ---- */

static double draw_sign_rows(struct flow *flow, const json_t *rows, double width)
{
    const struct flow_style zh = {.size = 9, .bold = true}, en = {.size = 6.5, .ink = FLOW_GREY},
                            value = {.size = 9.5};
    const double label = 118;
    double y = flow->y;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        (void)flow_place(flow, &zh, FLOW_LEFT + 8, y, label, text_of(row, "zh"));
        (void)flow_place(flow, &en, FLOW_LEFT + 8, y + 11.5, label, text_of(row, "en"));
        double height =
            flow_place(flow, &value, FLOW_LEFT + 8 + label, y, width - label, text_of(row, "text"));
        y += (height > 20 ? height : 20) + 2;
    }
    return y;
}

static void draw_code(struct flow *flow, const json_t *report, double x)
{
    const struct flow_style small = {.size = 7, .ink = FLOW_GREY, .align = FLOW_CENTRE},
                            strong = {.size = 8.2, .bold = true, .align = FLOW_CENTRE};
    const char *url = text_of(report, "url"), *code = text_of(report, "code");
    char halves[2][16];
    (void)snprintf(halves[0], sizeof halves[0], "%.11s", code);
    (void)snprintf(halves[1], sizeof halves[1], "%s", strlen(code) > 12 ? code + 12 : "");
    double y = flow->y;
    if (pdf_code_draw(flow->cr, url[0] != '\0' ? url : code, x + 8, y, QR_SIZE)) {
        y += QR_SIZE + 5;
    }
    y += flow_place(flow, &small, x, y, QR_SIZE + 16, "验证码 Verification code");
    y += flow_place(flow, &strong, x, y, QR_SIZE + 16, halves[0]);
    (void)flow_place(flow, &strong, x, y, QR_SIZE + 16, halves[1]);
}

static void draw_sign(struct flow *flow, const json_t *report)
{
    const struct flow_style note = {.size = 7.5, .ink = FLOW_GREY};
    const json_t *rows = json_object_get(report, "sign");
    double rows_height = 22.0 * (double)json_array_size(rows) + 12, code_height = QR_SIZE + 50;
    double height = rows_height > code_height ? rows_height : code_height, width = FLOW_SPAN - 116;
    const char *url = text_of(report, "url");
    char text[900];
    flow_need(flow, height + 56);
    flow->y += 12;
    double top = flow->y;
    flow->y += 8;
    draw_code(flow, report, FLOW_RIGHT - 108);
    double bottom = draw_sign_rows(flow, rows, width - 16);
    bottom = bottom > top + height ? bottom : top + height;
    flow_ink(flow, FLOW_GREY);
    flow_rectangle(flow, FLOW_LEFT, top, FLOW_SPAN, bottom - top);
    flow->y = bottom + 4;
    (void)snprintf(
        text, sizeof text,
        "本报告由会诊医师本人及其单位电子签名，文件内附签名原文 (record.json)，任何改动均可查出。"
        "核验：%s%s提交本文件或输入验证码。会诊意见供申请方参考，诊疗决定由申请方作出并负责。",
        url[0] != '\0' ? "扫描二维码，或在 " : "在平台的报告核验页",
        url[0] != '\0' ? "核验页" : "");
    flow_text(flow, &note, FLOW_LEFT, FLOW_SPAN, &(struct flow_words){.text = text});
    if (flow->unknown > 0) {
        (void)snprintf(text, sizeof text,
                       "有 %u 个字符本机字库未收，以方框和字符编码表示；原文见 record.json。",
                       flow->unknown);
        flow_text(flow, &note, FLOW_LEFT, FLOW_SPAN, &(struct flow_words){.text = text});
    }
}

/* ---- the file ---- */

static cairo_status_t collect(void *context, const unsigned char *octets, unsigned len)
{
    struct pdf *pdf = context;
    size_t room = (pdf->len + 65535) / 65536 * 65536;
    if (len > BYTES_MAX - pdf->len) {
        return CAIRO_STATUS_WRITE_ERROR;
    }
    if (pdf->len + len > room || pdf->data == NULL) {
        uint8_t *grown = realloc(pdf->data, (pdf->len + len + 65535) / 65536 * 65536);
        if (grown == NULL) {
            return CAIRO_STATUS_NO_MEMORY;
        }
        pdf->data = grown;
    }
    memcpy(pdf->data + pdf->len, octets, len);
    pdf->len += len;
    return CAIRO_STATUS_SUCCESS;
}

static void set_metadata(cairo_surface_t *surface, const json_t *report, int64_t signed_ms)
{
    char when[32] = "", title[96];
    struct tm utc;
    time_t at = (time_t)(signed_ms / 1000);
    if (gmtime_r(&at, &utc) != NULL) {
        (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    (void)snprintf(title, sizeof title, "%.40s %.40s", text_of(report, "title_zh"),
                   text_of(report, "number"));
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, when);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, when);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "consult-gateway");
}

static void draw_all(struct flow *flow, const json_t *report)
{
    const json_t *grid = json_object_get(report, "grid");
    draw_title(flow, report);
    draw_notices(flow, json_object_get(report, "notices"));
    for (size_t i = 0; i < json_array_size(grid); i++) {
        draw_row(flow, json_array_get(grid, i));
    }
    draw_sections(flow, json_object_get(report, "sections"));
    draw_sign(flow, report);
    flow_end(flow);
}

/* pages 0: the pass that counts them. */
static enum status draw_pass(const json_t *report, int64_t signed_ms, unsigned pages,
                             struct pdf *out_pdf)
{
    *out_pdf = (struct pdf){.data = NULL};
    cairo_surface_t *surface =
        cairo_pdf_surface_create_for_stream(collect, out_pdf, FLOW_WIDTH, FLOW_HEIGHT);
    /* 1.4 has no object streams: every object lies open in the file, with a place of its own */
    cairo_pdf_surface_restrict_to_version(surface, CAIRO_PDF_VERSION_1_4);
    set_metadata(surface, report, signed_ms);
    cairo_t *cr = cairo_create(surface);
    struct flow flow;
    char head[128];
    (void)snprintf(head, sizeof head, "%.40s  %.40s", text_of(report, "title_zh"),
                   text_of(report, "number"));
    flow_begin(&flow, cr, head, text_of(report, "foot"), pages);
    draw_all(&flow, report);
    cairo_status_t drawn = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_finish(surface);
    cairo_status_t written = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    out_pdf->pages = flow.page;
    out_pdf->unknown = flow.unknown;
    if (drawn == CAIRO_STATUS_SUCCESS && written == CAIRO_STATUS_SUCCESS && out_pdf->len > 0) {
        return flow.page <= PAGES_MAX ? STATUS_OK : STATUS_TOO_LARGE;
    }
    return drawn == CAIRO_STATUS_NO_MEMORY || written == CAIRO_STATUS_NO_MEMORY ? STATUS_NO_MEMORY
                                                                                : STATUS_IO;
}

enum status pdf_render(const json_t *report, int64_t signed_ms, struct pdf *out_pdf)
{
    struct pdf pdf;
    enum status status = draw_pass(report, signed_ms, 0, &pdf);
    unsigned pages = pdf.pages;
    free(pdf.data);
    if (status != STATUS_OK) {
        return status;
    }
    status = draw_pass(report, signed_ms, pages, &pdf);
    if (status != STATUS_OK) {
        free(pdf.data);
        return status;
    }
    *out_pdf = pdf;
    return STATUS_OK;
}

void pdf_close(void)
{
    pango_cairo_font_map_set_default(NULL); /* this thread's; those of others went with them */
    cairo_debug_reset_static_data();
    FcFini();
}
