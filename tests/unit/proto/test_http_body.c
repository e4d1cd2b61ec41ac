/* Specimens of request bodies by section of RFC 9112 §6-7: each whole, octet by octet, cut and cut
 * off at every place; the content of accepted chunked ones is written back in chunks and read
 * again. */
#include "proto/http/http_body.h"
#include "proto/http/http_response.h"
#include "tests/unit/test.h"

#define LIMIT 64
#define LENGTH(n) HTTP_BODY_LENGTH, (n)
#define CHUNKED HTTP_BODY_CHUNKED, 0
#define NO_BODY HTTP_BODY_NONE, 0
#define TEXT(text)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

struct specimen {
    const char *section;
    enum http_body_kind kind;
    uint64_t length;
    struct span input;
    enum http_reason reason;
    const char *content;
    size_t rest; /* octets behind the body */
};

#define A(section, kind, text, content, rest)                                                      \
    {                                                                                              \
        section, kind, TEXT(text), HTTP_REASON_NONE, content, rest                                 \
    }
#define R(section, kind, text, why)                                                                \
    {                                                                                              \
        section, kind, TEXT(text), HTTP_REASON_##why, NULL, 0                                      \
    }

/* clang-format off */
static const struct specimen specimens[] = {
    A("9112 6.3 length", LENGTH(5), "hello", "hello", 0),
    A("9112 6.3 length, next request behind", LENGTH(5), "helloGET ", "hello", 4),
    A("9112 6.3 length of one", LENGTH(1), "x", "x", 0),
    A("9112 6.3 length at the limit", LENGTH(64), "0123456789012345678901234567890123456789012345678901234567890123",
      "0123456789012345678901234567890123456789012345678901234567890123", 0),
    A("9112 6.3 no body", NO_BODY, "GET ", "", 4),
    R("9112 6.3 length over the limit", LENGTH(65), "x", BODY_TOO_LARGE),
    R("9112 6.3 length far over the limit", LENGTH(UINT64_MAX), "x", BODY_TOO_LARGE),
    A("9112 7.1 one chunk", CHUNKED, "5\r\nhello\r\n0\r\n\r\n", "hello", 0),
    A("9112 7.1 two chunks", CHUNKED, "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", 0),
    A("9112 7.1 empty", CHUNKED, "0\r\n\r\n", "", 0),
    A("9112 7.1 next request behind", CHUNKED, "1\r\nx\r\n0\r\n\r\nGET /", "x", 5),
    A("9112 7.1 hexadecimal", CHUNKED, "a\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0),
    A("9112 7.1 upper case", CHUNKED, "A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0),
    A("9112 7.1 two digits", CHUNKED, "10\r\n0123456789abcdef\r\n0\r\n\r\n", "0123456789abcdef", 0),
    A("9112 7.1 leading zeros", CHUNKED, "0005\r\nhello\r\n000\r\n\r\n", "hello", 0),
    A("9112 7.1 sixteen digits", CHUNKED, "0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", "hello", 0),
    A("9112 7.1 content like framing", CHUNKED, "7\r\n0\r\n\r\n0\r\r\n0\r\n\r\n", "0\r\n\r\n0\r", 0),
    A("9112 7.1 chunks of one", CHUNKED, "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", "abc", 0),
    A("9112 7.1 at the limit", CHUNKED, "20\r\n01234567890123456789012345678901\r\n20\r\n01234567890123456789012345678901\r\n0\r\n\r\n",
      "0123456789012345678901234567890101234567890123456789012345678901", 0),
    R("9112 7.1 over the limit", CHUNKED, "41\r\nx", BODY_TOO_LARGE),
    R("9112 7.1 over the limit in sum", CHUNKED, "20\r\n01234567890123456789012345678901\r\n21\r\nx", BODY_TOO_LARGE),
    R("9112 7.1 2^32", CHUNKED, "100000000\r\nx", BODY_TOO_LARGE),
    R("9112 7.1 2^63", CHUNKED, "8000000000000000\r\nx", BODY_TOO_LARGE),
    R("9112 7.1 2^64 - 1", CHUNKED, "ffffffffffffffff\r\nx", BODY_TOO_LARGE),
    R("9112 7.1 2^64 + 5", CHUNKED, "10000000000000005\r\nhello\r\n", BODY_TOO_LARGE),
    R("9112 7.1 seventeen digits", CHUNKED, "00000000000000005\r\nhello\r\n0\r\n\r\n", CHUNK_SIZE),
    R("9112 7.1 no size", CHUNKED, "\r\nhello\r\n", CHUNK_SIZE),
    R("9112 7.1 no number", CHUNKED, "x\r\n", CHUNK_SIZE),
    R("9112 7.1 0x", CHUNKED, "0x5\r\nhello\r\n", CHUNK_SIZE),
    R("9112 7.1 minus", CHUNKED, "-5\r\nhello\r\n", CHUNK_SIZE),
    R("9112 7.1 plus", CHUNKED, "+5\r\nhello\r\n", CHUNK_SIZE),
    R("9112 7.1 space first", CHUNKED, " 5\r\nhello\r\n", CHUNK_SIZE),
    R("9112 7.1 letter behind", CHUNKED, "5g\r\nhello\r\n", CHUNK_SIZE),
    R("9112 7.1 quote", CHUNKED, "\"5\"\r\nhello\r\n", CHUNK_SIZE),
    R("9112 7.1 comma", CHUNKED, "5,5\r\nhello\r\n", CHUNK_SIZE),
    R("9112 7.1 NUL", CHUNKED, "5\0\r\nhello\r\n", CHUNK_SIZE),
    R("9112 7.1 bare LF after the size", CHUNKED, "5\nhello\r\n", CHUNK_SIZE),
    R("9112 7.1 bare CR after the size", CHUNKED, "5\rhello\r\n", CHUNK_SIZE),
    R("9112 7.1 space behind the size", CHUNKED, "5 \r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1 tab behind the size", CHUNKED, "5\t\r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1 data too long", CHUNKED, "5\r\nhello!\r\n0\r\n\r\n", CHUNK_END),
    R("9112 7.1 data too short", CHUNKED, "6\r\nhello\r\n0\r\n\r\n", CHUNK_END),
    R("9112 7.1 no line end", CHUNKED, "5\r\nhello0\r\n\r\n", CHUNK_END),
    R("9112 7.1 LF after data", CHUNKED, "5\r\nhello\n0\r\n\r\n", CHUNK_END),
    R("9112 7.1 other octet for CR", CHUNKED, "5\r\nhello!\n0\r\n\r\n", CHUNK_END),
    R("9112 7.1 CR after data", CHUNKED, "5\r\nhello\r0\r\n\r\n", CHUNK_END),
    R("9112 7.1 CR CR LF after data", CHUNKED, "5\r\nhello\r\r\n0\r\n\r\n", CHUNK_END),
    R("9112 7.1 request instead of a chunk", CHUNKED, "GET / HTTP/1.1\r\n", CHUNK_SIZE),
    /* §7.1.1 extensions */
    A("9112 7.1.1 name", CHUNKED, "5;a\r\nhello\r\n0\r\n\r\n", "hello", 0),
    A("9112 7.1.1 value", CHUNKED, "5;a=b\r\nhello\r\n0;c=d\r\n\r\n", "hello", 0),
    A("9112 7.1.1 many", CHUNKED, "5;a=b;c;d=e\r\nhello\r\n0\r\n\r\n", "hello", 0),
    A("9112 7.1.1 quoted", CHUNKED, "5;a=\"b;c=\\\"d \xc3\xa9\"\r\nhello\r\n0\r\n\r\n", "hello", 0),
    A("9112 7.1.1 empty quotes", CHUNKED, "5;a=\"\";b\r\nhello\r\n0\r\n\r\n", "hello", 0),
    A("9112 7.1.1 bad white space", CHUNKED, "5 \t; \ta \t= \tb ; c=\"d\" ;e\r\nhello\r\n0\r\n\r\n", "hello", 0),
    R("9112 7.1.1 no name", CHUNKED, "5;\r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 no value", CHUNKED, "5;a=\r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 white space at the end", CHUNKED, "5;a \r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 white space after a value", CHUNKED, "5;a=b \r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 two words", CHUNKED, "5;a b\r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 value, gap, equals", CHUNKED, "5;a=b =c\r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 two values", CHUNKED, "5;a=b=c\r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 equals alone", CHUNKED, "5;=b\r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 bare LF in a name", CHUNKED, "5;a\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 bare LF in quotes", CHUNKED, "5;a=\"\n\"\r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 CR in quotes", CHUNKED, "5;a=\"\r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 LF escaped", CHUNKED, "5;a=\"\\\n\"\r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 bare CR after a name", CHUNKED, "5;a\rx", CHUNK_SIZE),
    R("9112 7.1.1 letters behind quotes", CHUNKED, "5;a=\"b\"c\r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 bracket", CHUNKED, "5;(a)\r\nhello\r\n", CHUNK_EXTENSION),
    R("9112 7.1.1 NUL", CHUNKED, "5;a\0\r\nhello\r\n", CHUNK_EXTENSION),
    /* §7.1.2 trailers */
    A("9112 7.1.2 one", CHUNKED, "1\r\nx\r\n0\r\nA: b\r\n\r\n", "x", 0),
    A("9112 7.1.2 several", CHUNKED, "1\r\nx\r\n0\r\nA: b\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\nG", "x", 1),
    A("9112 7.1.2 empty value", CHUNKED, "0\r\nA:\r\n\r\n", "", 0),
    R("9112 7.1.2 no colon", CHUNKED, "0\r\nA\r\n\r\n", TRAILER),
    R("9112 7.1.2 space before the colon", CHUNKED, "0\r\nA : b\r\n\r\n", TRAILER),
    R("9112 7.1.2 empty name", CHUNKED, "0\r\n: b\r\n\r\n", TRAILER),
    R("9112 7.1.2 fold", CHUNKED, "0\r\nA: b\r\n c\r\n\r\n", TRAILER),
    R("9112 7.1.2 bare LF", CHUNKED, "0\r\nA: b\n\r\n", TRAILER),
    R("9112 7.1.2 bare CR", CHUNKED, "0\r\nA: b\rc\r\n\r\n", TRAILER),
    R("9112 7.1.2 bare LF at the end", CHUNKED, "0\r\n\n", TRAILER),
    R("9112 7.1.2 bare CR at the end", CHUNKED, "0\r\n\rG", TRAILER),
    R("9112 7.1.2 NUL", CHUNKED, "0\r\nA: \0\r\n\r\n", TRAILER),
    R("9112 7.1.2 request smuggled as a trailer", CHUNKED, "0\r\nGET / HTTP/1.1\r\n\r\n", TRAILER),
};
/* clang-format on */

struct outcome {
    enum status status;
    enum http_reason reason;
    uint8_t content[256];
    size_t content_len;
    size_t used;
};

static enum status feed_piece(struct http_body *body, struct span piece, struct outcome *out)
{
    enum status status = STATUS_NEED_MORE;
    size_t at = 0;
    do {
        size_t used = 0;
        struct span data;
        status = http_body_feed(body, span_of(piece.data + at, piece.len - at), &used, &data);
        EXPECT(out->content_len + data.len <= sizeof(out->content));
        if (data.len > 0 && out->content_len + data.len <= sizeof(out->content)) {
            memcpy(out->content + out->content_len, data.data, data.len);
            out->content_len += data.len;
        }
        at += used;
    } while (status == STATUS_NEED_MORE && at < piece.len);
    out->used += at;
    return status;
}

static void feed(const struct specimen *s, struct span input, size_t first, size_t step,
                 struct outcome *out)
{
    struct http_body body;
    size_t at = 0;
    size_t n = first;
    *out = (struct outcome){.status = STATUS_NEED_MORE};
    http_body_init(&body, s->kind, s->length, LIMIT);
    do {
        n = n > input.len - at ? input.len - at : n;
        out->status = feed_piece(&body, span_of(input.data + at, n), out);
        at += n;
        n = step;
    } while (out->status == STATUS_NEED_MORE && at < input.len);
    out->reason = body.reason;
    EXPECT_INT(http_body_complete(&body), out->status == STATUS_OK);
    EXPECT_INT(body.total, out->content_len);
}

static void expect(const struct specimen *s, const struct outcome *out)
{
    EXPECT_TEXT(http_reason_label(out->reason), http_reason_label(s->reason));
    EXPECT_INT(out->status, http_reason_status(s->reason));
    if (out->status == STATUS_OK && s->content != NULL) {
        EXPECT(span_is(span_of(out->content, out->content_len), s->content));
        EXPECT_INT(s->input.len - out->used, s->rest);
    }
}

static void write_back(const struct specimen *s)
{
    uint8_t text[512];
    struct writer w = writer_of(text, sizeof(text));
    size_t len = strlen(s->content);
    for (size_t at = 0; at < len; at += 7) {
        size_t n = len - at < 7 ? len - at : 7;
        EXPECT_INT(http_chunk_start(&w, n), STATUS_OK);
        writer_bytes(&w, span_of(s->content + at, n));
        EXPECT_INT(http_chunk_end(&w), STATUS_OK);
    }
    EXPECT_INT(http_chunk_last(&w), STATUS_OK);
    struct specimen again = *s;
    struct outcome out;
    again.input = writer_span(&w);
    again.rest = 0;
    feed(&again, again.input, again.input.len, 1, &out);
    expect(&again, &out);
}

static void run_specimen(const struct specimen *s)
{
    struct outcome out;
    feed(s, s->input, s->input.len, 1, &out);
    expect(s, &out);
    if (s->kind == HTTP_BODY_CHUNKED && s->reason == HTTP_REASON_NONE) {
        write_back(s);
    }
    feed(s, s->input, 1, 1, &out);
    expect(s, &out);
    size_t decided = out.used;
    for (size_t cut = 0; cut <= s->input.len && test_bad == 0; cut++) {
        feed(s, s->input, cut, s->input.len, &out);
        expect(s, &out);
        EXPECT_INT(out.used, decided);
        feed(s, span_of(s->input.data, cut), cut, 1, &out);
        EXPECT_INT(out.status, cut < decided ? STATUS_NEED_MORE : http_reason_status(s->reason));
    }
}

static void all_specimens(void)
{
    for (size_t i = 0; i < sizeof(specimens) / sizeof(specimens[0]); i++) {
        test_row(specimens[i].section);
        run_specimen(&specimens[i]);
        test_row_end();
    }
}

static void refused_before_the_first_octet(void)
{
    struct http_body body;
    size_t used = 1;
    struct span data;
    http_body_init(&body, HTTP_BODY_LENGTH, 11, 10);
    EXPECT_INT(http_body_feed(&body, (struct span){NULL, 0}, &used, &data), STATUS_TOO_LARGE);
    EXPECT_INT(used, 0);
    http_body_init(&body, HTTP_BODY_LENGTH, 10, 10);
    EXPECT_INT(http_body_feed(&body, (struct span){NULL, 0}, &used, &data), STATUS_NEED_MORE);
    http_body_init(&body, HTTP_BODY_NONE, 0, 0);
    EXPECT(http_body_complete(&body));
    EXPECT_INT(http_body_feed(&body, (struct span){NULL, 0}, &used, &data), STATUS_OK);
    http_body_init(&body, HTTP_BODY_LENGTH, 0, 0);
    EXPECT(http_body_complete(&body));
}

/* Repeats a text until the body refuses; gives the reason and how many octets it took. */
static enum http_reason flood(const char *start, const char *again, size_t most, size_t *out_taken)
{
    struct http_body body;
    size_t used = 0;
    struct span data;
    enum status status = STATUS_NEED_MORE;
    http_body_init(&body, HTTP_BODY_CHUNKED, 0, 1 << 20);
    status = http_body_feed(&body, span_text(start), &used, &data);
    for (*out_taken = 0; status == STATUS_NEED_MORE && *out_taken < most;) {
        struct span rest = span_text(again);
        while (rest.len > 0 && status == STATUS_NEED_MORE) {
            status = http_body_feed(&body, rest, &used, &data);
            rest = span_of(rest.data + used, rest.len - used);
            *out_taken += used;
        }
    }
    return body.reason;
}

static void floods(void)
{
    size_t taken = 0;
    EXPECT_INT(flood("1;", "x", 100000, &taken), HTTP_REASON_CHUNK_EXTENSION_TOO_LARGE);
    EXPECT(taken <= HTTP_CHUNK_EXTENSIONS_MAX + 1);
    EXPECT_INT(flood("", "1;a=b\r\nx\r\n", 100000, &taken), HTTP_REASON_CHUNK_EXTENSION_TOO_LARGE);
    EXPECT_INT(flood("0\r\n", "A: b\r\n", 100000, &taken), HTTP_REASON_TRAILERS_TOO_LARGE);
    EXPECT(taken <= HTTP_TRAILERS_MAX + 1);
    EXPECT_INT(flood("0\r\n", "A", 100000, &taken), HTTP_REASON_TRAILERS_TOO_LARGE);
    EXPECT_INT(flood("", "1\r\nx\r\n", 60000, &taken),
               HTTP_REASON_NONE); /* small chunks alone are no crime */
}

static const struct test_case cases[] = {
    {"specimens", all_specimens},
    {"9110 15.5.14 refused before the first octet", refused_before_the_first_octet},
    {"9112 7.1.1 endless extensions and trailers", floods},
};

int main(void)
{
    return TEST_MAIN(cases);
}
