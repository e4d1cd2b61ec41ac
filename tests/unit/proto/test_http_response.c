/* Answer heads by section of RFC 9110 and 9112: exactly these octets. */
#include "proto/http/http_date.h"
#include "proto/http/http_response.h"
#include "tests/unit/test.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

struct specimen {
    const char *section;
    struct http_response_head head;
    const char *text; /* up to the empty line */
    bool sends, chunks, closes;
};

#define HEAD(status_, method_, minor_, keep, body_, length)                                        \
    {                                                                                              \
        .status = (status_), .method = HTTP_METHOD_##method_, .request_minor = (minor_),           \
        .keep_alive = (keep), .date = {(const uint8_t *)DATE, 29}, .body = HTTP_BODY_##body_,      \
        .content_length = (length)                                                                 \
    }

/* clang-format off */
static const struct specimen specimens[] = {
    {"9110 15.3.1", HEAD(200, GET, 1, true, LENGTH, 5), "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nContent-Length: 5\r\n", true, false, false},
    {"9112 9.6 close", HEAD(200, GET, 1, false, LENGTH, 5), "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nContent-Length: 5\r\nConnection: close\r\n", true, false, true},
    {"9110 9.3.2 HEAD", HEAD(200, HEAD, 1, true, LENGTH, 5), "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nContent-Length: 5\r\n", false, false, false},
    {"9110 9.3.2 HEAD of chunks", HEAD(200, HEAD, 1, true, CHUNKED, 0), "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nTransfer-Encoding: chunked\r\n", false, false, false},
    {"9110 9.3.2 HEAD of 404", HEAD(404, HEAD, 1, true, LENGTH, 9), "HTTP/1.1 404 Not Found\r\nDate: " DATE "\r\nContent-Length: 9\r\n", false, false, false},
    {"9110 8.6 no content", HEAD(200, GET, 1, true, NONE, 0), "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nContent-Length: 0\r\n", false, false, false},
    {"9110 15.3.5", HEAD(204, DELETE, 1, true, NONE, 0), "HTTP/1.1 204 No Content\r\nDate: " DATE "\r\n", false, false, false},
    {"9110 15.3.5 whatever the caller says", HEAD(204, PUT, 1, true, LENGTH, 5), "HTTP/1.1 204 No Content\r\nDate: " DATE "\r\n", false, false, false},
    {"9110 15.4.5", HEAD(304, GET, 1, true, LENGTH, 5), "HTTP/1.1 304 Not Modified\r\nDate: " DATE "\r\n", false, false, false},
    {"9112 7.1 chunks", HEAD(200, GET, 1, true, CHUNKED, 0), "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nTransfer-Encoding: chunked\r\n", true, true, false},
    {"9112 6.1 chunks to 1.0", HEAD(200, GET, 0, true, CHUNKED, 0), "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nConnection: close\r\n", true, false, true},
    {"9112 6.1 HEAD of chunks to 1.0", HEAD(200, HEAD, 0, true, CHUNKED, 0), "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nConnection: keep-alive\r\n", false, false, false},
    {"9112 9.3 keep-alive to 1.0", HEAD(200, GET, 0, true, LENGTH, 1), "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nContent-Length: 1\r\nConnection: keep-alive\r\n", true, false, false},
    {"9112 9.3 1.0", HEAD(200, GET, 0, false, LENGTH, 1), "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nContent-Length: 1\r\nConnection: close\r\n", true, false, true},
    {"9110 15.3.7", HEAD(206, GET, 1, true, LENGTH, 1), "HTTP/1.1 206 Partial Content\r\nDate: " DATE "\r\nContent-Length: 1\r\n", true, false, false},
    {"9110 15.5.6", HEAD(405, OTHER, 1, true, LENGTH, 1), "HTTP/1.1 405 Method Not Allowed\r\nDate: " DATE "\r\nContent-Length: 1\r\n", true, false, false},
    {"9110 15.5.14", HEAD(413, POST, 1, false, LENGTH, 1), "HTTP/1.1 413 Content Too Large\r\nDate: " DATE "\r\nContent-Length: 1\r\nConnection: close\r\n", true, false, true},
    {"9110 15.5.17", HEAD(416, GET, 1, true, NONE, 0), "HTTP/1.1 416 Range Not Satisfiable\r\nDate: " DATE "\r\nContent-Length: 0\r\n", false, false, false},
    {"6585 4", HEAD(429, GET, 1, true, NONE, 0), "HTTP/1.1 429 Too Many Requests\r\nDate: " DATE "\r\nContent-Length: 0\r\n", false, false, false},
    {"6585 5", HEAD(431, GET, 1, false, NONE, 0), "HTTP/1.1 431 Request Header Fields Too Large\r\nDate: " DATE "\r\nContent-Length: 0\r\nConnection: close\r\n", false, false, true},
    {"9110 15.6.6", HEAD(505, GET, 1, false, NONE, 0), "HTTP/1.1 505 HTTP Version Not Supported\r\nDate: " DATE "\r\nContent-Length: 0\r\nConnection: close\r\n", false, false, true},
    {"9112 4 no phrase", HEAD(599, GET, 1, true, NONE, 0), "HTTP/1.1 599 \r\nDate: " DATE "\r\nContent-Length: 0\r\n", false, false, false},
    {"9110 8.6 large", HEAD(200, GET, 1, true, LENGTH, UINT64_MAX), "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nContent-Length: 18446744073709551615\r\n", true, false, false},
    {"9110 6.6.1 no clock", {.status = 200, .method = HTTP_METHOD_GET, .request_minor = 1, .keep_alive = true}, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", false, false, false},
};

static const struct {
    const char *section;
    const char *name;
    struct span value;
    enum status status;
} fields[] = {
    {"9110 5 plain", "Content-Type", {(const uint8_t *)"text/html; charset=utf-8", 24}, STATUS_OK},
    {"9110 5 empty value", "X", {NULL, 0}, STATUS_OK},
    {"9110 5.5 obs-text", "X", {(const uint8_t *)"\xe4\xbd\xa0", 3}, STATUS_OK},
    {"9110 5.5 tab inside", "X", {(const uint8_t *)"a\tb", 3}, STATUS_OK},
    {"9110 5.5 CR LF", "X", {(const uint8_t *)"a\r\nSet-Cookie: b", 16}, STATUS_MALFORMED},
    {"9110 5.5 CR", "X", {(const uint8_t *)"a\rb", 3}, STATUS_MALFORMED},
    {"9110 5.5 LF", "X", {(const uint8_t *)"a\nb", 3}, STATUS_MALFORMED},
    {"9110 5.5 NUL", "X", {(const uint8_t *)"a\0b", 3}, STATUS_MALFORMED},
    {"9110 5.5 DEL", "X", {(const uint8_t *)"a\x7f", 2}, STATUS_MALFORMED},
    {"9110 5.5 space first", "X", {(const uint8_t *)" a", 2}, STATUS_MALFORMED},
    {"9110 5.5 space last", "X", {(const uint8_t *)"a ", 2}, STATUS_MALFORMED},
    {"9110 5.1 empty name", "", {(const uint8_t *)"a", 1}, STATUS_MALFORMED},
    {"9110 5.1 colon in the name", "X:", {(const uint8_t *)"a", 1}, STATUS_MALFORMED},
    {"9110 5.1 CR LF in the name", "X\r\nY", {(const uint8_t *)"a", 1}, STATUS_MALFORMED},
    {"9112 6 Content-Length", "content-length", {(const uint8_t *)"1", 1}, STATUS_REFUSED},
    {"9112 6 Transfer-Encoding", "Transfer-encoding", {(const uint8_t *)"chunked", 7}, STATUS_REFUSED},
    {"9112 9 Connection", "CONNECTION", {(const uint8_t *)"close", 5}, STATUS_REFUSED},
    {"9110 6.6.1 Date", "Date", {(const uint8_t *)DATE, 29}, STATUS_REFUSED},
};
/* clang-format on */

static void all_specimens(void)
{
    for (size_t i = 0; i < sizeof(specimens) / sizeof(specimens[0]); i++) {
        const struct specimen *s = &specimens[i];
        char text[512];
        test_row(s->section);
        struct writer w = writer_of(text, sizeof(text));
        EXPECT_INT(http_response_start(&w, &s->head), STATUS_OK);
        EXPECT(span_is(writer_span(&w), s->text));
        EXPECT_INT(http_response_end(&w), STATUS_OK);
        EXPECT_INT(w.at, strlen(s->text) + 2);
        EXPECT_INT(http_response_sends_body(&s->head), s->sends);
        EXPECT_INT(http_response_in_chunks(&s->head), s->chunks);
        EXPECT_INT(http_response_closes(&s->head), s->closes);
        for (size_t room = 0; room < w.at; room++) { /* too little room, at every length */
            struct writer small = writer_of(text, room);
            enum status started = http_response_start(&small, &s->head);
            EXPECT(started == STATUS_FULL || room >= w.at - 2);
            EXPECT_INT(http_response_end(&small), STATUS_FULL);
        }
        test_row_end();
    }
}

static void all_fields(void)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        char text[128];
        test_row(fields[i].section);
        struct writer w = writer_of(text, sizeof(text));
        EXPECT_INT(http_response_field(&w, fields[i].name, fields[i].value), fields[i].status);
        size_t expected =
            fields[i].status == STATUS_OK ? strlen(fields[i].name) + fields[i].value.len + 4 : 0;
        EXPECT_INT(w.at, expected);
        EXPECT(writer_ok(&w)); /* a refused field does not spoil the rest */
        test_row_end();
    }
    struct writer none = writer_of(NULL, 0);
    EXPECT_INT(http_response_field(&none, "X", SPAN_LITERAL("y")), STATUS_FULL);
}

static void chunks(void)
{
    char text[64];
    struct writer w = writer_of(text, sizeof(text));
    EXPECT_INT(http_chunk_start(&w, 1), STATUS_OK);
    EXPECT_INT(http_chunk_end(&w), STATUS_OK);
    EXPECT_INT(http_chunk_start(&w, 0xabcdef0123456789), STATUS_OK);
    EXPECT_INT(http_chunk_last(&w), STATUS_OK);
    EXPECT(span_is(writer_span(&w), "1\r\n\r\nabcdef0123456789\r\n0\r\n\r\n"));
    EXPECT(span_is(http_response_continue(), "HTTP/1.1 100 Continue\r\n\r\n"));
}

static void phrases(void)
{
    EXPECT_TEXT(http_status_phrase(426), "Upgrade Required");
    EXPECT_TEXT(http_status_phrase(299), "");
    for (unsigned i = 0; i < HTTP_REASON_COUNT; i++) { /* whatever we refuse with has a phrase */
        unsigned status = http_reason_http_status((enum http_reason)i);
        EXPECT(status == 0 || strlen(http_status_phrase(status)) > 0);
    }
}

static const struct test_case cases[] = {
    {"specimens", all_specimens},
    {"fields", all_fields},
    {"9112 7.1 chunks", chunks},
    {"9110 15 phrases", phrases},
};

int main(void)
{
    return TEST_MAIN(cases);
}
