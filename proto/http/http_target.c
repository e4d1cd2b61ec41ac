#include "proto/http/http_target.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_one_of(uint8_t c, struct span set)
{
    return memchr(set.data, c, set.len) != NULL;
}

/* RFC 3986 §2.2-2.3 */
static bool is_unreserved_or_sub_delim(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           is_one_of(c, SPAN_LITERAL("-._~!$&'()*+,;="));
}

/* Every octet is unreserved, a sub-delimiter, one of `more`, or a whole escape. */
static bool is_made_of(struct span text, struct span more)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '%') {
            if (text.len - i < 3 || span_hex_value(text.data[i + 1]) < 0 ||
                span_hex_value(text.data[i + 2]) < 0) {
                return false;
            }
            i += 2;
        } else if (!is_unreserved_or_sub_delim(c) && !is_one_of(c, more)) {
            return false;
        }
    }
    return true;
}

/* dec-octet "." dec-octet "." dec-octet "." dec-octet */
static bool is_ipv4(struct span text)
{
    unsigned groups = 0;
    size_t at = 0;
    while (groups < 4) {
        size_t start = at;
        unsigned value = 0;
        while (at < text.len && is_digit(text.data[at]) && at - start < 3) {
            value = value * 10 + (unsigned)(text.data[at++] - '0');
        }
        size_t digits = at - start;
        if (digits == 0 || value > 255 || (digits > 1 && text.data[start] == '0')) {
            return false;
        }
        groups++;
        if (groups < 4 && (at == text.len || text.data[at++] != '.')) {
            return false;
        }
    }
    return at == text.len;
}

/* Up to the next ':' or the end. */
static struct span ipv6_group(struct span text, size_t at)
{
    size_t end = at;
    while (end < text.len && text.data[end] != ':') {
        end++;
    }
    return span_of(text.data + at, end - at);
}

static bool is_h16(struct span group)
{
    if (group.len == 0 || group.len > 4) {
        return false;
    }
    for (size_t i = 0; i < group.len; i++) {
        if (span_hex_value(group.data[i]) < 0) {
            return false;
        }
    }
    return true;
}

/* Eight groups, or fewer with one "::"; the last two may be an IPv4 address. */
static bool is_ipv6(struct span text)
{
    unsigned groups = 0;
    bool gap = false;
    size_t at = 0;
    if (text.len >= 2 && text.data[0] == ':' && text.data[1] == ':') {
        gap = true;
        at = 2;
    }
    while (at < text.len) {
        struct span group = ipv6_group(text, at);
        bool last = at + group.len == text.len;
        if (last && is_ipv4(group)) {
            groups += 2;
            break;
        }
        if (!is_h16(group) || groups == 8) {
            return false;
        }
        groups++;
        at += group.len + (last ? 0 : 1);
        if (!last && at == text.len) {
            return false; /* one ':' at the end */
        }
        if (!last && text.data[at] == ':') {
            if (gap) {
                return false;
            }
            gap = true;
            at++;
        }
    }
    return gap ? groups <= 7 : groups == 8;
}

static bool is_port(struct span text)
{
    uint64_t port = 0;
    return text.len == 0 || (span_decimal(text, &port) && port <= 65535);
}

bool http_is_host(struct span text)
{
    if (text.len == 0 || text.len > HTTP_HOST_LEN_MAX) {
        return false;
    }
    size_t host_len = 0;
    if (text.data[0] == '[') {
        const uint8_t *end = memchr(text.data, ']', text.len);
        if (end == NULL) {
            return false;
        }
        host_len = (size_t)(end - text.data) + 1;
        if (!is_ipv6(span_of(text.data + 1, host_len - 2))) {
            return false;
        }
    } else {
        const uint8_t *colon = memchr(text.data, ':', text.len);
        host_len = colon == NULL ? text.len : (size_t)(colon - text.data);
        if (host_len == 0 || !is_made_of(span_of(text.data, host_len), SPAN_LITERAL(""))) {
            return false;
        }
    }
    if (host_len == text.len) {
        return true;
    }
    return text.data[host_len] == ':' &&
           is_port(span_of(text.data + host_len + 1, text.len - host_len - 1));
}

/* absolute-path [ "?" query ] */
static bool path_and_query(struct span text, struct http_target *out)
{
    const uint8_t *mark = memchr(text.data, '?', text.len);
    size_t path_len = mark == NULL ? text.len : (size_t)(mark - text.data);
    struct span path = span_of(text.data, path_len);
    struct span query = {NULL, 0};
    if (mark != NULL) {
        query = span_of(mark + 1, text.len - path_len - 1);
    }
    if (path.len == 0 || path.data[0] != '/' || !is_made_of(path, SPAN_LITERAL("/:@")) ||
        !is_made_of(query, SPAN_LITERAL("/:@?"))) {
        return false;
    }
    *out = (struct http_target){.path = path, .query = query};
    return true;
}

/* RFC 9112 §3.2.2. RFC 9110 §4.2.1: an empty host is refused; §4.2.4: so is userinfo. */
static bool absolute_form(enum http_method method, struct span rest, struct http_target *out)
{
    size_t end = 0;
    while (end < rest.len && rest.data[end] != '/' && rest.data[end] != '?') {
        end++;
    }
    struct span authority = span_of(rest.data, end);
    if (!http_is_host(authority)) {
        return false;
    }
    struct http_target found = {.path = SPAN_LITERAL("/")};
    if (end == rest.len) {
        /* RFC 9112 §3.2.4: OPTIONS http://host means OPTIONS * */
        found.path = method == HTTP_METHOD_OPTIONS ? SPAN_LITERAL("*") : found.path;
    } else if (rest.data[end] == '?') {
        found.query = span_of(rest.data + end + 1, rest.len - end - 1);
        if (!is_made_of(found.query, SPAN_LITERAL("/:@?"))) {
            return false;
        }
    } else if (!path_and_query(span_of(rest.data + end, rest.len - end), &found)) {
        return false;
    }
    found.authority = authority;
    *out = found;
    return true;
}

bool http_target_parse(enum http_method method, struct span target, struct http_target *out_target)
{
    static const struct span schemes[] = {{(const uint8_t *)"http://", 7},
                                          {(const uint8_t *)"https://", 8}};
    if (target.len == 0) {
        return false;
    }
    if (target.data[0] == '/') {
        return path_and_query(target, out_target);
    }
    if (span_is(target, "*")) { /* RFC 9112 §3.2.4 */
        if (method != HTTP_METHOD_OPTIONS) {
            return false;
        }
        *out_target = (struct http_target){.path = target};
        return true;
    }
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t n = schemes[i].len;
        if (target.len > n && span_equal_nocase(span_of(target.data, n), schemes[i])) {
            return absolute_form(method, span_of(target.data + n, target.len - n), out_target);
        }
    }
    return false;
}
