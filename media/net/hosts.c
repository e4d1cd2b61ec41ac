#include "media/net/hosts.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

static bool link_local(const struct addr *a)
{
    return a->family == 6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80; /* RFC 4291 §2.5.6 */
}

static bool wanted(const struct ifaddrs *entry, uint8_t family, bool loopback, struct addr *out)
{
    if (entry->ifa_addr == NULL || (entry->ifa_flags & IFF_UP) == 0 ||
        ((entry->ifa_flags & IFF_LOOPBACK) != 0) != loopback) {
        return false;
    }
    size_t len = entry->ifa_addr->sa_family == AF_INET    ? sizeof(struct sockaddr_in)
                 : entry->ifa_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                          : 0;
    struct sockaddr_storage copy = {0};
    memcpy(&copy, entry->ifa_addr, len);
    if (len == 0 || addr_of_sockaddr(&copy, out) != STATUS_OK) {
        return false;
    }
    return out->family == family && !link_local(out);
}

size_t hosts_list(struct addr *out, size_t max, bool with_ipv6)
{
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) != 0) {
        return 0;
    }
    size_t count = 0;
    for (int pass = 0; pass < 4; pass++) {
        uint8_t family = (pass & 1) == 0 ? 4 : 6;
        bool loopback = pass >= 2;
        if (family == 6 && !with_ipv6) {
            continue;
        }
        for (const struct ifaddrs *entry = list; entry != NULL && count < max;
             entry = entry->ifa_next) {
            struct addr a;
            if (wanted(entry, family, loopback, &a)) {
                a.port = 0;
                a.scope = 0;
                out[count++] = a;
            }
        }
    }
    freeifaddrs(list);
    return count;
}
