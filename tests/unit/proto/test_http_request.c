/* Specimens of request heads by section of RFC 9112 and 9110. Each is fed whole, octet by octet,
 * cut at every place and cut off at every place; each accepted one is written back from what was
 * parsed and parsed again. */
#include "proto/base/writer.h"
#include "proto/http/http_request.h"
#include "tests/unit/test.h"

#define G "GET / HTTP/1.1\r\n"
#define H "Host: h\r\n"
#define E "\r\n"
#define P "POST / HTTP/1.1\r\nHost: h\r\n"

struct specimen {
    const char *section;
    struct span input;
    enum http_reason reason;
    const char *summary; /* of an accepted one: method|path|query|host|minor|body|flags|fields */
};

#define A(section, text, summary)                                                                  \
    {                                                                                              \
        section, {(const uint8_t *)(text), sizeof(text) - 1}, HTTP_REASON_NONE, summary            \
    }
#define R(section, text, why)                                                                      \
    {                                                                                              \
        section, {(const uint8_t *)(text), sizeof(text) - 1}, HTTP_REASON_##why, NULL              \
    }

static const struct specimen specimens[] = {
#include "tests/unit/proto/test_http_request.def"
};

static const char *const method_names[] = {"other", "GET",    "HEAD",    "POST", "PUT",
                                           "PATCH", "DELETE", "OPTIONS", "TRACE"};

static void summarise(const struct http_request *r, char *out, size_t len)
{
    char body[32] = "-";
    if (r->body == HTTP_BODY_CHUNKED) {
        memcpy(body, "c", 2);
    } else if (r->body == HTTP_BODY_LENGTH) {
        (void)snprintf(body, sizeof(body), "%llu", (unsigned long long)r->content_length);
    }
    (void)snprintf(out, len, "%s|%.*s|%.*s|%.*s|%u|%s|%s%s|%zu", method_names[r->method],
                   (int)r->path.len, (const char *)r->path.data, (int)r->query.len,
                   r->query.len > 0 ? (const char *)r->query.data : "", (int)r->host.len,
                   r->host.len > 0 ? (const char *)r->host.data : "", r->minor, body,
                   r->keep_alive ? "k" : "x", r->expect_continue ? "e" : "", r->field_count);
}

static uint8_t buffer[HTTP_HEAD_LEN_USUAL];
static struct http_request_parser parser;

/* Feeds input in pieces: `first` octets, then `step` at a time. Gives the last status; *out_used
 * counts what was taken. */
static enum status feed(struct span input, size_t first, size_t step, size_t *out_used)
{
    enum status status = STATUS_NEED_MORE;
    size_t n = first;
    size_t at = 0;
    http_request_init(&parser, buffer, sizeof(buffer));
    do {
        size_t used = 0;
        n = n > input.len - at ? input.len - at : n;
        status = http_request_feed(&parser, span_of(input.data + at, n), &used);
        at += used;
        n = step;
    } while (status == STATUS_NEED_MORE && at < input.len);
    *out_used = at;
    return status;
}

static void expect_same(const struct specimen *s, enum status status, size_t used)
{
    char text[512];
    EXPECT_TEXT(http_reason_label(parser.reason), http_reason_label(s->reason));
    EXPECT_INT(status, http_reason_status(s->reason));
    if (status == STATUS_OK && s->summary != NULL) {
        summarise(&parser.request, text, sizeof(text));
        EXPECT_TEXT(text, s->summary);
        EXPECT_INT(used, s->input.len);
    }
}

/* What was parsed is written as a head again, and must mean the same. */
static void write_back(const struct specimen *s)
{
    uint8_t copy[2048];
    struct writer w = writer_of(copy, sizeof(copy));
    const struct http_request *r = &parser.request;
    writer_bytes(&w, r->method_text);
    writer_text(&w, " ");
    writer_bytes(&w, r->target);
    writer_format(&w, " HTTP/1.%u\r\n", r->minor);
    for (size_t i = 0; i < r->field_count; i++) {
        writer_bytes(&w, r->fields[i].name);
        writer_text(&w, ": ");
        writer_bytes(&w, r->fields[i].value);
        writer_text(&w, "\r\n");
    }
    writer_text(&w, "\r\n");
    EXPECT(writer_ok(&w));
    struct specimen again = *s;
    again.input = writer_span(&w);
    size_t used = 0;
    enum status status = feed(again.input, again.input.len, 1, &used);
    expect_same(&again, status, used);
}

static void run_specimen(const struct specimen *s)
{
    size_t used = 0;
    enum status status = feed(s->input, s->input.len, 1, &used);
    expect_same(s, status, used);
    if (status == STATUS_OK) {
        write_back(s);
    }
    status = feed(s->input, 1, 1, &used);
    expect_same(s, status, used);
    size_t decided = used; /* the octet at which it was decided */
    for (size_t cut = 0; cut <= s->input.len && test_bad == 0; cut++) {
        status = feed(s->input, cut, s->input.len, &used);
        expect_same(s, status, used);
        EXPECT_INT(used, decided);
        status = feed(span_of(s->input.data, cut), cut, 1, &used); /* cut off */
        EXPECT_INT(status, cut < decided ? STATUS_NEED_MORE : http_reason_status(s->reason));
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

static enum http_reason reason_of(struct span input)
{
    size_t used = 0;
    enum status status = feed(input, input.len, 1, &used);
    EXPECT(status == STATUS_OK || status == http_reason_status(parser.reason));
    return parser.reason;
}

/* Every octet at one place of a head; `good` lists those that pass, all others must be refused. */
static void octet_sweep(const char *before, const char *after, const char *good, bool high_good)
{
    for (unsigned c = 0; c < 256; c++) {
        char text[256];
        struct writer w = writer_of(text, sizeof(text));
        writer_text(&w, before);
        writer_u8(&w, (uint8_t)c);
        writer_text(&w, after);
        bool expected = c >= 0x80 ? high_good : (c != 0 && strchr(good, (int)c) != NULL);
        enum http_reason reason = reason_of(writer_span(&w));
        if ((reason == HTTP_REASON_NONE) != expected) {
            printf("  octet %02x: %s\n", c, http_reason_label(reason));
            EXPECT(false);
        }
    }
}

#define ALNUM "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void octets_in_method(void)
{
    octet_sweep("GE", "T / HTTP/1.1\r\n" H E, ALNUM "!#$%&'*+-.^_`|~", false);
}

static void octets_in_name(void)
{
    /* A colon ends the name early, which is no error. */
    octet_sweep(G H "X", "Y: z\r\n\r\n", ALNUM "!#$%&'*+-.^_`|~:", false);
}

static void octets_in_value(void)
{
    octet_sweep(G H "X: a", "b\r\n\r\n", ALNUM " \t!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", true);
}

static void octets_in_path(void)
{
    octet_sweep("GET /a", "b HTTP/1.1\r\n" H E, ALNUM "-._~!$&'()*+,;=:@/?", false);
}

static void octets_in_query(void)
{
    octet_sweep("GET /?a", "b HTTP/1.1\r\n" H E, ALNUM "-._~!$&'()*+,;=:@/?", false);
}

static void octets_in_host(void)
{
    octet_sweep(G "Host: a", "1\r\n\r\n", ALNUM "-._~!$&'()*+,;=:", false);
}

static void octets_in_length(void)
{
    octet_sweep(P "Content-Length: 1", "1\r\n\r\n", "0123456789", false);
}

/* A head of `fields` fields of `value_len` octets after a target of target_len octets. */
static struct span big_head(size_t target_len, size_t fields, size_t value_len)
{
    static uint8_t text[40000];
    struct writer w = writer_of(text, sizeof(text));
    writer_text(&w, "GET /");
    for (size_t i = 1; i < target_len; i++) {
        writer_u8(&w, 'a');
    }
    writer_text(&w, " HTTP/1.1\r\nHost: h\r\n");
    for (size_t i = 0; i < fields; i++) {
        writer_text(&w, "X: ");
        for (size_t j = 0; j < value_len; j++) {
            writer_u8(&w, 'v');
        }
        writer_text(&w, "\r\n");
    }
    writer_text(&w, "\r\n");
    EXPECT(writer_ok(&w));
    return writer_span(&w);
}

static void limits(void)
{
    EXPECT_INT(reason_of(big_head(HTTP_TARGET_LEN_MAX, 0, 0)), HTTP_REASON_NONE);
    EXPECT_INT(reason_of(big_head(HTTP_TARGET_LEN_MAX + 1, 0, 0)), HTTP_REASON_TARGET_TOO_LONG);
    EXPECT_INT(reason_of(big_head(20000, 0, 0)), HTTP_REASON_TARGET_TOO_LONG);
    EXPECT_INT(reason_of(big_head(1, HTTP_FIELDS_MAX - 1, 10)), HTTP_REASON_NONE);
    EXPECT_INT(parser.request.field_count, HTTP_FIELDS_MAX);
    EXPECT_INT(reason_of(big_head(1, HTTP_FIELDS_MAX, 10)), HTTP_REASON_FIELDS_TOO_MANY);
    EXPECT_INT(reason_of(big_head(1, 1, 16000)), HTTP_REASON_NONE);
    EXPECT_INT(reason_of(big_head(1, 1, 17000)), HTTP_REASON_FIELDS_TOO_LARGE);
    EXPECT_INT(reason_of(big_head(1, 30, 1000)), HTTP_REASON_FIELDS_TOO_LARGE);
}

static void small_buffer(void)
{
    static uint8_t small[HTTP_HEAD_LEN_MIN];
    struct span head = big_head(300, 0, 0);
    size_t used = 0;
    http_request_init(&parser, small, sizeof(small));
    EXPECT_INT(http_request_feed(&parser, head, &used), STATUS_TOO_LARGE);
    EXPECT_INT(parser.reason, HTTP_REASON_TARGET_TOO_LONG);
    EXPECT_INT(used, HTTP_HEAD_LEN_MIN + 1);
    EXPECT_INT(http_request_feed(&parser, head, &used), STATUS_TOO_LARGE); /* stays refused */
    EXPECT_INT(used, 0);
}

static void long_host(void)
{
    char text[600];
    struct writer w = writer_of(text, sizeof(text));
    writer_text(&w, G "Host: ");
    for (size_t i = 0; i < 300; i++) {
        writer_u8(&w, 'a');
    }
    writer_text(&w, "\r\n\r\n");
    EXPECT_INT(reason_of(writer_span(&w)), HTTP_REASON_HOST);
}

static void pipelined(void)
{
    const struct span input =
        SPAN_LITERAL("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nrest");
    size_t used = 0;
    size_t at = 0;
    for (int i = 1; i <= 2; i++) {
        http_request_init(&parser, buffer, sizeof(buffer));
        EXPECT(http_request_idle(&parser));
        EXPECT_INT(http_request_feed(&parser, span_of(input.data + at, input.len - at), &used),
                   STATUS_OK);
        EXPECT(!http_request_idle(&parser));
        EXPECT_INT(parser.request.path.data[1], '0' + i);
        at += used;
    }
    EXPECT_INT(input.len - at, 4);
}

static void field_lookup(void)
{
    const struct span input =
        SPAN_LITERAL(G H "Accept: a\r\nX: 1\r\naccept: b, \"c,d\"\r\nACCEPT:\r\n\r\n");
    size_t index = 0;
    struct span value;
    EXPECT_INT(reason_of(input), HTTP_REASON_NONE);
    const struct http_request *r = &parser.request;
    EXPECT_INT(http_request_field_count(r, "Accept"), 3);
    EXPECT_INT(http_request_field_count(r, "Accep"), 0);
    EXPECT(http_request_field(r, "aCCept", &value) && span_is(value, "a"));
    EXPECT(!http_request_field(r, "Y", &value));
    EXPECT(http_request_field_next(r, "accept", &index, &value) && span_is(value, "a"));
    EXPECT(http_request_field_next(r, "accept", &index, &value) && span_is(value, "b, \"c,d\""));
    EXPECT(http_request_field_next(r, "accept", &index, &value) && value.len == 0);
    EXPECT(!http_request_field_next(r, "accept", &index, &value));
    EXPECT(http_request_has_token(r, "Accept", "B"));
    EXPECT(!http_request_has_token(r, "Accept", "c"));
    EXPECT(!http_request_has_token(r, "X", "2"));
}

static void reason_table(void)
{
    for (unsigned i = 0; i < HTTP_REASON_COUNT; i++) {
        enum http_reason reason = (enum http_reason)i;
        unsigned status = http_reason_http_status(reason);
        EXPECT(i == 0 ? status == 0 : status >= 400 && status <= 505);
        EXPECT((http_reason_status(reason) == STATUS_OK) == (i == 0));
        EXPECT(strlen(http_reason_text(reason)) > 0);
        for (unsigned j = 0; j < i; j++) { /* labels are distinct */
            EXPECT(strcmp(http_reason_label(reason), http_reason_label((enum http_reason)j)) != 0);
        }
    }
    EXPECT_TEXT(http_reason_label(HTTP_REASON_COUNT), "invalid");
    EXPECT_TEXT(http_reason_text(HTTP_REASON_COUNT), "invalid reason");
    EXPECT_INT(http_reason_http_status(HTTP_REASON_COUNT), 500);
}

/* A caller that ends each value with a NUL must not cut into the next field's name. */
static void test_octet_behind_values(void)
{
    static uint8_t octets[HTTP_HEAD_LEN_MIN];
    struct http_request_parser head;
    size_t used;
    http_request_init(&head, octets, sizeof octets);
    EXPECT_INT(http_request_feed(
                   &head,
                   SPAN_LITERAL("GET / HTTP/1.1\r\nHost: a\r\nB: 2\r\nC: 3 \r\nD: 4\r\n\r\n"),
                   &used),
               STATUS_OK);
    for (size_t i = 0; i < head.request.field_count; i++) {
        struct span value = head.request.fields[i].value;
        octets[(size_t)(value.data - octets) + value.len] = '\0';
    }
    struct span value = {NULL, 0};
    EXPECT(http_request_field(&head.request, "Host", &value) && span_is(value, "a"));
    EXPECT(http_request_field(&head.request, "B", &value) && span_is(value, "2"));
    EXPECT(http_request_field(&head.request, "C", &value) && span_is(value, "3"));
    EXPECT(http_request_field(&head.request, "D", &value) && span_is(value, "4"));
}

static const struct test_case cases[] = {
    {"the octet behind each value", test_octet_behind_values},
    {"specimens", all_specimens},
    {"9112 3.1 every octet in the method", octets_in_method},
    {"9110 5.1 every octet in a field name", octets_in_name},
    {"9110 5.5 every octet in a field value", octets_in_value},
    {"3986 3.3 every octet in the path", octets_in_path},
    {"3986 3.4 every octet in the query", octets_in_query},
    {"3986 3.2.2 every octet in the host", octets_in_host},
    {"9110 8.6 every octet in the length", octets_in_length},
    {"9112 3, 9110 5.4 limits", limits},
    {"9112 3 small buffer", small_buffer},
    {"9110 7.2 long host", long_host},
    {"9112 9.3.2 pipelined requests", pipelined},
    {"9110 5.3 looking up fields", field_lookup},
    {"table of reasons", reason_table},
};

int main(void)
{
    return TEST_MAIN(cases);
}
