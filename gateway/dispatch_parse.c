#include "gateway/dispatch_parse.h"

#include "proto/http/http_path.h"

#include <stdio.h>
#include <string.h>

/* One segment after another; a {name} takes what is there. Segments are copied one behind the other
 * into match->text. */
static bool match_pattern(const char *pattern, const char *path, struct dispatch_match *match)
{
    size_t used = 0;
    size_t count = 0;
    while (*pattern != '\0' && *path != '\0') {
        if (*pattern != '{') {
            if (*pattern++ != *path++) {
                return false;
            }
            continue;
        }
        size_t len = strcspn(path, "/");
        if (len == 0 || count == API_PARAMS_MAX || used + len + 1 > sizeof match->text) {
            return false;
        }
        memcpy(match->text + used, path, len);
        match->text[used + len] = '\0';
        match->params[count++] = match->text + used;
        used += len + 1;
        path += len;
        pattern += strcspn(pattern, "}");
        pattern += *pattern == '}';
    }
    return *pattern == '\0' && *path == '\0';
}

static void add_method(char *allow, size_t allow_len, const char *method)
{
    if (strstr(allow, method) != NULL) {
        return;
    }
    size_t len = strlen(allow);
    (void)snprintf(allow + len, allow_len - len, "%s%s%s", len > 0 ? ", " : "", method,
                   strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

bool dispatch_find(const struct api_route *const *tables, const char *method, const char *path,
                   struct dispatch_match *out_match)
{
    *out_match = (struct dispatch_match){0};
    if (strlen(path) >= DISPATCH_PATH_MAX) {
        return false;
    }
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (; *tables != NULL; tables++) {
        for (const struct api_route *route = *tables; route->method != NULL; route++) {
            struct dispatch_match match = {0};
            if (!match_pattern(route->pattern, path, &match)) {
                continue;
            }
            add_method(out_match->allow, sizeof out_match->allow, route->method);
            if (strcmp(route->method, wanted) == 0) {
                /* The parameters point into the text of `match`: once more, in place. */
                out_match->route = route;
                return match_pattern(route->pattern, path, out_match);
            }
        }
    }
    return false;
}

static bool named_before(const struct api_query_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, pairs[count].name) == 0) {
            return true;
        }
    }
    return false;
}

/* Decodes one name or value behind what is in the buffer; NULL when it is refused. */
static const char *decode(struct span raw, char *buffer, size_t buffer_len, size_t *used)
{
    char *text = buffer + *used;
    if (http_query_decode(raw, text, buffer_len - *used) != STATUS_OK) {
        return NULL;
    }
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return NULL;
        }
    }
    *used += len + 1;
    return text;
}

bool dispatch_query(const char *raw, char *buffer, size_t buffer_len,
                    struct api_query_pair pairs[API_QUERY_MAX])
{
    struct span rest = span_text(raw);
    struct span name;
    struct span value;
    size_t used = 0;
    size_t count = 0;
    while (http_query_next(&rest, &name, &value)) {
        if (count == API_QUERY_MAX) {
            return false;
        }
        pairs[count].name = decode(name, buffer, buffer_len, &used);
        pairs[count].value =
            pairs[count].name != NULL ? decode(value, buffer, buffer_len, &used) : NULL;
        if (pairs[count].value == NULL || named_before(pairs, count)) {
            return false;
        }
        count++;
    }
    if (count < API_QUERY_MAX) {
        pairs[count].name = NULL;
    }
    return true;
}

/* Before the parser, which recurses. Strings are skipped; whether the brackets match is the
 * parser's business. */
static bool shallow(const char *text, size_t len)
{
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        if (in_string) {
            if (text[i] == '\\') {
                i++; /* what is escaped is no end */
            } else if (text[i] == '"') {
                in_string = false;
            }
            continue;
        }
        in_string = text[i] == '"';
        if (text[i] == '{' || text[i] == '[') {
            depth++;
        } else if ((text[i] == '}' || text[i] == ']') && depth > 0) {
            depth--;
        }
        if (depth > DISPATCH_JSON_DEPTH) {
            return false;
        }
    }
    return true;
}

json_t *dispatch_json(const void *text, size_t len)
{
    if (len > DISPATCH_JSON_MAX || !shallow(text, len)) {
        return NULL;
    }
    json_error_t error;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(root)) {
        json_decref(root);
        return NULL;
    }
    return root;
}
