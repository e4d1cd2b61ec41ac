#include "gateway/access.h"

#include "proto/base/check.h"

#include <stdio.h>
#include <string.h>

#define ACCESS(id, method, path, roles, relations, body, status, answer, summary)                  \
    const char access_method_##id[] = method;                                                      \
    const char access_pattern_##id[] = "/api/v1" path;
#include "gateway/access.def"

static const struct access rows[ACCESS_COUNT] = {
#define ACCESS(id, method, path, roles, relations, body, status, answer, summary)                  \
    [ACCESS_ID_##id] = {#id, access_method_##id, access_pattern_##id, (roles), (relations)},
#include "gateway/access.def"
};

const struct access *access_of(enum access_id id)
{
    CHECK(id < ACCESS_COUNT);
    return &rows[id];
}

bool access_relates(enum access_id id, unsigned relation)
{
    return (access_of(id)->relations & relation) != 0;
}

static bool is_route(const struct access *row, const struct api_route *route)
{
    return strcmp(row->method, route->method) == 0 && strcmp(row->pattern, route->pattern) == 0;
}

static bool route_fault(const struct api_route *route, char *out, size_t out_len)
{
    for (size_t i = 0; i < ACCESS_COUNT; i++) {
        if (!is_route(&rows[i], route)) {
            continue;
        }
        if (rows[i].roles == route->roles) {
            return false;
        }
        (void)snprintf(out, out_len, "%s %s: roles %u, the table says %u", route->method,
                       route->pattern, route->roles, rows[i].roles);
        return true;
    }
    (void)snprintf(out, out_len, "%s %s: not in gateway/access.def", route->method, route->pattern);
    return true;
}

static bool row_fault(const struct access *row, const struct api_route *const *tables, char *out,
                      size_t out_len)
{
    size_t count = 0;
    for (; *tables != NULL; tables++) {
        for (const struct api_route *route = *tables; route->method != NULL; route++) {
            count += is_route(row, route);
        }
    }
    if (count != 1) {
        (void)snprintf(out, out_len, "%s %s: %zu routes", row->method, row->pattern, count);
    }
    return count != 1;
}

bool access_fault(const struct api_route *const *tables, char *out, size_t out_len)
{
    CHECK(out_len > 0);
    out[0] = '\0';
    for (const struct api_route *const *table = tables; *table != NULL; table++) {
        for (const struct api_route *route = *table; route->method != NULL; route++) {
            if (route_fault(route, out, out_len)) {
                return true;
            }
        }
    }
    for (size_t i = 0; i < ACCESS_COUNT; i++) {
        if (row_fault(&rows[i], tables, out, out_len)) {
            return true;
        }
    }
    return false;
}
