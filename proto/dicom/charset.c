#include "proto/dicom/charset.h"

#include "proto/base/reader.h"
#include "proto/dicom/element.h"

#define ESCAPE 0x1Bu
#define TERMS_MAX 8

struct charset_row {
    const char *iconv_name;
    const char *terms;
};

static const struct charset_row rows[DICOM_CHARSET_COUNT] = {
#define DICOM_CHARSET(name, iconv_name, terms) [DICOM_CHARSET_##name] = {iconv_name, terms},
#include "proto/dicom/charset.def"
#undef DICOM_CHARSET
};

/* Which sets the lower (0x21-0x7E) and upper (0xA1-0xFE) octets mean at this place of the text
 * (ISO/IEC 2022). */
struct designation {
    enum dicom_charset lower; /* ASCII, KATAKANA (its Roman half) or JAPANESE (two octets each) */
    bool lower_is_jis0212;
    enum dicom_charset upper;
    bool has_upper;
};

struct conversion {
    const struct dicom_converter *converter;
    struct designation initial, now;
    struct writer *out;
};

const char *dicom_charset_name(enum dicom_charset charset)
{
    return (unsigned)charset < DICOM_CHARSET_COUNT ? rows[charset].iconv_name : "";
}

static bool term_is(const char *terms, struct span term)
{
    while (*terms != 0) {
        size_t len = strcspn(terms, "|");
        if (span_equal(span_of(terms, len), term)) {
            return true;
        }
        terms += len + (terms[len] == '|' ? 1 : 0);
    }
    return false;
}

static bool charset_of(struct span term, enum dicom_charset *out_charset)
{
    for (unsigned i = 0; i < DICOM_CHARSET_COUNT; i++) {
        if (term_is(rows[i].terms, term)) {
            *out_charset = (enum dicom_charset)i;
            return true;
        }
    }
    return false;
}

/* Octets of the character that begins here (RFC 3629 section 4); 0 when it is none. */
static size_t utf8_len(const uint8_t *at, size_t left)
{
    uint8_t first = at[0];
    size_t len = first < 0x80                    ? 1
                 : first >= 0xC2 && first < 0xE0 ? 2
                 : first >= 0xE0 && first < 0xF0 ? 3
                 : first >= 0xF0 && first < 0xF5 ? 4
                                                 : 0;
    if (len == 0 || len > left) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xC0u) != 0x80) {
            return 0;
        }
    }
    if ((first == 0xE0 && at[1] < 0xA0) || (first == 0xED && at[1] > 0x9F) ||
        (first == 0xF0 && at[1] < 0x90) || (first == 0xF4 && at[1] > 0x8F)) {
        return 0;
    }
    return len;
}

bool dicom_is_utf8(struct span text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t len = utf8_len(text.data + at, text.len - at);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

static void put_character(struct writer *out, uint32_t code)
{
    if (code < 0x80) {
        writer_u8(out, (uint8_t)code);
    } else if (code < 0x800) {
        writer_u8(out, (uint8_t)(0xC0u | code >> 6));
        writer_u8(out, (uint8_t)(0x80u | (code & 0x3Fu)));
    } else {
        writer_u8(out, (uint8_t)(0xE0u | code >> 12));
        writer_u8(out, (uint8_t)(0x80u | (code >> 6 & 0x3Fu)));
        writer_u8(out, (uint8_t)(0x80u | (code & 0x3Fu)));
    }
}

static void put_utf8(struct span text, struct writer *out)
{
    size_t at = 0;
    while (at < text.len) {
        size_t len = utf8_len(text.data + at, text.len - at);
        if (len == 0) {
            put_character(out, 0xFFFD);
            at++;
        } else {
            writer_bytes(out, (struct span){text.data + at, len});
            at += len;
        }
    }
}

/* A run that is wholly in one character set. */
static void put_run(struct conversion *c, enum dicom_charset charset, struct span run)
{
    if (charset == DICOM_CHARSET_UTF8 || charset == DICOM_CHARSET_ASCII) {
        put_utf8(run, c->out);
        return;
    }
    if (charset == DICOM_CHARSET_LATIN1) {
        for (size_t i = 0; i < run.len; i++) {
            put_character(c->out, run.data[i]);
        }
        return;
    }
    struct writer before = *c->out;
    if (c->converter->convert != NULL &&
        c->converter->convert(c->converter->context, charset, run, c->out)) {
        return;
    }
    if (!c->out->failed) {
        *c->out = before;
    }
    for (size_t i = 0; i < run.len; i++) {
        put_character(c->out, run.data[i] < 0x80 ? run.data[i] : 0xFFFD);
    }
}

/* JIS X 0208 and 0212 in their seven-bit form become EUC-JP: upper bits set, 0x8F before each of
 * 0212; JIS X 0201 katakana gets 0x8E. Piece by piece, so that no buffer must hold the whole. */
static void put_japanese(struct conversion *c, struct span run, unsigned width, uint8_t prefix)
{
    for (size_t at = 0; at + width <= run.len; at += width) {
        uint8_t euc[3];
        size_t len = 0;
        if (prefix != 0) {
            euc[len++] = prefix;
        }
        for (unsigned i = 0; i < width; i++) {
            euc[len++] = run.data[at + i] | 0x80u;
        }
        put_run(c, DICOM_CHARSET_JAPANESE, (struct span){euc, len});
    }
    if (run.len % width != 0) {
        put_character(c->out, 0xFFFD);
    }
}

static void put_lower(struct conversion *c, struct span run)
{
    if (c->now.lower == DICOM_CHARSET_JAPANESE) {
        put_japanese(c, run, 2, c->now.lower_is_jis0212 ? 0x8F : 0);
    } else {
        put_utf8(run, c->out); /* Roman JIS X 0201 differs from ASCII in yen and overline only:
                                  shown as ASCII */
    }
}

static void put_upper(struct conversion *c, struct span run)
{
    if (!c->now.has_upper) {
        for (size_t i = 0; i < run.len; i++) {
            put_character(c->out, 0xFFFD);
        }
    } else if (c->now.upper == DICOM_CHARSET_KATAKANA) {
        put_japanese(c, run, 1, 0x8E);
    } else {
        put_run(c, c->now.upper, run);
    }
}

struct escape_row {
    const char *sequence; /* after ESC */
    enum dicom_charset charset;
    bool upper;
};

/* PS3.3 tables C.12-3 and C.12-4. Longer sequences first. */
static const struct escape_row escapes[] = {
    {"$(D", DICOM_CHARSET_JAPANESE, false}, {"$)C", DICOM_CHARSET_KOREAN, true},
    {"$)A", DICOM_CHARSET_GB2312, true},    {"$B", DICOM_CHARSET_JAPANESE, false},
    {"(B", DICOM_CHARSET_ASCII, false},     {"(J", DICOM_CHARSET_KATAKANA, false},
    {")I", DICOM_CHARSET_KATAKANA, true},   {"-A", DICOM_CHARSET_LATIN1, true},
    {"-B", DICOM_CHARSET_LATIN2, true},     {"-C", DICOM_CHARSET_LATIN3, true},
    {"-D", DICOM_CHARSET_LATIN4, true},     {"-L", DICOM_CHARSET_CYRILLIC, true},
    {"-G", DICOM_CHARSET_ARABIC, true},     {"-F", DICOM_CHARSET_GREEK, true},
    {"-H", DICOM_CHARSET_HEBREW, true},     {"-M", DICOM_CHARSET_LATIN5, true},
    {"-b", DICOM_CHARSET_LATIN9, true},     {"-T", DICOM_CHARSET_THAI, true},
};

/* After an ESC: octets of the sequence, 0 when it is unknown (then nothing changes). */
static size_t take_escape(struct conversion *c, struct span rest)
{
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
        size_t len = strlen(escapes[i].sequence);
        if (rest.len < len || memcmp(rest.data, escapes[i].sequence, len) != 0) {
            continue;
        }
        if (escapes[i].upper) {
            c->now.upper = escapes[i].charset;
            c->now.has_upper = true;
        } else {
            c->now.lower = escapes[i].charset;
            c->now.lower_is_jis0212 = escapes[i].sequence[1] == '(';
        }
        return len;
    }
    return 0;
}

/* PS3.5 section 6.1.2.5.3: these end what escapes began. */
static bool is_delimiter(const struct conversion *c, uint8_t octet)
{
    if (octet == '\r' || octet == '\n' || octet == '\f' || octet == '\t') {
        return true;
    }
    return c->now.lower != DICOM_CHARSET_JAPANESE &&
           (octet == '\\' || octet == '^' || octet == '=');
}

static void convert_iso2022(struct conversion *c, struct span text)
{
    size_t at = 0;
    while (at < text.len) {
        uint8_t octet = text.data[at];
        if (octet == ESCAPE) {
            at += 1 + take_escape(c, (struct span){text.data + at + 1, text.len - at - 1});
            continue;
        }
        if (is_delimiter(c, octet)) {
            c->now = c->initial;
            writer_u8(c->out, octet);
            at++;
            continue;
        }
        bool upper = octet >= 0x80;
        size_t end = at + 1;
        while (end < text.len && (text.data[end] >= 0x80) == upper && text.data[end] != ESCAPE &&
               !is_delimiter(c, text.data[end])) {
            end++;
        }
        struct span run = {text.data + at, end - at};
        if (upper) {
            put_upper(c, run);
        } else {
            put_lower(c, run);
        }
        at = end;
    }
}

/* Without a statement: see the header. */
static void convert_guessed(struct conversion *c, struct span text)
{
    struct writer before = *c->out;
    if (dicom_is_utf8(text)) {
        put_utf8(text, c->out);
    } else if (c->converter->convert == NULL ||
               !c->converter->convert(c->converter->context, DICOM_CHARSET_GB18030, text, c->out)) {
        if (!c->out->failed) {
            *c->out = before;
        }
        put_run(c, DICOM_CHARSET_LATIN1, text);
    }
}

struct terms {
    unsigned count; /* values, known or not */
    enum dicom_charset known[TERMS_MAX];
    unsigned known_count;
    bool first_known;
};

static void read_terms(struct span value, struct terms *terms)
{
    size_t start = 0;
    memset(terms, 0, sizeof *terms);
    for (size_t i = 0; value.len > 0 && i <= value.len && terms->count < TERMS_MAX; i++) {
        if (i < value.len && value.data[i] != '\\') {
            continue;
        }
        struct span term = dicom_trimmed((struct span){value.data + start, i - start});
        enum dicom_charset charset = DICOM_CHARSET_ASCII;
        bool known = term.len > 0 && charset_of(term, &charset);
        if (known) {
            terms->known[terms->known_count++] = charset;
        }
        terms->first_known = terms->first_known || (terms->count == 0 && known);
        terms->count++;
        start = i + 1;
    }
}

/* G1 before any escape: the first value; when that is empty or ASCII, the first of the others,
 * since writers that leave the escape out after a delimiter mean it. */
static void designate_initial(struct conversion *c, const struct terms *terms)
{
    for (unsigned i = 0; i < terms->known_count && !c->initial.has_upper; i++) {
        if (terms->known[i] != DICOM_CHARSET_ASCII && terms->known[i] != DICOM_CHARSET_JAPANESE) {
            c->initial.upper = terms->known[i];
            c->initial.has_upper = true;
        }
    }
    c->initial.lower = DICOM_CHARSET_ASCII;
    c->now = c->initial;
}

static bool is_whole_text(enum dicom_charset charset)
{
    return charset == DICOM_CHARSET_UTF8 || charset == DICOM_CHARSET_GB18030 ||
           charset == DICOM_CHARSET_GBK;
}

/* Controls become blanks; the text is cut at a character when the buffer is too small. */
static void finish_text(char *buffer, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)buffer[i] < 0x20 || buffer[i] == 0x7F) {
            buffer[i] = ' ';
        }
    }
    while (at < len) {
        size_t n = utf8_len((const uint8_t *)buffer + at, len - at);
        if (n == 0) {
            break;
        }
        at += n;
    }
    while (at > 0 && buffer[at - 1] == ' ') {
        at--;
    }
    buffer[at] = 0;
}

void dicom_text(struct span character_set, struct span text,
                const struct dicom_converter *converter, char *buffer, size_t buffer_len)
{
    static const struct dicom_converter none = {NULL, NULL};
    struct writer out = writer_of(buffer, buffer_len - 1);
    struct conversion c = {.converter = converter != NULL ? converter : &none, .out = &out};
    struct terms terms;
    read_terms(character_set, &terms);
    if (text.len > 4096) {
        text.len = 4096; /* LO has 64 characters, PN 5 x 64, ST 1024: nobody reads more in a list */
    }
    if (terms.known_count == 0) {
        convert_guessed(&c, text);
    } else if (terms.first_known && is_whole_text(terms.known[0])) {
        put_run(&c, terms.known[0], text);
    } else {
        designate_initial(&c, &terms);
        convert_iso2022(&c, text);
    }
    finish_text(buffer, out.at);
}
