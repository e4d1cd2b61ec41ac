#include "gateway/ctl/import_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_CHARS_MAX 200 /* the longest official institution names have some 60 */
#define CODE_LEN_MAX 64

size_t import_enter(struct import *im, const char *name)
{
    size_t mark = strlen(im->path);
    (void)snprintf(im->path + mark, sizeof im->path - mark, "/%s", name);
    return mark;
}

size_t import_enter_index(struct import *im, size_t index)
{
    char number[24];
    (void)snprintf(number, sizeof number, "%zu", index);
    return import_enter(im, number);
}

void import_leave(struct import *im, size_t mark)
{
    im->path[mark] = '\0';
}

bool import_fail(struct import *im, const char *format, ...)
{
    if (im->failed) {
        return false;
    }
    im->failed = true;
    im->status = STATUS_MALFORMED;
    va_list values;
    va_start(values, format);
    (void)vsnprintf(im->result->error, sizeof im->result->error, format, values);
    va_end(values);
    (void)snprintf(im->result->field, sizeof im->result->field, "%s", im->path);
    return false;
}

bool import_store(struct import *im, enum status status)
{
    if (status != STATUS_OK && !im->failed) {
        (void)import_fail(im, "the store refused it: %s", status_text(status));
        im->status = status;
    }
    return !im->failed;
}

/* What a person mistook, cut short and without controls, for the message. */
static const char *show(const char *text, char *buffer, size_t buffer_len)
{
    size_t n = 0;
    for (; text[n] != '\0' && n + 1 < buffer_len; n++) {
        buffer[n] = (unsigned char)text[n] < 0x20 || text[n] == 0x7f ? '?' : text[n];
    }
    while (n > 0 && text[n] != '\0' && ((unsigned char)text[n] & 0xc0) == 0x80) {
        n--; /* not in the middle of a character */
    }
    buffer[n] = '\0';
    return buffer;
}

static const char *text_here(struct import *im, const json_t *value, bool required,
                             import_valid valid, const char *what)
{
    char shown[48];
    if (value == NULL || json_is_null(value)) {
        if (required) {
            (void)import_fail(im, "is missing: it must be %s", what);
        }
        return NULL;
    }
    const char *text = json_string_value(value);
    if (text == NULL) {
        (void)import_fail(im, "must be text: %s", what);
        return NULL;
    }
    if (!valid(text)) {
        (void)import_fail(im, "must be %s, not \"%s\"", what, show(text, shown, sizeof shown));
        return NULL;
    }
    return text;
}

const char *import_text(struct import *im, const json_t *object, const char *name, bool required,
                        import_valid valid, const char *what)
{
    if (im->failed) {
        return NULL;
    }
    size_t mark = import_enter(im, name);
    const char *text = text_here(im, json_object_get(object, name), required, valid, what);
    import_leave(im, mark);
    return text;
}

bool import_bool(struct import *im, const json_t *object, const char *name, bool default_value)
{
    const json_t *value = json_object_get(object, name);
    if (im->failed || value == NULL) {
        return default_value;
    }
    if (!json_is_boolean(value)) {
        size_t mark = import_enter(im, name);
        (void)import_fail(im, "must be true or false");
        import_leave(im, mark);
    }
    return json_is_true(value);
}

json_t *import_array(struct import *im, const json_t *object, const char *name, bool required)
{
    json_t *value = json_object_get(object, name);
    if (im->failed || (value == NULL && !required)) {
        return NULL;
    }
    if (!json_is_array(value)) {
        size_t mark = import_enter(im, name);
        (void)import_fail(im,
                          value == NULL ? "is missing: it must be an array" : "must be an array");
        import_leave(im, mark);
        return NULL;
    }
    return value;
}

bool import_members(struct import *im, json_t *object, const char *const *names)
{
    if (im->failed) {
        return false;
    }
    if (!json_is_object(object)) {
        return import_fail(im, "must be an object");
    }
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], json_object_iter_key(at)) != 0) {
            i++;
        }
        if (names[i] == NULL) {
            char shown[48];
            size_t mark = import_enter(im, show(json_object_iter_key(at), shown, sizeof shown));
            (void)import_fail(im, "is no member of this object");
            import_leave(im, mark);
            return false;
        }
    }
    return true;
}

static bool made_of(const char *text, const char *alphabet, size_t min, size_t max)
{
    size_t len = strlen(text);
    return len >= min && len <= max && strspn(text, alphabet) == len;
}

bool import_valid_name(const char *text)
{
    size_t chars = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            return false;
        }
        chars += (*p & 0xc0) != 0x80;
    }
    return chars >= 1 && chars <= NAME_CHARS_MAX;
}

bool import_valid_code(const char *text)
{
    return made_of(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", 1,
                   CODE_LEN_MAX);
}

bool import_valid_specialty(const char *text)
{
    return made_of(text, "abcdefghijklmnopqrstuvwxyz0123456789-", 1, CODE_LEN_MAX);
}

bool import_valid_login(const char *text)
{
    return made_of(text, "abcdefghijklmnopqrstuvwxyz0123456789._-", 3, CODE_LEN_MAX);
}

bool import_valid_region(const char *text)
{
    return made_of(text, "0123456789", 6, 6);
}

bool import_valid_prefix(const char *text)
{
    return made_of(text, "0123456789", 2, 6) && strlen(text) % 2 == 0;
}
