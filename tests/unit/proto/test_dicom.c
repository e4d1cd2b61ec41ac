/* The Part 10 reader on specimens written here: encodings, defects that are tolerated, lengths that
 * lie, nesting, frames, values of functional groups, texts, RLE and deflate. Every specimen is also
 * cut at every octet. */
#include "proto/base/writer.h"
#include "proto/dicom/charset.h"
#include "proto/dicom/dicom.h"
#include "proto/dicom/frames.h"
#include "proto/dicom/inflate.h"
#include "proto/dicom/rle.h"
#include "tests/unit/test.h"

#include <stdlib.h>

struct maker {
    uint8_t room[4096];
    struct writer w;
    bool implicit, big_endian;
};

static void put16(struct maker *m, unsigned value)
{
    writer_u8(&m->w, (uint8_t)(m->big_endian ? value >> 8 : value));
    writer_u8(&m->w, (uint8_t)(m->big_endian ? value : value >> 8));
}

static void put32(struct maker *m, uint32_t value)
{
    put16(m, m->big_endian ? value >> 16 : value & 0xFFFFu);
    put16(m, m->big_endian ? value & 0xFFFFu : value >> 16);
}

static void header(struct maker *m, uint32_t tag, const char *vr, uint32_t length)
{
    bool wide = strcmp(vr, "OB") == 0 || strcmp(vr, "OW") == 0 || strcmp(vr, "SQ") == 0 ||
                strcmp(vr, "UN") == 0;
    put16(m, tag >> 16);
    put16(m, tag & 0xFFFFu);
    if (vr[0] == 0 || m->implicit) {
        put32(m, length);
        return;
    }
    writer_text(&m->w, vr);
    if (wide) {
        put16(m, 0);
        put32(m, length);
    } else {
        put16(m, length);
    }
}

static void element(struct maker *m, uint32_t tag, const char *vr, const void *value, size_t len)
{
    header(m, tag, vr, (uint32_t)len);
    writer_bytes(&m->w, span_of(value, len));
}

static void text(struct maker *m, uint32_t tag, const char *vr, const char *value)
{
    element(m, tag, vr, value, strlen(value));
}

static void number(struct maker *m, uint32_t tag, unsigned value)
{
    header(m, tag, "US", 2);
    put16(m, value);
}

static void begin(struct maker *m, const char *syntax, bool implicit, bool big_endian)
{
    static const uint8_t preamble[128];
    memset(m, 0, sizeof *m);
    m->w = writer_of(m->room, sizeof m->room);
    writer_bytes(&m->w, span_of(preamble, sizeof preamble));
    writer_text(&m->w, "DICM");
    text(m, 0x00020010, "UI", syntax);
    m->implicit = implicit;
    m->big_endian = big_endian;
    text(m, 0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2 ");
    text(m, 0x00080060, "CS", "CT");
}

static void image_module(struct maker *m, unsigned rows, unsigned columns, unsigned bits)
{
    number(m, 0x00280002, 1);
    text(m, 0x00280004, "CS", "MONOCHROME2 ");
    number(m, 0x00280010, rows);
    number(m, 0x00280011, columns);
    number(m, 0x00280100, bits);
    number(m, 0x00280101, bits);
    number(m, 0x00280102, bits - 1);
    number(m, 0x00280103, 0);
}

/* Reads at every shorter length, from memory that ends there: an answer each time, no report. */
static enum status read_all_cuts(const struct maker *m, struct dicom_image *image)
{
    for (size_t len = 0; len < m->w.at; len++) {
        uint8_t *copy = malloc(len + (len == 0));
        struct dicom_image ignored;
        memcpy(copy, m->room, len);
        enum status status = dicom_read(span_of(copy, len), &ignored, NULL);
        EXPECT(status == STATUS_OK || status == STATUS_UNKNOWN || status == STATUS_TRUNCATED ||
               status == STATUS_MALFORMED);
        EXPECT(status != STATUS_OK || !ignored.has_pixels || ignored.pixels_truncated ||
               len + 64 > m->w.at);
        free(copy);
    }
    return dicom_read(span_of(m->room, m->w.at), image, NULL);
}

static void every_encoding(void)
{
    static const struct {
        const char *name, *uid;
        bool implicit, big_endian;
    } rows[] = {{"implicit little endian", "1.2.840.10008.1.2", true, false},
                {"explicit little endian", "1.2.840.10008.1.2.1", false, false},
                {"explicit big endian", "1.2.840.10008.1.2.2", false, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct maker m;
        struct dicom_image image;
        struct dicom_frame frame;
        test_row(rows[i].name);
        begin(&m, rows[i].uid, rows[i].implicit, rows[i].big_endian);
        text(&m, 0x00100010, "PN", "A^B ");
        image_module(&m, 2, 3, 8);
        text(&m, 0x00281050, "DS", "40\\-600 ");
        text(&m, 0x00281051, "DS", "400\\1500");
        text(&m, 0x00281052, "DS", "-1024 ");
        text(&m, 0x00281053, "DS", "1 ");
        element(&m, 0x7FE00010, rows[i].implicit ? "OW" : "OB", "abcdef", 6);
        EXPECT_INT(read_all_cuts(&m, &image), STATUS_OK);
        EXPECT_INT(image.rows, 2);
        EXPECT_INT(image.columns, 3);
        EXPECT_TEXT(image.modality, "CT");
        EXPECT_TEXT(image.sop_class_uid, "1.2.840.10008.5.1.4.1.1.2");
        EXPECT_INT(image.photometric, DICOM_MONOCHROME2);
        EXPECT_INT(image.values.window_count, 2);
        EXPECT(image.values.windows[1].center < -599 && image.values.windows[1].width > 1499);
        EXPECT(image.values.intercept < -1023);
        EXPECT_INT(dicom_frame_find(&image, 0, &frame), STATUS_OK);
        EXPECT(span_is(frame.native, "abcdef"));
        EXPECT_INT(dicom_frame_find(&image, 1, &frame), STATUS_NONE);
        test_row_end();
    }
}

static void lengths_that_lie(void)
{
    static struct maker m;
    struct dicom_image image;
    begin(&m, "1.2.840.10008.1.2.1", false, false);
    header(&m, 0x00081140, "SQ", 0x7FFFFFFF);
    EXPECT_INT(dicom_read(span_of(m.room, m.w.at), &image, NULL), STATUS_TRUNCATED);
    begin(&m, "1.2.840.10008.1.2.1", false, false);
    header(&m, 0x00081140, "SQ", 0xFFFFFFFF);
    EXPECT_INT(dicom_read(span_of(m.room, m.w.at), &image, NULL), STATUS_TRUNCATED);
    header(&m, 0x00080060, "CS", 2); /* no item */
    writer_text(&m.w, "CT");
    EXPECT_INT(dicom_read(span_of(m.room, m.w.at), &image, NULL), STATUS_MALFORMED);
    begin(&m, "1.2.840.10008.1.2.1", false, false);
    image_module(&m, 65535, 65535, 32);
    element(&m, 0x7FE00010, "OW", "abcd", 4);
    struct dicom_frame frame;
    EXPECT_INT(dicom_read(span_of(m.room, m.w.at), &image, NULL), STATUS_OK);
    image.frames = 0xFFFFFFFF;
    EXPECT_INT(dicom_frame_find(&image, 0xFFFFFFFE, &frame), STATUS_TRUNCATED);
}

static void nesting_is_bounded(void)
{
    static uint8_t room[400000];
    struct writer w = writer_of(room, sizeof room);
    static const uint8_t zero[128];
    struct dicom_image image;
    writer_bytes(&w, span_of(zero, 128));
    writer_text(&w, "DICM");
    for (unsigned i = 0; i < 10000;
         i++) { /* (0008,1140) SQ and an item, both of undefined length */
        writer_bytes(
            &w,
            SPAN_LITERAL("\x08\x00\x40\x11SQ\0\0\xFF\xFF\xFF\xFF\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF"));
    }
    EXPECT_INT(dicom_read(span_of(room, w.at), &image, NULL), STATUS_TOO_LARGE);
}

static void strange_beginnings(void)
{
    static struct maker m;
    struct dicom_image image;
    EXPECT_INT(dicom_read(span_of("", 0), &image, NULL), STATUS_UNKNOWN);
    EXPECT_INT(dicom_read(span_text("GIF89a and more that is no DICOM file at all"), &image, NULL),
               STATUS_UNKNOWN);
    begin(&m, "1.2.840.10008.1.2.1", false, false);
    image_module(&m, 2, 3, 8);
    element(&m, 0x7FE00010, "OB", "abcdef", 6);
    EXPECT_INT(dicom_read(span_of(m.room + 132, m.w.at - 132), &image, NULL),
               STATUS_OK); /* no preamble */
    EXPECT(!image.has_preamble && image.has_pixels);
    size_t dataset = 132 + 8 + 19;
    EXPECT_INT(dicom_read(span_of(m.room + dataset, m.w.at - dataset), &image, NULL),
               STATUS_OK); /* no meta either */
    EXPECT_INT(image.syntax, DICOM_SYNTAX_EXPLICIT_LE);
    begin(&m, "1.2.840.10008.1.2", false, false); /* says implicit, is explicit */
    image_module(&m, 2, 3, 8);
    EXPECT_INT(dicom_read(span_of(m.room, m.w.at), &image, NULL), STATUS_OK);
    EXPECT_INT(image.rows, 2);
    begin(&m, "1.2.3.4", false, false);
    EXPECT_INT(dicom_read(span_of(m.room, m.w.at), &image, NULL), STATUS_OK);
    EXPECT_INT(image.syntax, DICOM_SYNTAX_OTHER);
}

static void item(struct maker *m, const void *value, size_t len)
{
    header(m, 0xFFFEE000, "", (uint32_t)len);
    writer_bytes(&m->w, span_of(value, len));
}

static void begin_frames(struct maker *m, const char *syntax, const char *frames)
{
    begin(m, syntax, false, false);
    text(m, 0x00280008, "IS", frames);
    image_module(m, 2, 3, 8);
    header(m, 0x7FE00010, "OB", 0xFFFFFFFF);
}

static bool frame_is(const struct dicom_image *image, uint32_t index, const char *content)
{
    struct dicom_frame frame;
    struct span fragment;
    char joined[64];
    size_t at = 0;
    if (dicom_frame_find(image, index, &frame) != STATUS_OK) {
        return false;
    }
    struct reader items = reader_of(frame.items);
    while (dicom_fragment_next(&items, &fragment) && fragment.len < sizeof joined - at) {
        memcpy(joined + at, fragment.data, fragment.len);
        at += fragment.len;
    }
    return span_is(span_of(joined, at), content) && frame.octets == at;
}

static void encapsulated_frames(void)
{
    static struct maker m;
    struct dicom_image image;
    struct dicom_frame frame;
    begin_frames(&m, "1.2.840.10008.1.2.5", "2 "); /* one fragment a frame, no table */
    item(&m, "", 0);
    item(&m, "frame1", 6);
    item(&m, "frame2", 6);
    header(&m, 0xFFFEE0DD, "", 0);
    EXPECT_INT(read_all_cuts(&m, &image), STATUS_OK);
    EXPECT(image.encapsulated && !image.pixels_truncated);
    EXPECT(frame_is(&image, 0, "frame1") && frame_is(&image, 1, "frame2"));
    begin_frames(&m, "1.2.840.10008.1.2.4.50", "2 "); /* several fragments, table */
    item(&m, "\0\0\0\0\x18\0\0\0", 8);
    item(&m, "aaaa", 4);
    item(&m, "bbbb", 4);
    item(&m, "cccc", 4);
    EXPECT_INT(dicom_read(span_of(m.room, m.w.at), &image, NULL),
               STATUS_OK); /* no delimiter at the end */
    EXPECT(!image.pixels_truncated);
    EXPECT(frame_is(&image, 0, "aaaabbbb") && frame_is(&image, 1, "cccc"));
    begin_frames(&m, "1.2.840.10008.1.2.4.50", "2 "); /* a table that points between items */
    item(&m, "\0\0\0\0\x05\0\0\0", 8);
    item(&m, "aaaa", 4);
    item(&m, "bbbb", 4);
    item(&m, "cccc", 4);
    EXPECT_INT(dicom_read(span_of(m.room, m.w.at), &image, NULL), STATUS_OK);
    EXPECT_INT(dicom_frame_find(&image, 1, &frame), STATUS_MALFORMED);
    begin_frames(&m, "1.2.840.10008.1.2.4.50", "2 "); /* no table: code streams tell */
    item(&m, "", 0);
    item(&m, "\xFF\xD8\xFF\xE0", 4);
    item(&m, "bbbb", 4);
    item(&m, "\xFF\xD8\xFF\xDB", 4);
    EXPECT_INT(dicom_read(span_of(m.room, m.w.at), &image, NULL), STATUS_OK);
    EXPECT(frame_is(&image, 0,
                    "\xFF\xD8\xFF\xE0"
                    "bbbb") &&
           frame_is(&image, 1, "\xFF\xD8\xFF\xDB"));
    begin_frames(&m, "1.2.840.10008.1.2.5", "2 "); /* the last fragment is cut */
    item(&m, "", 0);
    header(&m, 0xFFFEE000, "", 100);
    writer_text(&m.w, "abc");
    EXPECT_INT(dicom_read(span_of(m.room, m.w.at), &image, NULL), STATUS_OK);
    EXPECT(image.pixels_truncated);
    EXPECT_INT(dicom_frame_find(&image, 0, &frame), STATUS_TRUNCATED);
}

static void functional_groups(void)
{
    static struct maker m;
    struct dicom_image image;
    struct dicom_values values;
    begin(&m, "1.2.840.10008.1.2.1", false, false);
    text(&m, 0x00280008, "IS", "2 ");
    image_module(&m, 2, 3, 8);
    header(&m, 0x52009230, "SQ", 0xFFFFFFFF);
    for (unsigned i = 0; i < 2; i++) {
        header(&m, 0xFFFEE000, "", 0xFFFFFFFF);
        header(&m, 0x00289132, "SQ", 0xFFFFFFFF);
        header(&m, 0xFFFEE000, "", 0xFFFFFFFF);
        text(&m, 0x00281050, "DS", i == 0 ? "10" : "20");
        text(&m, 0x00281051, "DS", "50");
        header(&m, 0xFFFEE00D, "", 0);
        header(&m, 0xFFFEE0DD, "", 0);
        header(&m, 0xFFFEE00D, "", 0);
    }
    header(&m, 0xFFFEE0DD, "", 0);
    element(&m, 0x7FE00010, "OB", "abcdefghijkl", 12);
    EXPECT_INT(read_all_cuts(&m, &image), STATUS_OK);
    dicom_frame_values(&image, 1, &values);
    EXPECT_INT(values.window_count, 1);
    EXPECT_INT((int)values.windows[0].center, 20);
    dicom_frame_values(&image, 0, &values);
    EXPECT_INT((int)values.windows[0].center, 10);
    dicom_frame_values(&image, 7, &values);
    EXPECT_INT(values.window_count, 0);
}

/* Stands for iconv: EUC-CN and GBK of the few characters that the specimens use. */
static bool convert(void *context, enum dicom_charset charset, struct span in, struct writer *out)
{
    (void)context;
    if (charset == DICOM_CHARSET_GB2312 && span_is(in, "\xCD\xF5")) {
        writer_text(out, "王");
        return true;
    }
    if ((charset == DICOM_CHARSET_GB18030 || charset == DICOM_CHARSET_GBK) &&
        span_is(in, "\xCD\xF5^\x81\x5C")) {
        writer_text(out, "王^乗");
        return true;
    }
    return false;
}

static void texts(void)
{
    static const struct {
        const char *name, *charset, *in, *out;
    } rows[] = {
        {"ascii", "", "Wang^XiaoDong ", "Wang^XiaoDong"},
        {"latin-1", "ISO_IR 100", "Buc^J\xE9r\xF4me", "Buc^Jérôme"},
        {"utf-8", "ISO_IR 192", "王^小东", "王^小东"},
        {"utf-8 broken", "ISO_IR 192", "a\xC3(b", "a\xEF\xBF\xBD(b"},
        {"GBK with a backslash octet", "GBK", "\xCD\xF5^\x81\x5C", "王^乗"},
        {"GB18030", "GB18030", "\xCD\xF5^\x81\x5C", "王^乗"},
        {"no statement, GB18030", "", "\xCD\xF5^\x81\x5C", "王^乗"},
        {"no statement, UTF-8", "", "王", "王"},
        {"no statement, neither", "", "\xE9", "é"},
        {"IR 58 with escape", "\\ISO 2022 IR 58", "Wang=\x1B$)A\xCD\xF5", "Wang=王"},
        {"IR 58 without escape", "\\ISO 2022 IR 58", "\xCD\xF5", "王"},
        {"controls", "ISO_IR 192",
         "a\x1B[31mb\x01"
         "c\r\n",
         "a [31mb c"},
        {"unknown set", "NO SUCH SET", "王", "王"},
    };
    struct dicom_converter converter = {.convert = convert};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buffer[64];
        test_row(rows[i].name);
        dicom_text(span_text(rows[i].charset), span_text(rows[i].in), &converter, buffer,
                   sizeof buffer);
        EXPECT_TEXT(buffer, rows[i].out);
        for (size_t len = 1; len < 12; len++) {
            dicom_text(span_text(rows[i].charset), span_text(rows[i].in), &converter, buffer, len);
            EXPECT(strlen(buffer) < len && dicom_is_utf8(span_text(buffer)));
        }
        test_row_end();
    }
}

static void rle_and_deflate(void)
{
    uint8_t out[16] = {0};
    size_t made = 0;
    EXPECT_INT(rle_expand(SPAN_LITERAL("\x02"
                                       "abc"
                                       "\xFE"
                                       "z"
                                       "\x80"
                                       "\x00"
                                       "q"),
                          out, 1, 7),
               STATUS_OK);
    EXPECT(memcmp(out, "abczzzq", 7) == 0);
    EXPECT_INT(rle_expand(SPAN_LITERAL("\x02"
                                       "ab"),
                          out, 1, 7),
               STATUS_TRUNCATED);
    EXPECT_INT(rle_expand(SPAN_LITERAL("\x81"
                                       "x"),
                          out, 2, 3),
               STATUS_OK);
    EXPECT(out[0] == 'x' && out[2] == 'x' && out[4] == 'x' && out[6] == 'q');
    struct rle_segments segments;
    uint8_t frame[70] = {1, 0, 0, 0, 64};
    EXPECT_INT(rle_read(span_of(frame, sizeof frame), &segments), STATUS_OK);
    EXPECT_INT(segments.segment[0].len, 6);
    frame[4] = 71;
    EXPECT_INT(rle_read(span_of(frame, sizeof frame), &segments), STATUS_MALFORMED);
    frame[0] = 16;
    EXPECT_INT(rle_read(span_of(frame, sizeof frame), &segments), STATUS_MALFORMED);
    EXPECT_INT(rle_read(span_of(frame, 63), &segments), STATUS_TRUNCATED);
    EXPECT_INT(inflate_raw(SPAN_LITERAL("\x01\x03\x00\xFC\xFF"
                                        "abc"),
                           out, sizeof out, &made),
               STATUS_OK);
    EXPECT(made == 3 && memcmp(out, "abc", 3) == 0);
    EXPECT_INT(inflate_raw(SPAN_LITERAL("\xCB\x48\xCD\xC9\xC9\x57\xC8\x00\x91\x00"), out,
                           sizeof out, &made),
               STATUS_OK);
    EXPECT(made == 11 && memcmp(out, "hello hello", 11) == 0); /* fixed codes and a match */
    EXPECT_INT(
        inflate_raw(SPAN_LITERAL("\xCB\x48\xCD\xC9\xC9\x57\xC8\x00\x91\x00"), out, 10, &made),
        STATUS_TOO_LARGE);
    EXPECT_INT(inflate_raw(SPAN_LITERAL("\xCB\x48\xCD"), out, sizeof out, &made), STATUS_TRUNCATED);
    EXPECT_INT(inflate_raw(SPAN_LITERAL("\x07"), out, sizeof out, &made), STATUS_MALFORMED);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"every encoding", every_encoding},
        {"lengths that lie", lengths_that_lie},
        {"nesting is bounded", nesting_is_bounded},
        {"strange beginnings", strange_beginnings},
        {"encapsulated frames", encapsulated_frames},
        {"functional groups", functional_groups},
        {"texts", texts},
        {"RLE and deflate", rle_and_deflate},
    };
    return TEST_MAIN(cases);
}
