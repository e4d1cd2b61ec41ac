#include "gateway/records/canonical.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32u                  /* ours are 5 deep */
#define INTEGER_MAX 9007199254740991LL /* RFC 8785 §3.2.2.3: IEEE 754 double, exact */

struct output {
    char *text;
    size_t len, room;
    enum status status;
};

static void put(struct output *out, const char *text, size_t len)
{
    if (out->status != STATUS_OK) {
        return;
    }
    if (out->room - out->len <= len) {
        size_t room = out->room * 2 + len + 256;
        char *grown = realloc(out->text, room);
        if (grown == NULL) {
            out->status = STATUS_NO_MEMORY;
            return;
        }
        out->text = grown;
        out->room = room;
    }
    memcpy(out->text + out->len, text, len);
    out->len += len;
    out->text[out->len] = '\0';
}

static void put_escaped(struct output *out, unsigned char c)
{
    static const char short_from[] = "\b\t\n\f\r\"\\";
    static const char short_to[] = "btnfr\"\\";
    const char *at = strchr(short_from, c);
    char escape[8];
    if (c != 0 && at != NULL) {
        escape[0] = '\\';
        escape[1] = short_to[at - short_from];
        put(out, escape, 2);
        return;
    }
    (void)snprintf(escape, sizeof escape, "\\u%04x", c);
    put(out, escape, 6);
}

static void put_string(struct output *out, const char *text, size_t len)
{
    put(out, "\"", 1);
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == 0) {
            out->status = STATUS_UNSUPPORTED;
            return;
        }
        if (c < 0x20 || c == '"' || c == '\\') {
            put(out, text + from, i - from);
            put_escaped(out, c);
            from = i + 1;
        }
    }
    put(out, text + from, len - from);
    put(out, "\"", 1);
}

/* Rank of a UTF-8 octet in the order of UTF-16 code units: what needs surrogates (lead octet
 * F0..F4: units D800..DFFF) comes before U+E000..U+FFFF (lead octets EE, EF). */
static int utf16_rank(unsigned char c)
{
    if (c == 0xee || c == 0xef) {
        return c + 0x10;
    }
    return c >= 0xf0 ? c - 0x02 : c;
}

static int key_order(const void *left, const void *right)
{
    const unsigned char *a = *(const unsigned char *const *)left;
    const unsigned char *b = *(const unsigned char *const *)right;
    while (*a != 0 && *a == *b) {
        a++;
        b++;
    }
    return utf16_rank(*a) - utf16_rank(*b);
}

static void put_value(struct output *out, const json_t *value, unsigned depth);

static void put_object(struct output *out, const json_t *object, unsigned depth)
{
    size_t count = json_object_size(object);
    const char **keys = calloc(count + 1, sizeof *keys);
    if (keys == NULL) {
        out->status = STATUS_NO_MEMORY;
        return;
    }
    size_t n = 0;
    json_t *readable =
        json_incref((json_t *)(uintptr_t)object); /* jansson's iterators take a non-const object */
    for (void *i = json_object_iter(readable); i != NULL && n < count;
         i = json_object_iter_next(readable, i)) {
        keys[n++] = json_object_iter_key(i);
    }
    json_decref(readable);
    qsort(keys, n, sizeof *keys, key_order);
    put(out, "{", 1);
    for (size_t i = 0; i < n && out->status == STATUS_OK; i++) {
        put(out, ",", i > 0);
        put_string(out, keys[i], strlen(keys[i]));
        put(out, ":", 1);
        put_value(out, json_object_get(object, keys[i]), depth + 1);
    }
    put(out, "}", 1);
    free(keys);
}

static void put_array(struct output *out, const json_t *array, unsigned depth)
{
    put(out, "[", 1);
    for (size_t i = 0; i < json_array_size(array) && out->status == STATUS_OK; i++) {
        put(out, ",", i > 0);
        put_value(out, json_array_get(array, i), depth + 1);
    }
    put(out, "]", 1);
}

static void put_integer(struct output *out, json_int_t value)
{
    char digits[32];
    if (value > INTEGER_MAX || value < -INTEGER_MAX) {
        out->status = STATUS_TOO_LARGE;
        return;
    }
    int len = snprintf(digits, sizeof digits, "%lld", (long long)value);
    put(out, digits, (size_t)len);
}

static void put_value(struct output *out, const json_t *value, unsigned depth)
{
    if (depth > DEPTH_MAX) {
        out->status = STATUS_TOO_LARGE;
        return;
    }
    switch (value == NULL ? JSON_NULL : json_typeof(value)) {
    case JSON_OBJECT:
        put_object(out, value, depth);
        break;
    case JSON_ARRAY:
        put_array(out, value, depth);
        break;
    case JSON_STRING:
        put_string(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        put_integer(out, json_integer_value(value));
        break;
    case JSON_REAL:
        out->status = STATUS_UNSUPPORTED;
        break;
    case JSON_TRUE:
        put(out, "true", 4);
        break;
    case JSON_FALSE:
        put(out, "false", 5);
        break;
    case JSON_NULL:
        put(out, "null", 4);
        break;
    }
}

enum status canonical_write(const json_t *value, char **out_text, size_t *out_len)
{
    struct output out = {.status = STATUS_OK};
    put_value(&out, value, 0);
    if (out.status != STATUS_OK) {
        free(out.text);
        return out.status;
    }
    *out_text = out.text;
    *out_len = out.len;
    return STATUS_OK;
}

void canonical_sha256(const void *octets, size_t len, char out_hex[65])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, octets, len);
    sodium_bin2hex(out_hex, 65, hash, sizeof hash);
}

enum status canonical_hash(const json_t *value, char out_hex[65])
{
    char *text = NULL;
    size_t len = 0;
    enum status status = canonical_write(value, &text, &len);
    if (status == STATUS_OK) {
        canonical_sha256(text, len, out_hex);
        free(text);
    }
    return status;
}
