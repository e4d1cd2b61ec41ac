#include "proto/http/http_condition.h"

#include "proto/http/http_date.h"
#include "proto/http/http_field.h"

/* Digits only; a number beyond 64 bits is as good as the largest. */
static bool position(struct span text, uint64_t *out_value)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    if (!span_decimal(text, out_value)) {
        *out_value = UINT64_MAX;
    }
    return text.len > 0;
}

/* int-range = first-pos "-" [ last-pos ]; suffix-range = "-" suffix-length (RFC 9110 §14.1.2).
 * False: not one of these. *out_satisfiable: it names at least one octet, *out_range. */
static bool range_spec(struct span item, uint64_t length, bool *out_satisfiable,
                       struct http_range *out_range)
{
    const uint8_t *dash = memchr(item.data, '-', item.len);
    if (dash == NULL) {
        return false;
    }
    size_t at = (size_t)(dash - item.data);
    struct span left = span_of(item.data, at);
    struct span right = span_of(dash + 1, item.len - at - 1);
    uint64_t first = 0;
    uint64_t last = UINT64_MAX;
    if (left.len == 0) {
        uint64_t suffix = 0;
        if (!position(right, &suffix)) {
            return false;
        }
        *out_satisfiable = suffix > 0;
        first = suffix < length ? length - suffix : 0;
    } else {
        if (!position(left, &first) || (right.len > 0 && !position(right, &last)) || last < first) {
            return false;
        }
        *out_satisfiable = first < length;
    }
    if (length > 0) {
        *out_range = (struct http_range){first, last < length ? last : length - 1};
    }
    return true;
}

enum http_range_result http_range_parse(struct span field, uint64_t length,
                                        struct http_range *out_range)
{
    static const size_t unit_len = 6; /* "bytes=" */
    struct http_range found = {0, 0};
    size_t satisfiable = 0;
    size_t count = 0;
    if (field.len <= unit_len ||
        !span_equal_nocase(span_of(field.data, unit_len), SPAN_LITERAL("bytes="))) {
        return HTTP_RANGE_ALL;
    }
    struct span rest = span_of(field.data + unit_len, field.len - unit_len);
    struct span item;
    while (http_list_next(&rest, &item)) {
        struct http_range range = {0, 0};
        bool hit = false;
        if (++count > HTTP_RANGES_MAX) { /* RFC 9110 §15.5.17: an excessive request */
            return HTTP_RANGE_UNSATISFIABLE;
        }
        if (!range_spec(item, length, &hit, &range)) {
            return HTTP_RANGE_ALL; /* §14.2: an invalid ranges-specifier may be ignored */
        }
        satisfiable += hit ? 1 : 0;
        found = hit ? range : found;
    }
    if (count == 0 || satisfiable > 1) {
        return HTTP_RANGE_ALL;
    }
    if (satisfiable == 0) {
        return HTTP_RANGE_UNSATISFIABLE;
    }
    if (length == 0) { /* a suffix of nothing: no Content-Range can say so */
        return HTTP_RANGE_ALL;
    }
    *out_range = found;
    return HTTP_RANGE_PART;
}

void http_content_range_write(struct writer *w, const struct http_range *range, uint64_t length)
{
    writer_text(w, "bytes ");
    if (range == NULL) {
        writer_text(w, "*");
    } else {
        writer_decimal(w, range->first);
        writer_text(w, "-");
        writer_decimal(w, range->last);
    }
    writer_text(w, "/");
    writer_decimal(w, length);
}

/* Takes an entity tag off the front of *rest: false when there is none. etagc = %x21 / %x23-7E /
 * obs-text; a backslash is nothing special (RFC 9110 §8.8.3), so the general list reader will not
 * do. */
static bool etag_take(struct span *rest, struct span *out_etag)
{
    struct span text = *rest;
    size_t at = text.len >= 2 && text.data[0] == 'W' && text.data[1] == '/' ? 2 : 0;
    if (at == text.len || text.data[at] != '"') {
        return false;
    }
    do {
        at++;
    } while (at < text.len && text.data[at] > 0x20 && text.data[at] != '"' &&
             text.data[at] != 0x7F);
    if (at >= text.len || text.data[at] != '"') {
        return false;
    }
    at++;
    *out_etag = span_of(text.data, at);
    *rest = span_of(text.data + at, text.len - at);
    return true;
}

bool http_is_etag(struct span text)
{
    struct span etag;
    return etag_take(&text, &etag) && text.len == 0;
}

static bool is_weak(struct span etag)
{
    return etag.data[0] == 'W';
}

static struct span opaque(struct span etag)
{
    return is_weak(etag) ? span_of(etag.data + 2, etag.len - 2) : etag;
}

/* RFC 9110 §8.8.3.2 */
static bool same(struct span a, struct span b, bool strong)
{
    return !(strong && (is_weak(a) || is_weak(b))) && span_equal(opaque(a), opaque(b));
}

/* "*" or a list of entity tags holds the current one. A malformed list matches nothing from there
 * on. */
static bool list_holds(struct span field, struct span current, bool strong)
{
    if (current.len == 0) {
        return false;
    }
    if (span_is(field, "*")) {
        return true;
    }
    while (field.len > 0) {
        struct span etag;
        if (!etag_take(&field, &etag)) {
            return false;
        }
        if (same(etag, current, strong)) {
            return true;
        }
        field = http_trim(field);
        if (field.len > 0 && field.data[0] != ',') {
            return false;
        }
        while (field.len > 0 &&
               (field.data[0] == ',' || field.data[0] == ' ' || field.data[0] == '\t')) {
            field = span_of(field.data + 1, field.len - 1);
        }
    }
    return false;
}

bool http_if_none_match(struct span field, struct span current)
{
    return list_holds(field, current, false);
}

bool http_if_match(struct span field, struct span current)
{
    return list_holds(field, current, true);
}

bool http_if_range(struct span field, struct span current, int64_t last_modified_s)
{
    if (http_is_etag(field)) {
        return current.len > 0 && same(field, current, true);
    }
    int64_t date = 0;
    return last_modified_s != 0 && http_date_read(field, last_modified_s, &date) &&
           date == last_modified_s;
}
