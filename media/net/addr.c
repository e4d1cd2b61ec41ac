#include "media/net/addr.h"

#include "proto/base/check.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0,    0,
                                          0, 0, 0, 0, 0xff, 0xff}; /* RFC 4291 §2.5.5.2 */

bool addr_equal(const struct addr *a, const struct addr *b)
{
    return a->port == b->port && a->family == b->family && a->scope == b->scope &&
           memcmp(a->ip, b->ip, 16) == 0;
}

enum status addr_of_text(const char *ip, uint16_t port, struct addr *out_addr)
{
    struct addr a = {.port = port};
    if (inet_pton(AF_INET, ip, a.ip) == 1) {
        a.family = 4;
    } else if (inet_pton(AF_INET6, ip, a.ip) == 1) {
        a.family = 6;
    } else {
        return STATUS_MALFORMED;
    }
    *out_addr = a;
    return STATUS_OK;
}

const char *addr_ip_text(const struct addr *a, char *buffer, size_t buffer_len)
{
    CHECK(buffer_len >= INET6_ADDRSTRLEN);
    if (inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->ip, buffer, (socklen_t)buffer_len) ==
        NULL) {
        buffer[0] = '\0';
    }
    return buffer;
}

enum status addr_of_sockaddr(const struct sockaddr_storage *from, struct addr *out_addr)
{
    struct addr a = {0};
    if (from->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof(in));
        memcpy(a.ip, &in.sin_addr, 4);
        a.family = 4;
        a.port = ntohs(in.sin_port);
    } else if (from->ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, from, sizeof(in6));
        a.port = ntohs(in6.sin6_port);
        if (memcmp(&in6.sin6_addr, mapped_prefix, sizeof(mapped_prefix)) == 0) {
            memcpy(a.ip, (const uint8_t *)&in6.sin6_addr + 12, 4);
            a.family = 4;
        } else {
            memcpy(a.ip, &in6.sin6_addr, 16);
            a.family = 6;
            a.scope = in6.sin6_scope_id;
        }
    } else {
        return STATUS_UNSUPPORTED;
    }
    *out_addr = a;
    return STATUS_OK;
}

socklen_t addr_to_sockaddr(const struct addr *a, int socket_family, struct sockaddr_storage *out)
{
    CHECK(a->family == 4 || a->family == 6);
    CHECK(socket_family == AF_INET6 || a->family == 4);
    if (socket_family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&in.sin_addr, a->ip, 4);
        memcpy(out, &in, sizeof(in));
        return sizeof(in);
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
    if (a->family == 4) {
        memcpy(&in6.sin6_addr, mapped_prefix, sizeof(mapped_prefix));
        memcpy((uint8_t *)&in6.sin6_addr + 12, a->ip, 4);
    } else {
        memcpy(&in6.sin6_addr, a->ip, 16);
        in6.sin6_scope_id = a->scope;
    }
    memcpy(out, &in6, sizeof(in6));
    return sizeof(in6);
}
