/* Field values, paths, queries and dates: no octet beyond the input, and answers that keep their
 * promises. First octet: which. */
#include "proto/base/check.h"
#include "proto/http/http_condition.h"
#include "proto/http/http_date.h"
#include "proto/http/http_field.h"
#include "proto/http/http_path.h"
#include "proto/http/http_target.h"
#include "proto/http/http_utf8.h"
#include "proto/ws/ws_digest.h"
#include "proto/ws/ws_handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool inside(struct span part, struct span whole)
{
    return part.len == 0 ||
           (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

static void paths(struct span input)
{
    char text[128];
    char again[128];
    if (http_path_decode(input, text, sizeof(text)) == STATUS_OK) {
        CHECK(text[0] == '/' && http_utf8_valid(span_text(text)));
        CHECK(strstr(text, "//") == NULL && strstr(text, "/./") == NULL &&
              strstr(text, "/../") == NULL);
        if (strchr(text, '%') == NULL) {
            CHECK(http_path_decode(span_text(text), again, sizeof(again)) == STATUS_OK);
            CHECK(strcmp(text, again) == 0);
        }
    }
    struct http_target target;
    if (http_target_parse(HTTP_METHOD_GET, input, &target)) {
        CHECK(inside(target.query, input) && inside(target.authority, input));
    }
    (void)http_is_host(input);
}

static void queries(struct span input)
{
    char text[64];
    struct span rest = input;
    struct span name;
    struct span value;
    while (http_query_next(&rest, &name, &value)) {
        CHECK(inside(name, input) && inside(value, input));
        if (http_query_decode(value, text, sizeof(text)) == STATUS_OK) {
            CHECK(http_utf8_valid(span_text(text)));
        }
    }
    enum status status = http_query_find(input, "a", text, sizeof(text));
    CHECK(status != STATUS_NEED_MORE);
}

static void lists(struct span input)
{
    struct span rest = input;
    struct span item;
    while (http_list_next(&rest, &item)) {
        CHECK(item.len > 0 && inside(item, input));
    }
    struct span value;
    if (http_cookie_find(input, "__Host-session", &value) == STATUS_OK) {
        CHECK(inside(value, input));
    }
    if (http_media_type_parameter(input, "charset", &value)) {
        CHECK(inside(value, input));
    }
    (void)http_media_type_is(input, "application/json");
    CHECK(http_accept_encoding(input, "gzip") <= 1000);
    CHECK(http_accept(input, "application/json") <= 1000);
}

static void conditions(struct span input)
{
    const struct span current = SPAN_LITERAL("\"a\"");
    CHECK(!http_if_match(input, current) || http_if_none_match(input, current));
    (void)http_if_range(input, current, 784111777);
    struct http_range range = {0, 0};
    if (http_range_parse(input, 100, &range) == HTTP_RANGE_PART) {
        CHECK(range.first <= range.last && range.last < 100);
    }
    CHECK(http_range_parse(input, 0, &range) != HTTP_RANGE_PART);
    int64_t unix_s = 0;
    if (http_date_read(input, 784111777, &unix_s)) {
        char text[HTTP_DATE_LEN + 1];
        int64_t again = 0;
        http_date_write(unix_s, text);
        CHECK(http_date_read(span_text(text), 0, &again) && again == unix_s);
    }
}

static void handshakes(struct span input)
{
    const struct ws_handshake_request request = {
        .host = "h", .path = "/", .protocol = "a", .key = "the sample nonc"};
    size_t used = 0;
    unsigned http_status = 0;
    if (ws_handshake_read_answer(input, &request, &used, &http_status) == STATUS_OK) {
        CHECK(used <= input.len && http_status == 101);
    }
    uint8_t octets[64];
    char text[128];
    if (ws_base64_read(input, octets, sizeof(octets), &used)) {
        struct writer w = writer_of(text, sizeof(text));
        ws_base64_write(&w, span_of(octets, used));
        CHECK(span_equal(writer_span(&w), input)); /* one spelling only */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const parts[])(struct span) = {paths, queries, lists, conditions, handshakes};
    if (len > 0) {
        parts[data[0] % (sizeof(parts) / sizeof(parts[0]))](span_of(data + 1, len - 1));
    }
    return 0;
}
