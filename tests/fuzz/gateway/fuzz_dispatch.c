/* The pure part of dispatching: first octet = what the rest is (path, query, JSON body, path and
 * method). Nothing is read or written outside the caller's buffers, and what was accepted obeys the
 * limits of the header. */
#include "gateway/dispatch_parse.h"
#include "proto/base/check.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct api_route routes[] = {
    {.method = "GET", .pattern = "/api/v1/session"},
    {.method = "POST", .pattern = "/api/v1/session"},
    {.method = "GET", .pattern = "/api/v1/consultations/{id}"},
    {.method = "PUT", .pattern = "/api/v1/consultations/{id}/consents/{scope}"},
    {.method = "POST", .pattern = "/api/v1/consultations/{id}/actions/{action}"},
    {.method = "GET", .pattern = "/api/v1/attachments/{id}/rendered"},
    {.method = NULL}};
static const struct api_route more[] = {{.method = "DELETE", .pattern = "/api/v1/{a}/{b}"},
                                        {.method = NULL}};

static bool inside(const char *text, const char *buffer, size_t len)
{
    return text >= buffer && text < buffer + len &&
           memchr(text, '\0', (size_t)(buffer + len - text));
}

static void path(const char *method, const char *text)
{
    static const struct api_route *const tables[] = {routes, more, NULL};
    struct dispatch_match match;
    bool found = dispatch_find(tables, method, text, &match);
    CHECK(found == (match.route != NULL));
    CHECK(memchr(match.allow, '\0', sizeof(match.allow)) != NULL);
    for (size_t i = 0; found && i < API_PARAMS_MAX && match.params[i] != NULL; i++) {
        CHECK(inside(match.params[i], match.text, sizeof(match.text)));
        CHECK(match.params[i][0] != '\0' && strchr(match.params[i], '/') == NULL);
    }
}

static void query(const char *text)
{
    char buffer[DISPATCH_PATH_MAX];
    struct api_query_pair pairs[API_QUERY_MAX];
    if (!dispatch_query(text, buffer, sizeof(buffer), pairs)) {
        return;
    }
    for (size_t i = 0; i < API_QUERY_MAX && pairs[i].name != NULL; i++) {
        CHECK(inside(pairs[i].name, buffer, sizeof(buffer)));
        CHECK(inside(pairs[i].value, buffer, sizeof(buffer)));
        for (size_t k = 0; k < i; k++) {
            CHECK(strcmp(pairs[i].name, pairs[k].name) != 0);
        }
    }
}

static unsigned depth_of(const json_t *value)
{
    unsigned deepest = 0;
    const char *name;
    size_t index;
    json_t *item;
    json_object_foreach((json_t *)(uintptr_t)value, name, item)
    {
        unsigned depth = depth_of(item);
        deepest = depth > deepest ? depth : deepest;
    }
    json_array_foreach((json_t *)(uintptr_t)value, index, item)
    {
        unsigned depth = depth_of(item);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + (json_is_object(value) || json_is_array(value) ? 1 : 0);
}

static void body(const uint8_t *data, size_t size)
{
    json_t *root = dispatch_json(data, size);
    if (root != NULL) {
        CHECK(json_is_object(root) && depth_of(root) <= DISPATCH_JSON_DEPTH);
        json_decref(root);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"};
    if (size == 0) {
        return 0;
    }
    if (data[0] == 'J') {
        body(data + 1, size - 1);
        return 0;
    }
    char *text = malloc(size); /* exactly as long as it is: a read behind it shows */
    CHECK(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] == 'Q') {
        query(text);
    } else {
        path(methods[data[0] % (sizeof(methods) / sizeof(methods[0]))], text);
    }
    free(text);
    return 0;
}
