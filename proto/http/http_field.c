#include "proto/http/http_field.h"

static bool is_tchar(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

bool http_is_token(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_tchar(text.data[i])) {
            return false;
        }
    }
    return text.len > 0;
}

struct span http_trim(struct span text)
{
    while (text.len > 0 && is_space(text.data[0])) {
        text = span_of(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && is_space(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

bool http_is_field_value(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F) {
            return false;
        }
    }
    return http_trim(text).len == text.len;
}

/* Length up to the separator that stands outside quoted strings, or to the end (RFC 9110 §5.6.4).
 */
static size_t until(struct span text, uint8_t separator)
{
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && c == separator) {
            return i;
        }
    }
    return text.len;
}

/* Takes what stands before the separator off *rest, trimmed. */
static struct span take_until(struct span *rest, uint8_t separator)
{
    if (rest->len == 0) {
        return *rest;
    }
    size_t len = until(*rest, separator);
    struct span item = http_trim(span_of(rest->data, len));
    size_t taken = len < rest->len ? len + 1 : len;
    *rest = span_of(rest->data + taken, rest->len - taken);
    return item;
}

bool http_list_next(struct span *rest, struct span *out_item)
{
    while (rest->len > 0) {
        struct span item = take_until(rest, ',');
        if (item.len > 0) {
            *out_item = item;
            return true;
        }
    }
    return false;
}

/* cookie-octet (RFC 6265 §4.1.1): no control, white space, '"', ',', ';', '\' */
static bool is_cookie_value(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c <= 0x20 || c >= 0x7F || c == '"' || c == ',' || c == ';' || c == '\\') {
            return false;
        }
    }
    return true;
}

enum status http_cookie_find(struct span field, const char *name, struct span *out_value)
{
    struct span wanted = span_text(name);
    struct span found = {NULL, 0};
    bool any = false;
    while (field.len > 0) {
        const uint8_t *end = memchr(field.data, ';', field.len);
        size_t len = end == NULL ? field.len : (size_t)(end - field.data);
        struct span pair = http_trim(span_of(field.data, len));
        size_t taken = end == NULL ? len : len + 1;
        field = span_of(field.data + taken, field.len - taken);
        if (pair.len <= wanted.len || pair.data[wanted.len] != '=' ||
            !span_equal(span_of(pair.data, wanted.len), wanted)) {
            continue;
        }
        struct span value = span_of(pair.data + wanted.len + 1, pair.len - wanted.len - 1);
        if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"') {
            value = span_of(value.data + 1, value.len - 2);
        }
        if (!is_cookie_value(value)) {
            return STATUS_MALFORMED;
        }
        if (any && !span_equal(value, found)) {
            return STATUS_CONFLICT;
        }
        any = true;
        found = value;
    }
    if (!any) {
        return STATUS_NONE;
    }
    *out_value = found;
    return STATUS_OK;
}

/* The whole text is one quoted-string (RFC 9110 §5.6.4). */
static bool is_quoted_string(struct span text)
{
    if (text.len < 2 || text.data[0] != '"') {
        return false;
    }
    for (size_t i = 1; i < text.len; i++) {
        if (text.data[i] == '\\') {
            i++;
        } else if (text.data[i] == '"') {
            return i == text.len - 1;
        }
    }
    return false;
}

/* Takes name=value off the parameters behind a ';' (RFC 9110 §5.6.6); quotes are taken off.
 * STATUS_NONE at the end. */
static enum status parameter_next(struct span *rest, struct span *out_name, struct span *out_value)
{
    while (rest->len > 0) {
        struct span item = take_until(rest, ';');
        if (item.len == 0) {
            continue;
        }
        const uint8_t *equals = memchr(item.data, '=', item.len);
        size_t name_len = equals == NULL ? item.len : (size_t)(equals - item.data);
        struct span value = {NULL, 0};
        if (equals != NULL) {
            value = span_of(equals + 1, item.len - name_len - 1);
        }
        *out_name = span_of(item.data, name_len);
        if (is_quoted_string(value)) {
            *out_value = span_of(value.data + 1, value.len - 2);
        } else if (http_is_token(value)) {
            *out_value = value;
        } else {
            return STATUS_MALFORMED;
        }
        return http_is_token(*out_name) ? STATUS_OK : STATUS_MALFORMED;
    }
    return STATUS_NONE;
}

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) (RFC 9110 §12.4.2), in thousandths
 */
static bool weight(struct span text, unsigned *out_weight)
{
    if (text.len == 0 || text.len > 5 || text.data[0] < '0' || text.data[0] > '1' ||
        (text.len > 1 && text.data[1] != '.')) {
        return false;
    }
    unsigned value = (unsigned)(text.data[0] - '0') * 1000;
    unsigned scale = 100;
    for (size_t i = 2; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        value += (unsigned)(text.data[i] - '0') * scale;
        scale /= 10;
    }
    if (value > 1000) {
        return false;
    }
    *out_weight = value;
    return true;
}

/* Splits "thing;parameters": weight 1000 unless q says otherwise; *out_plain: no parameter but q.
 * False when malformed. */
static bool weighted(struct span item, struct span *out_thing, unsigned *out_weight,
                     bool *out_plain)
{
    struct span name;
    struct span value;
    enum status status = STATUS_OK;
    *out_thing = take_until(&item, ';');
    *out_weight = 1000;
    *out_plain = true;
    while ((status = parameter_next(&item, &name, &value)) == STATUS_OK) {
        if (!span_equal_nocase(name, SPAN_LITERAL("q"))) {
            *out_plain = false;
        } else if (!weight(value, out_weight)) {
            return false;
        }
    }
    return status == STATUS_NONE;
}

unsigned http_accept_encoding(struct span field, const char *coding)
{
    struct span wanted = span_text(coding);
    unsigned result = span_equal_nocase(wanted, SPAN_LITERAL("identity")) ? 1000 : 0;
    bool named = false;
    struct span item;
    while (http_list_next(&field, &item)) {
        struct span thing;
        unsigned q = 0;
        bool plain = false;
        if (!weighted(item, &thing, &q, &plain) || !plain) {
            continue;
        }
        if (span_equal_nocase(thing, wanted)) {
            result = q;
            named = true;
        } else if (!named && span_is(thing, "*")) {
            result = q;
        }
    }
    return result;
}

/* 0 = no match, 1 = any type, 2 = any subtype, 3 = this very type */
static unsigned specificity(struct span range, struct span wanted)
{
    if (span_is(range, "*/*")) {
        return 1;
    }
    if (span_equal_nocase(range, wanted)) {
        return 3;
    }
    size_t slash = until(wanted, '/');
    bool any_subtype = range.len == slash + 2 && range.data[slash] == '/' &&
                       range.data[slash + 1] == '*' &&
                       span_equal_nocase(span_of(range.data, slash), span_of(wanted.data, slash));
    return any_subtype ? 2 : 0;
}

unsigned http_accept(struct span field, const char *media_type)
{
    unsigned best = 0;
    unsigned result = 0;
    struct span item;
    while (http_list_next(&field, &item)) {
        struct span range;
        unsigned q = 0;
        bool plain = false;
        if (!weighted(item, &range, &q, &plain) || !plain) {
            continue; /* a range with parameters is narrower than what we have */
        }
        unsigned found = specificity(range, span_text(media_type));
        if (found > best) {
            best = found;
            result = q;
        }
    }
    return result;
}

/* Splits a Content-Type; false unless type/subtype and every parameter is well formed. */
static bool media_type(struct span field, struct span *out_type, struct span *out_parameters)
{
    struct span type = take_until(&field, ';');
    size_t slash = until(type, '/');
    if (slash == type.len || !http_is_token(span_of(type.data, slash)) ||
        !http_is_token(span_of(type.data + slash + 1, type.len - slash - 1))) {
        return false;
    }
    *out_type = type;
    *out_parameters = field;
    struct span name;
    struct span value;
    enum status status = STATUS_OK;
    while ((status = parameter_next(&field, &name, &value)) == STATUS_OK) {
    }
    return status == STATUS_NONE;
}

bool http_media_type_is(struct span field, const char *wanted)
{
    struct span type;
    struct span parameters;
    return media_type(field, &type, &parameters) && span_equal_nocase(type, span_text(wanted));
}

bool http_media_type_parameter(struct span field, const char *name, struct span *out_value)
{
    struct span type;
    struct span rest;
    struct span found;
    struct span value;
    if (!media_type(field, &type, &rest)) {
        return false;
    }
    while (parameter_next(&rest, &found, &value) == STATUS_OK) {
        if (span_equal_nocase(found, span_text(name))) {
            *out_value = value;
            return true;
        }
    }
    return false;
}
