/* A transport address as a plain value: IPv4 is kept as itself also when a socket shows it
 * v4-mapped. Pure values, any thread. */
#ifndef MEDIA_NET_ADDR_H
#define MEDIA_NET_ADDR_H

#include "proto/base/status.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct addr {
    uint8_t ip[16]; /* network order; IPv4 in the first four, the rest 0 */
    uint16_t port;
    uint8_t family; /* 4, 6; 0 = none */
    uint8_t pad;    /* 0 */
    uint32_t scope; /* IPv6 link-local interface index */
};

bool addr_equal(const struct addr *a, const struct addr *b);
/* STATUS_MALFORMED: no numeric IPv4 or IPv6 address. */
MUST_USE enum status addr_of_text(const char *ip, uint16_t port, struct addr *out_addr);
/* The IP alone, NUL-terminated; buffer of at least 46 octets (INET6_ADDRSTRLEN). Returns buffer. */
const char *addr_ip_text(const struct addr *a, char *buffer, size_t buffer_len);
/* STATUS_UNSUPPORTED: neither IPv4 nor IPv6. */
MUST_USE enum status addr_of_sockaddr(const struct sockaddr_storage *from, struct addr *out_addr);
/* For a socket of socket_family (AF_INET or AF_INET6; IPv4 becomes v4-mapped on the latter).
 * Returns the length. */
socklen_t addr_to_sockaddr(const struct addr *a, int socket_family, struct sockaddr_storage *out);

#endif
